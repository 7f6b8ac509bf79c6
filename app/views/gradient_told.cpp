#include "app/views/gradient_told.h"

#include <algorithm>
#include <utility>

#include "core/uses.h"

namespace convscope {
namespace {

constexpr int64_t kMostTerms = 20'000;     // more are not written out one by one

}  // namespace

Backward::Backward(const ViewInput& view_input)
    : in(view_input),
      layer(in.result->layers[static_cast<size_t>(in.layer)]),
      described(in.result->document.layers[static_cast<size_t>(in.layer)]),
      plan(layer.plan),
      input_stage(plan.stage("grad_input")),
      padded_stage(plan.stage("grad_padded_input")) {
    const Shape output = plan.output_stage().shape;
    upstream = {std::clamp<int64_t>(in.shown.n, 0, output.n - 1), std::clamp<int64_t>(in.shown.out_channel, 0, output.c - 1)};
    input = {std::min(upstream.n, layer.input.shape().n - 1), std::min(upstream.c, layer.input.shape().c - 1)};
    if (plan.window) input.c = upstream.c / plan.window->out_per_group * plan.window->in_per_group;
    if (!described.weights.empty()) {
        const Shape shape = described.weights[0].shape();
        const bool transposed = plan.window && plan.window->transposed();
        if (plan.weights[0].rank == 1) kernel = {0, std::min(upstream.c, shape.c - 1)};
        else if (transposed) kernel = {input.c, upstream.c % shape.c};
        else kernel = {std::min(upstream.c, shape.n - 1), 0};
    }
    pick();
    explain_pick();
}

void Backward::tell(int at, Index which) {
    if (!has(at) || !tensor(at).shape().contains(which)) return;
    stage = at;
    cell = which;
}

void Backward::pick_pinned() {
    if (!in.pinned) return;
    const Ref& ref = *in.pinned;
    if (ref.source == Source::input) tell(input_stage, ref.cell);
    if (ref.source == Source::weight && ref.which < static_cast<int>(plan.weights.size()))
        tell(weight_stage(static_cast<size_t>(ref.which)), ref.cell);
    if (ref.source != Source::stage) return;
    bool told_here = ref.which == input_stage;
    for (size_t i = 0; i < plan.weights.size(); ++i) told_here |= ref.which == weight_stage(i);
    if (told_here) tell(ref.which, ref.cell);
}

void Backward::pick() {
    if (!come_back()) return;
    pick_pinned();
    if (stage >= 0) return;
    if (in.hover) {
        const int64_t r = in.hover->row, c = in.hover->column;
        const std::string pane = "gradients/", &whole = in.hover->grid;
        const std::string name = whole.starts_with(pane) ? whole.substr(pane.size()) : whole;
        if (name == "grad_input" || name == "input") tell(input_stage, {input.n, input.c, r, c});
        for (size_t i = 0; i < plan.weights.size(); ++i) {
            const Index plane = i == 0 ? kernel : Index{0, upstream.c};
            if (name == "grad_" + plan.weights[i].name || (i == 0 && name == "kernel"))
                tell(weight_stage(i), {plane.n, plane.c, r, c});
        }
        if (stage >= 0) return;
    }
    if (!plan.weights.empty() && has(weight_stage(0))) {
        const Shape shape = plan.weights[0].shape;
        tell(weight_stage(0), {kernel.n, kernel.c, shape.h / 2, shape.w / 2});
    } else {
        const Shape shape = layer.input.shape();
        tell(input_stage, {input.n, input.c, shape.h / 2, shape.w / 2});
    }
}

void Backward::explain_pick() {
    if (stage < 0) return;
    value = static_cast<double>(tensor(stage).at(cell));
    const StageSpec& spec = plan.stages[static_cast<size_t>(stage)];
    const bool padded = stage == input_stage && padded_stage >= 0;
    brief = spec.terms(cell) * (padded ? plan.stages[static_cast<size_t>(padded_stage)].terms(cell) : 1) > kMostTerms;
    if (brief) return;
    told = explain_gathered(*in.result, in.layer, stage, cell);
    const auto plane = [](Index i) { return Index{i.n, i.c, 0, 0}; };
    bool any_upstream = false, any_input = false, any_kernel = false;
    for (const Term& term : told.terms)
        for (const Ref& ref : {term.a, term.b}) {
            if (ref.source == Source::grad_output && !std::exchange(any_upstream, true)) upstream = plane(ref.cell);
            if (ref.source == Source::input && !std::exchange(any_input, true)) input = plane(ref.cell);
            if (ref.source == Source::weight && ref.which == 0 && !std::exchange(any_kernel, true)) kernel = plane(ref.cell);
        }
    if (stage == input_stage) input = plane(cell);
    if (weight() == 0) kernel = plane(cell);
}

}  // namespace convscope
