// correlate: each weight cell is the sum over all windows of the wide cell under it · the narrow cell.
#include <algorithm>

#include "core/conv_lines.h"
#include "core/dense_passes.h"
#include "core/kernels/stream.h"
#include "core/kernels/tile_dots.h"

namespace convscope {
namespace {

constexpr int64_t kMostBandFloats =
    int64_t(1) << 16;  // copied rows of some planes stay in the second-level cache
constexpr int64_t kMostSums = int64_t(1) << 22;  // of all bands together
constexpr int64_t kManyColumns = 80;             // so many meet a narrow row while it is near
constexpr int64_t kFewNarrow = 4;                // fewer narrow channels than a tile has rows
constexpr int64_t kFewCells = 256;  // rows so short that tiles of them have little to add up

bool has_few_windows(const ConvGeometry& g) {
    return has_few_cells(g) ||
           (g.h.out * g.w.out <= kFewCells && g.narrow_per_group >= kMostLanes &&
            g.wide_per_group * g.taps() >= kFewCells);
}

/// Few windows: each weight is the sum over them of what lies under it, for all weights of a narrow channel at once.
bool correlate_few(const ConvGeometry& g, const Tensor& wide, const Tensor& narrow, Tensor& weight,
                   const Progress& progress) {
    const int64_t cells = g.h.out * g.w.out, terms = g.wide_per_group * g.taps();
    const float* const windows = cells_under_windows(g, wide);
    const int64_t chunk = 4 * kMostLanes * 8;
    const int64_t chunks = (terms + chunk - 1) / chunk;
    float* const out = weight.mutate().data();
    const bool is_streamed = should_stream(weight.shape().count() * 4) && terms % kMostLanes == 0;
    std::vector<PackedWeights>
        values;  // of each group: its "weights" are the windows of all samples
    for (int64_t group = 0; group < g.groups; ++group)
        values.emplace_back(narrow.data() + group * g.narrow_per_group * cells, g.narrow_per_group,
                            cells, cells, g.batch, g.groups * g.narrow_per_group * cells);
    return run_parts(progress, g.groups * chunks, [&](int64_t part) {
        const int64_t group = part / chunks, first = part % chunks * chunk;
        ConvScratch& scratch = conv_scratch();
        scratch.taps.clear();
        for (int64_t n = 0; n < g.batch; ++n)
            for (int64_t cell = 0; cell < cells; ++cell)
                scratch.taps.push_back(
                    {windows + ((n * g.groups + group) * cells + cell) * terms + first,
                     n * cells + cell});
        add_up({.taps = scratch.taps,
                .weights = &values[static_cast<size_t>(group)],
                .out = out + group * g.narrow_per_group * terms + first,
                .out_channel_step = terms,
                .channels = g.narrow_per_group,
                .cells = std::min(chunk, terms - first),
                .is_streamed = is_streamed});
        if (is_streamed) finish_stream();
    });
}

/// Many windows. The wide rows under a *band*, some rows of windows of one sample, are copied, of some planes of a group
/// together: columns, each shifted for its kernel cell, meet the narrow rows.
class Correlation {
  public:
    Correlation(const ConvGeometry& g, const Tensor& wide, const Tensor& narrow,
                bool has_narrow_sums)
        : g_(g), wide_(wide), narrow_(narrow), lines_(g), floats_(lines_.row_floats(g.w.out)) {
        const int64_t most = std::clamp<int64_t>(kManyColumns / g.taps(), 1, g.wide_per_group);
        chunks_ = (g.wide_per_group + most - 1) / most;
        together_ = (g.wide_per_group + chunks_ - 1) / chunks_;
        is_close_ = g.h.stride < g.h.kernel && g.h.span() <= 2 * g.h.kernel;
        is_few_ = is_close_ && g.h.stride == 1 && g.narrow_per_group < kFewNarrow;
        const int64_t fitting = kMostBandFloats / floats_ / together_;
        rows_ = std::clamp<int64_t>(
            is_close_ ? (fitting - g.h.span()) / g.h.stride : fitting / g.h.kernel, 1, g.h.out);
        bands_per_sample_ = (g.h.out + rows_ - 1) / rows_;
        bands_ = g.batch * bands_per_sample_;
        sums_each_ = g.narrow_per_group * columns();
        // Bands share their sums where there are enough planes to keep everyone busy, or too many sums.
        shares_ = std::clamp<int64_t>(std::min(bands_, kMostSums / (units() * sums_each_)), 1,
                                      units() >= 32 ? 1 : bands_);
        sums_.resize(static_cast<size_t>(units() * shares_ * sums_each_));
        if (has_narrow_sums)
            ones_.assign(static_cast<size_t>((rows_ - 1) * line_step() + g.w.out), 1.0f);
    }

    bool run(const Progress& progress) {
        return run_parts(progress, units() * shares_, [&](int64_t i) {
            for (int64_t band = i % shares_; band < bands_; band += shares_)
                add_band(i / shares_, band, sums_.data() + i * sums_each_);
        });
    }

    /// After the run.
    void put(float* weight, float* narrow_sums) const {
        for (int64_t unit = 0; unit < units(); ++unit)
            for (int64_t o = 0; o < g_.narrow_per_group; ++o) {
                const int64_t channel = unit / chunks_ * g_.narrow_per_group + o;
                const int64_t first = channel * g_.wide_per_group + first_plane(unit);
                for (int64_t t = 0; t < planes(unit) * g_.taps(); ++t)
                    weight[first * g_.taps() + t] = total(unit, o * columns() + t);
                if (has_ones(unit)) narrow_sums[channel] = total(unit, (o + 1) * columns() - 1);
            }
    }

  private:
    /// A unit is some planes of a group.
    int64_t units() const { return g_.groups * chunks_; }
    int64_t first_plane(int64_t unit) const { return unit % chunks_ * together_; }
    int64_t planes(int64_t unit) const {
        return std::min(g_.wide_per_group - first_plane(unit), together_);
    }
    /// The sum of a narrow channel is one column more, of ones, in its group's first unit: the narrow rows are read as it is.
    bool has_ones(int64_t unit) const { return !ones_.empty() && unit % chunks_ == 0; }
    int64_t columns() const { return together_ * g_.taps() + 1; }
    int64_t lines_of(int64_t rows) const {
        return is_close_ ? (rows - 1) * g_.h.stride + g_.h.span() : rows * g_.h.kernel;
    }
    /// From the line under a row of windows to that under the next.
    int64_t line_step() const { return (is_close_ ? g_.h.stride : 1) * floats_; }

    float total(int64_t unit, int64_t at) const {
        double sum = 0;
        for (int64_t share = 0; share < shares_; ++share)
            sum += sums_[static_cast<size_t>((unit * shares_ + share) * sums_each_ + at)];
        return static_cast<float>(sum);
    }

    void add_band(int64_t unit, int64_t band, double* to) const {
        ConvScratch& scratch = conv_scratch();
        const int64_t n = band / bands_per_sample_, h = band % bands_per_sample_ * rows_;
        const int64_t rows = std::min(rows_, g_.h.out - h), group = unit / chunks_;
        const int64_t lines = lines_of(rows);
        scratch.lines.resize(static_cast<size_t>(planes(unit) * lines * floats_));
        for (int64_t c = 0; c < planes(unit); ++c) {
            const float* const plane =
                wide_.data() +
                wide_.shape().offset({n, group * g_.wide_per_group + first_plane(unit) + c, 0, 0});
            for (int64_t i = 0; i < lines; ++i)
                lines_.fill(scratch.lines.data() + (c * lines + i) * floats_, plane,
                            is_close_ ? *g_.h.input_place(h, 0) + i
                                      : *g_.h.input_place(h + i % rows, i / rows),
                            0, g_.w.out);
        }
        const float* const from =
            narrow_.data() + narrow_.shape().offset({n, group * g_.narrow_per_group, h, 0});
        if (is_few_) {
            for (int64_t o = 0; o < g_.narrow_per_group; ++o, to += columns())
                for (int64_t c = 0; c < planes(unit); ++c)
                    meet_neighbours(from + o * g_.h.out * g_.w.out,
                                    scratch.lines.data() + c * lines * floats_, rows,
                                    to + c * g_.taps(),
                                    c == 0 && has_ones(unit) ? to + columns() - 1 : nullptr);
            return;
        }
        std::vector<const float*>& sources = scratch.sources;
        sources.clear();
        for (int64_t o = 0; o < g_.narrow_per_group; ++o)
            sources.push_back(from + o * g_.h.out * g_.w.out);
        for (int64_t c = 0; c < planes(unit); ++c)
            for (int64_t r = 0; r < g_.h.kernel; ++r)
                push_columns(sources, scratch.lines.data() + c * lines * floats_,
                             is_close_ ? r * g_.h.dilation : r * rows);
        if (has_ones(unit)) sources.push_back(ones_.data());
        meet(sources, static_cast<size_t>(g_.narrow_per_group), rows, scratch.row_sums);
        const int64_t met = std::ssize(sources) - g_.narrow_per_group;
        for (int64_t o = 0; o < g_.narrow_per_group; ++o)
            for (int64_t t = 0; t < met; ++t) {
                const bool is_one = has_ones(unit) && t + 1 == met;
                to[o * columns() + (is_one ? columns() - 1 : t)] +=
                    scratch.row_sums[static_cast<size_t>(o * met + t)];
            }
    }

    /// The same line meets several kernel rows, each with a narrow row further up: four of them share what is loaded of it
    /// where one channel has but one narrow row. `to`: the sums of a channel's weights.
    void meet_neighbours(const float* from, const float* lines, int64_t rows, double* to,
                         double* narrow_sum) const {
        ConvScratch& scratch = conv_scratch();
        const int64_t apart = g_.h.dilation;
        // `count` narrow rows, from row first(k) on for kernel row k of k0…k1−1, with the lines from `line` on.
        const auto some = [&](int64_t k0, int64_t k1, auto first, int64_t line, int64_t count) {
            if (count <= 0) return;
            const bool sums_narrow = narrow_sum && k0 == 0;
            scratch.sources.clear();
            for (int64_t k = k0; k < k1; ++k) scratch.sources.push_back(from + first(k) * g_.w.out);
            push_columns(scratch.sources, lines, line);
            if (sums_narrow) scratch.sources.push_back(ones_.data());
            meet(scratch.sources, static_cast<size_t>(k1 - k0), count, scratch.row_sums);
            const double* sum = scratch.row_sums.data();
            for (int64_t k = k0; k < k1; ++k) {
                for (int64_t s = 0; s < g_.w.kernel; ++s) to[k * g_.w.kernel + s] += *sum++;
                if (sums_narrow) {
                    if (k == 0) *narrow_sum += *sum;
                    ++sum;
                }
            }
        };
        for (int64_t k0 = 0; k0 < g_.h.kernel; k0 += 4) {
            const int64_t k1 = std::min(k0 + 4, g_.h.kernel), last = (k1 - 1 - k0) * apart;
            const int64_t common = std::max<int64_t>(0, rows - last);
            some(
                k0, k1, [&](int64_t k) { return (k1 - 1 - k) * apart; }, (k1 - 1) * apart, common);
            for (int64_t k = k0; k < k1; ++k) {  // the narrow rows that not all of them meet
                const int64_t above = common == 0 ? rows : (k1 - 1 - k) * apart;
                some(
                    k, k + 1, [](int64_t) { return 0; }, k * apart, above);
                const int64_t met = above + common;
                some(
                    k, k + 1, [&](int64_t) { return met; }, k * apart + met, rows - met);
            }
        }
    }

    /// Adds the lines from `line` on, shifted for each kernel column.
    void push_columns(std::vector<const float*>& sources, const float* lines, int64_t line) const {
        for (int64_t s = 0; s < g_.w.kernel; ++s)
            sources.push_back(lines + line * floats_ + lines_.offset(s, g_.w.out));
    }
    /// The first `narrows` sources are narrow rows, the others lines.
    void meet(const std::vector<const float*>& sources, size_t narrows, int64_t rows,
              std::vector<double>& sums) const {
        const std::span all(sources);
        sums.assign(narrows * (all.size() - narrows), 0.0);
        tile_dots({.left = all.first(narrows),
                   .right = all.subspan(narrows),
                   .left_step = g_.w.out,
                   .right_step = line_step(),
                   .rows = rows,
                   .count = g_.w.out,
                   .sums = sums.data()});
    }

    const ConvGeometry& g_;
    const Tensor &wide_, &narrow_;
    WideLines lines_;
    int64_t floats_;                     // of a line
    int64_t together_ = 1, chunks_ = 1;  // planes of a unit, units of a group
    int64_t rows_ = 1, bands_per_sample_ = 1, bands_ = 1;
    int64_t shares_ = 1, sums_each_ = 1;  // sums of a unit: for each share of the bands
    bool is_close_ = true;  // lines are copied once for all kernel rows, else for each
    bool is_few_ = false;
    std::vector<double> sums_;
    std::vector<float> ones_;
};

}  // namespace

bool correlate(const ConvGeometry& g, const Tensor& wide, const Tensor& narrow, Tensor& weight,
               Tensor* narrow_sums, const Progress& progress) {
    if (is_dense(g) || has_few_windows(g))
        return (is_dense(g) ? correlate_dense(g, wide, narrow, weight, progress)
                            : correlate_few(g, wide, narrow, weight, progress)) &&
               (!narrow_sums || sum_channels(narrow, *narrow_sums, part_of(progress, 1, 0)));
    Correlation all(g, wide, narrow, narrow_sums != nullptr);
    if (!all.run(progress)) return false;
    all.put(weight.mutate().data(), narrow_sums ? narrow_sums->mutate().data() : nullptr);
    return true;
}

}  // namespace convscope
