#include "core/other_mode.h"

namespace convscope {

std::optional<OtherMode> in_mode(const Result& result, int layer, bool training) {
    const Layer& described = result.document.layers.at(static_cast<size_t>(layer));
    const LayerResult& computed = result.layers.at(static_cast<size_t>(layer));
    OtherMode other;
    other.plan = described.op->plan(described.params, computed.input.shape(), training);
    if (other.plan.problem) return {};
    std::vector<int> wanted;
    for (size_t s = 0; s < other.plan.stages.size(); ++s)
        if (!other.plan.stages[s].backward && !other.plan.stages[s].optional)
            wanted.push_back(static_cast<int>(s));
    other.stages.resize(other.plan.stages.size());
    const std::span<const Tensor> buffers =
        computed.buffers.empty() ? std::span<const Tensor>() : computed.buffers.back();
    if (!described.op->forward(described.params, other.plan,
                               {computed.input, described.weights, buffers, training}, wanted,
                               other.stages, {}))
        return {};
    return other;
}

}  // namespace convscope
