// batch_norm2d by itself: the worked examples of batch norm, numbers that float32 would lose, and what cannot be.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/batch_norm_case.h"

namespace convscope {
namespace {

Tensor row(std::vector<float> values) {
    const auto count = static_cast<int64_t>(values.size());
    return {{1, 1, 1, count}, std::move(values)};
}

void expect_values(const std::vector<float>& values, const std::vector<double>& expected,
                   double error) {
    ASSERT_EQ(values.size(), expected.size());
    for (size_t i = 0; i < values.size(); ++i)
        EXPECT_NEAR(static_cast<double>(values[i]), expected[i], error) << "cell " << i;
}

// ---- The worked example 1, 2, 3, 4: mean 2.5, biased variance 5/4, unbiased 5/3.

TEST(BatchNorm, biased_variance_normalises_and_the_unbiased_one_is_stored) {
    Case c(row({1, 2, 3, 4}), true);
    c.run();
    expect_values(c.values("mean"), {2.5}, 0);
    expect_values(c.values("var"), {1.25}, 0);
    expect_values(c.values("centred"), {-1.5, -0.5, 0.5, 1.5}, 0);
    expect_values(c.values("output"), {-1.341635, -0.447212, 0.447212, 1.341635}, 1e-6);
    expect_values(c.values("running_mean_after"), {0.25}, 1e-7);      // 0.9·0 + 0.1·2.5
    expect_values(c.values("running_var_after"), {1.0666667}, 1e-6);  // 0.9·1 + 0.1·5/3
    expect_values(c.values("num_batches_tracked_after"), {1}, 0);
}

TEST(BatchNorm, eval_mode_uses_what_train_mode_stored) {
    Case train(row({1, 2, 3, 4}), true);
    train.run();
    Case eval(row({1, 2, 3, 4}), false);
    eval.buffers = train.buffers_after();
    eval.run();
    expect_values(eval.values("output"), {0.726, 1.694, 2.663, 3.631}, 5e-4);
    for (const BufferSpec& spec : eval.plan.buffers) EXPECT_EQ(spec.next, -1) << spec.name;
    EXPECT_EQ(eval.plan.stage("running_mean_after"), -1);
}

TEST(BatchNorm, without_momentum_all_batches_count_alike) {
    std::vector<Tensor> buffers;
    for (const float batch :
         {1.0f, 2.0f, 6.0f}) {  // means 2.5, 5, 15; unbiased variances 5/3, 20/3, 60
        Case c(row({1 * batch, 2 * batch, 3 * batch, 4 * batch}), true);
        set_param(c.params, "momentum", std::optional<double>());
        if (!buffers.empty()) c.buffers = buffers;
        c.make_plan();
        c.run();
        buffers = c.buffers_after();
    }
    expect_values(Case::list(buffers[0]), {7.5}, 1e-6);
    expect_values(Case::list(buffers[1]), {(5.0 / 3 + 20.0 / 3 + 60) / 3}, 1e-5);
    expect_values(Case::list(buffers[2]), {3}, 0);
}

TEST(BatchNorm, a_document_of_many_batches_folds_the_running_statistics) {
    Document document = document_of(Case(row({1, 2, 3, 4}), true));
    document.batches = 44;  // as many as make 0.9^n less than 0.01
    const auto result = evaluate(document);
    ASSERT_TRUE(result && !result->problem);
    const auto& buffers = result->layers[0].buffers;
    ASSERT_EQ(buffers.size(), 45u);
    for (size_t n = 0; n < buffers.size(); ++n) {
        const double old = std::pow(0.9, static_cast<double>(n));
        expect_values(Case::list(buffers[n][0]), {2.5 * (1 - old)}, 2e-6);
        expect_values(Case::list(buffers[n][1]), {old + 5.0 / 3 * (1 - old)}, 2e-6);
        expect_values(Case::list(buffers[n][2]), {static_cast<double>(n)}, 0);
    }
}

TEST(BatchNorm, a_channel_is_one_group_over_samples_rows_and_columns) {
    // Channel 0 holds 1 2 | 3 4, channel 1 holds 10 30 | 10 30.
    Case c(Tensor({2, 2, 1, 2}, {1, 2, 10, 30, 3, 4, 10, 30}), true);
    c.run();
    expect_values(c.values("mean"), {2.5, 20}, 0);
    expect_values(c.values("var"), {1.25, 100}, 0);
    expect_values(c.values("output"), {-1.341635, -0.447212, -1, 1, 0.447212, 1.341635, -1, 1},
                  1e-6);
}

TEST(BatchNorm, a_bias_before_it_moves_nothing_and_carries_no_gradient) {
    Case plain(row({1, 2, 3, 4}), true), moved(row({8, 9, 10, 11}), true);
    plain.grad_output = moved.grad_output = row({3, -1, 4, 1});
    plain.run();
    moved.run();
    EXPECT_EQ(plain.values("output"), moved.values("output"));
    double sum = 0;
    for (const float grad : plain.values("grad_input")) sum += static_cast<double>(grad);
    EXPECT_NEAR(sum, 0, 1e-6);
}

TEST(BatchNorm, formulas_hold_the_numbers_of_their_terms) {
    Case c(row({1, 2, 3, 4}), true);
    c.weights[0] = Tensor({1, 1, 1, 1}, -2.0f);
    set_param(c.params, "eps", 0.001);
    c.define();
    EXPECT_EQ(c.explained("normalised", {0, 0, 0, 0}).formula, "(1 − 2.5) / √(1.25 + 0.001)");
    EXPECT_EQ(c.explained("num_batches_tracked_after", {}).formula, "0 + 1");
    EXPECT_EQ(c.explained("grad_input", {0, 0, 0, 3}).formula,
              "(−2) / √(1.25 + 0.001) · (1 − 4 / 4 − 1.341 · 0 / 4)");
    const Explanation var = c.explained("var", {});
    EXPECT_EQ(var.combine, Combine::mean);
    EXPECT_EQ(var.divisor, 4);
    EXPECT_EQ(var.terms.at(0).product, 2.25);
    EXPECT_EQ(var.terms.at(0).a, var.terms.at(0).b);
    const Explanation running = c.explained("running_var_after", {});
    EXPECT_DOUBLE_EQ(running.terms.at(0).b_value, 0.9);
    EXPECT_DOUBLE_EQ(running.terms.at(1).b_value, 0.1 * 4 / 3);

    set_param(c.params, "momentum", std::optional<double>());
    c.buffers[2] = Tensor({1, 1, 1, 1}, 2.0f);
    c.make_plan();
    c.define();
    EXPECT_EQ(c.explained("running_var_after", {}).formula, "(1 − 1/3) · 1 + 1/3 · 1.25 · 4/3");
    Case eval(row({1, 2, 3, 4}), false);
    eval.weights[0] = c.weights[0];
    eval.define();
    EXPECT_EQ(eval.explained("grad_input", {}).formula, "1 · (−2) / √(1 + 1e−05)");
}

// ---- Numbers.

TEST(BatchNorm, a_large_mean_does_not_swallow_a_small_variance) {
    // 10,000 + k/1024 is exact in float32; squared it is not.
    std::vector<float> values;
    for (int i = 0; i < 5000; ++i)
        values.push_back(10000.0f + static_cast<float>(i % 5 - 2) / 1024);
    Case c(row(values), true);
    set_param(c.params, "eps", 0.0);
    c.grad_output = Tensor(c.input.shape(), 0.0f);
    c.grad_output.set({}, 1);
    c.run();
    const double root = std::sqrt(2.0);
    const std::vector<float> output = c.values("output"), grad = c.values("grad_input");
    for (size_t i = 0; i < output.size(); ++i) {
        const double x = static_cast<double>(static_cast<int>(i % 5) - 2) / root;
        ASSERT_NEAR(static_cast<double>(output[i]), x, 2e-7) << i;
        // The deviation is √2/1024; Σ g·x̂ is x̂ of the first cell, −√2.
        const double expected = 1024 / root * ((i == 0 ? 1 : 0) - 1.0 / 5000 + x * root / 5000);
        ASSERT_NEAR(static_cast<double>(grad[i]), expected, 1e-4) << i;
    }
    expect_values(c.values("var"), {2.0 / (1024 * 1024)}, 1e-12);
}

TEST(BatchNorm, a_constant_channel_is_0_also_where_eps_is_0) {
    Case c(row({3, 3, 3}), true);
    set_param(c.params, "eps", 0.0);
    c.grad_output = row({1, 2, 4});
    c.run();
    c.define();
    expect_values(c.values("output"), {0, 0, 0}, 0);  // PyTorch's convention, not 0 / 0
    expect_values(c.values("grad_input"), {0, 0, 0}, 0);
    EXPECT_EQ(c.explained("normalised", {}).value, 0);
    EXPECT_EQ(c.explained("normalised", {}).formula, "(3 − 3) / √(0 + 0) (1 / √0 is taken for 0)");
}

TEST(BatchNorm, any_eps_and_momentum_gives_numbers_even_if_not_finite_ones) {
    const double inf = HUGE_VAL, nan = std::nan("");
    for (const double eps : {-5.0, 1e300, -inf, inf, nan})
        for (const double momentum : {-2.5, 1e300, inf, nan}) {
            Case c(row({1, 2, 3, 4}), true);
            set_param(c.params, "eps", eps);
            set_param(c.params, "momentum", std::optional<double>(momentum));
            c.run();
            c.define();
            for (size_t s = 0; s < c.plan.stages.size(); ++s)
                for (size_t i = 0; i < c.truth[s].values().size(); ++i) {
                    const auto defined = static_cast<float>(c.truth[s].values()[i]);
                    const float fast = c.stages[s].values()[i];
                    EXPECT_TRUE(defined == fast || (std::isnan(defined) && std::isnan(fast)) ||
                                std::abs(defined - fast) < 1e-6f)
                        << c.plan.stages[s].name << " " << defined << " " << fast;
                }
        }
    Case c(row({1, 2, 3, 4}), true);
    set_param(c.params, "eps", -5.0);
    c.run();
    EXPECT_TRUE(std::isnan(c.values("output")[0]));
    Case worse(row({1, HUGE_VALF, 3, 4}), true);
    worse.run();
    EXPECT_TRUE(std::isnan(worse.values("output")[0]));
    EXPECT_EQ(worse.values("running_mean_after")[0], HUGE_VALF);
}

TEST(BatchNorm, what_is_not_wanted_is_not_computed) {
    Case c(row({1, 2, 3, 4}), true);
    c.stages.assign(c.plan.stages.size(), {});
    const int output = c.plan.output;
    EXPECT_TRUE(batch_norm().forward(c.params, c.plan, c.inputs(), {&output, 1}, c.stages, {}));
    for (size_t s = 0; s < c.stages.size(); ++s)
        EXPECT_EQ(c.stages[s].empty(), static_cast<int>(s) != output) << c.plan.stages[s].name;
    expect_values(c.values("output"), {-1.341635, -0.447212, 0.447212, 1.341635}, 1e-6);
    const int grad_input = c.plan.stage("grad_input");
    c.grad_output = row({1, 0, 0, 0});
    EXPECT_TRUE(batch_norm().backward(c.params, c.plan, c.inputs(), c.grad_output, {&grad_input, 1},
                                      c.stages, {}));
    // γ/σ · (g − 1/4 + x̂ · 1.341635/4): 0.894424 · (0.75 − 0.449998, …)
    expect_values(c.values("grad_input"), {0.268331, -0.357769, -0.089443, 0.178881}, 1e-5);
    EXPECT_TRUE(c.stages[static_cast<size_t>(c.plan.stage("grad_weight"))].empty());
}

// ---- What cannot be.

TEST(BatchNorm, only_a_batch_of_one_value_per_channel_is_refused) {
    Params params = standard_params(batch_norm());
    const auto problem = [&](Shape shape, bool training) {
        return batch_norm().plan(params, shape, training).problem;
    };
    EXPECT_FALSE(problem({1, 1, 1, 2}, true));
    EXPECT_FALSE(problem({2, 1, 1, 1}, true));
    EXPECT_FALSE(problem({1, 1, 1, 1}, false));
    const auto one = problem({1, 1, 1, 1}, true);
    ASSERT_TRUE(one);
    EXPECT_EQ(one->whole(),
              "The variance of a batch needs more than one value per channel; an input of 1×1×1×1 "
              "has one. Choose more rows, columns or samples, or eval mode.");
    EXPECT_TRUE(one->remedies.empty());

    set_param(params, "track_running_stats", false);
    EXPECT_TRUE(problem({1, 1, 1, 1}, true));
    const auto eval = problem({1, 1, 1, 1}, false);
    ASSERT_TRUE(eval);
    EXPECT_EQ(eval->advice, "Choose track_running_stats on.");
    ASSERT_EQ(eval->remedies.size(), 1u);
    EXPECT_EQ(eval->remedies[0].key, "track_running_stats");
}

TEST(BatchNorm, num_features_must_be_the_inputs_channels) {
    Params params = standard_params(batch_norm());
    for (const int64_t features : {int64_t(-1), int64_t(0), int64_t(3), INT64_MIN, INT64_MAX}) {
        set_param(params, "num_features", features);
        const Plan plan = batch_norm().plan(params, {1, 2, 4, 4}, true);
        ASSERT_TRUE(plan.problem);
        EXPECT_EQ(plan.problem->key, "num_features");
        ASSERT_EQ(plan.problem->remedies.size(), 1u);
        EXPECT_EQ(plan.problem->remedies[0].value, Value(int64_t(2)));
    }
    set_param(params, "num_features", int64_t(3));
    const Plan plan = batch_norm().plan(params, {1, 2, 4, 4}, true);
    EXPECT_EQ(plan.problem->whole(),
              "num_features is 3, but the input has 2 channels. Choose num_features 2.");
    for (const Shape shape : {Shape{0, 3, 1, 1}, Shape{1, 0, 1, 1}, Shape{1, 3, INT64_MAX, 2},
                              Shape{-1, 3, -1, 4}, Shape{INT64_MAX, 3, INT64_MAX, INT64_MAX}})
        EXPECT_TRUE(batch_norm().plan(params, shape, true).problem) << to_string(shape);
    EXPECT_EQ(batch_norm().fit_channels(params, 7).at(0), Value(int64_t(7)));
}

}  // namespace
}  // namespace convscope
