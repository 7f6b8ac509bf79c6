// The stretch view: a transposed layer as an ordinary convolution. Zeros between the inputs, a ring of p′ = d(k−1) − p
// around them (negative: cropped), the kernel turned by 180°, stride 1.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "app/scene/fonts.h"
#include "app/scene/numbers.h"
#include "app/views/so_far.h"

// In here: a stretched place is counted so that input cell i stands at i·stride.

namespace convscope {
namespace {

constexpr float kNameWidth = 100;  // room for the output's name at its left

float f(int64_t n) { return static_cast<float>(n); }

/// One axis of the stretched, padded input.
struct StretchedAxis {
    int64_t first = 0, last = 0;            // places that windows read: −p′ …
    int64_t shown_first = 0, shown_last = 0;  // with inputs that a negative p′ crops off
    int64_t stride = 1;
    explicit StretchedAxis(const WindowAxis& axis)
        : first(axis.pad_before - axis.dilation * (axis.kernel - 1)),
          last(first + axis.out + axis.span() - 2),
          shown_first(std::min<int64_t>(first, 0)),
          shown_last(std::max(last, (axis.in - 1) * axis.stride)),
          stride(axis.stride) {}
    int64_t shown() const { return shown_last - shown_first + 1; }
    int64_t padding() const { return -first; }  // p′
    bool read(int64_t place) const { return place >= first && place <= last; }
};

struct Stretch {
    const ViewInput& in;
    const LayerResult& layer;
    const Window& window;
    const Tensor& weights;
    StretchedAxis rows, columns;
    std::optional<Story> story;
    Moment moment;

    explicit Stretch(const ViewInput& view_input)
        : in(view_input),
          layer(in.result->layers[static_cast<size_t>(in.layer)]),
          window(*layer.plan.window),
          weights(in.result->document.layers[static_cast<size_t>(in.layer)].weights[0]),
          rows(window.h),
          columns(window.w),
          story(tell_output(in)),
          moment(moment_at(in, in.step)) {}

    Index cell() const { return story ? story->cell : Index{in.shown.n, in.shown.out_channel, 0, 0}; }
    int64_t input_channel() const {
        if (moment.input) return moment.input->c;
        return cell().c / window.out_per_group * window.in_per_group;
    }
    Index weight_plane() const { return {input_channel(), cell().c % window.out_per_group, 0, 0}; }
    const Term* term() const { return story && story->current >= 0 ? story->term() : nullptr; }
    /// Kernel place after the half turn.
    Index turned(Index weight) const {
        return {weight.n, weight.c, window.h.kernel - 1 - weight.h, window.w.kernel - 1 - weight.w};
    }
};

std::string padding_text(const Stretch& s) {
    const auto one = [](int64_t p) { return to_text(Value(p)); };
    const int64_t h = s.rows.padding(), w = s.columns.padding();
    return h == w ? one(h) : one(h) + "×" + one(w);
}

std::string input_note(const Stretch& s) {
    std::string note = "stretched, p′ = " + padding_text(s);
    const Shape shape = s.layer.input.shape();
    if (s.in.pane) return shape.c > 1 ? fmt::format("p′ = {}, c {}", padding_text(s), s.input_channel()) : note;
    if (shape.c > 1) note += fmt::format(", channel {} of {}", s.input_channel(), shape.c);
    return note;
}

struct Arrangement {
    float cell = 0, kernel_cell = 0;
    Point input, kernel, output;
    float width = 0, height = 0;
    bool below = true;
};

Arrangement arrange(const Stretch& st, const Easel& easel, float cell, bool below) {
    const float s = easel.scale(), top = 34 * s;
    Arrangement a;
    a.cell = cell;
    a.below = below;
    a.kernel_cell = std::max(cell, std::min(26 * s, std::floor(easel.room_height() * 0.35f /
                                                               f(st.window.h.kernel))));
    if (st.in.pane)
        a.kernel_cell = std::max(cell, std::min(a.kernel_cell, std::floor(easel.room_width() * 0.3f / f(st.window.w.kernel))));
    const float input_w = f(st.columns.shown()) * cell, input_h = f(st.rows.shown()) * cell;
    const float kernel_w = f(st.window.w.kernel) * a.kernel_cell;
    const float kernel_h = f(st.window.h.kernel) * a.kernel_cell;
    const float output_w = f(st.window.w.out) * cell, output_h = f(st.window.h.out) * cell;
    a.input = {0, top};
    const float name = (name_width("Input", input_note(st)) + (st.in.pane ? 12 : 22)) * s;
    a.kernel = {std::max(input_w + 34 * s, name), top};
    // In a pane the note behind the name may be left out.
    const float row_w = a.kernel.x + std::max(kernel_w, name_width("Turned", st.in.pane ? "" : "180°") * s);
    const float row_h = std::max(input_h, kernel_h);
    if (below) {
        // Its name stands at its left, so that the projection has free way.
        a.output = {std::max(kNameWidth * s, (input_w - output_w) / 2), top + row_h + 64 * s};
        a.width = std::max(row_w, a.output.x + output_w);
        a.height = a.output.y + output_h;
    } else {
        a.output = {row_w + easel.gap() * 1.2f, top};
        a.width = a.output.x + std::max(output_w, name_width("Output", "") * s + 90 * s);
        a.height = top + std::max(row_h, output_h);
    }
    return a;
}

Grid& add_stretched(Easel& easel, const Stretch& st, const Arrangement& a) {
    GridSpec spec{"input", Role::input, a.input.x, a.input.y, a.cell, st.rows.shown(), st.columns.shown()};
    spec.first_row = st.rows.shown_first;
    spec.first_column = st.columns.shown_first;
    spec.editable = st.in.layer == 0;
    Grid& grid = easel.add_grid(spec);
    const Index plane{st.cell().n, st.input_channel(), 0, 0};
    const int decimals = plane_decimals(st.layer.input, plane.n, plane.c);
    for (int64_t r = 0; r < grid.shown_rows; ++r)
        for (int64_t c = 0; c < grid.shown_columns; ++c) {
            const int64_t row = grid.first_row + grid.shown_row + r;
            const int64_t column = grid.first_column + grid.shown_column + c;
            Cell& cell = *grid.cell(row, column);
            const bool on_row = row >= 0 && row % st.rows.stride == 0 && row / st.rows.stride < st.window.h.in;
            const bool on_column =
                column >= 0 && column % st.columns.stride == 0 && column / st.columns.stride < st.window.w.in;
            const bool is_read = st.rows.read(row) && st.columns.read(column);
            if (on_row && on_column) {
                cell.ref = {Source::input, 0, {plane.n, plane.c, row / st.rows.stride, column / st.columns.stride}};
                set_number(cell, static_cast<double>(st.layer.input.at(cell.ref.cell)), decimals);
                if (!is_read) cell.state = CellState::leftover;
            } else {
                cell.state = CellState::padding;
                set_number(cell, 0, 0);
                cell.statistic = "inserted zero";
                if (!is_read) {
                    cell.state = CellState::leftover;
                    cell.text.clear();
                }
            }
        }
    if (!st.story || st.in.fraction < 1) return grid;
    // The window: every kernel cell on its place, zeros included.
    const int weight_decimals = plane_decimals(st.weights, st.weight_plane().n, st.weight_plane().c);
    for (int64_t k = 0; k < st.window.h.kernel; ++k)
        for (int64_t l = 0; l < st.window.w.kernel; ++l) {
            const int64_t row = st.cell().h + st.rows.first + k * st.window.h.dilation;
            const int64_t column = st.cell().w + st.columns.first + l * st.window.w.dilation;
            Cell* cell = grid.cell(row, column);
            if (!cell) continue;
            const bool is_input = cell->ref.source == Source::input;
            cell->state = is_input ? CellState::contributing : CellState::padding_read;
            const Index turned = st.turned({st.weight_plane().n, st.weight_plane().c, k, l});
            if (st.in.corner_weights && grid.cell_px >= 26 * easel.scale())
                set_corner(*cell, {Source::weight, 0, turned}, static_cast<double>(st.weights.at(turned)), weight_decimals);
        }
    if (const Term* term = st.term(); term && term->b.source == Source::weight)
        if (Cell* cell = grid.cell(term->a.cell.h * st.rows.stride, term->a.cell.w * st.columns.stride))
            cell->state = CellState::current;
    return grid;
}

/// During the first move the kernel turns: 0 as stored, 1 turned.
float turn(const ViewInput& in) {
    if (in.step == 0) return 0;
    return in.from_step == 0 ? in.fraction : 1;
}

Grid& add_turned(Easel& easel, const Stretch& st, const Arrangement& a) {
    GridSpec spec{"kernel", Role::kernel, a.kernel.x, a.kernel.y, a.kernel_cell, st.window.h.kernel, st.window.w.kernel};
    spec.editable = true;
    Grid& grid = easel.add_grid(spec);
    const Index plane = st.weight_plane();
    const int decimals = plane_decimals(st.weights, plane.n, plane.c);
    const float t = turn(st.in);
    const Term* term = st.term();
    for (int64_t r = 0; r < grid.shown_rows; ++r)
        for (int64_t c = 0; c < grid.shown_columns; ++c) {
            const int64_t row = grid.shown_row + r, column = grid.shown_column + c;
            Cell& cell = *grid.cell(row, column);
            const Index here{plane.n, plane.c, row, column};
            cell.ref = {Source::weight, 0, t == 0 ? here : st.turned(here)};
            set_number(cell, static_cast<double>(st.weights.at(cell.ref.cell)), decimals);
            if (term && term->b.source == Source::weight && term->b.cell == cell.ref.cell) cell.state = CellState::current;
            if (t <= 0 || t >= 1) continue;
            // On its way: half a turn around the grid's middle.
            const Point middle = grid.box.center(), from = grid.cell_box(row, column).center();
            const float angle = std::numbers::pi_v<float> * t, dx = from.x - middle.x, dy = from.y - middle.y;
            const Point at{middle.x + dx * std::cos(angle) - dy * std::sin(angle),
                           middle.y + dx * std::sin(angle) + dy * std::cos(angle)};
            easel.scene.labels.push_back({at, Align::center, std::min(16 * easel.scale(), grid.cell_px * 0.5f),
                                          {{number_text(static_cast<double>(st.weights.at(here)), decimals),
                                            Font::mono_bold, Tone::kernel_text, {value_at({Source::weight, 0, here})}}}});
            cell.text.clear();
        }
    return grid;
}

Caption caption_of(const Stretch& st) {
    Caption caption;
    const ViewInput& in = st.in;
    if (in.stale) {
        caption.runs = {plain(in.stale_reason)};
        caption.second = in.stale_advice;
        return caption;
    }
    if (!in.leads) {
        if (st.moment.started && !st.moment.finishing && !st.moment.output)
            caption.second = "In the stretched picture this product falls outside the output.";
        return caption;
    }
    const WindowAxis& h = st.window.h;
    const auto zeros = h.stride > 1 ? fmt::format("Stride {}: {} between inputs. ", h.stride,
                                                  h.stride == 2 ? "one zero" : count_text(h.stride - 1) + " zeros")
                                    : std::string();
    const std::string formula =
        fmt::format("p′ = d(k−1) − p = {}·({}−1) − {} = {}", h.dilation, h.kernel, h.pad_before, to_text(Value(st.rows.padding())));
    caption.second = zeros + formula + (st.rows.padding() < 0 ? ": the stretched input is cropped." : ".");
    if (!st.story) {
        caption.runs = {plain("Zeros are put between the inputs; the kernel will be turned by 180°.")};
        return caption;
    }
    const Story& story = *st.story;
    const bool several = st.layer.input.shape().c > 1;
    const std::string sum = number_text_short(story.sum);
    const NumberSource total = sum_source(in, story);
    const std::string output = place_text(story.cell, st.layer.op_output().shape().c > 1);
    if (const Term* term = st.term()) {
        if (term->b.source != Source::weight) {
            caption.runs = {plain("Bias "), number(number_text_short(term->product), Tone::kernel_text, {product_of(*term)}),
                            plain(" is added, the total is "), number(sum, Tone::output_text, {total}), plain(".")};
            return caption;
        }
        const Index turned = st.turned(term->b.cell);
        caption.runs = {plain("Input "),
                        number(place_text(term->a.cell, several) + " = " + number_text_short(term->a_value), Tone::input_text,
                               {value_at(term->a)}),
                        plain(" times weight "),
                        number(weight_text(term->b.cell, st.weights.shape()) + " = " + number_text_short(term->b_value),
                               Tone::kernel_text, {value_at(term->b)}),
                        plain(fmt::format(", turned to ({}, {}), is ", turned.h, turned.w)),
                        number(number_text_short(term->product), Tone::ink, {product_of(*term)}),
                        plain(story.complete ? ", the sum is " : ", the sum so far is "),
                        number(sum, Tone::output_text, {total}), plain(".")};
        return caption;
    }
    caption.runs = {plain("The window's sum is output "), number(output + " = " + sum, Tone::output_text, {total}), plain(".")};
    return caption;
}

}  // namespace

Scene build_stretch(const ViewInput& in) {
    const Stretch st(in);
    Easel easel(in);
    const float s = easel.scale();
    const auto largest = [&](bool below) {
        return largest_cell(s, [&](float cell) {
            const Arrangement a = arrange(st, easel, cell, below);
            return a.width <= easel.room_width() && a.height <= easel.room_height();
        });
    };
    const float below = largest(true), beside = largest(false);
    const Arrangement a = arrange(st, easel, std::max(below, beside), below >= beside);
    easel.place_block(a.width, a.height);

    const Grid& input = add_stretched(easel, st, a);
    const Grid& kernel = add_turned(easel, st, a);
    GridSpec spec{"output", Role::output, a.output.x, a.output.y, a.cell, st.window.h.out, st.window.w.out};
    spec.tensor = &st.layer.op_output();
    spec.origin = {Source::stage, st.layer.plan.output, {st.cell().n, st.cell().c, 0, 0}};
    Grid& output = easel.add_grid(spec);
    show_sums_so_far(easel, in, output);

    easel.add_name(input, "Input", Tone::input_text, input_note(st));
    easel.add_name(kernel, turn(in) > 0 ? "Turned" : "Kernel", Tone::kernel_text, turn(in) > 0 ? "180°" : "");
    const std::string size = fmt::format("{}×{}", st.window.h.out, st.window.w.out);
    const int64_t channels = st.layer.op_output().shape().c;
    if (a.below) {
        const float x = output.box.x - 32 * s;
        easel.scene.labels.push_back({{x, output.box.y + 12 * s}, Align::right, 14 * s,
                                      {{"Output", Font::semibold, in.stale ? Tone::ink3 : Tone::output_text}}});
        std::vector<std::string> lines{size};
        if (channels > 1) lines.push_back((in.pane ? "c " : "channel ") + fmt::format("{}/{}", st.cell().c, channels));
        for (size_t i = 0; i < lines.size(); ++i)
            easel.scene.labels.push_back({{x, output.box.y + (32 + 20 * f(static_cast<int64_t>(i))) * s}, Align::right,
                                          12.5f * s, {{lines[i], Font::mono, Tone::ink3}}});
    } else {
        easel.add_name(output, "Output", Tone::output_text,
                       channels > 1 ? fmt::format("{}, channel {} of {}", size, st.cell().c, channels) : size);
    }
    easel.add_indices(output, st.window.h.out, a.below ? 0 : st.window.w.out);

    if (st.story) {
        const auto window_at = [&](Index cell) {
            const int64_t row = cell.h + st.rows.first, column = cell.w + st.columns.first;
            return cells_box(input, row, column, row + st.window.h.span() - 1, column + st.window.w.span() - 1);
        };
        Box window = window_at(st.cell());
        if (in.fraction < 1)
            if (const auto from = moment_at(in, in.from_step).output; from && from->n == st.cell().n)
                window = mix(window_at(*from), window, in.fraction);
        easel.add_outline(window, Tone::kernel_line, 3, 5);
        const Box target = output.cell_box(st.cell().h, st.cell().w);
        if (a.below)
            add_projection_down(easel.scene, window, target, input.box.bottom() + 2 * s, output.box.y - 3 * s, s);
        else
            add_projection_right(easel.scene, window, target, kernel.box.right() + 6 * s, output.box.x - (in.lecture ? 2 : 20) * s, s);
        if (output.cells.empty())
            easel.add_outline(target, Tone::output_line, 3, 5);
    }
    easel.add_caption(caption_of(st), a.height + 42 * s);
    return easel.finish();
}

}  // namespace convscope
