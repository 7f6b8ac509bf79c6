// The inner loop of convolutions over few cells of many channels, for whichever instruction set the machine has.
#pragma once

#include <cstdint>
#include <span>

namespace convscope {

inline constexpr int64_t kSideBySide = 32;  // channels
inline constexpr int64_t kMostFours = 16;

/// out[4i + j][channel] = Σ over terms t of fours[i][offsets[t] + j] · weights[t][channel], j < 4, for `channels` of kSideBySide
/// channels (others may be made too).
/// Error ≤ (4 + 2√n)·2⁻²⁴·Σ|terms|: few terms are added up in one run.
struct ChannelSums {
    std::span<const float* const> fours{};  // 1…kMostFours: four neighbouring cells each
    std::span<const int64_t> offsets{};
    const float* weights = nullptr;
    int64_t channels = kSideBySide;
    float* out = nullptr;
};
void add_up_channels(const ChannelSums& sums);

/// to[channel · channel_step + stride · j + p] = sums[p · phase_step + j · kSideBySide + channel] + bias[channel], of the
/// cells j of each phase p < stride those for which stride · j + p is below `cells`; up to fours of j sums are read.
struct TurnedRound {
    const float* sums = nullptr;
    int64_t phase_step = 0, stride = 1;
    const float* bias = nullptr;  // kSideBySide numbers
    float* to = nullptr;
    int64_t channel_step = 0, channels = kSideBySide, cells = 0;
};
void turn_round(const TurnedRound& turned);

}  // namespace convscope
