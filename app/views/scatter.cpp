// The scatter view: one input cell times the whole kernel is stamped on the output; overlaps add up; then the crop.
#include <algorithm>

#include "app/scene/fonts.h"
#include "app/scene/numbers.h"
#include "app/views/so_far.h"

namespace convscope {
namespace {

constexpr float kNameWidth = 100;             // room for the output's name at its left

float f(int64_t n) { return static_cast<float>(n); }

/// What the picture is drawn from.
struct Scatter {
    const ViewInput& in;
    const LayerResult& layer;
    const Plan& plan;
    const Layer& document_layer;
    const Window& window;
    Place place;
    int64_t kernel_cells;
    int64_t ring_top, ring_left;             // padding shown around the input: where the mode copies values into it
    int64_t input_rows, input_columns;
    int64_t crop_top, crop_left;             // cells cropped before the output's first
    int64_t canvas_rows, canvas_columns;     // where stamps land, cropped cells included

    explicit Scatter(const ViewInput& view_input)
        : in(view_input),
          layer(in.result->layers[static_cast<size_t>(in.layer)]),
          plan(layer.plan),
          document_layer(in.result->document.layers[static_cast<size_t>(in.layer)]),
          window(*plan.window),
          place(stamp_place(in, in.step)),
          kernel_cells(window.h.kernel * window.w.kernel),
          ring_top(window.mode == PaddingMode::zeros ? 0 : window.h.pad_before),
          ring_left(window.mode == PaddingMode::zeros ? 0 : window.w.pad_before),
          input_rows(window.h.in + (ring_top ? ring_top + window.h.pad_after : 0)),
          input_columns(window.w.in + (ring_left ? ring_left + window.w.pad_after : 0)),
          crop_top(window.transposed() ? window.h.pad_before : 0),
          crop_left(window.transposed() ? window.w.pad_before : 0),
          canvas_rows(window.h.stamped()),
          canvas_columns(window.w.stamped()) {}

    Index source() const { return place.cell; }
    /// Between stamps (a bias, padding) the one that the window shows.
    int64_t sample() const {
        return place.started && !place.finishing ? source().n
                                                 : std::clamp<int64_t>(in.shown.n, 0, layer.input.shape().n - 1);
    }
    int64_t group() const { return source().c / window.in_per_group; }
    /// The stamp whose products are shown is that of one output channel.
    int64_t out_channel() const {
        const bool one = in.unit == Unit::term || in.unit == Unit::channel;
        const int64_t first = group() * window.out_per_group;
        if (!place.started) return in.timeline->order() == Order::by_output ? in.shown.out_channel : 0;
        if (place.finishing) return std::clamp<int64_t>(in.shown.out_channel, 0, layer.op_output().shape().c - 1);
        if (one) return first + place.term / kernel_cells;
        return std::clamp(in.shown.out_channel, first, first + window.out_per_group - 1);
    }
    Index weight_plane() const {
        if (window.transposed()) return {source().c, out_channel() % window.out_per_group, 0, 0};
        return {out_channel(), source().c % window.in_per_group, 0, 0};
    }
    const Tensor& weights() const { return document_layer.weights[0]; }
    /// First product of the shown stamp among the cell's terms.
    int64_t first_term() const { return (out_channel() - group() * window.out_per_group) * kernel_cells; }
    bool stepping_terms() const { return in.unit == Unit::term; }
};

std::string of_text(int64_t i, int64_t count) {
    return count > 1 ? fmt::format(", channel {} of {}", i, count) : std::string();
}

/// `brief`: where there is little room.
std::string input_note(const Scatter& scatter, bool brief) {
    if (brief) return scatter.layer.input.shape().c > 1 ? fmt::format("c {}", scatter.source().c) : "";
    const Shape shape = scatter.layer.input.shape();
    std::string note = fmt::format("{}×{}", scatter.window.h.in, scatter.window.w.in) +
                       of_text(scatter.source().c, shape.c);
    if (shape.n > 1) note += fmt::format(", sample {} of {}", scatter.sample(), shape.n);
    return note;
}

std::string kernel_note(const Scatter& scatter) {
    return fmt::format("{}×{}", scatter.window.h.kernel, scatter.window.w.kernel);
}

/// Where the output stands: below the stamp, or beside it; folded: stamp and output in a row of their own, for narrow panes.
enum class Fold { below, beside, folded };

/// Base positions of the four grids.
struct Arrangement {
    float cell = 0, kernel_cell = 0;
    Point input, kernel, stamp, output;
    float width = 0, height = 0;
    Fold fold = Fold::below;
    bool below() const { return fold == Fold::below; }
    bool folded() const { return fold == Fold::folded; }
};

Arrangement arrange(const Scatter& scatter, const Easel& easel, float cell, Fold fold) {
    const bool pane = scatter.in.pane;
    const float s = easel.scale(), sign = (pane ? 32 : 46) * s, top = 34 * s;
    const Window& window = scatter.window;
    Arrangement a;
    a.cell = cell;
    a.fold = fold;
    a.kernel_cell = std::max(cell, std::min(26 * s, std::floor(easel.room_height() * (a.folded() ? 0.28f : 0.35f) / f(window.h.kernel))));
    if (a.folded())   // leaves room for the output beside the stamp
        a.kernel_cell = std::max(cell, std::min(a.kernel_cell, std::floor(easel.room_width() * 0.3f / f(window.w.kernel))));
    const float input_w = f(scatter.input_columns) * cell, input_h = f(scatter.input_rows) * cell;
    const float kernel_w = f(window.w.kernel) * a.kernel_cell, kernel_h = f(window.h.kernel) * a.kernel_cell;
    const float output_w = f(scatter.canvas_columns) * cell, output_h = f(scatter.canvas_rows) * cell;
    a.input = {0, top};
    if (a.folded()) {
        a.kernel = {std::max(input_w + 30 * s, (name_width("Input", input_note(scatter, true)) + 16) * s), top};
        a.stamp = {22 * s, top + std::max(input_h, kernel_h) + 56 * s};
        a.output = {a.stamp.x + std::max(kernel_w + 42 * s, (name_width("Stamp 888", "") + 12) * s), a.stamp.y};
        a.width = std::max(a.kernel.x + std::max(kernel_w, name_width("Kernel", "") * s),
                           a.output.x + std::max(output_w, name_width("Output", "so far") * s));
        a.height = a.stamp.y + std::max(kernel_h, output_h);
        return a;
    }
    // Above few columns the name is the wider of the two.
    const float input_name = (name_width("Input", input_note(scatter, pane)) + (pane ? 12 : 20)) * s;
    const float kernel_name = (name_width("Kernel", pane ? "" : kernel_note(scatter)) + (pane ? 12 : 20)) * s;
    a.kernel = {std::max(input_w + sign, input_name), top};
    a.stamp = {a.kernel.x + std::max(kernel_w + sign, kernel_name), top};
    const float row_w = a.stamp.x + kernel_w, row_h = std::max(input_h, kernel_h);
    if (a.below()) {
        a.width = std::max(row_w, output_w);
        const float shift = (a.width - row_w) / 2;
        for (Point* p : {&a.input, &a.kernel, &a.stamp}) p->x += shift;
        // Its name stands at its left, so that the projection has free way.
        a.width = std::max(a.width, output_w + (pane ? 1 : 2) * kNameWidth * s);
        for (Point* p : {&a.input, &a.kernel, &a.stamp}) p->x += (a.width - row_w) / 2 - shift;
        a.output = {std::max((a.width - output_w) / 2, kNameWidth * s), top + row_h + 76 * s};
        a.height = a.output.y + output_h;
    } else {
        a.output = {row_w + easel.gap() * 1.5f, top};
        a.width = a.output.x + output_w;
        a.height = top + std::max(row_h, output_h);
    }
    return a;
}

Grid& add_source(Easel& easel, const Scatter& scatter, const Arrangement& a) {
    GridSpec spec{"input", Role::input, a.input.x, a.input.y, a.cell, scatter.input_rows, scatter.input_columns};
    spec.first_row = -scatter.ring_top;
    spec.first_column = -scatter.ring_left;
    spec.tensor = &scatter.layer.input;
    spec.origin = {Source::input, 0, {scatter.sample(), scatter.source().c, 0, 0}};
    spec.editable = scatter.in.layer == 0;
    Grid& grid = easel.add_grid(spec);
    const Shape shape = scatter.layer.input.shape();
    const int decimals = plane_decimals(scatter.layer.input, spec.origin.cell.n, spec.origin.cell.c);
    for (Cell& cell : grid.cells) {
        if (shape.contains(cell.ref.cell)) continue;
        cell.state = CellState::padding;
        const auto h = padded_cell(cell.ref.cell.h, scatter.window.h.in, scatter.window.mode);
        const auto w = padded_cell(cell.ref.cell.w, scatter.window.w.in, scatter.window.mode);
        if (!h || !w) continue;
        cell.ref.cell.h = *h;
        cell.ref.cell.w = *w;
        set_number(cell, scatter.layer.input.at(cell.ref.cell), decimals);
        cell.from = {value_at(cell.ref)};
    }
    if (scatter.place.started && !scatter.place.finishing)
        if (Cell* now = grid.cell(scatter.source().h, scatter.source().w))
            now->state = scatter.stepping_terms() ? CellState::current : CellState::contributing;
    return grid;
}

Grid& add_weights(Easel& easel, const Scatter& scatter, const Arrangement& a) {
    GridSpec spec{"kernel", Role::kernel, a.kernel.x, a.kernel.y, a.kernel_cell,
                  scatter.window.h.kernel, scatter.window.w.kernel};
    spec.tensor = &scatter.weights();
    spec.origin = {Source::weight, 0, scatter.weight_plane()};
    spec.editable = true;
    Grid& grid = easel.add_grid(spec);
    if (!scatter.place.started || scatter.place.finishing) return grid;
    if (!scatter.stepping_terms()) {
        for (Cell& cell : grid.cells) cell.state = CellState::contributing;
        return grid;
    }
    const int64_t k = scatter.place.term % scatter.kernel_cells;
    if (Cell* now = grid.cell(k / scatter.window.w.kernel, k % scatter.window.w.kernel)) now->state = CellState::current;
    return grid;
}

NumberSource product_of(const Scatter& scatter, const StampTerm& term) {
    return {"product", {Source::input, 0, term.input}, {Source::weight, 0, term.weight}};
}

Grid& add_stamp(Easel& easel, const Scatter& scatter, const Arrangement& a) {
    GridSpec spec{"products", Role::neutral, a.stamp.x, a.stamp.y, a.kernel_cell,
                  scatter.window.h.kernel, scatter.window.w.kernel};
    Grid& grid = easel.add_grid(spec);
    for (Cell& cell : grid.cells) cell.state = CellState::pending;
    if (!scatter.place.started || scatter.place.finishing) return grid;
    std::vector<double> products;
    std::vector<float> rounded;
    std::vector<NumberSource> from;
    for (int64_t k = 0; k < scatter.kernel_cells; ++k) {
        const StampTerm term = stamp_term(scatter.plan, scatter.source(), scatter.first_term() + k);
        products.push_back(static_cast<double>(scatter.layer.input.at(term.input)) *
                           static_cast<double>(scatter.weights().at(term.weight)));
        rounded.push_back(static_cast<float>(products.back()));
        from.push_back(product_of(scatter, term));
    }
    const int decimals = decimals_for(rounded);
    for (int64_t k = 0; k < scatter.kernel_cells; ++k) {
        if (scatter.first_term() + k > scatter.place.term) break;
        Cell* cell = grid.cell(k / scatter.window.w.kernel, k % scatter.window.w.kernel);
        if (!cell) continue;
        const bool now = scatter.stepping_terms() && scatter.first_term() + k == scatter.place.term;
        const bool kept = stamp_term(scatter.plan, scatter.source(), scatter.first_term() + k).lands;
        cell->state = now ? CellState::product_now : kept ? CellState::product : CellState::ground;
        set_number(*cell, products[static_cast<size_t>(k)], decimals);
        cell->from = {from[static_cast<size_t>(k)]};
    }
    return grid;
}

Grid& add_canvas(Easel& easel, const Scatter& scatter, const Arrangement& a) {
    const Tensor& output = scatter.layer.op_output();
    const Shape out = output.shape();
    GridSpec spec{"output", Role::output, a.output.x, a.output.y, a.cell, scatter.canvas_rows, scatter.canvas_columns};
    spec.first_row = -scatter.crop_top;
    spec.first_column = -scatter.crop_left;
    spec.tensor = &output;
    spec.origin = {Source::stage, scatter.plan.output, {scatter.sample(), scatter.out_channel(), 0, 0}};
    Grid& grid = easel.add_grid(spec);
    show_sums_so_far(easel, scatter.in, grid);
    return grid;
}

/// Where the stamp lies on the canvas, in output cells; none when no product has a place.
std::optional<std::array<int64_t, 4>> stamp_span(const Scatter& scatter, Index source, int64_t first_term) {
    std::optional<std::array<int64_t, 4>> span;
    for (int64_t k = 0; k < scatter.kernel_cells; ++k) {
        const StampTerm term = stamp_term(scatter.plan, source, first_term + k);
        if (!term.exists) continue;
        const int64_t h = term.output.h, w = term.output.w;
        if (!span) span = {h, w, h, w};
        auto& [row, column, last_row, last_column] = *span;
        row = std::min(row, h);
        column = std::min(column, w);
        last_row = std::max(last_row, h);
        last_column = std::max(last_column, w);
    }
    return span;
}

std::string crop_words(const Window& window) {
    const auto& h = window.h;
    const auto& w = window.w;
    if (h.pad_before == w.pad_before) return fmt::format("padding {}", h.pad_before);
    return fmt::format("padding {}×{}", h.pad_before, w.pad_before);
}

Caption scatter_caption(const Scatter& scatter) {
    Caption caption;
    const ViewInput& in = scatter.in;
    if (in.stale) {
        caption.runs = {plain(in.stale_reason)};
        caption.second = in.stale_advice;
        return caption;
    }
    if (!in.leads) {
        if (!scatter.place.started && in.step > 0) caption.second = "This term is no product of a stamp.";
        return caption;
    }
    if (!scatter.place.started) {
        caption.runs = {plain("Nothing is stamped yet.")};
        caption.second = "Space plays, → goes one step.";
        return caption;
    }
    const Window& window = scatter.window;
    const bool several = scatter.layer.input.shape().c > 1, out_several = scatter.layer.op_output().shape().c > 1;
    const bool crops = window.transposed() && window.h.pad_before + window.w.pad_before > 0;
    const bool bias = scatter.document_layer.weights.size() > 1;
    if (scatter.place.finishing) {
        if (crops) {
            caption.runs = {plain("The crop by "), number(crop_words(window), Tone::kernel_text), plain(" leaves "),
                            number(fmt::format("{}×{}", window.h.out, window.w.out), Tone::output_text), plain(".")};
            if (bias) caption.second = "The bias is added to every cell that stays.";
            else caption.second = "What the stamps put outside is cut off.";
        } else {
            const double b = scatter.document_layer.weights[1].at({0, scatter.out_channel(), 0, 0});
            caption.runs = {plain("The bias "),
                            number(number_text_short(b), Tone::kernel_text,
                                   {value_at({Source::weight, 1, {0, scatter.out_channel(), 0, 0}})}),
                            plain(" is added to every cell of the output.")};
        }
        return caption;
    }
    const int64_t shown_term = scatter.stepping_terms() ? scatter.place.term : scatter.first_term();
    const StampTerm term = stamp_term(scatter.plan, scatter.source(), shown_term);
    const NumberSource made = product_of(scatter, term);
    const double value = scatter.layer.input.at(term.input), weight = scatter.weights().at(term.weight);
    caption.runs = {plain(term.is_padding ? "Padding, a copy of input " : "Input "),
                    number(place_text(term.input, several) + " = " + number_text_short(value), Tone::input_text,
                           {value_at(made.ref)})};
    const WindowAxis& h = window.h;
    const WindowAxis& w = window.w;
    std::string reason;
    if (h.stride >= h.span() && w.stride >= w.span())
        reason = window.transposed() ? "The stride is as long as the kernel: no stamp overlaps another."
                                     : "The stride is as long as the kernel: each input is read at most once.";
    else if (window.transposed())
        reason = fmt::format("Stride {}: neighbouring stamps overlap, and where they overlap the products add up.",
                             h.stride == w.stride ? std::to_string(h.stride) : fmt::format("{}×{}", h.stride, w.stride));
    else
        reason = "A convolution by input: each input adds to every window that reads it.";
    const std::string stamp = fmt::format("Stamp {} of {}. ", scatter.place.window + 1, in.timeline->windows());
    if (!scatter.stepping_terms()) {
        caption.runs.push_back(plain(" times the whole kernel is stamped"));
        if (const auto span = stamp_span(scatter, scatter.source(), scatter.first_term()))
            caption.runs.push_back(plain(" on " + span_text((*span)[0], (*span)[2], (*span)[1], (*span)[3]) + "."));
        else
            caption.runs.push_back(plain(" nowhere: no window reads it."));
        caption.second = stamp + reason;
        return caption;
    }
    const std::string product = number_text_short(value * weight);
    caption.runs.push_back(plain(" times weight "));
    caption.runs.push_back(number(weight_text(term.weight, scatter.weights().shape()) + " = " + number_text_short(weight),
                                  Tone::kernel_text, {value_at(made.times)}));
    if (!term.lands) {
        caption.runs.push_back(plain(" is "));
        caption.runs.push_back(number(product, Tone::ink, {made}));
        if (term.exists) {
            caption.runs.push_back(plain(", which the crop cuts off."));
            caption.second = stamp + fmt::format("Its place {} lies outside the output: {} crops it.",
                                                 place_text(term.output, false), crop_words(window));
        } else {
            caption.runs.push_back(plain(", which no output cell takes."));
            caption.second = stamp + "No window of this stride puts that weight on that input.";
        }
        return caption;
    }
    Index on_canvas = term.output;
    on_canvas.h += scatter.crop_top;
    on_canvas.w += scatter.crop_left;
    const int stamped = scatter.plan.stage("stamped");
    const RunningSum sum =
        running_sum(in, stamped >= 0 ? stamped : scatter.plan.output, on_canvas, in.step - 1);
    caption.runs.push_back(plain(" adds "));
    caption.runs.push_back(number(product, Tone::ink, {made}));
    caption.runs.push_back(plain(" to output "));
    caption.runs.push_back(number(place_text(term.output, out_several), Tone::output_text));
    if (sum.done > 1) {
        caption.runs.push_back(plain(": "));
        caption.runs.push_back({number_text_short(sum.before) + " + " + in_sum(product) + " = ", Font::mono, Tone::ink,
                                {so_far(scatter.plan, term.output, 0, in.step - 1), made}});
        caption.runs.push_back(number(number_text_short(sum.value), Tone::output_text,
                                      {so_far(scatter.plan, term.output, 0, in.step)}));
        caption.runs.push_back(plain("."));
    } else {
        caption.runs.push_back(plain(", its first."));
    }
    caption.second = stamp + reason;
    return caption;
}

}  // namespace

Scene build_scatter(const ViewInput& in) {
    const Scatter scatter(in);
    Easel easel(in);
    const float s = easel.scale();
    const Window& window = scatter.window;
    const auto largest = [&](Fold fold) {
        return arrange(scatter, easel, largest_cell(s, [&](float cell) {
            const Arrangement a = arrange(scatter, easel, cell, fold);
            return a.width <= easel.room_width() && a.height <= easel.room_height();
        }), fold);
    };
    Arrangement a = largest(Fold::below);
    if (const Arrangement beside = largest(Fold::beside); beside.cell > a.cell) a = beside;
    if (in.pane && a.cell < 26 * s)
        if (const Arrangement folded = largest(Fold::folded); folded.cell > a.cell) a = folded;
    easel.place_block(a.width, a.height);

    const Grid& input = add_source(easel, scatter, a);
    const Grid& kernel = add_weights(easel, scatter, a);
    const Grid& stamp = add_stamp(easel, scatter, a);
    const Grid& output = add_canvas(easel, scatter, a);

    const Shape out_shape = scatter.layer.op_output().shape();
    easel.add_name(input, "Input", Tone::input_text, input_note(scatter, in.pane));
    easel.add_name(kernel, "Kernel", Tone::kernel_text, in.pane ? "" : kernel_note(scatter));
    const bool stamping = scatter.place.started && !scatter.place.finishing;
    easel.add_name(stamp, stamping ? fmt::format("Stamp {}", scatter.place.window + 1) : "Stamp", Tone::ink, "");
    const bool done = scatter.place.started && in.step >= in.timeline->steps();
    if (a.below()) {
        const float x = output.box.x - 32 * s;
        std::vector<std::string> lines{fmt::format("{}×{}", window.h.out, window.w.out)};
        if (out_shape.c > 1) lines.push_back((in.pane ? "c " : "channel ") + fmt::format("{}/{}", scatter.out_channel(), out_shape.c));
        if (!done) lines.push_back("so far");
        float y = output.box.y + 12 * s;
        easel.scene.labels.push_back({{x, y}, Align::right, 14 * s,
                                      {{"Output", Font::semibold, in.stale ? Tone::ink3 : Tone::output_text}}});
        for (const std::string& line : lines)
            easel.scene.labels.push_back({{x, y += 20 * s}, Align::right, 12.5f * s, {{line, Font::mono, Tone::ink3}}});
    } else if (a.folded()) {
        easel.add_name(output, "Output", Tone::output_text, done ? "" : "so far");
    } else {
        easel.add_name(output, "Output", Tone::output_text,
                       fmt::format("{}×{}", window.h.out, window.w.out) + of_text(scatter.out_channel(), out_shape.c) +
                           (done ? "" : ", so far"));
    }
    easel.add_indices(input, window.h.in, window.w.in);
    if (!in.pane) easel.add_indices(kernel, window.h.kernel, window.w.kernel);
    easel.add_indices(output, window.h.out, a.below() ? 0 : window.w.out);

    const auto sign = [&](const Grid& left, const char* text) {   // clear of the indices of the grid behind it
        easel.scene.labels.push_back({{left.box.right() + 15 * s, kernel.box.center().y}, Align::center, 18 * s,
                                      {{text, Font::mono, Tone::ink2}}});
    };
    sign(input, "×");
    if (a.folded())   // the stamp begins the row below
        easel.scene.labels.push_back({{stamp.box.x - 14 * s, stamp.box.center().y}, Align::center, 18 * s,
                                      {{"=", Font::mono, Tone::ink2}}});
    else sign(kernel, "=");

    if (stamping) {
        const auto box_of = [&](const Place& place, int64_t first) -> std::optional<Box> {
            const auto span = stamp_span(scatter, place.cell, first);
            if (!span) return {};
            return cells_box(output, (*span)[0], (*span)[1], (*span)[2], (*span)[3]);
        };
        auto box = box_of(scatter.place, scatter.first_term());
        if (box && in.fraction < 1) {
            const Place from = stamp_place(in, in.from_step);
            const bool same_plane = from.started && !from.finishing && from.cell.n == scatter.place.cell.n;
            if (same_plane && from.cell != scatter.place.cell)
                if (const auto old = box_of(from, scatter.first_term())) box = mix(*old, *box, in.fraction);
        }
        if (box) {
            if (a.below())
                add_projection_down(easel.scene, stamp.box, *box, stamp.box.bottom() + 2 * s,
                                    output.box.y - 3 * s, s);
            else
                add_projection_right(easel.scene, stamp.box, *box, stamp.box.right() + 2 * s, output.box.x - (in.lecture ? 2 : 14) * s, s);
            easel.add_outline(*box, Tone::kernel_line, 3, 5);
        }
        easel.add_outline({stamp.box.x, stamp.box.y, stamp.box.w + 1, stamp.box.h + 1}, Tone::ink3, 1.5f, 3);
        if (scatter.stepping_terms()) {
            const StampTerm term = stamp_term(scatter.plan, scatter.source(), scatter.place.term);
            if (term.lands && output.cells.empty())
                easel.add_outline(cells_box(output, term.output.h, term.output.w, term.output.h, term.output.w),
                                  Tone::output_line, 3, 5);
        }
    }
    // The output's frame on a larger canvas: what lies outside is cropped.
    if (scatter.canvas_rows != window.h.out || scatter.canvas_columns != window.w.out)
        easel.add_outline(cells_box(output, 0, 0, window.h.out - 1, window.w.out - 1), Tone::output_line, 2, 2);
    easel.add_caption(scatter_caption(scatter), a.height + 42 * s);
    return easel.finish();
}

}  // namespace convscope
