// Upsample beside the golden cases: which cells and weights, infinite values, what cannot be, words.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/problem_case.h"

namespace convscope {
namespace {

Value no_size() { return std::optional<Pair>(); }
Value size(int64_t h, int64_t w) { return std::optional(Pair{h, w}); }
Value no_factor() { return std::optional<Scale>(); }
Value factor(double h, double w) { return std::optional(Scale{h, w}); }

Document upsample(const Settings& settings, Tensor input) {
    const Op& op = *find_op("upsample");
    const Params params = params_with(op, settings);
    const Plan plan = op.plan(params, input.shape(), true);
    EXPECT_FALSE(plan.problem);
    return one_layer(op, params, std::move(input), {}, Tensor(plan.output_stage().shape, 1));
}

std::vector<float> output_of(const Document& document) {
    const auto result = evaluate(document);
    const auto values = result->layers[0].output().values();
    return {values.begin(), values.end()};
}

// Expected numbers of the tests up to here are PyTorch 1.13's.
TEST(Upsample, nearest_follows_the_factor_and_not_the_sizes) {
    const Tensor line({1, 1, 1, 5}, {0, 1, 2, 3, 4});
    EXPECT_EQ(output_of(upsample({{"scale_factor", factor(1, 1.5)}}, line)),
              (std::vector<float>{0, 0, 1, 2, 2, 3, 4}));
    // Five cells by 1.1 are five again, yet the same five only for a single channel.
    EXPECT_EQ(output_of(upsample({{"scale_factor", factor(1, 1.1)}}, line)),
              (std::vector<float>{0, 1, 2, 3, 4}));
    EXPECT_EQ(output_of(upsample({{"scale_factor", factor(1, 1.1)}},
                                 Tensor({1, 2, 1, 5}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}))),
              (std::vector<float>{0, 0, 1, 2, 3, 5, 5, 6, 7, 8}));
    EXPECT_EQ(output_of(upsample({{"size", size(1, 5)}, {"scale_factor", no_factor()}}, line)),
              (std::vector<float>{0, 1, 2, 3, 4}));
}

// 2 to 82: at 41, 41·(2/82) is 1 in double and a little less in float32: cell 0.
TEST(Upsample, nearest_is_searched_in_float32) {
    const std::vector<float> out = output_of(upsample(
        {{"size", size(1, 82)}, {"scale_factor", no_factor()}}, Tensor({1, 1, 1, 2}, {0, 1})));
    EXPECT_EQ(std::ranges::count(out, 0.0f), 42);
}

TEST(Upsample, infinite_neighbours_count_even_with_weight_zero) {
    const auto out = output_of(
        upsample({{"mode", Choice{"bilinear"}}}, Tensor({1, 1, 1, 3}, {1, HUGE_VALF, 3})));
    ASSERT_EQ(out.size(), 12u);
    for (size_t i = 0; i < 5; ++i) EXPECT_TRUE(std::isnan(out[i])) << i;
    EXPECT_EQ(out[5], 3);
    EXPECT_TRUE(std::isnan(out[6]));
    EXPECT_EQ(out[7], HUGE_VALF);
}

TEST(Upsample, a_blended_cell_has_four_terms_with_weights_that_add_up_to_one) {
    const Document document =
        upsample({{"mode", Choice{"bilinear"}}}, Tensor({1, 1, 2, 2}, {10, 20, 30, 40}));
    const Layer& layer = document.layers[0];
    const Plan plan = layer.op->plan(layer.params, {1, 1, 2, 2}, true);
    const auto explained = [&](int stage, Index cell) {
        return layer.op->explain(layer.params, plan, stage, cell, CaseReader(document));
    };
    const Explanation inner = explained(plan.output, {0, 0, 1, 2});
    ASSERT_EQ(inner.terms.size(), 4u);
    const double weights[] = {0.75 * 0.25, 0.75 * 0.75, 0.25 * 0.25, 0.25 * 0.75};
    const Index cells[] = {{0, 0, 0, 0}, {0, 0, 0, 1}, {0, 0, 1, 0}, {0, 0, 1, 1}};
    for (size_t i = 0; i < 4; ++i) {
        EXPECT_EQ(inner.terms[i].b_value, weights[i]);
        EXPECT_EQ(inner.terms[i].b.source, Source::constant);
        EXPECT_EQ(inner.terms[i].a.cell, cells[i]);
    }
    EXPECT_EQ(inner.value, 22.5);
    // At the edge both columns are the same cell, and the corner's rows as well.
    const Explanation corner = explained(plan.output, {0, 0, 3, 3});
    ASSERT_EQ(corner.terms.size(), 4u);
    for (const Term& term : corner.terms) EXPECT_EQ(term.a.cell, (Index{0, 0, 1, 1}));
    EXPECT_EQ(corner.value, 40);
    // 16 outputs of weight 1 in all, a quarter of them for each cell.
    for (int64_t i = 0; i < 4; ++i)
        EXPECT_EQ(explained(plan.stage("grad_input"), {0, 0, i / 2, i % 2}).value, 4);
}

TEST(Upsample, says_what_is_wrong_and_what_would_work) {
    const auto problem = [](Shape input, const Settings& settings, const Expected& expected) {
        expect_problem("upsample", input, settings, expected);
    };
    const Shape input{1, 1, 5, 7};
    problem(input, {{"size", size(14, 14)}},
            {"size (14) and scale_factor (2) are both given; one of them tells the size. Choose "
             "size none, or scale_factor none.",
             "size",
             {"Use size none", "Use scale_factor none"}});
    problem(input, {{"scale_factor", no_factor()}},
            {"Neither size nor scale_factor is given; one of them tells the size. Choose "
             "scale_factor 2, or size 10×14.",
             "scale_factor",
             {"Use scale_factor 2", "Use size 10×14"}});
    problem(input, {{"align_corners", true}},
            {"align_corners needs mode bilinear, but mode is nearest. Choose align_corners off, or "
             "mode bilinear.",
             "align_corners",
             {"Use align_corners off", "Use mode bilinear"}});
    problem(input, {{"mode", Choice{"cubic"}}},
            {"mode 'cubic' is unknown. Choose nearest or bilinear.", "mode", {"Use mode nearest"}});
    problem(input, {{"scale_factor", factor(0.1, 0.1)}},
            {"scale_factor 0.1 leaves less than one cell of the input (5×7). Choose scale_factor "
             "0.2 or more.",
             "scale_factor",
             {"Use scale_factor 0.2"}});
    problem(input, {{"scale_factor", factor(2, -1.5)}},
            {"scale_factor cannot be 2×−1.5. Choose scale_factor above 0.",
             "scale_factor",
             {"Use scale_factor 1"}});
    problem(input, {{"scale_factor", factor(std::nan(""), 1)}},
            {"scale_factor cannot be NaN×1. Choose scale_factor above 0.",
             "scale_factor",
             {"Use scale_factor 1"}});
    problem(input, {{"scale_factor", no_factor()}, {"size", size(0, 3)}},
            {"size cannot be 0×3. Choose size 1 or more.", "size", {"Use size 1×3"}});
    problem(input, {{"scale_factor", factor(1e9, 1e9)}},
            {"scale_factor 1000000000 makes more than the 1048576 rows or columns that Convscope "
             "shows. "
             "Choose scale_factor 953 or less.",
             "scale_factor",
             {"Use scale_factor 953"}});
    problem({1, 1, 1, 1}, {{"scale_factor", factor(4096, 4096)}},
            {"One input cell would be read 4096×4096 times; Convscope sums 1048576 products at "
             "most. Choose scale_factor 1024 or less.",
             "scale_factor",
             {"Use scale_factor 1024"}});
    problem({1, 1, 256, 256}, {{"scale_factor", no_factor()}, {"size", size(40000, 40000)}},
            {"The output would be 1×1×40000×40000; Convscope computes 1,073,741,824 values at most. "
             "Choose size 20000 or less.",
             "size",
             {"Use size 20000"}});
    problem({1, 0, 5, 5}, {}, {"The input has 0 channels; it needs at least one.", "", {}});
}

TEST(Upsample, cards_and_formulas) {
    const Op& op = *find_op("upsample");
    const auto card = [&](const Settings& settings) { return op.card(params_with(op, settings)); };
    EXPECT_EQ(card({}), "×2 nearest");
    EXPECT_EQ(card({{"scale_factor", factor(1.5, 2)}, {"mode", Choice{"bilinear"}}}),
              "×(1.5, 2) bilinear");
    EXPECT_EQ(card({{"size", size(14, 14)},
                    {"scale_factor", no_factor()},
                    {"mode", Choice{"bilinear"}},
                    {"align_corners", true}}),
              "to 14×14 bilinear, corners aligned");

    const auto lines = [&](const Settings& settings) {
        const Params params = params_with(op, settings);
        const Shape input{1, 1, 5, 5};
        return op.size_formula(params, op.plan(params, input, true), input);
    };
    const auto twice = lines({});
    ASSERT_EQ(twice.size(), 1u);
    EXPECT_EQ(twice[0].numerator, "[iH]·scale");
    EXPECT_EQ(twice[0].numerator_numbers, "[i5]·2");
    EXPECT_EQ(twice[0].rest, "");
    EXPECT_EQ(twice[0].result, "[o10]");
    EXPECT_EQ(twice[0].axis, "height = width");
    const auto fractions = lines({{"scale_factor", factor(1.5, 2)}});
    ASSERT_EQ(fractions.size(), 2u);
    EXPECT_EQ(fractions[0].numerator_numbers, "[i5]·1.5");
    EXPECT_EQ(fractions[0].rest, "rounded down");
    EXPECT_EQ(fractions[0].result, "[o7]");
    EXPECT_EQ(fractions[1].numerator, "[iW]·scale");
    const auto given = lines({{"size", size(3, 8)}, {"scale_factor", no_factor()}});
    ASSERT_EQ(given.size(), 2u);
    EXPECT_EQ(given[1].numerator, "size");
    EXPECT_EQ(given[1].numerator_numbers, "8");
    EXPECT_EQ(given[1].result, "[o8]");
}

}  // namespace
}  // namespace convscope
