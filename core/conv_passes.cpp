#include "core/conv_passes.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/dense_passes.h"
#include "core/row_sums.h"

namespace convscope {
namespace {

constexpr int64_t kLineFloats = int64_t(1)
                                << 18;  // lines that stay in the second-level cache, if they can
constexpr int64_t kMostFloats = int64_t(1) << 24;
constexpr int64_t kCallProducts = int64_t(1) << 23;  // between two questions for cancellation

/// The value of places first, first + step, … of a row; zeros where there is no row or no cell.
void fill_line(float* line, int64_t count, const float* row, int64_t first, int64_t step,
               const WindowAxis& axis, PaddingMode mode) {
    if (!row) {
        std::fill(line, line + count, 0.0f);
        return;
    }
    const int64_t inside =
        std::clamp<int64_t>(-floor_div(first, step), 0, count);  // first place ≥ 0
    const int64_t after =
        std::clamp<int64_t>(floor_div(axis.in - 1 - first, step) + 1, inside, count);
    const auto copy_padding = [&](int64_t from, int64_t to) {
        for (int64_t i = from; i < to; ++i) {
            const auto cell = padded_cell(first + i * step, axis.in, mode);
            line[i] = cell ? row[*cell] : 0.0f;
        }
    };
    copy_padding(0, inside);
    if (step == 1) {
        std::copy(row + first + inside, row + first + after, line + inside);
    } else {
        const float* from = row + first + inside * step;
        for (int64_t i = inside; i < after; ++i, from += step) line[i] = *from;
    }
    copy_padding(after, count);
}

/// Where a kernel column finds its cells when a padded row is dealt into `stride` lines, so that neighbouring windows
/// read neighbouring floats.
struct Column {
    int64_t line = 0, shift = 0;
};

/// Wide rows as lines: straight from the tensor where no padding or stride is in the way, else copied.
class WideLines {
  public:
    explicit WideLines(const ConvGeometry& g)
        : g_(g),
          is_direct_(g.w.stride == 1 && g.w.pad_before == 0 && g.w.pad_after == 0 &&
                     g.h.pad_before == 0 && g.h.pad_after == 0) {
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

    bool is_direct() const { return is_direct_; }
    /// Floats that the lines of one row of `cells` windows take.
    int64_t row_floats(int64_t cells) const { return lines() * line_floats(cells); }
    int64_t lines() const { return static_cast<int64_t>(residues_.size()); }
    /// Offset of kernel column s in the lines of a row of `cells` windows.
    int64_t offset(int64_t s, int64_t cells) const {
        const Column column = columns_[static_cast<size_t>(s)];
        return column.line * line_floats(cells) + column.shift;
    }
    /// Writes the lines of one wide row (place `row` of a plane) for windows [x, x + count), count ≤ cells.
    void fill(float* to, int64_t cells, const float* plane, int64_t row, int64_t x,
              int64_t count) const {
        const auto cell = padded_cell(row, g_.h.in, g_.mode);
        for (size_t i = 0; i < residues_.size(); ++i)
            fill_line(to + static_cast<int64_t>(i) * line_floats(cells), count + shifts_[i],
                      cell ? plane + *cell * g_.w.in : nullptr,
                      x * g_.w.stride - g_.w.pad_before + residues_[i], g_.w.stride, g_.w, g_.mode);
    }

  private:
    int64_t line_floats(int64_t cells) const { return cells + longest_shift_; }

    const ConvGeometry& g_;
    bool is_direct_;
    std::vector<Column> columns_;
    std::vector<int64_t> residues_;  // of the lines
    std::vector<int64_t> shifts_;    // longest one of each line
    int64_t longest_shift_ = 0;
};

/// Wide columns first, first + stride, … hear the same kernel columns, each through neighbouring narrow cells.
struct Phase {
    int64_t first = 0, count = 0;
    struct Tap {
        int64_t column = 0,
                shift =
                    0;  // kernel column; wide column first + j·stride hears narrow cell j + shift
    };
    std::vector<Tap> taps;
};

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
            phases[static_cast<size_t>(first)].taps.push_back({s, -floor_div(corner, axis.stride)});
    }
    return phases;
}

/// A row of stamps on some wide row: which kernel row falls there, and from which narrow row.
struct StampRow {
    int64_t kernel_row = 0, row = 0;
};

/// Narrow rows lengthened by zeros on both sides, so that one call serves all cells of a phase. Not when 0 · weight could
/// be NaN, and not when there would be far more zeros than values: then every cell is added up for itself.
class NarrowLines {
  public:
    NarrowLines(const ConvGeometry& g, const std::vector<Phase>& phases, bool may_lengthen)
        : g_(g) {
        int64_t after = 0;
        for (const Phase& phase : phases)
            for (const Phase::Tap& tap : phase.taps) {
                before_ = std::max(before_, -tap.shift);
                after = std::max(after, phase.count + tap.shift - g.w.out);
            }
        length_ = before_ + g.w.out + after;
        const int64_t lines = g.narrow_per_group * std::min(g.h.kernel, g.h.out);
        is_direct_ = length_ == g.w.out;
        is_whole_ = is_direct_ || (may_lengthen && length_ <= kMostFloats / lines);
        if (is_whole_ && !is_direct_) floats_ = lines * length_;
    }

    /// All cells of a phase at once.
    bool is_whole() const { return is_whole_; }
    int64_t floats() const { return floats_; }

    /// Copies the rows of all channels into `scratch`, whose other floats stay zero; what the taps' sources count from.
    const float* fill(std::vector<float>& scratch, const float* planes,
                      const std::vector<StampRow>& rows) const {
        if (scratch.empty()) return planes;
        float* to = scratch.data() + before_;
        for (int64_t c = 0; c < g_.narrow_per_group; ++c)
            for (const StampRow& row : rows) {
                const float* const from = planes + (c * g_.h.out + row.row) * g_.w.out;
                std::copy(from, from + g_.w.out, to);
                to += length_;
            }
        return scratch.data() + before_;
    }

    /// The taps of cell j of a phase (and of the following ones, when whole).
    void collect(std::vector<Tap>& taps, const std::vector<StampRow>& rows, const Phase& phase,
                 int64_t j) const {
        taps.clear();
        int64_t line = 0;
        for (int64_t c = 0; c < g_.narrow_per_group; ++c)
            for (const StampRow& row : rows) {
                const int64_t source =
                    floats_ > 0 ? line++ * length_ : (c * g_.h.out + row.row) * g_.w.out;
                const int64_t weight =
                    (c * g_.wide_per_group * g_.h.kernel + row.kernel_row) * g_.w.kernel;
                for (const Phase::Tap& tap : phase.taps)
                    if (const int64_t at = j + tap.shift; is_whole_ || (at >= 0 && at < g_.w.out))
                        taps.push_back({source + at, weight + tap.column});
            }
    }

  private:
    const ConvGeometry& g_;
    bool is_direct_ = false, is_whole_ = false;
    int64_t before_ = 0, length_ = 0, floats_ = 0;
};

bool all_finite(const Tensor& tensor) {
    return std::ranges::all_of(tensor.values(), [](float value) { return std::isfinite(value); });
}

}  // namespace

bool Meter::spend(int64_t products) {
    unasked_ += products;
    if (unasked_ < kCallProducts / 2) return true;
    done_ += static_cast<double>(unasked_);
    unasked_ = 0;
    if (progress_.report) progress_.report(std::min(1.0, done_ / std::max(1.0, all_)));
    return !progress_.stop();
}

bool add_up_metered(const RowSums& sums, Meter& meter) {
    const int64_t taps = std::max<int64_t>(1, static_cast<int64_t>(sums.taps.size()));
    const int64_t cells = std::max<int64_t>(64, kCallProducts / taps / 4);
    const int64_t channels =
        std::max<int64_t>(4, kCallProducts / taps / std::min(cells, sums.cells) / 4 * 4);
    for (int64_t channel = 0; channel < sums.channels; channel += channels)
        for (int64_t x = 0; x < sums.cells; x += cells) {
            RowSums part = sums;
            part.source += x;
            part.weight += channel * sums.weight_step;
            if (sums.bias) part.bias += channel;
            part.out += channel * sums.out_channel_step + x * sums.out_step;
            part.channels = std::min(channels, sums.channels - channel);
            part.cells = std::min(cells, sums.cells - x);
            add_up(part);
            if (!meter.spend(taps * part.channels * part.cells)) return false;
        }
    return true;
}

bool gather_windows(const ConvGeometry& g, const Tensor& wide, const Tensor& weight,
                    const Tensor* bias, Tensor& narrow, Meter& meter) {
    if (is_dense(g)) return gather_dense(g, wide, weight, bias, narrow, meter);
    const WideLines lines(g);
    const int64_t rows = g.wide_per_group * g.h.kernel;  // wide rows under one row of windows
    int64_t cells = g.w.out;
    if (!lines.is_direct()) {
        const int64_t fitting = kLineFloats / (rows * lines.lines()) / 64 * 64;
        cells = std::min(cells, std::max<int64_t>(64, fitting));
    }
    std::vector<float> scratch;
    if (!lines.is_direct()) scratch.resize(static_cast<size_t>(rows * lines.row_floats(cells)));

    std::vector<Tap> taps;
    for (int64_t c = 0; c < g.wide_per_group; ++c)
        for (int64_t r = 0; r < g.h.kernel; ++r)
            for (int64_t s = 0; s < g.w.kernel; ++s)
                taps.push_back(
                    {lines.is_direct()
                         ? (c * g.h.in + r * g.h.dilation) * g.w.in + s * g.w.dilation
                         : (c * g.h.kernel + r) * lines.row_floats(cells) + lines.offset(s, cells),
                     static_cast<int64_t>(taps.size())});

    RowSums sums{.taps = taps,
                 .weight_step = static_cast<int64_t>(taps.size()),
                 .out_step = 1,
                 .out_channel_step = g.h.out * g.w.out,
                 .channels = g.narrow_per_group};
    float* const out = narrow.mutate().data();
    for (int64_t n = 0; n < g.batch; ++n)
        for (int64_t group = 0; group < g.groups; ++group) {
            const int64_t first_channel = group * g.narrow_per_group;
            const float* const planes =
                wide.data() + wide.shape().offset({n, group * g.wide_per_group, 0, 0});
            sums.weight = weight.data() + first_channel * sums.weight_step;
            sums.bias = bias ? bias->data() + first_channel : nullptr;
            for (int64_t h = 0; h < g.h.out; ++h)
                for (int64_t x = 0; x < g.w.out; x += cells) {
                    const int64_t corner = h * g.h.stride - g.h.pad_before;
                    sums.cells = std::min(cells, g.w.out - x);
                    if (lines.is_direct()) {
                        sums.source = planes + corner * g.w.in + x;
                    } else {
                        sums.source = scratch.data();
                        for (int64_t row = 0; row < rows; ++row)
                            lines.fill(scratch.data() + row * lines.row_floats(cells), cells,
                                       planes + row / g.h.kernel * g.h.in * g.w.in,
                                       corner + row % g.h.kernel * g.h.dilation, x, sums.cells);
                    }
                    sums.out = out + narrow.shape().offset({n, first_channel, h, x});
                    if (!add_up_metered(sums, meter)) return false;
                }
        }
    return true;
}

bool spread_stamps(const ConvGeometry& g, const Tensor& narrow, const Tensor& weight,
                   const Tensor* bias, Tensor& wide, Meter& meter) {
    if (is_dense(g)) return spread_dense(g, narrow, weight, bias, wide, meter);
    const std::vector<Phase> phases = phases_of(g.w);
    const NarrowLines lines(g, phases, all_finite(weight));
    std::vector<float> scratch(static_cast<size_t>(lines.floats()), 0.0f);
    float* const out = wide.mutate().data();
    RowSums sums{.weight_step = g.taps(),
                 .out_step = g.w.stride,
                 .out_channel_step = g.h.in * g.w.in,
                 .channels = g.wide_per_group};
    std::vector<Tap> taps;
    std::vector<StampRow> rows;
    for (int64_t n = 0; n < g.batch; ++n)
        for (int64_t group = 0; group < g.groups; ++group) {
            const int64_t wide_channel = group * g.wide_per_group;
            const int64_t narrow_channel = group * g.narrow_per_group;
            const float* const planes =
                narrow.data() + narrow.shape().offset({n, narrow_channel, 0, 0});
            sums.weight = weight.data() + narrow_channel * g.wide_per_group * g.taps();
            sums.bias = bias ? bias->data() + wide_channel : nullptr;
            for (int64_t h = 0; h < g.h.in; ++h) {
                rows.clear();
                for (int64_t r = 0; r < g.h.kernel; ++r)
                    if (auto row = g.h.output_place(h, r)) rows.push_back({r, *row});
                sums.source = lines.fill(scratch, planes, rows);
                for (const Phase& phase : phases) {
                    const int64_t together = lines.is_whole() ? phase.count : 1;
                    for (int64_t j = 0; j < phase.count; j += together) {
                        lines.collect(taps, rows, phase, j);
                        sums.taps = taps;
                        sums.cells = together;
                        sums.out = out + wide.shape().offset(
                                             {n, wide_channel, h, phase.first + j * g.w.stride});
                        if (!add_up_metered(sums, meter)) return false;
                    }
                }
            }
        }
    return true;
}

bool correlate(const ConvGeometry& g, const Tensor& wide, const Tensor& narrow, Tensor& weight,
               Meter& meter) {
    if (is_dense(g)) return correlate_dense(g, wide, narrow, weight, meter);
    const WideLines lines(g);
    std::vector<float> scratch;
    if (!lines.is_direct()) scratch.resize(static_cast<size_t>(lines.row_floats(g.w.out)));
    std::vector<double> sums(static_cast<size_t>(g.narrow_per_group * g.taps()));
    float* const out = weight.mutate().data();
    for (int64_t group = 0; group < g.groups; ++group)
        for (int64_t c = 0; c < g.wide_per_group; ++c) {
            std::ranges::fill(sums, 0.0);
            for (int64_t n = 0; n < g.batch; ++n) {
                const float* const plane =
                    wide.data() + wide.shape().offset({n, group * g.wide_per_group + c, 0, 0});
                for (int64_t h = 0; h < g.h.out; ++h)
                    for (int64_t r = 0; r < g.h.kernel; ++r) {
                        const int64_t place = h * g.h.stride - g.h.pad_before + r * g.h.dilation;
                        if (!lines.is_direct())
                            lines.fill(scratch.data(), g.w.out, plane, place, 0, g.w.out);
                        for (int64_t o = 0; o < g.narrow_per_group; ++o) {
                            const float* const row =
                                narrow.data() +
                                narrow.shape().offset({n, group * g.narrow_per_group + o, h, 0});
                            double* const sum = sums.data() + (o * g.h.kernel + r) * g.w.kernel;
                            for (int64_t s = 0; s < g.w.kernel; ++s)
                                sum[s] += dot(lines.is_direct()
                                                  ? plane + place * g.w.in + s * g.w.dilation
                                                  : scratch.data() + lines.offset(s, g.w.out),
                                              row, g.w.out);
                            if (!meter.spend(g.w.kernel * g.w.out)) return false;
                        }
                    }
            }
            for (int64_t o = 0; o < g.narrow_per_group; ++o)
                for (int64_t t = 0; t < g.taps(); ++t)
                    out[((group * g.narrow_per_group + o) * g.wide_per_group + c) * g.taps() + t] =
                        static_cast<float>(sums[static_cast<size_t>(o * g.taps() + t)]);
        }
    return true;
}

void sum_channels(const Tensor& grad_output, Tensor& grad_bias) {
    const Shape shape = grad_output.shape();
    for (int64_t c = 0; c < shape.c; ++c) {
        double sum = 0;
        for (int64_t n = 0; n < shape.n; ++n) {
            const float* const plane = grad_output.data() + shape.offset({n, c, 0, 0});
            for (int64_t i = 0; i < shape.plane(); ++i) sum += static_cast<double>(plane[i]);
        }
        grad_bias.set({0, c, 0, 0}, static_cast<float>(sum));
    }
}

Tensor& stage_tensor(const Plan& plan, std::span<Tensor> stages, int stage) {
    Tensor& tensor = stages[static_cast<size_t>(stage)];
    const Shape shape = plan.stages[static_cast<size_t>(stage)].shape;
    if (tensor.empty() || tensor.shape() != shape) tensor = Tensor(shape);
    return tensor;
}

bool is_wanted(std::span<const int> wanted, int stage) {
    return std::ranges::find(wanted, stage) != wanted.end();
}

}  // namespace convscope
