// The inner loop of filters: one output plane from few input planes, several rows at once, for whichever instruction set the
// machine has.
#pragma once

#include <cstdint>
#include <span>

namespace convscope {

/// Output rows that filter_rows makes together: every value loaded serves as many of them as have it under their window.
inline constexpr int64_t kFilterRows = 4;

/// For r < rows and 0 ≤ x < cells:
/// out[r · out_step + x] = Σ_c Σ_i Σ_j source(c, r + i)[x + j · dilation] · weight[(c · kernel_h + i) · kernel_w + j] + bias.
/// Reads nothing else. Error ≤ (4 + 2√n)·2⁻²⁴·Σ|terms|.
struct FilterRows {
    /// source(c, r) is sources[c · (kFilterRows + kernel_h − 1) + r]; all must be readable, also those of rows left out.
    std::span<const float* const> sources{};
    /// Of a 3×3 kernel over one channel, without dilation: the values of each source at [0] and at [cells + 1], which are not
    /// read from it then.
    std::span<const float> ends{};
    int64_t channels = 1, kernel_h = 1, kernel_w = 1, dilation = 1;
    const float* weight = nullptr;
    float bias = 0;
    bool adds = false;  // to what is in `out`, instead of overwriting it
    float* out = nullptr;
    int64_t out_step = 0, rows = kFilterRows, cells = 0;
    bool is_streamed =
        false;  // past the caches, where whole cache lines are written; finish_stream when done
};
void filter_rows(const FilterRows& filter);

}  // namespace convscope
