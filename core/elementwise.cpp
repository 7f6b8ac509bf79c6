#include "core/elementwise.h"

#include <algorithm>

#include "core/conv_passes.h"
#include "core/number_text.h"
#include "core/trouble.h"

namespace convscope {

std::string factor_text(double value) {
    const std::string text = number_text(value);
    return text.starts_with("−") ? "(" + text + ")" : text;
}

Plan elementwise_plan(Shape input) {
    Plan plan;
    if (const auto trouble = input_trouble(input)) {
        plan.problem = Problem{trouble->sentence, "Choose another input size.", trouble->key, {}};
        return plan;
    }
    plan.stages.push_back({.name = "output", .shape = input, .role = Role::output});
    plan.stages.push_back(
        {.name = "slope", .shape = input, .role = Role::neutral, .backward = true});
    plan.stages.push_back(
        {.name = "grad_input", .shape = input, .role = Role::gradient, .backward = true});
    plan.output = kElementwiseOutput;
    return plan;
}

Explanation elementwise_formula(Index cell, double x, double value, std::string formula) {
    Explanation e;
    Term term;
    term.a = {Source::input, 0, cell};
    term.a_value = x;
    term.product = x;
    e.terms.push_back(term);
    e.combine = Combine::formula;
    e.formula = std::move(formula);
    e.value = value;
    return e;
}

Explanation elementwise_product(Index cell, const Reader& read, bool cuts) {
    Explanation e;
    Term term;
    term.a = {Source::grad_output, 0, cell};
    term.a_value = read(term.a);
    term.b = {Source::stage, kElementwiseSlope, cell};
    term.b_value = read(term.b);
    term.product = cuts && term.b_value == 0 ? 0 : term.a_value * term.b_value;
    e.value = term.product;
    e.terms.push_back(term);
    return e;
}

std::pair<Index, Index> elementwise_reach(int stage, Index cell) {
    if (stage == kElementwiseGradInput) return {{0, 0, 0, 0}, {-1, -1, -1, -1}};
    return {cell, cell};
}

std::vector<SizeFormula> elementwise_size(Shape input) {
    const auto line = [](const std::string& letter, int64_t extent, std::string axis) {
        const std::string number = to_text(Value(extent));
        SizeFormula f;
        f.numerator = "[i" + letter + "]";
        f.numerator_numbers = "[i" + number + "]";
        f.result = "[o" + number + "]";
        f.out = extent;
        f.axis = std::move(axis);
        return f;
    };
    if (input.h == input.w) return {line("H", input.h, "height = width")};
    return {line("H", input.h, "height"), line("W", input.w, "width")};
}

float* elementwise_target(const Plan& plan, std::span<const int> wanted, std::span<Tensor> stages,
                          int stage) {
    const bool is_output = stage == plan.output;  // a pass is always wanted with its output
    if (!is_output && !is_wanted(wanted, stage)) return nullptr;
    return stage_tensor(plan, stages, stage).mutate().data();
}

}  // namespace convscope
