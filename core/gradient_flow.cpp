// N samples in a batch, C features: a fully connected layer is a 1×1 convolution of N×C×1×1.
#include "core/gradient_flow.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/block_flow.h"
#include "core/build_layer.h"
#include "core/io/files.h"

namespace convscope {
namespace {

constexpr std::string_view kIdentity = "identity";
constexpr double kMostTermsInDouble = 1e6;

/// An op without weights and windows that gives back the shape it gets, whatever that is.
bool is_activation(const Op& op) {
    const auto keeps = [&op](Shape shape) {
        const Plan plan = op.plan(standard_params(op), shape, true);
        return !plan.problem && plan.weights.empty() && plan.buffers.empty() && !plan.window &&
               plan.output_stage().shape == shape;
    };
    return keeps({1, 1, 1, 1}) && keeps({2, 3, 5, 4});
}

std::optional<Problem> activation_problem(std::string_view activation) {
    const std::vector<std::string> names = activation_names();
    if (std::ranges::find(names, activation) != names.end()) return {};
    std::string known;
    for (const std::string& name : names) known += (known.empty() ? "" : ", ") + name;
    return Problem{fmt::format("There is no activation “{}”.", display_text(activation, 40)),
                   fmt::format("Use one of {}.", known),
                   "activation",
                   {}};
}

void add_layer(Document& document, Tensor weight, std::string_view activation, bool batch_norm) {
    const auto [out, in, h, w] = weight.shape();
    document.layers.push_back(
        build_layer("conv2d", {{"in_channels", in},
                               {"out_channels", out},
                               {"kernel_size", both(1)},
                               {"bias", false}}));
    document.layers.back().weights.push_back(std::move(weight));
    if (batch_norm)
        document.layers.push_back(
            build_layer("batch_norm2d", {{"num_features", out}, {"affine", false}}));
    if (activation != kIdentity) document.layers.push_back(build_layer(activation));
}

}  // namespace

std::vector<std::string> activation_names() {
    std::vector<std::string> names{std::string(kIdentity)};
    for (const Op& op : all_ops())
        if (is_activation(op)) names.push_back(op.id);
    return names;
}

std::variant<Document, Problem> gradient_flow_document(std::vector<Tensor> weights, Tensor input,
                                                       std::string_view activation,
                                                       bool batch_norm) {
    if (auto problem = activation_problem(activation)) return *problem;
    if (weights.empty()) return Problem{"The network has no layer.", "Give it weights.", "", {}};
    const Shape in = input.shape();
    if (in.h != 1 || in.w != 1) {
        return Problem{fmt::format("The input is {}.", to_string(in)),
                       "Give it batch×width×1×1.",
                       "",
                       {}};
    }
    int64_t width = in.c;
    for (size_t i = 0; i < weights.size(); ++i) {
        const Shape shape = weights[i].shape();
        if (weights[i].empty() || shape.c != width || shape.h != 1 || shape.w != 1) {
            return Problem{fmt::format("Weight {} is {}, but {} values come in.", i + 1,
                                       to_string(shape), width),
                           fmt::format("Give it out×{}×1×1.", width),
                           "",
                           {}};
        }
        width = shape.n;
    }
    Document document;
    document.name = "Gradient flow";
    document.input.tensor = std::move(input);
    document.start.kind = BackwardStart::Kind::mean_square;
    for (Tensor& weight : weights)
        add_layer(document, std::move(weight), activation, batch_norm);
    fit_weights(document);  // buffers
    return document;
}

std::variant<FlowAnswer, Problem> gradient_flow_answer(const Document& document) {
    std::vector<BlockFlow> flows;
    FlowAnswer answer;
    if (Result planned = plan_only(document); planned.problem) return *planned.problem;
    if (reference_terms(document) * static_cast<double>(document.batches) <= kMostTermsInDouble) {
        flows = flow_of(document, evaluate_reference(document, true));
        answer.loss = flows.back().activation_rms * flows.back().activation_rms / 2;
    } else {
        const auto result = evaluate(document, {.optional_stages = false, .backward = true});
        CHECK_THAT(result.has_value(), ==, true);
        if (result->problem) return *result->problem;
        flows = flow_of(*result);
        answer.loss = result->loss.value_or(0);
    }
    for (const BlockFlow& flow : flows) {
        answer.activation_rms.push_back(flow.activation_rms);
        answer.grad_weight_norms.push_back(flow.weight_norm.value_or(0));
    }
    return answer;
}

}  // namespace convscope
