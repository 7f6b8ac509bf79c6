// The coverage view: how often each input cell is read and from how many inputs each output cell is made; what the
// floor drops; for transposed layers the overlap of the stamps, and what an input of ones would give.
#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "app/scene/fonts.h"
#include "app/scene/numbers.h"
#include "app/views/easel.h"
#include "app/views/story.h"

namespace convscope {
namespace {

constexpr float kDarkest = 0.62f;       // shade of the largest count: digits stay readable on it
constexpr size_t kMostLegend = 8;       // rows of the legend

float f(int64_t n) { return static_cast<float>(n); }

/// Per output cell: kernel cells that meet the input itself, not its padding.
std::vector<int64_t> inputs_per_output(const WindowAxis& axis) {
    if (axis.transposed) return axis.terms_per_output();
    std::vector<int64_t> counts;
    for (int64_t o = 0; o < axis.out; ++o) {
        int64_t count = 0;
        for (int64_t k = 0; k < axis.kernel; ++k) {
            const int64_t place = *axis.input_place(o, k);
            count += place >= 0 && place < axis.in;
        }
        counts.push_back(count);
    }
    return counts;
}

/// Counts of a plane: a product of one count per axis.
struct Counts {
    std::vector<int64_t> rows, columns;
    int64_t at(int64_t row, int64_t column) const {
        return rows[rows.size() == 1 ? 0 : static_cast<size_t>(row)] *
               columns[columns.size() == 1 ? 0 : static_cast<size_t>(column)];
    }
    int64_t least() const { return *std::ranges::min_element(rows) * *std::ranges::min_element(columns); }
    int64_t most() const { return *std::ranges::max_element(rows) * *std::ranges::max_element(columns); }
    /// Count → how many cells have it.
    std::map<int64_t, int64_t> histogram(int64_t height, int64_t width) const {
        const auto tally = [](const std::vector<int64_t>& counts, int64_t extent) {
            std::map<int64_t, int64_t> cells;
            if (counts.size() == 1) cells[counts[0]] = extent;
            else for (const int64_t count : counts) ++cells[count];
            return cells;
        };
        std::map<int64_t, int64_t> cells;
        for (const auto& [row, many] : tally(rows, height))
            for (const auto& [column, more] : tally(columns, width)) cells[row * column] += many * more;
        return cells;
    }
};

struct Coverage {
    const ViewInput& in;
    const LayerResult& layer;
    const Window& window;
    Counts reads, makes;
    std::optional<Index> cell;           // output cell under the play head

    explicit Coverage(const ViewInput& view_input)
        : in(view_input),
          layer(in.result->layers[static_cast<size_t>(in.layer)]),
          window(*layer.plan.window),
          reads{window.h.reads_per_input(window.mode), window.w.reads_per_input(window.mode)},
          makes{inputs_per_output(window.h), inputs_per_output(window.w)},
          cell(moment_at(in, in.step).output) {}

    bool output_first() const { return window.transposed(); }
    bool has_ones() const { return (window.transposed() || in.compared) && !layer.plan.weights.empty(); }
    int64_t unread() const {
        const auto cells = reads.histogram(window.h.in, window.w.in);
        const auto none = cells.find(0);
        return none == cells.end() ? 0 : none->second;
    }
    Index plane() const { return cell ? Index{cell->n, cell->c, 0, 0} : Index{in.shown.n, in.shown.out_channel, 0, 0}; }
};

/// What the output cell would be for an input of ones: the sum of the weights that reach it.
double of_ones(const Coverage& c, Index cell) {
    double sum = 0;
    for (const Term& term : explain(*c.in.result, c.in.layer, c.layer.plan.output, cell).terms)
        if (term.b.source == Source::weight && !term.padding) sum += term.b_value;
    return sum;
}

/// Away from the edges, where every stamp that could reach a cell exists: is the overlap the same everywhere?
bool is_even(const WindowAxis& axis) {
    return axis.dilation == 1 ? axis.kernel % axis.stride == 0 : axis.stride == 1;
}

Caption caption_of(const Coverage& c) {
    Caption caption;
    if (c.in.stale) {
        caption.runs = {plain(c.in.stale_reason)};
        caption.second = c.in.stale_advice;
        return caption;
    }
    const auto range = [](const Counts& counts) {
        return counts.least() == counts.most() ? std::to_string(counts.most())
                                               : fmt::format("{} to {}", counts.least(), counts.most());
    };
    if (c.in.compared && !c.in.leads) {
        caption.second = fmt::format("Resized first, every cell inside adds {}.", c.makes.most());
        return caption;
    }
    if (c.window.transposed()) {
        caption.runs = {plain("Each output cell is the sum of "), number(range(c.makes), Tone::output_text),
                        plain(c.makes.most() == 1 ? " product." : " products.")};
        const bool even = is_even(c.window.h) && is_even(c.window.w);
        if (!even)
            caption.second = fmt::format("Kernel {} is no multiple of stride {}: stamps overlap unevenly, a checkerboard.",
                                         to_text(Value(Pair{c.window.h.kernel, c.window.w.kernel})),
                                         to_text(Value(Pair{c.window.h.stride, c.window.w.stride})));
        else
            caption.second = c.has_ones() ? "Inside, stamps overlap evenly; what is still uneven comes from the weights."
                                          : "Inside, stamps overlap evenly.";
        return caption;
    }
    caption.runs = {plain("Each input cell is read "), number(range(c.reads), Tone::input_text),
                    plain(c.reads.most() == 1 ? " time." : " times.")};
    const int64_t unread = c.unread(), all = c.window.h.in * c.window.w.in;
    const int64_t bottom = std::max<int64_t>(0, c.window.h.leftover()), right = std::max<int64_t>(0, c.window.w.leftover());
    if (unread > 0)
        caption.second = fmt::format("{} of {} input cells are never read.", unread, all);
    else if (c.reads.least() < c.reads.most())
        caption.second = "Cells at the edge lie in fewer windows than those in the middle.";
    if (bottom + right > 0) {
        const auto words = [](int64_t n, const char* what) { return n == 1 ? fmt::format("one {}", what) : fmt::format("{} {}s", n, what); };
        std::string dropped = bottom > 0 ? words(bottom, "row") + " at the bottom" : "";
        if (right > 0) dropped += (dropped.empty() ? "" : " and ") + words(right, "column") + " at the right";
        caption.second += fmt::format("{}The floor drops {}.", caption.second.empty() ? "" : " ", dropped);
    }
    return caption;
}

void fill(Grid& grid, const Counts& counts, const Coverage& c, bool hatch, const char* statistic) {
    const auto most = static_cast<float>(std::max<int64_t>(1, counts.most()));
    grid.shaded_by_role = true;
    for (int64_t r = grid.shown_row; r < grid.shown_row + grid.shown_rows; ++r)
        for (int64_t w = grid.shown_column; w < grid.shown_column + grid.shown_columns; ++w) {
            Cell& cell = *grid.cell(r, w);
            const int64_t count = counts.at(r, w);
            cell.ref = {};
            cell.statistic = statistic;
            set_number(cell, static_cast<double>(count), 0);
            cell.shade = kDarkest * static_cast<float>(count) / most;
            if (hatch && count == 0) {
                cell.state = CellState::leftover;
                cell.shade = -2;
            }
            if (c.in.stale) cell.shade = -2;
        }
}

NumberSource cells_with(Role role, int64_t count) {
    NumberSource source{role == Role::input ? "cells read so often" : "cells made of so many"};
    source.first = count;
    return source;
}

/// "9 × 25 cells": one row a count, largest first.
void add_legend(Easel& easel, const std::map<int64_t, int64_t>& cells, float x, float y, Role role) {
    const float s = easel.scale();
    const auto most = static_cast<float>(std::max<int64_t>(1, cells.rbegin()->first));
    size_t rows = 0;
    for (auto it = cells.rbegin(); it != cells.rend() && rows < kMostLegend; ++it, ++rows) {
        const Point at = easel.at(x, y + static_cast<float>(rows) * 22 * s);
        Plate swatch;
        swatch.box = {at.x, at.y - 7 * s, 14 * s, 14 * s};
        swatch.fill = it->first == 0 ? Tone::canvas : tone_of(role, Part::line);
        swatch.fill_alpha = it->first == 0 ? 1 : std::max(0.12f, kDarkest * static_cast<float>(it->first) / most);
        swatch.border = Tone::line2;
        swatch.border_px = 1 * s;
        easel.scene.plates.push_back(swatch);
        easel.scene.labels.push_back({{at.x + 22 * s, at.y}, Align::left, 12.5f * s,
                                      {{std::to_string(it->first), Font::mono_bold, Tone::ink},
                                       {fmt::format("  {} {}", it->second, it->second == 1 ? "cell" : "cells"), Font::inter,
                                        Tone::ink3, {cells_with(role, it->first)}}}});
    }
    if (cells.size() > kMostLegend) {
        const Point at = easel.at(x, y + static_cast<float>(rows) * 22 * s);
        easel.scene.labels.push_back({{at.x + 22 * s, at.y}, Align::left, 12 * s,
                                      {{fmt::format("and {} more", cells.size() - kMostLegend), Font::inter, Tone::ink3}}});
    }
}

/// What an input of ones would give: where that is uneven, so is every output.
void fill_ones(Grid& ones, const Coverage& c) {
    const Index plane = c.plane();
    std::vector<float> values;
    for (int64_t r = ones.shown_row; r < ones.shown_row + ones.shown_rows; ++r)
        for (int64_t col = ones.shown_column; col < ones.shown_column + ones.shown_columns; ++col)
            values.push_back(static_cast<float>(of_ones(c, {plane.n, plane.c, r, col})));
    const int decimals = decimals_for(values);
    float largest = 1e-30f;
    for (const float v : values)
        if (std::isfinite(v)) largest = std::max(largest, std::abs(v));
    for (size_t i = 0; i < ones.cells.size(); ++i) {
        const int64_t row = ones.shown_row + static_cast<int64_t>(i) / ones.shown_columns;
        const int64_t column = ones.shown_column + static_cast<int64_t>(i) % ones.shown_columns;
        set_number(ones.cells[i], static_cast<double>(values[i]), decimals);
        ones.cells[i].from = {
            {"of ones", {Source::stage, c.layer.plan.output, {plane.n, plane.c, row, column}}}};
        if (!c.in.stale) ones.cells[i].shade = kDarkest * values[i] / largest;
    }
}

/// Beside another layer only the output counts, and what ones would give where there is room for both with digits.
Scene build_compared(const Coverage& c) {
    Easel easel(c.in);
    const float s = easel.scale(), top = 34 * s, gap = easel.gap(), least = 28 * s;
    const Shape shape = c.layer.op_output().shape();
    const float named = (name_width("Output", "products a cell") - 40) * s;
    const auto width = [&](float side, bool two) {
        return (two ? 2 : 1) * std::max(f(shape.w) * side, named) + (two ? gap : 0);
    };
    const auto height = [&](float side, bool two) {
        return (two ? 2 : 1) * (top + f(shape.h) * side) + (two ? top : 0);
    };
    const auto cell_of = [&](bool across, bool down) {
        return largest_cell(s, [&](float side) {
            return width(side, across) <= easel.room_width() && height(side, down) <= easel.room_height();
        });
    };
    const float across_cell = cell_of(true, false), down_cell = cell_of(false, true);
    const bool two = c.has_ones() && std::max(across_cell, down_cell) >= least;
    const bool across = two && across_cell >= down_cell;
    const float cell = two ? std::max(across_cell, down_cell) : cell_of(false, false);
    easel.place_block(width(cell, across), height(cell, two && !across));
    const auto grid_at = [&](const char* name, float x, float y, Ref origin) -> Grid& {
        GridSpec spec{name, Role::output, x, y, cell, shape.h, shape.w};
        spec.origin = origin;
        return easel.add_grid(spec);
    };
    Grid& output = grid_at("output", 0, top, {Source::stage, c.layer.plan.output, c.plane()});
    fill(output, c.makes, c, false, "inputs");
    easel.add_name(output, "Output", Tone::output_text, "products a cell");
    easel.add_indices(output, shape.h, shape.w);
    if (c.cell && c.in.step > 0)
        easel.add_outline(cells_box(output, c.cell->h, c.cell->w, c.cell->h, c.cell->w), Tone::output_line, 3, 4);
    if (two) {
        Grid& ones = grid_at("ones", across ? std::max(f(shape.w) * cell, named) + gap : 0,
                             across ? top : 3 * top + f(shape.h) * cell, {});
        fill_ones(ones, c);
        easel.add_name(ones, "Of ones", Tone::output_text, "an all-ones input");
    }
    easel.add_caption(caption_of(c), height(cell, two && !across) + 42 * s);
    return easel.finish();
}

}  // namespace

Scene build_coverage(const ViewInput& in) {
    const Coverage c(in);
    if (in.compared) return build_compared(c);
    Easel easel(in);
    const float s = easel.scale(), top = 34 * s, gap = easel.gap(), legend = 110 * s;
    // A transposed layer's overlap comes first: that is where the checkerboard is.
    const bool output_first = c.output_first();
    const std::string output_note = c.window.transposed() ? "stamps that overlap" : "inputs it is made of";
    // Above few columns the names are the wider ones.
    const auto wide = [&](int64_t columns, float side, const char* name, const std::string& note) {
        return std::max(f(columns) * side, (name_width(name, note) - 40) * s);
    };
    const auto widths = [&](float side) {
        return std::array{wide(c.window.w.in, side, "Input", "times read"),
                          wide(c.window.w.out, side, "Output", output_note),
                          c.has_ones() ? wide(c.window.w.out, side, "Of ones", "an all-ones input") : 0.f};
    };
    // In a row, or in narrow panes one below the other.
    struct Places {
        float cell = 0, width = 0, height = 0;
        Point input, output, ones;
    };
    const auto places_for = [&](float side, bool stacked) {
        Places p;
        p.cell = side;
        const auto w = widths(side);
        const float in_h = f(c.window.h.in) * side, out_h = f(c.window.h.out) * side, under = 52 * s;
        const auto put = [&](Point& at, float width, float height) {
            if (stacked) {
                at = {0, p.height + (p.height > 0 ? under : top)};
                p.width = std::max(p.width, width);
                p.height = at.y + height;
            } else {
                at = {p.width > 0 ? p.width + gap : 0, top};
                p.width = at.x + width;
                p.height = std::max(p.height, top + height);
            }
        };
        if (!output_first) put(p.input, w[0], in_h);
        put(p.output, w[1], out_h);
        if (c.has_ones()) put(p.ones, w[2], out_h);
        if (output_first) put(p.input, w[0], in_h);
        return p;
    };
    const float legend_width = in.pane ? 0 : legend;
    const auto largest = [&](bool stacked) {
        return places_for(largest_cell(s, [&](float side) {
            const Places q = places_for(side, stacked);
            return q.width + legend_width <= easel.room_width() && q.height <= easel.room_height();
        }), stacked);
    };
    Places p = largest(false);
    if (in.pane && p.cell < 26 * s)
        if (const Places stacked = largest(true); stacked.cell > p.cell) p = stacked;
    const float cell = p.cell, block_height = std::max(p.height, in.pane ? 0 : 220 * s);
    easel.place_block(p.width + legend_width, block_height);

    const auto grid_at = [&](const char* name, Role role, Point at, const Shape& shape, Ref origin) -> Grid& {
        GridSpec spec{name, role, at.x, at.y, cell, shape.h, shape.w};
        spec.origin = origin;
        return easel.add_grid(spec);
    };
    const Shape in_shape = c.layer.input.shape(), out_shape = c.layer.op_output().shape();
    const Index plane = c.plane();
    const int64_t channel = plane.c / c.window.out_per_group * c.window.in_per_group;
    Grid& input = grid_at("input", Role::input, p.input, in_shape, {Source::input, 0, {plane.n, channel, 0, 0}});
    fill(input, c.reads, c, true, "times read");
    Grid& output = grid_at("output", Role::output, p.output, out_shape, {Source::stage, c.layer.plan.output, plane});
    fill(output, c.makes, c, false, "inputs");
    easel.add_name(input, "Input", Tone::input_text, "times read");
    easel.add_name(output, "Output", Tone::output_text, output_note);
    easel.add_indices(input, in_shape.h, in_shape.w);
    easel.add_indices(output, out_shape.h, out_shape.w);
    if (c.has_ones()) {
        Grid& ones = grid_at("ones", Role::output, p.ones, out_shape, {});
        fill_ones(ones, c);
        easel.add_name(ones, "Of ones", Tone::output_text, "an all-ones input");
    }
    if (!in.pane)
        add_legend(easel, output_first ? c.makes.histogram(out_shape.h, out_shape.w) : c.reads.histogram(in_shape.h, in_shape.w),
                   p.width + 18 * s, top + 8 * s, output_first ? Role::output : Role::input);
    if (c.cell && in.step > 0) {
        // The window under the play head, on the input as far as it lies there.
        const auto [top_row, bottom_row] = c.window.h.transposed ? std::pair<int64_t, int64_t>{0, -1}
                                                                 : std::pair{*c.window.h.input_place(c.cell->h, 0),
                                                                             *c.window.h.input_place(c.cell->h, c.window.h.kernel - 1)};
        if (bottom_row >= top_row) {
            const int64_t left = *c.window.w.input_place(c.cell->w, 0);
            const int64_t right = *c.window.w.input_place(c.cell->w, c.window.w.kernel - 1);
            easel.add_outline(cells_box(input, std::max<int64_t>(0, top_row), std::max<int64_t>(0, left),
                                        std::min(in_shape.h - 1, bottom_row), std::min(in_shape.w - 1, right)),
                              Tone::kernel_line, 3, 5);
        }
        easel.add_outline(cells_box(output, c.cell->h, c.cell->w, c.cell->h, c.cell->w), Tone::output_line, 3, 4);
    }
    easel.add_caption(caption_of(c), block_height + 42 * s);
    return easel.finish();
}

}  // namespace convscope
