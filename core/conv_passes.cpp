#include "core/conv_passes.h"

#include <algorithm>

namespace convscope {

void sum_channels(const Tensor& grad_output, Tensor& grad_bias) {
    const Shape shape = grad_output.shape();
    for (int64_t c = 0; c < shape.c; ++c) {
        double sum = 0;
        for (int64_t n = 0; n < shape.n; ++n) {
            const float* const plane = grad_output.data() + shape.offset({n, c, 0, 0});
            for (int64_t i = 0; i < shape.plane(); ++i) sum += static_cast<double>(plane[i]);
        }
        grad_bias.set({0, c, 0, 0}, static_cast<float>(sum));
    }
}

Tensor& stage_tensor(const Plan& plan, std::span<Tensor> stages, int stage) {
    Tensor& tensor = stages[static_cast<size_t>(stage)];
    const Shape shape = plan.stages[static_cast<size_t>(stage)].shape;
    if (tensor.empty() || tensor.shape() != shape || tensor.is_shared())
        tensor = Tensor(shape, kUnfilled);
    return tensor;
}

bool is_wanted(std::span<const int> wanted, int stage) {
    return std::ranges::find(wanted, stage) != wanted.end();
}

}  // namespace convscope
