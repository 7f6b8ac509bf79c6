// The matrix view: the layer as a sparse matrix times the flattened input. A row is an output cell, a column an input
// cell; a transposed layer is the transpose of the same matrix.
#include <algorithm>

#include "app/scene/fonts.h"
#include "app/scene/numbers.h"
#include "app/views/so_far.h"

namespace convscope {
namespace {

constexpr int64_t kMostNumbers = 24;     // rows and columns above which entries are dots, with a lens
constexpr int64_t kMostEntries = 4000;   // rows × columns drawn as dots; beyond it only the rows around the current one

float f(int64_t n) { return static_cast<float>(n); }

/// The matrix of one output plane and one input plane of the shown channels.
struct Matrix {
    const ViewInput& in;
    const LayerResult& layer;
    const Window& window;
    const Tensor& weights;
    std::optional<Story> story;
    Moment moment;
    int64_t rows, columns;               // output cells, input cells

    explicit Matrix(const ViewInput& view_input)
        : in(view_input),
          layer(in.result->layers[static_cast<size_t>(in.layer)]),
          window(*layer.plan.window),
          weights(in.result->document.layers[static_cast<size_t>(in.layer)].weights[0]),
          story(tell_output(in)),
          moment(moment_at(in, in.step)),
          rows(window.h.out * window.w.out),
          columns(window.h.in * window.w.in) {}

    Index cell() const { return story ? story->cell : Index{in.shown.n, in.shown.out_channel, 0, 0}; }
    int64_t input_channel() const {
        if (moment.input) return moment.input->c;
        return cell().c / window.out_per_group * window.in_per_group;
    }
    Index output_at(int64_t row) const { return {cell().n, cell().c, row / window.w.out, row % window.w.out}; }
    Index input_at(int64_t column) const {
        return {cell().n, input_channel(), column / window.w.in, column % window.w.in};
    }
    int64_t row_of(Index output) const { return output.h * window.w.out + output.w; }
    int64_t column_of(Index input) const { return input.h * window.w.in + input.w; }

    /// The input cell whose value the term reads; none for zeros of the padding and the bias.
    std::optional<Index> reads(const Term& term) const {
        if (term.a.source != Source::input || term.b.source != Source::weight) return {};
        return term.a.cell;
    }
    std::optional<int64_t> current_row() const {
        if (!story) return {};
        return row_of(story->cell);
    }
    std::optional<int64_t> current_column() const {
        if (story && story->current >= 0) {
            const auto input = reads(*story->term());
            return input ? std::optional(column_of(*input)) : std::nullopt;
        }
        if (!moment.input || in.timeline->order() != Order::by_input) return {};
        const auto h = padded_cell(moment.input->h, window.h.in, window.mode);
        const auto w = padded_cell(moment.input->w, window.w.in, window.mode);
        return h && w ? std::optional(column_of({0, 0, *h, *w})) : std::nullopt;
    }
};

/// Σ of the weights with which output `row` reads each input cell of the channel, by column. Where a padding mode copies,
/// one input cell may be read through several weights.
struct Entry {
    double value = 0;
    Index weight;
    int count = 0;
};
std::vector<Entry> row_entries(const Matrix& m, int64_t row) {
    std::vector<Entry> entries(static_cast<size_t>(m.columns));
    for (const Term& term : explain(*m.in.result, m.in.layer, m.layer.plan.output, m.output_at(row)).terms) {
        const auto input = m.reads(term);
        if (!input || input->c != m.input_channel()) continue;
        Entry& entry = entries[static_cast<size_t>(m.column_of(*input))];
        entry.value += term.b_value;
        entry.weight = term.b.cell;
        ++entry.count;
    }
    return entries;
}

/// Which rows and columns are drawn: all, or a lens of kMostNumbers around the current ones.
struct Range {
    int64_t first = 0, count = 0;
    bool whole(int64_t of) const { return count == of; }
    bool holds(int64_t i) const { return i >= first && i < first + count; }
};
Range around(int64_t of, int64_t most, std::optional<int64_t> current) {
    if (of <= most) return {0, of};
    const int64_t first = std::clamp<int64_t>(current.value_or(0) - most / 2, 0, of - most);
    return {first, most};
}

std::string place(Index cell) { return fmt::format("({}, {})", cell.h, cell.w); }

Caption caption_of(const Matrix& m) {
    Caption caption;
    const ViewInput& in = m.in;
    if (in.stale) {
        caption.runs = {plain(in.stale_reason)};
        caption.second = in.stale_advice;
        return caption;
    }
    if (!in.leads) {
        if (m.story && m.story->current >= 0 && !m.current_column()) caption.second = "The matrix has no column for this term.";
        return caption;
    }
    caption.second =
        m.window.transposed()
            ? "Each column is one stamp. It is the transpose of the convolution's matrix with the same kernel."
            : "Each row is one window. The transposed layer with the same kernel uses this matrix's transpose.";
    if (!m.story) {
        caption.runs = {plain("Every output is a row of this matrix times the input.")};
        return caption;
    }
    const Story& story = *m.story;
    const std::string sum = number_text_short(story.sum);
    const NumberSource total = sum_source(in, story);
    const Term* term = story.current >= 0 ? story.term() : nullptr;
    const auto column = m.current_column();
    if (term && column) {
        caption.runs = {plain(fmt::format("Row {}, column {}: ", m.row_of(story.cell), *column)),
                        number(number_text_short(term->b_value), Tone::kernel_text, {value_at(term->b)}),
                        plain(" times input "),
                        number(place(term->a.cell) + " = " + number_text_short(term->a_value), Tone::input_text,
                               {value_at(term->a)}),
                        plain(" is "), number(number_text_short(term->product), Tone::ink, {product_of(*term)}),
                        plain(story.complete ? ", the sum is " : ", the sum so far is "),
                        number(sum, Tone::output_text, {total}), plain(".")};
    } else if (term) {
        const bool bias = term->b.source != Source::weight;
        caption.runs = {plain(bias ? "The bias " : "Padding, which is in no column, adds "),
                        number(number_text_short(term->product), bias ? Tone::kernel_text : Tone::ink2, {product_of(*term)}),
                        plain(bias ? " is added after the matrix, the total is " : ", the sum so far is "),
                        number(sum, Tone::output_text, {total}), plain(".")};
    } else {
        caption.runs = {plain(fmt::format("Row {} times the input is output ", m.row_of(story.cell))),
                        number(place(story.cell) + " = " + sum, Tone::output_text, {total}), plain(".")};
    }
    return caption;
}

/// The whole matrix as dots: one pixel an entry where it is small enough, else sampled rows.
void add_overview(Easel& easel, const Matrix& m, const Range& rows, const Range& columns, Point corner, float room) {
    const float s = easel.scale();
    const float side = std::min(room / f(std::max(m.rows, m.columns)), 4 * s);
    const int64_t row_step = std::max<int64_t>(1, m.rows * m.columns / (kMostEntries * 16));
    Plate ground;
    ground.box = {corner.x, corner.y, f(m.columns) * side, f(m.rows) * side};
    ground.fill = Tone::canvas;
    ground.border = Tone::line2;
    ground.border_px = 1 * s;
    easel.scene.plates.push_back(ground);
    size_t dots = 0;
    for (int64_t row = 0; row < m.rows && dots < 20000; row += row_step) {
        for (const Term& term : explain(*m.in.result, m.in.layer, m.layer.plan.output, m.output_at(row)).terms) {
            const auto input = m.reads(term);
            if (!input || input->c != m.input_channel()) continue;
            Plate dot;
            const float size = std::max(side, 1.f);
            dot.box = {corner.x + f(m.column_of(*input)) * side, corner.y + f(row) * side, size, size};
            dot.fill = Tone::kernel_line;
            easel.scene.plates.push_back(dot);
            ++dots;
        }
    }
    Plate lens;
    lens.box = {corner.x + f(columns.first) * side, corner.y + f(rows.first) * side, f(columns.count) * side,
                f(rows.count) * side};
    lens.border = Tone::ink;
    lens.border_px = 1.5f * s;
    easel.scene.plates.push_back(lens);
    easel.scene.labels.push_back({{corner.x, corner.y - 14 * s}, Align::left, 12 * s,
                                  {{fmt::format("all {}×{}", m.rows, m.columns), Font::mono, Tone::ink3}}});
}

}  // namespace

Scene build_matrix(const ViewInput& in) {
    const Matrix m(in);
    Easel easel(in);
    const float s = easel.scale();
    const bool large = m.rows > kMostNumbers || m.columns > kMostNumbers;
    const float overview = large && !in.pane ? 190 * s : 0;
    // Row names, matrix, ×, input column, =, output column.
    const float names = (in.pane ? 46 : 54) * s, sign = (in.pane ? 34 : 40) * s, top = 52 * s, air = (in.pane ? 12 : 30) * s;
    // The lens has as many entries as can be read.
    const float readable = 26 * s;
    const auto lens = [&](float room) {
        return std::clamp<int64_t>(static_cast<int64_t>(room / readable), in.pane ? 5 : 6, kMostNumbers);
    };
    // The input's column is as high as the matrix is wide.
    const int64_t high = lens(easel.room_height() - top);
    const int64_t wide = lens(easel.room_width() - names - 2 * (sign + readable) - overview - air);
    const Range rows = around(m.rows, large ? high : kMostNumbers, m.current_row());
    const Range columns = around(m.columns, large ? std::min(wide, high) : kMostNumbers, m.current_column());
    const auto width_for = [&](float cell) { return names + f(columns.count) * cell + sign + cell + sign + cell + overview; };
    const float cell = largest_cell(s, [&](float side) {
        return side <= 46 * s && width_for(side) + air <= easel.room_width() &&
               top + f(std::max(rows.count, columns.count)) * side <= easel.room_height();
    });
    const float height = top + f(std::max(rows.count, columns.count)) * cell;
    easel.place_block(width_for(cell) + (large ? air : 0), height);

    GridSpec spec{"matrix", Role::kernel, names, top, cell, rows.count, columns.count};
    spec.first_row = rows.first;
    spec.first_column = columns.first;
    Grid& matrix = easel.add_grid(spec);
    const int decimals = plane_decimals(m.weights, 0, 0);
    const auto row_now = m.current_row(), column_now = m.current_column();
    for (int64_t r = rows.first; r < rows.first + rows.count; ++r) {
        const auto entries = row_entries(m, r);
        for (int64_t c = columns.first; c < columns.first + columns.count; ++c) {
            Cell* at = matrix.cell(r, c);
            if (!at) continue;
            const Entry& entry = entries[static_cast<size_t>(c)];
            set_number(*at, entry.value, entry.count ? decimals : 0);
            at->from = {{"entry", {Source::stage, m.layer.plan.output, m.output_at(r)}, {Source::input, 0, m.input_at(c)}}};
            if (entry.count == 1) at->ref = {Source::weight, 0, entry.weight};
            const bool crossing = r == row_now && c == column_now;
            if (entry.count == 0) at->state = CellState::ground;
            else if (crossing) at->state = CellState::current;
            else if (r == row_now || c == column_now) at->state = CellState::contributing;
        }
    }

    const auto column_grid = [&](const char* name, Role role, float x, const Tensor& tensor, const Range& range,
                                 Source source, int which) -> Grid& {
        GridSpec one;
        one.name = name;
        one.role = role;
        one.x = x;
        one.y = top;
        one.cell = cell;
        one.rows = range.count;
        one.columns = 1;
        one.first_row = range.first;
        one.editable = source == Source::input && in.layer == 0;
        Grid& grid = easel.add_grid(one);
        const Index plane = source == Source::input ? m.input_at(0) : m.output_at(0);
        const int places = plane_decimals(tensor, plane.n, plane.c);
        for (int64_t r = range.first; r < range.first + range.count; ++r)
            if (Cell* at = grid.cell(r, 0)) {
                at->ref = {source, which, source == Source::input ? m.input_at(r) : m.output_at(r)};
                set_number(*at, static_cast<double>(tensor.at(at->ref.cell)), places);
            }
        return grid;
    };
    const float input_x = names + f(columns.count) * cell + sign;
    Grid& input = column_grid("input", Role::input, input_x, m.layer.input, columns, Source::input, 0);
    Grid& output = column_grid("output", Role::output, input_x + cell + sign, m.layer.op_output(), rows, Source::stage,
                               m.layer.plan.output);
    if (column_now)
        if (Cell* at = input.cell(*column_now, 0)) at->state = CellState::current;
    // The output column so far: the same sums as in every view.
    const SumsSoFar sums(in, m.output_at(0));
    for (int64_t r = rows.first; r < rows.first + rows.count; ++r)
        if (Cell* at = output.cell(r, 0)) sums.show(*at, m.output_at(r), false);

    const Tone grey = Tone::ink3;
    const auto name_at = [&](const Grid& grid, const char* name, Tone tone, Align align, float up = 0) {
        const float x = align == Align::left ? grid.box.x : grid.box.center().x;
        easel.scene.labels.push_back({{x, grid.box.y - (34 + up) * s}, align, 14 * s,
                                      {{name, Font::semibold, in.stale ? grey : tone}}});
    };
    // Names that have no room side by side stand one above the other.
    const float half_input = name_width("Input", "") * s / 2, gap = 6 * s;
    const bool crowded =
        input.box.center().x + half_input + gap > output.box.center().x - name_width("Output", "") * s / 2 ||
        input.box.center().x - half_input - gap < matrix.box.x + name_width("Kernel", "") * s;
    name_at(matrix, "Kernel", Tone::kernel_text, Align::left);
    name_at(input, "Input", Tone::input_text, Align::center, crowded ? 18.f : 0.f);
    name_at(output, "Output", Tone::output_text, Align::center);
    const auto size_note = fmt::format("{}×{}", m.rows, m.columns) +
                           (m.window.in_per_group > 1 ? fmt::format(", input channel {}", m.input_channel()) : "");
    const float note_x = matrix.box.x + (name_width("Kernel", "") + 8) * s;
    const bool fits = note_x + text_width(Font::mono, 12.5f * s, size_note) < input.box.x - 16 * s;
    if (!in.pane && fits)
        easel.scene.labels.push_back({{note_x, matrix.box.y - 34 * s}, Align::left, 12.5f * s,
                                      {{size_note, Font::mono, grey}}});
    const float index_size = 10.5f * s;
    if (cell >= 13 * s)
        for (int64_t r = rows.first; r < rows.first + rows.count; ++r)
            easel.scene.labels.push_back({{matrix.box.x - 8 * s, matrix.cell_box(r, columns.first).center().y}, Align::right,
                                          index_size,
                                          {{place(m.output_at(r)), Font::mono, r == row_now ? Tone::output_text : grey}}});
    const bool room_for_columns = cell >= 28 * s;
    for (int64_t c = columns.first; room_for_columns && c < columns.first + columns.count; ++c) {
        const Index at = m.input_at(c);
        easel.scene.labels.push_back({{matrix.cell_box(rows.first, c).center().x, matrix.box.y - 10 * s}, Align::center,
                                      index_size,
                                      {{fmt::format("{},{}", at.h, at.w), Font::mono,
                                        c == column_now ? Tone::input_text : grey}}});
    }
    const auto sign_between = [&](const Grid& left, const char* text, float y) {
        easel.scene.labels.push_back({{left.box.right() + sign / 2, y}, Align::center, 16 * s, {{text, Font::mono, Tone::ink2}}});
    };
    const float middle = input.box.y + std::min(input.box.h, output.box.h) / 2;
    sign_between(matrix, "×", middle);
    sign_between(input, "=", middle);
    if (row_now && rows.holds(*row_now))
        easel.add_outline(cells_box(matrix, *row_now, columns.first, *row_now, columns.first + columns.count - 1),
                          Tone::output_line, 2.5f, 4);
    if (column_now && columns.holds(*column_now))
        easel.add_outline(cells_box(matrix, rows.first, *column_now, rows.first + rows.count - 1, *column_now),
                          Tone::input_line, 2.5f, 4);
    if (overview > 0)
        add_overview(easel, m, rows, columns, {output.box.right() + 40 * s, matrix.box.y}, overview - 20 * s);
    easel.add_caption(caption_of(m), height + 42 * s);
    return easel.finish();
}

}  // namespace convscope
