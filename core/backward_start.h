// The gradient that a backward pass starts from, and the loss it is the gradient of.
#pragma once

#include <optional>

#include "core/document.h"

namespace convscope {

/// Why the pass cannot start: a tensor that has not the output's shape.
std::optional<Problem> start_problem(const BackwardStart& start, Shape output);

/// grad_output of the last layer, from its output. `T` is float, or double for the reference.
template <class T>
BasicTensor<T> start_gradient(const BackwardStart& start, const BasicTensor<T>& output);

/// The loss where the start has one: mean(output²)/2 or mean((output − target)²)/2, added up in double.
std::optional<double> start_loss(const BackwardStart& start, const Tensor& output);

}  // namespace convscope
