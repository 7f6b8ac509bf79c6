// Parameters as text, generated tensors, edits and the words that describe them.
#include "core/document.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "core/evaluate.h"
#include "core/number_text.h"
#include "core/presets.h"

namespace convscope {
namespace {

std::vector<float> list(const Tensor& tensor) {
    return {tensor.values().begin(), tensor.values().end()};
}

const Value& param(const Document& document, int layer, std::string_view key) {
    const Layer& l = document.layers[static_cast<size_t>(layer)];
    return l.params[static_cast<size_t>(field_index(*l.op, key))];
}

const Tensor& weight(const Document& document, int layer = 0, int which = 0) {
    return document.layers[static_cast<size_t>(layer)].weights[static_cast<size_t>(which)];
}

Value pad(int64_t v) { return Padding{Padding::Kind::pair, {v, v}}; }

/// conv2d 1→2, then conv_transpose2d 2→1, on 6×6.
Document chain() {
    Document document;
    document.input = generated_input("integers 0–9", 1, {1, 1, 6, 6});
    document.layers.push_back(make_layer(*find_op("conv2d"), {1, 1, 6, 6}));
    document = with_param(document, 0, "out_channels", int64_t(2));
    document.layers.push_back(make_layer(*find_op("conv_transpose2d"), {1, 2, 4, 4}));
    return document;
}

TEST(Params, AreWordsOnScreenAndPythonInScripts) {
    EXPECT_EQ(to_text(int64_t(-3)), "−3");
    EXPECT_EQ(to_text(Pair{3, 3}), "3");
    EXPECT_EQ(to_text(Pair{3, 1}), "3×1");
    EXPECT_EQ(to_text(true), "on");
    EXPECT_EQ(to_text(0.1), "0.1");
    EXPECT_EQ(to_text(1e-5), "1e−05");
    EXPECT_EQ(to_text(Padding{Padding::Kind::same, {}}), "same");
    EXPECT_EQ(to_text(Choice{"reflect"}), "reflect");
    EXPECT_EQ(to_python(Pair{3, 1}), "(3, 1)");
    EXPECT_EQ(to_python(Pair{2, 2}), "2");
    EXPECT_EQ(to_python(false), "False");
    EXPECT_EQ(to_python(1.0), "1.0");
    EXPECT_EQ(to_python(1e-5), "1e-05");
    EXPECT_EQ(to_python(Padding{Padding::Kind::valid, {}}), "'valid'");
    EXPECT_EQ(to_python(Padding{Padding::Kind::pair, {1, 2}}), "(1, 2)");
}

TEST(Params, AreReadAsPeopleTypeThem) {
    const Value pair = Pair{}, padding = Padding{}, whole = int64_t(), real = 0.0,
                choice = Choice{}, flag = true;
    const std::vector<std::string> modes{"zeros", "reflect"};
    for (const char* text : {"3 1", "3x1", "3×1", "(3, 1)", "[3,1]", "3,1", " 3  ,  1 "})
        EXPECT_EQ(parse_value(text, pair, {}), Value(Pair{3, 1})) << text;
    EXPECT_EQ(parse_value("3", pair, {}), Value(Pair{3, 3}));
    EXPECT_EQ(parse_value("(3,)", pair, {}), Value(Pair{3, 3}));
    EXPECT_EQ(parse_value("−2", whole, {}), Value(int64_t(-2)));
    EXPECT_EQ(parse_value("+2", whole, {}), Value(int64_t(2)));
    EXPECT_EQ(parse_value("Same", padding, {}), Value(Padding{Padding::Kind::same, {}}));
    EXPECT_EQ(parse_value("'valid'", padding, {}), Value(Padding{Padding::Kind::valid, {}}));
    EXPECT_EQ(parse_value("2", padding, {}), pad(2));
    EXPECT_EQ(parse_value("True", flag, {}), Value(true));
    EXPECT_EQ(parse_value("off", flag, {}), Value(false));
    EXPECT_EQ(parse_value("1e-5", real, {}), Value(1e-5));
    EXPECT_EQ(parse_value("reflect", choice, modes), Value(Choice{"reflect"}));
    for (const char* text :
         {"", "x", "3 1 2", "1.5", "99999999999999999999", "3 y", "--3", "+-3", "+", "0x10"}) {
        EXPECT_EQ(parse_value(text, whole, {}), std::nullopt) << text;
        EXPECT_EQ(parse_value(text, pair, {}),
                  text == std::string("0x10") ? std::optional<Value>(Pair{0, 10}) : std::nullopt)
            << text;
    }
    const Value none_pair = std::optional<Pair>(), none_scale = std::optional<Scale>();
    EXPECT_EQ(parse_value("None", none_pair, {}), none_pair);
    EXPECT_EQ(parse_value("3 x 1", none_pair, {}), Value(std::optional(Pair{3, 1})));
    EXPECT_EQ(parse_value("many", none_pair, {}), std::nullopt);
    EXPECT_EQ(parse_value("(1.5, 2)", none_scale, {}), Value(std::optional(Scale{1.5, 2})));
    EXPECT_EQ(parse_value("2", none_scale, {}), Value(std::optional(Scale{2, 2})));
    EXPECT_EQ(parse_value("", none_scale, {}), std::nullopt);
    EXPECT_EQ(to_text(none_pair), "none");
    EXPECT_EQ(to_python(none_scale), "None");
    EXPECT_EQ(to_python(std::optional(Scale{1.5, 2})), "(1.5, 2)");
    EXPECT_EQ(to_text(std::optional(Scale{0.5, 0.5})), "0.5");
    EXPECT_EQ(parse_value("nan", real, {}), std::nullopt);
    EXPECT_EQ(parse_value("1e999", real, {}), std::nullopt);
    EXPECT_EQ(parse_value("circular", choice, modes), std::nullopt);
    EXPECT_EQ(parse_value("2", flag, {}), std::nullopt);
}

TEST(NumberText, IsShort) {
    EXPECT_EQ(number_text(-2), "−2");
    EXPECT_EQ(number_text(0.125), "0.125");
    EXPECT_EQ(number_text(-0.0), "0");
    EXPECT_EQ(number_text(1.0 / 3), "0.3333");
    EXPECT_EQ(number_text(12345.678), "12346");
    EXPECT_EQ(number_text(1.3e-12), "1.3e−12");
    EXPECT_EQ(number_text(2e9), "2e09");
    EXPECT_EQ(number_text(std::nan("")), "NaN");
    EXPECT_EQ(number_text(-HUGE_VAL), "−∞");
    EXPECT_EQ(grouped_text(268435456), "268,435,456");
    EXPECT_EQ(grouped_text(-1000), "−1,000");
    EXPECT_EQ(grouped_text(999), "999");
}

// The expected values were computed by another program (Python integers) from splitmix64's published constants.
TEST(Generate, RandomValuesAreTheSameEverywhere) {
    EXPECT_EQ(list(generate("integers 0–9", 1, {1, 1, 3, 3})),
              (std::vector<float>{2, 0, 9, 8, 6, 1, 0, 5, 7}));
    EXPECT_EQ(list(generate("integers −2–2", 1, {1, 1, 3, 3})),
              (std::vector<float>{-1, -2, 2, 2, 1, -2, -2, 0, 1}));
    EXPECT_EQ(list(generate("integers 0–9", 5, {1, 2, 2, 2})),
              (std::vector<float>{0, 8, 4, 6, 3, 4, 0, 1}));
    EXPECT_EQ(list(generate("uniform", 7, {1, 1, 1, 3})),
              (std::vector<float>{0.04531151056289673f, 0.542178750038147f, 0.8560834527015686f}));
    EXPECT_EQ(
        list(generate("normal", 7, {1, 1, 1, 3})),
        (std::vector<float>{-0.3322458565235138f, -1.6933788061141968f, -0.23009327054023743f}));
}

TEST(Generate, KindsAreWhatTheirNamesSay) {
    EXPECT_EQ(generator_kinds().size(), 10u);
    EXPECT_EQ(list(generate("impulse", 0, {1, 1, 3, 3})),
              (std::vector<float>{0, 0, 0, 0, 1, 0, 0, 0, 0}));
    EXPECT_EQ(list(generate("gradient", 0, {1, 1, 2, 3})),
              (std::vector<float>{0, 1.0f / 3, 2.0f / 3, 1.0f / 3, 2.0f / 3, 1}));
    EXPECT_EQ(list(generate("gradient", 0, {1, 1, 1, 1})), (std::vector<float>{0}));
    EXPECT_EQ(list(generate("checkerboard", 0, {1, 1, 2, 2})), (std::vector<float>{1, 0, 0, 1}));
    EXPECT_EQ(list(generate("arange", 0, {1, 2, 1, 2})), (std::vector<float>{0, 1, 2, 3}));
    EXPECT_EQ(list(generate("ones", 0, {1, 1, 1, 2})), (std::vector<float>{1, 1}));
    EXPECT_EQ(list(generate("no such kind", 0, {1, 1, 1, 2})), (std::vector<float>{0, 0}));
    double sum = 0, squares = 0;
    for (const float v : list(generate("normal", 3, {1, 1, 200, 200})))
        sum += v, squares += double(v) * v;
    EXPECT_NEAR(sum / 40000, 0, 0.02);
    EXPECT_NEAR(squares / 40000, 1, 0.03);
    for (const float v : list(generate("uniform", 3, {1, 1, 100, 100})))
        ASSERT_TRUE(v >= 0 && v < 1);
}

TEST(Generate, ALargerShapeKeepsTheValues) {
    const Tensor small = generate("normal", 9, {1, 2, 3, 3}),
                 large = generate("normal", 9, {2, 3, 5, 4});
    for (int64_t i = 0; i < small.shape().count(); ++i)
        EXPECT_EQ(small.at(small.shape().index(i)), large.at(small.shape().index(i)));
}

TEST(SizeProblem, NamesWhatCannotBe) {
    EXPECT_FALSE(size_problem({1, 1, 7, 7}, "The input"));
    EXPECT_FALSE(size_problem({1, 1, 16384, 16384}, "The input"));
    EXPECT_EQ(
        size_problem({1, 1, 16384, 16385}, "The input")->whole(),
        "The input of 1×1×16384×16385 is too large. One tensor may hold up to 268,435,456 values.");
    EXPECT_TRUE(size_problem({1, 0, 7, 7}, "The input"));
    EXPECT_TRUE(size_problem({-1, -1, 7, 7}, "The input"));
    const int64_t most = std::numeric_limits<int64_t>::max();
    EXPECT_TRUE(size_problem({most, most, most, most}, "The input"));
    EXPECT_TRUE(size_problem({1, 1, std::numeric_limits<int64_t>::min(), 2}, "The input"));
}

TEST(Document, StandardIsThePicture) {
    const Document document = standard_document();
    EXPECT_EQ(document.name, "Emboss on random integers");
    EXPECT_EQ(list(document.input.tensor),
              (std::vector<float>{3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2,
                                  3, 8, 4, 6, 2, 6, 4, 3, 3, 8, 3, 2, 7, 9, 5, 0, 2,
                                  8, 8, 4, 1, 9, 7, 1, 6, 9, 3, 9, 9, 3, 7, 5}));
    EXPECT_EQ(list(weight(document)), (std::vector<float>{-2, -1, 0, -1, 1, 1, 0, 1, 2}));
    EXPECT_EQ(document.layers[0].weights.size(), 1u);
    EXPECT_EQ(document.layers[0].op->card(document.layers[0].params), "3×3 s2 p1");
}

TEST(Document, KernelSizeKeepsTheCentre) {
    Document document = standard_document();
    document = with_param(document, 0, "kernel_size", Pair{5, 5});
    EXPECT_EQ(list(weight(document)), (std::vector<float>{0, 0, 0, 0, 0, 0, -2, -1, 0, 0, 0, -1, 1,
                                                          1, 0, 0, 0, 1, 2, 0,  0,  0, 0, 0, 0}));
    document = with_param(document, 0, "kernel_size", Pair{3, 3});
    EXPECT_EQ(list(weight(document)), list(weight(standard_document())));
    document = with_param(document, 0, "kernel_size", Pair{4, 1});
    EXPECT_EQ(list(weight(document)), (std::vector<float>{-1, 1, 1, 0}));
}

TEST(Document, ImpossibleParametersLeaveTheWeights) {
    const Document before = standard_document();
    Document document = with_param(before, 0, "kernel_size", Pair{99, 99});
    ASSERT_TRUE(plan_only(document).problem);
    EXPECT_TRUE(weight(document).same_as(weight(before)));
    document = with_param(document, 0, "groups", int64_t(-7));
    document = with_param(document, 0, "out_channels", std::numeric_limits<int64_t>::max());
    document = with_param(document, 0, "stride", Pair{0, std::numeric_limits<int64_t>::min()});
    document = with_param(document, 0, "groups", int64_t(1));
    document = with_param(document, 0, "out_channels", int64_t(1));
    document = with_param(document, 0, "stride", Pair{2, 2});
    document = with_param(document, 0, "kernel_size", Pair{3, 3});
    EXPECT_FALSE(plan_only(document).problem);
    EXPECT_TRUE(weight(document).same_as(weight(before)));
}

TEST(Document, MoreChannelsAreSeededAndOldOnesStay) {
    Document document = with_param(standard_document(), 0, "out_channels", int64_t(3));
    ASSERT_EQ(weight(document).shape(), (Shape{3, 1, 3, 3}));
    EXPECT_EQ(kernel_name(weight(document), {0, 0, 0, 0}), "Emboss");
    bool any = false;
    for (int64_t i = 9; i < 27; ++i) {
        const float v = weight(document).values()[static_cast<size_t>(i)];
        EXPECT_TRUE(v == std::round(v) && v >= -2 && v <= 2);
        any |= v != 0;
    }
    EXPECT_TRUE(any);
    const Tensor grown = weight(document);
    document = with_param(document, 0, "out_channels", int64_t(2));
    document = with_param(document, 0, "out_channels", int64_t(3));
    EXPECT_EQ(list(weight(document)), list(grown));
    document = with_param(document, 0, "bias", true);
    EXPECT_EQ(weight(document, 0, 1).shape(), (Shape{1, 3, 1, 1}));
    EXPECT_EQ(list(weight(document, 0, 1)), (std::vector<float>{0, 0, 0}));
    document = with_weight(document, 0, 1, Tensor({1, 3, 1, 1}, {1, 2, 3}));
    document = with_param(document, 0, "out_channels", int64_t(4));
    EXPECT_EQ(list(weight(document, 0, 1)), (std::vector<float>{1, 2, 3, 0}));
}

TEST(Document, LaterChannelsFollow) {
    Document document = chain();
    ASSERT_FALSE(plan_only(document).problem);
    document = with_param(document, 0, "out_channels", int64_t(5));
    EXPECT_EQ(param(document, 1, "in_channels"), Value(int64_t(5)));
    EXPECT_EQ(weight(document, 1).shape().n, 5);
    EXPECT_FALSE(plan_only(document).problem);
    // Through an impossible state: the later layer catches up when the earlier one can be again.
    document = with_param(document, 0, "kernel_size", Pair{50, 50});
    document = with_param(document, 0, "out_channels", int64_t(3));
    EXPECT_EQ(param(document, 1, "in_channels"), Value(int64_t(5)));
    document = with_param(document, 0, "kernel_size", Pair{3, 3});
    EXPECT_EQ(param(document, 1, "in_channels"), Value(int64_t(3)));
    EXPECT_FALSE(plan_only(document).problem);
    // A person's own wrong number stays while the channels that flow in stay.
    document = with_param(document, 1, "in_channels", int64_t(4));
    document = with_param(document, 0, "stride", Pair{2, 2});
    EXPECT_EQ(param(document, 1, "in_channels"), Value(int64_t(4)));
}

TEST(Document, InputChannelsDrawTheFirstLayerAlong) {
    Document document =
        with_input(standard_document(), generated_input("uniform", 3, {2, 3, 8, 8}));
    EXPECT_EQ(param(document, 0, "in_channels"), Value(int64_t(3)));
    EXPECT_EQ(weight(document).shape(), (Shape{1, 3, 3, 3}));
    EXPECT_EQ(kernel_name(weight(document), {0, 0, 0, 0}), "Emboss");
    EXPECT_FALSE(plan_only(document).problem);
}

TEST(Document, InputShapeKeepsOrGenerates) {
    Document document = with_input_shape(standard_document(), {1, 1, 8, 6});
    const Tensor& typed = document.input.tensor;
    EXPECT_EQ(typed.shape(), (Shape{1, 1, 8, 6}));
    EXPECT_EQ(typed.at({0, 0, 1, 5}), 9);
    EXPECT_EQ(typed.at({0, 0, 7, 0}), 0);

    document = with_input(document, generated_input("integers 0–9", 4, {1, 1, 3, 3}));
    document = with_input_shape(document, {1, 1, 5, 5});
    EXPECT_EQ(list(document.input.tensor), list(generate("integers 0–9", 4, {1, 1, 5, 5})));
    EXPECT_EQ(document.input.origin, Origin(Generated{"integers 0–9", 4}));

    for (const Shape shape : {Shape{1, 1, 0, 5}, Shape{1, 1, -3, 5}, Shape{1, 1, 100000, 100000},
                              Shape{std::numeric_limits<int64_t>::max(), 9, 9, 9}})
        EXPECT_EQ(with_input_shape(document, shape), document);
}

TEST(Document, AGivenGradientFollowsTheOutput) {
    Document document = standard_document();
    document.start.tensor = Tensor({1, 1, 4, 4}, 2.0f);
    document = with_param(document, 0, "stride", Pair{1, 1});
    EXPECT_EQ(document.start.tensor.shape(), (Shape{1, 1, 7, 7}));
    EXPECT_EQ(document.start.tensor.at({0, 0, 3, 3}), 2);
    EXPECT_EQ(document.start.tensor.at({0, 0, 4, 0}), 0);
}

TEST(Document, ChannelNamesFollowTheKernels) {
    Document document = image_document(generated_input("uniform", 1, {1, 1, 9, 9}));
    document = with_kernel(document, 0, {1, 0, 0, 0}, "Sharpen");
    EXPECT_EQ(document.layers[0].channel_names[0], "Sobel x");
    EXPECT_EQ(document.layers[0].channel_names[1], "Sharpen");
    EXPECT_EQ(document.layers[0].channel_names[6],
              "Blur");  // the bank's, not a preset of that name
    Tensor edited = weight(document);
    edited.set({2, 0, 0, 0}, 5);
    document = with_weight(document, 0, 0, edited);
    EXPECT_EQ(document.layers[0].channel_names[2], "channel 2");
    document = with_param(document, 0, "out_channels", int64_t(9));
    ASSERT_EQ(document.layers[0].channel_names.size(), 9u);
    EXPECT_EQ(document.layers[0].channel_names[8], "channel 8");
    document = with_param(document, 0, "out_channels", int64_t(2));
    EXPECT_EQ(document.layers[0].channel_names, (std::vector<std::string>{"Sobel x", "Sharpen"}));
}

TEST(DescribeChange, NamesWhatAPersonDid) {
    const Document d = standard_document();
    EXPECT_EQ(describe_change(d, d), "");
    EXPECT_EQ(describe_change(d, with_param(d, 0, "stride", Pair{1, 1})), "stride 2 → 1");
    EXPECT_EQ(describe_change(d, with_param(d, 0, "kernel_size", Pair{5, 3})),
              "kernel_size 3 → 5×3");
    EXPECT_EQ(describe_change(d, with_param(d, 0, "bias", true)), "bias off → on");
    EXPECT_EQ(describe_change(
                  d, with_param(with_param(d, 0, "stride", Pair{1, 1}), 0, "padding", pad(0))),
              "stride 2 → 1, padding 1 → 0");

    Tensor cells = d.input.tensor;
    cells.set({0, 0, 2, 3}, 7);
    EXPECT_EQ(describe_change(d, with_input(d, {cells, {}})), "input (2, 3) 3 → 7");
    cells.set({0, 0, 0, 0}, -0.5f);
    cells.set({0, 0, 6, 6}, 8);
    EXPECT_EQ(describe_change(d, with_input(d, {cells, {}})), "3 cells of input");
    EXPECT_EQ(describe_change(d, with_input_shape(d, {1, 1, 9, 9})), "input 7×7 → 9×9");
    EXPECT_EQ(describe_change(d, with_input_shape(d, {1, 3, 7, 7})), "input 1×1×7×7 → 1×3×7×7");
    const Document random = with_input(d, generated_input("uniform", 1, {1, 1, 7, 7}));
    EXPECT_EQ(describe_change(d, random), "input typed values → uniform");
    EXPECT_EQ(
        describe_change(random, with_input(random, generated_input("uniform", 2, {1, 1, 7, 7}))),
        "input seed 1 → 2");
    EXPECT_EQ(
        describe_change(d, with_input(d, {cells, FromImage{"/home/me/photo.jpg", true, 0, ""}})),
        "opened photo.jpg");

    EXPECT_EQ(describe_change(d, with_kernel(d, 0, {}, "Box blur")), "kernel Emboss → Box blur");
    Tensor kernel = weight(d);
    kernel.set({0, 0, 1, 1}, 4);
    const Document own = with_weight(d, 0, 0, kernel);
    EXPECT_EQ(describe_change(d, own), "kernel (1, 1) 1 → 4");
    EXPECT_EQ(describe_change(own, with_kernel(own, 0, {}, "Outline")), "kernel → Outline");
    const Document biased = with_param(d, 0, "bias", true);
    EXPECT_EQ(describe_change(biased, with_weight(biased, 0, 1, Tensor({1, 1, 1, 1}, 2.0f))),
              "bias 0 → 2");

    const Document two = chain();
    Document one = two;
    one.layers.pop_back();
    EXPECT_EQ(describe_change(one, two), "added ConvTranspose2d");
    EXPECT_EQ(describe_change(two, one), "removed ConvTranspose2d");
    EXPECT_EQ(describe_change(two, with_param(two, 1, "stride", Pair{3, 2})),
              "layer 2 stride 1 → 3×2");
    // Channels that follow are not what the person did.
    EXPECT_EQ(describe_change(two, with_param(two, 0, "out_channels", int64_t(4))),
              "layer 1 out_channels 2 → 4");

    Document started = d;
    started.start.seed = 9;
    EXPECT_EQ(describe_change(d, started), "grad_output seed 1 → 9");
    Document named = d;
    named.name = "Mine";
    EXPECT_EQ(describe_change(d, named), "name Emboss on random integers → Mine");
    EXPECT_EQ(describe_change(d, document_presets()[1].make()),
              "opened Transposed 2×2, separate stamps");
}

TEST(DescribeChange, SeesNaNAndNegativeZero) {
    const Document d = with_input(standard_document(), {Tensor({1, 1, 3, 3}, 0.0f), {}});
    Tensor cells = d.input.tensor;
    cells.set({0, 0, 0, 0}, std::nanf(""));
    const Document broken = with_input(d, {cells, {}});
    EXPECT_EQ(describe_change(d, broken), "input (0, 0) 0 → NaN");
    Tensor copy({1, 1, 3, 3}, std::vector<float>(cells.values().begin(), cells.values().end()));
    EXPECT_EQ(describe_change(broken, with_input(broken, {copy, {}})), "");
}

}  // namespace
}  // namespace convscope
