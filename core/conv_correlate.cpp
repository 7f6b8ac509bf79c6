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
constexpr int64_t kLongRow = 256;                // so long that two more short ones are little
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
    const WindowCells windows = cells_under_windows(g, wide);
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
                    {windows.first + ((n * g.groups + group) * cells + cell) * windows.step + first,
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
        : g_(g),
          wide_(wide),
          narrow_(narrow),
          chunks_(chunks_of(g)),
          together_((g.wide_per_group + chunks_ - 1) / chunks_),
          rows_(
              std::min(g.h.out, WideLines::fitting_rows(g, g.w.out, kMostBandFloats / together_))),
          lines_(g, rows_),
          is_few_(g.h.stride == 1 && g.h.dilation * (g.h.kernel - 1) < rows_ &&
                  g.narrow_per_group < kFewNarrow) {
        bands_per_sample_ = (g.h.out + rows_ - 1) / rows_;
        bands_ = g.batch * bands_per_sample_;
        sums_each_ = g.narrow_per_group * columns();
        // Bands share their sums where there are enough planes to keep everyone busy, or too many sums.
        shares_ = std::clamp<int64_t>(std::min(bands_, kMostSums / (units() * sums_each_)), 1,
                                      units() >= 32 ? 1 : bands_);
        sums_.resize(static_cast<size_t>(units() * shares_ * sums_each_));
        const int64_t first = (g.w.pad_before + kMostLanes - 1) / kMostLanes * kMostLanes;
        const int64_t last = std::min(g.w.out, g.w.in - g.w.span() + g.w.pad_before + 1);
        const int64_t end = last / kMostLanes * kMostLanes;
        if (is_few_ && g.w.stride == 1 && end - first >= kLongRow) inside_ = {first, end};
        if (has_narrow_sums)
            ones_.assign(static_cast<size_t>(
                             (rows_ - 1) * std::max(lines_.line_floats(g.w.out), g.w.in) + g.w.out),
                         1.0f);
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
    static int64_t chunks_of(const ConvGeometry& g) {
        const int64_t most = std::clamp<int64_t>(kManyColumns / g.taps(), 1, g.wide_per_group);
        return (g.wide_per_group + most - 1) / most;
    }

    float total(int64_t unit, int64_t at) const {
        double sum = 0;
        for (int64_t share = 0; share < shares_; ++share)
            sum += sums_[static_cast<size_t>((unit * shares_ + share) * sums_each_ + at)];
        return static_cast<float>(sum);
    }

    void add_band(int64_t unit, int64_t band, double* to) const {
        const int64_t h = band % bands_per_sample_ * rows_, rows = std::min(rows_, g_.h.out - h);
        const int64_t top = *g_.h.input_place(h, 0);
        const bool is_inside = top >= 0 && top + rows - 1 + g_.h.span() <= g_.h.in;
        const auto [first, end] = is_inside ? inside_ : std::pair<int64_t, int64_t>();
        const auto add = [&](int64_t x, int64_t past, bool is_direct) {
            const Index corner{band / bands_per_sample_, 0, h, x};
            if (x < past) add_stretch(unit, corner, rows, past - x, is_direct, to);
        };
        add(0, first, false);
        add(first, end, true);
        add(end, g_.w.out, false);
    }

    /// Some windows of each row of a band, and where the cells under them lie.
    struct Stretch {
        int64_t rows, cells;
        const float* narrow;  // the first one of the group's first channel
        const float* wide;    // under it, in the unit's first plane
        int64_t plane_step, line_step;
        bool is_direct;
    };
    int64_t offset(const Stretch& stretch, int64_t r, int64_t s) const {
        return stretch.is_direct ? r * g_.h.dilation * g_.w.in + s * g_.w.dilation
                                 : lines_.offset(r, s, stretch.rows, stretch.cells);
    }

    /// Windows from `corner` on. Direct: they lie inside, and their rows are read where they are.
    void add_stretch(int64_t unit, Index corner, int64_t rows, int64_t cells, bool is_direct,
                     double* to) const {
        ConvScratch& scratch = conv_scratch();
        const int64_t group = unit / chunks_;
        const float* wide =
            wide_.data() +
            wide_.shape().offset({corner.n, group * g_.wide_per_group + first_plane(unit), 0, 0});
        Stretch stretch{
            rows,
            cells,
            narrow_.data() +
                narrow_.shape().offset({corner.n, group * g_.narrow_per_group, corner.h, corner.w}),
            wide,
            g_.h.in * g_.w.in,
            g_.w.in,
            is_direct};
        if (is_direct) {
            stretch.wide +=
                *g_.h.input_place(corner.h, 0) * g_.w.in + *g_.w.input_place(corner.w, 0);
        } else {
            stretch.plane_step = lines_.plane_floats(rows, cells);
            stretch.line_step = lines_.line_floats(cells);
            scratch.lines.resize(static_cast<size_t>(planes(unit) * stretch.plane_step));
            stretch.wide = scratch.lines.data();
            for (int64_t c = 0; c < planes(unit); ++c, wide += g_.h.in * g_.w.in)
                lines_.fill(scratch.lines.data() + c * stretch.plane_step, wide, corner.h, rows,
                            corner.w, cells);
        }
        if (is_few_) {
            for (int64_t o = 0; o < g_.narrow_per_group; ++o, to += columns())
                for (int64_t c = 0; c < planes(unit); ++c)
                    meet_neighbours(stretch, o, c, to + c * g_.taps(),
                                    c == 0 && has_ones(unit) ? to + columns() - 1 : nullptr);
            return;
        }
        std::vector<const float*>& sources = scratch.sources;
        sources.clear();
        for (int64_t o = 0; o < g_.narrow_per_group; ++o)
            sources.push_back(stretch.narrow + o * g_.h.out * g_.w.out);
        for (int64_t c = 0; c < planes(unit); ++c)
            for (int64_t r = 0; r < g_.h.kernel; ++r)
                push_columns(sources, stretch, stretch.wide + c * stretch.plane_step, r);
        if (has_ones(unit)) sources.push_back(ones_.data());
        meet(sources, static_cast<size_t>(g_.narrow_per_group), stretch, rows, scratch.row_sums);
        const int64_t met = std::ssize(sources) - g_.narrow_per_group;
        for (int64_t o = 0; o < g_.narrow_per_group; ++o)
            for (int64_t t = 0; t < met; ++t) {
                const bool is_one = has_ones(unit) && t + 1 == met;
                to[o * columns() + (is_one ? columns() - 1 : t)] +=
                    scratch.row_sums[static_cast<size_t>(o * met + t)];
            }
    }

    /// The same line meets several kernel rows, each with a narrow row further up: four of them share what is loaded of it
    /// where one channel has but one narrow row. Of narrow channel o with plane c; `to`: the sums of their weights.
    void meet_neighbours(const Stretch& stretch, int64_t o, int64_t c, double* to,
                         double* narrow_sum) const {
        ConvScratch& scratch = conv_scratch();
        const int64_t apart = g_.h.dilation, rows = stretch.rows;
        const float* const from = stretch.narrow + o * g_.h.out * g_.w.out;
        const float* const lines = stretch.wide + c * stretch.plane_step;
        // `count` narrow rows, from row first(k) on for kernel row k of k0…k1−1, with the lines from `line` on.
        const auto some = [&](int64_t k0, int64_t k1, auto first, int64_t line, int64_t count) {
            if (count <= 0) return;
            const bool sums_narrow = narrow_sum && k0 == 0;
            scratch.sources.clear();
            for (int64_t k = k0; k < k1; ++k) scratch.sources.push_back(from + first(k) * g_.w.out);
            push_columns(scratch.sources, stretch, lines + line * stretch.line_step, 0);
            if (sums_narrow) scratch.sources.push_back(ones_.data());
            meet(scratch.sources, static_cast<size_t>(k1 - k0), stretch, count, scratch.row_sums);
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

    /// Adds the lines of kernel row r, shifted for each kernel column.
    void push_columns(std::vector<const float*>& sources, const Stretch& stretch,
                      const float* lines, int64_t r) const {
        for (int64_t s = 0; s < g_.w.kernel; ++s) sources.push_back(lines + offset(stretch, r, s));
    }
    /// The first `narrows` sources are narrow rows, the others lines.
    void meet(const std::vector<const float*>& sources, size_t narrows, const Stretch& stretch,
              int64_t rows, std::vector<double>& sums) const {
        const std::span all(sources);
        sums.assign(narrows * (all.size() - narrows), 0.0);
        tile_dots({.left = all.first(narrows),
                   .right = all.subspan(narrows),
                   .left_step = g_.w.out,
                   .right_step = stretch.line_step,
                   .rows = rows,
                   .count = stretch.cells,
                   .sums = sums.data()});
    }

    const ConvGeometry& g_;
    const Tensor &wide_, &narrow_;
    int64_t chunks_, together_;  // units of a group, planes of a unit
    int64_t rows_;               // of windows in a band
    WideLines lines_;
    bool is_few_;
    std::pair<int64_t, int64_t> inside_{};  // windows of a row whose rows are read where they lie
    int64_t bands_per_sample_ = 1, bands_ = 1;
    int64_t shares_ = 1, sums_each_ = 1;  // sums of a unit: for each share of the bands
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
