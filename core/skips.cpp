#include "core/skips.h"

#include <fmt/format.h>

namespace convscope {

std::optional<Problem> plan_skip(const Layer& layer, int k, std::span<Plan* const> plans,
                                 std::span<const Shape> inputs) {
    if (layer.skip == 0) return {};
    const auto problem = [](std::string sentence, std::string advice) {
        return Problem{std::move(sentence), std::move(advice), "skip", {}};
    };
    if (layer.skip < 0 || layer.skip > k + 1) {
        return problem(fmt::format("skip is {}, but {} layer{} end here.",
                                   to_text(Value(layer.skip)), k + 1, k == 0 ? "" : "s"),
                       fmt::format("Use 0 (no skip connection) to {}.", k + 1));
    }
    const auto from = static_cast<size_t>(k + 1 - layer.skip), here = static_cast<size_t>(k);
    const Shape brought = inputs[from], output = plans[here]->output_stage().shape;
    if (brought != output) {
        return problem(fmt::format("The skip connection adds {} to an output of {}.",
                                   to_string(brought), to_string(output)),
                       "Both must have the same shape: keep size and channels in between, or set "
                       "skip to 0.");
    }
    Plan &end = *plans[here], &start = *plans[from];
    end.skip.from = static_cast<int>(from);
    end.skip.sum = static_cast<int>(end.stages.size());
    end.stages.push_back(
        {.name = "skip_sum", .shape = output, .role = Role::output, .per_cell = 2});
    start.skip.ends.push_back(k);
    if (start.skip.grad_total < 0) {
        start.skip.grad_total = static_cast<int>(start.stages.size());
        start.stages.push_back({.name = "grad_total",
                                .shape = brought,
                                .role = Role::gradient,
                                .backward = true,
                                .per_cell = 1});
    }
    ++start.stages[static_cast<size_t>(start.skip.grad_total)].per_cell;
    return {};
}

bool is_skip_stage(const Plan& plan, int stage) {
    return stage >= 0 && (stage == plan.skip.sum || stage == plan.skip.grad_total);
}

Explanation explain_skip(const Plan& plan, int stage, Index cell, const Reader& read) {
    Explanation e;
    const auto add = [&](Source source, int which) {
        Term term;
        term.a = {source, which, cell};
        term.a_value = term.product = read(term.a);
        e.value += term.product;
        e.terms.push_back(term);
    };
    if (stage == plan.skip.sum) {
        add(Source::stage, plan.output);
        add(Source::layer_input, plan.skip.from);
    } else {
        add(Source::stage, plan.stage("grad_input"));
        for (const int end : plan.skip.ends) add(Source::layer_grad_output, end);
    }
    return e;
}

Tensor added(std::span<const Tensor* const> tensors) {
    Tensor sum(tensors.front()->shape(), kUnfilled);
    const std::span<float> values = sum.mutate();
    for (size_t i = 0; i < values.size(); ++i) {
        double total = 0;
        for (const Tensor* tensor : tensors) total += static_cast<double>(tensor->data()[i]);
        values[i] = static_cast<float>(total);
    }
    return sum;
}

}  // namespace convscope
