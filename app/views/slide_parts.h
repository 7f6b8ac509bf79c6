// Parts that the one-channel and the many-channel picture of the slide view share.
#pragma once

#include "app/views/easel.h"
#include "app/views/story.h"

namespace convscope {

/// What both pictures are drawn from.
struct Slide {
    const ViewInput& in;
    const Plan& plan;
    const LayerResult& layer;
    const Layer& document_layer;
    const Window& window;
    Place place;
    std::optional<Story> story;           // none before the first step
    int weight = 0;                       // index of the weight tensor

    explicit Slide(const ViewInput& view_input);
    const Tensor& weights() const { return document_layer.weights[static_cast<size_t>(weight)]; }
    Index cell() const;
    int64_t group() const { return cell().c / window.out_per_group; }
    /// Input channel number `i` of the current group, and the weight plane it meets.
    int64_t input_channel(int64_t i) const { return group() * window.in_per_group + i; }
    Index weight_plane(int64_t i) const;
    /// Rows and columns of the input grid, with the padding ring of a plain window.
    int64_t ring_rows() const { return window.h.in + ring(window.h.pad_before) + ring_after(window.h); }
    int64_t ring_columns() const { return window.w.in + ring(window.w.pad_before) + ring_after(window.w); }
    /// Behind the input also what the last window of a pool hangs over (ceil_mode).
    static int64_t ring_after(const WindowAxis& axis) {
        if (axis.transposed) return 0;
        return std::max(axis.pad_after, (axis.out - 1) * axis.stride + axis.span() - axis.pad_before - axis.in);
    }
    int64_t ring(int64_t pad) const { return window.transposed() ? 0 : pad; }
    double bias() const;                  // of the current output channel
    NumberSource bias_source() const;
    bool has_weights() const { return !document_layer.weights.empty(); }
    bool by_output() const { return in.timeline->order() == Order::by_output; }
    bool has_bias() const { return document_layer.weights.size() > 1; }
};

/// The input grid of one channel with padding, leftover and the window's cells lit; `x`, `y` of its ring's corner.
Grid& add_input(Easel& easel, const Slide& slide, const std::string& name, int64_t channel, float x, float y, float cell);
Grid& add_kernel(Easel& easel, const Slide& slide, const std::string& name, int64_t i, float x, float y, float cell);
/// Products of one input channel at their kernel cells.
Grid& add_products(Easel& easel, const Slide& slide, const std::string& name, int64_t channel, float x, float y,
                   float cell);
/// The shown plane of the output: done, current, pending.
Grid& add_output(Easel& easel, const Slide& slide, float x, float y, float cell);
/// A plane of the output walked cell by cell: `now` has the value `sum` so far, what comes after it is still empty. No sum:
/// nothing is computed yet.
Grid& add_walked_output(Easel& easel, const ViewInput& in, Index now, std::optional<double> sum, NumberSource from,
                        float x, float y, float cell);

/// "rows 1–3, columns 5–7" of the current window, padding included.
std::string window_words(const Slide& slide);
/// The window's place on an input grid now, moving between windows; none before the first step or in another plane.
std::optional<Box> window_box(const Slide& slide, const Grid& input);
bool is_moving(const Slide& slide);

/// What happens, in words: of a pool that of `pool_caption`.
Caption slide_caption(const Slide& slide);
Caption pool_caption(const Slide& slide);   // with a story

/// One input channel of the group: the only one, or where several have no room the one at work.
Scene build_slide_one(const Slide& slide, int64_t i = 0);
Scene build_slide_pool(const Slide& slide);
Scene build_slide_channels(const Slide& slide);
/// Of a layer without a window: one output cell at a time, with its formula.
Scene build_slide_cell(const ViewInput& in);

/// The unfold view, which shows the same input and tells the same.
Scene build_unfold(const ViewInput& in);

}  // namespace convscope
