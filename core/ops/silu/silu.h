// silu: each number times its own sigmoid.
#pragma once

#include "core/elementwise.h"

namespace convscope {

struct Silu : Elementwise<Silu> {
    static constexpr const char* kId = "silu";
    static constexpr const char* kTorchName = "SiLU";
    static constexpr const char* kSummary =
        "Multiplies each number by its own sigmoid; also called swish.";
    static constexpr Curve kCurve = Curve::silu;

    static std::vector<std::string> signature() { return {"inplace"}; }

    static double value(const Silu&, double x) { return x * Logistic(x).at; }
    static double slope(const Silu&, double x) {
        const Logistic sigma(x);
        return sigma.at * (1 + x * sigma.opposite);
    }
    static std::string value_text(const Silu&, double x);
    static std::string slope_text(const Silu&, double x);
    static std::string card(const Silu&);
};

}  // namespace convscope
