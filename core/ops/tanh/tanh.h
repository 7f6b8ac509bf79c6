// tanh: squeezes every number into −1 … 1.
#pragma once

#include <cmath>

#include "core/elementwise.h"

namespace convscope {

struct Tanh : Elementwise<Tanh> {
    static constexpr const char* kId = "tanh";
    static constexpr const char* kTorchName = "Tanh";
    static constexpr const char* kSummary =
        "Squeezes every number into −1 to 1; large ones saturate, and their slope dies.";
    static constexpr Curve kCurve = Curve::tanh;

    static std::vector<std::string> signature() { return {}; }

    static double value(const Tanh&, double x) { return std::tanh(x); }
    /// 1 − tanh(x)² without its cancellation.
    static double slope(const Tanh&, double x) {
        const double cosh = std::cosh(x);
        return 1 / (cosh * cosh);
    }
    static std::string value_text(const Tanh&, double x);
    static std::string slope_text(const Tanh&, double x);
    static std::string card(const Tanh&);
};

}  // namespace convscope
