// Generated tensors. Integer arithmetic and one rounding per value, so every machine makes the same bits.
#include <cmath>

#include "core/document.h"

namespace convscope {
namespace {

/// splitmix64's mixer (Steele, Lea, Flood 2014): neighbouring arguments give unrelated numbers.
uint64_t mix(uint64_t z) {
    z += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/// 64 random bits that belong to this place, whatever the shape around it.
uint64_t bits_at(uint64_t seed, Index i) {
    uint64_t bits = mix(seed);
    for (int64_t part : {i.n, i.c, i.h, i.w}) bits = mix(bits ^ static_cast<uint64_t>(part));
    return bits;
}

/// An integer in low…high; the top 32 bits times the count, shifted down.
float integer_at(uint64_t seed, Index i, int low, int high) {
    const auto count = static_cast<uint64_t>(high - low + 1);
    return static_cast<float>(low + static_cast<int>((bits_at(seed, i) >> 32) * count >> 32));
}

/// In [0, 1): 24 bits, each of them exact in float32.
float uniform_at(uint64_t seed, Index i) {
    return static_cast<float>(bits_at(seed, i) >> 40) * 0x1p-24f;
}

/// Mean 0, variance 1: the sum of twelve uniforms less 6 (Irwin–Hall). A logarithm would differ between machines.
float normal_at(uint64_t seed, Index i) {
    uint64_t bits = bits_at(seed, i);
    int64_t sum = 0;
    for (int pair = 0; pair < 6; ++pair) {
        bits = mix(bits);
        sum += static_cast<int64_t>(bits >> 32) + static_cast<int64_t>(bits & 0xFFFFFFFFu);
    }
    return static_cast<float>(static_cast<double>(sum + 6 - (int64_t(6) << 32)) * 0x1p-32);
}

/// Diagonal from 0 at the top left to 1 at the bottom right.
float gradient_at(Shape shape, Index i) {
    const int64_t steps = shape.h + shape.w - 2;
    return steps == 0 ? 0.0f : static_cast<float>(i.h + i.w) / static_cast<float>(steps);
}

template <class F>
Tensor filled(Shape shape, F&& value_at) {
    Tensor tensor(shape, kUnfilled);
    float* value = tensor.mutate().data();
    for (int64_t n = 0; n < shape.n; ++n)
        for (int64_t c = 0; c < shape.c; ++c)
            for (int64_t h = 0; h < shape.h; ++h)
                for (int64_t w = 0; w < shape.w; ++w) *value++ = value_at(Index{n, c, h, w});
    return tensor;
}

}  // namespace

const std::vector<std::string>& generator_kinds() {
    static const std::vector<std::string> kinds{
        "integers 0–9", "integers −2–2", "uniform",  "normal",       "zeros",
        "ones",         "impulse",       "gradient", "checkerboard", "arange"};
    return kinds;
}

Tensor generate(std::string_view kind, uint64_t seed, Shape shape) {
    CHECK_THAT(size_problem(shape, "A generated tensor").has_value(), ==, false);
    if (kind == "integers 0–9")
        return filled(shape, [&](Index i) { return integer_at(seed, i, 0, 9); });
    if (kind == "integers −2–2")
        return filled(shape, [&](Index i) { return integer_at(seed, i, -2, 2); });
    if (kind == "uniform") return filled(shape, [&](Index i) { return uniform_at(seed, i); });
    if (kind == "normal") return filled(shape, [&](Index i) { return normal_at(seed, i); });
    if (kind == "ones") return Tensor(shape, 1.0f);
    if (kind == "impulse") {
        return filled(shape, [&](Index i) {
            return i.h == (shape.h - 1) / 2 && i.w == (shape.w - 1) / 2 ? 1.0f : 0.0f;
        });
    }
    if (kind == "gradient") return filled(shape, [&](Index i) { return gradient_at(shape, i); });
    if (kind == "checkerboard")
        return filled(shape, [&](Index i) { return (i.h + i.w) % 2 == 0 ? 1.0f : 0.0f; });
    if (kind == "arange")
        return filled(shape, [&](Index i) { return static_cast<float>(shape.offset(i)); });
    return Tensor(shape, 0.0f);
}

Input generated_input(std::string_view kind, uint64_t seed, Shape shape) {
    return {generate(kind, seed, shape), Generated{std::string(kind), seed}};
}

}  // namespace convscope
