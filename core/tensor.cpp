// Tensor: shape text and conversions between float32 and double.
#include "core/tensor.h"

namespace convscope {

std::string to_string(Shape shape) {
    return fmt::format("{}×{}×{}×{}", shape.n, shape.c, shape.h, shape.w);
}

DoubleTensor to_double(const Tensor& tensor) {
    if (tensor.empty()) return {};
    DoubleTensor converted(tensor.shape(), kUnfilled);
    std::ranges::copy(tensor.values(), converted.mutate().begin());
    return converted;
}

Tensor to_float(const DoubleTensor& tensor) {
    if (tensor.empty()) return {};
    Tensor converted(tensor.shape(), kUnfilled);
    std::ranges::transform(tensor.values(), converted.mutate().begin(),
                           [](double value) { return static_cast<float>(value); });
    return converted;
}

}  // namespace convscope
