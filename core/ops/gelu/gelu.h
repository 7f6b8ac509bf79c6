// gelu: each number times the share of the normal distribution below it.
#pragma once

#include <cmath>
#include <numbers>

#include "core/elementwise.h"

namespace convscope {

struct Gelu : Elementwise<Gelu> {
    static constexpr const char* kId = "gelu";
    static constexpr const char* kTorchName = "GELU";
    static constexpr const char* kKerasName = "Activation(\"gelu\")";
    static constexpr const char* kSummary =
        "Multiplies each number by the share of the normal distribution that lies below it.";

    Choice approximate{"none"};

    static const std::vector<TypedField<Gelu>>& fields();
    static std::vector<std::string> signature() { return {"approximate"}; }

    static double value(const Gelu& p, double x) {
        return x * (p.is_tanh() ? Logistic(2 * inner(x)).at : below(x));
    }
    static double slope(const Gelu& p, double x) {
        if (!p.is_tanh()) return below(x) + x * density(x);
        const Logistic share(2 * inner(x));
        return share.at + x * share.at * share.opposite * 2 * inner_slope(x);
    }
    static std::string value_text(const Gelu&, double x);
    static std::string slope_text(const Gelu&, double x);
    static std::string card(const Gelu&);

    bool is_tanh() const { return approximate.name == "tanh"; }
    /// Φ and φ, the normal distribution and its density.
    static double below(double x) { return std::erfc(-x / std::numbers::sqrt2) / 2; }
    static double density(double x) { return std::exp(-x * x / 2) * kRoot / 2; }
    /// The approximation's Φ is (1 + tanh(inner)) / 2, which is σ(2 · inner).
    static double inner(double x) { return kRoot * (x + kCubic * x * x * x); }
    static double inner_slope(double x) { return kRoot * (1 + 3 * kCubic * x * x); }
    static constexpr double kCubic = 0.044715;
    static constexpr double kRoot =  // √(2/π)
        std::numbers::sqrt2 * std::numbers::inv_sqrtpi;
};

}  // namespace convscope
