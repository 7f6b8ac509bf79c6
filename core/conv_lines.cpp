#include "core/conv_lines.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace convscope {
namespace {

constexpr int64_t kFewCells = 64;
constexpr int64_t kShortRow = 64;    // where calls for each row would take longer than its cells
constexpr int64_t kManyParts = 256;  // more would only be smaller

/// The value of places first, first + step, … of a row; zeros where there is no row or no cell.
void fill_line(float* line, int64_t count, const float* row, int64_t first, int64_t step,
               const WindowAxis& axis, PaddingMode mode) {
    if (!row) {
        std::fill(line, line + count, 0.0f);
        return;
    }
    const auto steps = [&](int64_t places) { return step == 1 ? places : floor_div(places, step); };
    const int64_t inside = std::clamp<int64_t>(-steps(first), 0, count);  // first place ≥ 0
    const int64_t after = std::clamp<int64_t>(steps(axis.in - 1 - first) + 1, inside, count);
    const auto copy_padding = [&](int64_t from, int64_t to) {
        if (mode == PaddingMode::zeros) return std::fill(line + from, line + to, 0.0f);
        for (int64_t i = from; i < to; ++i) {
            const auto cell = padded_cell(first + i * step, axis.in, mode);
            line[i] = cell ? row[*cell] : 0.0f;
        }
    };
    copy_padding(0, inside);
    if (step == 1) {
        std::copy(row + first + inside, row + first + after, line + inside);
    } else if (step == 2) {
        take_every_second(row + first + 2 * inside, line + inside, after - inside);
    } else {
        const float* from = row + first + inside * step;
        for (int64_t i = inside; i < after; ++i, from += step) line[i] = *from;
    }
    copy_padding(after, count);
}

}  // namespace

int64_t rows_in_part(int64_t rows, int64_t row_products, int64_t most, bool are_short) {
    const int64_t products =
        std::max(are_short ? 4 * kPartProducts : kPartProducts, rows * row_products / kManyParts);
    int64_t together =
        std::clamp<int64_t>(products / std::max<int64_t>(1, row_products), 1, std::min(most, rows));
    if (are_short && rows * row_products > kPartProducts / 2)
        together = std::min(together, (rows + 1) / 2);
    const int64_t parts = (rows + together - 1) / together;
    return (rows + parts - 1) / parts;
}

bool all_finite(const Tensor& tensor) {
    return std::ranges::all_of(tensor.values(), [](float value) { return std::isfinite(value); });
}

std::vector<Phase> phases_of(const WindowAxis& axis) {
    std::vector<Phase> phases(static_cast<size_t>(std::min(axis.stride, axis.in)));
    for (size_t i = 0; i < phases.size(); ++i) {
        phases[i].first = static_cast<int64_t>(i);
        phases[i].count = (axis.in - phases[i].first + axis.stride - 1) / axis.stride;
    }
    for (int64_t s = 0; s < axis.kernel; ++s) {
        // Narrow cell q lays kernel column s on wide column q·stride − pad + s·dilation.
        const int64_t corner = s * axis.dilation - axis.pad_before;
        const int64_t first = corner - floor_div(corner, axis.stride) * axis.stride;
        if (first < axis.in)
            phases[static_cast<size_t>(first)].columns.push_back(
                {s, -floor_div(corner, axis.stride)});
    }
    return phases;
}

Margins margins_of(const std::vector<Phase>& phases, int64_t cells) {
    Margins all;
    for (const Phase& phase : phases)
        for (const Phase::Column& column : phase.columns) {
            all.before = std::max(all.before, -column.shift);
            all.after = std::max(all.after, phase.count + column.shift - cells);
        }
    return all;
}

bool has_few_cells(const ConvGeometry& g) {
    return g.h.out * g.w.out <= kFewCells && g.narrow_per_group >= kMostLanes &&
           g.wide_per_group * g.taps() >= kFewCells;
}

const float* cells_under_windows(const ConvGeometry& g, const Tensor& wide) {
    std::vector<float>& cells = conv_scratch().windows;
    std::vector<int64_t>& rows = conv_scratch().places;  // under a window; −1: none
    cells.resize(
        static_cast<size_t>(g.narrow().plane() * g.batch * g.groups * g.wide_per_group * g.taps()));
    float* to = cells.data();
    for (int64_t group = 0; group < g.batch * g.groups; ++group)
        for (int64_t h = 0; h < g.h.out; ++h) {
            rows.clear();
            for (int64_t r = 0; r < g.h.kernel; ++r)
                rows.push_back(padded_cell(*g.h.input_place(h, r), g.h.in, g.mode).value_or(-1));
            for (int64_t w = 0; w < g.w.out; ++w) {
                const int64_t first = *g.w.input_place(w, 0);
                const bool is_inside = first >= 0 && first + g.w.span() <= g.w.in;
                const float* plane = wide.data() + group * g.wide_per_group * g.h.in * g.w.in;
                for (int64_t c = 0; c < g.wide_per_group; ++c, plane += g.h.in * g.w.in)
                    for (const int64_t row : rows) {
                        const float* const from = row < 0 ? nullptr : plane + row * g.w.in;
                        if (is_inside && from && g.w.dilation == 1)
                            for (int64_t s = 0; s < g.w.kernel; ++s) to[s] = from[first + s];
                        else
                            fill_line(to, g.w.kernel, from, first, g.w.dilation, g.w, g.mode);
                        to += g.w.kernel;
                    }
            }
        }
    return cells.data();
}

ConvScratch& conv_scratch() {
    thread_local ConvScratch scratch;
    return scratch;
}

WideLines::WideLines(const ConvGeometry& g) : g_(g) {
    // Kernel columns s and s + period read the same line.
    const int64_t period = g.w.stride / std::gcd(g.w.stride, g.w.dilation);
    for (int64_t s = 0; s < g.w.kernel; ++s) {
        const int64_t line = s % period, shift = s * g.w.dilation / g.w.stride;
        columns_.push_back({line, shift});
        if (s < period) {
            residues_.push_back(s * g.w.dilation % g.w.stride);
            shifts_.push_back(shift);
        }
        shifts_[static_cast<size_t>(line)] = longest_shift_ = shift;
    }
}

void WideLines::fill_all(float* to, const float* plane, int64_t row, int64_t rows, int64_t x,
                         int64_t cells) const {
    const int64_t floats = row_floats(cells);
    if (g_.w.stride != 1 || g_.mode != PaddingMode::zeros || cells > kShortRow) {
        for (int64_t i = 0; i < rows; ++i) fill(to + i * floats, plane, row + i, x, cells);
        return;
    }
    std::fill(to, to + rows * floats, 0.0f);
    const int64_t column = x - g_.w.pad_before;  // under the line's first float
    const int64_t top = std::max<int64_t>(0, -row), left = std::max<int64_t>(0, -column);
    const int64_t height = std::min(rows, g_.h.in - row) - top;
    const int64_t width = std::min(floats, g_.w.in - column) - left;
    if (width > 0)
        copy_rows(plane + (row + top) * g_.w.in + column + left, g_.w.in, to + top * floats + left,
                  floats, height, width);
}

void WideLines::fill(float* to, const float* plane, int64_t row, int64_t x, int64_t cells) const {
    const std::optional<int64_t> cell =
        row >= 0 && row < g_.h.in ? row : padded_cell(row, g_.h.in, g_.mode);
    for (size_t i = 0; i < residues_.size(); ++i)
        fill_line(to + static_cast<int64_t>(i) * line_floats(cells), cells + shifts_[i],
                  cell ? plane + *cell * g_.w.in : nullptr,
                  x * g_.w.stride - g_.w.pad_before + residues_[i], g_.w.stride, g_.w, g_.mode);
}

}  // namespace convscope
