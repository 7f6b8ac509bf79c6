#include "core/uses.h"

#include <algorithm>
#include <utility>

#include "core/skips.h"

namespace convscope {
namespace {

const LayerResult& layer_of(const Result& result, int layer) {
    return result.layers[static_cast<size_t>(layer)];
}

double value_of(const Result& result, int layer, int stage, Index cell) {
    const LayerResult& computed = layer_of(result, layer);
    const Tensor& tensor = computed.stages[static_cast<size_t>(stage)];
    if (!tensor.empty()) return static_cast<double>(tensor.at(cell));
    return explain(result, layer, stage, cell).value;
}

/// The asked number first, what it is multiplied by second.
Term turned(Term term, const Ref& asked) {
    if (term.a == asked) return term;
    std::swap(term.a, term.b);
    std::swap(term.a_value, term.b_value);
    return term;
}

void append(Uses& to, const Uses& more) {
    to.terms.insert(to.terms.end(), more.terms.begin(), more.terms.end());
    to.cells.insert(to.cells.end(), more.cells.begin(), more.cells.end());
    to.adds = to.adds && (more.empty() || more.adds);
    to.total += more.total;
    to.complete = to.complete && more.complete;
}

/// A skip connection brings the number as it is.
Uses use_of_skip(const Result& result, int layer, const Ref& of, Index cell, double value) {
    const int stage = layer_of(result, layer).plan.skip.sum;
    Uses uses;
    Term term;
    term.a = of;
    term.a_value = term.product = value;
    uses.terms.push_back(term);
    uses.cells.push_back({layer, stage, cell, value_of(result, layer, stage, cell), false});
    uses.total = 1;
    return uses;
}

Uses uses_of_input(const Result& result, int layer, Index cell, const UsesLimits& limits) {
    const LayerResult& computed = layer_of(result, layer);
    const Plan& plan = computed.plan;
    Uses uses;
    if (!computed.input.shape().contains(cell)) return uses;
    uses = uses_in_stage(result, layer, plan.output, cell, limits);
    // The output reads the input by way of other stages.
    if (uses.total == 0 && uses.complete)
        for (int s = 0; s < static_cast<int>(plan.stages.size()); ++s) {
            const StageSpec& spec = plan.stages[static_cast<size_t>(s)];
            if (s != plan.output && !spec.backward && !spec.optional && plan.skip.sum != s)
                append(uses, uses_in_stage(result, layer, s, cell, limits));
        }
    for (int l = layer; l < static_cast<int>(result.layers.size()); ++l) {
        const SkipPlan& skip = layer_of(result, l).plan.skip;
        if (skip.sum >= 0 && skip.from == layer)
            append(uses, use_of_skip(result, l, {Source::input, 0, cell}, cell,
                                     static_cast<double>(computed.input.at(cell))));
    }
    return uses;
}

/// The gradient of a weight adds, for every output cell that reads it, that cell's gradient times what the weight is
/// multiplied by there: its terms are the list.
Uses uses_of_weight(const Result& result, int layer, const Ref& of, const UsesLimits& limits) {
    const LayerResult& computed = layer_of(result, layer);
    const Plan& plan = computed.plan;
    const auto which = static_cast<size_t>(of.which);
    const Layer& described = result.document.layers[static_cast<size_t>(layer)];
    Uses uses;
    if (of.which < 0 || which >= plan.weights.size() || which >= described.weights.size())
        return uses;
    if (!plan.weights[which].shape.contains(of.cell)) return uses;
    const int stage = plan.stage("grad_" + plan.weights[which].name);
    if (stage < 0) return uses;
    const int64_t count = plan.stages[static_cast<size_t>(stage)].terms(of.cell);
    if (count > limits.listed) {
        uses.total = count;
        uses.complete = false;
        return uses;
    }
    const double weight = static_cast<double>(described.weights[which].at(of.cell));
    for (const Term& term : explain(result, layer, stage, of.cell).terms) {
        const bool first = term.a.source == Source::grad_output;
        if (!first && term.b.source != Source::grad_output)
            continue;  // a product that is cropped off
        const Index cell = first ? term.a.cell : term.b.cell;
        Term use;
        use.a = of;
        use.a_value = weight;
        use.b = first ? term.b : term.a;
        use.b_value = first ? term.b_value : term.a_value;
        use.padding = term.padding;
        use.product = weight * use.b_value;
        uses.terms.push_back(use);
        uses.cells.push_back(
            {layer, plan.output, cell, value_of(result, layer, plan.output, cell), false});
    }
    uses.total = static_cast<int64_t>(uses.terms.size());
    return uses;
}

}  // namespace

Uses uses_in_stage(const Result& result, int layer, int stage, Index input_cell,
                   const UsesLimits& limits) {
    const Layer& described = result.document.layers[static_cast<size_t>(layer)];
    const Plan& plan = layer_of(result, layer).plan;
    const StageSpec& spec = plan.stages[static_cast<size_t>(stage)];
    const Ref asked{Source::input, 0, input_cell};
    Uses uses;
    if (plan.skip.sum == stage || plan.skip.grad_total == stage) return uses;
    auto [first, last] = described.op->reach(described.params, plan, stage, input_cell);
    first = {std::max<int64_t>(first.n, 0), std::max<int64_t>(first.c, 0),
             std::max<int64_t>(first.h, 0), std::max<int64_t>(first.w, 0)};
    last = {std::min(last.n, spec.shape.n - 1), std::min(last.c, spec.shape.c - 1),
            std::min(last.h, spec.shape.h - 1), std::min(last.w, spec.shape.w - 1)};
    int64_t looked_at = 0;
    for (int64_t n = first.n; n <= last.n; ++n)
        for (int64_t c = first.c; c <= last.c; ++c)
            for (int64_t h = first.h; h <= last.h; ++h)
                for (int64_t w = first.w; w <= last.w; ++w) {
                    const Index cell{n, c, h, w};
                    looked_at += spec.terms(cell);
                    if (looked_at > limits.looked_at || uses.total >= limits.listed) {
                        uses.complete = false;
                        return uses;
                    }
                    const Explanation e = explain(result, layer, stage, cell);
                    for (size_t i = 0; i < e.terms.size(); ++i) {
                        if (e.terms[i].a != asked && e.terms[i].b != asked) continue;
                        Term term = turned(e.terms[i], asked);
                        if (e.combine == Combine::mean) {
                            term.b_value /= e.divisor;
                            term.product /= e.divisor;
                        }
                        uses.adds =
                            uses.adds && (e.combine == Combine::sum || e.combine == Combine::mean);
                        uses.terms.push_back(term);
                        uses.cells.push_back(
                            {layer, stage, cell, value_of(result, layer, stage, cell),
                             e.combine == Combine::max && static_cast<int64_t>(i) == e.chosen});
                        ++uses.total;
                    }
                }
    return uses;
}

Uses uses_of(const Result& result, int layer, const Ref& of, const UsesLimits& limits) {
    if (layer < 0 || layer >= static_cast<int>(result.layers.size())) return {};
    const LayerResult& computed = layer_of(result, layer);
    if (of.source == Source::input) return uses_of_input(result, layer, of.cell, limits);
    if (of.source == Source::weight) return uses_of_weight(result, layer, of, limits);
    if (of.source != Source::stage) return {};
    const SkipPlan& skip = computed.plan.skip;
    if (of.which == computed.plan.output && skip.sum >= 0 &&
        computed.op_output().shape().contains(of.cell))
        return use_of_skip(result, layer, of, of.cell,
                           static_cast<double>(computed.op_output().at(of.cell)));
    if (of.which != computed.last_stage() || layer + 1 >= static_cast<int>(result.layers.size()))
        return {};
    return uses_of_input(result, layer + 1, of.cell, limits);
}

Explanation explain_gathered(const Result& result, int layer, int stage, Index cell) {
    Explanation told = explain(result, layer, stage, cell);
    const auto gathers = [&](const Term& term) {
        return term.a.source == Source::stage && term.a.which < stage &&
               term.b.source == Source::constant && term.b_value == 1;
    };
    const Plan& plan = layer_of(result, layer).plan;
    if (!plan.stages[static_cast<size_t>(stage)].backward || told.combine != Combine::sum ||
        told.terms.empty() || is_skip_stage(plan, stage) ||
        !std::ranges::all_of(told.terms, gathers))
        return told;
    Explanation whole;
    for (const Term& term : told.terms) {
        const Explanation inner = explain(result, layer, term.a.which, term.a.cell);
        if (inner.combine != Combine::sum) return told;
        whole.terms.insert(whole.terms.end(), inner.terms.begin(), inner.terms.end());
    }
    whole.value = told.value;
    return whole;
}

}  // namespace convscope
