// conv_transpose2d: forward and backward in float32, compared with `explain` by the contract test. The passes are
// conv_passes.h's: the input is the narrow grid, the output (or the stamped canvas) the wide one.
#include "core/conv_passes.h"
#include "core/ops/conv_transpose2d/conv_transpose2d.h"

namespace convscope {
namespace {

/// The window seen from the output: it is laid on the output and has one narrow cell for each input.
WindowAxis laid_on_output(const WindowAxis& axis, bool is_cropped) {
    return {.in = is_cropped ? axis.out : axis.stamped(),
            .out = axis.in,
            .kernel = axis.kernel,
            .stride = axis.stride,
            .dilation = axis.dilation,
            .pad_before = is_cropped ? axis.pad_before : 0,
            .pad_after = is_cropped ? axis.pad_after : 0,
            .transposed = false};
}

ConvGeometry geometry(const Plan& plan, bool is_cropped) {
    const Window& window = *plan.window;
    return {.h = laid_on_output(window.h, is_cropped),
            .w = laid_on_output(window.w, is_cropped),
            .mode = PaddingMode::zeros,
            .batch = plan.output_stage().shape.n,
            .groups = window.groups,
            .wide_per_group = window.out_per_group,
            .narrow_per_group = window.in_per_group};
}

}  // namespace

bool ConvTranspose2d::forward(const ConvTranspose2d& p, const Plan& plan, const LayerInputs& inputs,
                              std::span<const int> wanted, std::span<Tensor> stages,
                              const Progress& progress) {
    const int stamped = plan.stage("stamped");
    const ConvGeometry cropped = geometry(plan, true);
    const double first = is_wanted(wanted, stamped) ? 0.5 : 0;
    if (is_wanted(wanted, stamped) &&
        !spread_stamps(geometry(plan, false), inputs.input, inputs.weights[0], nullptr,
                       stage_tensor(plan, stages, stamped), part_of(progress, 0, first)))
        return false;
    return spread_stamps(
        cropped, inputs.input, inputs.weights[0], p.bias ? &inputs.weights[1] : nullptr,
        stage_tensor(plan, stages, plan.output), part_of(progress, first, 1 - first));
}

bool ConvTranspose2d::backward(const ConvTranspose2d&, const Plan& plan, const LayerInputs& inputs,
                               const Tensor& grad_output, std::span<const int> wanted,
                               std::span<Tensor> stages, const Progress& progress) {
    const ConvGeometry g = geometry(plan, true);
    const Progress first = part_of(progress, 0, 0.5), second = part_of(progress, 0.5, 0.5);
    const int grad_input = plan.stage("grad_input"), grad_weight = plan.stage("grad_weight");
    const int grad_bias = plan.stage("grad_bias");
    if (is_wanted(wanted, grad_input) &&
        !gather_windows(g, grad_output, inputs.weights[0], nullptr,
                        stage_tensor(plan, stages, grad_input), first))
        return false;
    if (is_wanted(wanted, grad_weight) &&
        !correlate(g, grad_output, inputs.input, stage_tensor(plan, stages, grad_weight), nullptr,
                   second))
        return false;
    return !is_wanted(wanted, grad_bias) ||
           sum_channels(grad_output, stage_tensor(plan, stages, grad_bias),
                        part_of(progress, 1, 0));
}

}  // namespace convscope
