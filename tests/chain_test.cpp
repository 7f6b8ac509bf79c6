// Chains: skip connections forward and backward, where the backward pass starts, batches; by hand, by finite differences
// and against the reference.
#include <gtest/gtest.h>

#include <cmath>

#include "core/evaluate.h"

namespace convscope {
namespace {

using Kind = BackwardStart::Kind;

/// 1×1 convolutions of one channel without bias: multiplication by each factor.
Document multiplications(std::vector<float> factors, Tensor input) {
    const Op& conv = *find_op("conv2d");
    Document document;
    document.input.tensor = std::move(input);
    for (const float factor : factors) {
        Params params = standard_params(conv);
        params[static_cast<size_t>(field_index(conv, "kernel_size"))] = Pair{1, 1};
        params[static_cast<size_t>(field_index(conv, "bias"))] = false;
        document.layers.push_back({&conv, params, {Tensor({1, 1, 1, 1}, factor)}, {}});
    }
    return document;
}

Result evaluated(const Document& document) {
    auto result = evaluate(document, {.optional_stages = true, .backward = true});
    EXPECT_TRUE(result);
    return *result;
}

float only(const Tensor& tensor) {
    EXPECT_EQ(tensor.shape().count(), 1);
    return tensor.values()[0];
}

TEST(Chain, a_skip_adds_the_input_of_its_run_and_sends_the_gradient_both_ways) {
    // y = 5·(2·3·x + x) with x = 4: 140. dy/dx = 5·(2·3 + 1) = 35; of the factor 2: 5·3·4 = 60.
    Document document = multiplications({2, 3, 5}, Tensor({1, 1, 1, 1}, 4.0f));
    document.layers[1].skip = 2;
    document.start = {Kind::given, 1, Tensor({1, 1, 1, 1}, 1.0f)};
    const Result result = evaluated(document);
    ASSERT_FALSE(result.problem) << result.problem->whole();
    EXPECT_EQ(only(result.layers[1].stages[static_cast<size_t>(result.layers[1].plan.output)]), 24);
    EXPECT_EQ(only(result.layers[1].output()), 28);
    EXPECT_EQ(only(result.layers[2].output()), 140);
    const LayerResult& first = result.layers[0];
    EXPECT_EQ(only(first.stages[static_cast<size_t>(first.plan.stage("grad_input"))]), 30);
    EXPECT_EQ(only(first.stages[static_cast<size_t>(first.plan.skip.grad_total)]), 35);
    EXPECT_EQ(only(first.stages[static_cast<size_t>(first.plan.stage("grad_weight"))]), 60);

    const Explanation sum = explain(result, 1, result.layers[1].plan.skip.sum, {});
    ASSERT_EQ(sum.terms.size(), 2u);
    EXPECT_EQ(sum.terms[0].a_value, 24);
    EXPECT_EQ(sum.terms[1].a_value, 4);
    EXPECT_EQ(sum.terms[1].a, (Ref{Source::layer_input, 0, {}}));
    EXPECT_EQ(sum.value, 28);
    const Explanation total = explain(result, 0, first.plan.skip.grad_total, {});
    ASSERT_EQ(total.terms.size(), 2u);
    EXPECT_EQ(total.terms[0].a_value + total.terms[1].a_value, 35);
    EXPECT_EQ(total.terms[1].a, (Ref{Source::layer_grad_output, 1, {}}));
}

TEST(Chain, skips_may_share_their_start_and_stand_inside_one_another) {
    // a = 2x + x; b = 3a + a; y = 5b + x: skips of one layer and of three.
    Document document = multiplications({2, 3, 5}, Tensor({1, 1, 1, 2}, {1.0f, -2.0f}));
    document.layers[1].skip = 1;
    document.layers[2].skip = 3;
    document.layers[0].skip = 1;
    document.start = {Kind::given, 1, Tensor({1, 1, 1, 2}, {1.0f, 10.0f})};
    const Result result = evaluated(document);
    ASSERT_FALSE(result.problem) << result.problem->whole();
    // a = 3x, b = 3a + a = 12x, y = 5b + x = 61x.
    EXPECT_EQ(result.layers[2].output().values()[0], 61);
    EXPECT_EQ(result.layers[2].output().values()[1], -122);
    const LayerResult& first = result.layers[0];
    const auto& total = first.stages[static_cast<size_t>(first.plan.skip.grad_total)];
    EXPECT_EQ(first.plan.skip.ends, (std::vector<int>{0, 2}));
    EXPECT_EQ(total.values()[0], 61);
    EXPECT_EQ(total.values()[1], 610);
    const Reference reference = evaluate_reference(document, true);
    for (size_t k = 0; k < 3; ++k)
        for (size_t s = 0; s < result.layers[k].stages.size(); ++s)
            for (size_t i = 0; i < reference.layers[k][s].values().size(); ++i)
                EXPECT_EQ(static_cast<double>(result.layers[k].stages[s].values()[i]),
                          reference.layers[k][s].values()[i]);
}

TEST(Chain, an_impossible_skip_is_a_sentence) {
    Document document = multiplications({2, 3}, Tensor({1, 1, 3, 3}, 1.0f));
    document.layers[1].skip = 3;
    EXPECT_EQ(plan_only(document).problem->sentence, "skip is 3, but 2 layers end here.");
    document.layers[1].skip = -1;
    EXPECT_TRUE(plan_only(document).problem);
    EXPECT_EQ(plan_only(document).problem->key, "skip");
    document.layers[1].skip = 2;
    EXPECT_FALSE(plan_only(document).problem);
    document = with_param(document, 0, "kernel_size", Pair{2, 2});
    const Result planned = plan_only(document);
    ASSERT_TRUE(planned.problem);
    EXPECT_EQ(planned.problem_layer, 1);
    EXPECT_EQ(planned.problem->sentence,
              "The skip connection adds 1×1×3×3 to an output of 1×1×2×2.");
    EXPECT_TRUE(evaluate(document, {true, true})->problem);
}

TEST(Chain, the_backward_pass_starts_from_the_gradient_of_its_loss) {
    Document document = multiplications({2}, Tensor({1, 1, 2, 2}, {1, 2, 3, 4}));
    document.start.kind = Kind::mean_square;
    Result result = evaluated(document);
    // outputs 2 4 6 8: mean of squares 30, half of it 15; gradient y/4.
    EXPECT_EQ(result.loss, 15);
    EXPECT_EQ(result.layers[0].grad_output.values()[2], 1.5f);

    document.start = {Kind::squared_distance, 1, Tensor({1, 1, 2, 2}, {2, 4, 6, 4})};
    result = evaluated(document);
    EXPECT_EQ(result.loss, 2);  // (0 + 0 + 0 + 16) / 4 / 2
    EXPECT_EQ(result.layers[0].grad_output.values()[2], 0);
    EXPECT_EQ(result.layers[0].grad_output.values()[3], 1);

    document.start = {};
    result = evaluated(document);
    EXPECT_FALSE(result.loss);
    double squares = 0;
    for (const float g : result.layers[0].grad_output.values())
        squares += static_cast<double>(g) * static_cast<double>(g);
    EXPECT_NEAR(std::sqrt(squares / 4), 1, 1e-6);

    for (const Kind kind : {Kind::given, Kind::squared_distance}) {
        document.start = {kind, 1, Tensor({1, 1, 3, 3}, 1.0f)};
        ASSERT_TRUE(evaluated(document).problem);
        EXPECT_FALSE(evaluated(document).problem->advice.empty());
        document.start.tensor = {};
        EXPECT_TRUE(evaluated(document).problem);
    }
}

TEST(Chain, gradients_of_a_loss_agree_with_finite_differences_through_skips) {
    const Op& conv = *find_op("conv2d");
    Document document;
    document.input = generated_input("normal", 3, {2, 2, 5, 5});
    for (int k = 0; k < 4; ++k) {
        document.layers.push_back(make_layer(conv, {2, 2, 5, 5}));
        document = with_param(document, k, "out_channels", int64_t(2));
        document = with_param(document, k, "padding", Padding{Padding::Kind::same, {}});
        document.layers[static_cast<size_t>(k)].weights = {
            generate("normal", 10 + static_cast<uint64_t>(k), {2, 2, 3, 3}), Tensor({1, 2, 1, 1})};
    }
    document.layers[2].skip = 2;
    document.layers[3].skip = 3;
    document.start.kind = Kind::squared_distance;
    document.start.tensor = generate("normal", 30, {2, 2, 5, 5});
    ASSERT_FALSE(plan_only(document).problem) << plan_only(document).problem->whole();
    const Reference reference = evaluate_reference(document, true);
    const Result planned = plan_only(document);
    const auto loss = [&](const Document& d) {
        const Reference r = evaluate_reference(d, false);
        const Plan& plan = planned.layers[3].plan;
        const auto y = r.layers[3][static_cast<size_t>(plan.skip.sum)].values();
        double sum = 0;
        for (size_t i = 0; i < y.size(); ++i)
            sum += std::pow(y[i] - static_cast<double>(d.start.tensor.values()[i]), 2);
        return sum / static_cast<double>(y.size()) / 2;
    };
    for (const size_t k : {0u, 1u, 3u}) {
        const size_t stage = static_cast<size_t>(planned.layers[k].plan.stage("grad_weight"));
        for (const size_t at : {0u, 13u, 35u}) {
            Document above = document, below = document;
            const float was = document.layers[k].weights[0].values()[at];
            above.layers[k].weights[0].mutate()[at] = was + 0x1p-8f;
            below.layers[k].weights[0].mutate()[at] = was - 0x1p-8f;
            const double step =
                static_cast<double>(above.layers[k].weights[0].values()[at]) -
                static_cast<double>(below.layers[k].weights[0].values()[at]);
            // The loss is a polynomial of degree 2 in one weight: the central difference is exact.
            const double slope = (loss(above) - loss(below)) / step;
            EXPECT_NEAR(slope, reference.layers[k][stage].values()[at],
                        1e-9 * (1 + std::abs(slope)))
                << "layer " << k << " weight " << at;
        }
    }
}

TEST(Chain, batches_of_a_generated_input_differ_and_a_typed_one_repeats) {
    Document document = multiplications({2}, {});
    document.input = generated_input("integers 0–9", 5, {1, 1, 3, 3});
    document.batches = 3;
    for (const int64_t batch : {1, 2, 3}) {
        const auto result = evaluate(document, {.batch = batch});
        const Tensor expected =
            generate("integers 0–9", 4 + static_cast<uint64_t>(batch), {1, 1, 3, 3});
        EXPECT_TRUE(std::ranges::equal(result->layers[0].input.values(), expected.values()));
        EXPECT_EQ(result->batch, batch);
    }
    EXPECT_EQ(evaluate(document)->batch, 3);
    document.input.origin = {};
    EXPECT_TRUE(evaluate(document)->layers[0].input.same_as(document.input.tensor));
    document.batches = 0;
    EXPECT_TRUE(evaluate(document)->problem);
    document.batches = kMaxBatches + 1;
    EXPECT_TRUE(plan_only(document).problem);
}

}  // namespace
}  // namespace convscope
