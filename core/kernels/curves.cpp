// Compiled once for every instruction set (Highway's foreach_target); the best one is chosen at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/curves.cpp"
#include <hwy/foreach_target.h>

#include "core/kernels/cells-inl.h"
#include "core/kernels/curves.h"

HWY_BEFORE_NAMESPACE();
namespace convscope {
namespace HWY_NAMESPACE {

HWY_INLINE DoubleVector all(double value) { return hn::Set(Doubles(), value); }

/// eˣ for x ≤ 0, to 2⁻⁴⁵ of its value; 0 below −700, where float32 has long been 0. 2^q · e^r with |r| ≤ ln 2 / 2, that by
/// Taylor's series.
HWY_INLINE DoubleVector exp_below_0(DoubleVector x) {
    const Doubles d;
    const hn::RebindToSigned<Doubles> whole;
    const auto in_range = hn::Ge(x, all(-700));
    const DoubleVector bounded = hn::IfThenElse(in_range, x, all(-700));
    // Added to 1.5 · 2⁵², a number is rounded to a whole one that stands in the last bits.
    const DoubleVector rounder = all(0x1.8p52);
    const DoubleVector shifted = hn::MulAdd(bounded, all(1.44269504088896340736), rounder);
    const DoubleVector q = hn::Sub(shifted, rounder);
    // ln 2 in two parts, the first with room for a product by q.
    const DoubleVector r = hn::NegMulAdd(q, all(0x1.ef35793c76730p-45),
                                         hn::NegMulAdd(q, all(0x1.62e42fefa3800p-1), bounded));
    DoubleVector sum = all(1.0 / 39916800);
    for (const double factor : {1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040, 1.0 / 720,
                                1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5, 1.0, 1.0})
        sum = hn::MulAdd(sum, r, all(factor));
    const auto power = hn::ShiftLeft<52>(hn::BitCast(whole, shifted));
    const DoubleVector scaled = hn::BitCast(d, hn::Add(hn::BitCast(whole, sum), power));
    return hn::IfThenElseZero(in_range, scaled);
}

HWY_INLINE DoubleVector keep_nan(DoubleVector x, DoubleVector result) {
    return hn::IfThenElse(hn::IsNaN(x), x, result);
}

/// σ(x) and σ(−x), each exact in both tails.
struct Sigma {
    HWY_INLINE explicit Sigma(DoubleVector x) {
        const DoubleVector e = exp_below_0(hn::Neg(hn::Abs(x)));
        const DoubleVector big = hn::Div(all(1), hn::Add(all(1), e)), small = hn::Mul(e, big);
        const auto below = hn::Lt(x, all(0));
        at = keep_nan(x, hn::IfThenElse(below, small, big));
        opposite = keep_nan(x, hn::IfThenElse(below, big, small));
    }
    DoubleVector at, opposite;
};

HWY_INLINE DoubleVector tanh_of(DoubleVector x) {
    const DoubleVector size = hn::Abs(x);
    const DoubleVector e = exp_below_0(hn::Mul(all(-2), size));
    const DoubleVector large = hn::Div(hn::Sub(all(1), e), hn::Add(all(1), e));
    // Near 0 the difference would lose digits: x − x³/3 + 2x⁵/15.
    const DoubleVector square = hn::Mul(size, size);
    const DoubleVector series = hn::MulAdd(square, all(2.0 / 15), all(-1.0 / 3));
    const DoubleVector small = hn::MulAdd(hn::Mul(size, square), series, size);
    const auto is_small = hn::Lt(size, all(0x1p-8));
    return keep_nan(x, hn::CopySign(hn::IfThenElse(is_small, small, large), x));
}

/// 1 / cosh², which is 1 − tanh² without its cancellation.
HWY_INLINE DoubleVector tanh_slope(DoubleVector x) {
    const DoubleVector e = exp_below_0(hn::Mul(all(-2), hn::Abs(x)));
    const DoubleVector sum = hn::Add(all(1), e);
    return keep_nan(x, hn::Div(hn::Mul(all(4), e), hn::Mul(sum, sum)));
}

void Values(Curve curve, double parameter, const float* cells, int64_t count, float* to,
            bool is_streamed) {
    const Floats f;
    const auto map = [&](auto value) HWY_ATTR { map_all(to, count, is_streamed, value, cells); };
    const auto map_double = [&](auto value) HWY_ATTR {
        map([&](FloatVector x) HWY_ATTR { return in_double(value, x); });
    };
    switch (curve) {
        case Curve::relu:
            return map([&](FloatVector x)
                           HWY_ATTR { return hn::IfThenZeroElse(hn::Lt(x, hn::Zero(f)), x); });
        case Curve::leaky_relu: {
            const DoubleVector slope = all(parameter);
            return map_double([&](DoubleVector x) HWY_ATTR {
                return hn::Mul(x, hn::IfThenElse(hn::Gt(x, all(0)), all(1), slope));
            });
        }
        case Curve::sigmoid: return map_double([](DoubleVector x) HWY_ATTR { return Sigma(x).at; });
        case Curve::tanh: return map_double([](DoubleVector x) HWY_ATTR { return tanh_of(x); });
        case Curve::silu:
            return map_double([](DoubleVector x) HWY_ATTR { return hn::Mul(x, Sigma(x).at); });
    }
}

void Slopes(Curve curve, double parameter, const float* cells, int64_t count, float* to) {
    const auto map_double = [&](auto value) HWY_ATTR {
        map_all(
            to, count, false, [&](FloatVector x) HWY_ATTR { return in_double(value, x); }, cells);
    };
    switch (curve) {
        case Curve::relu:
            return map_double([](DoubleVector x) HWY_ATTR {
                return hn::IfThenZeroElse(hn::Le(x, all(0)), all(1));
            });
        case Curve::leaky_relu: {
            const DoubleVector slope = all(parameter);
            return map_double([&](DoubleVector x) HWY_ATTR {
                return hn::IfThenElse(hn::Gt(x, all(0)), all(1), slope);
            });
        }
        case Curve::sigmoid:
            return map_double([](DoubleVector x) HWY_ATTR {
                const Sigma sigma(x);
                return hn::Mul(sigma.at, sigma.opposite);
            });
        case Curve::tanh: return map_double([](DoubleVector x) HWY_ATTR { return tanh_slope(x); });
        case Curve::silu:
            return map_double([](DoubleVector x) HWY_ATTR {
                const Sigma sigma(x);
                return hn::Mul(sigma.at, hn::Add(all(1), hn::Mul(x, sigma.opposite)));
            });
    }
}

void Products(const float* grad, const float* slopes, int64_t count, bool cuts, float* to,
              bool is_streamed) {
    const Floats f;
    if (cuts)
        return map_all(
            to, count, is_streamed,
            [&](FloatVector g, FloatVector slope) HWY_ATTR {
                return hn::IfThenZeroElse(hn::Eq(slope, hn::Zero(f)), hn::Mul(g, slope));
            },
            grad, slopes);
    map_all(
        to, count, is_streamed,
        [](FloatVector g, FloatVector slope) HWY_ATTR { return hn::Mul(g, slope); }, grad, slopes);
}

}  // namespace HWY_NAMESPACE
}  // namespace convscope
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace convscope {

HWY_EXPORT(Values);
HWY_EXPORT(Slopes);
HWY_EXPORT(Products);

void curve_values(Curve curve, double parameter, const float* cells, int64_t count, float* to,
                  bool is_streamed) {
    HWY_DYNAMIC_DISPATCH(Values)(curve, parameter, cells, count, to, is_streamed);
}

void curve_slopes(Curve curve, double parameter, const float* cells, int64_t count, float* to) {
    HWY_DYNAMIC_DISPATCH(Slopes)(curve, parameter, cells, count, to);
}

void slope_products(const float* grad, const float* slopes, int64_t count, bool cuts, float* to,
                    bool is_streamed) {
    HWY_DYNAMIC_DISPATCH(Products)(grad, slopes, count, cuts, to, is_streamed);
}

}  // namespace convscope
#endif  // HWY_ONCE
