// Compiled once for every instruction set (Highway's foreach_target). The lanes of a vector are channels: two vectors of
// weights meet eight cells, whose values are spread over all lanes as they are read, and no load crosses a cache line.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/channel_sums.cpp"
#include <hwy/foreach_target.h>

#include <algorithm>
#include <cstring>

#include "core/kernels/cells-inl.h"
#include "core/kernels/channel_sums.h"

HWY_BEFORE_NAMESPACE();
namespace convscope {
namespace HWY_NAMESPACE {

using Vector = FloatVector;

#if HWY_TARGET <= HWY_AVX3 || HWY_ARCH_ARM_A64
constexpr size_t kFoursAtOnce = 2;
#else
constexpr size_t kFoursAtOnce = 1;  // in 16 registers
#endif

/// The terms first…end − 1 of some fours, for the channels from `lane` on.
template <size_t kFours, int kVectors>
HWY_INLINE void block(const ChannelSums& sums, size_t first, size_t end, size_t four,
                      int64_t lane) {
    const Floats d;
    const float* from[kFours];
    for (size_t i = 0; i < kFours; ++i) from[i] = sums.fours[four + i];
    Vector sum[4 * kFours][kVectors];
#pragma GCC unroll 8
    for (size_t i = 0; i < 4 * kFours; ++i)
#pragma GCC unroll 2
        for (int v = 0; v < kVectors; ++v) sum[i][v] = hn::Zero(d);
    const float* weight = sums.weights + static_cast<int64_t>(first) * kSideBySide + lane;
#pragma GCC unroll 2
    for (size_t t = first; t < end; ++t, weight += kSideBySide) {
        const int64_t offset = sums.offsets[t];
        Vector by[kVectors];
#pragma GCC unroll 2
        for (int v = 0; v < kVectors; ++v) by[v] = hn::LoadU(d, weight + v * kLanes);
#pragma GCC unroll 8
        for (size_t i = 0; i < 4 * kFours; ++i) {
            const Vector value = hn::Set(d, from[i / 4][offset + int64_t(i % 4)]);
#pragma GCC unroll 2
            for (int v = 0; v < kVectors; ++v) sum[i][v] = hn::MulAdd(by[v], value, sum[i][v]);
        }
    }
    float* const out = sums.out + static_cast<int64_t>(four) * 4 * kSideBySide + lane;
#pragma GCC unroll 8
    for (size_t i = 0; i < 4 * kFours; ++i)
#pragma GCC unroll 2
        for (int v = 0; v < kVectors; ++v) {
            float* const to = out + int64_t(i) * kSideBySide + v * kLanes;
            hn::StoreU(first == 0 ? sum[i][v] : hn::Add(sum[i][v], hn::LoadU(d, to)), d, to);
        }
}

template <int kVectors>
void fours_of(const ChannelSums& sums, size_t first, size_t end, int64_t lane) {
    size_t i = 0;
    for (; i + kFoursAtOnce <= sums.fours.size(); i += kFoursAtOnce)
        block<kFoursAtOnce, kVectors>(sums, first, end, i, lane);
    for (; i < sums.fours.size(); ++i) block<1, kVectors>(sums, first, end, i, lane);
}

/// One run of terms after the other, for all cells: its weights stay in the nearest cache.
void AddUpChannels(const ChannelSums& sums) {
    const auto run = static_cast<size_t>(terms_in_run(std::ssize(sums.offsets)));
    size_t t = 0;
    do {
        const size_t end = std::min(sums.offsets.size(), t + run);
        int64_t lane = 0;
        for (; lane + kLanes < sums.channels; lane += 2 * kLanes) fours_of<2>(sums, t, end, lane);
        if (lane < sums.channels) fours_of<1>(sums, t, end, lane);
        t = end;
    } while (t < sums.offsets.size());
}

/// Lines of the caches are written as a whole: planes of a power of two cells would push each other's lines out.
void TurnRound(const TurnedRound& turned) {
    const Floats d;
    constexpr int64_t kLine = 16;
    HWY_ALIGN float quads[kLine * kLanes];
    for (int64_t x = 0; x < turned.cells; x += kLine)
        for (int64_t lane = 0; lane < turned.channels; lane += kLanes) {
            const int64_t cells = std::min(kLine, turned.cells - x);
            const Vector bias = hn::LoadU(d, turned.bias + lane);
            const float* const from = turned.sums + lane;
            const auto cell = [&](int64_t i) HWY_ATTR {
                const int64_t p = turned.stride == 2 ? i & 1 : i % turned.stride;
                const int64_t j = turned.stride == 2 ? i >> 1 : i / turned.stride;
                return hn::Add(bias, hn::LoadU(d, from + p * turned.phase_step + j * kSideBySide));
            };
            for (int64_t i = 0; i < cells; i += 4)
                hn::StoreInterleaved4(cell(x + i), cell(x + i + 1), cell(x + i + 2),
                                      cell(x + i + 3), d, quads + i * kLanes);
            float* to = turned.to + lane * turned.channel_step + x;
            const int64_t channels = std::min<int64_t>(kLanes, turned.channels - lane);
            for (int64_t c = 0; c < channels; ++c, to += turned.channel_step) {
                int64_t i = 0;
                for (; i + 4 <= cells; i += 4) std::memcpy(to + i, quads + i * kLanes + 4 * c, 16);
                for (int64_t rest = 0; i < cells; ++i, ++rest)
                    to[i] = quads[(i - rest) * kLanes + 4 * c + rest];
            }
        }
}

}  // namespace HWY_NAMESPACE
}  // namespace convscope
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace convscope {

HWY_EXPORT(AddUpChannels);
HWY_EXPORT(TurnRound);

void add_up_channels(const ChannelSums& sums) { HWY_DYNAMIC_DISPATCH(AddUpChannels)(sums); }
void turn_round(const TurnedRound& turned) { HWY_DYNAMIC_DISPATCH(TurnRound)(turned); }

}  // namespace convscope
#endif  // HWY_ONCE
