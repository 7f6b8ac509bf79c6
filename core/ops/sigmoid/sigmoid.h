// sigmoid: squeezes every number into 0 … 1.
#pragma once

#include "core/elementwise.h"

namespace convscope {

struct Sigmoid : Elementwise<Sigmoid> {
    static constexpr const char* kId = "sigmoid";
    static constexpr const char* kTorchName = "Sigmoid";
    static constexpr const char* kSummary =
        "Squeezes every number into 0 to 1; large ones saturate, and their slope dies.";
    static constexpr Curve kCurve = Curve::sigmoid;

    static std::vector<std::string> signature() { return {}; }

    static double value(const Sigmoid&, double x) { return Logistic(x).at; }
    static double slope(const Sigmoid&, double x) {
        const Logistic sigma(x);
        return sigma.at * sigma.opposite;
    }
    static std::string value_text(const Sigmoid&, double x);
    static std::string slope_text(const Sigmoid&, double x);
    static std::string card(const Sigmoid&);
};

}  // namespace convscope
