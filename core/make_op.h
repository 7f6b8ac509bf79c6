// From a typed op definition to the record Op. Only the files in core/ops include this.
#pragma once

#include <concepts>

#include "core/op.h"

namespace convscope {

/// A row of an op's typed table: the field's description and the member that holds it.
template <class P>
struct TypedField {
    Field field;
    std::variant<int64_t P::*, Pair P::*, bool P::*, double P::*, Choice P::*, Padding P::*, std::optional<int64_t> P::*,
                 std::optional<Pair> P::*, std::optional<double> P::*, std::optional<Scale> P::*>
        member;
};

/// What core/ops/<id>/<id>.h must offer. `P` is the struct of parameters itself. Five things are optional: `kStartsBlock`
/// (true), a third argument of `plan`, `bool training`, for ops that differ in it, `WayBack way_back(p)`, `kTakesThen` (true)
/// and `Pointwise pointwise(p, plan, inputs)`.
template <class P>
concept OpDefinition = requires(const P& p, const Plan& plan, Shape shape, Index cell, const Reader& read,
                                const LayerInputs& inputs, const Tensor& grad, std::span<const int> wanted,
                                std::span<Tensor> stages, const Progress& progress) {
    { P::kId } -> std::convertible_to<std::string>;
    { P::kTorchName } -> std::convertible_to<std::string>;
    { P::kSummary } -> std::convertible_to<std::string>;
    { P::fields() } -> std::same_as<const std::vector<TypedField<P>>&>;  // a function-local constant
    { P::signature() } -> std::convertible_to<std::vector<std::string>>;
    requires requires { { P::plan(p, shape) } -> std::same_as<Plan>; } ||
        requires { { P::plan(p, shape, true) } -> std::same_as<Plan>; };
    { P::explain(p, plan, 0, cell, read) } -> std::same_as<Explanation>;
    { P::reach(p, plan, 0, cell) } -> std::same_as<std::pair<Index, Index>>;
    { P::forward(p, plan, inputs, wanted, stages, progress) } -> std::same_as<bool>;
    { P::backward(p, plan, inputs, grad, wanted, stages, progress) } -> std::same_as<bool>;
    { P::size_formula(p, plan, shape) } -> std::same_as<std::vector<SizeFormula>>;
    { P::card(p) } -> std::same_as<std::string>;
    { P::fit_channels(p, int64_t()) } -> std::same_as<P>;
};

// Out of line: where gcc knows the struct it warns of members that a small one has no room for and never has.
template <class P>
[[gnu::noinline]] Value get_member(const P& p, const TypedField<P>& row) {
    return std::visit([&](auto member) { return Value(p.*member); }, row.member);
}
template <class P>
[[gnu::noinline]] void set_member(P& p, const TypedField<P>& row, const Value& value) {
    std::visit([&]<class T>(T P::*member) { p.*member = std::get<T>(value); }, row.member);
}

/// Generic values in table order, as the op's own struct.
template <class P>
P typed_params(const Params& params) {
    P p;
    const auto& rows = P::fields();
    CHECK_THAT(params.size(), ==, rows.size());
    for (size_t i = 0; i < rows.size(); ++i) set_member(p, rows[i], params[i]);
    return p;
}

/// The op's own struct, as generic values in table order.
template <class P>
Params generic_params(const P& p) {
    Params params;
    for (const auto& row : P::fields()) params.push_back(get_member(p, row));
    return params;
}

template <OpDefinition P>
Op make_op() {
    Op op;
    op.id = P::kId;
    op.torch_name = P::kTorchName;
    op.summary = P::kSummary;
    op.signature = P::signature();
    if constexpr (requires { P::kKerasName; }) op.keras_name = P::kKerasName;
    if constexpr (requires { P::kStartsBlock; }) op.starts_block = P::kStartsBlock;
    for (const auto& row : P::fields()) {
        op.fields.push_back(row.field);
        op.fields.back().standard = get_member(P{}, row);
    }
    op.plan = [](const Params& params, Shape in, bool training) {
        const P p = typed_params<P>(params);
        Plan plan;
        if constexpr (requires { P::plan(p, in, training); })
            plan = P::plan(p, in, training);
        else
            plan = P::plan(p, in);
        plan.training = training;
        return plan;
    };
    op.explain = [](const Params& p, const Plan& plan, int stage, Index cell, const Reader& read) {
        return P::explain(typed_params<P>(p), plan, stage, cell, read);
    };
    op.reach = [](const Params& p, const Plan& plan, int stage, Index cell) {
        return P::reach(typed_params<P>(p), plan, stage, cell);
    };
    op.forward = [](const Params& p, const Plan& plan, const LayerInputs& in, std::span<const int> wanted,
                    std::span<Tensor> stages, const Progress& progress) {
        return P::forward(typed_params<P>(p), plan, in, wanted, stages, progress);
    };
    if constexpr (requires { P::kTakesThen; }) op.takes_then = P::kTakesThen;
    if constexpr (requires(const P& p, const Plan& plan, const LayerInputs& in) { P::pointwise(p, plan, in); })
        op.pointwise = [](const Params& p, const Plan& plan, const LayerInputs& in) {
            return P::pointwise(typed_params<P>(p), plan, in);
        };
    op.backward = [](const Params& p, const Plan& plan, const LayerInputs& in, const Tensor& grad,
                     std::span<const int> wanted, std::span<Tensor> stages, const Progress& progress) {
        return P::backward(typed_params<P>(p), plan, in, grad, wanted, stages, progress);
    };
    op.size_formula = [](const Params& p, const Plan& plan, Shape in) {
        return P::size_formula(typed_params<P>(p), plan, in);
    };
    if constexpr (requires(const P& p) { P::way_back(p); })
        op.way_back = [](const Params& p) { return P::way_back(typed_params<P>(p)); };
    op.card = [](const Params& p) { return P::card(typed_params<P>(p)); };
    op.fit_channels = [](const Params& p, int64_t channels) {
        return generic_params(P::fit_channels(typed_params<P>(p), channels));
    };
    return op;
}

}  // namespace convscope
