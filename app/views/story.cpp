// Story: which terms are done at a step, what they add up to, and the words for it.
#include "app/views/story.h"

#include <array>

#include "app/scene/numbers.h"

namespace convscope {

Story tell_output(const ViewInput& in) {
    Story story;
    const LayerResult& layer = in.result->layers[static_cast<size_t>(in.layer)];
    story.place = in.timeline->at(in.step);
    story.cell = story.place.cell;
    story.explanation = explain(*in.result, in.layer, layer.plan.output, story.cell);
    story.done = story.place.term + 1;
    story.complete = story.place.window_done();
    if (in.unit == Unit::term) story.current = story.place.term;
    for (int64_t i = 0; i < story.done; ++i) story.sum += story.explanation.terms[static_cast<size_t>(i)].product;
    // A finished cell shows the result's own number.
    if (story.complete) story.sum = static_cast<double>(layer.output().at(story.cell));
    return story;
}

RunningSum running_sum(const ViewInput& in, int stage, Index cell, int64_t since) {
    const LayerResult& layer = in.result->layers[static_cast<size_t>(in.layer)];
    const Window& window = *layer.plan.window;
    const int64_t kernel_cells = window.h.kernel * window.w.kernel;
    RunningSum sum;
    for (const Term& term : explain(*in.result, in.layer, stage, cell).terms) {
        if (term.b.source != Source::weight) continue;   // the bias
        if (term.a.source == Source::constant) continue; // a zero of the padding is never stamped
        const Index source = term.padding.value_or(term.a.cell);
        const Index weight = term.b.cell;
        // Place of the product in its stamp: output channel of the group, then the kernel's cells.
        const int64_t out_in_group = window.transposed() ? weight.c : weight.n % window.out_per_group;
        const int64_t index = out_in_group * kernel_cells + weight.h * window.w.kernel + weight.w;
        const int64_t at = in.timeline->step_of(source, index);
        ++sum.terms;
        if (at > in.step) continue;
        ++sum.done;
        sum.value += term.product;
        if (at > since) ++sum.now;
        else sum.before += term.product;
    }
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
Run number(std::string text, Tone tone) { return {std::move(text), Font::mono_bold, tone}; }

}  // namespace convscope
