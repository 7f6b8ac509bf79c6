// Compiled once for every instruction set (Highway's foreach_target). Four left rows meet up to four right rows in registers:
// eight loads for sixteen products, where one dot product alone has two loads a product.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/tile_dots.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>

#include "core/kernels/tile_dots.h"

HWY_BEFORE_NAMESPACE();
namespace convscope {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using Floats = hn::ScalableTag<float>;
using Vector = hn::Vec<Floats>;

constexpr int kLanes = static_cast<int>(HWY_MAX_LANES_D(Floats));
constexpr int64_t kRun = 64;  // products of a lane that are added up before they go to the total

#if HWY_TARGET <= HWY_AVX3 || HWY_ARCH_ARM_A64
constexpr int kLefts = 4, kRights = 4;
#else
constexpr int kLefts = 2, kRights = 4;  // 8 sums in 16 registers
#endif

template <int kLeft, int kRight>
HWY_INLINE void add_products(const float* const (&left)[kLeft], const float* const (&right)[kRight],
                             int64_t at_left, int64_t at_right, size_t cells,
                             Vector (&sum)[kLeft][kRight]) {
    const Floats d;
    Vector values[kRight];
#pragma GCC unroll 4
    for (int b = 0; b < kRight; ++b)
        values[b] = cells == kLanes ? hn::LoadU(d, right[b] + at_right)
                                    : hn::LoadN(d, right[b] + at_right, cells);
#pragma GCC unroll 4
    for (int a = 0; a < kLeft; ++a) {
        const Vector by = cells == kLanes ? hn::LoadU(d, left[a] + at_left)
                                          : hn::LoadN(d, left[a] + at_left, cells);
#pragma GCC unroll 4
        for (int b = 0; b < kRight; ++b) sum[a][b] = hn::MulAdd(by, values[b], sum[a][b]);
    }
}

/// The rows a… of the left with the rows b… of the right.
template <int kLeft, int kRight>
void tile(const TileDots& dots, size_t a, size_t b) {
    const Floats d;
    const float *left[kLeft], *right[kRight];
    for (int i = 0; i < kLeft; ++i) left[i] = dots.left[a + static_cast<size_t>(i)];
    for (int i = 0; i < kRight; ++i) right[i] = dots.right[b + static_cast<size_t>(i)];
    Vector sum[kLeft][kRight];
    HWY_ALIGN float total[kLeft * kRight * kLanes] = {};
    double* const sums = dots.sums + a * dots.right.size() + b;

    int64_t run = 0, runs = 0;
#pragma GCC unroll 4
    for (int i = 0; i < kLeft; ++i)
#pragma GCC unroll 4
        for (int k = 0; k < kRight; ++k) sum[i][k] = hn::Zero(d);
    for (int64_t row = 0; row < dots.rows; ++row) {
        const int64_t left_row = row * dots.left_step, right_row = row * dots.right_step;
        for (int64_t x = 0; x < dots.count;) {
            const int64_t end = std::min(dots.count, x + (kRun - run) * kLanes);
            run += (end - x + kLanes - 1) / kLanes;
            for (; x + kLanes <= end; x += kLanes)
                add_products(left, right, left_row + x, right_row + x, kLanes, sum);
            if (x < end) {
                add_products(left, right, left_row + x, right_row + x, static_cast<size_t>(end - x),
                             sum);
                x = end;
            }
            const bool is_last = row + 1 == dots.rows && x >= dots.count;
            if (run < kRun && !is_last) continue;
#pragma GCC unroll 4
            for (int i = 0; i < kLeft; ++i)
#pragma GCC unroll 4
                for (int k = 0; k < kRight; ++k) {
                    float* const here = total + (i * kRight + k) * kLanes;
                    hn::Store(hn::Add(sum[i][k], hn::Load(d, here)), d, here);
                    sum[i][k] = hn::Zero(d);
                }
            run = 0;
            if (++runs < kRun && !is_last) continue;
            for (size_t i = 0; i < kLeft; ++i)
                for (size_t k = 0; k < kRight; ++k) {
                    float* const here = total + (i * kRight + k) * kLanes;
                    double all = 0;
                    for (int lane = 0; lane < kLanes; ++lane)
                        all += static_cast<double>(here[lane]);
                    sums[i * dots.right.size() + k] += all;
                    std::fill(here, here + kLanes, 0.0f);
                }
            runs = 0;
        }
    }
}

template <int kLeft>
void lefts(const TileDots& dots, size_t a) {
    size_t b = 0;
    for (; b + kRights <= dots.right.size(); b += kRights) tile<kLeft, kRights>(dots, a, b);
    switch (dots.right.size() - b) {
        case 3: return tile<kLeft, 3>(dots, a, b);
        case 2: return tile<kLeft, 2>(dots, a, b);
        case 1: return tile<kLeft, 1>(dots, a, b);
        default: return;
    }
}

void DoTileDots(const TileDots& dots) {
    size_t a = 0;
    for (; a + kLefts <= dots.left.size(); a += kLefts) lefts<kLefts>(dots, a);
    for (; a < dots.left.size(); ++a) lefts<1>(dots, a);
}

}  // namespace HWY_NAMESPACE
}  // namespace convscope
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace convscope {

HWY_EXPORT(DoTileDots);

void tile_dots(const TileDots& dots) { HWY_DYNAMIC_DISPATCH(DoTileDots)(dots); }

}  // namespace convscope
#endif  // HWY_ONCE
