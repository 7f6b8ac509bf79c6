// What people have on a clipboard becomes the numbers they see, or a sentence that says where and what.
#include "core/io/paste.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>

namespace convscope {
namespace {

const float kNan = std::nanf(""), kInf = INFINITY;

void expect_values(std::string_view text, Shape shape, const std::vector<float>& values) {
    const PasteResult result = parse_numbers(text);
    ASSERT_EQ(result.error, "") << text;
    ASSERT_EQ(result.tensor.shape(), shape) << text << " gave " << to_string(result.tensor.shape());
    for (size_t i = 0; i < values.size(); ++i) {
        const float value = result.tensor.values()[i];
        if (std::isnan(values[i])) {
            EXPECT_TRUE(std::isnan(value)) << text;
        } else {
            EXPECT_EQ(value, values[i]) << text << " at " << i;
        }
    }
}

void expect_error(std::string_view text, std::string_view error) {
    const PasteResult result = parse_numbers(text);
    EXPECT_EQ(result.error, error) << text;
    EXPECT_TRUE(result.tensor.empty());
}

const std::vector<float> kFour{1, 2, 3, 4};
constexpr Shape kTwoByTwo{1, 1, 2, 2};

TEST(Paste, TablesOfEverySeparator) {
    for (const char* text :
         {"1\t2\n3\t4", "1\t2\r\n3\t4\r\n", "1\t2\r3\t4\r", "1,2\n3,4\n", "1, 2\n3, 4", "1;2\n3;4",
          "1 2\n3 4", "  1   2 \n 3 4  ", "\n\n1 2\n3 4\n\n", "1,2,\n3,4,\n", "1\t2\t\n3\t4\t\n",
          "\"1\",\"2\"\n\"3\",\"4\"", "\uFEFF1,2\n3,4", "1\u00A02\n3\u202F4",
          "1.0e0 20e-1\n.3e1 4.", "+1 2\n0003 4", "1 2\n\n3 4\n"})
        expect_values(text, kTwoByTwo, kFour);
    expect_values("5", {1, 1, 1, 1}, {5});
    expect_values("1 2 3", {1, 1, 1, 3}, {1, 2, 3});
    expect_values("1\n2\n3\n", {1, 1, 3, 1}, {1, 2, 3});
    // Blocks of equal size between blank lines are channels.
    expect_values("1 2\n3 4\n\n5 6\n7 8\n", {1, 2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
    expect_error("1 2\n3 4\n\n5 6\n",
                 "Block 2 has 1 row, block 1 has 2; blocks between blank lines become channels.");
}

TEST(Paste, DecimalCommas) {
    expect_values("1,5;2\n3;4,25", kTwoByTwo, {1.5f, 2, 3, 4.25f});
    expect_values("1,5\t2\n3\t4,25", kTwoByTwo, {1.5f, 2, 3, 4.25f});
    expect_values("0,125\t1,125", {1, 1, 1, 2},
                  {0.125f, 1.125f});  // 0,125 is no 125, so 1,125 is no 1125
    expect_values("1,125;2,125", {1, 1, 1, 2}, {1.125f, 2.125f});
    expect_values("\u22121,5;2", {1, 1, 1, 2}, {-1.5f, 2});
    expect_error("1,125\t2,125",
                 "Line 1, column 1: “1,125” may be 1.125 or 1125; write one of them.");
    expect_error(
        "2\n1,234;5.6",
        "Line 2, column 1: “1,234” has a comma where other numbers have a point; write numbers "
        "with a point only.");
    expect_error(
        "1,5 2,5",
        "Line 1, column 3: “5 2” is not a number; separate numbers by commas or by spaces, not by "
        "both.");
}

TEST(Paste, NumbersOfEverySpelling) {
    expect_values("-1 \u22122 1e3 1E-3 1_000 nan inf -inf Infinity NaN", {1, 1, 1, 10},
                  {-1, -2, 1000, 0.001f, 1000, kNan, kInf, -kInf, kInf, kNan});
    expect_values("[\u22121e\u22122, 1_0.5_0, -.5, 5., +3]", {1, 1, 1, 5},
                  {-0.01f, 10.5f, -0.5f, 5, 3});
    // As torch.tensor rounds: through double, to the nearest float32.
    expect_values("0.1 16777217 3.4028235e38 1e-46 -0 1e-400 0.3333333333333333", {1, 1, 1, 7},
                  {0.1f, 16777216, 3.4028235e38f, 0, -0.0f, 0, 0.33333334f});
    expect_values("\u221E -\u221E", {1, 1, 1, 2}, {kInf, -kInf});
    expect_error("1 1e39", "Line 1, column 3: “1e39” is beyond float32, which ends at 3.4e38.");
    expect_error("1e999999999999999999999",
                 "Line 1, column 1: “1e999999999999999999…” is beyond float32, which ends at "
                 "3.4e38.");
    for (const char* text : {"1e", "e5", "0x10", "1__0", "_1", "1_", "--1", "+-1", "1.2.3", ".",
                             "-", "1+2j", "50%", "$5", "½", "１", "1-2", "nano", "infinite"})
        EXPECT_NE(parse_numbers(text).error.find("is not a number"), std::string::npos) << text;
}

TEST(Paste, ListsOfPython) {
    for (const char* text :
         {"[[1, 2], [3, 4]]",
          "[[1,2],[3,4]]",
          "[[1., 2.],\n [3., 4.]]",
          "((1, 2), (3, 4))",
          "[(1, 2), (3, 4),]",
          "[[1 2]\n [3 4]]",
          "[[1. 2.]\n [3. 4.]]",
          "torch.tensor([[1, 2], [3, 4]])",
          "torch.tensor([[1., 2.], [3., 4.]], dtype=torch.float32)",
          "tensor([[1., 2.],\n        [3., 4.]])",
          "tensor([[1., 2.],\n        [3., 4.]], device='cuda:0', grad_fn=<AddBackward0>)",
          "Parameter containing:\ntensor([[1., 2.],\n        [3., 4.]], requires_grad=True)",
          "array([[1, 2],\n       [3, 4]])",
          "np.array([[1, 2], [3, 4]], dtype=np.float32)",
          "np.array([[1, 2], [3, 4]], np.int64)",
          "kernel = torch.tensor([[1, 2],\n                       [3, 4]])",
          "x = [[1, 2], [3, 4]];",
          "[[1, 2], [3, 4]],",
          "[1, 2], [3, 4]",
          "[1, 2]\n[3, 4]\n",
          "[[1, 2][3, 4]]",
          "[tensor([1, 2]), tensor([3., 4.])]",
          "nn.Parameter(torch.tensor(np.array([[1, 2], [3, 4]])))",
          "torch.tensor([[2, 4], [6, 8]]) / 2",
          "[[np.float64(1.0), np.float32(2)], [float('3'), int(4)]]"})
        expect_values(text, kTwoByTwo, kFour);
    expect_values("tensor(7.)", {1, 1, 1, 1}, {7});
    expect_values("[1, 2, 3]", {1, 1, 1, 3}, {1, 2, 3});
    expect_values("[[[1, 2]], [[3, 4]]]", {1, 2, 1, 2}, kFour);
    expect_values("[[[[1, 2]], [[3, 4]]]]", {1, 2, 1, 2}, kFour);
    expect_values("[[[[1]]], [[[2]]], [[[3]]], [[[4]]]]", {4, 1, 1, 1}, kFour);
    expect_values("[True, False, np.nan, math.inf, -torch.inf, float('-inf')]", {1, 1, 1, 6},
                  {1, 0, kNan, kInf, -kInf, -kInf});
    expect_values("[[1/9, 2 / 3]]", {1, 1, 1, 2},
                  {static_cast<float>(1.0 / 9), static_cast<float>(2.0 / 3)});
    expect_values("torch.tensor([1., 2.]) / 16", {1, 1, 1, 2}, {1.0f / 16, 2.0f / 16});
    expect_values("[1, 2] * 0.1", {1, 1, 1, 2}, {0.1f, 0.2f});
}

TEST(Paste, UnevenRowsAreNamed) {
    expect_error("1 2 3 4\n1 2 3", "Row 2 has 3 numbers, row 1 has 4.");
    expect_error("1,2\n3,4\n5", "Row 3 has 1 number, row 1 has 2.");
    expect_error("[[1, 2, 3, 4], [1, 2, 3]]", "Row 2 has 3 numbers, row 1 has 4.");
    expect_error("tensor([[1., 2.],\n        [3., 4.],\n        [5.]])",
                 "Row 3 has 1 number, row 1 has 2.");
    expect_error("[[[1, 2], [3, 4]],\n [[5, 6], [7]]]",
                 "Line 2, column 12: this list has 1 number, the first one has 2.");
    expect_error("[[[1, 2], [3, 4]],\n [[5, 6]]]",
                 "Line 2, column 3: this list has 1 entry, the first one has 2.");
    expect_error("[1, [2]]", "Line 1, column 6: lists and numbers are mixed at one level.");
    expect_error("[[1], 2]", "Line 1, column 7: lists and numbers are mixed at one level.");
    expect_error("[[[[[1]]]]]",
                 "Line 1, column 5: lists are 5 deep here; at most 4 levels are read.");
}

TEST(Paste, AnythingElseIsRefusedByName) {
    expect_error("", "The clipboard holds no text; numbers were expected.");
    expect_error(" \n\t\n", "The clipboard holds no text; numbers were expected.");
    expect_error("hello world", "Line 1, column 1: “hello” is not a number.");
    expect_error("x,y\n1,2", "Line 1, column 1: “x” is not a number.");
    expect_error("1 2\n3 four", "Line 2, column 3: “four” is not a number.");
    expect_error("1\t\t3", "Line 1, column 3: a number was expected, the cell is empty.");
    expect_error("[[1, 2], [3, abc]]",
                 "Line 1, column 14: a number was expected, but “abc” was found.");
    expect_error("[1,,2]", "Line 1, column 4: a number was expected, but “,” was found.");
    expect_error("[1, 2", "Line 1, column 6: “]” was expected, but the text ends.");
    expect_error("[1, 2)", "Line 1, column 6: a number was expected, but “)” was found.");
    expect_error("[]", "Line 1, column 2: the list is empty; numbers were expected.");
    expect_error(
        "[[1, 2],\n ..., \n [5, 6]]",
        "Line 2, column 2: the text was shortened to “...” when it was printed; print it in full.");
    expect_error(
        "torch.tensor([1, 2]).sum()",
        "Line 1, column 21: the end of the text was expected, but “.sum” was found; values "
        "are read, nothing is executed.");
    expect_error("__import__('os').system('ls')",
                 "Line 1, column 1: “__import__” is not read; lists, torch.tensor and numpy.array "
                 "are, and nothing is executed.");
    expect_error(
        "[torch.rand(3)]",
        "Line 1, column 2: “torch.rand” is not read; lists, torch.tensor and numpy.array are, and "
        "nothing is executed.");
    expect_error("[1/0]", "Line 1, column 4: this divides by zero.");
    expect_error("[1, 2] / 0", "Line 1, column 10: this factor cannot be used.");
    // Columns count characters, not bytes; the bytes shown are made safe.
    expect_error("\u2212\u2212", "Line 1, column 1: “\u2212\u2212” is not a number.");
    expect_error("[\u22121, \u22122, \xFF\x1B]",
                 "Line 1, column 10: a number was expected, but “\uFFFD\uFFFD” was found.");
}

TEST(Paste, SizeIsBounded) {
    std::string million;
    for (int i = 0; i < 1000; ++i) {
        for (int j = 0; j < 1000; ++j) million += j == 0 ? "1" : ",1";
        million += "\n";
    }
    EXPECT_EQ(parse_numbers(million).tensor.shape(), (Shape{1, 1, 1000, 1000}));
    const std::string sentence = "The text holds more than 1 million numbers; that many are read.";
    EXPECT_EQ(parse_numbers(million + million.substr(0, 2000)).error, sentence);
    std::string list = "[";
    for (int i = 0; i <= 1000000; ++i) list += "1,";
    EXPECT_EQ(parse_numbers(list).error, sentence);
    EXPECT_EQ(parse_numbers(std::string(3000000, '\n') + "1").tensor.shape(), (Shape{1, 1, 1, 1}));
    std::string lines;
    for (int i = 0; i <= 1000000; ++i) lines += "1\n";
    EXPECT_EQ(parse_numbers(lines).error, sentence);
    EXPECT_EQ(parse_numbers(std::string(33 << 20, ' ')).error,
              "The text has 33 MB; at most 32 are read.");
    EXPECT_NE(parse_numbers(std::string(1 << 20, '[')).error, "");
    EXPECT_NE(parse_numbers(std::string(1 << 20, ',')).error, "");
    std::string calls;
    for (int i = 0; i < 100000; ++i) calls += "tensor(";
    EXPECT_EQ(parse_numbers(calls).error, "Line 1, column 43: too many calls inside each other.");
}

TEST(Paste, WhatGoesOutComesBack) {
    Tensor tensor(Shape{1, 2, 2, 3});
    tensor.set({0, 1, 0, 0}, -1.5f);
    tensor.set({0, 1, 0, 1}, 100000);
    tensor.set({0, 1, 0, 2}, 0.1f);
    tensor.set({0, 1, 1, 0}, 1e-20f);
    tensor.set({0, 1, 1, 1}, -kInf);
    tensor.set({0, 1, 1, 2}, -kNan);
    EXPECT_EQ(to_clipboard_text(tensor, 0, 1), "-1.5\t100000\t0.1\n1e-20\t-inf\tnan\n");
    EXPECT_EQ(to_clipboard_text(tensor, 0, 2), "");
    EXPECT_EQ(to_clipboard_text(Tensor()), "");

    std::mt19937 random(3);
    Tensor many(Shape{1, 1, 300, 300});
    for (float& value : many.mutate()) {
        const auto bits = static_cast<uint32_t>(random());
        std::memcpy(&value, &bits, 4);
        if (std::isnan(value)) value = -0.0f;
    }
    const PasteResult back = parse_numbers(to_clipboard_text(many));
    ASSERT_EQ(back.error, "");
    ASSERT_EQ(back.tensor.shape(), many.shape());
    EXPECT_EQ(std::memcmp(back.tensor.data(), many.data(), many.values().size_bytes()), 0);
}

TEST(Paste, RandomTextNeverCrashes) {
    const std::string_view pieces[] = {
        "1",   "-2.5",   "[",      "]", "(",   ")",  ",",     " ",   "\n",     "\t",
        ";",   "tensor", "torch.", "=", "/",   "*",  "'",     "nan", "\u2212", "\xFF",
        "...", "dtype",  "<",      ">", "1e9", "\"", "float", "_",   ".",      "\r"};
    std::mt19937 random(5);
    int read = 0;
    for (int round = 0; round < 100000; ++round) {
        std::string text;
        for (uint32_t i = 0; i < 1 + random() % 12; ++i)
            text += pieces[random() % std::size(pieces)];
        const PasteResult result = parse_numbers(text);
        ASSERT_EQ(result.ok(), !result.tensor.empty()) << text;
        if (result.ok()) {
            ++read;
        } else {
            ASSERT_TRUE(result.error.ends_with(".")) << result.error;
        }
    }
    EXPECT_GT(read, 1000);
}

}  // namespace
}  // namespace convscope
