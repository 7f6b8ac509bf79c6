// Shape, Index and Tensor: N×C×H×W values, shared until written, compared by identity.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/memory.h"
#include "core/check.h"

namespace convscope {

/// A place in a tensor: (n, c, h, w), each counted from 0.
struct Index {
    int64_t n = 0, c = 0, h = 0, w = 0;
    bool operator==(const Index&) const = default;
    auto operator<=>(const Index&) const = default;
};

/// Extents of a tensor. Weights use the same four places for PyTorch's four axes; a vector of C values is (1, C, 1, 1).
struct Shape {
    int64_t n = 1, c = 1, h = 1, w = 1;
    bool operator==(const Shape&) const = default;

    int64_t count() const { return n * c * h * w; }
    int64_t plane() const { return h * w; }
    int64_t offset(Index i) const { return ((i.n * c + i.c) * h + i.h) * w + i.w; }
    bool contains(Index i) const {
        return i.n >= 0 && i.n < n && i.c >= 0 && i.c < c && i.h >= 0 && i.h < h && i.w >= 0 && i.w < w;
    }
    /// The place of the `offset`-th value in row-major order.
    Index index(int64_t offset) const {
        return {offset / (c * h * w), offset / (h * w) % c, offset / w % h, offset % w};
    }
};

/// "1×3×7×7", with U+00D7 and no spaces.
std::string to_string(Shape shape);

/// Asks for a tensor whose values are not set: for whoever writes every one of them at once.
struct Unfilled {
    explicit Unfilled() = default;
};
inline constexpr Unfilled kUnfilled{};

/// Values in row-major order, the first at a multiple of 64 bytes. Copies share their values until one of them is written
/// (`mutate`). `T` is float everywhere but in the reference evaluator, which computes in double.
template <class T>
class BasicTensor {
public:
    BasicTensor() = default;
    BasicTensor(Shape shape, Unfilled) : shape_(shape), memory_(make_memory(static_cast<size_t>(shape.count()))) {}
    explicit BasicTensor(Shape shape, T fill = T(0)) : BasicTensor(shape, kUnfilled) {
        std::ranges::fill(writable(), fill);
    }
    BasicTensor(Shape shape, const std::vector<T>& values) : shape_(shape), memory_(make_memory(values.size())) {
        CHECK_THAT(static_cast<int64_t>(values.size()), ==, shape.count());
        std::ranges::copy(values, writable().begin());
    }

    Shape shape() const { return shape_; }
    /// True for a tensor that was never given values (not for one with an empty axis).
    bool empty() const { return memory_ == nullptr; }
    /// Another tensor has the same values: `mutate` copies them.
    bool is_shared() const { return memory_.use_count() > 1; }
    std::span<const T> values() const { return {data(), count()}; }
    const T* data() const { return memory_ ? static_cast<const T*>(memory_->data()) : nullptr; }
    T at(Index i) const {
        CHECK_THAT(shape_.contains(i), ==, true);
        return data()[shape_.offset(i)];
    }

    /// The values to write to; copied first when another tensor shares them.
    std::span<T> mutate() {
        if (is_shared()) {
            const std::shared_ptr<Memory> old = std::exchange(memory_, make_memory(count()));
            std::copy_n(static_cast<const T*>(old->data()), count(), writable().begin());
        }
        return writable();
    }
    void set(Index i, T value) {
        CHECK_THAT(shape_.contains(i), ==, true);
        mutate()[static_cast<size_t>(shape_.offset(i))] = value;
    }

    /// Identity, not content: cheap enough for every frame, never wrong about "nothing changed".
    bool same_as(const BasicTensor& other) const { return shape_ == other.shape_ && memory_ == other.memory_; }
    bool operator==(const BasicTensor& other) const { return same_as(other); }

private:
    static std::shared_ptr<Memory> make_memory(size_t count) {
        if (count > SIZE_MAX / sizeof(T)) throw std::bad_alloc();
        return std::make_shared<Memory>(count * sizeof(T));
    }
    size_t count() const { return memory_ ? static_cast<size_t>(shape_.count()) : 0; }
    std::span<T> writable() { return {memory_ ? static_cast<T*>(memory_->data()) : nullptr, count()}; }

    Shape shape_{0, 0, 0, 0};
    std::shared_ptr<Memory> memory_;
};

using Tensor = BasicTensor<float>;
using DoubleTensor = BasicTensor<double>;

DoubleTensor to_double(const Tensor& tensor);
Tensor to_float(const DoubleTensor& tensor);

/// Floor of a / b for b > 0, also where a is negative (C++ division rounds to zero).
constexpr int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b != 0 && a < 0 ? 1 : 0); }

}  // namespace convscope
