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
constexpr int64_t kTogether = 64;  // channels whose sums are kept between runs
constexpr int64_t kStretch =
    kSums / 4 * kLanes;  // cells of a stretch; four times as many for few channels

constexpr int vectors_for(int channels) {
    return std::min(channels == 3 ? 6 : 8, kSums / channels);
}

/// Where a run of terms stands among those of a sum.
struct Run {
    std::span<const Tap> taps;
    bool is_first = true, is_last = true;
    float* partial = nullptr;  // sums of earlier runs: [channel][cell of the stretch]
    int64_t partial_step = 0;
};

/// kChannels × kVectors sums at cell x of the stretch. Whole: all vectors are full; else the only one has `cells` cells.
template <int kChannels, int kVectors, bool kWhole>
HWY_INLINE void block(const RowSums& sums, const Run& run, const float* weights, int64_t channel,
                      int64_t stretch, int64_t x, int64_t cells) {
    const Floats d;
    Vector sum[kChannels][kVectors];
    float* const partial = run.partial + channel * run.partial_step + x;
#pragma GCC unroll 8
    for (int c = 0; c < kChannels; ++c)
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; ++v) sum[c][v] = hn::Zero(d);
    const int64_t shifted = sums.shift + stretch + x;
    for (const Tap& tap : run.taps) {
        const float* const from = tap.source + shifted;
        const float* const by = weights + tap.weight * kPacked;
        Vector value[kVectors];
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; ++v)
            value[v] = kWhole ? hn::LoadU(d, from + v * kLanes)
                              : hn::LoadN(d, from, static_cast<size_t>(cells));
#pragma GCC unroll 8
        for (int c = 0; c < kChannels; ++c) {
            const Vector factor = hn::Set(d, by[c]);
#pragma GCC unroll 8
            for (int v = 0; v < kVectors; ++v) sum[c][v] = hn::MulAdd(value[v], factor, sum[c][v]);
        }
    }
    if (!run.is_first) {
#pragma GCC unroll 8
        for (int c = 0; c < kChannels; ++c)
#pragma GCC unroll 8
            for (int v = 0; v < kVectors; ++v)
                sum[c][v] =
                    hn::Add(sum[c][v], hn::Load(d, partial + c * run.partial_step + v * kLanes));
    }
    if (!run.is_last) {
#pragma GCC unroll 8
        for (int c = 0; c < kChannels; ++c)
#pragma GCC unroll 8
            for (int v = 0; v < kVectors; ++v)
                hn::Store(sum[c][v], d, partial + c * run.partial_step + v * kLanes);
        return;
    }
#pragma GCC unroll 8
    for (int c = 0; c < kChannels; ++c) {
        float* const out = sums.out + (channel + c) * sums.out_channel_step + stretch + x;
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

/// All cells of a stretch of kChannels channels from `channel` (counted from sums.first) on.
template <int kChannels>
void channels(const RowSums& sums, const Run& run, int64_t channel, int64_t stretch,
              int64_t cells) {
    constexpr int kVectors = vectors_for(kChannels);
    const float* const weights =
        sums.weights->at(sums.first + channel / kPacked * kPacked) + channel % kPacked;
    int64_t x = 0;
    for (; x + kVectors * kLanes <= cells; x += kVectors * kLanes)
        block<kChannels, kVectors, true>(sums, run, weights, channel, stretch, x, 0);
    if constexpr (kVectors > 3)
        for (; x + 3 * kLanes <= cells; x += 3 * kLanes)
            block<kChannels, 3, true>(sums, run, weights, channel, stretch, x, 0);
    if constexpr (kVectors > 2)
        for (; x + 2 * kLanes <= cells; x += 2 * kLanes)
            block<kChannels, 2, true>(sums, run, weights, channel, stretch, x, 0);
    for (; x + kLanes <= cells; x += kLanes)
        block<kChannels, 1, true>(sums, run, weights, channel, stretch, x, 0);
    if (x < cells) block<kChannels, 1, false>(sums, run, weights, channel, stretch, x, cells - x);
}

void all_channels(const RowSums& sums, const Run& run, int64_t stretch, int64_t cells) {
    for (int64_t channel = 0; channel < sums.channels;) {
        const int64_t left = sums.channels - channel;
        if (kMostChannels == 8 && left >= 8) {
            channels<kMostChannels>(sums, run, channel, stretch, cells);
            channel += 8;
        } else if (left >= 4) {
            channels<4>(sums, run, channel, stretch, cells);
            channel += 4;
        } else if (left == 3) {
            channels<3>(sums, run, channel, stretch, cells);
            channel += 3;
        } else if (left == 2) {
            channels<2>(sums, run, channel, stretch, cells);
            channel += 2;
        } else {
            channels<1>(sums, run, channel, stretch, cells);
            ++channel;
        }
    }
}

/// A stretch of cells at a time, so many channels that their sums stay in the first-level cache, and for all of them one run
/// of terms after the other: what the run reads stays there too.
void AddUp(const RowSums& sums) {
    HWY_ALIGN float partial[kTogether * kStretch];
    const size_t terms = sums.taps.size(), runs = std::max<size_t>(1, (terms + kRun - 1) / kRun);
    for (int64_t channel = 0; channel < sums.channels; channel += kTogether) {
        RowSums some = sums;
        some.first += channel;
        some.channels = std::min<int64_t>(kTogether, sums.channels - channel);
        some.out += channel * sums.out_channel_step;
        const int64_t stretch = some.channels < kPacked ? 4 * kStretch : kStretch;
        for (int64_t x = 0; x < sums.cells; x += stretch) {
            for (size_t i = 0; i < runs; ++i) {
                const size_t from = i * terms / runs, end = (i + 1) * terms / runs;
                const Run run{sums.taps.subspan(from, end - from), i == 0, i + 1 == runs, partial,
                              stretch};
                all_channels(some, run, x, std::min<int64_t>(stretch, sums.cells - x));
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
