// The fast passes of conv2d and conv_transpose2d. Both know one pair of grids: the *wide* one, which windows are laid on
// (conv2d's input, conv_transpose2d's output), and the *narrow* one with a cell for each window (conv2d's output,
// conv_transpose2d's input). Forward and backward of both are the same three passes, in one direction or the other.
#pragma once

#include "core/op.h"
#include "core/window.h"

namespace convscope {

/// A plain window (`in` cells of the wide grid, `out` of the narrow one). Both layouts of the weight are
/// (narrow channel, wide channel within the group, row, column).
struct ConvGeometry {
    WindowAxis h, w;
    PaddingMode mode = PaddingMode::zeros;
    int64_t batch = 1, groups = 1;
    int64_t wide_per_group = 1, narrow_per_group = 1;  // channels
    bool operator==(const ConvGeometry&) const = default;

    int64_t taps() const { return h.kernel * w.kernel; }
    Shape wide() const { return {batch, groups * wide_per_group, h.in, w.in}; }
    Shape narrow() const { return {batch, groups * narrow_per_group, h.out, w.out}; }
    /// Multiplications of each pass.
    int64_t products() const { return narrow().count() * wide_per_group * taps(); }
};

// Each pass overwrites its result and returns false when cancelled. `bias` may be null.

/// narrow cell = Σ over its window of wide cell · weight, + bias; `then`, where there is one, is applied to that part by part.
bool gather_windows(const ConvGeometry&, const Tensor& wide, const Tensor& weight,
                    const Tensor* bias, Tensor& narrow, const Progress&,
                    const Pointwise* then = nullptr);
/// wide cell = Σ over the windows on it of narrow cell · weight, + bias. Windows' cells outside the wide grid (padding of
/// zeros) are dropped.
bool spread_stamps(const ConvGeometry&, const Tensor& narrow, const Tensor& weight,
                   const Tensor* bias, Tensor& wide, const Progress&);
/// weight cell = Σ over all windows of the wide cell under it · narrow cell. `narrow_sums` may be null: the sum of each narrow
/// channel, on the way.
bool correlate(const ConvGeometry&, const Tensor& wide, const Tensor& narrow, Tensor& weight,
               Tensor* narrow_sums, const Progress&);

/// Sum of each channel: the gradient of a bias. False when cancelled.
bool sum_channels(const Tensor& grad_output, Tensor& grad_bias, const Progress&);

/// Applies a function of single values to all of a tensor. False when cancelled.
bool apply(const Pointwise& function, Tensor& tensor, const Progress&);

/// The tensor of a stage, made when it is not there yet. Its values are not set: the pass writes every one.
Tensor& stage_tensor(const Plan& plan, std::span<Tensor> stages, int stage);
bool is_wanted(std::span<const int> wanted, int stage);

}  // namespace convscope
