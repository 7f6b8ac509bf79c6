// Compiled once for every instruction set (Highway's foreach_target); the best one is chosen at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/plane_range.cpp"
#include <hwy/foreach_target.h>

#include "core/kernels/cells-inl.h"
#include "core/kernels/plane_range.h"

HWY_BEFORE_NAMESPACE();
namespace convscope {
namespace HWY_NAMESPACE {

FiniteRange RangeOf(const float* cells, int64_t count) {
    const Floats d;
    const int64_t step = lanes();
    const FloatVector above = hn::Set(d, FiniteRange().low), below = hn::Set(d, FiniteRange().high);
    FloatVector low0 = above, low1 = above, high0 = below, high1 = below;
    const auto take = [&](FloatVector x, FloatVector& low, FloatVector& high) HWY_ATTR {
        const auto is_finite = hn::IsFinite(x);
        low = hn::Min(low, hn::IfThenElse(is_finite, x, above));
        high = hn::Max(high, hn::IfThenElse(is_finite, x, below));
    };
    int64_t i = 0;
    for (; i + 2 * step <= count; i += 2 * step) {
        take(hn::LoadU(d, cells + i), low0, high0);
        take(hn::LoadU(d, cells + i + step), low1, high1);
    }
    FiniteRange range{hn::ReduceMin(d, hn::Min(low0, low1)),
                      hn::ReduceMax(d, hn::Max(high0, high1))};
    for (; i < count; ++i)
        if (cells[i] - cells[i] == 0) {
            range.low = std::min(range.low, cells[i]);
            range.high = std::max(range.high, cells[i]);
        }
    return range;
}

/// Zero times a finite number is zero; else NaN, which stays in a sum.
bool AllFinite(const float* cells, int64_t count) {
    const Floats d;
    const int64_t step = lanes();
    const FloatVector zero = hn::Zero(d);
    FloatVector sum0 = zero, sum1 = zero, sum2 = zero, sum3 = zero;
    const auto add = [&](FloatVector x, FloatVector& sum)
                         HWY_ATTR { sum = hn::MulAdd(x, zero, sum); };
    int64_t i = 0;
    for (; i + 4 * step <= count; i += 4 * step) {
        add(hn::LoadU(d, cells + i), sum0);
        add(hn::LoadU(d, cells + i + step), sum1);
        add(hn::LoadU(d, cells + i + 2 * step), sum2);
        add(hn::LoadU(d, cells + i + 3 * step), sum3);
    }
    for (; i < count; i += step)
        add(hn::LoadN(d, cells + i, static_cast<size_t>(std::min(step, count - i))), sum0);
    sum0 = hn::Add(hn::Add(sum0, sum1), hn::Add(sum2, sum3));
    return hn::AllFalse(d, hn::IsNaN(sum0));
}

}  // namespace HWY_NAMESPACE
}  // namespace convscope
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace convscope {

HWY_EXPORT(RangeOf);
HWY_EXPORT(AllFinite);

FiniteRange finite_range(const float* cells, int64_t count) {
    return HWY_DYNAMIC_DISPATCH(RangeOf)(cells, count);
}

bool all_finite(std::span<const float> values) {
    return HWY_DYNAMIC_DISPATCH(AllFinite)(values.data(), std::ssize(values));
}

}  // namespace convscope
#endif  // HWY_ONCE
