// Compiled once for every instruction set (Highway's foreach_target); the best one is chosen at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/row_sums.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>

#include "core/row_sums.h"

HWY_BEFORE_NAMESPACE();
namespace convscope {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using Floats = hn::ScalableTag<float>;
using Vector = hn::Vec<Floats>;

constexpr int64_t kMaxLanes = HWY_MAX_LANES_D(Floats);
constexpr size_t kRun = 32;  // terms that are added up in float before they go to a double
constexpr int kSums = 8;     // vectors of sums at once: enough to hide the latency of multiply-add

/// Cells [x, x + cells) of kChannels channels from `channel` on: one channel × eight vectors of cells, or four × two, so
/// that every value loaded is used four times. Whole: all vectors are full.
template <int kChannels, bool kWhole>
void block(const RowSums& sums, int64_t channel, int64_t x, int64_t cells) {
    constexpr int kVectors = kSums / kChannels;
    const Floats d;
    const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
    const float* const source = sums.source + x;
    const float* const weight = sums.weight + channel * sums.weight_step;
    const int64_t step = sums.weight_step;
    const auto load = [&](const float* from, int64_t vector) HWY_ATTR {
        if constexpr (kWhole) return hn::LoadU(d, from + vector * lanes);
        const int64_t left = std::clamp<int64_t>(cells - vector * lanes, 0, lanes);
        return left == 0 ? hn::Zero(d)
                         : hn::LoadN(d, from + vector * lanes, static_cast<size_t>(left));
    };

    HWY_ALIGN float run[kSums * kMaxLanes];
    HWY_ALIGN double total[kSums * kMaxLanes];
    const bool is_long = sums.taps.size() > kRun;
    if (is_long) std::fill(total, total + kSums * lanes, 0.0);

    for (size_t first = 0; first == 0 || first < sums.taps.size(); first += kRun) {
        const size_t last = std::min(first + kRun, sums.taps.size());
        Vector s0 = hn::Zero(d), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
        for (size_t t = first; t < last; ++t) {
            const float* const from = source + sums.taps[t].source;
            const float* const by = weight + sums.taps[t].weight;
            if constexpr (kChannels == 1) {
                const Vector factor = hn::Set(d, *by);
                s0 = hn::MulAdd(load(from, 0), factor, s0);
                s1 = hn::MulAdd(load(from, 1), factor, s1);
                s2 = hn::MulAdd(load(from, 2), factor, s2);
                s3 = hn::MulAdd(load(from, 3), factor, s3);
                s4 = hn::MulAdd(load(from, 4), factor, s4);
                s5 = hn::MulAdd(load(from, 5), factor, s5);
                s6 = hn::MulAdd(load(from, 6), factor, s6);
                s7 = hn::MulAdd(load(from, 7), factor, s7);
            } else {
                const Vector left = load(from, 0), right = load(from, 1);
                const Vector by0 = hn::Set(d, by[0]), by1 = hn::Set(d, by[step]);
                const Vector by2 = hn::Set(d, by[2 * step]), by3 = hn::Set(d, by[3 * step]);
                s0 = hn::MulAdd(left, by0, s0);
                s1 = hn::MulAdd(right, by0, s1);
                s2 = hn::MulAdd(left, by1, s2);
                s3 = hn::MulAdd(right, by1, s3);
                s4 = hn::MulAdd(left, by2, s4);
                s5 = hn::MulAdd(right, by2, s5);
                s6 = hn::MulAdd(left, by3, s6);
                s7 = hn::MulAdd(right, by3, s7);
            }
        }
        hn::Store(s0, d, run);
        hn::Store(s1, d, run + lanes);
        hn::Store(s2, d, run + 2 * lanes);
        hn::Store(s3, d, run + 3 * lanes);
        hn::Store(s4, d, run + 4 * lanes);
        hn::Store(s5, d, run + 5 * lanes);
        hn::Store(s6, d, run + 6 * lanes);
        hn::Store(s7, d, run + 7 * lanes);
        if (is_long)
            for (int64_t i = 0; i < kSums * lanes; ++i) total[i] += static_cast<double>(run[i]);
    }

    for (int64_t row = 0; row < kChannels; ++row) {
        const float bias = sums.bias ? sums.bias[channel + row] : 0.0f;
        float* const out = sums.out + (channel + row) * sums.out_channel_step + x * sums.out_step;
        float* const sum = run + row * kVectors * lanes;  // the row's cells lie together
        if (is_long) {
            const double* const long_sum = total + row * kVectors * lanes;
            for (int64_t i = 0; i < cells; ++i)
                sum[i] = static_cast<float>(long_sum[i] + static_cast<double>(bias));
        } else if (sums.bias) {
            for (int64_t i = 0; i < cells; ++i) sum[i] += bias;
        }
        if (sums.out_step == 1)
            std::copy(sum, sum + cells, out);
        else
            for (int64_t i = 0; i < cells; ++i) out[i * sums.out_step] = sum[i];
    }
}

/// All cells of kChannels channels.
template <int kChannels>
void channels(const RowSums& sums, int64_t channel) {
    const int64_t length = kSums / kChannels * static_cast<int64_t>(hn::Lanes(Floats()));
    int64_t x = 0;
    for (; x + length <= sums.cells; x += length) block<kChannels, true>(sums, channel, x, length);
    if (x < sums.cells) block<kChannels, false>(sums, channel, x, sums.cells - x);
}

void AddUp(const RowSums& sums) {
    int64_t channel = 0;
    for (; channel + 4 <= sums.channels; channel += 4) channels<4>(sums, channel);
    for (; channel < sums.channels; ++channel) channels<1>(sums, channel);
}

double Dot(const float* a, const float* b, int64_t count) {
    const Floats d;
    const int64_t lanes = static_cast<int64_t>(hn::Lanes(d));
    HWY_ALIGN float run[kMaxLanes];
    double total = 0;
    for (int64_t first = 0; first < count;) {
        const int64_t last = std::min(count, first + static_cast<int64_t>(kRun) * lanes);
        Vector sum0 = hn::Zero(d), sum1 = sum0;
        int64_t i = first;
        for (; i + 2 * lanes <= last; i += 2 * lanes) {
            sum0 = hn::MulAdd(hn::LoadU(d, a + i), hn::LoadU(d, b + i), sum0);
            sum1 = hn::MulAdd(hn::LoadU(d, a + i + lanes), hn::LoadU(d, b + i + lanes), sum1);
        }
        for (; i < last; i += lanes) {
            const size_t left = static_cast<size_t>(std::min(lanes, last - i));
            sum0 = hn::MulAdd(hn::LoadN(d, a + i, left), hn::LoadN(d, b + i, left), sum0);
        }
        hn::Store(hn::Add(sum0, sum1), d, run);
        for (int64_t lane = 0; lane < lanes; ++lane) total += static_cast<double>(run[lane]);
        first = last;
    }
    return total;
}

}  // namespace HWY_NAMESPACE
}  // namespace convscope
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace convscope {

HWY_EXPORT(AddUp);
HWY_EXPORT(Dot);

void add_up(const RowSums& sums) { HWY_DYNAMIC_DISPATCH(AddUp)(sums); }

double dot(const float* a, const float* b, int64_t count) {
    return HWY_DYNAMIC_DISPATCH(Dot)(a, b, count);
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
