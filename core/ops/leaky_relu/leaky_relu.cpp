// leaky_relu: its parameter and its words. The function is in the header.
#include "core/ops/leaky_relu/leaky_relu.h"

#include <cmath>

#include <fmt/format.h>

#include "core/number_text.h"

namespace convscope {

const std::vector<TypedField<LeakyRelu>>& LeakyRelu::fields() {
    // clang-format off
    static const std::vector<TypedField<LeakyRelu>> rows{
        {{"negative_slope", {}, true, 0, 1, {}, "What negative numbers are multiplied by; 0 makes it ReLU.", {"negative_slope", "alpha before Keras 3."}}, &LeakyRelu::negative_slope},
    };
    // clang-format on
    return rows;
}

Plan LeakyRelu::plan(const LeakyRelu& p, Shape input) {
    Plan plan = elementwise_plan(input);
    if (plan.problem || std::isfinite(p.negative_slope)) return plan;
    plan.problem =
        Problem{fmt::format("negative_slope cannot be {}.", number_text(p.negative_slope)),
                "Choose negative_slope 0.01, or any other finite number.",
                "negative_slope",
                {{"Use negative_slope 0.01", "negative_slope", 0.01}}};
    return plan;
}

std::string LeakyRelu::value_text(const LeakyRelu& p, double x) {
    const std::string number = number_text(x);
    return fmt::format("max(0, {}) + {} · min(0, {})", number, factor_text(p.negative_slope),
                       number);
}

std::string LeakyRelu::slope_text(const LeakyRelu& p, double x) {
    return fmt::format("1 if {} > 0, else {}", number_text(x), number_text(p.negative_slope));
}

std::string LeakyRelu::card(const LeakyRelu& p) { return to_text(Value(p.negative_slope)); }

}  // namespace convscope
