// gather_windows: each narrow cell is the sum over its window. Rows of the input are read where they lie; only what touches
// the padding, or is shared by many channels and lies apart under a stride, is copied first.
#include <algorithm>
#include <optional>

#include "core/conv_kept.h"
#include "core/conv_lines.h"
#include "core/dense_passes.h"
#include "core/kernels/filter_rows.h"
#include "core/kernels/plane_range.h"
#include "core/kernels/stream.h"
#include "core/kernels/tile_dots.h"
#include "core/separable.h"

namespace convscope {
namespace {

constexpr int64_t kBandFloats = int64_t(1)
                                << 17;  // copied rows that stay in the second-level cache
constexpr int64_t kMostBandRows = 32;   // rows of windows in a part
constexpr int64_t kFewChannels = 3;  // so few outputs of one plane are made row by row of a filter
constexpr int64_t kFlatCells =
    256;  // rows this short are worked through as one long row, with what lies between them
constexpr int64_t kEvenCells = 32;    // unless they are so many at least, in whole vectors
constexpr int64_t kMostStreams = 32;  // rows that are read at once
constexpr int64_t kMostPasses = 64;   // over the planes of one output: no longer a run of terms
constexpr int64_t kFewTimes = 16;     // so many channels take every second cell from where it lies
constexpr int64_t kStep = kMostLanes;

/// Whether a column and then a row of products is less work than all of them.
bool is_worth_separating(const ConvGeometry& g) {
    return g.taps() >= 2 * (g.h.kernel + g.w.kernel);
}

/// Windows [x, x + cells) of every row.
struct Tile {
    int64_t x = 0, cells = 0;
    bool is_direct =
        false;  // no window there touches the padding at the sides: rows are read in place
};

/// A gather made ready for all calls with these weights; what changes from call to call is in a Call.
class Gather {
  public:
    struct Call {
        const Tensor &wide, &weight;
        const float* bias;
        float* out;
        const Pointwise* then;
        bool is_streamed;
    };

    Gather(const ConvGeometry& g, const Tensor& weight)
        : g_(g),
          is_filter_((g.narrow_per_group == 1 ||
                      (g.narrow_per_group <= kFewChannels && g.wide_per_group == 1)) &&
                     g.h.stride == 1 && g.w.stride == 1 && g.h.dilation == 1 &&
                     g.w.out >= kFlatCells),
          has_ends_(is_filter_ && g.wide_per_group == 1 && g.h.kernel == 3 && g.w.kernel == 3 &&
                    g.w.dilation == 1 && g.w.pad_before <= 1 &&
                    g.w.out + 1 - g.w.pad_before <= g.w.in),
          zeros_(static_cast<size_t>(g.w.in), 0.0f),
          rows_(rows_of_part()),
          lines_(g_, rows_) {
        make_tiles();
        if (is_filter_ && g.wide_per_group == 1 && is_worth_separating(g))
            for (int64_t channel = 0; channel < g.groups * g.narrow_per_group; ++channel)
                two_passes_.push_back(
                    separate(weight.data() + channel * g.taps(), g.h.kernel, g.w.kernel));
        if (!is_filter_)
            for (int64_t group = 0; group < g.groups; ++group)
                weights_.emplace_back(weight.data() + group * g.narrow_per_group * terms(),
                                      g.narrow_per_group, terms(), terms());
    }

    const ConvGeometry& geometry() const { return g_; }
    size_t bytes() const {
        return static_cast<size_t>(is_filter_ ? 0 : g_.groups * g_.narrow_per_group * terms()) * 4;
    }
    bool can_stream(const float* out) const {
        return should_stream(g_.narrow().count() * 4) && g_.w.out % kStep == 0 &&
               reinterpret_cast<uintptr_t>(out) % (kStep * sizeof(float)) == 0;
    }
    int64_t parts() const { return g_.batch * g_.groups * parts_per_group(); }

    void part(const Call& call, int64_t i) const {
        const int64_t group = i / parts_per_group(), h = i % parts_per_group() * rows_;
        const int64_t rows = std::min(rows_, g_.h.out - h);
        for (const Tile& tile : tiles_)
            is_filter_ ? filter(call, group, h, rows, tile) : sum(call, group, h, rows, tile);
        for (int64_t o = 0; o < g_.narrow_per_group && call.then; ++o)
            (*call.then)(group % g_.groups * g_.narrow_per_group + o,
                         out(call, group) + (o * g_.h.out + h) * g_.w.out, rows * g_.w.out);
        if (call.is_streamed) finish_stream();
    }

  private:
    int64_t terms() const { return g_.wide_per_group * g_.taps(); }
    int64_t parts_per_group() const { return (g_.h.out + rows_ - 1) / rows_; }
    /// Group i counts through all samples.
    const float* planes(const Call& call, int64_t i) const {
        return call.wide.data() + i * g_.wide_per_group * g_.h.in * g_.w.in;
    }
    float* out(const Call& call, int64_t i) const {
        return call.out + i * g_.narrow_per_group * g_.h.out * g_.w.out;
    }

    int64_t rows_of_part() const {
        const int64_t rows = rows_in_part(g_.h.out, g_.narrow_per_group * terms() * g_.w.out,
                                          kMostBandRows, g_.w.out < kFlatCells);
        return is_filter_ ? (rows + kFilterRows - 1) / kFilterRows * kFilterRows : rows;
    }

    void make_tiles() {
        if (has_ends_) {
            for (const int64_t place : {-g_.w.pad_before, g_.w.out + 1 - g_.w.pad_before})
                ends_.push_back(padded_cell(place, g_.w.in, g_.mode));
            tiles_.push_back({0, g_.w.out, true});
            return;
        }
        // With a stride each vector is put together from two: for many channels a copy that they share is better.
        if (g_.w.stride == 1 || (g_.w.stride == 2 && g_.narrow_per_group <= kFewTimes)) {
            // The first and the last window that lie inside; with a stride there is a float read before the first one.
            const int64_t outside = g_.w.pad_before + g_.w.stride - 1;
            const int64_t first =
                std::clamp<int64_t>((outside + kStep - 1) / kStep * kStep, 0, g_.w.out);
            const int64_t end = std::min(
                g_.w.out, floor_div(g_.w.in + g_.w.pad_before - g_.w.span(), g_.w.stride) + 1);
            const int64_t cells = (end - first) / kStep * kStep;
            if (cells >= kFlatCells / 2) {
                if (first > 0) tiles_.push_back({0, first, false});
                tiles_.push_back({first, cells, true});
                if (first + cells < g_.w.out)
                    tiles_.push_back({first + cells, g_.w.out - first - cells, false});
                return;
            }
        }
        const int64_t floats = g_.wide_per_group * lines_.plane_floats(rows_, 1);
        const int64_t fitting = std::max(kBandFloats / floats, 4 * kStep) / kStep * kStep;
        for (int64_t x = 0; x < g_.w.out; x += fitting)
            tiles_.push_back({x, std::min(fitting, g_.w.out - x), false});
    }

    /// Copies the wide rows under some rows of windows for a tile.
    void fill_band(ConvScratch& scratch, const float* planes, int64_t h, int64_t rows,
                   const Tile& tile) const {
        const int64_t floats = lines_.plane_floats(rows, tile.cells);
        scratch.lines.resize(static_cast<size_t>(g_.wide_per_group * floats));
        for (int64_t c = 0; c < g_.wide_per_group; ++c, planes += g_.h.in * g_.w.in)
            lines_.fill(scratch.lines.data() + c * floats, planes, h, rows, tile.x, tile.cells);
    }

    /// Where the cell at window column 0 and kernel column 0 lies for a place, when rows are read in place.
    const float* row_at(const float* plane, int64_t place) const {
        const auto cell = padded_cell(place, g_.h.in, g_.mode);
        return (cell ? plane + *cell * g_.w.in : zeros_.data()) - g_.w.pad_before;
    }

    void sum(const Call& call, int64_t group, int64_t h, int64_t rows, const Tile& tile) const {
        ConvScratch& scratch = conv_scratch();
        const int64_t plane = g_.h.out * g_.w.out;
        RowSums sums{
            .weights = &weights_[static_cast<size_t>(group % g_.groups)],
            .bias = call.bias ? call.bias + group % g_.groups * g_.narrow_per_group : nullptr,
            .out_channel_step = plane,
            .channels = g_.narrow_per_group,
            .cells = tile.cells,
            .is_streamed = call.is_streamed};
        if (tile.is_direct) return sum_direct(call, sums, group, h, rows, tile);
        fill_band(scratch, planes(call, group), h, rows, tile);
        collect_band(scratch, rows, tile);
        sums.taps = scratch.taps;
        const int64_t floats = lines_.line_floats(tile.cells);
        const bool is_even = tile.cells % kStep == 0 && tile.cells >= kEvenCells;
        if (tile.cells < kFlatCells && !is_even && floats <= std::max(kStep, 2 * tile.cells) &&
            !call.is_streamed) {
            // The lines of neighbouring rows follow each other: they are worked through as one. What is streamed is not: of
            // the two ends of a row, each line of the cache would be read before it is written.
            sums.cells = (rows - 1) * floats + tile.cells;
            scratch.sums.resize(static_cast<size_t>(g_.narrow_per_group * sums.cells));
            sums.out = scratch.sums.data();
            sums.out_channel_step = sums.cells;
            add_up(sums);
            for (int64_t c = 0; c < g_.narrow_per_group; ++c)
                copy_rows({.from = sums.out + c * sums.cells,
                           .from_step = floats,
                           .to = out(call, group) + c * plane + h * g_.w.out + tile.x,
                           .to_step = g_.w.out,
                           .rows = rows,
                           .cells = tile.cells});
            return;
        }
        for (int64_t i = 0; i < rows; ++i) {
            sums.shift = i * floats;
            sums.out = out(call, group) + (h + i) * g_.w.out + tile.x;
            add_up(sums);
        }
    }

    /// Of few channels the planes are added up a few at a time: more than the processor reads ahead in.
    void sum_direct(const Call& call, RowSums sums, int64_t group, int64_t h, int64_t rows,
                    const Tile& tile) const {
        ConvScratch& scratch = conv_scratch();
        const int64_t together =
            g_.narrow_per_group <= kFewChannels ? planes_together(g_.h.kernel) : g_.wide_per_group;
        const float* const bias = sums.bias;
        std::optional<int64_t> taken;  // the row for which the taps were collected
        for (int64_t i = h; i < h + rows; ++i) {
            const int64_t place = *g_.h.input_place(i, 0);
            const bool is_inside = place >= 0 && place + g_.h.span() <= g_.h.in;
            if (!is_inside || !taken) {
                collect_direct(scratch.taps, planes(call, group), i);
                taken.reset();
                if (is_inside) taken = i;
            }
            sums.stride = g_.w.stride;
            sums.shift = tile.x * g_.w.stride + (taken ? (i - *taken) * g_.h.stride * g_.w.in : 0);
            sums.out = out(call, group) + i * g_.w.out + tile.x;
            for (int64_t c = 0; c < g_.wide_per_group; c += together) {
                const int64_t some = std::min(together, g_.wide_per_group - c);
                sums.taps = std::span(scratch.taps)
                                .subspan(static_cast<size_t>(c * g_.taps()),
                                         static_cast<size_t>(some * g_.taps()));
                sums.bias = c == 0 ? bias : nullptr;
                sums.adds = c > 0;
                sums.is_streamed = call.is_streamed && together >= g_.wide_per_group;
                add_up(sums);
            }
        }
    }

    void collect_direct(std::vector<Tap>& taps, const float* planes, int64_t h) const {
        taps.clear();
        int64_t weight = 0;
        for (int64_t c = 0; c < g_.wide_per_group; ++c)
            for (int64_t r = 0; r < g_.h.kernel; ++r) {
                const float* const row =
                    row_at(planes + c * g_.h.in * g_.w.in, *g_.h.input_place(h, r));
                for (int64_t s = 0; s < g_.w.kernel; ++s)
                    taps.push_back({row + s * g_.w.dilation, weight++});
            }
    }

    void collect_band(ConvScratch& scratch, int64_t rows, const Tile& tile) const {
        scratch.taps.clear();
        const float* plane = scratch.lines.data();
        int64_t weight = 0;
        for (int64_t c = 0; c < g_.wide_per_group;
             ++c, plane += lines_.plane_floats(rows, tile.cells))
            for (int64_t r = 0; r < g_.h.kernel; ++r)
                for (int64_t s = 0; s < g_.w.kernel; ++s)
                    scratch.taps.push_back(
                        {plane + lines_.offset(r, s, rows, tile.cells), weight++});
    }

    /// Planes of `height` rows that are read at once: as many as the processor reads ahead in, or more where they are very many.
    int64_t planes_together(int64_t height) const {
        return std::clamp<int64_t>(
            std::max(kMostStreams / height, (g_.wide_per_group + kMostPasses - 1) / kMostPasses), 1,
            g_.wide_per_group);
    }

    void filter(const Call& call, int64_t group, int64_t h, int64_t rows, const Tile& tile) const {
        if (!tile.is_direct) fill_band(conv_scratch(), planes(call, group), h, rows, tile);
        const int64_t plane = tile.is_direct ? 0 : lines_.plane_floats(rows, tile.cells);
        for (int64_t row = 0; row < rows; row += kFilterRows)
            filter_some(call, group, h, row, std::min(kFilterRows, rows - row), tile, plane);
    }

    /// Up to kFilterRows rows of windows from h + row on, one output plane after the other. `plane`: floats of a copied plane.
    void filter_some(const Call& call, int64_t group, int64_t h, int64_t row, int64_t rows,
                     const Tile& tile, int64_t plane) const {
        ConvScratch& scratch = conv_scratch();
        scratch.sources.clear();
        if (has_ends_) scratch.lines.clear();
        for (int64_t c = 0; c < g_.wide_per_group; ++c)
            for (int64_t i = 0; i < kFilterRows + g_.h.kernel - 1; ++i) {
                // Rows left out read the last one that there is.
                const int64_t line = row + std::min(i, rows + g_.h.kernel - 2);
                if (!tile.is_direct) {
                    scratch.sources.push_back(scratch.lines.data() + c * plane +
                                              line * lines_.line_floats(tile.cells));
                    continue;
                }
                const float* const from =
                    row_at(planes(call, group) + c * g_.h.in * g_.w.in, h - g_.h.pad_before + line);
                scratch.sources.push_back(from + tile.x);
                if (!has_ends_) continue;
                for (const auto& cell : ends_)
                    scratch.lines.push_back(cell ? from[*cell + g_.w.pad_before] : 0.0f);
            }
        h += row;
        for (int64_t o = 0; o < g_.narrow_per_group; ++o) {
            const int64_t channel = group % g_.groups * g_.narrow_per_group + o;
            float* const to = out(call, group) + (o * g_.h.out + h) * g_.w.out + tile.x;
            if (!two_passes_.empty() && two_passes_[static_cast<size_t>(channel)] &&
                pass_twice(call, scratch, channel, rows, tile.cells, to))
                continue;
            const int64_t height = kFilterRows + g_.h.kernel - 1;
            const int64_t together = planes_together(height);
            for (int64_t c = 0; c < g_.wide_per_group; c += together) {
                const int64_t planes = std::min(together, g_.wide_per_group - c);
                filter_rows({.sources = std::span(scratch.sources)
                                            .subspan(static_cast<size_t>(c * height),
                                                     static_cast<size_t>(planes * height)),
                             .ends = has_ends_ ? std::span<const float>(scratch.lines)
                                               : std::span<const float>(),
                             .channels = planes,
                             .kernel_h = g_.h.kernel,
                             .kernel_w = g_.w.kernel,
                             .dilation = g_.w.dilation,
                             .weight = call.weight.data() + channel * terms() + c * g_.taps(),
                             .bias = call.bias && c == 0 ? call.bias[channel] : 0.0f,
                             .adds = c > 0,
                             .out = to,
                             .out_step = g_.w.out,
                             .rows = rows,
                             .cells = tile.cells,
                             .is_streamed = call.is_streamed && together >= g_.wide_per_group});
            }
        }
    }

    /// Rows of windows under the rows of scratch.sources: first down the columns, where a value loaded serves all rows, then
    /// along the rows of what came out. False where that is not finite: then only the sum of all terms tells what is.
    bool pass_twice(const Call& call, ConvScratch& scratch, int64_t channel, int64_t rows,
                    int64_t cells, float* to) const {
        const Factors& factors = *two_passes_[static_cast<size_t>(channel)];
        const int64_t length = cells + g_.w.span() - 1;
        const int64_t step = (length + kStep - 1) / kStep * kStep + kStep;
        scratch.sums.resize(static_cast<size_t>(kFilterRows * step));
        filter_rows({.sources = scratch.sources,
                     .kernel_h = g_.h.kernel,
                     .weight = factors.column.data(),
                     .out = scratch.sums.data(),
                     .out_step = step,
                     .cells = length});
        for (int64_t r = 0; r < rows; ++r)
            if (!all_finite({scratch.sums.data() + r * step, static_cast<size_t>(length)}))
                return false;
        const float* sources[kFilterRows];
        for (int64_t r = 0; r < kFilterRows; ++r) sources[r] = scratch.sums.data() + r * step;
        filter_rows({.sources = sources,
                     .kernel_w = g_.w.kernel,
                     .dilation = g_.w.dilation,
                     .weight = factors.row.data(),
                     .bias = call.bias ? call.bias[channel] : 0.0f,
                     .out = to,
                     .out_step = g_.w.out,
                     .rows = rows,
                     .cells = cells,
                     .is_streamed = call.is_streamed});
        return true;
    }

    const ConvGeometry g_;
    bool is_filter_;
    bool has_ends_;  // rows are read in place, padding and all: it is one cell
    std::vector<std::optional<int64_t>> ends_;  // which cells those of the padding copy
    std::vector<float> zeros_;                  // a row of the padding
    std::vector<PackedWeights> weights_;
    std::vector<std::optional<Factors>> two_passes_;  // of each output channel; empty: none
    std::vector<Tile> tiles_;
    int64_t rows_;  // of windows in a part
    WideLines lines_;
};

/// Few windows: the cells under each lie together once, and every kernel meets every window.
bool gather_few(const ConvGeometry& g, const Tensor& wide, const Tensor& weight, const Tensor* bias,
                Tensor& narrow, const Progress& progress) {
    const int64_t cells = g.h.out * g.w.out, terms = g.wide_per_group * g.taps();
    const int64_t chunk =
        std::clamp<int64_t>(kPartProducts / (cells * terms) / 4 * 4, 4, g.narrow_per_group);
    const int64_t chunks = (g.narrow_per_group + chunk - 1) / chunk;
    float* const out = narrow.mutate().data();
    const WindowCells windows = cells_under_windows(g, wide);
    return run_parts(progress, g.batch * g.groups * chunks, [&](int64_t part) {
        const int64_t group = part / chunks, first = part % chunks * chunk;
        const int64_t channels = std::min(chunk, g.narrow_per_group - first);
        ConvScratch& scratch = conv_scratch();
        scratch.sources.clear();
        for (int64_t c = 0; c < channels; ++c)
            scratch.sources.push_back(weight.data() +
                                      (group % g.groups * g.narrow_per_group + first + c) * terms);
        for (int64_t cell = 0; cell < cells; ++cell)
            scratch.sources.push_back(windows.first + (group * cells + cell) * windows.step);
        scratch.row_sums.assign(static_cast<size_t>(channels * cells), 0.0);
        const std::span all(scratch.sources);
        tile_dots({.left = all.first(static_cast<size_t>(channels)),
                   .right = all.subspan(static_cast<size_t>(channels)),
                   .count = terms,
                   .sums = scratch.row_sums.data()});
        for (int64_t i = 0; i < channels * cells; ++i) {
            const int64_t channel = group * g.narrow_per_group + first + i / cells;
            const double start =
                bias ? static_cast<double>(bias->data()[channel % (g.groups * g.narrow_per_group)])
                     : 0;
            out[channel * cells + i % cells] =
                static_cast<float>(scratch.row_sums[static_cast<size_t>(i)] + start);
        }
    });
}

}  // namespace

bool gather_windows(const ConvGeometry& g, const Tensor& wide, const Tensor& weight,
                    const Tensor* bias, Tensor& narrow, const Progress& progress,
                    const Pointwise* then) {
    if (is_dense(g) || has_few_cells(g))
        return (is_dense(g) ? gather_dense(g, wide, weight, bias, narrow, progress)
                            : gather_few(g, wide, weight, bias, narrow, progress)) &&
               (!then || apply(*then, narrow, part_of(progress, 1, 0)));
    thread_local KeptReady<Gather> kept;
    const std::shared_ptr<const Gather> gather = kept.of(g, weight);
    float* const out = narrow.mutate().data();
    const Gather::Call call{wide, weight, bias ? bias->data() : nullptr,
                            out,  then,   !then && gather->can_stream(out)};
    return run_parts(progress, gather->parts(), [&](int64_t i) { gather->part(call, i); });
}

}  // namespace convscope
