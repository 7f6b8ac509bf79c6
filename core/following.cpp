#include "core/following.h"

#include <algorithm>

namespace convscope {

std::vector<Tensor> buffers_at_start(const Layer& layer, const Plan& plan) {
    if (!layer.buffers.empty()) return layer.buffers;
    std::vector<Tensor> fresh;
    for (const BufferSpec& spec : plan.buffers) fresh.emplace_back(spec.shape, spec.initial);
    return fresh;
}

Following following(const Document& document, std::span<const LayerResult> layers, size_t k) {
    std::vector<Pointwise> all;
    for (size_t next = k + 1; next < layers.size(); ++next) {
        const Layer& layer = document.layers[next];
        if (!layer.op->pointwise) break;
        const Plan& plan = layers[next].plan;
        const std::vector<Tensor> buffers = buffers_at_start(layer, plan);
        const LayerInputs inputs{{}, layer.weights, buffers, document.training};
        Pointwise one = layer.op->pointwise(layer.params, plan, inputs);
        if (!one) break;
        all.push_back(std::move(one));
    }
    const size_t count = all.size();
    if (count == 0) return {};
    return {[all = std::move(all)](int64_t channel, float* values, int64_t values_count) {
                constexpr int64_t kPiece = 1 << 12;  // stays in the nearest cache for all of them
                for (int64_t i = 0; i < values_count; i += kPiece)
                    for (const Pointwise& one : all)
                        one(channel, values + i, std::min(kPiece, values_count - i));
            },
            count};
}

}  // namespace convscope
