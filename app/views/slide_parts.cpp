// The grids of the slide view and their states.
#include "app/views/slide_parts.h"

#include <algorithm>

#include "app/scene/numbers.h"
#include "app/views/so_far.h"

namespace convscope {
namespace {

/// Which places of an axis, padding included, some window reads; index 0 is the first padding place.
std::vector<char> read_places(const WindowAxis& axis) {
    std::vector<char> read(static_cast<size_t>(axis.in + axis.pad_before + Slide::ring_after(axis)), 0);
    for (int64_t o = 0; o < axis.out; ++o)
        for (int64_t k = 0; k < axis.kernel; ++k)
            read[static_cast<size_t>(o * axis.stride + k * axis.dilation)] = 1;
    return read;
}

Index input_place(const Term& term) { return term.padding ? *term.padding : term.a.cell; }

/// First and last place of the terms of a cell on the input: the window.
struct Span {
    int64_t row = 0, column = 0, last_row = -1, last_column = -1;
};
Span window_span(const Window& window, Index cell) {
    const auto axis = [](const WindowAxis& a, int64_t o) {
        std::pair<int64_t, int64_t> range{0, -1};
        bool any = false;
        for (int64_t k = 0; k < a.kernel; ++k)
            if (auto place = a.input_place(o, k)) {
                range = any ? std::pair{std::min(range.first, *place), std::max(range.second, *place)}
                            : std::pair{*place, *place};
                any = true;
            }
        return range;
    };
    const auto [row, last_row] = axis(window.h, cell.h);
    const auto [column, last_column] = axis(window.w, cell.w);
    return {row, column, last_row, last_column};
}

/// Words for cells of the window that lie in the padding; empty when none do.
std::string padding_note(const Window& window, const Span& span) {
    const bool outside = span.row < 0 || span.column < 0 || span.last_row >= window.h.in || span.last_column >= window.w.in;
    if (!outside) return {};
    const auto side = [](const char* word, int64_t first, int64_t last, int64_t in) -> std::string {
        const int64_t before = std::max<int64_t>(0, std::min<int64_t>(-1, last) - first + 1);
        const int64_t after = std::max<int64_t>(0, last - std::max(in, first) + 1);
        if (before + after == 0) return {};
        if (before + after > 1) return fmt::format("{} {}s", count_text(before + after), word);
        const int64_t at = before ? first : last;
        return at < 0 ? fmt::format("{} −{}", word, -at) : fmt::format("{} {}", word, at);
    };
    const std::string rows = side("row", span.row, span.last_row, window.h.in);
    const std::string columns = side("column", span.column, span.last_column, window.w.in);
    const bool both = !rows.empty() && !columns.empty();
    std::string what = both ? rows + " and " + columns : rows + columns;
    what[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(what[0])));
    const bool many = both || what.find(' ') != std::string::npos && what.back() == 's';
    const char* reads = window.mode == PaddingMode::zeros       ? (many ? "read as zeros" : "reads as zero")
                        : window.mode == PaddingMode::reflect   ? (many ? "mirror the input" : "mirrors the input")
                        : window.mode == PaddingMode::replicate ? (many ? "repeat the edge" : "repeats the edge")
                                                                : (many ? "come from the far side" : "comes from the far side");
    return fmt::format(" {} {} padding and {}.", what, many ? "are" : "is", reads);
}

/// The output's plane that holds `now`.
GridSpec output_spec(const ViewInput& in, Index now, float x, float y, float cell) {
    const LayerResult& layer = in.result->layers[static_cast<size_t>(in.layer)];
    GridSpec spec{"output", Role::output, x, y, cell, layer.op_output().shape().h, layer.op_output().shape().w};
    spec.tensor = &layer.op_output();
    spec.origin = {Source::stage, layer.plan.output, {now.n, now.c, 0, 0}};
    return spec;
}

}  // namespace

Slide::Slide(const ViewInput& view_input)
    : in(view_input),
      plan(in.result->layers[static_cast<size_t>(in.layer)].plan),
      layer(in.result->layers[static_cast<size_t>(in.layer)]),
      document_layer(in.result->document.layers[static_cast<size_t>(in.layer)]),
      window(*plan.window),
      place(in.timeline->at(in.step)),
      story(tell_output(in)) {}

Index Slide::cell() const {
    if (story) return story->cell;
    return by_output() ? Index{} : Index{in.shown.n, in.shown.out_channel, 0, 0};
}

Index Slide::weight_plane(int64_t i) const {
    if (window.transposed()) return {input_channel(i), cell().c % window.out_per_group, 0, 0};
    return {cell().c, i, 0, 0};
}

NumberSource Slide::bias_source() const { return value_at({Source::weight, 1, {0, cell().c, 0, 0}}); }

double Slide::bias() const {
    return has_bias() ? static_cast<double>(document_layer.weights[1].at({0, cell().c, 0, 0})) : 0;
}

Grid& add_input(Easel& easel, const Slide& slide, const std::string& name, int64_t channel, float x, float y,
                float cell) {
    const Window& window = slide.window;
    GridSpec spec{name, Role::input, x, y, cell, slide.ring_rows(), slide.ring_columns()};
    spec.first_row = -slide.ring(window.h.pad_before);
    spec.first_column = -slide.ring(window.w.pad_before);
    spec.tensor = &slide.layer.input;
    spec.origin = {Source::input, 0, {slide.cell().n, channel, 0, 0}};
    spec.editable = slide.in.layer == 0;
    Grid& grid = easel.add_grid(spec);

    if (!window.transposed()) {
        const auto rows = read_places(window.h), columns = read_places(window.w);
        const int decimals = plane_decimals(slide.layer.input, slide.cell().n, channel);
        for (int64_t r = grid.shown_row; r < grid.shown_row + grid.shown_rows; ++r)
            for (int64_t c = grid.shown_column; c < grid.shown_column + grid.shown_columns; ++c) {
                Cell& at = *grid.cell(r + grid.first_row, c + grid.first_column);
                const bool read = rows[static_cast<size_t>(r)] && columns[static_cast<size_t>(c)];
                if (slide.layer.input.shape().contains(at.ref.cell)) {
                    if (!read) at.state = CellState::leftover;
                    continue;
                }
                at.state = CellState::padding;
                const auto h = padded_cell(at.ref.cell.h, window.h.in, window.mode);
                const auto w = padded_cell(at.ref.cell.w, window.w.in, window.mode);
                if (h && w) {
                    at.ref.cell.h = *h;
                    at.ref.cell.w = *w;
                    set_number(at, slide.layer.input.at(at.ref.cell), decimals);
                } else {
                    at.ref = {};
                    at.from = {value_at({})};   // the padding's
                    set_number(at, window.padding_value, 0);
                }
            }
    }
    if (!slide.story || is_moving(slide)) return grid;
    const auto& terms = slide.story->explanation.terms;
    int decimals = 0;
    if (slide.has_weights())
        decimals = plane_decimals(slide.weights(), std::min(slide.weight_plane(0).n, slide.weights().shape().n - 1),
                                  slide.weight_plane(0).c);
    for (size_t i = 0; i < terms.size(); ++i) {
        const Term& term = terms[i];
        if (slide.has_weights() && term.b.source != Source::weight) continue;
        const Index at = input_place(term);
        if (at.c != channel) continue;
        Cell* lit = grid.cell(at.h, at.w);
        if (!lit) continue;
        const bool now = static_cast<int64_t>(i) == slide.story->current;
        if (now) lit->state = CellState::current;
        else lit->state = term.padding ? CellState::padding_read : CellState::contributing;
        if (slide.has_weights() && slide.in.corner_weights && grid.cell_px >= 26 * easel.scale())
            set_corner(*lit, term.b, term.b_value, decimals);
    }
    return grid;
}

Grid& add_kernel(Easel& easel, const Slide& slide, const std::string& name, int64_t i, float x, float y, float cell) {
    GridSpec spec{name, Role::kernel, x, y, cell, slide.window.h.kernel, slide.window.w.kernel};
    spec.tensor = &slide.weights();
    spec.origin = {Source::weight, slide.weight, slide.weight_plane(i)};
    spec.editable = true;
    Grid& grid = easel.add_grid(spec);
    if (!slide.story) return grid;
    const auto& terms = slide.story->explanation.terms;
    for (size_t t = 0; t < terms.size(); ++t) {
        const Ref& b = terms[t].b;
        if (b.source != Source::weight || b.cell.n != spec.origin.cell.n || b.cell.c != spec.origin.cell.c) continue;
        Cell* lit = grid.cell(b.cell.h, b.cell.w);
        if (!lit) continue;
        if (static_cast<int64_t>(t) == slide.story->current) lit->state = CellState::current;
        else if (slide.window.transposed()) lit->state = CellState::contributing;
    }
    return grid;
}

Grid& add_products(Easel& easel, const Slide& slide, const std::string& name, int64_t channel, float x, float y,
                   float cell) {
    GridSpec spec{name, Role::neutral, x, y, cell, slide.window.h.kernel, slide.window.w.kernel};
    Grid& grid = easel.add_grid(spec);
    for (Cell& c : grid.cells) c.state = CellState::pending;
    if (!slide.story) return grid;
    const auto& terms = slide.story->explanation.terms;
    std::vector<float> products;
    for (const Term& term : terms) products.push_back(static_cast<float>(term.product));
    const int decimals = decimals_for(products);
    for (size_t i = 0; i < terms.size(); ++i) {
        if (terms[i].b.source != Source::weight || input_place(terms[i]).c != channel) continue;
        if (static_cast<int64_t>(i) >= slide.story->done) break;
        Cell* at = grid.cell(terms[i].b.cell.h, terms[i].b.cell.w);
        if (!at) continue;
        at->state = static_cast<int64_t>(i) == slide.story->current ? CellState::product_now : CellState::product;
        set_number(*at, terms[i].product, decimals);
        at->from = {product_of(terms[i])};
    }
    return grid;
}

Grid& add_output(Easel& easel, const Slide& slide, float x, float y, float cell) {
    if (slide.by_output())
        return add_walked_output(easel, slide.in, slide.cell(),
                                 slide.story ? std::optional(slide.story->sum) : std::nullopt,
                                 slide.story ? sum_source(slide.in, *slide.story) : NumberSource{}, x, y, cell);
    Grid& grid = easel.add_grid(output_spec(slide.in, slide.cell(), x, y, cell));
    show_sums_so_far(easel, slide.in, grid);
    return grid;
}

Grid& add_walked_output(Easel& easel, const ViewInput& in, Index now, std::optional<double> sum, NumberSource from,
                        float x, float y, float cell) {
    const Tensor& output = in.result->layers[static_cast<size_t>(in.layer)].op_output();
    const Shape shape = output.shape();
    Grid& grid = easel.add_grid(output_spec(in, now, x, y, cell));
    // Cells come in row-major order, so everything behind the current cell is still to come.
    // At the end cells without a term may still lie behind it: they are done too.
    const bool all_done = sum && in.step == in.timeline->steps();
    for (Cell& c : grid.cells) {
        const bool before = sum && std::pair{c.ref.cell.h, c.ref.cell.w} < std::pair{now.h, now.w};
        const bool current = sum && c.ref.cell.h == now.h && c.ref.cell.w == now.w;
        if (before || (all_done && !current)) continue;
        if (!current) {
            c.state = CellState::pending;
            c.text.clear();
            continue;
        }
        c.state = CellState::running_sum;
        set_number(c, *sum, plane_decimals(output, now.n, now.c));
        c.from = {from};
    }
    if (grid.picture && sum && !all_done) {   // hide what is still to come
        const auto cover = [&](int64_t row, int64_t column, int64_t last_row) {
            if (row > last_row || column >= shape.w) return;
            Plate plate;
            plate.box = cells_box(grid, row, column, last_row, shape.w - 1);
            plate.fill = Tone::canvas;
            plate.fill_alpha = 0.9f;
            easel.scene.plates.push_back(plate);
        };
        cover(now.h, now.w + 1, now.h);
        cover(now.h + 1, 0, shape.h - 1);
    }
    return grid;
}

std::string window_words(const Slide& slide) {
    const Span span = window_span(slide.window, slide.cell());
    return span_text(span.row, span.last_row, span.column, span.last_column);
}

bool is_moving(const Slide& slide) {
    if (slide.in.fraction >= 1 || !slide.story) return false;
    const auto from = moment_at(slide.in, slide.in.from_step).output;
    const Index now = slide.cell();
    return from && *from != now && from->n == now.n && from->c == now.c;
}

std::optional<Box> window_box(const Slide& slide, const Grid& input) {
    if (!slide.story) return {};
    const auto box = [&](Index cell) -> std::optional<Box> {
        const Span span = window_span(slide.window, cell);
        if (span.last_row < span.row || span.last_column < span.column) return {};
        return cells_box(input, span.row, span.column, span.last_row, span.last_column);
    };
    const auto here = box(slide.cell());
    if (!here || !is_moving(slide)) return here;
    const auto from = box(*moment_at(slide.in, slide.in.from_step).output);
    return from ? mix(*from, *here, slide.in.fraction) : *here;
}

Caption slide_caption(const Slide& slide) {
    Caption caption;
    if (slide.in.stale) {
        caption.runs = {plain(slide.in.stale_reason)};
        caption.second = slide.in.stale_advice;
        return caption;
    }
    if (!slide.in.leads) {
        const Moment moment = moment_at(slide.in, slide.in.step);
        if (moment.started && !moment.finishing && !moment.output)
            caption.second = "This product reaches no output cell.";
        return caption;
    }
    if (!slide.story) {
        caption.runs = {plain("Nothing is computed yet.")};
        caption.second = "Space plays, → goes one step.";
        return caption;
    }
    if (!slide.has_weights()) return pool_caption(slide);
    const Story& story = *slide.story;
    const bool several = slide.window.in_per_group > 1 || slide.window.groups > 1;
    const bool out_several = slide.layer.op_output().shape().c > 1;
    const std::string sum = number_text_short(story.sum);
    const NumberSource total = sum_source(slide.in, story);
    const Span span = window_span(slide.window, story.cell);
    const bool none = span.last_row < span.row || span.last_column < span.column;
    std::string where = fmt::format("Window {} of {}", story.place.window + 1, slide.in.timeline->windows());
    if (!none) where += ": " + span_text(span.row, span.last_row, span.column, span.last_column) + ".";
    else where += ".";
    caption.second = where + (slide.window.transposed() || none ? "" : padding_note(slide.window, span));
    if (slide.window.transposed() && !none)
        caption.second = fmt::format("Output cell {} of {} gathers from input {}.", story.place.window + 1,
                                     slide.in.timeline->windows(),
                                     span_text(span.row, span.last_row, span.column, span.last_column));
    if (const Term* term = story.term()) {
        if (term->b.source != Source::weight) {
            caption.runs = {plain("Bias "), number(number_text_short(term->product), Tone::kernel_text, {product_of(*term)}),
                            plain(" is added, the total is "), number(sum, Tone::output_text, {total}), plain(".")};
            return caption;
        }
        const bool zero = term->padding && term->a.source == Source::constant;
        const std::string value = number_text_short(term->a_value);
        if (zero) {
            caption.runs = {plain("Padding "), number("0", Tone::ink2, {value_at(term->a)})};
        } else if (term->padding) {
            caption.runs = {plain("Padding, a copy of input "),
                            number(place_text(term->a.cell, several) + " = " + value, Tone::input_text, {value_at(term->a)})};
        } else {
            caption.runs = {plain("Input "), number(place_text(term->a.cell, several) + " = " + value, Tone::input_text, {value_at(term->a)})};
        }
        caption.runs.push_back(plain(" times weight "));
        caption.runs.push_back(number(weight_text(term->b.cell, slide.weights().shape()) + " = " +
                                          number_text_short(term->b_value), Tone::kernel_text, {value_at(term->b)}));
        caption.runs.push_back(plain(" is "));
        caption.runs.push_back(number(number_text_short(term->product), Tone::ink, {product_of(*term)}));
        caption.runs.push_back(plain(story.complete ? ", the sum is " : ", the sum so far is "));
        caption.runs.push_back(number(sum, Tone::output_text, {total}));
        caption.runs.push_back(plain("."));
        return caption;
    }
    // Whole windows or channels.
    caption.runs = {plain("Output "), number(place_text(story.cell, out_several), Tone::output_text)};
    int64_t products = 0;
    for (const Term& term : story.explanation.terms) products += term.b.source == Source::weight;
    if (!story.complete) {
        caption.runs.push_back(plain(fmt::format(" after {} of {} products is ", story.done, products)));
        caption.runs.push_back(number(sum, Tone::output_text, {total}));
        caption.runs.push_back(plain("."));
        return caption;
    }
    const int64_t channels = slide.window.in_per_group;
    if (products == 0) {
        caption.runs.push_back(plain(slide.has_bias() ? " gathers no product: it is the bias " : " gathers no product: it is "));
    } else if (channels > 1 && channels <= 4) {
        caption.runs.push_back(plain(" is "));
        std::vector<double> partial(static_cast<size_t>(channels), 0);
        for (const Term& term : story.explanation.terms)
            if (term.b.source == Source::weight)
                partial[static_cast<size_t>(input_place(term).c - slide.input_channel(0))] += term.product;
        for (size_t i = 0; i < partial.size(); ++i) {
            const bool minus = i > 0 && partial[i] < 0;
            if (i > 0) caption.runs.push_back(plain(minus ? " − " : " + "));
            NumberSource share{"channel's sum so far", {Source::stage, slide.plan.output, story.cell}};
            share.times.cell.c = slide.input_channel(static_cast<int64_t>(i));
            share.negative = minus;
            caption.runs.push_back(number(number_text_short(minus ? -partial[i] : partial[i]), Tone::ink, {share}));
        }
        caption.runs.push_back(plain(fmt::format(" from {} channels", count_text(channels))));
        if (slide.has_bias()) {
            caption.runs.push_back(plain(", plus bias "));
            caption.runs.push_back(number(number_text_short(slide.bias()), Tone::kernel_text, {slide.bias_source()}));
        }
        caption.runs.push_back(plain(": "));
    } else {
        caption.runs.push_back(plain(fmt::format(" is the sum of {} product{}", count_text(products), products == 1 ? "" : "s")));
        if (slide.has_bias()) {
            caption.runs.push_back(plain(" and bias "));
            caption.runs.push_back(number(number_text_short(slide.bias()), Tone::kernel_text, {slide.bias_source()}));
        }
        caption.runs.push_back(plain(": "));
    }
    caption.runs.push_back(number(sum, Tone::output_text, {total}));
    caption.runs.push_back(plain("."));
    return caption;
}

}  // namespace convscope
