// conv2d: forward and backward in float32, compared with `explain` by the contract test. The passes are conv_passes.h's:
// the input is the wide grid, the output the narrow one.
#include <algorithm>

#include "core/conv_passes.h"
#include "core/ops/conv2d/conv2d.h"

namespace convscope {
namespace {

ConvGeometry geometry(const Plan& plan) {
    const Window& window = *plan.window;
    return {.h = window.h,
            .w = window.w,
            .mode = window.mode,
            .batch = plan.output_stage().shape.n,
            .groups = window.groups,
            .wide_per_group = window.in_per_group,
            .narrow_per_group = window.out_per_group};
}

/// The padded input as a grid of its own.
ConvGeometry padded(ConvGeometry g) {
    for (WindowAxis* axis : {&g.h, &g.w}) {
        axis->in += axis->pad_before + axis->pad_after;
        axis->pad_before = axis->pad_after = 0;
    }
    g.mode = PaddingMode::zeros;
    return g;
}

/// Gives every padding cell's gradient to the cell it copies; zeros of the padding have none to give.
void fold(const ConvGeometry& g, const Tensor& grad_padded, Tensor& grad_input) {
    const Shape from = grad_padded.shape(), to = grad_input.shape();
    std::span<float> out = grad_input.mutate();
    if (g.mode == PaddingMode::zeros) {
        for (int64_t row = 0; row < to.n * to.c * to.h; ++row)
            std::copy_n(grad_padded.data() +
                            (row / to.h * from.h + row % to.h + g.h.pad_before) * from.w +
                            g.w.pad_before,
                        to.w, out.data() + row * to.w);
        return;
    }
    std::vector<double> row(static_cast<size_t>(to.w));
    std::vector<int64_t> cells(static_cast<size_t>(from.w));  // of each padded column; −1: none
    for (int64_t w = 0; w < from.w; ++w)
        cells[static_cast<size_t>(w)] =
            padded_cell(w - g.w.pad_before, g.w.in, g.mode).value_or(-1);
    for (int64_t n = 0; n < to.n; ++n)
        for (int64_t c = 0; c < to.c; ++c)
            for (int64_t h = 0; h < to.h; ++h) {
                std::ranges::fill(row, 0.0);
                for (int64_t place : places_of(h, g.h, g.mode)) {
                    const float* const line =
                        grad_padded.data() + from.offset({n, c, place + g.h.pad_before, 0});
                    for (int64_t w = 0; w < from.w; ++w)
                        if (const int64_t cell = cells[static_cast<size_t>(w)]; cell >= 0)
                            row[static_cast<size_t>(cell)] += static_cast<double>(line[w]);
                }
                float* const line = out.data() + to.offset({n, c, h, 0});
                for (int64_t w = 0; w < to.w; ++w)
                    line[w] = static_cast<float>(row[static_cast<size_t>(w)]);
            }
}

}  // namespace

bool Conv2d::forward(const Conv2d& p, const Plan& plan, const LayerInputs& inputs,
                     std::span<const int>, std::span<Tensor> stages, const Progress& progress) {
    const ConvGeometry g = geometry(plan);
    return gather_windows(g, inputs.input, inputs.weights[0], p.bias ? &inputs.weights[1] : nullptr,
                          stage_tensor(plan, stages, plan.output), progress, inputs.then);
}

bool Conv2d::backward(const Conv2d&, const Plan& plan, const LayerInputs& inputs,
                      const Tensor& grad_output, std::span<const int> wanted,
                      std::span<Tensor> stages, const Progress& progress) {
    const ConvGeometry g = geometry(plan);
    const Progress first = part_of(progress, 0, 0.5), second = part_of(progress, 0.5, 0.5);
    const int grad_input = plan.stage("grad_input"), grad_padded = plan.stage("grad_padded_input");
    const int grad_weight = plan.stage("grad_weight"), grad_bias = plan.stage("grad_bias");

    if (grad_padded < 0 || (g.mode == PaddingMode::zeros && !is_wanted(wanted, grad_padded))) {
        if (is_wanted(wanted, grad_input) &&
            !spread_stamps(g, grad_output, inputs.weights[0], nullptr,
                           stage_tensor(plan, stages, grad_input), first))
            return false;
    } else if (is_wanted(wanted, grad_input) || is_wanted(wanted, grad_padded)) {
        Tensor& sums = stage_tensor(plan, stages, grad_padded);
        if (!spread_stamps(padded(g), grad_output, inputs.weights[0], nullptr, sums, first))
            return false;
        if (is_wanted(wanted, grad_input)) fold(g, sums, stage_tensor(plan, stages, grad_input));
        if (!is_wanted(wanted, grad_padded)) sums = {};
    }
    Tensor* const bias =
        is_wanted(wanted, grad_bias) ? &stage_tensor(plan, stages, grad_bias) : nullptr;
    if (is_wanted(wanted, grad_weight))
        return correlate(g, inputs.input, grad_output, stage_tensor(plan, stages, grad_weight),
                         bias, second);
    return !bias || sum_channels(grad_output, *bias, part_of(progress, 1, 0));
}

}  // namespace convscope
