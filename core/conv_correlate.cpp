// correlate: each weight cell is the sum over all windows of the wide cell under it · the narrow cell.
#include <algorithm>

#include "core/conv_lines.h"
#include "core/dense_passes.h"
#include "core/kernels/tile_dots.h"

namespace convscope {
namespace {

constexpr int64_t kMostBandFloats = int64_t(1)
                                    << 16;  // a plane's copied rows stay in the second-level cache
constexpr int64_t kMostSums = int64_t(1) << 22;  // of all bands together

/// A band: some rows of windows of one sample, whose sums are kept apart until all are there. The wide rows under them are
/// copied: together, or where they lie far apart those of each kernel row for themselves.
struct Bands {
    int64_t rows = 1, per_sample = 1, count = 1;
    int64_t stride = 1, span = 1, kernel = 1;
    bool is_together = true;
    Bands(const ConvGeometry& g, int64_t floats)
        : stride(g.h.stride), span(g.h.span()), kernel(g.h.kernel) {
        const int64_t fitting = kMostBandFloats / floats;
        is_together = stride < kernel && span <= 2 * kernel;
        rows = std::clamp<int64_t>(is_together ? (fitting - span) / stride : fitting / kernel, 1,
                                   g.h.out);
        per_sample = (g.h.out + rows - 1) / rows;
        count = g.batch * per_sample;
    }
    int64_t lines(int64_t some) const {
        return is_together ? (some - 1) * stride + span : some * kernel;
    }
};

/// Few windows: each weight is the sum over them of what lies under it, for all weights of a narrow channel at once.
bool correlate_few(const ConvGeometry& g, const Tensor& wide, const Tensor& narrow, Tensor& weight,
                   const Progress& progress) {
    const int64_t cells = g.h.out * g.w.out, terms = g.wide_per_group * g.taps();
    const float* const windows = cells_under_windows(g, wide);
    const int64_t chunk = 4 * kMostLanes * 8;
    const int64_t chunks = (terms + chunk - 1) / chunk;
    float* const out = weight.mutate().data();
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
                .cells = std::min(chunk, terms - first)});
    });
}

}  // namespace

bool correlate(const ConvGeometry& g, const Tensor& wide, const Tensor& narrow, Tensor& weight,
               Tensor* narrow_sums, const Progress& progress) {
    if (is_dense(g) || has_few_cells(g))
        return (is_dense(g) ? correlate_dense(g, wide, narrow, weight, progress)
                            : correlate_few(g, wide, narrow, weight, progress)) &&
               (!narrow_sums || sum_channels(narrow, *narrow_sums, part_of(progress, 1, 0)));
    const WideLines lines(g);
    const int64_t floats = lines.row_floats(g.w.out);
    const Bands bands(g, floats);
    const int64_t planes = g.groups * g.wide_per_group, columns = g.taps() + 1,
                  sums_each = g.narrow_per_group * columns;
    // Bands of a plane share their sums where there are enough planes to keep everyone busy, or too many sums.
    const int64_t shares = std::clamp<int64_t>(
        std::min(bands.count, kMostSums / std::max<int64_t>(1, planes * sums_each)), 1,
        planes >= 32 ? 1 : bands.count);
    std::vector<double> sums(static_cast<size_t>(planes * shares * sums_each));
    // The sum of a channel is one column more, of ones, in its group's first plane: the narrow rows are read as it is.
    const int64_t step = bands.is_together ? g.h.stride * floats : floats;
    const std::vector<float> ones(
        static_cast<size_t>(narrow_sums ? (bands.rows - 1) * step + g.w.out : 0), 1.0f);
    const auto columns_of = [&](int64_t plane) {
        return narrow_sums && plane % g.wide_per_group == 0 ? columns : g.taps();
    };

    const auto add_band = [&](int64_t plane, int64_t band, double* to) {
        ConvScratch& scratch = conv_scratch();
        const int64_t n = band / bands.per_sample, h = band % bands.per_sample * bands.rows;
        const int64_t rows = std::min(bands.rows, g.h.out - h);
        const int64_t group = plane / g.wide_per_group;
        const float* const from = wide.data() + wide.shape().offset({n, plane, 0, 0});
        scratch.sources.clear();
        for (int64_t o = 0; o < g.narrow_per_group; ++o)
            scratch.sources.push_back(
                narrow.data() + narrow.shape().offset({n, group * g.narrow_per_group + o, h, 0}));
        const auto narrows = static_cast<size_t>(g.narrow_per_group);
        scratch.lines.resize(static_cast<size_t>(bands.lines(rows) * floats));
        for (int64_t i = 0; i < bands.lines(rows); ++i)
            lines.fill(scratch.lines.data() + i * floats, from,
                       bands.is_together ? *g.h.input_place(h, 0) + i
                                         : *g.h.input_place(h + i % rows, i / rows),
                       0, g.w.out);
        for (int64_t r = 0; r < g.h.kernel; ++r)
            for (int64_t s = 0; s < g.w.kernel; ++s)
                scratch.sources.push_back(scratch.lines.data() +
                                          (bands.is_together ? r * g.h.dilation : r * rows) *
                                              floats +
                                          lines.offset(s, g.w.out));
        if (columns_of(plane) == columns) scratch.sources.push_back(ones.data());
        const std::span all(scratch.sources);
        tile_dots({.left = all.first(narrows),
                   .right = all.subspan(narrows),
                   .left_step = g.w.out,
                   .right_step = step,
                   .rows = rows,
                   .count = g.w.out,
                   .sums = to});
    };
    const bool goes_on = run_parts(progress, planes * shares, [&](int64_t i) {
        const int64_t plane = i / shares, share = i % shares;
        for (int64_t band = share; band < bands.count; band += shares)
            add_band(plane, band, sums.data() + i * sums_each);
    });
    if (!goes_on) return false;

    float* const out = weight.mutate().data();
    float* const all = narrow_sums ? narrow_sums->mutate().data() : nullptr;
    for (int64_t plane = 0; plane < planes; ++plane) {
        const int64_t group = plane / g.wide_per_group, c = plane % g.wide_per_group;
        for (int64_t o = 0; o < g.narrow_per_group; ++o)
            for (int64_t t = 0; t < columns_of(plane); ++t) {
                double sum = 0;
                for (int64_t share = 0; share < shares; ++share)
                    sum += sums[static_cast<size_t>((plane * shares + share) * sums_each +
                                                    o * columns_of(plane) + t)];
                const int64_t channel = group * g.narrow_per_group + o;
                (t < g.taps() ? out[(channel * g.wide_per_group + c) * g.taps() + t]
                              : all[channel]) = static_cast<float>(sum);
            }
    }
    return true;
}

}  // namespace convscope
