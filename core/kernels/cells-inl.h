// Loops over the cells of rows and planes, for files that are compiled once for every instruction set (Highway's
// foreach_target). Included once for each, so no #pragma once.
#if defined(CONVSCOPE_CORE_KERNELS_CELLS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef CONVSCOPE_CORE_KERNELS_CELLS_INL_H
#undef CONVSCOPE_CORE_KERNELS_CELLS_INL_H
#else
#define CONVSCOPE_CORE_KERNELS_CELLS_INL_H
#endif

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace convscope {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using Floats = hn::ScalableTag<float>;
using FloatVector = hn::Vec<Floats>;
constexpr int kLanes = static_cast<int>(HWY_MAX_LANES_D(Floats));
#if HWY_TARGET == HWY_SCALAR
using Doubles = hn::Rebind<double, Floats>;
#else
using Doubles = hn::RepartitionToWide<Floats>;
#endif
using DoubleVector = hn::Vec<Doubles>;

/// How many of n terms may be added up one after the other in float, before they go to the total: 64 at most, and so few (L)
/// that half a last bit lost in each addition of a growing sum, and of the n ÷ L runs, stays within (4 + 2√n)·2⁻²⁴:
/// L + n ÷ L ≤ 8 + 4√n.
inline int64_t terms_in_run(int64_t n) {
    if (n <= 28) return 28;
    const double count = static_cast<double>(n), root = std::sqrt(count);
    const double most = 4 + 2 * root + std::sqrt(3 * count + 16 * root + 16);
    return most < 64 ? static_cast<int64_t>(most) : 64;
}

inline int64_t lanes() { return static_cast<int64_t>(hn::Lanes(Floats())); }

/// Sets to[i] for i < count: at(i) is the vector of the cells from i on, part(i, n) that of the n < lanes() cells from i on.
/// Streamed: past the caches; finish_stream when done.
template <class At, class Part>
HWY_INLINE void put_all(float* to, int64_t count, bool is_streamed, At at, Part part) {
    const Floats d;
    const int64_t step = lanes();
    int64_t i = 0;
    if (is_streamed) {  // only whole vectors at multiples of their size
        const auto past =
            static_cast<int64_t>(reinterpret_cast<uintptr_t>(to) / sizeof(float)) % step;
        i = std::min(count, (step - past) % step);
        if (i > 0) hn::StoreN(part(int64_t(0), i), d, to, static_cast<size_t>(i));
        for (; i + step <= count; i += step) hn::Stream(at(i), d, to + i);
    } else {
        for (; i + step <= count; i += step) hn::StoreU(at(i), d, to + i);
    }
    if (i < count) hn::StoreN(part(i, count - i), d, to + i, static_cast<size_t>(count - i));
}

/// The same where the vector is f(vectors of `from` at the same cells).
template <class F, class... From>
HWY_INLINE void map_all(float* to, int64_t count, bool is_streamed, F f, const From*... from) {
    const Floats d;
    put_all(
        to, count, is_streamed, [&](int64_t i) HWY_ATTR { return f(hn::LoadU(d, from + i)...); },
        [&](int64_t i, int64_t n)
            HWY_ATTR { return f(hn::LoadN(d, from + i, static_cast<size_t>(n))...); });
}

HWY_INLINE DoubleVector lower_double(FloatVector v) {
#if HWY_TARGET == HWY_SCALAR
    return hn::PromoteTo(Doubles(), v);
#else
    return hn::PromoteLowerTo(Doubles(), v);
#endif
}

/// f of the cells in double, rounded once.
template <class F, class... V>
HWY_INLINE FloatVector in_double(F f, V... v) {
    const Floats d;
#if HWY_TARGET == HWY_SCALAR
    return hn::DemoteTo(d, f(lower_double(v)...));
#else
    const hn::Half<Floats> half;
    const auto low = hn::DemoteTo(half, f(lower_double(v)...));
    const auto high = hn::DemoteTo(half, f(hn::PromoteUpperTo(Doubles(), v)...));
    return hn::Combine(d, high, low);
#endif
}

}  // namespace HWY_NAMESPACE
}  // namespace convscope
HWY_AFTER_NAMESPACE();

#endif
