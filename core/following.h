// Layers that are functions of single values, as one function: they are applied to the output of the layer before while it
// is near, where nobody wants what lies between (batch norm in eval mode, activations).
#pragma once

#include "core/evaluate.h"

namespace convscope {

/// What the `count` layers after a layer do to its output; `apply` is empty where there are none.
struct Following {
    Pointwise apply;
    size_t count = 0;
};
/// Those after layer `k` of planned layers, none of which ends or starts a skip connection.
Following following(const Document& document, std::span<const LayerResult> layers, size_t k);

/// A layer's buffers before the first batch.
std::vector<Tensor> buffers_at_start(const Layer& layer, const Plan& plan);

}  // namespace convscope
