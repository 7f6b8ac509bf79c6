// Statistics of all planes of an output, on all threads.
#pragma once

#include <vector>

#include "core/progress.h"
#include "core/statistics.h"

namespace convscope {

/// plane_statistics of every plane, n·C + c. False when cancelled.
bool map_statistics(const Tensor& output, const Plan& plan, const Progress& progress,
                    std::vector<PlaneStatistics>& statistics);

}  // namespace convscope
