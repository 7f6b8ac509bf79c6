#include "core/backward_start.h"

#include <cmath>

#include <fmt/format.h>

namespace convscope {
namespace {

using Kind = BackwardStart::Kind;

bool needs_tensor(Kind kind) { return kind == Kind::given || kind == Kind::squared_distance; }

/// Normal values scaled to RMS 1.
Tensor random_gradient(uint64_t seed, Shape shape) {
    Tensor gradient = generate("normal", seed, shape);
    double squares = 0;
    for (const float v : gradient.values())
        squares += static_cast<double>(v) * static_cast<double>(v);
    if (squares == 0) return Tensor(shape, 1.0f);
    const double scale = 1 / std::sqrt(squares / static_cast<double>(shape.count()));
    for (float& v : gradient.mutate()) v = static_cast<float>(static_cast<double>(v) * scale);
    return gradient;
}

/// What the output is compared with, at its i-th value.
double target(const BackwardStart& start, size_t i) {
    return start.kind == Kind::squared_distance ? static_cast<double>(start.tensor.data()[i]) : 0;
}

}  // namespace

std::optional<Problem> start_problem(const BackwardStart& start, Shape output) {
    if (!needs_tensor(start.kind) || start.tensor.shape() == output) return {};
    const char* what = start.kind == Kind::given ? "grad_output" : "The target";
    if (start.tensor.empty()) {
        return Problem{fmt::format("{} is missing.", what),
                       fmt::format("Give it {}, the shape of the output.", to_string(output)),
                       "",
                       {}};
    }
    return Problem{fmt::format("{} is {}, the output is {}.", what,
                               to_string(start.tensor.shape()), to_string(output)),
                   "Give it the shape of the output.",
                   "",
                   {}};
}

template <class T>
BasicTensor<T> start_gradient(const BackwardStart& start, const BasicTensor<T>& output) {
    const auto converted = [](const Tensor& tensor) {
        if constexpr (std::is_same_v<T, double>)
            return to_double(tensor);
        else
            return tensor;
    };
    if (start.kind == Kind::given) return converted(start.tensor);
    if (start.kind == Kind::random) return converted(random_gradient(start.seed, output.shape()));
    BasicTensor<T> gradient(output.shape(), kUnfilled);
    const std::span<T> values = gradient.mutate();
    const auto count = static_cast<double>(output.shape().count());
    for (size_t i = 0; i < values.size(); ++i)
        values[i] =
            static_cast<T>((static_cast<double>(output.data()[i]) - target(start, i)) / count);
    return gradient;
}
template Tensor start_gradient(const BackwardStart&, const Tensor&);
template DoubleTensor start_gradient(const BackwardStart&, const DoubleTensor&);

std::optional<double> start_loss(const BackwardStart& start, const Tensor& output) {
    if (start.kind != Kind::mean_square && start.kind != Kind::squared_distance) return {};
    double squares = 0;
    for (size_t i = 0; i < output.values().size(); ++i) {
        const double distance = static_cast<double>(output.data()[i]) - target(start, i);
        squares += distance * distance;
    }
    return squares / static_cast<double>(output.shape().count()) / 2;
}

}  // namespace convscope
