// Story: which terms are done at a step, what they add up to, and the words for it.
#include "app/views/story.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "app/scene/numbers.h"

namespace convscope {

namespace {

const LayerResult& layer_of(const ViewInput& in) {
    return in.result->layers[static_cast<size_t>(in.layer)];
}

/// The step at which stamps add this product; none for a bias or a zero of the padding, which no stamp adds.
std::optional<int64_t> stamped_at(const ViewInput& in, const Window& window, const Term& term) {
    if (term.b.source != Source::weight || term.a.source == Source::constant) return {};
    const Index source = term.padding.value_or(term.a.cell), weight = term.b.cell;
    // Place of the product in its stamp: output channel of the group, then the kernel's cells.
    const int64_t out_in_group = window.transposed() ? weight.c : weight.n % window.out_per_group;
    const int64_t index = (out_in_group * window.h.kernel + weight.h) * window.w.kernel + weight.w;
    return in.timeline->step_of(source, index);
}

/// Terms in the order in which stamps add them; what no stamp adds comes last.
void order_by_stamps(const ViewInput& in, const Window& window, Story& story) {
    struct Dated {
        int64_t step;
        Term term;
    };
    std::vector<Dated> dated;
    for (Term& term : story.explanation.terms)
        dated.push_back({stamped_at(in, window, term).value_or(in.timeline->steps()), term});
    std::ranges::stable_sort(dated, {}, &Dated::step);
    story.done = 0;
    for (size_t t = 0; t < dated.size(); ++t) {
        story.explanation.terms[t] = dated[t].term;
        if (dated[t].step <= in.step) story.done = static_cast<int64_t>(t) + 1;
        if (dated[t].step == in.step && !story.place.finishing && in.unit == Unit::term)
            story.current = static_cast<int64_t>(t);
    }
}

}  // namespace

Moment moment_at(const ViewInput& in, int64_t step) {
    const Place place = in.timeline->at(step);
    Moment moment;
    moment.started = place.started;
    moment.finishing = place.finishing;
    moment.window = place.window;
    if (!place.started || place.finishing) return moment;
    if (in.timeline->order() == Order::by_output) {
        moment.output = place.cell;
        const LayerResult& layer = layer_of(in);
        const Explanation told = explain(*in.result, in.layer, layer.plan.output, place.cell);
        const Term& term = told.terms[static_cast<size_t>(place.term)];
        if (term.padding || term.a.source == Source::input)
            moment.input = term.padding.value_or(term.a.cell);
        if (term.b.source == Source::weight) moment.weight = term.b.cell;
    } else {
        const StampTerm stamp = stamp_term(layer_of(in).plan, place.cell, place.term);
        moment.input = place.cell;
        moment.weight = stamp.weight;
        if (stamp.lands) moment.output = stamp.output;
    }
    return moment;
}

Place stamp_place(const ViewInput& in, int64_t step) {
    if (in.timeline->order() == Order::by_input) return in.timeline->at(step);
    const Moment moment = moment_at(in, step);
    const Window& window = *layer_of(in).plan.window;
    Place place;
    const bool copies = window.mode != PaddingMode::zeros;
    const Shape input = layer_of(in).input.shape();
    if (!moment.input || !moment.weight || (!copies && !input.contains(*moment.input))) return place;
    const Index weight = *moment.weight;
    const int64_t out_in_group = window.transposed() ? weight.c : weight.n % window.out_per_group;
    place.started = true;
    place.cell = *moment.input;
    place.terms = window.out_per_group * window.h.kernel * window.w.kernel;
    place.term = (out_in_group * window.h.kernel + weight.h) * window.w.kernel + weight.w;
    const int64_t top = copies ? window.h.pad_before : 0, left = copies ? window.w.pad_before : 0;
    const int64_t rows = input.h + (copies ? top + window.h.pad_after : 0);
    const int64_t columns = input.w + (copies ? left + window.w.pad_after : 0);
    place.window = ((place.cell.n * input.c + place.cell.c) * rows + place.cell.h + top) * columns +
                   place.cell.w + left;
    return place;
}

std::optional<Story> tell_output(const ViewInput& in) {
    Story story;
    const LayerResult& layer = layer_of(in);
    story.place = in.timeline->at(in.step);
    if (!story.place.started || story.place.finishing) return {};
    const bool by_output = in.timeline->order() == Order::by_output;
    if (by_output) {
        story.cell = story.place.cell;
    } else {
        const StampTerm stamp = stamp_term(layer.plan, story.place.cell, story.place.term);
        if (!stamp.lands) return {};
        story.cell = stamp.output;
    }
    story.explanation = explain(*in.result, in.layer, layer.plan.output, story.cell);
    if (by_output) {
        story.done = story.place.term + 1;
        if (in.unit == Unit::term) story.current = story.place.term;
    } else {
        order_by_stamps(in, *layer.plan.window, story);
    }
    story.complete = story.done == static_cast<int64_t>(story.explanation.terms.size());
    story.sum = partial_value(story.explanation, story.done);
    // A finished cell shows the result's own number.
    if (story.complete)
        story.sum = static_cast<double>(layer.op_output().at(story.cell));
    return story;
}

double partial_value(const Explanation& explanation, int64_t done) {
    const auto& terms = explanation.terms;
    double sum = 0, largest = -HUGE_VAL;
    for (int64_t i = 0; i < done; ++i) {
        sum += terms[static_cast<size_t>(i)].product;
        largest = std::max(largest, terms[static_cast<size_t>(i)].product);
    }
    switch (explanation.combine) {
        case Combine::sum: return sum;
        case Combine::mean: return sum / explanation.divisor;
        case Combine::max: return largest;
        case Combine::formula: break;
    }
    return explanation.value;
}

RunningSum running_sum(const ViewInput& in, int stage, Index cell, int64_t since) {
    const LayerResult& layer = layer_of(in);
    const Window& window = *layer.plan.window;
    RunningSum sum;
    const auto count = [&](int64_t at, double product) {
        ++sum.terms;
        if (at > in.step) return;
        ++sum.done;
        sum.value += product;
        if (at > since) {
            ++sum.now;
            sum.now_value += product;
        } else {
            sum.before += product;
        }
    };
    if (in.timeline->order() == Order::by_output) {
        if (stage != layer.plan.output) {   // sums before the crop: the output's cells lie inside them
            cell.h -= window.h.pad_before;
            cell.w -= window.w.pad_before;
        }
        if (!layer.op_output().shape().contains(cell) || in.timeline->step_of(cell, 0) > in.step) return sum;
        const Explanation told = explain(*in.result, in.layer, layer.plan.output, cell);
        for (size_t t = 0; t < told.terms.size(); ++t)
            count(in.timeline->step_of(cell, static_cast<int64_t>(t)), told.terms[t].product);
        if (told.combine != Combine::sum) {   // a pool
            sum.value = partial_value(told, sum.done);
            sum.before = partial_value(told, sum.done - sum.now);
            sum.now_value = sum.value - sum.before;
        }
        return sum;
    }
    for (const Term& term : explain(*in.result, in.layer, stage, cell).terms)
        if (const auto at = stamped_at(in, window, term)) count(*at, term.product);
    return sum;
}

std::string index_text(int64_t i) { return i < 0 ? fmt::format("−{}", -i) : std::to_string(i); }

std::string place_text(Index cell, bool with_channel) {
    // Places outside, in the padding or cropped, are negative.
    const std::string row = index_text(cell.h), column = index_text(cell.w);
    return with_channel ? fmt::format("({}, {}, {})", cell.c, row, column)
                        : fmt::format("({}, {})", row, column);
}

std::string weight_text(Index cell, Shape weight) {
    return weight.n * weight.c > 1 ? fmt::format("({}, {}, {}, {})", cell.n, cell.c, cell.h, cell.w)
                                   : fmt::format("({}, {})", cell.h, cell.w);
}

std::string span_text(int64_t row, int64_t last_row, int64_t column, int64_t last_column) {
    const auto axis = [](const char* word, int64_t first, int64_t last) {
        if (first == last) return fmt::format("{} {}", word, index_text(first));
        // "−1 to 1" reads better than "−1–1".
        return first < 0 ? fmt::format("{}s {} to {}", word, index_text(first), index_text(last))
                         : fmt::format("{}s {}–{}", word, index_text(first), index_text(last));
    };
    return axis("row", row, last_row) + ", " + axis("column", column, last_column);
}

std::string count_text(int64_t n) {
    constexpr std::array kWords{"no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"};
    if (n >= 0 && n < static_cast<int64_t>(kWords.size())) return kWords[static_cast<size_t>(n)];
    return std::to_string(n);
}

std::string plural(int64_t n, const std::string& word) {
    return count_text(n) + " " + word + (n == 1 ? "" : "s");
}

Run plain(std::string text) { return {std::move(text), Font::inter, Tone::ink}; }
Run number(std::string text, Tone tone, std::vector<NumberSource> from) {
    return {std::move(text), Font::mono_bold, tone, std::move(from)};
}

NumberSource so_far(const Plan& plan, Index cell, int64_t first, int64_t last) {
    NumberSource source{"sum so far", {Source::stage, plan.output, cell}};
    source.first = first;
    source.last = last;
    return source;
}

NumberSource sum_source(const ViewInput& in, const Story& story) {
    const Plan& plan = layer_of(in).plan;
    if (story.complete) return value_at({Source::stage, plan.output, story.cell});
    return so_far(plan, story.cell, 0, in.step);
}

}  // namespace convscope
