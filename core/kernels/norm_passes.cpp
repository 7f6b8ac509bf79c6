// Compiled once for every instruction set (Highway's foreach_target); the best one is chosen at run time. All of it streams:
// what counts is that memory is read once and written once, so there is time to compute in double.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/norm_passes.cpp"
#include <hwy/foreach_target.h>

#include <cmath>

#include "core/kernels/cells-inl.h"
#include "core/kernels/norm_passes.h"

HWY_BEFORE_NAMESPACE();
namespace convscope {
namespace HWY_NAMESPACE {

constexpr int64_t kVectors = 4;  // sums side by side: enough to hide the latency of an addition
constexpr int64_t kChain = 64;   // vectors that are added up in float, one after the other

/// Sums of the cells' deviations from `from`, and of their squares.
struct Deviations {
    double sum = 0, squares = 0;
};

template <bool kSquares>
HWY_INLINE Deviations deviations(const float* cells, int64_t count, float from) {
    const Floats d;
    const int64_t step = lanes();
    const FloatVector shift = hn::Set(d, from);
    FloatVector s0 = hn::Zero(d), s1 = s0, s2 = s0, s3 = s0, q0 = s0, q1 = s0, q2 = s0, q3 = s0;
    const auto add = [&](FloatVector v, FloatVector& s, FloatVector& q) HWY_ATTR {
        s = hn::Add(s, v);
        if constexpr (kSquares) q = hn::MulAdd(v, v, q);
    };
    int64_t i = 0;
    for (; i + kVectors * step <= count; i += kVectors * step) {
        add(hn::Sub(hn::LoadU(d, cells + i), shift), s0, q0);
        add(hn::Sub(hn::LoadU(d, cells + i + step), shift), s1, q1);
        add(hn::Sub(hn::LoadU(d, cells + i + 2 * step), shift), s2, q2);
        add(hn::Sub(hn::LoadU(d, cells + i + 3 * step), shift), s3, q3);
    }
    for (; i < count; i += step) {
        const auto left = static_cast<size_t>(std::min(step, count - i));
        const FloatVector v = hn::Sub(hn::LoadN(d, cells + i, left), shift);
        add(hn::IfThenElseZero(hn::FirstN(d, left), v), s0, q0);
    }
    const auto total = [&](FloatVector a, FloatVector b, FloatVector c, FloatVector e) HWY_ATTR {
        return static_cast<double>(hn::ReduceSum(d, hn::Add(hn::Add(a, b), hn::Add(c, e))));
    };
    return {total(s0, s1, s2, s3), kSquares ? total(q0, q1, q2, q3) : 0};
}

Moments MomentsOf(const float* cells, int64_t count) {
    const int64_t piece = kChain * kVectors * lanes();
    Moments all;
    for (int64_t at = 0; at < count; at += piece) {
        const int64_t some = std::min(piece, count - at);
        const auto values = static_cast<double>(some);
        const float first = cells[at];
        const double rough = deviations<false>(cells + at, some, first).sum / values;
        const auto near = static_cast<float>(static_cast<double>(first) + rough);
        const Deviations left = deviations<true>(cells + at, some, near);
        all.add({values, static_cast<double>(near) + left.sum / values,
                 left.squares - left.sum * left.sum / values});
    }
    return all;
}

void NormaliseInFloat(const float* cells, int64_t count, const Normalisation& n,
                      const Normalised& to) {
    const Floats d;
    const auto near = static_cast<float>(n.mean);
    const FloatVector mean = hn::Set(d, near);
    const FloatVector rest = hn::Set(d, static_cast<float>(n.mean - static_cast<double>(near)));
    const FloatVector inverse = hn::Set(d, static_cast<float>(n.inverse));
    const FloatVector factor = hn::Set(d, static_cast<float>(n.inverse * n.weight));
    const FloatVector bias = hn::Set(d, static_cast<float>(n.bias));
    const auto centre = [&](FloatVector x) HWY_ATTR { return hn::Sub(hn::Sub(x, mean), rest); };
    if (to.centred) map_all(to.centred, count, to.is_streamed, centre, cells);
    if (to.normalised)
        map_all(
            to.normalised, count, to.is_streamed,
            [&](FloatVector x) HWY_ATTR { return hn::Mul(centre(x), inverse); }, cells);
    if (to.output)
        map_all(
            to.output, count, to.is_streamed,
            [&](FloatVector x) HWY_ATTR { return hn::MulAdd(centre(x), factor, bias); }, cells);
}

void Normalise(const float* cells, int64_t count, const Normalisation& n, const Normalised& to) {
    if (to.in_float) return NormaliseInFloat(cells, count, n, to);
    const Doubles d;
    const DoubleVector mean = hn::Set(d, n.mean), inverse = hn::Set(d, n.inverse);
    const DoubleVector weight = hn::Set(d, n.weight), bias = hn::Set(d, n.bias);
    const auto centre = [&](DoubleVector x) HWY_ATTR { return hn::Sub(x, mean); };
    const auto scale = [&](DoubleVector x) HWY_ATTR { return hn::Mul(hn::Sub(x, mean), inverse); };
    const auto shift = [&](DoubleVector x) HWY_ATTR {
        return hn::Add(hn::Mul(hn::Mul(hn::Sub(x, mean), inverse), weight), bias);
    };
    const auto write = [&](float* out, auto f) HWY_ATTR {
        if (out)
            map_all(
                out, count, to.is_streamed, [&](FloatVector x) HWY_ATTR { return in_double(f, x); },
                cells);
    };
    write(to.centred, centre);
    write(to.normalised, scale);
    write(to.output, shift);
}

GradientSums SumGradients(const float* grad, const float* cells, int64_t count,
                          const Normalisation& n) {
    const Floats f;
    const Doubles d;
    const int64_t step = lanes();
    const DoubleVector mean = hn::Set(d, n.mean), inverse = hn::Set(d, n.inverse);
    DoubleVector g0 = hn::Zero(d), g1 = g0, p0 = g0, p1 = g0;
    const auto add = [&](DoubleVector g, DoubleVector x, DoubleVector& sum, DoubleVector& products)
                         HWY_ATTR {
                             sum = hn::Add(sum, g);
                             products = hn::MulAdd(g, hn::Mul(hn::Sub(x, mean), inverse), products);
                         };
    const auto add_both = [&](FloatVector g, FloatVector x) HWY_ATTR {
        add(lower_double(g), lower_double(x), g0, p0);
#if HWY_TARGET != HWY_SCALAR
        add(hn::PromoteUpperTo(d, g), hn::PromoteUpperTo(d, x), g1, p1);
#endif
    };
    int64_t i = 0;
    for (; i + step <= count; i += step) add_both(hn::LoadU(f, grad + i), hn::LoadU(f, cells + i));
    GradientSums sums;
    for (; i < count; ++i) {  // here no lane may stay empty: its x̂ might be infinite
        const auto g = static_cast<double>(grad[i]);
        sums.grads += g;
        sums.products += g * ((static_cast<double>(cells[i]) - n.mean) * n.inverse);
    }
    sums.grads += hn::ReduceSum(d, hn::Add(g0, g1));
    sums.products += hn::ReduceSum(d, hn::Add(p0, p1));
    return sums;
}

void NormaliseGradient(const float* grad, const float* cells, int64_t count, const Normalisation& n,
                       const GradientMeans& m, float* to, bool is_streamed) {
    const Doubles d;
    const DoubleVector mean = hn::Set(d, n.mean), inverse = hn::Set(d, n.inverse);
    const DoubleVector scale = hn::Set(d, m.scale), mean_grad = hn::Set(d, m.mean_grad);
    const DoubleVector mean_product = hn::Set(d, m.mean_product);
    const auto one = [&](DoubleVector g, DoubleVector x) HWY_ATTR {
        const DoubleVector share = hn::Mul(hn::Mul(hn::Sub(x, mean), inverse), mean_product);
        return hn::Mul(scale, hn::Sub(hn::Sub(g, mean_grad), share));
    };
    map_all(
        to, count, is_streamed,
        [&](FloatVector g, FloatVector x) HWY_ATTR { return in_double(one, g, x); }, grad, cells);
}

}  // namespace HWY_NAMESPACE
}  // namespace convscope
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace convscope {

HWY_EXPORT(MomentsOf);
HWY_EXPORT(Normalise);
HWY_EXPORT(SumGradients);
HWY_EXPORT(NormaliseGradient);

void Moments::add(const Moments& more) {
    if (more.count == 0) return;
    const double both = count + more.count, apart = more.mean - mean;
    squares += more.squares + apart * apart * (count * more.count / both);
    mean += apart * (more.count / both);
    count = both;
}

bool is_sure(const Moments& moments) {
    // Squares of what is below 2⁻⁴⁰ lose bits in float, those of what is above 2⁶⁰ come near its end.
    const double var = moments.squares / moments.count;
    return var > 0x1p-80 && var < 0x1p100;
}

bool is_moderate(const Normalisation& by) {
    const auto fits = [](double v) {
        return v == 0 || (std::abs(v) > 0x1p-100 && std::abs(v) < 0x1p100);
    };
    return std::abs(by.mean) < 0x1p100 && fits(by.inverse) && fits(by.inverse * by.weight);
}

Moments moments_of(const float* cells, int64_t count) {
    return HWY_DYNAMIC_DISPATCH(MomentsOf)(cells, count);
}

void normalise(const float* cells, int64_t count, const Normalisation& by, const Normalised& to) {
    HWY_DYNAMIC_DISPATCH(Normalise)(cells, count, by, to);
}

GradientSums gradient_sums(const float* grad, const float* cells, int64_t count,
                           const Normalisation& by) {
    return HWY_DYNAMIC_DISPATCH(SumGradients)(grad, cells, count, by);
}

void normalise_gradient(const float* grad, const float* cells, int64_t count,
                        const Normalisation& by, const GradientMeans& means, float* to,
                        bool is_streamed) {
    HWY_DYNAMIC_DISPATCH(NormaliseGradient)(grad, cells, count, by, means, to, is_streamed);
}

}  // namespace convscope
#endif  // HWY_ONCE
