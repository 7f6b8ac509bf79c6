// Pools beside the golden cases: ties, NaN and −∞ as PyTorch chooses, what a window tells about padding and overhang, words.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/problem_case.h"

namespace convscope {
namespace {

constexpr float kInf = HUGE_VALF;
const float kNan = std::nanf("");

Document pool(const char* id, const Settings& settings, Tensor input, Tensor grad_output) {
    const Op& op = *find_op(id);
    return one_layer(op, params_with(op, settings), std::move(input), {}, std::move(grad_output));
}

/// Values of a stage, float32 and by definition alike; NaN equals NaN.
std::vector<double> stage_values(const Document& document, const char* name) {
    const auto result = evaluate(document, {.optional_stages = true, .backward = true});
    const Truth truth = explain_all(document);
    const auto at = static_cast<size_t>(truth.plan.stage(name));
    std::vector<double> fast;
    for (const float value : result->layers[0].stages[at].values())
        fast.push_back(static_cast<double>(value));
    for (size_t i = 0; i < fast.size(); ++i) {
        const double slow = truth.values[at].values()[i];
        EXPECT_TRUE(fast[i] == slow || (std::isnan(fast[i]) && std::isnan(slow)))
            << name << " cell " << i << ": " << fast[i] << ", by definition " << slow;
    }
    return fast;
}

// Expected numbers of this test are PyTorch 1.13's.
TEST(MaxPool, nan_beats_numbers_and_the_last_nan_is_chosen) {
    const Tensor input({1, 1, 3, 3}, {1, kNan, 2, kNan, 3, 4, 5, 5, -kInf});
    const Document document = pool("max_pool2d", {{"stride", std::optional(Pair{1, 1})}}, input,
                                   Tensor({1, 1, 2, 2}, {1, 2, 3, 4}));
    const std::vector<double> output = stage_values(document, "output");
    EXPECT_TRUE(std::isnan(output[0]) && std::isnan(output[1]) && std::isnan(output[2]));
    EXPECT_EQ(output[3], 5);
    EXPECT_EQ(stage_values(document, "indices"), (std::vector<double>{3, 1, 3, 7}));
    EXPECT_EQ(stage_values(document, "grad_input"),
              (std::vector<double>{0, 2, 0, 4, 0, 0, 0, 4, 0}));
}

TEST(MaxPool, a_cell_of_minus_infinity_is_chosen_before_padding) {
    const Document document =
        pool("max_pool2d", {{"stride", std::optional(Pair{1, 1})}, {"padding", Pair{1, 1}}},
             Tensor({1, 1, 2, 3}, -kInf), Tensor({1, 1, 3, 4}, 1));
    EXPECT_EQ(stage_values(document, "output"), std::vector<double>(12, -HUGE_VAL));
    EXPECT_EQ(stage_values(document, "indices"),
              (std::vector<double>{0, 0, 1, 2, 0, 0, 1, 2, 3, 3, 4, 5}));
    EXPECT_EQ(stage_values(document, "grad_input"), (std::vector<double>{4, 2, 2, 2, 1, 1}));
}

// PyTorch gives −∞ too; its gradient then writes outside the input, ours goes nowhere.
TEST(MaxPool, a_window_of_padding_alone_has_no_cell_to_choose) {
    const Document document =
        pool("max_pool2d", {{"padding", Pair{1, 0}}, {"dilation", Pair{2, 1}}},
             Tensor({1, 1, 1, 2}, {3, 4}), Tensor({1, 1, 1, 1}, {5}));
    EXPECT_EQ(stage_values(document, "output"), (std::vector<double>{-HUGE_VAL}));
    EXPECT_EQ(stage_values(document, "indices"), (std::vector<double>{-1}));
    EXPECT_EQ(stage_values(document, "grad_input"), (std::vector<double>{0, 0}));
}

TEST(MaxPool, an_infinite_gradient_stays_with_the_chosen_cell) {
    const Document document =
        pool("max_pool2d", {}, Tensor({1, 1, 2, 2}, {1, 2, 3, 4}), Tensor({1, 1, 1, 1}, {kInf}));
    EXPECT_EQ(stage_values(document, "grad_input"), (std::vector<double>{0, 0, 0, HUGE_VAL}));
}

/// The window of the last cell: 3×3, stride 2, padding 1, ceil_mode, on 4×4. It starts at place 3, its columns 4 are
/// padding and its columns 5 hang over.
struct LastWindow {
    Document document;
    Plan plan;
    Explanation e;
    LastWindow(const char* id, Settings settings) {
        settings.insert(settings.end(), {{"kernel_size", Pair{3, 3}},
                                         {"stride", std::optional(Pair{2, 2})},
                                         {"padding", Pair{1, 1}},
                                         {"ceil_mode", true}});
        std::vector<float> values(16);
        for (size_t i = 0; i < 16; ++i) values[i] = static_cast<float>(i + 1);
        document = pool(id, settings, Tensor({1, 1, 4, 4}, values), Tensor({1, 1, 3, 3}, 1));
        const Layer& layer = document.layers[0];
        plan = layer.op->plan(layer.params, {1, 1, 4, 4}, true);
        e = layer.op->explain(layer.params, plan, plan.output, {0, 0, 2, 2}, CaseReader(document));
    }
};

TEST(Pools, places_beyond_the_input_are_padding_and_the_window_hangs_over) {
    const LastWindow max("max_pool2d", {}), avg("avg_pool2d", {});
    for (const LastWindow* last : {&max, &avg}) {
        ASSERT_FALSE(last->plan.problem);
        EXPECT_EQ(last->plan.output_stage().shape, (Shape{1, 1, 3, 3}));
        EXPECT_EQ(last->plan.window->h.leftover(), -1);
        ASSERT_EQ(last->e.terms.size(), 9u);
        EXPECT_FALSE(last->e.terms[0].padding);
        for (size_t i = 1; i < 9; ++i) {
            const Index place{0, 0, 3 + static_cast<int64_t>(i) / 3,
                              3 + static_cast<int64_t>(i) % 3};
            EXPECT_EQ(last->e.terms[i].padding, place) << i;
            EXPECT_EQ(last->e.terms[i].a_value, last->plan.window->padding_value);
        }
    }
    EXPECT_EQ(max.plan.window->padding_value, -HUGE_VAL);
    EXPECT_EQ(max.e.combine, Combine::max);
    EXPECT_EQ(max.e.chosen, 0);
    EXPECT_EQ(max.e.value, 16);
    EXPECT_EQ(avg.plan.window->padding_value, 0);
    EXPECT_EQ(avg.e.combine, Combine::mean);
    EXPECT_EQ(avg.e.divisor, 4);  // 2×2 cells of the padded input, not the 3×3 of the window
    EXPECT_EQ(avg.e.value, 4);
    const LastWindow bare("avg_pool2d", {{"count_include_pad", false}});
    EXPECT_EQ(bare.e.divisor, 1);
    EXPECT_EQ(bare.e.value, 16);
    const LastWindow thirds("avg_pool2d", {{"divisor_override", std::optional<int64_t>(3)}});
    EXPECT_EQ(thirds.e.divisor, 3);
    EXPECT_EQ(thirds.e.value, 16.0 / 3);
}

TEST(MaxPool, the_place_of_the_chosen_cell_has_its_formula) {
    const LastWindow last("max_pool2d", {});
    const Layer& layer = last.document.layers[0];
    const Explanation e = layer.op->explain(layer.params, last.plan, last.plan.stage("indices"),
                                            {0, 0, 1, 0}, CaseReader(last.document));
    EXPECT_EQ(e.formula, "3·4 + 1");
    EXPECT_EQ(e.value, 13);
    ASSERT_EQ(e.terms.size(), 1u);
    EXPECT_EQ(e.terms[0].a.cell, (Index{0, 0, 3, 1}));
}

TEST(MaxPool, gradients_come_from_every_window_that_reads_a_cell) {
    const LastWindow last("max_pool2d", {});
    const Layer& layer = last.document.layers[0];
    const int stage = last.plan.stage("grad_input");
    // Cell (3, 3) is the largest of all: the four windows that read it choose it.
    const Explanation corner =
        layer.op->explain(layer.params, last.plan, stage, {0, 0, 3, 3}, CaseReader(last.document));
    ASSERT_EQ(corner.terms.size(), 4u);
    EXPECT_EQ(corner.terms[0].a.cell, (Index{0, 0, 1, 1}));
    EXPECT_EQ(corner.terms[3].a.cell, (Index{0, 0, 2, 2}));
    EXPECT_EQ(corner.value, 4);
    // Cell (1, 1) is read by four, and is the largest of window (0, 0) only.
    const Explanation inner =
        layer.op->explain(layer.params, last.plan, stage, {0, 0, 1, 1}, CaseReader(last.document));
    ASSERT_EQ(inner.terms.size(), 4u);
    EXPECT_EQ(inner.terms[0].b_value, 1);
    for (size_t i = 1; i < 4; ++i) EXPECT_EQ(inner.terms[i].b_value, 0);
}

TEST(Pools, large_kernels_are_explained_at_once) {
    const Shape shape{1, 1, 1500, 1500};
    const Document document = pool(
        "max_pool2d", {{"kernel_size", Pair{1024, 1024}}, {"stride", std::optional(Pair{1, 1})}},
        Tensor(shape, 1), Tensor({1, 1, 477, 477}, 1));
    const Layer& layer = document.layers[0];
    const Plan plan = layer.op->plan(layer.params, shape, true);
    ASSERT_FALSE(plan.problem);
    const Explanation e = layer.op->explain(layer.params, plan, plan.stage("grad_input"),
                                            {0, 0, 300, 300}, CaseReader(document));
    EXPECT_EQ(e.terms.size(), 301u * 301u);
    EXPECT_EQ(e.value, 1);  // of equal cells each window chooses its first
}

TEST(Pools, say_what_is_wrong_and_what_would_work) {
    for (const char* id : {"max_pool2d", "avg_pool2d"}) {
        const auto problem = [&](Shape input, const Settings& settings, const Expected& expected) {
            expect_problem(id, input, settings, expected);
        };
        problem({1, 1, 4, 4}, {{"kernel_size", Pair{3, 3}}, {"padding", Pair{2, 2}}},
                {"padding (2) is more than half the kernel (3×3). Choose padding 1 or less, or "
                 "kernel_size 4 or more.",
                 "padding",
                 {"Use padding 1", "Use kernel 4"}});
        problem({1, 1, 4, 4}, {{"kernel_size", Pair{1, 3}}, {"padding", Pair{1, 1}}},
                {"padding (1) is more than half the kernel (1×3). Choose padding 0, or kernel_size "
                 "2×3 or more.",
                 "padding",
                 {"Use padding 0", "Use kernel 2×3"}});
        problem({1, 1, 4, 4}, {{"kernel_size", Pair{5, 5}}},
                {"The kernel (5×5) is larger than the input (4×4). Choose kernel_size 4 or less, "
                 "or padding 1 or more.",
                 "kernel_size",
                 {"Use kernel 4", "Use padding 1"}});
        problem({1, 1, 1, 1}, {{"kernel_size", Pair{6, 2}}},
                {"The kernel (6×2) is larger than the input (1×1). Choose kernel_size 1 or less, "
                 "or ceil_mode on.",
                 "kernel_size",
                 {"Use kernel 1", "Use ceil_mode on"}});
        problem({1, 1, 4, 4},
                {{"kernel_size", Pair{7, 7}},
                 {"stride", std::optional(Pair{3, 3})},
                 {"ceil_mode", true}},
                {"The kernel (7×7) is larger than the input (4×4) by stride 3 or more. Choose "
                 "kernel_size 6 or less, or padding 1 or more.",
                 "kernel_size",
                 {"Use kernel 6", "Use padding 1"}});
        problem({1, 1, 5, 5}, {{"stride", std::optional(Pair{0, 1})}},
                {"stride cannot be 0×1. Choose stride 1 or more.", "stride", {"Use stride 1"}});
        problem({1, 1, 5, 5}, {{"kernel_size", Pair{0, 0}}},
                {"kernel_size cannot be 0. Choose kernel_size 1 or more.",
                 "kernel_size",
                 {"Use kernel 1"}});
        problem({1, 1, 5, 5}, {{"padding", Pair{-1, -1}}},
                {"padding cannot be −1. Choose padding 0 or more.", "padding", {"Use padding 0"}});
        problem({1, 1, 4000, 4000}, {{"kernel_size", Pair{2000, 2000}}},
                {"One window would hold 2000×2000 cells; Convscope shows 1048576 at most. Choose "
                 "kernel_size 1000 or less.",
                 "kernel_size",
                 {"Use kernel 1000"}});
    }
    expect_problem("max_pool2d", {1, 1, 4, 4}, {{"dilation", Pair{4, 4}}},
                   {"The kernel (2×2, 5×5 with dilation 4) is larger than the input (4×4). Choose "
                    "dilation 3 or less, or kernel_size 1 or less.",
                    "kernel_size",
                    {"Use dilation 3", "Use kernel 1"}});
    expect_problem("avg_pool2d", {1, 1, 4, 4}, {{"divisor_override", std::optional<int64_t>(0)}},
                   {"divisor_override cannot be 0. Choose divisor_override none, or any number but "
                    "0.",
                    "divisor_override",
                    {"Use divisor_override none"}});
}

TEST(Pools, ceil_mode_is_offered_where_only_it_helps) {
    expect_problem("max_pool2d", {1, 1, 2, 2},
                   {{"kernel_size", Pair{2, 2}},
                    {"padding", Pair{1, 1}},
                    {"dilation", Pair{5, 5}},
                    {"stride", std::optional(Pair{4, 4})}},
                   {"The kernel (2×2, 6×6 with dilation 5) is larger than the padded input (4×4). "
                    "Choose dilation 3 or less, or ceil_mode on.",
                    "kernel_size",
                    {"Use dilation 3", "Use ceil_mode on"}});
}

TEST(Pools, cards_and_formulas) {
    const auto card = [](const char* id, const Settings& settings) {
        return find_op(id)->card(params_with(*find_op(id), settings));
    };
    EXPECT_EQ(card("max_pool2d", {}), "2×2 s2");
    EXPECT_EQ(card("max_pool2d", {{"kernel_size", Pair{3, 2}}}), "3×2 s3×2");
    EXPECT_EQ(card("max_pool2d", {{"kernel_size", Pair{3, 3}},
                                  {"stride", std::optional(Pair{2, 2})},
                                  {"padding", Pair{1, 1}},
                                  {"dilation", Pair{2, 2}},
                                  {"ceil_mode", true}}),
              "3×3 s2 p1 d2 ceil");
    EXPECT_EQ(card("avg_pool2d", {{"divisor_override", std::optional<int64_t>(-3)}}), "2×2 s2 ÷−3");

    const auto lines = [](const char* id, Shape input, const Settings& settings) {
        const Op& op = *find_op(id);
        const Params params = params_with(op, settings);
        return op.size_formula(params, op.plan(params, input, true), input);
    };
    const auto max = lines("max_pool2d", {1, 1, 7, 7}, {});
    ASSERT_EQ(max.size(), 1u);
    EXPECT_EQ(max[0].numerator, "[iH] + 2p − d([kk] − 1) − 1");
    EXPECT_EQ(max[0].numerator_numbers, "[i7] + 2·0 − 1·([k2]−1) − 1");
    EXPECT_EQ(max[0].denominator_numbers, "2");
    EXPECT_EQ(max[0].rest, "+ 1");
    EXPECT_EQ(max[0].result, "[o3]");
    EXPECT_EQ(max[0].leftover, 1);
    EXPECT_FALSE(max[0].ceil);
    // 3×3, stride 2, padding 1 on 7: rounding up changes nothing; 2×2, stride 3, padding 1 on 5×6: (5 + 2 − 2)/3 rounds up
    // to 2, and its last window, at place 5, would start in the padding.
    const auto avg = lines(
        "avg_pool2d", {1, 1, 5, 6},
        {{"stride", std::optional(Pair{3, 3})}, {"padding", Pair{1, 1}}, {"ceil_mode", true}});
    ASSERT_EQ(avg.size(), 2u);
    EXPECT_TRUE(avg[0].ceil);
    EXPECT_EQ(avg[0].numerator, "[iH] + 2p − [kk]");
    EXPECT_EQ(avg[0].numerator_numbers, "[i5] + 2·1 − [k2]");
    EXPECT_EQ(avg[0].rest, "+ 1 − 1");
    EXPECT_EQ(avg[0].result, "[o2]");
    EXPECT_EQ(avg[1].rest, "+ 1");
    EXPECT_EQ(avg[1].result, "[o3]");
}

}  // namespace
}  // namespace convscope
