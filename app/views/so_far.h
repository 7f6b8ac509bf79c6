// The output as far as it is added up at a step, in whatever order leads: what every view of a lock-step shows.
#pragma once

#include "app/views/easel.h"
#include "app/views/story.h"

namespace convscope {

/// The same for one cell of a plane; `wide` cells have room for the addition under the number.
class SumsSoFar {
  public:
    SumsSoFar(const ViewInput& in, Index plane);
    void show(Cell& cell, Index at, bool wide) const;

  private:
    const ViewInput& in_;
    const LayerResult& layer_;
    int stage_;                    // whose terms are added up: the sums before a crop where there are such
    int64_t crop_top_, crop_left_;
    int decimals_;
    Place place_;
    bool all_done_;
    int64_t since_;
};

/// Fills a grid of the output's shown plane: sums so far, "5 + 6" under those that grow now, nothing where nothing was
/// added. Cells outside the output are sums that a transposed layer's crop cuts off.
void show_sums_so_far(const Easel& easel, const ViewInput& in, Grid& grid);

}  // namespace convscope
