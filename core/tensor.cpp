// Tensor: shape text and conversions between float32 and double.
#include "core/tensor.h"

namespace convscope {

std::string to_string(Shape shape) {
    return fmt::format("{}×{}×{}×{}", shape.n, shape.c, shape.h, shape.w);
}

DoubleTensor to_double(const Tensor& tensor) {
    if (tensor.empty()) return {};
    return {tensor.shape(), std::vector<double>(tensor.values().begin(), tensor.values().end())};
}

Tensor to_float(const DoubleTensor& tensor) {
    if (tensor.empty()) return {};
    std::vector<float> values;
    values.reserve(tensor.values().size());
    for (double value : tensor.values()) values.push_back(static_cast<float>(value));
    return {tensor.shape(), std::move(values)};
}

}  // namespace convscope
