// What relu, leaky_relu, sigmoid, tanh, gelu and silu write: formulas that are read back, sizes, cards, problems.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "core/op.h"
#include "tests/formula_reader.h"

namespace convscope {
namespace {

constexpr int kOutput = 0, kSlope = 1;

struct Activation {
    const char* id;
    Params params;
    const Op& op() const { return *find_op(id); }
};

std::vector<Activation> activations() {
    return {{"relu", {}}, {"leaky_relu", {0.01}},     {"leaky_relu", {-0.5}},     {"sigmoid", {}},
            {"tanh", {}}, {"gelu", {Choice{"none"}}}, {"gelu", {Choice{"tanh"}}}, {"silu", {}}};
}

struct OneNumber : Reader {
    double x = 0;
    double operator()(const Ref&) const override { return x; }
};

Explanation explained(const Op& op, const Params& params, double x, int stage) {
    OneNumber read;
    read.x = x;
    return op.explain(params, op.plan(params, {1, 1, 1, 1}, true), stage, {}, read);
}

TEST(ActivationWords, formulas_work_out_to_the_value) {
    std::mt19937_64 random(1);
    std::vector<double> xs{0, 1, -1, 0.001};
    for (int i = 0; i < 300; ++i)  // at most four digits, so the text holds all of x
        xs.push_back((static_cast<double>(random() % 129) - 64) / 8);
    for (const Activation& f : activations())
        for (const int stage : {kOutput, kSlope}) {
            // The slope of gelu's approximation writes its tanh's argument with four digits.
            const bool is_rounded =
                stage == kSlope && !f.params.empty() && f.params[0] == Value(Choice{"tanh"});
            for (const double x : xs) {
                const Explanation e = explained(f.op(), f.params, x, stage);
                EXPECT_NEAR(formula_value(e.formula), e.value, is_rounded ? 2e-3 : 1e-13)
                    << f.id << " " << e.formula;
            }
        }
}

TEST(ActivationWords, formulas_read_well) {
    const auto text = [](const char* id, const Params& params, double x, int stage) {
        return explained(*find_op(id), params, x, stage).formula;
    };
    EXPECT_EQ(text("relu", {}, -3, kOutput), "max(0, −3)");
    EXPECT_EQ(text("relu", {}, -3, kSlope), "0 if −3 ≤ 0, else 1");
    EXPECT_EQ(text("leaky_relu", {0.01}, -3, kOutput), "max(0, −3) + 0.01 · min(0, −3)");
    EXPECT_EQ(text("leaky_relu", {-0.5}, 2, kOutput), "max(0, 2) + (−0.5) · min(0, 2)");
    EXPECT_EQ(text("leaky_relu", {0.01}, -3, kSlope), "1 if −3 > 0, else 0.01");
    EXPECT_EQ(text("sigmoid", {}, 1.5, kOutput), "1 / (1 + exp(−1.5))");
    EXPECT_EQ(text("sigmoid", {}, -0.0, kOutput), "1 / (1 + exp(0))");
    EXPECT_EQ(text("sigmoid", {}, -1.5, kSlope), "σ(−1.5) · (1 − σ(−1.5))");
    EXPECT_EQ(text("tanh", {}, INFINITY, kOutput), "tanh(∞)");
    EXPECT_EQ(text("tanh", {}, -1.5, kSlope), "1 − tanh(−1.5)²");
    EXPECT_EQ(text("gelu", {Choice{"none"}}, 1.5, kOutput), "1.5 · Φ(1.5)");
    EXPECT_EQ(text("gelu", {Choice{"none"}}, -1.5, kSlope), "Φ(−1.5) + (−1.5) · φ(−1.5)");
    EXPECT_EQ(text("gelu", {Choice{"tanh"}}, -1.5, kOutput),
              "−1.5 / 2 · (1 + tanh(√(2/π) · (−1.5 + 0.044715 · (−1.5)³)))");
    EXPECT_EQ(text("silu", {}, 1.5, kOutput), "1.5 · σ(1.5)");
    EXPECT_EQ(text("silu", {}, -1.5, kSlope), "σ(−1.5) · (1 + (−1.5) · (1 − σ(−1.5)))");
}

TEST(ActivationWords, the_formula_reader_refuses_what_it_cannot_read) {
    EXPECT_EQ(formula_value("2 − (−3)² / 3 · 2"), -4);
    EXPECT_EQ(formula_value("1 if −3 > 0, else 2e−01"), 0.2);
    for (const char* wrong : {"", "2 +", "sin(1)", "(1", "max(1)", "1 2", "1 if 2, else 3"})
        EXPECT_THROW(formula_value(wrong), std::invalid_argument) << wrong;
}

TEST(ActivationWords, cards_and_sizes) {
    for (const Activation& f : activations()) {
        const Op& op = f.op();
        EXPECT_FALSE(op.card(f.params).empty()) << f.id;
        const auto plan = op.plan(f.params, {2, 3, 5, 7}, true);
        const auto lines = op.size_formula(f.params, plan, {2, 3, 5, 7});
        ASSERT_EQ(lines.size(), 2u);
        EXPECT_EQ(lines[0].result, "[o5]");
        EXPECT_EQ(lines[1].result, "[o7]");
        const auto square = op.size_formula(f.params, plan, {2, 3, 5, 5});
        ASSERT_EQ(square.size(), 1u);
        EXPECT_EQ(square[0].axis, "height = width");
        EXPECT_EQ(square[0].numerator_numbers, "[i5]");
        EXPECT_EQ(op.fit_channels(f.params, 7), f.params);
    }
    EXPECT_EQ(find_op("leaky_relu")->card({0.01}), "0.01");
    EXPECT_NE(find_op("gelu")->card({Choice{"none"}}), find_op("gelu")->card({Choice{"tanh"}}));
}

TEST(ActivationWords, what_cannot_be_is_a_sentence) {
    const Op& leaky = *find_op("leaky_relu");
    for (const double wrong : {double(NAN), double(INFINITY), -double(INFINITY)}) {
        const Plan plan = leaky.plan({wrong}, {1, 1, 3, 3}, true);
        ASSERT_TRUE(plan.problem);
        EXPECT_EQ(plan.problem->key, "negative_slope");
        ASSERT_EQ(plan.problem->remedies.size(), 1u);
        EXPECT_FALSE(leaky.plan({plan.problem->remedies[0].value}, {1, 1, 3, 3}, true).problem);
    }
    EXPECT_EQ(leaky.plan({double(NAN)}, {1, 1, 3, 3}, true).problem->sentence,
              "negative_slope cannot be NaN.");
    constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();
    for (const Activation& f : activations()) {
        for (const Shape shape : {Shape{1, 1, 0, 3}, Shape{1, -4, 2, 2}, Shape{1, 1, 1, kHuge},
                                  Shape{kHuge, kHuge, kHuge, kHuge}, Shape{1, 4096, 4096, 4096},
                                  Shape{1, 1, 1, std::numeric_limits<int64_t>::min()}}) {
            const Plan plan = f.op().plan(f.params, shape, true);
            ASSERT_TRUE(plan.problem) << f.id;
            EXPECT_FALSE(plan.problem->sentence.empty() || plan.problem->advice.empty());
        }
    }
}

}  // namespace
}  // namespace convscope
