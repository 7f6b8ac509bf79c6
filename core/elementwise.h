// What ops share that apply one function to every cell (relu, sigmoid, …): the op gives the function, its slope and both as
// text; Elementwise<P> makes the rest of it.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "core/kernels/curves.h"
#include "core/kernels/stream.h"
#include "core/make_op.h"

namespace convscope {

/// The stages of every such op.
inline constexpr int kElementwiseOutput = 0;     // f(x)
inline constexpr int kElementwiseSlope = 1;      // f′(x), where a gradient is wanted
inline constexpr int kElementwiseGradInput = 2;  // grad_output · f′(x)

/// σ(x) = 1 / (1 + e⁻ˣ) and σ(−x) = 1 − σ(x), each exact in both tails.
struct Logistic {
    explicit Logistic(double x) {
        const double e = std::exp(-std::abs(x)), big = 1 / (1 + e), small = e * big;
        at = x < 0 ? small : big;
        opposite = x < 0 ? big : small;
    }
    double at, opposite;
};

/// "3", or "(−3)" after a sign or before a power.
std::string factor_text(double value);

// ---- What does not depend on the function.

Plan elementwise_plan(Shape input);
/// The cell is a formula of the input cell `cell` whose value is `x`.
Explanation elementwise_formula(Index cell, double x, double value, std::string formula);
/// grad_output · slope; `cuts`: a slope of 0 gives 0 even for an infinite gradient.
Explanation elementwise_product(Index cell, const Reader& read, bool cuts);
std::pair<Index, Index> elementwise_reach(int stage, Index cell);
std::vector<SizeFormula> elementwise_size(Shape input);
/// Where a pass writes; the tensor is made where it is wanted, else null.
float* elementwise_target(const Plan& plan, std::span<const int> wanted, std::span<Tensor> stages,
                          int stage);
/// Calls `part(first, last)` for runs of so many cells, on all threads. False when cancelled.
inline constexpr int64_t kElementwiseRun = 1 << 14;  // half a millisecond of the dearest function
inline constexpr int64_t kCurveRun = 1 << 16;        // of one that has a kernel
template <class Part>
bool elementwise_runs(int64_t cells, int64_t run, const Progress& progress, const Part& part) {
    return run_parts(progress, (cells + run - 1) / run, [&](int64_t i) {
        part(i * run, std::min(cells, (i + 1) * run));
        finish_stream();
    });
}

/// The base of an op's struct `P`, which must have
///     static double value(const P&, double x);            // f(x)
///     static double slope(const P&, double x);            // f′(x)
///     static std::string value_text(const P&, double x);  // f with the number in it: "1 / (1 + exp(−2))"
///     static std::string slope_text(const P&, double x);
///     static std::string card(const P&);
/// and may have its own of what stands here, and
///     static constexpr Curve kCurve;                      // the kernel that computes value and slope
/// NaN, ±0 and ±∞ go the way they go in PyTorch. The passes compute in double
/// and round once, so tails last as long as float32 has numbers for them.
template <class P>
struct Elementwise {
    static constexpr bool kCuts = false;  // see elementwise_product

    static const std::vector<TypedField<P>>& fields() {
        static const std::vector<TypedField<P>> none;
        return none;
    }
    static Plan plan(const P&, Shape input) { return elementwise_plan(input); }
    static std::pair<Index, Index> reach(const P&, const Plan&, int stage, Index cell) {
        return elementwise_reach(stage, cell);
    }
    static std::vector<SizeFormula> size_formula(const P&, const Plan&, Shape input) {
        return elementwise_size(input);
    }
    static P fit_channels(const P& p, int64_t) { return p; }

    static Explanation explain(const P& p, const Plan&, int stage, Index cell, const Reader& read) {
        if (stage == kElementwiseGradInput) return elementwise_product(cell, read, P::kCuts);
        const double x = read({Source::input, 0, cell});
        if (stage == kElementwiseSlope)
            return elementwise_formula(cell, x, P::slope(p, x), P::slope_text(p, x));
        return elementwise_formula(cell, x, P::value(p, x), P::value_text(p, x));
    }

    static double parameter(const P&) { return 0; }  // of the kernel

    static bool forward(const P& p, const Plan& plan, const LayerInputs& inputs,
                        std::span<const int> wanted, std::span<Tensor> stages,
                        const Progress& progress) {
        const int64_t cells = inputs.input.shape().count();
        const float* const x = inputs.input.data();
        float* const y = elementwise_target(plan, wanted, stages, kElementwiseOutput);
        const bool is_streamed = should_stream(cells * int64_t(sizeof(float)));
        return elementwise_runs(y ? cells : 0, run_length(), progress,
                                [&](int64_t first, int64_t last) {
                                    apply(p, x + first, last - first, y + first, is_streamed);
                                });
    }

    static Pointwise pointwise(const P& p, const Plan&, const LayerInputs&) {
        return
            [p](int64_t, float* values, int64_t count) { apply(p, values, count, values, false); };
    }

    /// The product is that of the float32 slope, so that it is the one which the picture shows.
    static bool backward(const P& p, const Plan& plan, const LayerInputs& inputs,
                         const Tensor& grad_output, std::span<const int> wanted,
                         std::span<Tensor> stages, const Progress& progress) {
        const int64_t cells = inputs.input.shape().count();
        const float* const x = inputs.input.data();
        const float* const grad = grad_output.data();
        float* const slopes = elementwise_target(plan, wanted, stages, kElementwiseSlope);
        float* const products = elementwise_target(plan, wanted, stages, kElementwiseGradInput);
        const bool is_streamed = should_stream(cells * int64_t(sizeof(float)));
        return elementwise_runs(
            slopes || products ? cells : 0, run_length(), progress,
            [&](int64_t first, int64_t last) {
                std::array<float, 1 << 12> unwanted;  // slopes stay near until they are multiplied
                constexpr auto kPiece = static_cast<int64_t>(unwanted.size());
                for (int64_t at = first; at < last; at += kPiece) {
                    const int64_t count = std::min(kPiece, last - at);
                    float* const slope = slopes ? slopes + at : unwanted.data();
                    if constexpr (requires { P::kCurve; })
                        curve_slopes(P::kCurve, P::parameter(p), x + at, count, slope);
                    else
                        for (int64_t i = 0; i < count; ++i)
                            slope[i] =
                                static_cast<float>(P::slope(p, static_cast<double>(x[at + i])));
                    if (products)
                        slope_products(grad + at, slope, count, P::kCuts, products + at,
                                       is_streamed);
                }
            });
    }

  private:
    static void apply(const P& p, const float* x, int64_t count, float* y, bool is_streamed) {
        if constexpr (requires { P::kCurve; })
            curve_values(P::kCurve, P::parameter(p), x, count, y, is_streamed);
        else
            for (int64_t i = 0; i < count; ++i)
                y[i] = static_cast<float>(P::value(p, static_cast<double>(x[i])));
    }
    static constexpr int64_t run_length() {
        if constexpr (requires { P::kCurve; })
            return kCurveRun;
        else
            return kElementwiseRun;
    }
};

}  // namespace convscope
