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

constexpr int64_t kMostPartRows = 32;
constexpr int64_t kMostFloats = int64_t(1) << 24;
constexpr int64_t kTile = 256;  // cells of a phase that are made before they are dealt out
constexpr int64_t kPacked = 8;  // channels made together

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

/// Wide row ph + j·stride_h of every phase ph of the rows hears the narrow rows j + shift. A part of the work is some j, with
/// all their phases.
class Spread {
  public:
    Spread(const ConvGeometry& g, const Tensor& narrow, const Tensor& weight, const Tensor* bias,
           Tensor& wide)
        : g_(g),
          narrow_(narrow),
          bias_(bias ? bias->data() : nullptr),
          out_(wide.mutate().data()),
          row_phases_(phases_of(g.h)),
          phases_(phases_of(g.w)),
          above_(margins(row_phases_, g.h.out)),
          beside_(margins(phases_, g.w.out)) {
        line_floats_ = beside_.before + g.w.out + beside_.after;
        is_direct_ = line_floats_ == g.w.out && above_.before == 0 && above_.after == 0;
        rows_ = rows_in_part(row_phases_[0].count,
                             g.products() / (g.batch * g.groups * row_phases_[0].count),
                             kMostPartRows, line_floats_ <= kTile);
        for (int64_t group = 0; group < g.groups; ++group)
            weights_.emplace_back(
                weight.data() + group * g.narrow_per_group * g.wide_per_group * g.taps(),
                g.wide_per_group, g.taps(), g.taps(), g.narrow_per_group,
                g.wide_per_group * g.taps());
        is_streamed_ = should_stream(wide.shape().count() * 4) && g.w.stride <= 2 &&
                       g.w.in % (g.w.stride * kMostLanes) == 0 &&
                       reinterpret_cast<uintptr_t>(out_) % (kMostLanes * sizeof(float)) == 0;
    }

    /// Narrow rows can be lengthened by zeros on all sides, so that one call serves all cells of a phase. Not when 0 · weight
    /// could be NaN, and not when there would be far more zeros than values.
    bool can_lengthen(const Tensor& weight) const {
        return is_direct_ || (band_floats() <= kMostFloats && all_finite(weight));
    }

    int64_t parts() const { return g_.batch * g_.groups * parts_per_group(); }

    void part(int64_t i) const {
        const int64_t group = i / parts_per_group(), first = i % parts_per_group() * rows_;
        ConvScratch& scratch = conv_scratch();
        if (!is_direct_) copy_band(scratch, group, first);
        for (size_t ph = 0; ph < row_phases_.size(); ++ph) {
            const int64_t rows = std::min(rows_, row_phases_[ph].count - first);
            if (rows > 0) make_rows(scratch, group, first, rows, ph);
        }
        if (is_streamed_) finish_stream();
    }

    /// A part without lengthened rows: every cell is added up for itself, without the products that lie outside.
    void part_by_cells(int64_t i) const {
        const int64_t group = i / parts_per_group(), first = i % parts_per_group() * rows_;
        ConvScratch& scratch = conv_scratch();
        RowSums sums = sums_of(group);
        sums.channels = g_.wide_per_group;
        sums.out_channel_step = g_.h.in * g_.w.in;
        sums.cells = 1;
        for (size_t ph = 0; ph < row_phases_.size(); ++ph)
            for (int64_t j = first; j < std::min(first + rows_, row_phases_[ph].count); ++j)
                for (const Phase& phase : phases_)
                    for (int64_t x = 0; x < phase.count; ++x) {
                        collect_inside(scratch.taps, group, row_phases_[ph], j, phase, x);
                        sums.taps = scratch.taps;
                        sums.out = row(group, ph, j) + phase.first + x * g_.w.stride;
                        add_up(sums);
                    }
    }

  private:
    /// Zeros that phases need in front of the narrow cells and behind them.
    struct Margins {
        int64_t before = 0, after = 0;
    };
    static Margins margins(const std::vector<Phase>& phases, int64_t cells) {
        Margins all;
        for (const Phase& phase : phases)
            for (const Phase::Column& column : phase.columns) {
                all.before = std::max(all.before, -column.shift);
                all.after = std::max(all.after, phase.count + column.shift - cells);
            }
        return all;
    }

    int64_t parts_per_group() const { return (row_phases_[0].count + rows_ - 1) / rows_; }
    int64_t band_rows() const { return rows_ + above_.before + most_shift(); }
    int64_t most_shift() const {
        int64_t most = 0;
        for (const Phase& phase : row_phases_)
            for (const Phase::Column& column : phase.columns) most = std::max(most, column.shift);
        return most;
    }
    int64_t band_floats() const { return g_.narrow_per_group * band_rows() * line_floats_; }

    /// Group i counts through all samples.
    const float* planes(int64_t i) const {
        return narrow_.data() + i * g_.narrow_per_group * g_.h.out * g_.w.out;
    }
    float* row(int64_t i, size_t ph, int64_t j) const {
        return out_ + (i * g_.wide_per_group * g_.h.in + row_phases_[ph].first + j * g_.h.stride) *
                          g_.w.in;
    }
    RowSums sums_of(int64_t group) const {
        return {.weights = &weights_[static_cast<size_t>(group % g_.groups)],
                .bias = bias_ ? bias_ + group % g_.groups * g_.wide_per_group : nullptr};
    }

    /// Copies the narrow rows first − before … first + rows_ − 1 + shift of all channels, with zeros all around.
    void copy_band(ConvScratch& scratch, int64_t group, int64_t first) const {
        scratch.lines.resize(static_cast<size_t>(band_floats()));
        float* to = scratch.lines.data();
        for (int64_t c = 0; c < g_.narrow_per_group; ++c)
            for (int64_t i = 0; i < band_rows(); ++i, to += line_floats_) {
                const int64_t q = first - above_.before + i;
                if (q < 0 || q >= g_.h.out) {
                    std::fill(to, to + line_floats_, 0.0f);
                    continue;
                }
                const float* const from = planes(group) + (c * g_.h.out + q) * g_.w.out;
                std::fill(to, to + beside_.before, 0.0f);
                std::copy(from, from + g_.w.out, to + beside_.before);
                std::fill(to + beside_.before + g_.w.out, to + line_floats_, 0.0f);
            }
    }

    /// The taps of the first row of a part, for a phase of the rows and one of the columns.
    void collect(std::vector<Tap>& taps, const ConvScratch& scratch, int64_t group, int64_t first,
                 const Phase& row_phase, const Phase& phase) const {
        taps.clear();
        const float* const from =
            is_direct_ ? planes(group) + first * g_.w.out
                       : scratch.lines.data() + above_.before * line_floats_ + beside_.before;
        const int64_t channel = (is_direct_ ? g_.h.out : band_rows()) * line_floats_;
        for (const Phase::Column& r : row_phase.columns)
            for (int64_t c = 0; c < g_.narrow_per_group; ++c)
                for (const Phase::Column& s : phase.columns)
                    taps.push_back({from + c * channel + r.shift * line_floats_ + s.shift,
                                    c * g_.taps() + r.column * g_.w.kernel + s.column});
    }

    void collect_inside(std::vector<Tap>& taps, int64_t group, const Phase& row_phase, int64_t j,
                        const Phase& phase, int64_t x) const {
        taps.clear();
        for (const Phase::Column& r : row_phase.columns)
            for (int64_t c = 0; c < g_.narrow_per_group; ++c)
                for (const Phase::Column& s : phase.columns)
                    if (const int64_t q = j + r.shift, at = x + s.shift;
                        q >= 0 && q < g_.h.out && at >= 0 && at < g_.w.out)
                        taps.push_back({planes(group) + (c * g_.h.out + q) * g_.w.out + at,
                                        c * g_.taps() + r.column * g_.w.kernel + s.column});
    }

    /// Some rows of one phase, all channels: made phase by phase of the columns, eight channels at a time, then dealt out.
    /// Short rows are worked through as one long row, with the margins between them.
    void make_rows(ConvScratch& scratch, int64_t group, int64_t first, int64_t rows,
                   size_t ph) const {
        const auto phases = static_cast<int64_t>(phases_.size());
        scratch.phase_taps.resize(phases_.size());
        for (size_t p = 0; p < phases_.size(); ++p)
            collect(scratch.phase_taps[p], scratch, group, first, row_phases_[ph], phases_[p]);
        const bool is_flat = line_floats_ <= kTile;
        const int64_t together = is_flat ? std::max<int64_t>(1, kTile / line_floats_) : 1;
        const int64_t room = is_flat ? together * line_floats_ : kTile;
        scratch.sums.resize(static_cast<size_t>(phases * kPacked * room));
        RowSums sums = sums_of(group);
        sums.out_channel_step = room;
        for (int64_t j = 0; j < rows; j += together)
            for (int64_t x = 0; x < phases_[0].count; x += kTile) {
                const int64_t here = std::min(together, rows - j);
                for (int64_t channel = 0; channel < g_.wide_per_group; channel += kPacked) {
                    sums.first = channel;
                    sums.channels = std::min(kPacked, g_.wide_per_group - channel);
                    sums.shift = j * line_floats_ + x;
                    for (int64_t p = 0; p < phases; ++p) {
                        sums.taps = scratch.phase_taps[static_cast<size_t>(p)];
                        sums.cells = (here - 1) * line_floats_ +
                                     std::min(kTile, phases_[static_cast<size_t>(p)].count - x);
                        sums.out = scratch.sums.data() + p * kPacked * room;
                        if (sums.cells > 0) add_up(sums);
                    }
                    for (int64_t c = 0; c < sums.channels; ++c)
                        for (int64_t i = 0; i < here; ++i)
                            deal(scratch.sums.data() + c * room + i * line_floats_, kPacked * room,
                                 row(group, ph, first + j + i) + (channel + c) * g_.h.in * g_.w.in +
                                     x * g_.w.stride,
                                 x);
                }
            }
    }

    /// Writes the cells x… of a row, at most kTile of every phase; those of phase p lie p · `step` behind those of phase 0.
    void deal(const float* from, int64_t step, float* to, int64_t x) const {
        const auto phases = static_cast<int64_t>(phases_.size());
        const auto cells = [&](int64_t p) {
            return std::min(kTile, phases_[static_cast<size_t>(p)].count - x);
        };
        int64_t both = 0;
        if (phases == 2 && g_.w.stride == 2) {
            both = std::max<int64_t>(0, cells(1));
            interleave(from, from + step, to, both, is_streamed_);
        }
        for (int64_t p = 0; p < phases; ++p)
            for (int64_t i = both; i < cells(p); ++i) to[i * g_.w.stride + p] = from[p * step + i];
    }

    const ConvGeometry& g_;
    const Tensor& narrow_;
    const float* bias_;
    float* out_;
    std::vector<Phase> row_phases_, phases_;  // of the rows and of the columns
    Margins above_, beside_;
    std::vector<PackedWeights> weights_;
    int64_t rows_ = 1;         // j in a part
    int64_t line_floats_ = 0;  // a narrow row with its margins
    bool is_direct_ = false, is_streamed_ = false;
};

/// Copies what the taps read, for many channels will: distances of a power of two let it all fall on the same few lines of the
/// cache.
void copy_apart(ConvScratch& scratch, int64_t cells) {
    const int64_t step = (cells + kMostLanes - 1) / kMostLanes * kMostLanes + kMostLanes;
    scratch.lines.resize(static_cast<size_t>(static_cast<int64_t>(scratch.taps.size()) * step));
    float* to = scratch.lines.data();
    for (Tap& tap : scratch.taps) {
        std::copy(tap.source, tap.source + cells, to);
        tap.source = to;
        to += step;
    }
}

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
        if (cells > 2 * kMostLanes) copy_apart(scratch, channels * stamp);
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

/// Without a stride it is a gather: from the narrow cells, through the kernel turned by 180° with its channels exchanged.
bool spread_by_gather(const ConvGeometry& g, const Tensor& narrow, const Tensor& weight,
                      const Tensor* bias, Tensor& wide, const Progress& progress) {
    ConvGeometry turned = g;
    turned.mode = PaddingMode::zeros;
    for (WindowAxis* axis : {&turned.h, &turned.w}) {
        std::swap(axis->in, axis->out);
        axis->pad_before = axis->span() - 1 - axis->pad_before;
        axis->pad_after = axis->span() - 1 - axis->pad_after;
    }
    std::swap(turned.wide_per_group, turned.narrow_per_group);
    Tensor turned_weight(
        Shape{g.groups * g.wide_per_group, g.narrow_per_group, g.h.kernel, g.w.kernel});
    float* to = turned_weight.mutate().data();
    for (int64_t group = 0; group < g.groups; ++group)
        for (int64_t o = 0; o < g.wide_per_group; ++o)
            for (int64_t c = 0; c < g.narrow_per_group; ++c, to += g.taps()) {
                const float* const from =
                    weight.data() +
                    ((group * g.narrow_per_group + c) * g.wide_per_group + o) * g.taps();
                std::reverse_copy(from, from + g.taps(), to);
            }
    return gather_windows(turned, narrow, turned_weight, bias, wide, progress);
}

}  // namespace

bool spread_stamps(const ConvGeometry& g, const Tensor& narrow, const Tensor& weight,
                   const Tensor* bias, Tensor& wide, const Progress& progress) {
    if (is_dense(g)) return spread_dense(g, narrow, weight, bias, wide, progress);
    if (has_few_cells(g)) return spread_few(g, narrow, weight, bias, wide, progress);
    if (g.h.stride == 1 && g.w.stride == 1 && all_finite(weight))
        return spread_by_gather(g, narrow, weight, bias, wide, progress);
    const Spread spread(g, narrow, weight, bias, wide);
    if (spread.can_lengthen(weight))
        return run_parts(progress, spread.parts(), [&](int64_t i) { spread.part(i); });
    return run_parts(progress, spread.parts(), [&](int64_t i) { spread.part_by_cells(i); });
}

}  // namespace convscope
