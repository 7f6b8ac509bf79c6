// Compiled once for every instruction set (Highway's foreach_target); the best one is chosen at run time. Sums are blocks of
// channels × vectors of cells in registers: each vector loaded serves all channels of the block, each weight all vectors.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/row_sums.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>

#include "core/kernels/row_sums.h"

HWY_BEFORE_NAMESPACE();
namespace convscope {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using Floats = hn::ScalableTag<float>;
using Vector = hn::Vec<Floats>;

constexpr int kLanes = static_cast<int>(HWY_MAX_LANES_D(Floats));
constexpr size_t kRun = 64;  // terms that are added up before they go to the total
constexpr int kPacked = 8;   // channels in a block of PackedWeights

// Sums of a block: with 32 registers 24 of them, three to each channel of eight, leave room for what is loaded; with 16
// registers half as many.
#if HWY_TARGET <= HWY_AVX3 || HWY_ARCH_ARM_A64
constexpr int kSums = 24, kMostChannels = 8;
#else
constexpr int kSums = 12, kMostChannels = 4;
#endif
constexpr int vectors_for(int channels) {
    return std::min(channels == 3 ? 6 : 8, kSums / channels);
}

/// kChannels × kVectors sums at cell x. Whole: all vectors are full; else the only one has `cells` cells.
template <int kChannels, int kVectors, bool kWhole>
HWY_INLINE void block(const RowSums& sums, const float* weights, int64_t channel, int64_t x,
                      int64_t cells) {
    const Floats d;
    Vector sum[kChannels][kVectors];
    HWY_ALIGN float total[kChannels * kVectors * kLanes];
    const Tap* const taps = sums.taps.data();
    const size_t count = sums.taps.size();
    const int64_t shifted = sums.shift + x;
    for (size_t first = 0; first == 0 || first < count; first += kRun) {
#pragma GCC unroll 8
        for (int c = 0; c < kChannels; ++c)
#pragma GCC unroll 8
            for (int v = 0; v < kVectors; ++v) sum[c][v] = hn::Zero(d);
        const size_t last = std::min(first + kRun, count);
        for (size_t t = first; t < last; ++t) {
            const float* const from = taps[t].source + shifted;
            const float* const by = weights + taps[t].weight * kPacked;
            Vector value[kVectors];
#pragma GCC unroll 8
            for (int v = 0; v < kVectors; ++v)
                value[v] = kWhole ? hn::LoadU(d, from + v * kLanes)
                                  : hn::LoadN(d, from, static_cast<size_t>(cells));
#pragma GCC unroll 8
            for (int c = 0; c < kChannels; ++c) {
                const Vector factor = hn::Set(d, by[c]);
#pragma GCC unroll 8
                for (int v = 0; v < kVectors; ++v)
                    sum[c][v] = hn::MulAdd(value[v], factor, sum[c][v]);
            }
        }
        if (count <= kRun) break;
#pragma GCC unroll 8
        for (int c = 0; c < kChannels; ++c)
#pragma GCC unroll 8
            for (int v = 0; v < kVectors; ++v) {
                float* const here = total + (c * kVectors + v) * kLanes;
                if (first > 0) sum[c][v] = hn::Add(sum[c][v], hn::Load(d, here));
                hn::Store(sum[c][v], d, here);
            }
    }
#pragma GCC unroll 8
    for (int c = 0; c < kChannels; ++c) {
        float* const out = sums.out + (channel + c) * sums.out_channel_step + x;
        const Vector bias = hn::Set(d, sums.bias ? sums.bias[sums.first + channel + c] : 0.0f);
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; ++v) {
            const Vector all = sums.bias ? hn::Add(sum[c][v], bias) : sum[c][v];
            if constexpr (!kWhole)
                hn::StoreN(all, d, out, static_cast<size_t>(cells));
            else if (sums.is_streamed)
                hn::Stream(all, d, out + v * kLanes);
            else
                hn::StoreU(all, d, out + v * kLanes);
        }
    }
}

/// All cells of kChannels channels from `channel` (counted from sums.first) on.
template <int kChannels>
void channels(const RowSums& sums, const float* weights, int64_t channel, int64_t x,
              int64_t cells) {
    constexpr int kVectors = vectors_for(kChannels);
    const int64_t end = x + cells;
    for (; x + kVectors * kLanes <= end; x += kVectors * kLanes)
        block<kChannels, kVectors, true>(sums, weights, channel, x, 0);
    if constexpr (kVectors > 3)
        for (; x + 3 * kLanes <= end; x += 3 * kLanes)
            block<kChannels, 3, true>(sums, weights, channel, x, 0);
    if constexpr (kVectors > 2)
        for (; x + 2 * kLanes <= end; x += 2 * kLanes)
            block<kChannels, 2, true>(sums, weights, channel, x, 0);
    for (; x + kLanes <= end; x += kLanes) block<kChannels, 1, true>(sums, weights, channel, x, 0);
    if (x < end) block<kChannels, 1, false>(sums, weights, channel, x, end - x);
}

void AddUp(const RowSums& sums) {
    // A stretch of cells for all channels, then the next: the sources stay in the first-level cache.
    constexpr int64_t kStretch = 2 * vectors_for(kMostChannels) * kLanes;
    for (int64_t x = 0; x < sums.cells; x += kStretch) {
        const int64_t cells = std::min(kStretch, sums.cells - x);
        for (int64_t channel = 0; channel < sums.channels;) {
            const float* const weights =
                sums.weights->at(sums.first + channel / kPacked * kPacked) + channel % kPacked;
            const int64_t left = sums.channels - channel;
            if (kMostChannels == 8 && left >= 8) {
                channels<kMostChannels>(sums, weights, channel, x, cells);
                channel += 8;
            } else if (left >= 4) {
                channels<4>(sums, weights, channel, x, cells);
                channel += 4;
            } else if (left == 3) {
                channels<3>(sums, weights, channel, x, cells);
                channel += 3;
            } else if (left == 2) {
                channels<2>(sums, weights, channel, x, cells);
                channel += 2;
            } else {
                channels<1>(sums, weights, channel, x, cells);
                ++channel;
            }
        }
    }
}

void Interleave(const float* even, const float* odd, float* out, int64_t count, bool is_streamed) {
    const Floats d;
    int64_t i = 0;
    for (; i + kLanes <= count; i += kLanes) {
        const Vector a = hn::LoadU(d, even + i), b = hn::LoadU(d, odd + i);
        const Vector lower = hn::InterleaveWholeLower(d, a, b);
        const Vector upper = hn::InterleaveWholeUpper(d, a, b);
        if (is_streamed) {
            hn::Stream(lower, d, out + 2 * i);
            hn::Stream(upper, d, out + 2 * i + kLanes);
        } else {
            hn::StoreU(lower, d, out + 2 * i);
            hn::StoreU(upper, d, out + 2 * i + kLanes);
        }
    }
    for (; i < count; ++i) {
        out[2 * i] = even[i];
        out[2 * i + 1] = odd[i];
    }
}

void TakeEverySecond(const float* from, float* out, int64_t count) {
    const Floats d;
    int64_t i = 0;
    for (; i + kLanes < count; i += kLanes) {
        const Vector low = hn::LoadU(d, from + 2 * i), high = hn::LoadU(d, from + 2 * i + kLanes);
        hn::StoreU(hn::ConcatEven(d, high, low), d, out + i);
    }
    for (; i < count; ++i) out[i] = from[2 * i];
}

}  // namespace HWY_NAMESPACE
}  // namespace convscope
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace convscope {

HWY_EXPORT(AddUp);
HWY_EXPORT(Interleave);
HWY_EXPORT(TakeEverySecond);

PackedWeights::PackedWeights(const float* from, int64_t channels, int64_t channel_step,
                             int64_t inner, int64_t outer, int64_t outer_step)
    : channels_(channels), count_(inner * outer) {
    const int64_t blocks = (channels + 7) / 8;
    values_.resize(static_cast<size_t>(blocks * 8 * count_));
    for (int64_t c = 0; c < channels; ++c) {
        float* to = values_.data() + c / 8 * 8 * count_ + c % 8;
        for (int64_t i = 0; i < outer; ++i) {
            const float* const row = from + c * channel_step + i * outer_step;
            for (int64_t j = 0; j < inner; ++j, to += 8) *to = row[j];
        }
    }
}

void finish_stream() { hwy::FlushStream(); }

void add_up(const RowSums& sums) { HWY_DYNAMIC_DISPATCH(AddUp)(sums); }

void interleave(const float* even, const float* odd, float* out, int64_t count, bool is_streamed) {
    HWY_DYNAMIC_DISPATCH(Interleave)(even, odd, out, count, is_streamed);
}

void take_every_second(const float* from, float* out, int64_t count) {
    HWY_DYNAMIC_DISPATCH(TakeEverySecond)(from, out, count);
}

std::vector<std::string> instruction_sets() {
    std::vector<std::string> names;
    for (int64_t target : hwy::SupportedAndGeneratedTargets())
        names.push_back(hwy::TargetName(target));
    return names;
}

void use_instruction_set(const std::string& name) {
    hwy::SetSupportedTargetsForTest(0);
    for (int64_t target : hwy::SupportedAndGeneratedTargets())
        if (name == hwy::TargetName(target)) hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace convscope
#endif  // HWY_ONCE
