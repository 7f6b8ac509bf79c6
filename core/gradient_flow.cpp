// N samples in a batch, C features: a fully connected layer is a 1×1 convolution of N×C×1×1.
#include "core/gradient_flow.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/block_flow.h"
#include "core/build_layer.h"
#include "core/io/files.h"
#include "core/number_text.h"

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

std::optional<Problem> range_problem(std::string key, int64_t value, int64_t low, int64_t high) {
    if (value >= low && value <= high) return {};
    const int64_t near = std::clamp(value, low, high);
    return Problem{fmt::format("{} is {}.", key, to_text(Value(value))),
                   fmt::format("Choose {} to {}.", low, grouped_text(high)),
                   key,
                   {Remedy{fmt::format("Use {} {}", key, near), key, near}}};
}

/// The layers of one block: weights, batch norm, activation.
void add_block(Document& document, int64_t in, int64_t out, std::string_view activation,
               bool batch_norm) {
    document.layers.push_back(build_layer(
        "conv2d",
        {{"in_channels", in}, {"out_channels", out}, {"kernel_size", both(1)}, {"bias", false}}));
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

std::optional<Problem> gradient_flow_problem(const GradientFlow& flow) {
    if (auto problem = range_problem("depth", flow.depth, 1, kMaxFlowDepth)) return problem;
    if (auto problem = range_problem("width", flow.width, 1, kMaxFlowWidth)) return problem;
    if (auto problem = range_problem("batch", flow.batch, 1, kMaxFlowBatch)) return problem;
    if (auto problem = range_problem("skip_every", flow.skip_every, 0, flow.depth)) return problem;
    if (auto problem = activation_problem(flow.activation)) return problem;
    if (auto problem = initialisation_problem(flow.init)) return problem;
    const int64_t weights = flow.depth * flow.width * flow.width;
    if (weights > kMaxFlowWeights) {
        const int64_t depth = kMaxFlowWeights / (flow.width * flow.width);
        return Problem{
            fmt::format("{} layers of {}×{} have {} weights, more than {}.", flow.depth, flow.width,
                        flow.width, grouped_text(weights), grouped_text(kMaxFlowWeights)),
            fmt::format("Choose depth {} or less, or a smaller width.", depth),
            "width",
            {Remedy{fmt::format("Use depth {}", depth), "depth", depth}}};
    }
    if (flow.batch_norm && flow.batch == 1) {
        return Problem{"With a batch of 1 every channel has one value, and its variance is 0.",
                       "Choose batch 2 or more, or no batch norm.",
                       "batch",
                       {Remedy{"Use batch 2", "batch", int64_t(2)}}};
    }
    return {};
}

Document gradient_flow(const GradientFlow& flow) {
    CHECK_THAT(gradient_flow_problem(flow).has_value(), ==, false);
    Document document;
    document.name = "Gradient flow";
    document.input = generated_input("normal", flow.seed, {flow.batch, flow.width, 1, 1});
    for (int64_t block = 1; block <= flow.depth; ++block) {
        add_block(document, flow.width, flow.width, flow.activation, flow.batch_norm);
        if (flow.skip_every == 0 || block % flow.skip_every != 0) continue;
        const auto layers = static_cast<int64_t>(document.layers.size());
        document.layers.back().skip = layers / block * flow.skip_every;
    }
    document = with_initialised_weights(std::move(document), -1, flow.init, flow.seed);
    fit_weights(document);  // buffers
    return document;
}

std::variant<Document, Problem> gradient_flow_document(std::vector<Tensor> weights, Tensor input,
                                                       std::string_view activation,
                                                       bool batch_norm) {
    if (auto problem = activation_problem(activation)) return *problem;
    if (weights.empty()) return Problem{"The network has no layer.", "Give it weights.", "", {}};
    const Shape in = input.shape();
    if (in.h != 1 || in.w != 1) {
        return Problem{
            fmt::format("The input is {}.", to_string(in)), "Give it batch×width×1×1.", "", {}};
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
    for (Tensor& weight : weights) {
        const size_t first = document.layers.size();
        add_block(document, weight.shape().c, weight.shape().n, activation, batch_norm);
        document.layers[first].weights = {std::move(weight)};
    }
    fit_weights(document);  // buffers
    return document;
}

std::variant<FlowAnswer, Problem> gradient_flow_answer(const Document& document,
                                                      const Progress& progress) {
    std::vector<BlockFlow> flows;
    FlowAnswer answer;
    if (Result planned = plan_only(document); planned.problem) return *planned.problem;
    if (reference_terms(document) * static_cast<double>(document.batches) <= kMostTermsInDouble) {
        flows = flow_of(document, evaluate_reference(document, true));
        answer.loss = flows.back().activation_rms * flows.back().activation_rms / 2;
    } else {
        const auto result =
            evaluate(document, {.optional_stages = false, .backward = true}, progress);
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
