// Compiled once for every instruction set (Highway's foreach_target); the best one is chosen at run time. Sums are blocks of
// channels × vectors of cells in registers: each vector loaded serves all channels of the block, each weight all vectors.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/row_sums.cpp"
#include <hwy/foreach_target.h>

#include "core/kernels/cells-inl.h"
#include "core/kernels/row_sums.h"
#include "core/kernels/stream.h"

HWY_BEFORE_NAMESPACE();
namespace convscope {
namespace HWY_NAMESPACE {

using Vector = FloatVector;

constexpr size_t kFewTerms =
    16;  // to add these up takes no longer than to write the sum past the caches
constexpr int kPacked = PackedWeights::kPacked;

// Sums of a block: with 32 registers 24 of them, three to each channel of eight, leave room for what is loaded; with 16
// registers half as many.
#if HWY_TARGET <= HWY_AVX3 || HWY_ARCH_ARM_A64
constexpr int kSums = 24, kMostChannels = 8;
#else
constexpr int kSums = 12, kMostChannels = 4;
#endif
constexpr int64_t kStretch =
    kSums / 4 * kLanes;  // cells of a stretch; four times as many for few channels

constexpr int vectors_for(int channels, int phases) {
    const int sums = kSums / phases;
    return std::min(channels == 3 ? 6 : 8, sums / channels);
}

/// Every kStride-th float; of a vector that is not whole, `cells` of them.
template <int kStride, bool kWhole>
HWY_INLINE Vector load(const float* from, int64_t cells) {
    const Floats d;
    const auto part = [&](int64_t first, int64_t count) HWY_ATTR {
        if (kWhole) return hn::LoadU(d, from + first);
        return hn::LoadN(d, from + first, static_cast<size_t>(std::max(count, int64_t(0))));
    };
#if HWY_TARGET == HWY_SCALAR
    return part(0, 1);
#else
    if constexpr (kStride == 1) return part(0, cells);
    // The last one is the last of its vector: nothing is read behind it.
    return hn::ConcatOdd(d, part(kLanes - 1, 2 * cells - kLanes), part(-1, 2 * cells));
#endif
}

/// The vectors of a tap at its place; of the only one that is not whole, `cells` cells.
template <int kStride, bool kWhole, int kVectors>
HWY_INLINE void load_all(const float* from, int64_t cells, Vector (&value)[kVectors]) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v)
        value[v] = load<kStride, kWhole>(from + kStride * v * kLanes, cells);
}

/// Adds their products with a weight of each channel.
template <int kChannels, int kVectors>
HWY_INLINE void add_products(const Vector (&value)[kVectors], const float* by,
                             Vector (&sum)[kChannels][kVectors]) {
#pragma GCC unroll 8
    for (int c = 0; c < kChannels; ++c) {
        const Vector factor = hn::Set(Floats(), by[c]);
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; ++v) sum[c][v] = hn::MulAdd(value[v], factor, sum[c][v]);
    }
}

/// The terms in pieces that are added up before they go to the total; how many of each kind are in a piece.
struct Runs {
    size_t count, taps, odd, both;
};
Runs runs_of(const RowSums& sums) {
    const size_t terms = sums.both.size() + std::max(sums.taps.size(), sums.odd.size());
    const auto most = static_cast<size_t>(terms_in_run(static_cast<int64_t>(terms)));
    if (terms <= most) return {1, sums.taps.size(), sums.odd.size(), sums.both.size()};
    const size_t count = (terms + most - 1) / most;
    const auto each = [&](std::span<const Tap> all) { return (all.size() + count - 1) / count; };
    return {count, each(sums.taps), each(sums.odd), each(sums.both)};
}

/// kPhases × kChannels × kVectors sums at cell x of the stretch. Whole: all vectors are full; else the only one has `cells`
/// cells. Two phases are the even and the odd cells of a row that is twice as long: they share what is loaded for both, and
/// meet in registers.
template <int kPhases, int kStride, int kChannels, int kVectors, bool kWhole>
HWY_INLINE void block(const RowSums& sums, const Runs& runs, const float* weights, int64_t channel,
                      int64_t x, int64_t cells) {
    const Floats d;
    Vector sum[kPhases][kChannels][kVectors], value[kVectors];
    HWY_ALIGN float total[kPhases * kChannels * kVectors * kLanes];  // of earlier runs
    const int64_t shifted = sums.shift + kStride * x;
    for (size_t run = 0; run < runs.count; ++run) {
        const auto part_of = [&](std::span<const Tap> all, size_t each) HWY_ATTR {
            const size_t first = std::min(all.size(), run * each);
            return all.subspan(first, std::min(each, all.size() - first));
        };
#pragma GCC unroll 2
        for (int p = 0; p < kPhases; ++p)
#pragma GCC unroll 8
            for (int c = 0; c < kChannels; ++c)
#pragma GCC unroll 8
                for (int v = 0; v < kVectors; ++v) sum[p][c][v] = hn::Zero(d);
        if constexpr (kPhases == 2)
            for (const Tap& tap : part_of(sums.both, runs.both)) {
                load_all<kStride, kWhole>(tap.source + shifted, cells, value);
                add_products(value, weights + tap.weight * kPacked, sum[0]);
                add_products(value, weights + tap.odd_weight * kPacked, sum[1]);
            }
        const std::span<const Tap> even = part_of(sums.taps, runs.taps);
        const std::span<const Tap> odd = part_of(sums.odd, runs.odd);
        size_t i = 0;
        if constexpr (kPhases == 2)
            for (; i < std::min(even.size(), odd.size()); ++i) {
                load_all<kStride, kWhole>(even[i].source + shifted, cells, value);
                add_products(value, weights + even[i].weight * kPacked, sum[0]);
                load_all<kStride, kWhole>(odd[i].source + shifted, cells, value);
                add_products(value, weights + odd[i].weight * kPacked, sum[1]);
            }
        for (const Tap& tap : even.subspan(i)) {
            load_all<kStride, kWhole>(tap.source + shifted, cells, value);
            add_products(value, weights + tap.weight * kPacked, sum[0]);
        }
        if constexpr (kPhases == 2)
            for (const Tap& tap : odd.subspan(i)) {
                load_all<kStride, kWhole>(tap.source + shifted, cells, value);
                add_products(value, weights + tap.weight * kPacked, sum[1]);
            }
        if (runs.count == 1) break;
#pragma GCC unroll 2
        for (int p = 0; p < kPhases; ++p)
#pragma GCC unroll 8
            for (int c = 0; c < kChannels; ++c)
#pragma GCC unroll 8
                for (int v = 0; v < kVectors; ++v) {
                    float* const here = total + ((p * kChannels + c) * kVectors + v) * kLanes;
                    if (run > 0) sum[p][c][v] = hn::Add(sum[p][c][v], hn::Load(d, here));
                    if (run + 1 < runs.count) hn::Store(sum[p][c][v], d, here);
                }
    }
    // Once for each way to write, not a question for each vector.
    const auto finish = [&](auto put) HWY_ATTR {
        static constexpr float kNone[kChannels] = {};
        const float* const bias = sums.bias ? sums.bias + sums.first + channel : kNone;
        const int64_t step = sums.out_channel_step;
        float* out = sums.out + channel * step + kPhases * x;
#pragma GCC unroll 8
        for (int c = 0; c < kChannels; ++c, out += step) {
            const Vector start = hn::Set(d, bias[c]);
#pragma GCC unroll 8
            for (int v = 0; v < kVectors; ++v) {
                const Vector all = hn::Add(sum[0][c][v], start);
                if constexpr (kPhases == 1) {
                    put(all, out + v * kLanes, cells);
                } else {
                    const Vector odd = hn::Add(sum[1][c][v], start);
                    float* const to = out + 2 * v * kLanes;
#if HWY_TARGET == HWY_SCALAR
                    put(all, to, 2 * cells);
                    put(odd, to + kLanes, 2 * cells - kLanes);
#else
                    put(hn::InterleaveWholeLower(d, all, odd), to, 2 * cells);
                    put(hn::InterleaveWholeUpper(d, all, odd), to + kLanes, 2 * cells - kLanes);
#endif
                }
            }
        }
    };
    if constexpr (!kWhole)
        finish([&](Vector all, float* to, int64_t left) HWY_ATTR {
            if (left <= 0) return;
            const auto some = static_cast<size_t>(left);
            hn::StoreN(sums.adds ? hn::Add(all, hn::LoadN(d, to, some)) : all, d, to, some);
        });
    else if (sums.adds)
        finish([&](Vector all, float* to, int64_t)
                   HWY_ATTR { hn::StoreU(hn::Add(all, hn::LoadU(d, to)), d, to); });
    else if (sums.is_streamed)
        finish([&](Vector all, float* to, int64_t) HWY_ATTR { hn::Stream(all, d, to); });
    else
        finish([&](Vector all, float* to, int64_t) HWY_ATTR { hn::StoreU(all, d, to); });
}

/// The cells [x, end) of kChannels channels from `channel` (counted from sums.first) on.
template <int kPhases, int kStride, int kChannels>
HWY_NOINLINE void channels(const RowSums& sums, const Runs& runs, int64_t channel, int64_t x,
                           int64_t end) {
    constexpr int kVectors = vectors_for(kChannels, kPhases);
    const float* const weights =
        sums.weights->at(sums.first + channel / kPacked * kPacked) + channel % kPacked;
    // Four vectors that are left go two and two: one alone has too few sums to keep the adders busy. So do sums that wait for
    // memory: it takes cache lines faster in pairs (which those of two phases are) than in threes.
    const bool is_in_pairs = kPhases == 1 && sums.is_streamed && sums.taps.size() <= kFewTerms;
    const auto goes_by_two = [&] {
        return kVectors == 3 && (is_in_pairs || (end - x) / kLanes == 4);
    };
    for (; x + kVectors * kLanes <= end && !goes_by_two(); x += kVectors * kLanes)
        block<kPhases, kStride, kChannels, kVectors, true>(sums, runs, weights, channel, x, 0);
    if constexpr (kVectors > 3)
        for (; x + 3 * kLanes <= end; x += 3 * kLanes)
            block<kPhases, kStride, kChannels, 3, true>(sums, runs, weights, channel, x, 0);
    if constexpr (kVectors > 2)
        for (; x + 2 * kLanes <= end; x += 2 * kLanes)
            block<kPhases, kStride, kChannels, 2, true>(sums, runs, weights, channel, x, 0);
    for (; x + kLanes <= end; x += kLanes)
        block<kPhases, kStride, kChannels, 1, true>(sums, runs, weights, channel, x, 0);
    if (x < end)
        block<kPhases, kStride, kChannels, 1, false>(sums, runs, weights, channel, x, end - x);
}

/// The same of all channels from `channel` on, kChannels at a time and then fewer.
template <int kPhases, int kStride, int kChannels>
HWY_INLINE void all_channels(const RowSums& sums, const Runs& runs, int64_t channel, int64_t x,
                             int64_t end) {
    for (; channel + kChannels <= sums.channels; channel += kChannels)
        channels<kPhases, kStride, kChannels>(sums, runs, channel, x, end);
    if constexpr (kChannels > 1)
        all_channels<kPhases, kStride, std::min(4, kChannels - 1)>(sums, runs, channel, x, end);
}

/// A stretch of cells at a time, for all channels: what it reads stays in the first-level cache.
template <int kPhases, int kStride>
void all_sums(const RowSums& sums) {
    const Runs runs = runs_of(sums);
    const int64_t stretch = sums.channels < kPacked ? 4 * kStretch : kStretch;
    for (int64_t x = 0, end; x < sums.cells; x = end) {
        // One or two vectors left for themselves would have too few sums.
        end = sums.cells - x <= stretch + 2 * kLanes ? sums.cells : x + stretch;
        all_channels<kPhases, kStride, kMostChannels / kPhases>(sums, runs, 0, x, end);
    }
}

void AddUp(const RowSums& sums) {
    if (sums.is_interleaved) return all_sums<2, 1>(sums);
    sums.stride == 2 ? all_sums<1, 2>(sums) : all_sums<1, 1>(sums);
}

template <int kStride>
void copy_every(const CopiedRows& rows) {
    const Floats d;
    const float* from = rows.from;
    float* to = rows.to;
    for (int64_t r = 0; r < rows.rows; ++r, from += rows.from_step, to += rows.to_step) {
        int64_t i = kStride - 1;  // a vector of every second one reads a float before the first
        if (i > 0) to[0] = from[0];
        for (; i + kLanes <= rows.cells; i += kLanes)
            hn::StoreU(load<kStride, true>(from + kStride * i, kLanes), d, to + i);
        if (i < rows.cells)
            hn::StoreN(load<kStride, false>(from + kStride * i, rows.cells - i), d, to + i,
                       static_cast<size_t>(rows.cells - i));
    }
}

void CopyRows(const CopiedRows& rows) {
    if (rows.cells > 0) rows.stride == 2 ? copy_every<2>(rows) : copy_every<1>(rows);
}

}  // namespace HWY_NAMESPACE
}  // namespace convscope
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace convscope {

HWY_EXPORT(AddUp);
HWY_EXPORT(CopyRows);

void PackedWeights::pack(const float* from, int64_t channels, int64_t channel_step, int64_t inner,
                         int64_t outer, int64_t outer_step) {
    channels_ = channels;
    count_ = inner * outer;
    values_.resize(static_cast<size_t>((channels + kPacked - 1) / kPacked * kPacked * count_));
    float* to = values_.data();
    for (int64_t first = 0; first < channels; first += kPacked) {
        const int64_t some = std::min<int64_t>(kPacked, channels - first);
        for (int64_t i = 0; i < outer; ++i)
            for (int64_t j = 0; j < inner; ++j, to += kPacked) {
                const float* const at = from + first * channel_step + i * outer_step + j;
                for (int64_t c = 0; c < some; ++c) to[c] = at[c * channel_step];
                for (int64_t c = some; c < kPacked; ++c) to[c] = 0;
            }
    }
}

void finish_stream() { hwy::FlushStream(); }

void add_up(const RowSums& sums) { HWY_DYNAMIC_DISPATCH(AddUp)(sums); }

void copy_rows(const CopiedRows& rows) { HWY_DYNAMIC_DISPATCH(CopyRows)(rows); }

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
