// Smaller copies of large planes, so that a picture of millions of cells is painted from about as many values as it has pixels.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "core/tensor.h"

namespace convscope {

/// `means[k]` has a value for each block of 4·2^k × 4·2^k cells (fewer at the far edges): their mean, not finite where one of
/// them is not.
struct PlaneLevels {
    std::vector<Tensor> means;
};

/// Blocks of level 0 are so many cells wide and high.
inline constexpr int64_t kFirstBlock = 4;
/// Smaller planes need none.
inline constexpr int64_t kLevelsFrom = int64_t(1) << 18;

/// The levels of one plane, down to a few cells.
PlaneLevels plane_levels(const Tensor& tensor, int64_t n, int64_t c);

/// Levels of a tensor's planes, n·C + c.
struct TensorLevels {
    Tensor tensor;
    std::vector<PlaneLevels> planes;
};

/// Who keeps levels; null where there are none.
using FindLevels = std::function<const PlaneLevels*(const Tensor& tensor, int64_t n, int64_t c)>;

/// The means of blocks of `block` × `block` cells, from block (row, first) on; a level serves when it has them.
void block_means(const Tensor& tensor, int64_t n, int64_t c, const PlaneLevels* levels, int64_t block, int64_t row,
                 int64_t first, std::span<float> out);

}  // namespace convscope
