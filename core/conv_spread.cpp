// spread_stamps: each wide cell is the sum over the windows on it. No zeros are put between cells and nothing is scattered:
// under a stride s every s-th wide cell hears the same kernel cells, so each such *phase* is a plain sum over neighbours.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/conv_kept.h"
#include "core/conv_lines.h"
#include "core/dense_passes.h"
#include "core/kernels/plane_range.h"
#include "core/kernels/stream.h"

namespace convscope {
namespace {

constexpr int64_t kMostPartRows = 32;
constexpr int64_t kMostFloats = int64_t(1) << 24;
constexpr int64_t kTile = 256;  // cells of a phase that are made before they are dealt out
constexpr int64_t kLongRow =
    128;  // so long that what is left of a vector at its end does not matter
constexpr int64_t kPacked = PackedWeights::kPacked;  // channels made together

/// Wide row ph + j·stride_h of every phase ph of the rows hears the narrow rows j + shift. A part of the work is some j, with
/// all their phases.
class Spread {
  public:
    struct Call {
        const Tensor& narrow;
        const float* bias;
        float* out;
        bool is_streamed;
    };

    Spread(const ConvGeometry& g, const Tensor& weight)
        : g_(g),
          row_phases_(phases_of(g.h)),
          phases_(phases_of(g.w)),
          above_(margins_of(row_phases_, g.h.out)),
          beside_(margins_of(phases_, g.w.out)) {
        line_floats_ = beside_.before + g.w.out + beside_.after;
        is_direct_ = line_floats_ == g.w.out && above_.before == 0 && above_.after == 0;
        is_paired_ = g.w.stride == 2 && phases_.size() == 2 &&
                     (phases_[1].count % kMostLanes == 0 || phases_[1].count > kLongRow);
        if (is_paired_) pair_columns();
        if (is_paired_ && !is_direct_) line_floats_ = whole_lines(line_floats_);
        rows_ = rows_in_part(row_phases_[0].count,
                             g.products() / (g.batch * g.groups * row_phases_[0].count),
                             kMostPartRows, line_floats_ <= kTile);
        band_rows_ = rows_ + above_.before;
        for (const Phase& phase : row_phases_)
            for (const Phase::Column& column : phase.columns)
                band_rows_ = std::max(band_rows_, rows_ + above_.before + column.shift);
        can_lengthen_ = is_direct_ || (band_floats() <= kMostFloats && all_finite(weight.values()));
        for (int64_t group = 0; group < g.groups; ++group)
            weights_.emplace_back(
                weight.data() + group * g.narrow_per_group * g.wide_per_group * g.taps(),
                g.wide_per_group, g.taps(), g.taps(), g.narrow_per_group,
                g.wide_per_group * g.taps());
    }

    const ConvGeometry& geometry() const { return g_; }
    size_t bytes() const {
        return static_cast<size_t>(g_.groups * g_.narrow_per_group * g_.wide_per_group *
                                   g_.taps()) *
               4;
    }
    bool can_stream(const float* out) const {
        return is_paired_ && should_stream(g_.wide().count() * 4) &&
               g_.w.in % (2 * kMostLanes) == 0 &&
               reinterpret_cast<uintptr_t>(out) % (kMostLanes * sizeof(float)) == 0;
    }
    int64_t parts() const { return g_.batch * g_.groups * parts_per_group(); }

    void part(const Call& call, int64_t i) const {
        if (!can_lengthen_) return part_by_cells(call, i);
        const int64_t group = i / parts_per_group(), first = i % parts_per_group() * rows_;
        ConvScratch& scratch = conv_scratch();
        if (!is_direct_) copy_band(call, scratch, group, first);
        for (size_t ph = 0; ph < row_phases_.size(); ++ph) {
            const int64_t rows = std::min(rows_, row_phases_[ph].count - first);
            if (rows > 0) make_rows(call, scratch, group, first, rows, ph);
        }
        if (call.is_streamed) finish_stream();
    }

  private:
    /// A part without lengthened rows: every cell is added up for itself, without the products that lie outside.
    void part_by_cells(const Call& call, int64_t i) const {
        const int64_t group = i / parts_per_group(), first = i % parts_per_group() * rows_;
        ConvScratch& scratch = conv_scratch();
        RowSums sums = sums_of(call, group);
        sums.channels = g_.wide_per_group;
        sums.out_channel_step = g_.h.in * g_.w.in;
        sums.cells = 1;
        for (size_t ph = 0; ph < row_phases_.size(); ++ph)
            for (int64_t j = first; j < std::min(first + rows_, row_phases_[ph].count); ++j)
                for (const Phase& phase : phases_)
                    for (int64_t x = 0; x < phase.count; ++x) {
                        collect_inside(call, scratch.taps, group, row_phases_[ph], j, phase, x);
                        sums.taps = scratch.taps;
                        sums.out = row(call, group, ph, j) + phase.first + x * g_.w.stride;
                        add_up(sums);
                    }
    }

    /// Both phases of the columns read the same neighbours, where the kernel is wide enough.
    void pair_columns() {
        odd_ = phases_[1].columns;
        for (Phase::Column column : phases_[0].columns) {
            const auto same = std::ranges::find(odd_, column.shift, &Phase::Column::shift);
            if (same == odd_.end()) {
                even_.push_back(column);
                continue;
            }
            column.odd_column = same->column;
            both_.push_back(column);
            odd_.erase(same);
        }
    }

    int64_t parts_per_group() const { return (row_phases_[0].count + rows_ - 1) / rows_; }
    int64_t band_floats() const { return g_.narrow_per_group * band_rows_ * line_floats_; }

    /// Group i counts through all samples.
    const float* planes(const Call& call, int64_t i) const {
        return call.narrow.data() + i * g_.narrow_per_group * g_.h.out * g_.w.out;
    }
    float* row(const Call& call, int64_t i, size_t ph, int64_t j) const {
        return call.out +
               (i * g_.wide_per_group * g_.h.in + row_phases_[ph].first + j * g_.h.stride) *
                   g_.w.in;
    }
    RowSums sums_of(const Call& call, int64_t group) const {
        return {.weights = &weights_[static_cast<size_t>(group % g_.groups)],
                .bias = call.bias ? call.bias + group % g_.groups * g_.wide_per_group : nullptr};
    }

    static int64_t whole_lines(int64_t floats) {
        return (floats + kMostLanes - 1) / kMostLanes * kMostLanes;
    }
    /// Where the copied rows begin, at a line of the cache, with room for the zeros in front of the first.
    float* band(ConvScratch& scratch) const {
        const int64_t before = whole_lines(beside_.before);
        scratch.lines.resize(static_cast<size_t>(before + band_floats()));
        return scratch.lines.data() + before;
    }

    /// A narrow row and the zeros behind it. In pieces of a size that is known: a call of memmove or memset takes as long as a
    /// short row.
    void copy_row(float* to, const float* from) const {
        int64_t i = 0;
        for (; i + kMostLanes <= g_.w.out; i += kMostLanes)
            std::memcpy(to + i, from + i, kMostLanes * sizeof(float));
        for (; i < g_.w.out; ++i) to[i] = from[i];
        for (; i + kMostLanes <= line_floats_; i += kMostLanes)
            std::memset(to + i, 0, kMostLanes * sizeof(float));
        for (; i < line_floats_; ++i) to[i] = 0;
    }

    /// Copies the narrow rows first − before … first + rows_ − 1 + shift of all channels, with zeros all around: those behind
    /// a row are in front of the next.
    void copy_band(const Call& call, ConvScratch& scratch, int64_t group, int64_t first) const {
        float* to = band(scratch);
        std::fill(to - beside_.before, to, 0.0f);
        for (int64_t c = 0; c < g_.narrow_per_group; ++c)
            for (int64_t i = 0; i < band_rows_; ++i, to += line_floats_) {
                const int64_t q = first - above_.before + i;
                if (q < 0 || q >= g_.h.out)
                    std::fill(to, to + line_floats_, 0.0f);
                else
                    copy_row(to, planes(call, group) + (c * g_.h.out + q) * g_.w.out);
            }
    }

    /// Adds the taps of the first row of a part, for a phase of the rows and some columns of a phase.
    void collect(const Call& call, std::vector<Tap>& taps, ConvScratch& scratch, int64_t group,
                 int64_t first, const Phase& row_phase,
                 const std::vector<Phase::Column>& columns) const {
        const float* const from = is_direct_ ? planes(call, group) + first * g_.w.out
                                             : band(scratch) + above_.before * line_floats_;
        const int64_t channel = (is_direct_ ? g_.h.out : band_rows_) * line_floats_;
        for (const Phase::Column& r : row_phase.columns)
            for (int64_t c = 0; c < g_.narrow_per_group; ++c)
                for (const Phase::Column& s : columns) {
                    const int64_t weight = c * g_.taps() + r.column * g_.w.kernel;
                    taps.push_back({from + c * channel + r.shift * line_floats_ + s.shift,
                                    weight + s.column, weight + s.odd_column});
                }
    }

    void collect_inside(const Call& call, std::vector<Tap>& taps, int64_t group,
                        const Phase& row_phase, int64_t j, const Phase& phase, int64_t x) const {
        taps.clear();
        for (const Phase::Column& r : row_phase.columns)
            for (int64_t c = 0; c < g_.narrow_per_group; ++c)
                for (const Phase::Column& s : phase.columns)
                    if (const int64_t q = j + r.shift, at = x + s.shift;
                        q >= 0 && q < g_.h.out && at >= 0 && at < g_.w.out)
                        taps.push_back({planes(call, group) + (c * g_.h.out + q) * g_.w.out + at,
                                        c * g_.taps() + r.column * g_.w.kernel + s.column});
    }

    /// Some rows of one phase, all channels: made phase by phase of the columns, eight channels at a time, then dealt out.
    /// Short rows are worked through as one long row, with the margins between them.
    void make_rows(const Call& call, ConvScratch& scratch, int64_t group, int64_t first,
                   int64_t rows, size_t ph) const {
        if (is_paired_) return make_pairs(call, scratch, group, first, rows, ph);
        const auto phases = static_cast<int64_t>(phases_.size());
        scratch.phase_taps.resize(phases_.size());
        for (size_t p = 0; p < phases_.size(); ++p) {
            scratch.phase_taps[p].clear();
            collect(call, scratch.phase_taps[p], scratch, group, first, row_phases_[ph],
                    phases_[p].columns);
        }
        const bool is_flat = line_floats_ <= kTile;
        const int64_t together = is_flat ? std::max<int64_t>(1, kTile / line_floats_) : 1;
        const int64_t room = is_flat ? together * line_floats_ : kTile;
        scratch.sums.resize(static_cast<size_t>(phases * kPacked * room));
        RowSums sums = sums_of(call, group);
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
                                 row(call, group, ph, first + j + i) +
                                     (channel + c) * g_.h.in * g_.w.in + x * g_.w.stride,
                                 x);
                }
            }
    }

    /// Both phases of the columns of some rows, straight to their places.
    void make_pairs(const Call& call, ConvScratch& scratch, int64_t group, int64_t first,
                    int64_t rows, size_t ph) const {
        scratch.taps.clear();
        scratch.odd_taps.clear();
        collect(call, scratch.taps, scratch, group, first, row_phases_[ph], even_);
        const size_t alone = scratch.taps.size();
        collect(call, scratch.taps, scratch, group, first, row_phases_[ph], both_);
        collect(call, scratch.odd_taps, scratch, group, first, row_phases_[ph], odd_);
        RowSums sums = sums_of(call, group);
        sums.channels = g_.wide_per_group;
        sums.out_channel_step = g_.h.in * g_.w.in;
        for (int64_t j = 0; j < rows; ++j) {
            sums.taps = std::span(scratch.taps).first(alone);
            sums.both = std::span(scratch.taps).subspan(alone);
            sums.odd = scratch.odd_taps;
            sums.shift = j * line_floats_;
            sums.out = row(call, group, ph, first + j);
            sums.cells = phases_[1].count;
            sums.is_interleaved = true;
            sums.is_streamed = call.is_streamed;
            add_up(sums);
            if (phases_[0].count == phases_[1].count) continue;
            sums.taps = scratch.taps;
            sums.shift += sums.cells;
            sums.out += 2 * sums.cells;
            sums.cells = 1;
            sums.is_interleaved = sums.is_streamed = false;
            add_up(sums);
        }
    }

    /// Writes the cells x… of a row, at most kTile of every phase; those of phase p lie p · `step` behind those of phase 0.
    void deal(const float* from, int64_t step, float* to, int64_t x) const {
        const auto phases = static_cast<int64_t>(phases_.size());
        const auto cells = [&](int64_t p) {
            return std::min(kTile, phases_[static_cast<size_t>(p)].count - x);
        };
        for (int64_t p = 0; p < phases; ++p)
            for (int64_t i = 0; i < cells(p); ++i) to[i * g_.w.stride + p] = from[p * step + i];
    }

    const ConvGeometry g_;
    std::vector<Phase> row_phases_, phases_;        // of the rows and of the columns
    std::vector<Phase::Column> even_, odd_, both_;  // paired: columns of the first phase alone, …
    Margins above_, beside_;
    std::vector<PackedWeights> weights_;
    int64_t rows_ = 1;         // j in a part
    int64_t band_rows_ = 1;    // narrow rows under them
    int64_t line_floats_ = 0;  // a narrow row with its margins
    bool is_direct_ = false, is_paired_ = false, can_lengthen_ = false;
};

/// Without a stride it is a gather: from the narrow cells, through the kernel turned by 180° with its channels exchanged.
class Turned {
  public:
    Turned(const ConvGeometry& g, const Tensor& weight)
        : g_(g),
          is_possible_(all_finite(weight.values())),
          turned_(g),
          weight_(Shape{g.groups * g.wide_per_group, g.narrow_per_group, g.h.kernel, g.w.kernel},
                  kUnfilled) {
        turned_.mode = PaddingMode::zeros;
        for (WindowAxis* axis : {&turned_.h, &turned_.w}) {
            std::swap(axis->in, axis->out);
            axis->pad_before = axis->span() - 1 - axis->pad_before;
            axis->pad_after = axis->span() - 1 - axis->pad_after;
        }
        std::swap(turned_.wide_per_group, turned_.narrow_per_group);
        float* to = weight_.mutate().data();
        for (int64_t group = 0; group < g.groups; ++group)
            for (int64_t o = 0; o < g.wide_per_group; ++o)
                for (int64_t c = 0; c < g.narrow_per_group; ++c, to += g.taps()) {
                    const float* const from =
                        weight.data() +
                        ((group * g.narrow_per_group + c) * g.wide_per_group + o) * g.taps();
                    std::reverse_copy(from, from + g.taps(), to);
                }
    }

    const ConvGeometry& geometry() const { return g_; }
    size_t bytes() const { return static_cast<size_t>(weight_.shape().count()) * 4; }
    /// Not where 0 · weight would be NaN: the gather adds up zeros of the padding too.
    bool is_possible() const { return is_possible_; }
    bool run(const Tensor& narrow, const Tensor* bias, Tensor& wide,
             const Progress& progress) const {
        return gather_windows(turned_, narrow, weight_, bias, wide, progress);
    }

  private:
    const ConvGeometry g_;
    bool is_possible_;
    ConvGeometry turned_;
    Tensor weight_;
};

}  // namespace

bool spread_stamps(const ConvGeometry& g, const Tensor& narrow, const Tensor& weight,
                   const Tensor* bias, Tensor& wide, const Progress& progress) {
    if (is_dense_spread(g)) return spread_dense(g, narrow, weight, bias, wide, progress);
    if (const auto done = spread_few(g, narrow, weight, bias, wide, progress)) return *done;
    if (g.h.stride == 1 && g.w.stride == 1) {
        thread_local KeptReady<Turned> kept_turned;
        if (const auto turned = kept_turned.of(g, weight); turned->is_possible())
            return turned->run(narrow, bias, wide, progress);
    }
    thread_local KeptReady<Spread> kept;
    const std::shared_ptr<const Spread> spread = kept.of(g, weight);
    float* const out = wide.mutate().data();
    const Spread::Call call{narrow, bias ? bias->data() : nullptr, out, spread->can_stream(out)};
    return run_parts(progress, spread->parts(), [&](int64_t i) { spread->part(call, i); });
}

}  // namespace convscope
