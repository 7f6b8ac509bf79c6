// The inner loops of pooling: all windows of one output row of one plane, for whichever instruction set the machine has.
#pragma once

#include <cstdint>
#include <span>

#include "core/window.h"

namespace convscope {

/// Windows of more cells are cheaper by rows that neighbouring windows share.
inline constexpr int64_t kMostPoolTaps = 64;

/// Windows over rows of `plane`, side by side as `columns` says. Padding is passed over.
struct PoolRow {
    WindowAxis columns;
    const float* plane = nullptr;
    std::span<const int64_t>
        rows{};            // of the input, under the windows, top to bottom; only those inside
    float* out = nullptr;  // columns.out cells
    bool is_streamed =
        false;  // `out` and the places go past the caches; finish_stream when done
};

/// The largest value of each window, the first in reading order of several, but the last NaN before all; −∞ where there is only
/// padding. places, if not null: row · columns.in + column of it, −1 where there is only padding.
void max_row(const PoolRow& row, float* places);
void max_row(const PoolRow& row, int32_t* places);

/// The sum of each window, row by row in double, over divisors[o]; that of all windows without padding beside them is the
/// same.
void mean_row(const PoolRow& row, const double* divisors);

}  // namespace convscope
