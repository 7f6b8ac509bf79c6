// leaky_relu: negative numbers are multiplied by a small slope, the others stay.
#pragma once

#include "core/elementwise.h"

namespace convscope {

struct LeakyRelu : Elementwise<LeakyRelu> {
    static constexpr const char* kId = "leaky_relu";
    static constexpr const char* kTorchName = "LeakyReLU";
    static constexpr const char* kSummary =
        "Keeps positive numbers and multiplies negative ones by negative_slope.";
    static constexpr Curve kCurve = Curve::leaky_relu;

    double negative_slope = 0.01;

    static const std::vector<TypedField<LeakyRelu>>& fields();
    static std::vector<std::string> signature() { return {"negative_slope", "inplace"}; }

    static Plan plan(const LeakyRelu&, Shape input);
    static double value(const LeakyRelu& p, double x) { return x * slope(p, x); }
    /// negative_slope at 0. No branch, which random signs would mispredict.
    static double slope(const LeakyRelu& p, double x) {
        const double slopes[] = {p.negative_slope, 1};
        return slopes[x > 0];
    }
    static double parameter(const LeakyRelu& p) { return p.negative_slope; }
    static std::string value_text(const LeakyRelu&, double x);
    static std::string slope_text(const LeakyRelu&, double x);
    static std::string card(const LeakyRelu&);
};

}  // namespace convscope
