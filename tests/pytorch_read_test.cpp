// PyTorch text read: what is accepted, where and how the rest is refused, and that no text whatever does harm.
#include "core/pytorch_read.h"

#include <gtest/gtest.h>

#include "core/pytorch.h"
#include "tests/layer_case.h"

namespace convscope {
namespace {

Document read(std::string_view text, const PytorchOptions& options = {}) {
    const PytorchResult result = read_pytorch(text, options);
    EXPECT_TRUE(result.ok()) << text << "\n" << result.error;
    return result.document;
}

/// The layers' texts in one line each, as the writer writes them.
std::vector<std::string> lines(std::string_view text) {
    std::vector<std::string> list;
    for (const Layer& layer : read(text).layers) {
        std::string line = layer_text(layer);
        for (size_t at; (at = line.find("\n    ")) != std::string::npos;) line.replace(at, 5, " ");
        list.push_back(line);
    }
    return list;
}

using Lines = std::vector<std::string>;

TEST(PytorchRead, OneLayerInManySpellings) {
    const Lines wanted{"nn.Conv2d(1, 8, 3, stride=2, padding=1)"};
    for (const char* text :
         {"nn.Conv2d(1, 8, 3, stride=2, padding=1)", "torch.nn.Conv2d(1, 8, 3, 2, 1)",
          "Conv2d(1,8,(3,3),(2,2),(1,1),1,1,True,'zeros')",
          "nn.Conv2d(kernel_size=[3, 3], out_channels=8, in_channels=1, padding=1, stride=2)",
          "conv = nn.Conv2d(1, 8, 3, stride=2, padding=1)  # downsamples",
          "self.conv1 = nn.Conv2d(1, 8, 3, stride=2, padding=(1),)",
          "import torch\nimport torch.nn as nn\nfrom torch import nn\n\nnet = nn.Conv2d(\n    1,\n"
          "    8,   # filters\n    3,\n    stride=2, padding=1,\n)\n",
          "import torch, math; nn.Conv2d(1, 8, 3, 2, 1);",
          "from torch.nn import (Conv2d, ReLU)\nConv2d(1, 8, 3, 2, padding=1, bias=1)",
          ">>> nn.Conv2d(1, 8,\n...   3, 2, 1)", "nn.Conv2d(1, 8, 3, 2, 1, \\\n  1)",
          "nn.Conv2d(0_1, 8, 3, stride=+2, padding=1)", "\xEF\xBB\xBFnn.Conv2d(1, 8, 3, 2, 1)\r\n",
          "Conv2d(1, 8, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1))",
          "[nn.Conv2d(1, 8, 3, 2, 1)]", "(nn.Conv2d(1, 8, 3, 2, 1))"}) {
        EXPECT_EQ(lines(text), wanted) << text;
        EXPECT_TRUE(looks_like_pytorch(text)) << text;
    }
    EXPECT_EQ(
        lines("nn.Conv2d(2, 2, (3, 1), padding='same', bias=False, padding_mode=\"reflect\")"),
        Lines{"nn.Conv2d(2, 2, (3, 1), padding='same', bias=False, padding_mode='reflect')"});
    EXPECT_EQ(lines("Conv2d(1, 1, kernel_size=(3, 3), stride=(1, 1), padding=valid, "
                    "padding_mode=circular)"),
              Lines{"nn.Conv2d(1, 1, 3, padding='valid', padding_mode='circular')"});
    EXPECT_EQ(lines("nn.ConvTranspose2d(4, 2, 3, 2, 1, 1, 2, False, 1)"),
              Lines{"nn.ConvTranspose2d(4, 2, 3, stride=2, padding=1, output_padding=1, groups=2, "
                    "bias=False)"});
}

TEST(PytorchRead, Networks) {
    const Lines wanted{"nn.Conv2d(3, 4, 3)", "nn.ConvTranspose2d(4, 2, 2, stride=2)",
                       "nn.Conv2d(2, 1, 1)"};
    for (const char* text :
         {"nn.Sequential(nn.Conv2d(3, 4, 3), nn.ConvTranspose2d(4, 2, 2, 2), nn.Conv2d(2, 1, 1))",
          "nn.Sequential(nn.Sequential(nn.Conv2d(3, 4, 3), nn.Identity()), nn.Sequential(),\n"
          "  nn.Sequential(nn.ConvTranspose2d(4, 2, 2, 2), nn.Sequential(nn.Conv2d(2, 1, 1)),),)",
          "nn.Sequential(*[nn.Conv2d(3, 4, 3), nn.ConvTranspose2d(4, 2, 2, 2)], nn.Conv2d(2, 1, "
          "1))",
          "from collections import OrderedDict\nnn.Sequential(OrderedDict([('conv1', nn.Conv2d(3, "
          "4, "
          "3)),\n    ('up', nn.ConvTranspose2d(4, 2, 2, 2)), (\"last\", nn.Conv2d(2, 1, 1))]))",
          "nn.Conv2d(3, 4, 3),\nnn.ConvTranspose2d(4, 2, 2, 2),\nnn.Conv2d(2, 1, 1),\n",
          "Sequential(\n  (0): Conv2d(3, 4, kernel_size=(3, 3), stride=(1, 1))\n  (up): "
          "Sequential(\n"
          "    (0): ConvTranspose2d(4, 2, kernel_size=(2, 2), stride=(2, 2))\n    (1): Identity()\n"
          "  )\n  (2): Conv2d(2, 1, kernel_size=(1, 1), stride=(1, 1))\n)",
          "(0): Conv2d(3, 4, kernel_size=(3, 3))\n(1): ConvTranspose2d(4, 2, 2, 2)\n(2): Conv2d(2, "
          "1, "
          "1)"}) {
        EXPECT_EQ(lines(text), wanted) << text;
        EXPECT_TRUE(looks_like_pytorch(text)) << text;
    }
    EXPECT_TRUE(read("nn.Conv2d(1, 1, 3)").training);
    EXPECT_FALSE(read("net = nn.Sequential(nn.Conv2d(1, 1, 3)).eval()").training);
    EXPECT_TRUE(read("nn.Conv2d(1, 1, 3).eval().train()").training);
    EXPECT_EQ(read("nn.Conv2d(1, 1, 3, 2)").name, "Conv2d 3×3 s2 p0");
    EXPECT_EQ(read("nn.Sequential(nn.Conv2d(1, 2, 3), nn.Conv2d(2, 2, 1), nn.Conv2d(2, 2, 1), "
                   "nn.Conv2d(2, 2, 1))")
                  .name,
              "Conv2d 1→2, 3×3 → Conv2d 2→2, 1×1 → Conv2d 2→2, 1×1 → … (4 layers)");
}

TEST(PytorchRead, WhatPytorchPrints) {
    // print(net) of PyTorch 1.13, with its words without quotation marks; and of PyTorch 2.
    EXPECT_EQ(
        lines("Sequential(\n"
              "  (0): Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1), padding=same, bias=False)\n"
              "  (1): BatchNorm2d(8, eps=1e-05, momentum=0.1, affine=True, "
              "track_running_stats=True)\n"
              "  (2): MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)\n"
              "  (3): AvgPool2d(kernel_size=(2, 3), stride=(2, 3), padding=0)\n"
              "  (4): Upsample(scale_factor=2.0, mode=nearest)\n"
              "  (5): Upsample(size=(3, 4), mode='bilinear')\n"
              "  (6): ReLU(inplace=True)\n"
              "  (7): LeakyReLU(negative_slope=0.2, inplace=True)\n"
              "  (8): GELU(approximate='none')\n"
              "  (9): Sequential(\n"
              "    (act): SiLU()\n"
              "    (1): Sigmoid()\n"
              "    (2): Tanh()\n"
              "  )\n"
              "  (10): BatchNorm2d(3, eps=0.001, momentum=None, affine=False, "
              "track_running_stats=False)\n"
              ")"),
        (Lines{"nn.Conv2d(3, 8, 3, padding='same', bias=False)", "nn.BatchNorm2d(8)",
               "nn.MaxPool2d(2, stride=2)", "nn.AvgPool2d((2, 3), stride=(2, 3))",
               "nn.Upsample(scale_factor=2)", "nn.Upsample(size=(3, 4), mode='bilinear')",
               "nn.ReLU()", "nn.LeakyReLU(negative_slope=0.2)", "nn.GELU()", "nn.SiLU()",
               "nn.Sigmoid()", "nn.Tanh()",
               "nn.BatchNorm2d(3, eps=0.001, momentum=None, affine=False, "
               "track_running_stats=False)"}));
    EXPECT_EQ(lines("nn.ReLU(True)"), Lines{"nn.ReLU()"});
    EXPECT_EQ(lines("nn.MaxPool2d(3, None, (1, 0), 1, return_indices=False, ceil_mode=True)"),
              (Lines{"nn.MaxPool2d(3, padding=(1, 0), ceil_mode=True)"}));
    EXPECT_EQ(lines("nn.AvgPool2d(3, 2, 1, True, False, 5)"),
              (Lines{"nn.AvgPool2d(3, stride=2, padding=1, ceil_mode=True, "
                     "count_include_pad=False, divisor_override=5)"}));
    EXPECT_EQ(lines("nn.Upsample(None, (2, 1.5), 'bilinear', align_corners=None)"),
              Lines{"nn.Upsample(scale_factor=(2, 1.5), mode='bilinear')"});
}

struct Bad {
    const char* text;
    int line, column;
    const char* says;
};

TEST(PytorchRead, RefusesWithPlaceAndReason) {
    const std::string deep(200, '(');
    const std::string nested = "nn.Sequential(" + deep;
    const Bad cases[] = {
        {"", 1, 1, "a layer such as nn.Conv2d(1, 1, 3) was expected, but the text ends"},
        {"# nothing\n", 2, 1, "the text ends"},
        {"nn.Identity()", 1, 1, "no layer is in this text"},
        {"nn.Conv2d", 1, 1, "a layer such as nn.Conv2d(1, 1, 3) was expected, but “nn.Conv2d”"},
        {"x = 5", 1, 5, "“5” was found"},
        {"nn.Conv2d(1, 1, 3", 1, 18, "“,” or “)” was expected, but the text ends"},
        {"nn.Conv2d(1 1, 3)", 1, 13, "“,” or “)” was expected, but “1” was found"},
        {"nn.Conv2d(1, 1, 3))", 1, 19, "the end of the text was expected, but “)”"},
        {"nn.Conv2d(1, 1, 3) + 1", 1, 20, "the end of the text was expected, but “+”"},
        {"nn.Conv2d(1, 1, ]", 1, 17, "a value was expected, but “]”"},
        {"nn.Conv2d(1, 1, 'x", 1, 17, "no closing quotation mark"},
        {"nn.Conv2d(1, 1, 3, kernal_size=3)", 1, 20,
         "kernal_size is no argument of Conv2d; kernel_size is"},
        {"nn.Conv2d(1, 1, 3, wobble=3)", 1, 20, "wobble is no argument of Conv2d; it takes in_ch"},
        {"nn.Conv2d(1, 1, 3,\n          device='cuda')", 2, 11, "device is not read"},
        {"nn.Conv2d(1, 1, 3, dtype=torch.float16)", 1, 20, "dtype is not read"},
        {"nn.Conv2d(1, 1)", 1, 1, "kernel_size of Conv2d is missing"},
        {"nn.Conv2d(1, kernel_size=3)", 1, 1, "out_channels of Conv2d is missing"},
        {"nn.Conv2d(1, 1, 3, kernel_size=3)", 1, 20, "kernel_size is given twice"},
        {"nn.Conv2d(1, 1, 3, stride=1, stride=2)", 1, 30, "stride is given twice"},
        {"nn.Conv2d(1, 1, 3, stride=1, 2)", 1, 30, "2 stands behind an argument with a name"},
        {"nn.Conv2d(1, 1, 3, 1, 0, 1, 1, True, 'zeros', 5)", 1, 47,
         "Conv2d takes 9 arguments at most, and this is number 10"},
        {"nn.Conv2d('one', 1, 3)", 1, 11, "in_channels must be a whole number, not 'one'"},
        {"nn.Conv2d(1.0, 1, 3)", 1, 11, "in_channels must be a whole number, not 1.0"},
        {"nn.Conv2d(1, 1, (3, 3, 3))", 1, 17, "a whole number or two of them, not (3, 3, 3)"},
        {"nn.Conv2d(1, 1, None)", 1, 17, "kernel_size must be a whole number or two"},
        {"nn.Conv2d(1, 1, 3, padding='some')", 1, 28, "'same' or 'valid', not 'some'"},
        {"nn.Conv2d(1, 1, 3, bias='yes')", 1, 25, "bias must be True or False"},
        {"nn.Conv2d(1, 1, 3, bias=2)", 1, 25, "bias must be True or False, not 2"},
        {"nn.Conv2d(1, 1, 3, padding_mode='reflct')", 1, 33, "('reflect' is near), not 'reflct'"},
        {"nn.Conv2d(1, 1, n)", 1, 17, "kernel_size must be a whole number or two of them, not n"},
        {"nn.Conv2d(1, 1, 2 + 1)", 1, 19, "“,” or “)” was expected, but “+”"},
        {"nn.Conv2d(1, 1, 99999999999999999999)", 1, 17, "too large for a whole number"},
        {"nn.Conv2d(1, 1, -9223372036854775809)", 1, 17, "too large for a whole number"},
        {"nn.Conv2d(1, 1, 3_)", 1, 17, "“3_” is no number"},
        {"nn.Conv2d(1, 1, 0x3)", 1, 17, "“0x3” is no number"},
        {"nn.Conv2d(1, 1, --3)", 1, 18, "a number was expected behind the sign"},
        {"nn.conv2d(1, 1, 3)", 1, 1, "nn.conv2d is no layer here; nn.Conv2d is"},
        {"nn.Sequential(\n  nn.Conv2d(1, 1, 3),\n  nn.ConvTransposed2d(1, 1, 2)\n)", 3, 3,
         "nn.ConvTransposed2d is no layer here; nn.ConvTranspose2d is"},
        {"nn.Linear(3, 4)", 1, 1, "nn.Conv2d(in, out, 1) here, a 1×1 convolution"},
        {"nn.Sequential(nn.Conv2d(1, 1, 3), nn.Flatten())", 1, 35, "nn.Flatten is not read; leave"},
        {"nn.Wobbler()", 1, 1, "nn.Wobbler is no layer here; these are: "},
        {"os.system('rm -rf /')", 1, 1, "os.system is no layer here"},
        {"__import__('os').system('ls')", 1, 18, "“system” is not read"},
        {"import os\nnn.Conv2d(1, 1, 3)", 1, 8, "“os” is not read; torch"},
        {"from subprocess import run", 1, 6, "“subprocess” is not read"},
        {"import", 1, 7, "a library's name was expected"},
        {"lambda: nn.Conv2d(1, 1, 3)", 1, 1, "but “lambda” was found"},
        {"class Net(nn.Module):\n  pass", 1, 1, "but “class” was found"},
        {"nn.Conv2d(1, 1, 3)\nrelu = nn.Conv2d(1, 1, 1)", 2, 1, "“relu” starts another line"},
        {"nn.Conv2d(1, 1, 3).cuda()", 1, 20, "“cuda” is not read; only .eval() and .train()"},
        {"nn.Conv2d(1, 1, 3).eval(1)", 1, 20, "“eval” is not read"},
        {"nn.Sequential(nn.Conv2d(1, 1, 3).eval())", 1, 34, "“eval” is not read"},
        {"nn.Sequential([nn.Conv2d(1, 1, 3)])", 1, 15, "a list only with a * in front"},
        {"nn.Sequential(*nn.Conv2d(1, 1, 3))", 1, 16, "a list of layers was expected behind"},
        {"nn.Sequential(*[nn.Conv2d(1, 1, 3) for i in range(3)])", 1, 36, "but “for” was found"},
        {"nn.Sequential(conv=nn.Conv2d(1, 1, 3))", 1, 15, "“conv” is no argument of Sequential"},
        {"nn.Sequential(OrderedDict(a=nn.Conv2d(1, 1, 3)))", 1, 15, "a list of names and layers"},
        {"nn.Sequential(OrderedDict([nn.Conv2d(1, 1, 3)]))", 1, 28, "a name and a layer"},
        {"Net(\n  (conv1): Conv2d(1, 1, kernel_size=(3, 3))\n)", 1, 1,
         "Net is a module of its own, and its forward is not in this text"},
        {"{'a': nn.Conv2d(1, 1, 3)}", 1, 1, "but “{” was found"},
        {"nn.Conv2d(1, 1, 3, stride=é)", 1, 27, "a value was expected, but “é”"},
        {"# é→ü\nnn.Conv2d(1, 1, 3); § = 1", 2, 21, "“§”"},
        {"nn.Conv2d(nn.Conv2d(1, 1, 3), 1, 3)", 1, 11, "in_channels must be a whole number"},
        {"nn.relu()", 1, 1, "nn.relu is no layer here; nn.ReLU is"},
        {"nn.Dropout(0.5)", 1, 1, "nn.Dropout is not read; leave it out"},
        {"nn.Sigmoid(3)", 1, 12, "Sigmoid takes no arguments"},
        {"nn.Tanh(inplace=True)", 1, 9, "Tanh takes no arguments"},
        {"nn.ReLU(inplace=flag)", 1, 17, "inplace must be True, False or another plain value"},
        {"nn.LeakyReLU(True)", 1, 14, "negative_slope must be a number, not True"},
        {"nn.BatchNorm2d()", 1, 1, "num_features of BatchNorm2d is missing"},
        {"nn.BatchNorm2d(8, momentum='0.1')", 1, 28, "a number or None, not '0.1'"},
        {"nn.MaxPool2d(2, stride=1.5)", 1, 24, "a whole number, two of them or None, not 1.5"},
        {"nn.Upsample(scale_factor='2')", 1, 26, "a number, two of them or None, not '2'"},
        {nested.c_str(), 1, 115, "more than 100 brackets inside each other"},
    };
    for (const Bad& bad : cases) {
        const PytorchResult result = read_pytorch(bad.text);
        EXPECT_FALSE(result.ok()) << bad.text;
        EXPECT_NE(result.error.find(bad.says), std::string::npos) << bad.text << "\n"
                                                                  << result.error;
        EXPECT_EQ(result.line, bad.line) << bad.text << "\n" << result.error;
        EXPECT_EQ(result.column, bad.column) << bad.text << "\n" << result.error;
        EXPECT_TRUE(result.error.ends_with('.')) << result.error;
        EXPECT_EQ(result.option, "");
        EXPECT_TRUE(result.document.layers.empty());
    }
    EXPECT_EQ(read_pytorch("nn.Conv2d(1, 1)").error,
              "Line 1, column 1: kernel_size of Conv2d is missing.");
}

TEST(PytorchRead, TheCaretStandsUnderTheColumn) {
    const std::string text = "nn.Sequential(\n\tnn.Conv2d(1, é, 3),\r\n)";
    const PytorchResult result = read_pytorch(text);
    EXPECT_EQ(caret_lines(text, result.line, result.column),
              " nn.Conv2d(1, é, 3),\n              ^\n");
    const std::string far = std::string(500, ' ') + "nn.Conv2d(?)" + std::string(500, ' ');
    const std::string lines = caret_lines(far, 1, read_pytorch(far).column);
    EXPECT_LT(lines.size(), 250u);
    EXPECT_EQ(lines.find('?'), lines.find('^') - lines.find('\n') - 1) << lines;
    EXPECT_EQ(caret_lines("", 1, 1), "\n^\n");
    EXPECT_EQ(caret_lines("text", 0, 0), "");
    EXPECT_LT(caret_lines("text", 9999, 9999).size(), 200u);
}

TEST(PytorchRead, BoundsAreSentences) {
    EXPECT_NE(read_pytorch(std::string(kMaxPytorchBytes + 1, ' ')).error.find("at most 1,048,576"),
              std::string::npos);
    std::string many = "nn.Sequential(";
    for (int i = 0; i < 1001; ++i) many += "nn.Conv2d(1, 1, 1),";
    EXPECT_NE(read_pytorch(many + ")").error.find("more than 1000 layers"), std::string::npos);
    // A thousand layers of 67 million weights each are refused, not made.
    std::string heavy = "nn.Sequential(";
    for (int i = 0; i < 1000; ++i) heavy += "nn.Conv2d(8192, 8192, 1),";
    EXPECT_NE(read_pytorch(heavy + ")").error.find("The layers' weights hold"), std::string::npos);
    std::string list = "nn.Conv2d(1, 1, [";
    for (int i = 0; i < 250'000; ++i) list += "1,";
    EXPECT_NE(read_pytorch(list + "])").error.find("more than 200000 values"), std::string::npos);
    std::string calls = "nn.Conv2d(1, 1, 3)";
    for (int i = 0; i < 100'000; ++i) calls += ".eval()";
    EXPECT_NE(read_pytorch(calls).error.find("more than 16 calls"), std::string::npos);
    for (const char* opening :
         {"[", "(", "-", "*", "nn.Sequential(", "a=", "nn.Conv2d(1,", "f(*"}) {
        std::string deep;
        while (deep.size() < 500'000) deep += opening;
        EXPECT_FALSE(read_pytorch(deep).ok()) << opening;
        EXPECT_FALSE(read_tensor_text(deep).ok()) << opening;
        looks_like_pytorch(deep);
    }
    std::string tensors;
    while (tensors.size() < 500'000) tensors += "torch.tensor(";
    EXPECT_FALSE(read_tensor_text(tensors).ok());
    // Hostile sizes make a document whose problem is told, or a sentence.
    for (const char* text :
         {"nn.Conv2d(9223372036854775807, 9223372036854775807, 9223372036854775807)",
          "nn.Conv2d(-1, -1, -1, -1, -1, -1, -1)", "nn.Conv2d(0, 0, 0, 0, 0, 0, 0)",
          "nn.Conv2d(1, 1, 1, padding=9223372036854775807)",
          "nn.Conv2d(1, 1, 1, padding=-9223372036854775808)",
          "nn.ConvTranspose2d(1, 1, 1, 9223372036854775807, groups=-9223372036854775808)",
          "nn.Conv2d(100000000, 1, 1)", "nn.Conv2d(1, 1000000000, 1)"}) {
        const PytorchResult result = read_pytorch(text);
        EXPECT_TRUE(!result.ok() || plan_only(result.document).problem.has_value()) << text;
    }
}

TEST(PytorchRead, TellsPytorchFromOtherText) {
    for (const char* text :
         {"nn.Linear(3, 4)", "F = nn.relu(x)", "import torch", "from torch import nn",
          "# net\n\nSequential(\n  (0): Foo()", "x = torch.nn.Foo(3)"})
        EXPECT_TRUE(looks_like_pytorch(text)) << text;
    for (const char* text :
         {"", "{\"convscope\": 1, \"name\": \"nn.Conv2d(1, 1, 3)\"}", "[[1, 2], [3, 4]]",
          "torch.tensor([1, 2])", "1\t2\n3\t4", "7x7", "photo.png", "Conv2d", "'nn.Conv2d(1'",
          "# nn.Conv2d(1, 1, 3)", "-1, 2, nan", "kernel = [1, 2]"})
        EXPECT_FALSE(looks_like_pytorch(text)) << text;
}

TEST(PytorchRead, WhatIsWrittenReadsBack) {
    std::mt19937_64 random(test_seed(31));
    for (const Op& op : all_ops()) {
        for (const Field& field : op.fields)
            EXPECT_NE(std::ranges::find(op.signature, field.key), op.signature.end())
                << op.id << "'s signature lacks " << field.key;
        for (int i = 0; i < 300; ++i) {
            const Document document = random_layer(op, random, true);
            const Layer& layer = document.layers[0];
            const Document back = read(layer_text(layer));
            ASSERT_EQ(back.layers.size(), 1u) << layer_text(layer);
            EXPECT_EQ(back.layers[0].op, &op);
            EXPECT_EQ(back.layers[0].params, layer.params) << layer_text(layer) << "\n"
                                                           << describe(document);
            EXPECT_EQ(read(network_text(document)).layers[0].params, layer.params);
        }
        // A fresh layer too: its standard parameters need not be PyTorch's defaults.
        const Layer fresh = make_layer(op, {1, 4, 8, 8});
        EXPECT_EQ(read(layer_text(fresh)).layers[0].params, fresh.params) << layer_text(fresh);
    }
}

TEST(PytorchRead, RandomMutationsNeverHarm) {
    std::mt19937_64 random(test_seed(32));
    const auto draw = [&](size_t count) { return static_cast<size_t>(random() % count); };
    std::vector<std::string> good{
        "nn.Conv2d(1, 1, 3, stride=2)",
        "import torch\nfrom torch import nn\nnet = nn.Sequential(\n  nn.Conv2d(1, 2, (3, 1)), # "
        "a\n  "
        "nn.Sequential(*[nn.ConvTranspose2d(2, 1, 2, bias=False)]),\n).eval()",
        "Sequential(\n  (0): Conv2d(1, 1, kernel_size=(3, 3), stride=(1, 1), padding=same)\n  (a): "
        "Sequential(\n    (0): Identity()\n  )\n)",
        "nn.Sequential(OrderedDict([('conv1', nn.Conv2d(3, 2, 5)), ('c', nn.Conv2d(2, 2, 1))]))"};
    for (const Op& op : all_ops())
        for (int i = 0; i < 4; ++i)
            good.push_back(layer_text(random_layer(op, random, true).layers[0]));
    const std::vector<std::string> tensors{"[[1, 2], [3, 4]]",
                                           "torch.arange(9).view(3, 3) / 9",
                                           "torch.full((1, 1, 3, 3), float('nan'))",
                                           "5x6",
                                           "torch.tensor([[[1., -inf]]], dtype=torch.float32)",
                                           "[1]"};
    const std::vector<std::string> pieces{"(",   ")",    "[",    "]",  ",",   "=",   ".",
                                          ":",   "*",    "'",    "\"", "#",   "\n",  "\\\n",
                                          "nn.", "None", "True", "-",  "1e9", "nan", "\xE2",
                                          "−",   "\0",   "for",  "0",  "7",   "_",   ">>> "};
    const auto mutate = [&](std::string text) {
        for (size_t times = draw(3) == 0 ? 1 + draw(6) : 1; times > 0; --times) {
            const size_t at = draw(text.size() + 1);
            switch (draw(5)) {
                case 0: text.insert(at, pieces[draw(pieces.size())]); break;
                case 1: text.erase(at, 1 + draw(4)); break;
                case 2: text.resize(at); break;
                case 3: text.insert(at, text.substr(draw(text.size() + 1), draw(20))); break;
                default:
                    if (at < text.size()) text[at] = static_cast<char>(draw(256));
            }
        }
        return text;
    };
    int documents = 0;
    for (int i = 0; i < 20'000; ++i) {
        const std::string text = mutate(good[draw(good.size())]);
        PytorchOptions options;
        if (draw(6) == 0) options.input = mutate(tensors[draw(tensors.size())]);
        if (draw(6) == 0) options.weight = mutate(tensors[draw(tensors.size())]);
        if (draw(6) == 0) options.bias = mutate(tensors[draw(tensors.size())]);
        looks_like_pytorch(text);
        const PytorchResult result = read_pytorch(text, options);
        if (result.ok()) {
            ++documents;
            ASSERT_FALSE(result.document.layers.empty()) << text;
            const Result planned = plan_only(result.document);
            if (!planned.problem) {
                ASSERT_EQ(planned.layers.size(), result.document.layers.size());
            }
        } else {
            ASSERT_TRUE(result.document.layers.empty());
            if (result.option.empty() && !result.error.starts_with("The layers' weights")) {
                ASSERT_GE(result.line, 1) << text << "\n" << result.error;
                ASSERT_GE(result.column, 1);
                ASSERT_FALSE(caret_lines(text, result.line, result.column).empty());
            }
        }
    }
    EXPECT_GT(documents,
              300);  // else the mutations are too coarse to test what stands behind the lexer
}

}  // namespace
}  // namespace convscope
