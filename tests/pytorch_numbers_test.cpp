// The numbers that go with PyTorch text: texts of tensors, what is filled in without them, and wrong shapes.
#include <gtest/gtest.h>

#include "core/evaluate.h"
#include "core/pytorch_read.h"

namespace convscope {
namespace {

Document read(std::string_view text, const PytorchOptions& options = {}) {
    const PytorchResult result = read_pytorch(text, options);
    EXPECT_TRUE(result.ok()) << text << "\n" << result.error;
    return result.document;
}

TEST(PytorchNumbers, DefaultsAreSmallSeededAndPossible) {
    const Document one = read("nn.Conv2d(3, 8, 3, stride=2, padding=1)");
    EXPECT_EQ(one.input.tensor.shape(), (Shape{1, 3, 7, 7}));
    EXPECT_TRUE(std::ranges::equal(one.input.tensor.values(),
                                   generate("integers 0–9", 1, {1, 3, 7, 7}).values()));
    ASSERT_EQ(one.layers[0].weights.size(), 2u);
    EXPECT_EQ(one.layers[0].weights[0].shape(), (Shape{8, 3, 3, 3}));
    float low = 0, high = 0;
    for (const float v : one.layers[0].weights[0].values()) {
        EXPECT_EQ(v, std::trunc(v));
        low = std::min(low, v), high = std::max(high, v);
    }
    EXPECT_EQ(low, -2);
    EXPECT_EQ(high, 2);
    for (const float v : one.layers[0].weights[1].values()) EXPECT_EQ(v, 0);
    const Document again = read("nn.Conv2d(3, 8, 3, stride=2, padding=1)");
    EXPECT_TRUE(
        std::ranges::equal(one.layers[0].weights[0].values(), again.layers[0].weights[0].values()));

    const auto side = [](const char* text) {
        const Document document = read(text);
        EXPECT_EQ(document.input.tensor.shape().h, document.input.tensor.shape().w);
        return document.input.tensor.shape().h;
    };
    EXPECT_EQ(side("nn.Conv2d(1, 1, 7)"), 7);
    EXPECT_EQ(side("nn.Conv2d(1, 1, 8)"), 8);
    EXPECT_EQ(side("nn.Sequential(nn.Conv2d(1, 1, 5), nn.Conv2d(1, 1, 5))"), 9);
    EXPECT_EQ(side("nn.Conv2d(1, 1, 11)"), 12);
    EXPECT_EQ(side("nn.Conv2d(1, 1, 63)"), 64);
    EXPECT_EQ(side("nn.Conv2d(1, 1, 100)"), 224);
    // Nothing helps: 7×7, and evaluate says why.
    EXPECT_EQ(side("nn.Conv2d(1, 1, 300)"), 7);
    EXPECT_TRUE(plan_only(read("nn.Conv2d(1, 1, 300)")).problem.has_value());
    EXPECT_TRUE(plan_only(read("nn.Sequential(nn.Conv2d(1, 2, 3), nn.Conv2d(3, 1, 3))"))
                    .problem.has_value());
}

TEST(PytorchNumbers, InputWeightAndBiasAreTaken) {
    // The transposed layer of the flashcards: [[0,1],[2,3]] through [[2,3],[4,5]], stride 1, worked by hand.
    const Document document =
        read("nn.ConvTranspose2d(1, 1, 2)", {"[[1, 0], [2, 3]]", "[[2, 3], [4, 5]]", "[10]", {}});
    const auto result = evaluate(document);
    ASSERT_TRUE(result.has_value());
    ASSERT_FALSE(result->problem.has_value());
    const float wanted[] = {12, 13, 10, 18, 27, 19, 18, 32, 25};
    EXPECT_TRUE(std::ranges::equal(result->layers[0].output().values(), wanted));

    EXPECT_EQ(read("nn.Conv2d(3, 1, 3)", {"5x6", "", "", {}}).input.tensor.shape(),
              (Shape{1, 3, 5, 6}));
    EXPECT_EQ(read("nn.Conv2d(3, 1, 3)", {"3x5x6", "", "", {}}).input.tensor.shape(),
              (Shape{1, 3, 5, 6}));
    EXPECT_EQ(read("nn.Conv2d(3, 1, 3)", {" 2×3×5×6\n", "", "", {}}).input.tensor.shape(),
              (Shape{2, 3, 5, 6}));
    EXPECT_EQ(read("nn.Conv2d(3, 1, 3)", {"torch.arange(75).view(3, 5, 5)", "", "", {}})
                  .input.tensor.shape(),
              (Shape{1, 3, 5, 5}));
    EXPECT_EQ(read("nn.Sequential(nn.Conv2d(1, 1, 3, bias=False), nn.Conv2d(1, 2, 1))",
                   {"", "", "[3, 4]", {}})
                  .layers[1]
                  .weights[1]
                  .values()[1],
              4);

    const PytorchOptions files{"in.npy", "w.npy", "b.npy",
                               [](const std::string& path, std::string& error) {
                                   std::optional<Tensor> tensor;
                                   if (path == "in.npy") tensor = Tensor({1, 1, 4, 4}, 2.0f);
                                   if (path == "w.npy") tensor = Tensor({2, 1, 3, 3}, 1.0f);
                                   if (path == "b.npy") tensor = Tensor({1, 1, 1, 2}, {5, 6});
                                   if (!tensor) error = path + " is not there.";
                                   return tensor;
                               }};
    const Document loaded = read("nn.Conv2d(1, 2, 3)", files);
    EXPECT_EQ(evaluate(loaded)->layers[0].output().at({0, 1, 0, 0}), 9 * 2 + 6);
    PytorchOptions lost = files;
    lost.weight = "lost (1).npy";
    EXPECT_EQ(read_pytorch("nn.Conv2d(1, 2, 3)", lost).error, "weight: lost (1).npy is not there.");
}

TEST(PytorchNumbers, WrongNumbersSayWhatWasNeeded) {
    struct Case {
        const char *text, *input, *weight, *bias, *error;
        int column;
    };
    const Case cases[] = {
        {"nn.Conv2d(1, 1, 3)", "5", "", "",
         "input: It is a single number; H×W, C×H×W or N×C×H×W is needed.", 0},
        {"nn.Conv2d(1, 1, 3)", "[1, 2]", "", "",
         "input: It is a single row; H×W, C×H×W or N×C×H×W is needed.", 0},
        {"nn.Conv2d(1, 1, 3)", "[[1, 2], [3]]", "", "",
         "input: Line 1, column 10: this list has 1 number, the first one has 2.", 10},
        {"nn.Conv2d(1, 1, 3)", "0x7", "", "",
         "input: The input of 1×1×0×7 holds no values. Every extent must be 1 or more.", 0},
        {"nn.Conv2d(1, 1, 3)", "99999999999999999999999x7", "", "",
         "input: The input of 1×1×9223372036854775807×7 is too large. One tensor may hold up to "
         "268,435,456 values.",
         0},
        {"nn.Conv2d(1, 1, 3)", "16384x16384", "", "",
         "input: 1×1×16384×16384 holds 268,435,456 values; up to 67,108,864 are filled in.", 0},
        {"nn.Conv2d(1, 2, 3)", "", "[[1, 2], [3, 4]]", "",
         "weight: It is 2×2; the weight of Conv2d is 2×1×3×3.", 0},
        {"nn.Conv2d(1, 1, 3)", "", "[[1, 2], [3, 4]]", "",
         "weight: It is 2×2; the weight of Conv2d is 1×1×3×3.", 0},
        {"nn.Conv2d(1, 1, 3)", "", "torch.zeros(1, 3, 3)", "",
         "weight: It is 1×3×3; the weight of Conv2d is 1×1×3×3.", 0},
        {"nn.Conv2d(1, 2, 3)", "", "", "[1, 2, 3]", "bias: It is 3; the bias of Conv2d is 2.", 0},
        {"nn.Conv2d(1, 2, 3)", "", "", "[[1, 2]]", "bias: It is 1×2; the bias of Conv2d is 2.", 0},
        {"nn.Conv2d(1, 2, 3, bias=False)", "", "", "[1, 2]",
         "bias: No layer has a bias; leave it out.", 0},
        {"nn.Conv2d(1, 1, 3)", "photo.png", "", "",
         "input: Line 1, column 1: a number or a list was expected, but “photo.png” was found.", 1},
    };
    for (const Case& c : cases) {
        const PytorchResult result = read_pytorch(c.text, {c.input, c.weight, c.bias, {}});
        EXPECT_EQ(result.error, c.error);
        EXPECT_EQ(result.column, c.column) << c.error;
        EXPECT_EQ(result.option, result.error.substr(0, result.error.find(':')));
    }
}

TEST(PytorchNumbers, TensorTexts) {
    struct Case {
        const char* text;
        int rank;
        Shape shape;
        std::vector<float> values;
    };
    const Case cases[] = {
        {"5", 0, {1, 1, 1, 1}, {5}},
        {"-1_000.5", 0, {1, 1, 1, 1}, {-1000.5f}},
        {"float('inf')", 0, {1, 1, 1, 1}, {INFINITY}},
        {"[1, -2, 3e0,]", 1, {1, 1, 1, 3}, {1, -2, 3}},
        {"(1, 2)", 1, {1, 1, 1, 2}, {1, 2}},
        {"[−1, +2, .5, True]", 1, {1, 1, 1, 4}, {-1, 2, .5f, 1}},
        {"[inf, -inf, -float(\"inf\"), torch.inf, float('-inf')]",
         1,
         {1, 1, 1, 5},
         {INFINITY, -INFINITY, -INFINITY, INFINITY, -INFINITY}},
        {"[[1, 2],\n [3, 4]]  # rows\n", 2, {1, 1, 2, 2}, {1, 2, 3, 4}},
        {"[[[1, 2]], [[3, 4]]]", 3, {1, 2, 1, 2}, {1, 2, 3, 4}},
        {"[[[[1], [2]]], [[[3], [4]]]]", 4, {2, 1, 2, 1}, {1, 2, 3, 4}},
        {"torch.tensor([[1., 2.], [3., 4.]], dtype=torch.float32, requires_grad=True)",
         2,
         {1, 1, 2, 2},
         {1, 2, 3, 4}},
        {"tensor([7.])", 1, {1, 1, 1, 1}, {7}},
        {"nn.Parameter(torch.tensor([1, 2]))", 1, {1, 1, 1, 2}, {1, 2}},
        {"np.array([[1, 2]])", 2, {1, 1, 1, 2}, {1, 2}},
        {"torch.zeros(2, 3)", 2, {1, 1, 2, 3}, {0, 0, 0, 0, 0, 0}},
        {"torch.ones((1, 1, 1, 2), dtype=torch.float)", 4, {1, 1, 1, 2}, {1, 1}},
        {"torch.full(size=(2,), fill_value=-inf)", 1, {1, 1, 1, 2}, {-INFINITY, -INFINITY}},
        {"torch.eye(2)", 2, {1, 1, 2, 2}, {1, 0, 0, 1}},
        {"torch.eye(1, 3)", 2, {1, 1, 1, 3}, {1, 0, 0}},
        {"torch.arange(4)", 1, {1, 1, 1, 4}, {0, 1, 2, 3}},
        {"torch.arange(1, 2, .25)", 1, {1, 1, 1, 4}, {1, 1.25f, 1.5f, 1.75f}},
        {"torch.arange(3, 0, -1.).float()", 1, {1, 1, 1, 3}, {3, 2, 1}},
        {"torch.arange(6).reshape(2, -1)", 2, {1, 1, 2, 3}, {0, 1, 2, 3, 4, 5}},
        {"torch.arange(4.).view((1, 1, 2, 2))", 4, {1, 1, 2, 2}, {0, 1, 2, 3}},
        {"torch.tensor([[1, 2], [3, 4]]) / 4", 2, {1, 1, 2, 2}, {.25f, .5f, .75f, 1}},
        {"[1, 2] * 0.5", 1, {1, 1, 1, 2}, {.5f, 1}},
    };
    for (const Case& c : cases) {
        const TensorText read = read_tensor_text(c.text);
        EXPECT_EQ(read.error, "") << c.text;
        EXPECT_EQ(read.rank, c.rank) << c.text;
        EXPECT_EQ(read.tensor.shape(), c.shape) << c.text;
        EXPECT_TRUE(std::ranges::equal(read.tensor.values(), c.values)) << c.text;
    }
    EXPECT_TRUE(std::isnan(read_tensor_text("float('nan')").tensor.values()[0]));
    EXPECT_TRUE(std::isnan(read_tensor_text("[nan, 1]").tensor.values()[0]));
    EXPECT_FALSE(read_extents("7").value().empty());
    EXPECT_EQ(read_extents("1x2X3×4"), (std::vector<int64_t>{1, 2, 3, 4}));
    for (const char* text : {"", "x", "7x", "x7", "7x7x7x7x7", "7 x 7", "7x7.npy", "-7x7"})
        EXPECT_FALSE(read_extents(text).has_value()) << text;
}

struct Bad {
    const char* text;
    int line, column;
    const char* says;
};

TEST(PytorchNumbers, TensorTextsRefused) {
    const Bad cases[] = {
        {"", 1, 1, "a number was expected, but the text ends"},
        {"[]", 1, 1, "the list is empty"},
        {"[[1, 2], []]", 1, 10, "the list is empty"},
        {"[[1, 2],\n [3]]", 2, 2, "this list has 1 number, the first one has 2"},
        {"[[[1]], [[2], [3]]]", 1, 9, "this list has 2 entries, the first one has 1"},
        {"[1, [2]]", 1, 5, "lists and numbers are mixed"},
        {"[[1], 2]", 1, 7, "lists and numbers are mixed"},
        {"[[[[[1]]]]]", 1, 5, "lists are 5 deep here; at most 4 levels are read"},
        {"[1 2]", 1, 4, "“,” or “]” was expected, but “2”"},
        {"[1, 2", 1, 6, "“,” or “]” was expected, but the text ends"},
        {"[1, 2)", 1, 6, "but “)” was found"},
        {"[1, x]", 1, 5, "a number was expected, but “x”"},
        {"[1, 1.2.3]", 1, 5, "“1.2.3” is no number"},
        {"[1, 1e39]", 1, 5, "“1e39” is beyond float32"},
        {"[1, 2] [3]", 1, 8, "the end of the text was expected"},
        {"[1] / 0", 1, 7, "divides by zero"},
        {"torch.randn(3, 3)", 1, 1, "gives other numbers every time"},
        {"torch.load('w.pt')", 1, 1, "“torch.load” is not read"},
        {"os.system('ls')", 1, 1, "nothing is executed"},
        {"torch.zeros(0)", 1, 13, "an extent must be a whole number of 1 or more"},
        {"torch.zeros()", 1, 1, "0 extents are given"},
        {"torch.zeros(1, 1, 1, 1, 1)", 1, 1, "5 extents are given; 1 to 4 are read"},
        {"torch.zeros(99999, 99999)", 1, 1, "99999×99999 is too large"},
        {"torch.zeros(2, device='cuda')", 1, 16, "“device” is not read"},
        {"torch.tensor([1], dtype=torch.int64)", 1, 25, "dtype=torch.int64 is not read"},
        {"torch.full((2, 2))", 1, 1, "torch.full takes a shape and a number"},
        {"torch.full((2, 2), 'x')", 1, 20, "the value must be a number"},
        {"torch.eye(1, 2, 3)", 1, 1, "torch.eye takes one or two numbers"},
        {"torch.arange(0)", 1, 1, "holds no values"},
        {"torch.arange(1, 2, 0)", 1, 1, "holds no values"},
        {"torch.arange(inf)", 1, 14, "the end must be a number"},
        {"torch.arange(0, 1, 1e-300)", 1, 1, "more than 268,435,456 values"},
        {"torch.arange(12).reshape(5, 2)", 1, 18, "12 values cannot be put into 5×2"},
        {"torch.arange(12).reshape(-1, 5)", 1, 18, "12 values cannot be put into −1×5"},
        {"torch.arange(12).reshape(-1, -1)", 1, 18, "only one extent can be −1"},
        {"torch.arange(12).t()", 1, 18, "“t” is not read; reshape, view and float are"},
    };
    for (const Bad& bad : cases) {
        const TensorText read = read_tensor_text(bad.text);
        EXPECT_NE(read.error.find(bad.says), std::string::npos) << bad.text << "\n" << read.error;
        EXPECT_EQ(read.line, bad.line) << bad.text << "\n" << read.error;
        EXPECT_EQ(read.column, bad.column) << bad.text << "\n" << read.error;
    }
    std::string many = "[";
    for (int64_t i = 0; i <= kMaxLiteralValues; ++i) many += "1,";
    EXPECT_NE(read_tensor_text(many + "]").error.find("more than 1,000,000 numbers"),
              std::string::npos);
}

}  // namespace
}  // namespace convscope
