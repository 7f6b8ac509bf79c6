// PyTorch text, letter by letter. That such scripts run and agree was tried with PyTorch 1.13 on random documents.
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
    EXPECT_EQ(text.find("atol=0,"), std::string::npos);
    // Whole numbers too, where their sums leave float32's 24 bits.
    document = with_weight(standard_document(), 0, 0, Tensor({1, 1, 3, 3}, 1'000'003.0f));
    EXPECT_EQ(script_text(document, *evaluate(document)).find("atol=0,"), std::string::npos);
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
