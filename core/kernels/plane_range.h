// Smallest and largest of many numbers, and whether all are finite, for whichever instruction set the machine has.
#pragma once

#include <cstdint>
#include <limits>
#include <span>

namespace convscope {

/// Of the finite ones; low > high where there is none.
struct FiniteRange {
    float low = std::numeric_limits<float>::infinity();
    float high = -std::numeric_limits<float>::infinity();
};
FiniteRange finite_range(const float* cells, int64_t count);

bool all_finite(std::span<const float> values);

}  // namespace convscope
