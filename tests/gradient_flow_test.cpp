// The gradient-flow network against PyTorch's numbers (tests/golden/gradient_flow.jsonl) and the teaching notes' rows.
#include "core/gradient_flow.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "core/block_flow.h"
#include "tests/layer_case.h"

namespace convscope {
namespace {

/// Ops that do not exist yet are passed over.
bool can_be_made(const nlohmann::json& line) {
    const nlohmann::json& params = line.at("params");
    const std::vector<std::string> names = activation_names();
    return (!params.at("batch_norm") || find_op("batch_norm2d")) &&
           std::ranges::find(names, params.at("activation").get<std::string>()) != names.end();
}

Document made_from(const nlohmann::json& line) {
    const nlohmann::json& params = line.at("params");
    const int64_t width = params.at("width"), batch = line.at("input").at("shape").at(0);
    std::vector<Tensor> weights;
    for (const nlohmann::json& weight : line.at("weights"))
        weights.push_back(tensor_from(weight, {width, width, 1, 1}));
    const auto made = gradient_flow_document(
        std::move(weights), tensor_from(line.at("input"), {batch, width, 1, 1}),
        params.at("activation").get<std::string>(), params.at("batch_norm"));
    if (const auto* document = std::get_if<Document>(&made)) return *document;
    ADD_FAILURE() << std::get<Problem>(made).whole();
    return {};
}

/// One value a block.
using Values = std::vector<double>;
Values values_of(const std::vector<BlockFlow>& flows, double BlockFlow::*member) {
    Values values;
    for (const BlockFlow& flow : flows) values.push_back(flow.*member);
    return values;
}
Values values_of(const std::vector<BlockFlow>& flows, std::optional<double> BlockFlow::*member) {
    Values values;
    for (const BlockFlow& flow : flows) {
        EXPECT_TRUE((flow.*member).has_value());
        values.push_back((flow.*member).value_or(NAN));
    }
    return values;
}

void expect_close(const Values& values, const nlohmann::json& expected, double relative) {
    ASSERT_EQ(values.size(), expected.size());
    for (size_t i = 0; i < values.size(); ++i) {
        const double wanted = expected[i].get<double>();
        EXPECT_NEAR(values[i], wanted, relative * std::abs(wanted)) << "layer " << i + 1;
    }
}

Result computed(const Document& document) {
    auto result = evaluate(document, {.optional_stages = false, .backward = true});
    EXPECT_TRUE(result && !result->problem);
    return std::move(*result);
}

TEST(GradientFlow, given_weights_give_pytorchs_numbers) {
    const std::vector<nlohmann::json> lines = golden_lines("gradient_flow.jsonl");
    ASSERT_GE(lines.size(), 15u);
    for (const nlohmann::json& line : lines) {
        SCOPED_TRACE(line.at("id").get<std::string>());
        if (!can_be_made(line)) continue;
        const auto answer = gradient_flow_answer(made_from(line));
        ASSERT_TRUE(std::holds_alternative<FlowAnswer>(answer));
        const auto& [loss, activation_rms, grad_weight_norms] = std::get<FlowAnswer>(answer);
        const double wanted = line.at("loss");
        EXPECT_NEAR(loss, wanted, 1e-10 * wanted);
        expect_close(activation_rms, line.at("activation_rms"), 1e-10);
        expect_close(grad_weight_norms, line.at("grad_weight_norms"), 1e-10);
    }
}

/// Where batch norm ends the network, mean_square's gradient cancels to about eps: float32 keeps two digits of it, and
/// PyTorch's own float32 answers are off by 1.7 %.
TEST(GradientFlow, float32_gives_pytorchs_numbers) {
    int seen = 0;
    for (const nlohmann::json& line : golden_lines("gradient_flow.jsonl")) {
        SCOPED_TRACE(line.at("id").get<std::string>());
        if (!can_be_made(line)) continue;
        const nlohmann::json& params = line.at("params");
        const bool cancels = params.at("batch_norm") && params.at("activation") == "identity";
        const Result result = computed(made_from(line));
        const std::vector<BlockFlow> flows = flow_of(result);
        const double loss = line.at("loss");
        EXPECT_NEAR(result.loss.value_or(0), loss, 2e-4 * loss);
        expect_close(values_of(flows, &BlockFlow::activation_rms), line.at("activation_rms"), 2e-4);
        expect_close(values_of(flows, &BlockFlow::weight_norm), line.at("grad_weight_norms"),
                     cancels ? 2e-2 : 2e-4);
        ++seen;
    }
    EXPECT_GE(seen, 1);
}

TEST(GradientFlow, says_what_is_wrong_with_given_weights) {
    const auto sentence = [](std::vector<Tensor> weights, Shape input, std::string_view activation) {
        const auto made =
            gradient_flow_document(std::move(weights), Tensor(input, 1.0f), activation, false);
        const auto* problem = std::get_if<Problem>(&made);
        return problem ? problem->whole() : "none";
    };
    const Tensor square({2, 2, 1, 1}, 1.0f), wide({3, 2, 1, 1}, 1.0f);
    EXPECT_EQ(sentence({square, wide}, {4, 2, 1, 1}, "identity"), "none");
    EXPECT_EQ(sentence({}, {4, 2, 1, 1}, "identity"), "The network has no layer. Give it weights.");
    EXPECT_EQ(sentence({square}, {4, 2, 3, 1}, "identity"),
              "The input is 4×2×3×1. Give it batch×width×1×1.");
    EXPECT_EQ(sentence({wide, square}, {4, 2, 1, 1}, "identity"),
              "Weight 2 is 2×2×1×1, but 3 values come in. Give it out×3×1×1.");
    EXPECT_TRUE(sentence({square}, {4, 2, 1, 1}, "conv2d")
                    .starts_with("There is no activation “conv2d”. Use one of identity"));
}

}  // namespace
}  // namespace convscope
