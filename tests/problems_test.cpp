// What cannot be is said in sentences: their words, the buttons that cure, and that no number, however hostile, does worse.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "core/ops/upsample/upsample.h"
#include "core/trouble.h"
#include "tests/problem_case.h"

namespace convscope {
namespace {

Padding around(int64_t h, int64_t w) { return {Padding::Kind::pair, {h, w}}; }

TEST(Problems, conv2d_says_what_is_wrong_and_what_would_work) {
    const auto problem = [](Shape input, const Settings& settings, const Expected& expected) {
        expect_problem("conv2d", input, settings, expected);
    };
    problem({1, 1, 4, 4}, {{"kernel_size", Pair{7, 7}}, {"padding", around(1, 1)}},
            {"The kernel (7×7) is larger than the padded input (6×6). Choose kernel_size 6 or "
             "less, or padding 2 or more.",
             "kernel_size",
             {"Use kernel 6", "Use padding 2"}});
    problem({1, 1, 2, 9}, {},
            {"The kernel (3×3) is larger than the input (2×9). Choose kernel_size 2 or less, or "
             "padding 1 or more.",
             "kernel_size",
             {"Use kernel 2", "Use padding 1"}});
    problem({1, 1, 2, 9},
            {{"kernel_size", Pair{5, 3}}, {"padding", Padding{Padding::Kind::valid, {}}}},
            {"The kernel (5×3) is larger than the input (2×9). Choose kernel_size 2×3 or less, or "
             "padding 2 or more.",
             "kernel_size",
             {"Use kernel 2×3", "Use padding 2"}});
    problem({1, 1, 4, 4}, {{"dilation", Pair{2, 2}}},
            {"The kernel (3×3, 5×5 with dilation 2) is larger than the input (4×4). Choose "
             "dilation 1, or padding 1 or more.",
             "kernel_size",
             {"Use dilation 1", "Use padding 1"}});
    problem({1, 1, 2, 2}, {{"kernel_size", Pair{7, 7}}, {"padding_mode", Choice{"reflect"}}},
            {"The kernel (7×7) is larger than the input (2×2). Choose kernel_size 2 or less.",
             "kernel_size",
             {"Use kernel 2"}});
    problem({1, 1, 5, 5}, {{"stride", Pair{0, 1}}},
            {"stride cannot be 0×1. Choose stride 1 or more.", "stride", {"Use stride 1"}});
    problem({1, 1, 5, 5}, {{"kernel_size", Pair{0, 0}}},
            {"kernel_size cannot be 0. Choose kernel_size 1 or more.",
             "kernel_size",
             {"Use kernel 1"}});
    problem({1, 1, 5, 5}, {{"padding", around(-1, 0)}},
            {"padding cannot be −1×0. Choose padding 0 or more.", "padding", {"Use padding 0"}});
    problem({1, 1, 5, 5}, {{"dilation", Pair{-3, -3}}},
            {"dilation cannot be −3. Choose dilation 1 or more.", "dilation", {"Use dilation 1"}});
    problem({1, 1, 5, 5}, {{"in_channels", int64_t(2)}},
            {"in_channels is 2, but the input has 1 channel. Choose in_channels 1.",
             "in_channels",
             {"Use in_channels 1"}});
    problem({1, 3, 5, 5}, {{"in_channels", int64_t(0)}},
            {"in_channels is 0, but the input has 3 channels. Choose in_channels 3.",
             "in_channels",
             {"Use in_channels 3"}});
    problem({1, 1, 5, 5}, {{"out_channels", int64_t(-2)}},
            {"out_channels cannot be −2. Choose out_channels 1 or more.",
             "out_channels",
             {"Use out_channels 1"}});
    problem(
        {1, 3, 5, 5},
        {{"in_channels", int64_t(3)}, {"out_channels", int64_t(2)}, {"groups", int64_t(2)}},
        {"groups 2 does not divide in_channels 3. Choose groups 1.", "groups", {"Use groups 1"}});
    problem({1, 4, 5, 5},
            {{"in_channels", int64_t(4)}, {"out_channels", int64_t(6)}, {"groups", int64_t(4)}},
            {"groups 4 does not divide out_channels 6. Choose groups 2, or out_channels 8.",
             "groups",
             {"Use groups 2", "Use out_channels 8"}});
    problem({1, 3, 5, 5}, {{"in_channels", int64_t(3)}, {"groups", int64_t(2)}},
            {"groups 2 divides neither in_channels 3 nor out_channels 1. Choose groups 1.",
             "groups",
             {"Use groups 1"}});
    problem({1, 1, 5, 5}, {{"padding", Padding{Padding::Kind::same, {}}}, {"stride", Pair{2, 2}}},
            {"padding 'same' needs stride 1, but stride is 2. Choose stride 1, or padding 1.",
             "stride",
             {"Use stride 1", "Use padding 1"}});
    problem({1, 1, 3, 3}, {{"padding", around(3, 3)}, {"padding_mode", Choice{"reflect"}}},
            {"Reflect padding (3) must be smaller than the input (3×3). Choose padding 2 or less, "
             "or padding_mode zeros.",
             "padding",
             {"Use padding 2", "Use zeros"}});
    problem({1, 1, 3, 3}, {{"padding", around(4, 0)}, {"padding_mode", Choice{"circular"}}},
            {"Circular padding (4×0) must not be larger than the input (3×3). Choose padding 3×0 "
             "or less, or padding_mode "
             "zeros.",
             "padding",
             {"Use padding 3×0", "Use zeros"}});
    problem({1, 1, 3, 3}, {{"padding_mode", Choice{"mirror"}}},
            {"padding_mode 'mirror' is unknown. Choose zeros, reflect, replicate or circular.",
             "padding_mode",
             {"Use padding_mode zeros"}});
    problem({1, 0, 5, 5}, {}, {"The input has 0 channels; it needs at least one.", "", {}});
    problem({1, 1, 5, 5}, {{"stride", Pair{1 << 21, 1}}},
            {"stride 2097152×1 is larger than Convscope can show. Choose stride 1048576×1 or less.",
             "stride",
             {"Use stride 1048576×1"}});
    problem({1, 1, 20000, 10000}, {{"out_channels", int64_t(8)}},
            {"The output would be 1×8×19998×9998; Convscope computes 1,073,741,824 values at most. "
             "Choose out_channels 4 or "
             "less.",
             "out_channels",
             {"Use out_channels 4"}});
    problem({1, 1, 7, 7}, {{"padding", around(18000, 18000)}},
            {"The padded input would be 1×1×36007×36007; Convscope computes 1,073,741,824 values at "
             "most. Choose padding 9000 "
             "or less.",
             "padding",
             {"Use padding 9000"}});
    // Two troubles at once: nothing cures alone, the words are still true.
    problem({1, 1, 5, 5}, {{"kernel_size", Pair{9, 9}}, {"stride", Pair{0, 0}}},
            {"stride cannot be 0. Choose stride 1 or more.", "stride", {}});
}

TEST(Problems, conv_transpose2d_says_what_is_wrong_and_what_would_work) {
    const auto problem = [](Shape input, const Settings& settings, const Expected& expected) {
        expect_problem("conv_transpose2d", input, settings, expected);
    };
    problem({1, 1, 2, 2}, {{"output_padding", Pair{1, 1}}},
            {"output_padding (1) must be smaller than stride (1) or dilation (1). Choose "
             "output_padding 0, or stride 2 or "
             "more.",
             "output_padding",
             {"Use output_padding 0", "Use stride 2"}});
    problem({1, 1, 2, 2}, {{"padding", Pair{3, 3}}},
            {"padding 3 crops away all 4×4 cells that the stamps cover. Choose padding 1 or less, "
             "or kernel_size 6 or more.",
             "padding",
             {"Use padding 1", "Use kernel 6"}});
    problem({1, 1, 2, 2}, {{"in_channels", int64_t(2)}},
            {"in_channels is 2, but the input has 1 channel. Choose in_channels 1.",
             "in_channels",
             {"Use in_channels 1"}});
    problem({1, 1, 2, 2}, {{"padding", Pair{0, -1}}},
            {"padding cannot be 0×−1. Choose padding 0 or more.", "padding", {"Use padding 0"}});
    problem({1, 1, 1000, 1000}, {{"stride", Pair{50, 50}}},
            {"The stamped sums would be 1×1×49953×49953; Convscope computes 1,073,741,824 values at "
             "most. Choose stride 25 or "
             "less.",
             "stride",
             {"Use stride 25"}});
}

/// A number a person, a broken file or a fuzzer might give.
int64_t hostile(std::mt19937_64& random) {
    const int64_t edges[] = {INT64_MIN,
                             INT64_MIN + 1,
                             -1,
                             0,
                             1,
                             2,
                             3,
                             7,
                             INT32_MAX,
                             kMaxSide,
                             kMaxSide + 1,
                             int64_t(1) << 31,
                             int64_t(1) << 62,
                             INT64_MAX - 1,
                             INT64_MAX};
    switch (random() % 4) {
        case 0: return edges[random() % std::size(edges)];
        case 1: return static_cast<int64_t>(random());
        default: return static_cast<int64_t>(random() % 6);
    }
}

double hostile_factor(std::mt19937_64& random) {
    const double edges[] = {0,   -0.0, -1,           1e-300, 1e-7,    0.3, 1e300,    1e19,     1e9,
                            1.5, 2,    std::nan(""), 4e5,    1048576, 7,   HUGE_VAL, -HUGE_VAL};
    if (random() % 2 == 0) return edges[random() % std::size(edges)];
    return static_cast<double>(random() % 100) / 16;
}

TEST(Problems, hostile_numbers_give_a_sentence_or_a_possible_layer) {
    std::mt19937_64 random(test_seed(10));
    int problems = 0, possible = 0;
    for (int i = 0; i < 30'000; ++i) {
        const Op& op = all_ops()[random() % all_ops().size()];
        Params params = standard_params(op);
        for (size_t f = 0; f < params.size(); ++f) {
            if (random() % 3 != 0) continue;
            std::visit(
                [&]<class T>(T& value) {
                    if constexpr (std::is_same_v<T, int64_t>) value = hostile(random);
                    if constexpr (std::is_same_v<T, Pair>)
                        value = {hostile(random), hostile(random)};
                    if constexpr (std::is_same_v<T, bool>) value = random() % 2 == 0;
                    if constexpr (std::is_same_v<T, double>) value = std::nan("");
                    if constexpr (std::is_same_v<T, std::optional<int64_t>>)
                        value = random() % 2 == 0 ? std::optional<int64_t>() : hostile(random);
                    if constexpr (std::is_same_v<T, std::optional<Pair>>) {
                        value.reset();
                        if (random() % 2 == 0) value = Pair{hostile(random), hostile(random)};
                    }
                    if constexpr (std::is_same_v<T, std::optional<double>>)
                        value =
                            random() % 2 == 0 ? std::optional<double>() : hostile_factor(random);
                    if constexpr (std::is_same_v<T, std::optional<Scale>>) {
                        value.reset();
                        if (random() % 2 == 0)
                            value = Scale{hostile_factor(random), hostile_factor(random)};
                    }
                    if constexpr (std::is_same_v<T, Choice>)
                        value.name =
                            random() % 2 == 0
                                ? "nonsense"
                                : op.fields[f].choices[random() % op.fields[f].choices.size()];
                    if constexpr (std::is_same_v<T, Padding>)
                        value = {static_cast<Padding::Kind>(random() % 3),
                                 {hostile(random), hostile(random)}};
                },
                params[f]);
        }
        Shape input{1, 1, 7, 7};
        for (int64_t* extent : {&input.n, &input.c, &input.h, &input.w})
            if (random() % 4 == 0) *extent = hostile(random);
        const Params fitted = random() % 2 == 0 ? op.fit_channels(params, input.c) : params;
        op.card(fitted);
        const Plan plan = op.plan(fitted, input, true);
        op.size_formula(fitted, plan, input);
        if (plan.problem) {
            ++problems;
            ASSERT_TRUE(plan.problem->sentence.ends_with(".")) << plan.problem->sentence;
            ASSERT_EQ(plan.problem->whole().find("-"), std::string::npos) << plan.problem->whole();
            ASSERT_TRUE(plan.problem->key.empty() || field_index(op, plan.problem->key) >= 0);
            expect_remedies_work(op, fitted, input, *plan.problem);
            if (testing::Test::HasFailure()) {
                for (size_t f = 0; f < fitted.size(); ++f)
                    ADD_FAILURE() << op.fields[f].key << " " << to_text(fitted[f]);
                return;
            }
        } else {
            ++possible;
            for (const StageSpec& stage : plan.stages)
                ASSERT_LE(bounded_count(stage.shape), kMaxComputed);
            for (const WeightSpec& weight : plan.weights)
                ASSERT_LE(bounded_count(weight.shape), kMaxComputed);
            ASSERT_GE(plan.output_stage().shape.count(), 1);
        }
    }
    EXPECT_GT(problems, 1000);
    EXPECT_GT(possible, 1000);
}

TEST(Problems, a_hostile_factor_is_not_tried_a_thousand_times) {
    for (const double factor : {1e7, 1e30, 1e300, std::numeric_limits<double>::max()}) {
        const Upsample upsample{.size = {}, .scale_factor = Scale{factor, 2}};
        const std::optional<Trouble> trouble = Upsample::find_trouble(upsample, {1, 1, 7, 7});
        ASSERT_TRUE(trouble);
        EXPECT_LE(trouble->cures.size(), 30u) << factor;   // each is tried, and each try lists them
        const Params params = params_with(*find_op("upsample"), {{"scale_factor", std::optional(Scale{factor, 2})}});
        const Plan plan = find_op("upsample")->plan(params, {1, 1, 7, 7}, true);
        ASSERT_TRUE(plan.problem);
        EXPECT_FALSE(plan.problem->remedies.empty());
        expect_remedies_work(*find_op("upsample"), params, {1, 1, 7, 7}, *plan.problem);
    }
}

TEST(Problems, an_impossible_layer_still_shows_its_formula) {
    const Op& op = *find_op("conv2d");
    const Params params = params_with(op, {{"kernel_size", Pair{7, 7}}, {"padding", around(1, 1)}});
    const auto lines = op.size_formula(params, op.plan(params, {1, 1, 4, 4}, true), {1, 1, 4, 4});
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_EQ(lines[0].numerator_numbers, "[i4] + 2·1 − 1·([k7]−1) − 1");
    EXPECT_EQ(lines[0].result, "[o0]");
}

TEST(Words, cards) {
    const auto card = [](const char* id, const Settings& settings) {
        const Op& op = *find_op(id);
        return op.card(params_with(op, settings));
    };
    EXPECT_EQ(card("conv2d", {{"stride", Pair{2, 2}}, {"padding", around(1, 1)}}), "3×3 s2 p1");
    EXPECT_EQ(card("conv2d", {{"kernel_size", Pair{7, 7}}, {"padding", around(1, 1)}}),
              "7×7 s1 p1");
    EXPECT_EQ(card("conv2d", {{"in_channels", int64_t(3)},
                              {"out_channels", int64_t(4)},
                              {"padding", around(1, 1)}}),
              "3→4, 3×3 p1");
    EXPECT_EQ(card("conv2d", {{"in_channels", int64_t(4)},
                              {"out_channels", int64_t(4)},
                              {"groups", int64_t(4)},
                              {"dilation", Pair{2, 1}},
                              {"padding", Padding{Padding::Kind::same, {}}},
                              {"padding_mode", Choice{"reflect"}}}),
              "4→4, 3×3 same d2×1 g4 reflect");
    EXPECT_EQ(card("conv_transpose2d", {{"kernel_size", Pair{2, 2}}}), "2×2 s1 p0");
    EXPECT_EQ(
        card("conv_transpose2d",
             {{"in_channels", int64_t(2)}, {"stride", Pair{2, 2}}, {"output_padding", Pair{1, 1}}}),
        "2→1, 3×3 s2 op1");
}

TEST(Words, size_formulas) {
    const auto lines = [](const char* id, Shape input, const Settings& settings) {
        const Op& op = *find_op(id);
        const Params params = params_with(op, settings);
        return op.size_formula(params, op.plan(params, input, true), input);
    };
    const auto conv =
        lines("conv2d", {1, 1, 7, 7}, {{"stride", Pair{2, 2}}, {"padding", around(1, 1)}});
    ASSERT_EQ(conv.size(), 1u);
    EXPECT_EQ(conv[0].axis, "height = width");
    EXPECT_EQ(conv[0].numerator, "[iH] + 2p − d([kk] − 1) − 1");
    EXPECT_EQ(conv[0].denominator, "s");
    EXPECT_EQ(conv[0].rest, "+ 1");
    EXPECT_EQ(conv[0].numerator_numbers, "[i7] + 2·1 − 1·([k3]−1) − 1");
    EXPECT_EQ(conv[0].denominator_numbers, "2");
    EXPECT_EQ(conv[0].result, "[o4]");
    EXPECT_EQ(conv[0].leftover, 0);

    const auto same =
        lines("conv2d", {1, 1, 6, 9},
              {{"kernel_size", Pair{4, 3}}, {"padding", Padding{Padding::Kind::same, {}}}});
    ASSERT_EQ(same.size(), 2u);
    EXPECT_EQ(same[0].numerator, "[iH] + top + bottom − d([kk] − 1) − 1");
    EXPECT_EQ(same[0].numerator_numbers, "[i6] + 1 + 2 − 1·([k4]−1) − 1");
    EXPECT_EQ(same[1].axis, "width");
    EXPECT_EQ(same[1].numerator, "[iW] + left + right − d([kk] − 1) − 1");
    EXPECT_EQ(same[1].result, "[o9]");

    const auto transposed = lines("conv_transpose2d", {1, 1, 2, 2}, {{"kernel_size", Pair{2, 2}}});
    ASSERT_EQ(transposed.size(), 1u);
    EXPECT_EQ(transposed[0].numerator, "([iH] − 1)s − 2p + d([kk] − 1) + op + 1");
    EXPECT_EQ(transposed[0].denominator, "");
    EXPECT_EQ(transposed[0].rest, "");
    EXPECT_EQ(transposed[0].numerator_numbers, "([i2]−1)·1 − 2·0 + 1·([k2]−1) + 0 + 1");
    EXPECT_EQ(transposed[0].result, "[o3]");
}

TEST(Words, channels_follow_and_groups_are_repaired) {
    const Op& op = *find_op("conv2d");
    const auto after = [&](int64_t in, int64_t out, int64_t groups, int64_t channels) {
        const Params params = op.fit_channels(
            params_with(op, {{"in_channels", in}, {"out_channels", out}, {"groups", groups}}),
            channels);
        return std::vector<int64_t>{
            std::get<int64_t>(params[0]), std::get<int64_t>(params[1]),
            std::get<int64_t>(params[static_cast<size_t>(field_index(op, "groups"))])};
    };
    EXPECT_EQ(after(1, 8, 1, 3), (std::vector<int64_t>{3, 8, 1}));
    EXPECT_EQ(after(4, 8, 4, 3),
              (std::vector<int64_t>{3, 6, 3}));  // depthwise stays depthwise, two kernels a channel
    EXPECT_EQ(after(6, 9, 3, 12), (std::vector<int64_t>{12, 9, 3}));
    EXPECT_EQ(after(8, 12, 4, 6), (std::vector<int64_t>{6, 12, 2}));
}

}  // namespace
}  // namespace convscope
