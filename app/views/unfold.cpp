// The unfold view (im2col): every window of the input written out as a column. The weights, each output channel's in a
// row, times this matrix are the output: the way libraries turn a convolution into one product of matrices. Grids stand as
// such a product is written by hand: the matrix at the top right, the weights at the lower left, and where a row of
// weights meets a column stands their output. A pool has no weights: its columns are summed up as they are.
#include <algorithm>

#include "app/scene/fonts.h"
#include "app/scene/numbers.h"
#include "app/views/slide_parts.h"
#include "app/views/so_far.h"

// In here: a row of the matrix is a kernel place of an input channel of the group, a column is an output place.

namespace convscope {
namespace {

constexpr int64_t kMostChannels = 4;     // output channels shown at once
constexpr float kNarrow = 480;           // panes below it have an arrangement of their own
constexpr float kDigit = 18;             // side of a cell that has room for one

float f(int64_t n) { return static_cast<float>(n); }

struct Range {
    int64_t first = 0, count = 0;
    bool holds(int64_t i) const { return i >= first && i < first + count; }
};
Range around(int64_t of, int64_t most, int64_t current) {
    if (of <= most) return {0, of};
    return {std::clamp<int64_t>(current - most / 2, 0, of - most), most};
}

struct Unfold {
    Slide slide;
    Moment moment;
    int64_t rows, columns;

    explicit Unfold(const ViewInput& in)
        : slide(in), moment(moment_at(in, in.step)),
          rows(slide.window.in_per_group * slide.window.h.kernel * slide.window.w.kernel),
          columns(slide.window.h.out * slide.window.w.out) {}

    const ViewInput& in() const { return slide.in; }
    const Window& window() const { return slide.window; }
    const Story* story() const { return slide.story ? &*slide.story : nullptr; }
    const Term* term() const { return story() ? story()->term() : nullptr; }

    int64_t first_channel() const { return slide.group() * window().out_per_group; }
    Index output_at(int64_t channel, int64_t column) const {
        return {slide.cell().n, channel, column / window().w.out, column % window().w.out};
    }
    int64_t column_of(Index output) const { return output.h * window().w.out + output.w; }
    /// Kernel place of a row: c counts the input channels of the group.
    Index place_of(int64_t row) const {
        const int64_t plane = window().h.kernel * window().w.kernel;
        return {0, row / plane, row % plane / window().w.kernel, row % window().w.kernel};
    }
    /// Row that a term of that output cell stands in; none: the bias.
    std::optional<int64_t> row_of(const Term& term, Index output) const {
        const WindowAxis &h = window().h, &w = window().w;
        if (slide.has_weights()) {
            if (term.b.source != Source::weight || term.b.which != slide.weight) return {};
            return (term.b.cell.c * h.kernel + term.b.cell.h) * w.kernel + term.b.cell.w;
        }
        const Index place = term.padding.value_or(term.a.cell);
        return (place.h - *h.input_place(output.h, 0)) / h.dilation * w.kernel +
               (place.w - *w.input_place(output.w, 0)) / w.dilation;
    }
    std::optional<int64_t> current_row() const {
        return term() ? row_of(*term(), slide.cell()) : std::nullopt;
    }
    std::optional<int64_t> current_column() const {
        return story() ? std::optional(column_of(story()->cell)) : std::nullopt;
    }
    /// Number of the input channel, in the group, that the input grid shows.
    int64_t shown_channel() const {
        if (const auto row = current_row()) return place_of(*row).c;
        return moment.input ? moment.input->c - slide.input_channel(0) : 0;
    }
    int64_t input_channel() const { return slide.has_weights() ? slide.input_channel(shown_channel()) : slide.cell().c; }
};

/// Where everything stands: base pixels from the block's corner.
struct Arrangement {
    bool upright = false;                // in a pane: weights in columns at the matrix's left, the input above if it has room
    float cell = 0, input_cell = 0;      // 0: no input
    Range rows, columns, channels;
    float matrix_x = 0, matrix_y = 0, weights_x = 0, weights_y = 0, output_y = 0, width = 0, height = 0;
};

std::string matrix_note(const Unfold& u, const Arrangement& a) {
    std::string note = fmt::format("{}×{}", u.rows, u.columns);
    if (u.window().groups > 1)
        note += u.slide.has_weights() ? fmt::format(", group {} of {}", u.slide.group(), u.window().groups)
                                      : fmt::format(", channel {} of {}", u.slide.cell().c, u.window().groups);
    const auto part = [&](const char* word, const Range& range, int64_t of) {
        if (range.count < of) note += fmt::format(", {} {}–{}", word, range.first, range.first + range.count - 1);
    };
    part("columns", a.columns, u.columns);
    part("rows", a.rows, u.rows);
    return note;
}

std::string input_note(const Unfold& u) {
    const Shape shape = u.slide.layer.input.shape();
    std::string note = fmt::format("{}×{}", shape.h, shape.w);
    if (shape.c > 1) note += u.in().pane ? fmt::format(", c {}", u.input_channel()) : fmt::format(", channel {} of {}", u.input_channel(), shape.c);
    return note;
}

/// Side of a cell in which the numbers of input and output can be read; long ones are rounded.
float readable_cell(const Unfold& u) {
    size_t longest = 2;
    const auto look = [&](const Tensor& tensor, Index plane) {
        const PlaneRange range = plane_range(tensor, plane.n, plane.c);
        const int decimals = plane_decimals(tensor, plane.n, plane.c);
        for (const float value : {range.low, range.high})
            longest = std::max(longest, glyphs(number_text(static_cast<double>(value), decimals)));
    };
    const Index cell = u.slide.cell();
    look(u.slide.layer.input, {cell.n, u.input_channel()});
    look(u.slide.layer.op_output(), cell);
    return std::clamp(6.6f * f(static_cast<int64_t>(longest)) + 4.5f, 20.f, 32.f);
}

/// Output channels of the group, around the one that is told.
Range around_channel(const Unfold& u, int64_t most) {
    Range channels = around(u.window().out_per_group, most, u.slide.cell().c - u.first_channel());
    channels.first += u.first_channel();
    return channels;
}

/// The product of matrices as it is written by hand, the input in the corner that it leaves free.
void place_square(const Unfold& u, const Easel& easel, Arrangement& a, float cell) {
    const float s = easel.scale(), top = 46 * s;
    const float labels = (u.window().in_per_group > 1 ? 42.f : 30.f) * s;   // kernel places at the matrix's left
    const float gap = 22 * s + labels, between = (u.slide.has_weights() ? 62.f : 48.f) * s;
    a.cell = cell;
    const float weights_w = u.slide.has_weights() ? f(a.rows.count) * cell : 0, matrix_h = f(a.rows.count) * cell;
    const float output_h = f(a.channels.count) * cell;
    // The input is as large as its corner lets it be, though no larger than the matrix's cells.
    const float corner_w = std::max(weights_w, easel.room_width() - gap - f(a.columns.count) * cell);
    const float corner_h = std::max(matrix_h, easel.room_height() - top - between - output_h);
    a.input_cell = std::min({cell, corner_w / f(u.slide.ring_columns()), corner_h / f(u.slide.ring_rows())});
    if (a.input_cell >= 6) a.input_cell = std::floor(a.input_cell);   // smaller ones are a picture
    const float left = std::max({weights_w, f(u.slide.ring_columns()) * a.input_cell, (name_width("Input", input_note(u)) + 12) * s});
    const float upper_h = std::max(matrix_h, f(u.slide.ring_rows()) * a.input_cell);
    a.weights_x = left - weights_w;
    a.matrix_x = left + gap;
    a.matrix_y = top + upper_h - matrix_h;
    a.weights_y = a.output_y = top + upper_h + between;
    a.width = a.matrix_x + std::max(f(a.columns.count) * cell, name_width("Unfolded", "") * s);
    a.height = a.output_y + output_h;
}

Arrangement arrange_pane(const Unfold& u, const Easel& easel) {
    const float s = easel.scale(), top = 46 * s, between = 48 * s, least = std::min(readable_cell(u), 24.f) * s;
    const float labels = (u.window().in_per_group > 1 ? 42.f : 30.f) * s;
    Arrangement a;
    a.upright = true;
    a.channels = around_channel(u, 2);
    const int64_t weights = u.slide.has_weights() ? a.channels.count : 0;
    const float rows_h = easel.room_height() - top - between;
    const auto most = [&](float room) { return std::max<int64_t>(3, static_cast<int64_t>(room / least)); };
    a.rows = around(u.rows, most(rows_h) - a.channels.count, u.current_row().value_or(0));
    // The weights' name may be wider than they are.
    const float name = weights > 0 ? (name_width("Weights", "") + 10) * s : 0;
    const float columns_w = easel.room_width() - labels - std::max(f(weights) * least + 20 * s, name);
    a.columns = around(u.columns, most(columns_w), u.current_column().value_or(0));
    a.cell = largest_cell(s, [&](float cell) {
        const float left = weights > 0 ? std::max(f(weights) * cell + 20 * s, name) : 0;
        return cell <= 40 * s && f(a.rows.count + a.channels.count) * cell <= rows_h && labels + left + f(a.columns.count) * cell <= easel.room_width();
    });
    a.weights_x = labels;
    a.matrix_x = labels + (weights > 0 ? std::max(f(weights) * a.cell + 20 * s, name) : 0);
    const float matrix_h = f(a.rows.count) * a.cell, output_h = f(a.channels.count) * a.cell;
    const float rest = easel.room_height() - top - matrix_h - between - output_h - top;
    a.input_cell = std::floor(std::min({a.cell, rest / f(u.slide.ring_rows()), (easel.room_width() - labels) / f(u.slide.ring_columns())}));
    if (a.input_cell < 12 * s) a.input_cell = 0;
    a.matrix_y = top + (a.input_cell > 0 ? f(u.slide.ring_rows()) * a.input_cell + top : 0);
    a.weights_y = a.matrix_y;
    a.output_y = a.matrix_y + matrix_h + between;
    a.width = a.matrix_x + f(a.columns.count) * a.cell;
    a.height = a.output_y + output_h;
    return a;
}

Arrangement arrange(const Unfold& u, const Easel& easel) {
    const float s = easel.scale();
    if (u.in().pane && easel.room_width() < kNarrow * s) return arrange_pane(u, easel);
    Arrangement a;
    a.channels = around_channel(u, kMostChannels);
    const auto place = [&](float cell, const Range& rows, const Range& columns) {
        a.rows = rows;
        a.columns = columns;
        place_square(u, easel, a, cell);
        return a.width <= easel.room_width() && a.height <= easel.room_height();
    };
    const Range all_rows{0, u.rows}, all_columns{0, u.columns};
    const float readable = readable_cell(u) * s;
    const float whole = largest_cell(s, [&](float cell) {
        return place(cell, all_rows, all_columns) && a.input_cell >= std::min(cell, kDigit * s);
    });
    if (whole >= std::min(readable, 24 * s) && place(whole, all_rows, all_columns)) return a;
    // As many rows and columns as can be read, half of the width for either.
    const auto around_now = [&](int64_t of, int64_t count, std::optional<int64_t> now) {
        return around(of, std::max<int64_t>(3, count), now.value_or(0));
    };
    const auto cells = [&](float room) { return static_cast<int64_t>(room / readable); };
    const auto rows_beside = [&] { return cells(easel.room_height() - 108 * s) - a.channels.count; };
    if (rows_beside() < std::min<int64_t>(u.rows, 9)) a.channels = around_channel(u, 2);
    const int64_t rows_h = rows_beside();
    const int64_t rows_w = u.slide.has_weights() ? cells(easel.room_width() * 0.42f) : u.rows;
    const Range rows = around_now(u.rows, std::min(rows_h, rows_w), u.current_row());
    for (int64_t count = std::min(u.columns, cells(easel.room_width())); count > 3; --count)
        if (place(readable, rows, around_now(u.columns, count, u.current_column())) && a.input_cell >= std::min(8 * s, 0.4f * easel.room_width() / f(u.slide.ring_columns())))
            return a;
    place(readable, rows, around_now(u.columns, 3, u.current_column()));
    return a;
}

/// The windows, a column each.
Grid& add_matrix(Easel& easel, const Unfold& u, const Arrangement& a) {
    GridSpec spec{"unfolded", Role::input, a.matrix_x, a.matrix_y, a.cell, a.rows.count, a.columns.count};
    spec.first_row = a.rows.first;
    spec.first_column = a.columns.first;
    Grid& grid = easel.add_grid(spec);
    const ViewInput& in = u.in();
    const int decimals = plane_decimals(u.slide.layer.input, u.slide.cell().n, u.input_channel());
    const auto now = u.current_row();
    for (Cell& cell : grid.cells) cell.state = CellState::leftover;   // a pool's window may hang over
    for (int64_t c = a.columns.first; c < a.columns.first + a.columns.count; ++c) {
        const Index output = u.output_at(u.slide.cell().c, c);
        const bool lit = u.current_column() == c && in.fraction >= 1;
        for (const Term& term : explain(*in.result, in.layer, u.slide.plan.output, output).terms) {
            const auto row = u.row_of(term, output);
            Cell* at = row ? grid.cell(*row, c) : nullptr;
            if (!at) continue;
            at->ref = term.padding && term.a.source == Source::constant ? Ref{Source::constant, 0, *term.padding} : term.a;
            at->from = {value_at(term.a)};
            set_number(*at, term.a_value, term.a.source == Source::constant ? 0 : decimals);
            at->state = term.padding ? CellState::padding : CellState::normal;
            if (lit) at->state = now == row ? CellState::current : term.padding ? CellState::padding_read : CellState::contributing;
        }
    }
    return grid;
}

Grid& add_weights(Easel& easel, const Unfold& u, const Arrangement& a) {
    GridSpec spec{"kernel", Role::kernel, a.weights_x, a.weights_y, a.cell,
                  a.upright ? a.rows.count : a.channels.count, a.upright ? a.channels.count : a.rows.count};
    spec.first_row = a.upright ? a.rows.first : a.channels.first;
    spec.first_column = a.upright ? a.channels.first : a.rows.first;
    spec.editable = true;
    Grid& grid = easel.add_grid(spec);
    const Tensor& weights = u.slide.weights();
    const int decimals = decimals_for(weights.values().first(std::min<size_t>(weights.values().size(), 4096)));
    for (int64_t k = a.channels.first; k < a.channels.first + a.channels.count; ++k)
        for (int64_t r = a.rows.first; r < a.rows.first + a.rows.count; ++r) {
            Cell* at = a.upright ? grid.cell(r, k) : grid.cell(k, r);
            if (!at) continue;
            Index place = u.place_of(r);
            place.n = k;
            at->ref = {Source::weight, u.slide.weight, place};
            set_number(*at, static_cast<double>(weights.at(place)), decimals);
            if (!u.story() || k != u.story()->cell.c) continue;
            at->state = u.current_row() == r ? CellState::current : CellState::contributing;
        }
    return grid;
}

Grid& add_output_rows(Easel& easel, const Unfold& u, const Arrangement& a) {
    GridSpec spec{"output", Role::output, a.matrix_x, a.output_y, a.cell, a.channels.count, a.columns.count};
    spec.first_row = a.channels.first;
    spec.first_column = a.columns.first;
    Grid& grid = easel.add_grid(spec);
    for (int64_t k = a.channels.first; k < a.channels.first + a.channels.count; ++k) {
        const SumsSoFar sums(u.in(), u.output_at(k, 0));
        for (int64_t c = a.columns.first; c < a.columns.first + a.columns.count; ++c)
            if (Cell* at = grid.cell(k, c)) {
                at->ref = {Source::stage, u.slide.plan.output, u.output_at(k, c)};
                sums.show(*at, at->ref.cell, false);
            }
    }
    return grid;
}

std::string place_label(const Unfold& u, int64_t row) {
    const Index place = u.place_of(row);
    return u.window().in_per_group > 1 ? fmt::format("{},{},{}", place.c, place.h, place.w)
                                       : fmt::format("{},{}", place.h, place.w);
}

Caption caption_of(const Unfold& u) {
    const ViewInput& in = u.in();
    Caption caption = slide_caption(u.slide);
    if (in.stale) return caption;
    if (!in.leads) {
        if (u.term() && !u.current_row()) caption.second = "The bias stands in no column.";
        return caption;
    }
    if (!u.story()) {
        caption.runs = {plain(u.slide.has_weights() ? "Each window becomes a column; a row of weights times a column is an output."
                                                    : "Each window becomes a column; what a column comes to is an output.")};
        const WindowAxis &h = u.window().h, &w = u.window().w;
        caption.second = fmt::format("{}×{} input numbers{} are written out as {}×{}.", h.in, w.in,
                                     u.window().in_per_group > 1 ? fmt::format(" in {} channels", u.window().in_per_group) : "",
                                     u.rows, u.columns);
        return caption;
    }
    caption.second_from.clear();
    const std::string where = fmt::format("column {}, the window of output {}: {}.", *u.current_column(),
                                          place_text(u.story()->cell, false), window_words(u.slide));
    if (const auto row = u.current_row()) caption.second = fmt::format("Row {} of ", *row) + where;
    else caption.second = "C" + where.substr(1);
    return caption;
}

/// Outlines and projections: the window, its column, the row of weights, the output where they meet.
void add_marks(Easel& easel, const Unfold& u, const Arrangement& a, const Grid* input, const Grid& matrix,
               const Grid* weights, const Grid& output) {
    const float s = easel.scale();
    const ViewInput& in = u.in();
    // Input channels end here.
    const int64_t plane = u.window().h.kernel * u.window().w.kernel;
    const Tone line = in.stale ? Tone::inkd : Tone::ink3;
    for (int64_t r = (a.rows.first / plane + 1) * plane; r < a.rows.first + a.rows.count; r += plane) {
        const float y = matrix.cell_box(r, a.columns.first).y;
        easel.scene.strokes.push_back({{{matrix.box.x, y}, {matrix.box.right(), y}}, line, 2 * s});
        if (!weights) continue;
        const Box& box = weights->box;
        const float x = box.x + (y - matrix.box.y);   // rows of the matrix stand in its columns
        if (a.upright) easel.scene.strokes.push_back({{{box.x, y}, {box.right(), y}}, line, 2 * s});
        else easel.scene.strokes.push_back({{{x, box.y}, {x, box.bottom()}}, line, 2 * s});
    }
    const auto column = u.current_column();
    if (!column) return;
    const auto column_box = [&](int64_t c) {
        return cells_box(matrix, a.rows.first, c, a.rows.first + a.rows.count - 1, c);
    };
    Box box = column_box(*column);
    if (is_moving(u.slide)) {
        const int64_t from = u.column_of(*moment_at(in, in.from_step).output);
        if (a.columns.holds(from)) box = mix(column_box(from), box, in.fraction);
    }
    if (const auto window = input ? window_box(u.slide, *input) : std::nullopt) {
        if (a.upright) add_projection_down(easel.scene, *window, box, input->box.bottom() + 2 * s, matrix.box.y - 20 * s, s);
        else add_projection_right(easel.scene, *window, box, input->box.right() + 2 * s, matrix.box.x - 34 * s, s);
        easel.add_outline(*window, Tone::kernel_line, 3, 5);
    }
    easel.add_outline(box, Tone::kernel_line, 3, 5);
    const int64_t channel = u.slide.cell().c;
    const int64_t last = a.rows.first + a.rows.count - 1;
    if (weights)
        easel.add_outline(a.upright ? cells_box(*weights, a.rows.first, channel, last, channel)
                                    : cells_box(*weights, channel, a.rows.first, channel, last), Tone::kernel_line, 3, 5);
    const Box target = output.cell_box(channel, *column);
    easel.add_outline({target.x, target.y, target.w + 1, target.h + 1}, Tone::output_line, 3, 5);
}

/// Kernel places beside the rows and above the weights, columns and channels by number.
void add_labels(Easel& easel, const Unfold& u, const Arrangement& a, const Grid& matrix, const Grid* weights, const Grid& output) {
    if (u.in().lecture) return;   // too small to be read from the last row, and names stand where they would
    const float s = easel.scale(), size = 10.5f * s;
    const auto index = [&](Point at, Align align, std::string text, Tone tone) {
        easel.scene.labels.push_back({at, align, size, {{std::move(text), Font::mono, u.in().stale ? Tone::ink3 : tone}}});
    };
    const auto now = u.current_row();
    for (int64_t r = a.rows.first; r < a.rows.first + a.rows.count; ++r) {
        const Tone tone = now == r ? Tone::kernel_text : Tone::ink3;
        const float left = a.upright && weights ? weights->box.x : matrix.box.x;
        if (a.cell >= 13 * s)
            index({left - 8 * s, matrix.cell_box(r, a.columns.first).center().y}, Align::right, place_label(u, r), tone);
        if (weights && !a.upright && a.cell >= text_width(Font::mono, size, place_label(u, r)) + 5 * s)
            index({weights->cell_box(a.channels.first, r).center().x, weights->box.y - 9 * s}, Align::center, place_label(u, r), tone);
    }
    for (int64_t c = a.columns.first; c < a.columns.first + a.columns.count; ++c)
        if (a.cell >= text_width(Font::mono, size, std::to_string(a.columns.first + a.columns.count)) + 4 * s)
            index({matrix.cell_box(a.rows.first, c).center().x, matrix.box.y - 9 * s}, Align::center, std::to_string(c),
                  u.current_column() == c ? Tone::output_text : Tone::ink3);
    if (u.window().out_per_group == 1 || a.cell < 13 * s) return;
    for (int64_t k = a.channels.first; k < a.channels.first + a.channels.count; ++k)
        index({output.box.x - 8 * s, output.cell_box(k, a.columns.first).center().y}, Align::right, std::to_string(k),
              u.story() && u.slide.cell().c == k ? Tone::output_text : Tone::ink3);
}

}  // namespace

Scene build_unfold(const ViewInput& in) {
    const Unfold u(in);
    Easel easel(in);
    const float s = easel.scale();
    const Arrangement a = arrange(u, easel);
    easel.place_block(a.width, a.height);
    const bool weighs = u.slide.has_weights();
    const Grid* input = a.input_cell > 0 ? &add_input(easel, u.slide, "input", u.input_channel(), 0, 46 * s, a.input_cell) : nullptr;
    const Grid& matrix = add_matrix(easel, u, a);
    const Grid* weights = weighs ? &add_weights(easel, u, a) : nullptr;
    const Grid& output = add_output_rows(easel, u, a);
    if (input) {
        easel.add_name(*input, "Input", Tone::input_text, input_note(u));
        easel.add_indices(*input, u.window().h.in, u.window().w.in);
    }
    easel.add_name(matrix, "Unfolded", Tone::input_text, matrix_note(u, a));
    if (weights) easel.add_name(*weights, "Weights", Tone::kernel_text, "");
    easel.add_name(output, "Output", Tone::output_text, "");
    add_labels(easel, u, a, matrix, weights, output);
    add_marks(easel, u, a, input, matrix, weights, output);
    easel.add_caption(caption_of(u), a.height + 42 * s);
    return easel.finish();
}

}  // namespace convscope
