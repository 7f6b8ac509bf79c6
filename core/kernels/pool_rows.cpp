// Compiled once for every instruction set (Highway's foreach_target); the best one is chosen at run time. A vector holds
// neighbouring windows; it visits the cells of a window one after the other. At stride 2 the cells of neighbouring windows are
// every other one of two vectors.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/pool_rows.cpp"
#include <hwy/foreach_target.h>

#include <cmath>
#include <limits>
#include <type_traits>

#include "core/kernels/cells-inl.h"
#include "core/kernels/pool_rows.h"
#include "core/pool_parts.h"

HWY_BEFORE_NAMESPACE();
namespace convscope {
namespace HWY_NAMESPACE {

using Places = hn::RebindToSigned<Floats>;
using PlaceVector = hn::Vec<Places>;

constexpr int64_t kAhead = 384;  // floats: so far in front a row is fetched, past the ends of pages

/// from[0], from[stride], from[2 · stride], …
template <int kStride>
HWY_INLINE FloatVector strided(const float* from, int64_t stride) {
    const Floats d;
    if constexpr (kStride == 1) return hn::LoadU(d, from);
#if HWY_TARGET != HWY_SCALAR
    if constexpr (kStride == 2)
        return hn::ConcatEven(d, hn::LoadU(d, from + lanes()), hn::LoadU(d, from));
#endif
    const Places p;
    return hn::GatherIndex(d, from,
                           hn::Mul(hn::Iota(p, 0), hn::Set(p, static_cast<int32_t>(stride))));
}

/// Windows [first, end) hang over neither side; of them a vector may start at [first, vectors).
struct Inside {
    int64_t first = 0, end = 0, vectors = 0;
};

template <int kStride>
Inside inside(const WindowAxis& a, bool has_pairs) {
    Inside range;
    range.first = std::min(outputs_inside(a, 0).first, a.out);
    range.end = std::max(range.first, outputs_inside(a, a.kernel - 1).second + 1);
    range.vectors = range.end - lanes() + 1;
    if (kStride == 2) {  // its second load ends one cell later than it needs, but for a pair
        const int64_t last =
            a.in - 2 * lanes() - (has_pairs ? 0 : (a.kernel - 1) * a.dilation) + a.pad_before;
        range.vectors = std::min(range.vectors, floor_div(last, 2) + 1);
    }
    return range;
}

/// Calls vector(o) for whole vectors of windows and one(o) for the others. Pairs: windows of two columns, at stride 2. A last vector may overlap the one before it.
template <int kStride, class Vector, class One>
HWY_INLINE void for_windows(const PoolRow& row, bool has_pairs, Vector vector, One one) {
    const Inside range = inside<kStride>(row.columns, has_pairs);
    int64_t o = 0;
    for (; o < range.first; ++o) one(o);
    if (row.is_streamed)
        for (;
             o < range.end && reinterpret_cast<uintptr_t>(row.out + o) % (4 * hn::Lanes(Floats()));
             ++o)
            one(o);
    const int64_t last = range.end - lanes();
    const bool overlaps = !row.is_streamed && last >= range.first && last < range.vectors;
    for (; o < (overlaps ? range.end : range.vectors); o += lanes())
        vector(overlaps ? std::min(o, last) : o);
    if (overlaps) o = range.end;
    for (; o < row.columns.out; ++o) one(o);
}

template <class D, class V, class T>
HWY_INLINE void store(V v, D d, T* to, bool is_streamed) {
    if (is_streamed)
        hn::Stream(v, d, to);
    else
        hn::StoreU(v, d, to);
}

/// kKernel: rows and columns of the windows, where that is known: then they are visited without a loop; else 0.
template <int kStride, int kKernel, class Place>
void largest(const PoolRow& row, Place* places) {
    const Floats d;
    const Places p;
    const WindowAxis& a = row.columns;
    const auto one = [&](int64_t o) {
        float best = -std::numeric_limits<float>::infinity();
        int64_t place = -1;
        for (const int64_t h : row.rows)
            for (int64_t s = 0; s < a.kernel; ++s) {
                const int64_t w = o * a.stride - a.pad_before + s * a.dilation;
                if (w < 0 || w >= a.in) continue;
                const float x = row.plane[h * a.in + w];
                if (x > best || x != x || place < 0) best = x, place = h * a.in + w;
            }
        row.out[o] = best;
        if (places) places[o] = static_cast<Place>(place);
    };
    if (row.rows.empty()) {
        for (int64_t o = 0; o < a.out; ++o) one(o);
        return;
    }
    const int64_t height = kKernel > 0 ? kKernel : static_cast<int64_t>(row.rows.size());
    const int64_t width = kKernel > 0 ? kKernel : a.kernel;
    constexpr bool kPairs = kKernel == 2 && HWY_TARGET != HWY_SCALAR;
    const auto vector = [&](int64_t o) HWY_ATTR {
        const int64_t start = o * a.stride - a.pad_before;
        // Calls see(cells of the windows, offset of the first one, whether it is the first) in reading order.
        const auto visit_all = [&](auto see) HWY_ATTR {
#pragma GCC unroll 3
            for (int64_t r = 0; r < height; ++r) {
                const int64_t offset = row.rows[static_cast<size_t>(r)] * a.in;
                const float* const from = row.plane + offset + start;
#pragma GCC unroll 2
                for (int v = 0; v < std::max(1, kStride); ++v)
                    hwy::Prefetch(from + kAhead + v * lanes());
#if HWY_TARGET != HWY_SCALAR
                if constexpr (kPairs) {  // one load serves both columns, and none crosses a line
                    const FloatVector low = hn::LoadU(d, from), high = hn::LoadU(d, from + lanes());
                    see(hn::ConcatEven(d, high, low), offset, r == 0);
                    see(hn::ConcatOdd(d, high, low), offset + 1, false);
                    continue;
                }
#endif
#pragma GCC unroll 3
                for (int64_t s = 0; s < width; ++s)
                    see(strided<kStride>(from + s * a.dilation, a.stride), offset + s * a.dilation,
                        r + s == 0);
            }
        };
        FloatVector best = hn::Zero(d);
        PlaceVector chosen = hn::Zero(p);
        if (!places) {  // a NaN among the cells makes their sum one
            FloatVector sum = best;
            visit_all([&](FloatVector x, int64_t, bool is_first) HWY_ATTR {
                best = is_first ? x : hn::IfThenElse(hn::Gt(x, best), x, best);
                sum = is_first ? x : hn::Add(sum, x);
            });
            if (HWY_LIKELY(hn::AllFalse(d, hn::IsNaN(sum))))
                return store(best, d, row.out + o, row.is_streamed);
        }
        visit_all([&](FloatVector x, int64_t offset, bool is_first) HWY_ATTR {
            const auto wins = is_first ? hn::Eq(best, best) : hn::Or(hn::Gt(x, best), hn::IsNaN(x));
            best = hn::IfThenElse(wins, x, best);
            chosen =
                hn::IfThenElse(hn::RebindMask(p, wins),
                               hn::Set(p, static_cast<int32_t>(offset)), chosen);
        });
        store(best, d, row.out + o, row.is_streamed);
        if (!places) return;
        const PlaceVector columns =
            hn::MulAdd(hn::Iota(p, 0), hn::Set(p, static_cast<int32_t>(a.stride)),
                       hn::Set(p, static_cast<int32_t>(start)));
        if constexpr (std::is_same_v<Place, float>)
            store(hn::ConvertTo(d, hn::Add(chosen, columns)), d, places + o, row.is_streamed);
        else
            hn::StoreU(hn::Add(chosen, columns), p, places + o);
    };
    for_windows<kStride>(row, kPairs, vector, one);
}

template <class Place>
void MaxRow(const PoolRow& row, Place* places) {
    const WindowAxis& a = row.columns;
    if (a.stride == 1) return largest<1, 0>(row, places);
    if (a.stride != 2) return largest<0, 0>(row, places);
    const bool is_square = static_cast<int64_t>(row.rows.size()) == a.kernel;
    if (is_square && a.kernel == 2 && a.dilation == 1) return largest<2, 2>(row, places);
    if (is_square && a.kernel == 3) return largest<2, 3>(row, places);
    largest<2, 0>(row, places);
}
void MaxRowIndices(const PoolRow& row, float* places) { MaxRow(row, places); }
void MaxRowPlaces(const PoolRow& row, int32_t* places) { MaxRow(row, places); }

template <int kStride>
void means(const PoolRow& row, const double* divisors) {
    const Floats f;
    const Doubles d;
    const WindowAxis& a = row.columns;
    const auto one = [&](int64_t o) {
        double total = 0;
        for (const int64_t h : row.rows) {
            double sum = 0;
            for (int64_t s = 0; s < a.kernel; ++s) {
                const int64_t w = o * a.stride - a.pad_before + s * a.dilation;
                if (w >= 0 && w < a.in) sum += static_cast<double>(row.plane[h * a.in + w]);
            }
            total += sum;
        }
        row.out[o] = static_cast<float>(total / divisors[o]);
    };
    const Inside range = inside<kStride>(a, false);
    const double divisor = range.first < range.end ? divisors[range.first] : 1;
    // Dividing by a power of two is multiplying by one, and much faster.
    int exponent = 0;
    const bool multiplies = std::abs(std::frexp(divisor, &exponent)) == 0.5;
    const DoubleVector by = hn::Set(d, multiplies ? 1 / divisor : divisor);
    const auto divide = [&](DoubleVector sum)
                            HWY_ATTR { return multiplies ? hn::Mul(sum, by) : hn::Div(sum, by); };
    const auto vector = [&](int64_t o) HWY_ATTR {
        const int64_t start = o * a.stride - a.pad_before;
        DoubleVector total0 = hn::Zero(d), total1 = total0;
        for (const int64_t h : row.rows) {
            DoubleVector sum0 = hn::Zero(d), sum1 = sum0;
            for (int64_t s = 0; s < a.kernel; ++s) {
                const FloatVector x =
                    strided<kStride>(row.plane + h * a.in + start + s * a.dilation, a.stride);
                sum0 = hn::Add(sum0, lower_double(x));
#if HWY_TARGET != HWY_SCALAR
                sum1 = hn::Add(sum1, hn::PromoteUpperTo(d, x));
#endif
            }
            total0 = hn::Add(total0, sum0);
            total1 = hn::Add(total1, sum1);
        }
#if HWY_TARGET == HWY_SCALAR
        const FloatVector mean = hn::DemoteTo(f, divide(total0));
#else
        const hn::Half<Floats> half;
        const FloatVector mean =
            hn::Combine(f, hn::DemoteTo(half, divide(total1)), hn::DemoteTo(half, divide(total0)));
#endif
        store(mean, f, row.out + o, row.is_streamed);
    };
    for_windows<kStride>(row, false, vector, one);
}

void MeanRow(const PoolRow& row, const double* divisors) {
    if (row.columns.stride == 1) return means<1>(row, divisors);
    if (row.columns.stride == 2) return means<2>(row, divisors);
    means<0>(row, divisors);
}

}  // namespace HWY_NAMESPACE
}  // namespace convscope
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace convscope {

HWY_EXPORT(MaxRowIndices);
HWY_EXPORT(MaxRowPlaces);
HWY_EXPORT(MeanRow);

void max_row(const PoolRow& row, float* places) {
    HWY_DYNAMIC_DISPATCH(MaxRowIndices)(row, places);
}

void max_row(const PoolRow& row, int32_t* places) {
    HWY_DYNAMIC_DISPATCH(MaxRowPlaces)(row, places);
}

void mean_row(const PoolRow& row, const double* divisors) {
    HWY_DYNAMIC_DISPATCH(MeanRow)(row, divisors);
}

}  // namespace convscope
#endif  // HWY_ONCE
