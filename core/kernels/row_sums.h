// The inner loop of convolutions: rows of sums of products, for whichever instruction set the machine has.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace convscope {

/// One product of every sum of a row: source[x] · weight of that number.
struct Tap {
    const float* source = nullptr;
    int64_t weight = 0;
    int64_t odd_weight = 0;  // of the odd sums, where a tap counts for both
};

/// Weights in the order in which add_up reads them: for channel 8·i all weights of the channels 8·i…8·i+7, the eight of one
/// number together.
class PackedWeights {
  public:
    PackedWeights() = default;
    /// Weight i · `inner` + j of channel c is from[c · channel_step + i · outer_step + j], i < outer, j < inner.
    PackedWeights(const float* from, int64_t channels, int64_t channel_step, int64_t inner,
                  int64_t outer = 1, int64_t outer_step = 0) {
        pack(from, channels, channel_step, inner, outer, outer_step);
    }
    /// The same, in the memory of what was packed before.
    void pack(const float* from, int64_t channels, int64_t channel_step, int64_t inner,
              int64_t outer = 1, int64_t outer_step = 0);

    int64_t channels() const { return channels_; }
    /// The weights from `channel` (a multiple of 8) on.
    const float* at(int64_t channel) const { return values_.data() + channel * count_; }

    static constexpr int kPacked = 8;

  private:
    std::vector<float> values_;
    int64_t channels_ = 0, count_ = 0;
};

/// out[channel][x] = Σ over taps of source[shift + stride · x] · weight[channel] + bias[channel], for 0 ≤ x < cells, and
/// reads nothing else, but with a stride of 2 one float before that. Interleaved: those are at out[channel][2x], and at
/// out[channel][2x + 1] the same sums over `odd`; the taps in `both` are part of the two of them.
/// Error ≤ (4 + 2√n)·2⁻²⁴·Σ|terms|: few terms are added up in one run.
struct RowSums {
    std::span<const Tap> taps{}, odd{}, both{};
    bool is_interleaved = false;
    int64_t shift = 0;
    int64_t stride = 1;  // or 2, where not interleaved
    const PackedWeights* weights = nullptr;
    const float* bias = nullptr;  // of channel 0; null: none
    bool adds = false;            // to what is in `out`, instead of overwriting it
    float* out = nullptr;
    int64_t out_channel_step = 0;
    int64_t first = 0,
            channels = 0;  // which channels, `first` a multiple of 8; `out` is that of `first`
    int64_t cells = 0;
    bool is_streamed = false;  // past the caches, where whole cache lines are written
};
void add_up(const RowSums& sums);

/// to[r · to_step + i] = from[r · from_step + stride · i] for r < rows and i < cells; reads nothing beyond the last of them. For
/// rows so short that calls of memmove would take longer than the cells, and strides.
struct CopiedRows {
    const float* from = nullptr;
    int64_t from_step = 0;
    int64_t stride = 1;  // or 2
    float* to = nullptr;
    int64_t to_step = 0;
    int64_t rows = 1, cells = 0;
};
void copy_rows(const CopiedRows& rows);

/// Floats in the longest vector of any machine.
inline constexpr int64_t kMostLanes = 16;

/// For tests and benchmarks: instruction sets this machine can run, best first, and the choice of one; "" for the best.
std::vector<std::string> instruction_sets();
void use_instruction_set(const std::string& name);

}  // namespace convscope
