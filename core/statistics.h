// Statistics of a plane: what a map's colours and its range line need.
#pragma once

#include <vector>

#include "core/plan.h"

namespace convscope {

struct PlaneStatistics {
    float low = 0, high = 0;        // smallest and largest finite value
    float range = 0;                // 99.8th percentile of |v| over cells whose window reads no padding (all, when every
                                    // window does); the largest |v| where that is 0
    bool exceeds_low() const { return low < -range; }
    bool exceeds_high() const { return high > range; }
};

/// Of one plane of a layer's output. Planes of more than 65,536 cells are sampled for the percentile, never for low and high.
PlaneStatistics plane_statistics(const Tensor& output, const Plan& plan, int64_t n, int64_t c);

}  // namespace convscope
