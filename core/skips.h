// Skip connections of a chain: their stages, their sums forward and backward, and the terms of those.
#pragma once

#include <optional>
#include <span>
#include <utility>

#include "core/document.h"

namespace convscope {

/// Adds the stages of the skip connection that ends at layer `k` to the plans of `k` and of the layer where it starts.
/// `plans` are those of the layers up to `k`, `inputs` the shapes of their inputs. The Problem where it cannot be.
std::optional<Problem> plan_skip(const Layer& layer, int k, std::span<Plan* const> plans,
                                 std::span<const Shape> inputs);

/// True for the stages that plan_skip added: no op computes or explains them.
bool is_skip_stage(const Plan& plan, int stage);

/// The terms of such a stage: the op's own output or grad_input, and what the skip connections bring.
Explanation explain_skip(const Plan& plan, int stage, Index cell, const Reader& read);

/// The sum of tensors of one shape, added in double and rounded once.
Tensor added(std::span<const Tensor* const> tensors);

}  // namespace convscope
