// A layer in the other mode, train or eval, beside its result: batch norm's output with the running statistics.
#pragma once

#include <optional>

#include "core/evaluate.h"

namespace convscope {

/// Stages of a layer of `result` in eval mode (`training` false) or train mode, on the same input and with the buffers as
/// they are after the result's batch. None where the layer cannot be in that mode.
struct OtherMode {
    Plan plan;
    std::vector<Tensor> stages;
    const Tensor& output() const { return stages[static_cast<size_t>(plan.output)]; }
};
std::optional<OtherMode> in_mode(const Result& result, int layer, bool training);

}  // namespace convscope
