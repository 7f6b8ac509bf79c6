// PyTorch text, letter by letter. pytorch_run_test runs such scripts with the real PyTorch.
#include "core/pytorch.h"

#include <cmath>

#include <gtest/gtest.h>

#include "core/presets.h"

namespace convscope {
namespace {

Document preset(std::string_view name) {
    for (const DocumentPreset& preset : document_presets())
        if (preset.name == name) return preset.make();
    ADD_FAILURE() << "no preset " << name;
    return standard_document();
}

TEST(PyTorch, LayersAsInThePictures) {
    EXPECT_EQ(layer_text(standard_document().layers[0]),
              "nn.Conv2d(1, 1, 3, stride=2,\n    padding=1, bias=False)");
    EXPECT_EQ(layer_text(image_document(generated_input("ones", 0, {1, 3, 9, 9})).layers[0]),
              "nn.Conv2d(3, 8, 7, padding=3,\n    bias=False)");
    EXPECT_EQ(layer_text(make_layer(*find_op("conv2d"), {1, 1, 5, 5})), "nn.Conv2d(1, 1, 3)");
    EXPECT_EQ(
        layer_text(preset("Output padding uncovers sums").layers[0]),
        "nn.ConvTranspose2d(1, 1, 3,\n    stride=2, padding=1,\n    output_padding=1, bias=False)");
}

TEST(PyTorch, LeavesOutDefaultsAndWritesPairs) {
    Document document = standard_document();
    document = with_param(document, 0, "kernel_size", Pair{3, 1});
    document = with_param(document, 0, "stride", Pair{1, 1});
    document = with_param(document, 0, "padding", Padding{Padding::Kind::same, {}});
    document = with_param(document, 0, "dilation", Pair{2, 1});
    document = with_param(document, 0, "padding_mode", Choice{"circular"});
    document = with_param(document, 0, "bias", true);
    const std::string text = layer_text(document.layers[0]);
    EXPECT_EQ(text,
              "nn.Conv2d(1, 1, (3, 1),\n    padding='same',\n    dilation=(2, 1),\n    "
              "padding_mode='circular')");
}

TEST(PyTorch, AScriptHasTheRealNumbersAndTheAssertion) {
    const Document document = preset("Transposed 2×2, overlapping stamps");
    EXPECT_EQ(script_text(document, *evaluate(document)),
              "# Transposed 2×2, overlapping stamps\n"
              "import torch\n"
              "import torch.nn as nn\n"
              "\n"
              "nan, inf = float(\"nan\"), float(\"inf\")\n"
              "x = torch.tensor([[[[1., 0.],\n"
              "    [2., 3.]]]])\n"
              "\n"
              "layers = nn.Sequential(\n"
              "    nn.ConvTranspose2d(1, 1, 2, bias=False),\n"
              ")\n"
              "with torch.no_grad():\n"
              "    layers[0].weight.copy_(torch.tensor([[[[2., 3.],\n"
              "    [4., 5.]]]]))\n"
              "    y = layers(x)\n"
              "\n"
              "print(y)\n"
              "\n"
              "expected = torch.tensor([[[[2., 3., 0.],\n"
              "    [8., 17., 9.],\n"
              "    [8., 22., 15.]]]])\n"
              "torch.testing.assert_close(y, expected, rtol=0, atol=0, equal_nan=True)\n"
              "print(\"equal to the output shown\")\n");
}

TEST(PyTorch, ScriptsOfFractionsAllowForTheOrderOfAdding) {
    Document document = standard_document();
    document = with_weight(
        document, 0, 0,
        Tensor({1, 1, 3, 3}, {0.1f, 1e-12f, -0.25f, 1e20f, 3, NAN, INFINITY, -INFINITY, 1}));
    const std::string text = script_text(document, *evaluate(document));
    EXPECT_NE(text.find("[[[[0.1, 1e-12, -0.25],\n    [1e+20, 3., nan],\n    [inf, -inf, 1.]]]]"),
              std::string::npos)
        << text;
    document = with_weight(document, 0, 0, Tensor({1, 1, 3, 3}, {0.1f, 1, 1, 1, 1, 1, 1, 1, 0.3f}));
    const std::string fractions = script_text(document, *evaluate(document));
    EXPECT_EQ(fractions.find("atol=0,"), std::string::npos);
    // A fraction of the outputs, which are about 50: more would hide a wrong number.
    const double atol = std::stod(fractions.substr(fractions.find("atol=") + 5));
    EXPECT_GT(atol, 50 * 0x1p-23);
    EXPECT_LT(atol, 50 * 0x1p-15);
    // Whole numbers too, where their sums leave float32's 24 bits.
    document = with_weight(standard_document(), 0, 0, Tensor({1, 1, 3, 3}, 1'000'003.0f));
    EXPECT_EQ(script_text(document, *evaluate(document)).find("atol=0,"), std::string::npos);
}

TEST(PyTorch, SkipsMakeAModuleWithForward) {
    Document document = standard_document();
    for (int k = 0; k < 3; ++k) {
        document.layers.push_back(make_layer(*find_op("conv2d"), {1, 1, 4, 4}));
        document =
            with_param(std::move(document), k + 1, "padding", Padding{Padding::Kind::same, {}});
    }
    EXPECT_TRUE(
        network_text(document).starts_with("nn.Sequential(\n    nn.Conv2d(1, 1, 3, stride=2"));
    document.layers[2].skip = 2;
    document.layers[3].skip = 1;
    EXPECT_EQ(network_text(document),
              "class Network(nn.Module):\n"
              "    def __init__(self):\n"
              "        super().__init__()\n"
              "        self.layers = nn.Sequential(\n"
              "            nn.Conv2d(1, 1, 3, stride=2, padding=1, bias=False),\n"
              "            nn.Conv2d(1, 1, 3, padding='same'),\n"
              "            nn.Conv2d(1, 1, 3, padding='same'),\n"
              "            nn.Conv2d(1, 1, 3, padding='same'),\n"
              "        )\n"
              "\n"
              "    def forward(self, x):\n"
              "        x = self.layers[0](x)\n"
              "        x1 = x\n"
              "        x = self.layers[1:3](x) + x1\n"
              "        x3 = x\n"
              "        x = self.layers[3](x) + x3\n"
              "        return x\n");
    document.training = false;
    const std::string text = script_text(document, *evaluate(document));
    EXPECT_NE(text.find("network = Network()\nlayers = network.layers\nlayers.eval()\n"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("    y = network(x)\n"), std::string::npos);
}

TEST(PyTorch, ScriptsOfTheImpossibleAndTheHuge) {
    Document document = with_param(standard_document(), 0, "kernel_size", Pair{99, 99});
    document.name = "evil\nimport os";
    const std::string impossible = script_text(document, *evaluate(document));
    EXPECT_EQ(impossible.find("\nimport os"), std::string::npos);
    EXPECT_NE(impossible.find("# PyTorch refuses this: "), std::string::npos);
    EXPECT_EQ(impossible.find("assert"), std::string::npos);

    const Document large = image_document(generated_input("uniform", 1, {1, 3, 300, 300}));
    const std::string text = script_text(large, *evaluate(large));
    EXPECT_LT(text.size(), 2000u);
    EXPECT_NE(text.find("x = torch.rand(1, 3, 300, 300)"), std::string::npos);
    EXPECT_NE(text.find("assert y.shape == (1, 8, 300, 300)"), std::string::npos);
}

}  // namespace
}  // namespace convscope
