// The output as far as it is added up at a step, in whatever order leads: what every view of a lock-step shows.
#pragma once

#include "app/views/easel.h"
#include "app/views/story.h"

namespace convscope {

/// Fills a grid of the output's shown plane: sums so far, "5 + 6" under those that grow now, nothing where nothing was
/// added. Cells outside the output are sums that a transposed layer's crop cuts off.
void show_sums_so_far(const Easel& easel, const ViewInput& in, Grid& grid);

}  // namespace convscope
