#include "core/conv_lines.h"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace convscope {
namespace {

constexpr int64_t kFewCells = 64;
constexpr int64_t kShortRow = 96;    // where calls for each row would take longer than its cells
constexpr int64_t kManyParts = 256;  // more would only be smaller

/// Some places of a padded axis.
struct Places {
    int64_t first = 0, step = 1, count = 0;

    /// Which of them are cells of an axis of `in`.
    std::pair<int64_t, int64_t> inside(int64_t in) const {
        const auto steps = [&](int64_t at) { return step == 1 ? at : floor_div(at, step); };
        const int64_t begin = std::clamp<int64_t>(-steps(first), 0, count);
        return {begin, std::clamp<int64_t>(steps(in - 1 - first) + 1, begin, count)};
    }
};

/// The values at some places of a row; zeros where there is no row or no cell.
void fill_line(float* line, const float* row, const Places& places, int64_t in, PaddingMode mode) {
    if (!row) {
        std::fill(line, line + places.count, 0.0f);
        return;
    }
    const auto [begin, end] = places.inside(in);
    const auto copy_padding = [&](int64_t from, int64_t to) {
        if (mode == PaddingMode::zeros) return std::fill(line + from, line + to, 0.0f);
        for (int64_t i = from; i < to; ++i) {
            const auto cell = padded_cell(places.first + i * places.step, in, mode);
            line[i] = cell ? row[*cell] : 0.0f;
        }
    };
    copy_padding(0, begin);
    const float* from = row + places.first + begin * places.step;
    if (places.step <= 2)
        copy_rows({.from = from, .stride = places.step, .to = line + begin, .cells = end - begin});
    else
        for (int64_t i = begin; i < end; ++i, from += places.step) line[i] = *from;
    copy_padding(end, places.count);
}

/// The values at some rows and columns of a wide plane, a line of `floats` floats for each row.
void fill_lines(float* to, int64_t floats, const float* plane, const Places& rows,
                const Places& columns, const ConvGeometry& g) {
    if (g.mode != PaddingMode::zeros || columns.step > 2 || floats > kShortRow) {
        for (int64_t i = 0; i < rows.count; ++i, to += floats) {
            const auto cell = padded_cell(rows.first + i * rows.step, g.h.in, g.mode);
            fill_line(to, cell ? plane + *cell * g.w.in : nullptr, columns, g.w.in, g.mode);
        }
        return;
    }
    std::fill(to, to + rows.count * floats, 0.0f);
    const auto [top, bottom] = rows.inside(g.h.in);
    const auto [left, right] = columns.inside(g.w.in);
    if (top < bottom && left < right)
        copy_rows({.from = plane + (rows.first + top * rows.step) * g.w.in + columns.first +
                           left * columns.step,
                   .from_step = rows.step * g.w.in,
                   .stride = columns.step,
                   .to = to + top * floats + left,
                   .to_step = floats,
                   .rows = bottom - top,
                   .cells = right - left});
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

WindowCells cells_under_windows(const ConvGeometry& g, const Tensor& wide) {
    constexpr int64_t kFour = 4;  // floats copied at once: the next ones overwrite what is too much
    const int64_t whole = (g.w.kernel + kFour - 1) / kFour * kFour;
    const int64_t windows = g.h.out * g.w.out, terms = g.wide_per_group * g.taps();
    const auto covers = [](const WindowAxis& axis) {
        return axis.out == 1 && axis.pad_before == 0 && axis.kernel == axis.in;
    };
    if (covers(g.h) && covers(g.w)) return {wide.data(), terms};
    // From a window to the next one an odd number of cache lines: else all windows' cells would push each other out.
    const int64_t step = ((terms + kFour + kMostLanes - 1) / kMostLanes | 1) * kMostLanes;
    ConvScratch& scratch = conv_scratch();
    scratch.windows.resize(static_cast<size_t>(g.batch * g.groups * windows * step));
    // Each plane is copied with its padding first, where that is less than what is read of it.
    const int64_t height = (g.h.out - 1) * g.h.stride + g.h.span();
    const int64_t width = (g.w.out - 1) * g.w.stride + g.w.span();
    const bool is_padded = g.w.dilation == 1 && height <= 2 * windows * g.taps() / width;
    if (is_padded) scratch.lines.resize(static_cast<size_t>(height * width + kFour));
    const float* plane = wide.data();
    for (int64_t i = 0; i < g.batch * g.groups * g.wide_per_group; ++i, plane += g.h.in * g.w.in) {
        if (is_padded)
            fill_lines(scratch.lines.data(), width, plane, {-g.h.pad_before, 1, height},
                       {-g.w.pad_before, 1, width}, g);
        float* window = scratch.windows.data() + i / g.wide_per_group * windows * step +
                        i % g.wide_per_group * g.taps();
        for (int64_t h = 0; h < g.h.out; ++h)
            for (int64_t w = 0; w < g.w.out; ++w, window += step) {
                float* to = window;
                for (int64_t r = 0; r < g.h.kernel; ++r, to += g.w.kernel)
                    if (is_padded) {
                        const float* const from = scratch.lines.data() +
                                                  (h * g.h.stride + r * g.h.dilation) * width +
                                                  w * g.w.stride;
                        for (int64_t s = 0; s < whole; s += kFour)
                            std::memcpy(to + s, from + s, kFour * sizeof(float));
                    } else {
                        const auto cell = padded_cell(*g.h.input_place(h, r), g.h.in, g.mode);
                        fill_line(to, cell ? plane + *cell * g.w.in : nullptr,
                                  {*g.w.input_place(w, 0), g.w.dilation, g.w.kernel}, g.w.in,
                                  g.mode);
                    }
            }
    }
    return {scratch.windows.data(), step};
}

ConvScratch& conv_scratch() {
    thread_local ConvScratch scratch;
    return scratch;
}

WideLines::Axis::Axis(const WindowAxis& axis, bool is_apart) {
    // Otherwise kernel cells k and k + period have the same residue.
    const int64_t period =
        is_apart ? axis.kernel : axis.stride / std::gcd(axis.stride, axis.dilation);
    for (int64_t k = 0; k < axis.kernel; ++k) {
        const int64_t at = k * axis.dilation, shift = is_apart ? 0 : at / axis.stride;
        places.push_back({k % period, shift});
        if (k < period) {
            residues.push_back(at - shift * axis.stride);
            shifts.push_back(shift);
        }
        shifts[static_cast<size_t>(k % period)] = longest = shift;
    }
}

int64_t WideLines::Axis::count(int64_t windows) const {
    return std::accumulate(shifts.begin(), shifts.end(), windows * std::ssize(residues));
}

/// Rows that lie far apart are copied for each kernel row, with nothing of what lies between.
WideLines::Axis WideLines::rows_axis(const ConvGeometry& g, int64_t rows) {
    Axis together(g.h, false), apart(g.h, true);
    return apart.count(rows) < together.count(rows) ? apart : together;
}

WideLines::WideLines(const ConvGeometry& g, int64_t rows)
    : g_(g), down_(rows_axis(g, rows)), across_(g.w, false) {}

int64_t WideLines::fitting_rows(const ConvGeometry& g, int64_t cells, int64_t floats) {
    const Axis across(g.w, false);
    const int64_t lines = floats / (std::ssize(across.residues) * (cells + across.longest));
    int64_t most = 1;
    for (const bool is_apart : {false, true}) {
        const Axis down(g.h, is_apart);
        most = std::max(most, (lines - down.count(0)) / std::ssize(down.residues));
    }
    return most;
}

void WideLines::fill(float* to, const float* plane, int64_t h, int64_t rows, int64_t x,
                     int64_t cells) const {
    for (size_t r = 0; r < down_.residues.size(); ++r)
        for (size_t s = 0; s < across_.residues.size(); ++s, to += block(rows, cells))
            fill_lines(to, line_floats(cells), plane,
                       {h * g_.h.stride - g_.h.pad_before + down_.residues[r], g_.h.stride,
                        rows + down_.shifts[r]},
                       {x * g_.w.stride - g_.w.pad_before + across_.residues[s], g_.w.stride,
                        cells + across_.shifts[s]},
                       g_);
}

}  // namespace convscope
