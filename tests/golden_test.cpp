// PyTorch's own numbers (tests/golden) against the program: forward and every gradient, in float32 and by definition.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/layer_case.h"

namespace convscope {
namespace {

/// PyTorch's tensor `expected` against stage `name`, float32 and reference.
void expect_stage(const nlohmann::json& expected, const std::string& name, const LayerResult& fast,
                  const Truth& truth) {
    SCOPED_TRACE(name);
    const int stage = truth.plan.stage(name);
    ASSERT_GE(stage, 0);
    const auto at = static_cast<size_t>(stage);
    const std::vector<double> values = expected.at("data").get<std::vector<double>>();
    const Shape shape = truth.plan.stages[at].shape;
    ASSERT_EQ(static_cast<int64_t>(values.size()), shape.count()) << to_string(shape);
    if (expected.at("shape").size() == 4)
        ASSERT_EQ(expected.at("shape").get<std::vector<int64_t>>(),
                  (std::vector<int64_t>{shape.n, shape.c, shape.h, shape.w}));
    for (size_t i = 0; i < values.size(); ++i) {
        const double size = truth.sizes[at].values()[i];
        ASSERT_NEAR(truth.values[at].values()[i], values[i], 1e-12 * (1 + size)) << "cell " << i;
        ASSERT_NEAR(static_cast<double>(fast.stages[at].values()[i]), values[i], 1e-5 * (1 + size))
            << "cell " << i;
    }
}

void expect_golden(const std::string& name, size_t at_least) {
    const std::vector<nlohmann::json> lines = golden_lines(name);
    ASSERT_GE(lines.size(), at_least);
    for (const nlohmann::json& line : lines) {
        SCOPED_TRACE(line.at("id").get<std::string>());
        const Op* op = find_op(line.at("op").get<std::string>());
        ASSERT_NE(op, nullptr);
        const Params params = params_from(*op, line.at("params"));
        const auto shape = line.at("input").at("shape").get<std::vector<int64_t>>();
        const Shape input{shape[0], shape[1], shape[2], shape[3]};
        const Plan plan = op->plan(params, input, true);
        ASSERT_FALSE(plan.problem) << plan.problem->whole();
        std::vector<Tensor> weights;
        for (const WeightSpec& spec : plan.weights)
            weights.push_back(tensor_from(line.at(spec.name), spec.shape));
        const Document document =
            one_layer(*op, params, tensor_from(line.at("input"), input), weights,
                      tensor_from(line.at("grad_output"), plan.output_stage().shape));
        const auto result = evaluate(document, {.optional_stages = true, .backward = true});
        ASSERT_TRUE(result && !result->problem);
        const Truth truth = explain_all(document);
        int compared = 0;
        for (const char* stage : {"output", "indices", "grad_input", "grad_weight", "grad_bias"})
            if (line.contains(stage)) {
                expect_stage(line.at(stage), stage, result->layers[0], truth);
                ++compared;
            }
        EXPECT_EQ(compared, 2 + static_cast<int>(plan.weights.size()) + line.contains("indices"));
    }
}

TEST(Golden, conv2d) { expect_golden("conv2d.jsonl", 60); }

TEST(Golden, conv_transpose2d) { expect_golden("conv_transpose2d.jsonl", 60); }

TEST(Golden, max_pool2d) { expect_golden("max_pool2d.jsonl", 15); }

TEST(Golden, avg_pool2d) { expect_golden("avg_pool2d.jsonl", 15); }

TEST(Golden, pool_edges) { expect_golden("pool_edges.jsonl", 45); }

TEST(Golden, upsample) { expect_golden("upsample.jsonl", 15); }

TEST(Golden, upsample_edges) { expect_golden("upsample_edges.jsonl", 30); }

TEST(Golden, what_pytorch_refuses_is_a_problem) {
    int seen = 0;
    for (const nlohmann::json& line : golden_lines("errors.jsonl")) {
        const Op* op = find_op(line.at("op").get<std::string>());
        if (!op) continue;
        ++seen;
        SCOPED_TRACE(line.at("reason").get<std::string>());
        const auto shape = line.at("input").at("shape").get<std::vector<int64_t>>();
        nlohmann::json params = line.at("params");
        const bool training = params.value("training", true);
        params.erase("training");
        const Plan plan = op->plan(params_from(*op, params),
                                   {shape[0], shape[1], shape[2], shape[3]}, training);
        ASSERT_TRUE(plan.problem.has_value());
        EXPECT_FALSE(plan.problem->sentence.empty());
        EXPECT_FALSE(plan.problem->advice.empty());
        EXPECT_TRUE(plan.problem->key.empty() || field_index(*op, plan.problem->key) >= 0)
            << plan.problem->key;
    }
    EXPECT_GE(seen, 12);
}

}  // namespace
}  // namespace convscope
