// Compiled once for every instruction set (Highway's foreach_target). Some left rows meet some right rows in registers: four
// and six need ten loads for 24 products, where one dot product alone has two loads a product.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/tile_dots.cpp"
#include <hwy/foreach_target.h>

#include <algorithm>
#include <vector>

#include "core/kernels/cells-inl.h"
#include "core/kernels/row_sums.h"
#include "core/kernels/tile_dots.h"

HWY_BEFORE_NAMESPACE();
namespace convscope {
namespace HWY_NAMESPACE {

using Vector = FloatVector;

constexpr int64_t kMostTotals = 64;  // of runs, added up in float before they go to a double

#if HWY_TARGET <= HWY_AVX3 || HWY_ARCH_ARM_A64
constexpr int kMostSums = 24;
#else
constexpr int kMostSums = 8;  // in 16 registers
#endif

/// Keeps a value in a register: GCC would read it from memory again for each product.
HWY_INLINE Vector in_register(Vector value) {
#if HWY_COMPILER_GCC_ACTUAL && HWY_ARCH_X86 && HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128
    asm("" : "+v"(value.raw));
#endif
    return value;
}

template <int kLeft, int kRight>
HWY_INLINE void add_products(const float* const (&left)[kLeft], const float* const (&right)[kRight],
                             int64_t at_left, int64_t at_right, size_t cells,
                             Vector (&sum)[kLeft][kRight]) {
    const Floats d;
    Vector values[kRight];
#pragma GCC unroll 8
    for (int b = 0; b < kRight; ++b)
        values[b] = cells == kLanes ? hn::LoadU(d, right[b] + at_right)
                                    : hn::LoadN(d, right[b] + at_right, cells);
#pragma GCC unroll 4
    for (int a = 0; a < kLeft; ++a) {
        const Vector by = in_register(cells == kLanes ? hn::LoadU(d, left[a] + at_left)
                                                      : hn::LoadN(d, left[a] + at_left, cells));
#pragma GCC unroll 8
        for (int b = 0; b < kRight; ++b) sum[a][b] = hn::MulAdd(by, values[b], sum[a][b]);
    }
}

/// Some terms of all sums: the cells from…to−1 of the rows first…last−1. They go to `totals`, a vector for each sum, or where
/// there is none (no terms but these) straight to the sums.
struct Run {
    int64_t first, last, from, to;
    float* totals;
    bool is_first;  // nothing is in `totals` yet
};

/// The rows a… of the left with the rows b… of the right.
template <int kLeft, int kRight>
void tile(const TileDots& dots, const Run& run, size_t a, size_t b) {
    const Floats d;
    const float *left[kLeft], *right[kRight];
    for (int i = 0; i < kLeft; ++i) left[i] = dots.left[a + static_cast<size_t>(i)];
    for (int i = 0; i < kRight; ++i) right[i] = dots.right[b + static_cast<size_t>(i)];
    Vector sum[kLeft][kRight];
#pragma GCC unroll 4
    for (int i = 0; i < kLeft; ++i)
#pragma GCC unroll 8
        for (int k = 0; k < kRight; ++k) sum[i][k] = hn::Zero(d);
    for (int64_t r = run.first; r < run.last; ++r) {
        const int64_t left_row = r * dots.left_step, right_row = r * dots.right_step;
        int64_t x = run.from;
        for (; x + kLanes <= run.to; x += kLanes)
            add_products(left, right, left_row + x, right_row + x, kLanes, sum);
        if (x < run.to)
            add_products(left, right, left_row + x, right_row + x, static_cast<size_t>(run.to - x),
                         sum);
    }
    const size_t columns = dots.right.size();
    if (!run.totals) {
#pragma GCC unroll 4
        for (size_t i = 0; i < kLeft; ++i)
#pragma GCC unroll 8
            for (size_t k = 0; k < kRight; ++k)
                dots.sums[(a + i) * columns + b + k] +=
                    static_cast<double>(hn::ReduceSum(d, sum[i][k]));
        return;
    }
#pragma GCC unroll 4
    for (size_t i = 0; i < kLeft; ++i)
#pragma GCC unroll 8
        for (size_t k = 0; k < kRight; ++k) {
            float* const here = run.totals + ((a + i) * columns + b + k) * kLanes;
            hn::StoreU(run.is_first ? sum[i][k] : hn::Add(sum[i][k], hn::LoadU(d, here)), d, here);
        }
}

/// The rows a… of the left with `rights` rows of the right, kRight or fewer, from b on.
template <int kLeft, int kRight>
HWY_INLINE void tile_of(const TileDots& dots, const Run& run, size_t a, size_t b, size_t rights) {
    if constexpr (kRight > 1)
        if (rights < kRight) return tile_of<kLeft, kRight - 1>(dots, run, a, b, rights);
    tile<kLeft, kRight>(dots, run, a, b);
}

/// All of the left rows from `a` on, kLeft at a time and then fewer, with all right ones, in tiles as equal as can be: a narrow
/// tile has too few sums to keep the adders busy.
template <int kLeft = 4>
void all_tiles(const TileDots& dots, const Run& run, size_t a = 0) {
    constexpr int kMost = std::min(8, kMostSums / kLeft);
    const size_t count = dots.right.size(), tiles = (count + kMost - 1) / kMost;
    for (; a + kLeft <= dots.left.size(); a += kLeft)
        for (size_t i = 0; i < tiles; ++i) {
            const size_t b = i * count / tiles;
            tile_of<kLeft, kMost>(dots, run, a, b, (i + 1) * count / tiles - b);
        }
    if constexpr (kLeft > 1) all_tiles<kLeft - 1>(dots, run, a);
}

/// A run of terms after the other, for all sums: what it reads stays in the nearest cache. A run is some rows where they are
/// short, a piece of one where it is long.
void DoTileDots(const TileDots& dots, float* totals) {
    if (dots.right.empty()) return;
    const Floats d;
    const int64_t vectors = std::max<int64_t>(1, (dots.count + kLanes - 1) / kLanes);
    const int64_t run = terms_in_run(dots.rows * dots.count);  // of a lane
    const int64_t rows = std::max<int64_t>(1, run / vectors);
    if (dots.rows <= rows && vectors <= run)
        return all_tiles(dots, {0, dots.rows, 0, dots.count, nullptr, true});
    int64_t runs = 0;
    const auto spill = [&]() HWY_ATTR {
        for (size_t i = 0; i < dots.left.size() * dots.right.size(); ++i)
            dots.sums[i] += static_cast<double>(
                hn::ReduceSum(d, hn::LoadU(d, totals + i * static_cast<size_t>(kLanes))));
        runs = 0;
    };
    for (int64_t row = 0; row < dots.rows; row += rows)
        for (int64_t from = 0; from < dots.count; from += run * kLanes) {
            all_tiles(dots, {row, std::min(dots.rows, row + rows), from,
                             std::min(dots.count, from + run * kLanes), totals, runs == 0});
            if (++runs == kMostTotals) spill();
        }
    if (runs > 0) spill();
}

}  // namespace HWY_NAMESPACE
}  // namespace convscope
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace convscope {

HWY_EXPORT(DoTileDots);

void tile_dots(const TileDots& dots) {
    constexpr size_t kLeft = 64;  // so many at once: their totals stay in the second-level cache
    thread_local std::vector<float> totals;
    const size_t columns = dots.right.size();
    for (size_t a = 0; a < dots.left.size(); a += kLeft) {
        TileDots some = dots;
        some.left = dots.left.subspan(a, std::min(kLeft, dots.left.size() - a));
        some.sums = dots.sums + a * columns;
        totals.resize(some.left.size() * columns * static_cast<size_t>(kMostLanes));
        HWY_DYNAMIC_DISPATCH(DoTileDots)(some, totals.data());
    }
}

}  // namespace convscope
#endif  // HWY_ONCE
