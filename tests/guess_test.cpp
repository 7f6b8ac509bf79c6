// Guesses: what counts as right, and that each known mistake is told from its number. The mistakes' numbers are those of
// the teaching notes, PyTorch's or worked by hand.
#include "core/guess.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/desk.h"

namespace convscope {
namespace {

Tensor plane(int64_t rows, int64_t columns, std::vector<float> values) {
    return Tensor({1, 1, rows, columns}, std::move(values));
}

Document one_layer(const char* op, Tensor input, Tensor kernel, std::vector<std::pair<const char*, Value>> params = {}) {
    Document document = standard_document();
    document.layers.resize(1);
    Layer& layer = document.layers[0];
    layer.op = find_op(op);
    layer.params = standard_params(*layer.op);
    layer.weights.clear();
    const Shape size = kernel.shape();
    document = with_input(document, {std::move(input), {}});
    document = with_param(document, 0, "kernel_size", Pair{size.h, size.w});
    document = with_param(document, 0, "bias", false);
    for (const auto& [key, value] : params) document = with_param(document, 0, key, value);
    return with_weight(document, 0, 0, std::move(kernel));
}

Document four_by_card(std::vector<std::pair<const char*, Value>> params = {}) {
    return one_layer("conv_transpose2d", plane(2, 2, {1, 0, 2, 3}), plane(2, 2, {2, 3, 4, 5}), std::move(params));
}
Document counting() {   // 0…8 with [[2,3],[4,5]]
    return one_layer("conv2d", plane(3, 3, {0, 1, 2, 3, 4, 5, 6, 7, 8}), plane(2, 2, {2, 3, 4, 5}));
}

Verdict judged(const Document& document, Index cell, std::string_view typed) {
    const auto result = evaluate(document);
    EXPECT_TRUE(result && !result->problem);
    return judge_guess(*result, 0, cell, typed);
}
testing::AssertionResult tells(const Verdict& verdict, std::string_view words) {
    if (!verdict.right && verdict.told.find(words) != std::string::npos) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "“" << verdict.told << "” does not say “" << words << "”";
}

TEST(Guess, AWholeNumberIsSaidExactly) {
    EXPECT_TRUE(says("6", 6));
    EXPECT_TRUE(says("6.0", 6));
    EXPECT_TRUE(says("-6", -6));
    EXPECT_TRUE(says("−6", -6));
    EXPECT_FALSE(says("6.01", 6));
    EXPECT_FALSE(says("-6", 6));
    EXPECT_FALSE(says("1000", 1001));
    EXPECT_FALSE(says("", 0));
    EXPECT_FALSE(says("six", 6));
    EXPECT_FALSE(says("1e999", 6));
}

TEST(Guess, APartIsSaidToTwoDecimalsOrHalfAPercent) {
    EXPECT_TRUE(says("0.33", 1.0 / 3));
    EXPECT_TRUE(says("0.3333", 1.0 / 3));
    EXPECT_FALSE(says("0.3", 1.0 / 3));
    EXPECT_FALSE(says("0.34", 1.0 / 3));
    EXPECT_FALSE(says("0", 0.002));
    EXPECT_FALSE(says("0.00", 0.002));
    EXPECT_TRUE(says("0.002", 0.0020012));
    EXPECT_TRUE(says("1.3e-12", 1.3004e-12));
    EXPECT_FALSE(says("3", std::numeric_limits<double>::quiet_NaN()));
    const double infinity = std::numeric_limits<double>::infinity();
    for (const char* word : {"∞", "inf", "Inf", "infinity", "+inf"}) EXPECT_TRUE(says(word, infinity)) << word;
    for (const char* word : {"−∞", "-inf", "−inf"}) EXPECT_TRUE(says(word, -infinity)) << word;
    for (const char* word : {"−∞", "nan", "1e999", "3e38", ""}) EXPECT_FALSE(says(word, infinity)) << word;
    for (const char* word : {"NaN", "nan"}) EXPECT_TRUE(says(word, std::numeric_limits<double>::quiet_NaN())) << word;
    EXPECT_FALSE(says("inf", std::numeric_limits<double>::quiet_NaN()));
    EXPECT_FALSE(says("inf", 3e38));
}

TEST(Guess, TheCardsMatrixProductIsKnown) {
    // The source text gives 13 and 23 for cells of a transposed convolution: K times X transposed is [[2, 13], [4, 23]].
    const Document card = four_by_card({{"stride", Pair{2, 2}}});
    const Verdict verdict = judged(card, {0, 0, 2, 1}, "13");
    EXPECT_TRUE(tells(verdict, "13 is 2·2 + 3·3: row 0 of the kernel times row 1 of the input"));
    EXPECT_TRUE(tells(judged(card, {0, 0, 3, 1}, "23"), "row 1 of the kernel times row 1 of the input"));
    EXPECT_TRUE(judged(card, {0, 0, 2, 1}, "6").right);
    EXPECT_FALSE(verdict.leads_on.empty());
    EXPECT_EQ(verdict.leads_on.find('6'), std::string::npos) << "the question gives the answer away";
}

TEST(Guess, AForgottenStrideIsKnown) {
    // Stride 1 gives [[2,3,0],[8,17,9],[8,22,15]], stride 2 gives 5 at (1, 1).
    EXPECT_TRUE(tells(judged(four_by_card({{"stride", Pair{2, 2}}}), {0, 0, 1, 1}, "17"), "what stride 1 gives here, not 2"));
}

TEST(Guess, ForgottenPaddingIsKnown) {
    // Padding 1 of the same layer leaves [[5, 0], [6, 6]]; without it (0, 1) is 3.
    const Document cropped = four_by_card({{"stride", Pair{2, 2}}, {"padding", Pair{1, 1}}});
    EXPECT_TRUE(judged(cropped, {0, 0, 1, 0}, "6").right);
    EXPECT_TRUE(tells(judged(cropped, {0, 0, 0, 1}, "3"), "what padding 0 gives here, not 1"));
}

TEST(Guess, ATurnedKernelIsKnown) {
    // Correlation [[35,49],[77,91]], convolution [[21,35],[63,77]].
    EXPECT_TRUE(tells(judged(counting(), {0, 0, 0, 0}, "21"), "the kernel turned by 180°"));
    EXPECT_TRUE(tells(judged(counting(), {0, 0, 1, 0}, "63"), "the kernel turned by 180°"));
    EXPECT_TRUE(judged(counting(), {0, 0, 1, 0}, "77").right);
}

TEST(Guess, OtherSumsAreKnown) {
    // Window 0 1 3 4 with 2 3 4 5: 0 + 3 + 12 + 20 = 35; (0, 1) is 49.
    EXPECT_TRUE(tells(judged(counting(), {0, 0, 0, 0}, "8"), "the sum of the inputs, each without its weight"));
    EXPECT_TRUE(tells(judged(counting(), {0, 0, 0, 0}, "14"), "the sum of the weights, each without its input"));
    EXPECT_TRUE(tells(judged(counting(), {0, 0, 0, 0}, "20"), "the largest of the products"));
    EXPECT_TRUE(tells(judged(counting(), {0, 0, 0, 0}, "8.75"), "the mean of the products"));
    EXPECT_TRUE(tells(judged(counting(), {0, 0, 0, 0}, "12"), "one product alone, 3 × 4, input (1, 0) times weight (1, 0)"));
    EXPECT_TRUE(tells(judged(counting(), {0, 0, 0, 0}, "32"), "the sum without 1 × 3, input (0, 1) times weight (0, 1)"));
    EXPECT_TRUE(tells(judged(counting(), {0, 0, 0, 0}, "29"), "the sum with the sign of 1 × 3"));
    EXPECT_TRUE(tells(judged(counting(), {0, 0, 0, 0}, "-35"), "the sum with its sign turned"));
    // Columns for rows: 0·2 + 1·4 + 3·3 + 4·5 = 33.
    EXPECT_TRUE(tells(judged(counting(), {0, 0, 0, 0}, "33"), "rows taken for columns"));
    EXPECT_TRUE(tells(judged(counting(), {0, 0, 0, 0}, "91"), "output (1, 1), 1 row below and 1 column to the right"));
}

TEST(Guess, BiasChannelsAndModesAreKnown) {
    Document biased = with_param(counting(), 0, "bias", true);
    biased = with_weight(biased, 0, 1, Tensor({1, 1, 1, 1}, {7}));
    EXPECT_TRUE(judged(biased, {0, 0, 0, 0}, "42").right);
    EXPECT_TRUE(tells(judged(biased, {0, 0, 0, 0}, "35"), "the sum without the bias"));

    // Four numbers: train −1.34164 … 1.34164; after that batch eval gives 0.726, 1.694, 2.663, 3.631.
    const Document four = preset("Batch norm of four numbers");
    EXPECT_TRUE(judged(four, {0, 0, 0, 0}, "-1.34").right);
    EXPECT_TRUE(tells(judged(four, {0, 0, 0, 0}, "0.726"), "what eval mode gives"));

    Document channels = standard_document();
    channels = with_input(channels, {Tensor({1, 2, 1, 1}, {3, 5}), {}});
    channels = with_param(channels, 0, "in_channels", int64_t(2));
    channels = with_param(channels, 0, "kernel_size", Pair{1, 1});
    channels = with_param(channels, 0, "padding", Padding{Padding::Kind::pair, {0, 0}});
    channels = with_weight(channels, 0, 0, Tensor({1, 2, 1, 1}, {10, 100}));
    EXPECT_TRUE(judged(channels, {0, 0, 0, 0}, "530").right);
    EXPECT_TRUE(tells(judged(channels, {0, 0, 0, 0}, "30"), "input channel 0 alone"));
}

TEST(Guess, WhatIsNotKnownIsSaidSo) {
    const Verdict verdict = judged(counting(), {0, 0, 0, 0}, "123456");
    EXPECT_FALSE(verdict.right);
    EXPECT_FALSE(verdict.known);
    EXPECT_EQ(verdict.told, "Not 123456.");
    EXPECT_EQ(judged(counting(), {0, 0, 0, 0}, "-98765.5").told, "Not −98765.5.");
}

/// On every example: the right number is right as it is written, and anything else comes back without a crash.
TEST(Guess, EveryExampleCanBeGuessedAt) {
    for (const DocumentPreset& preset : document_presets()) {
        const auto result = evaluate(preset.make());
        ASSERT_TRUE(result && !result->problem) << preset.name;
        for (int layer = 0; layer < static_cast<int>(result->layers.size()); ++layer) {
            const Tensor& output = result->layers[static_cast<size_t>(layer)].op_output();
            if (output.shape().count() > 1000) continue;
            const Index cell = output.shape().index(output.shape().count() / 2);
            const double value = static_cast<double>(output.at(cell));
            EXPECT_TRUE(judge_guess(*result, layer, cell, fmt::format("{:.9g}", value)).right) << preset.name;
            EXPECT_FALSE(judge_guess(*result, layer, cell, fmt::format("{:.9g}", value + 1234.5)).right) << preset.name;
        }
    }
}

}  // namespace
}  // namespace convscope
