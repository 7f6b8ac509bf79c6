// relu: negative numbers become 0, the others stay.
#pragma once

#include "core/elementwise.h"

namespace convscope {

struct Relu : Elementwise<Relu> {
    static constexpr const char* kId = "relu";
    static constexpr const char* kTorchName = "ReLU";
    static constexpr const char* kSummary =
        "Keeps positive numbers and replaces negative ones by 0.";
    static constexpr bool kCuts = true;
    static constexpr Curve kCurve = Curve::relu;

    static std::vector<std::string> signature() { return {"inplace"}; }

    /// NaN and −0 stay what they are.
    static double value(const Relu&, double x) { return x < 0 ? 0 : x; }
    /// 0 at 0; 1 at NaN. No branch, which random signs would mispredict.
    static double slope(const Relu&, double x) { return static_cast<double>(!(x <= 0)); }
    static std::string value_text(const Relu&, double x);
    static std::string slope_text(const Relu&, double x);
    static std::string card(const Relu&);
};

}  // namespace convscope
