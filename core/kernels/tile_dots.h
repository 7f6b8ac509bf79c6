// The inner loop of weight gradients: dot products of every left row with every right row, for whichever instruction set the
// machine has.
#pragma once

#include <cstdint>
#include <span>

namespace convscope {

/// sums[a · right.size() + b] += Σ_r Σ_x left[a][r · left_step + x] · right[b][r · right_step + x], r < rows, x < count.
/// Few terms are added up in float before they go to a double: error ≤ (4 + 2√n)·2⁻²⁴·Σ|terms|.
struct TileDots {
    std::span<const float*const> left{}, right{};
    int64_t left_step = 0, right_step = 0, rows = 1, count = 0;
    double* sums = nullptr;
};
void tile_dots(const TileDots& dots);

}  // namespace convscope
