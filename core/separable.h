// Kernels that are a column times a row (box, Gaussian, Sobel, …): two short sums do the work of a long one.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace convscope {

/// kernel[r][s] = column[r] · row[s]. The row's sizes add up to at most 1: what it makes of finite numbers is finite.
struct Factors {
    std::vector<float> column, row;
};

/// The factors of a kernel of h × w weights in row-major order, when float(column[r] · row[s]) is within one unit in the last
/// place of every weight, and is 0 where the weight is; else none. Of small whole numbers (or halves, quarters, … of them) the
/// factors are such too, and exact: or sums of whole numbers would not be.
std::optional<Factors> separate(const float* kernel, int64_t h, int64_t w);

}  // namespace convscope
