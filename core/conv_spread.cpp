// spread_stamps: each wide cell is the sum over the windows on it. No zeros are put between cells and nothing is scattered:
// under a stride s every s-th wide cell hears the same kernel cells, so each such *phase* is a plain sum over neighbours.
// Only where there are few narrow cells, but many channels, are stamps made and then added up.
#include <algorithm>
#include <cmath>

#include "core/conv_lines.h"
#include "core/dense_passes.h"
#include "core/kernels/stream.h"

namespace convscope {
namespace {

constexpr int64_t kPartProducts = int64_t(1)
                                  << 23;  // a part of the work: about a tenth of a millisecond
constexpr int64_t kMostPartRows = 32;
constexpr int64_t kMostFloats = int64_t(1) << 24;
constexpr int64_t kTile = 256;     // cells of a phase that are made before they are dealt out
constexpr int64_t kPacked = 8;     // channels made together
constexpr int64_t kFewCells = 64;  // so few narrow cells are stamped one by one

bool all_finite(const Tensor& tensor) {
    return std::ranges::all_of(tensor.values(), [](float value) { return std::isfinite(value); });
}

/// Wide columns first, first + stride, … hear the same kernel columns, each through neighbouring narrow cells.
struct Phase {
    int64_t first = 0, count = 0;
    struct Column {
        int64_t column = 0, shift = 0;  // wide column first + j·stride hears narrow cell j + shift
    };
    std::vector<Column> columns;
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
            phases[static_cast<size_t>(first)].columns.push_back(
                {s, -floor_div(corner, axis.stride)});
    }
    return phases;
}

class Spread {
  public:
    Spread(const ConvGeometry& g, const Tensor& narrow, const Tensor& weight, const Tensor* bias,
           Tensor& wide)
        : g_(g),
          narrow_(narrow),
          bias_(bias ? bias->data() : nullptr),
          out_(wide.mutate().data()),
          phases_(phases_of(g.w)) {
        const int64_t row_products =
            std::max<int64_t>(1, g.products() / (g.batch * g.groups * g.h.in));
        rows_ =
            std::clamp<int64_t>(kPartProducts / row_products, 1, std::min(kMostPartRows, g.h.in));
        int64_t after = 0;
        for (const Phase& phase : phases_)
            for (const Phase::Column& column : phase.columns) {
                before_ = std::max(before_, -column.shift);
                after = std::max(after, phase.count + column.shift - g.w.out);
            }
        line_floats_ = before_ + g.w.out + after;
        // Narrow rows are lengthened by zeros on both sides, so that one call serves all cells of a phase. Not when 0 · weight
        // could be NaN, and not when there would be far more zeros than values: then every cell is added up for itself.
        is_direct_ = line_floats_ == g.w.out;
        const int64_t lines = g.narrow_per_group * std::min(g.h.kernel * rows_, g.h.out);
        is_whole_ = is_direct_ || (line_floats_ <= kMostFloats / lines && all_finite(weight));
        for (int64_t group = 0; group < g.groups; ++group)
            weights_.emplace_back(
                weight.data() + group * g.narrow_per_group * g.wide_per_group * g.taps(),
                g.wide_per_group, g.taps(), g.taps(), g.narrow_per_group,
                g.wide_per_group * g.taps());
        is_streamed_ = should_stream(wide.shape().count() * 4) && g.w.stride <= 2 &&
                       g.w.in % (g.w.stride * kMostLanes) == 0 &&
                       reinterpret_cast<uintptr_t>(out_) % (kMostLanes * sizeof(float)) == 0;
    }

    int64_t parts() const { return g_.batch * g_.groups * parts_per_group(); }

    void part(int64_t i) const {
        const int64_t group = i / parts_per_group(), first = i % parts_per_group() * rows_;
        const int64_t end = std::min(first + rows_, g_.h.in);
        ConvScratch& scratch = conv_scratch();
        if (is_whole_ && !is_direct_) copy_lines(scratch, group, first, end);
        for (int64_t h = first; h < end; ++h)
            if (is_whole_)
                make_row(scratch, group, h);
            else
                make_cells(scratch, group, h);
        if (is_streamed_) finish_stream();
    }

  private:
    int64_t parts_per_group() const { return (g_.h.in + rows_ - 1) / rows_; }
    /// Group i counts through all samples.
    const float* planes(int64_t i) const {
        return narrow_.data() + i * g_.narrow_per_group * g_.h.out * g_.w.out;
    }
    float* row(int64_t i, int64_t h) const {
        return out_ + (i * g_.wide_per_group * g_.h.in + h) * g_.w.in;
    }

    RowSums sums_of(int64_t group) const {
        return {.weights = &weights_[static_cast<size_t>(group % g_.groups)],
                .bias = bias_ ? bias_ + group % g_.groups * g_.wide_per_group : nullptr};
    }

    /// Copies the narrow rows that reach the wide rows first…end−1, with zeros at both ends; their numbers are `places`.
    void copy_lines(ConvScratch& scratch, int64_t group, int64_t first, int64_t end) const {
        scratch.places.clear();
        for (int64_t h = first; h < end; ++h)
            for (int64_t r = 0; r < g_.h.kernel; ++r)
                if (const auto q = g_.h.output_place(h, r)) scratch.places.push_back(*q);
        std::ranges::sort(scratch.places);
        scratch.places.erase(std::ranges::unique(scratch.places).begin(), scratch.places.end());
        const auto count = static_cast<int64_t>(scratch.places.size());
        scratch.lines.resize(static_cast<size_t>(g_.narrow_per_group * count * line_floats_));
        float* to = scratch.lines.data();
        for (int64_t c = 0; c < g_.narrow_per_group; ++c)
            for (const int64_t q : scratch.places) {
                const float* const from = planes(group) + (c * g_.h.out + q) * g_.w.out;
                std::fill(to, to + before_, 0.0f);
                std::copy(from, from + g_.w.out, to + before_);
                std::fill(to + before_ + g_.w.out, to + line_floats_, 0.0f);
                to += line_floats_;
            }
    }

    /// The taps of all cells of a phase; with `cell` only those that lie inside for that one.
    void collect(ConvScratch& scratch, int64_t group, int64_t h, const Phase& phase,
                 std::optional<int64_t> cell = {}) const {
        scratch.taps.clear();
        const bool is_copied = is_whole_ && !is_direct_;
        const auto count = static_cast<int64_t>(scratch.places.size());
        for (int64_t r = 0; r < g_.h.kernel; ++r) {
            const auto q = g_.h.output_place(h, r);
            if (!q) continue;
            const int64_t slot =
                is_copied ? std::ranges::lower_bound(scratch.places, *q) - scratch.places.begin()
                          : 0;
            for (int64_t c = 0; c < g_.narrow_per_group; ++c) {
                const float* const line =
                    is_copied ? scratch.lines.data() + (c * count + slot) * line_floats_ + before_
                              : planes(group) + (c * g_.h.out + *q) * g_.w.out;
                for (const Phase::Column& column : phase.columns) {
                    const int64_t at = cell.value_or(0) + column.shift;
                    if (!cell || (at >= 0 && at < g_.w.out))
                        scratch.taps.push_back(
                            {line + at, c * g_.taps() + r * g_.w.kernel + column.column});
                }
            }
        }
    }

    /// A wide row of all channels, phase by phase.
    void make_row(ConvScratch& scratch, int64_t group, int64_t h) const {
        const int64_t plane = g_.h.in * g_.w.in;
        RowSums sums = sums_of(group);
        if (g_.w.stride == 1) {
            collect(scratch, group, h, phases_[0]);
            sums.taps = scratch.taps;
            sums.out = row(group, h);
            sums.out_channel_step = plane;
            sums.channels = g_.wide_per_group;
            sums.cells = phases_[0].count;
            sums.is_streamed = is_streamed_;
            add_up(sums);
            return;
        }
        const auto phases = static_cast<int64_t>(phases_.size());
        scratch.phase_taps.resize(phases_.size());
        for (size_t p = 0; p < phases_.size(); ++p) {
            collect(scratch, group, h, phases_[p]);
            std::swap(scratch.taps, scratch.phase_taps[p]);
        }
        scratch.sums.resize(static_cast<size_t>(phases * kPacked * kTile));
        const auto made = [&](int64_t p, int64_t c) {
            return scratch.sums.data() + (p * kPacked + c) * kTile;
        };
        for (int64_t x = 0; x < phases_[0].count; x += kTile)
            for (int64_t channel = 0; channel < g_.wide_per_group; channel += kPacked) {
                sums.first = channel;
                sums.channels = std::min(kPacked, g_.wide_per_group - channel);
                sums.shift = x;
                sums.out_channel_step = kTile;
                for (int64_t p = 0; p < phases; ++p) {
                    sums.taps = scratch.phase_taps[static_cast<size_t>(p)];
                    sums.cells = std::min(kTile, phases_[static_cast<size_t>(p)].count - x);
                    sums.out = made(p, 0);
                    if (sums.cells > 0) add_up(sums);
                }
                for (int64_t c = 0; c < sums.channels; ++c)
                    deal(made(0, c), row(group, h) + (channel + c) * plane + x * g_.w.stride, x);
            }
    }

    /// Writes cell x + j of every phase; those of phase p lie p · kPacked · kTile behind those of phase 0.
    void deal(const float* from, float* to, int64_t x) const {
        const auto phases = static_cast<int64_t>(phases_.size());
        const auto cells = [&](int64_t p) {
            return std::min(kTile, phases_[static_cast<size_t>(p)].count - x);
        };
        int64_t both = 0;
        if (phases == 2 && g_.w.stride == 2) {
            both = std::max<int64_t>(0, cells(1));
            interleave(from, from + kPacked * kTile, to, both, is_streamed_);
        }
        for (int64_t p = 0; p < phases; ++p)
            for (int64_t j = both; j < cells(p); ++j)
                to[j * g_.w.stride + p] = from[p * kPacked * kTile + j];
    }

    /// The same cell by cell, without the products that lie outside.
    void make_cells(ConvScratch& scratch, int64_t group, int64_t h) const {
        RowSums sums = sums_of(group);
        sums.channels = g_.wide_per_group;
        sums.out_channel_step = g_.h.in * g_.w.in;
        sums.cells = 1;
        for (const Phase& phase : phases_)
            for (int64_t j = 0; j < phase.count; ++j) {
                collect(scratch, group, h, phase, j);
                sums.taps = scratch.taps;
                sums.out = row(group, h) + phase.first + j * g_.w.stride;
                add_up(sums);
            }
    }

    const ConvGeometry& g_;
    const Tensor& narrow_;
    const float* bias_;
    float* out_;
    std::vector<Phase> phases_;
    std::vector<PackedWeights> weights_;
    int64_t rows_ = 1;                      // wide rows in a part
    int64_t before_ = 0, line_floats_ = 0;  // zeros in front of a copied narrow row, and its length
    bool is_direct_ = false, is_whole_ = false, is_streamed_ = false;
};

/// Stamps of all narrow cells of a group for some wide channels, as a product of matrices, and their sum. The weights are
/// read as they lie, once.
bool spread_few(const ConvGeometry& g, const Tensor& narrow, const Tensor& weight,
                const Tensor* bias, Tensor& wide, const Progress& progress) {
    const int64_t cells = g.h.out * g.w.out, stamp = g.taps(), plane = g.h.in * g.w.in;
    const int64_t chunk = std::clamp<int64_t>(
        kPartProducts / (cells * stamp * g.narrow_per_group) / kPacked * kPacked, kPacked,
        g.wide_per_group);
    const int64_t chunks = (g.wide_per_group + chunk - 1) / chunk;
    float* const out = wide.mutate().data();
    std::vector<PackedWeights> values;  // of each group: a "channel" is a narrow cell
    for (int64_t group = 0; group < g.batch * g.groups; ++group)
        values.emplace_back(narrow.data() + group * g.narrow_per_group * cells, cells, 1, 1,
                            g.narrow_per_group, cells);
    return run_parts(progress, g.batch * g.groups * chunks, [&](int64_t part) {
        const int64_t group = part / chunks, first = part % chunks * chunk;
        const int64_t channels = std::min(chunk, g.wide_per_group - first);
        ConvScratch& scratch = conv_scratch();
        scratch.taps.clear();
        for (int64_t c = 0; c < g.narrow_per_group; ++c)
            scratch.taps.push_back(
                {weight.data() +
                     ((group % g.groups * g.narrow_per_group + c) * g.wide_per_group + first) *
                         stamp,
                 c});
        scratch.sums.resize(static_cast<size_t>(cells * channels * stamp));
        add_up({.taps = scratch.taps,
                .weights = &values[static_cast<size_t>(group)],
                .out = scratch.sums.data(),
                .out_channel_step = channels * stamp,
                .channels = cells,
                .cells = channels * stamp});
        for (int64_t c = 0; c < channels; ++c) {
            const int64_t channel = group * g.wide_per_group + first + c;
            float* const to = out + channel * plane;
            const float start = bias ? bias->data()[channel % (g.groups * g.wide_per_group)] : 0.0f;
            std::fill(to, to + plane, start);
            for (int64_t cell = 0; cell < cells; ++cell) {
                const float* from = scratch.sums.data() + (cell * channels + c) * stamp;
                const int64_t top = cell / g.w.out * g.h.stride - g.h.pad_before;
                const int64_t left = cell % g.w.out * g.w.stride - g.w.pad_before;
                for (int64_t r = 0; r < g.h.kernel; ++r, from += g.w.kernel) {
                    const int64_t h = top + r * g.h.dilation;
                    if (h < 0 || h >= g.h.in) continue;
                    for (int64_t s = 0; s < g.w.kernel; ++s)
                        if (const int64_t w = left + s * g.w.dilation; w >= 0 && w < g.w.in)
                            to[h * g.w.in + w] += from[s];
                }
            }
        }
    });
}

bool has_few_cells(const ConvGeometry& g) {
    return g.h.out * g.w.out <= kFewCells && g.narrow_per_group >= kMostLanes &&
           g.wide_per_group * g.taps() >= kFewCells;
}

}  // namespace

bool spread_stamps(const ConvGeometry& g, const Tensor& narrow, const Tensor& weight,
                   const Tensor* bias, Tensor& wide, const Progress& progress) {
    if (is_dense(g)) return spread_dense(g, narrow, weight, bias, wide, progress);
    if (has_few_cells(g)) return spread_few(g, narrow, weight, bias, wide, progress);
    const Spread spread(g, narrow, weight, bias, wide);
    return run_parts(progress, spread.parts(), [&](int64_t i) { spread.part(i); });
}

}  // namespace convscope
