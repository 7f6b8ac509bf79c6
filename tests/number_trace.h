// A pixel's receptive field and influence in a chain, from the definitions of its layers alone.
#pragma once

#include <utility>
#include <vector>

#include "tests/number_witness.h"

namespace convscope {

/// Rows × columns of the box around the cells of each grid of a chain that the caption's pixel depends on or reaches;
/// 0×0 where there are none. Grid 0 is the input. Empty where the caption tells of no pixel.
std::vector<std::pair<int64_t, int64_t>> traced_sizes(const Scene& scene, const Witness& witness, int* pixel_grid = nullptr);

}  // namespace convscope
