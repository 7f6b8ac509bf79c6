// The switch between correlation and convolution: what it makes of the numbers (teaching row 6), what it remembers, and that
// it tells the truth after undo, redo, presets and files.
#include <gtest/gtest.h>

#include "app/app.h"
#include "app/commands.h"
#include "core/document_json.h"
#include "core/presets.h"
#include "core/pytorch.h"
#include "core/state_dict.h"

namespace convscope {
namespace {

Document nine() {  // 0…8 and [[2, 3], [4, 5]]
    Document document;
    document.input = {Tensor({1, 1, 3, 3}, {0, 1, 2, 3, 4, 5, 6, 7, 8}), {}};
    document.layers.push_back(make_layer(*find_op("conv2d"), {1, 1, 3, 3}));
    document = with_param(document, 0, "kernel_size", Pair{2, 2});
    return with_weight(document, 0, 0, Tensor({1, 1, 2, 2}, {2, 3, 4, 5}));
}

std::vector<float> output_of(const Document& document) {
    const Result result = *evaluate(document);
    const auto values = result.layers.back().output().values();
    return {values.begin(), values.end()};
}

std::vector<float> kernel(const App& app) {
    const auto values = app.state.document.layers[0].weights[0].values();
    return {values.begin(), values.end()};
}

TEST(Turned, CorrelationAndConvolution) {
    EXPECT_EQ(output_of(nine()), (std::vector<float>{35, 49, 77, 91}));
    const Document turned = with_kernels_turned(nine(), 0);
    EXPECT_EQ(output_of(turned), (std::vector<float>{21, 35, 63, 77}));
    EXPECT_TRUE(turned.layers[0].turned);
    EXPECT_EQ(describe_change(nine(), turned), "kernel turned 180°");
    EXPECT_EQ(describe_change(turned, with_kernels_turned(turned, 0)), "kernel turned back");
    EXPECT_NE(script_text(turned, *evaluate(turned)).find("[[[[5., 4.],\n    [3., 2.]]]]"), std::string::npos)
        << script_text(turned, *evaluate(turned));
}

TEST(Turned, EveryKernelOfEveryChannel) {
    const Tensor weight = generate("normal", 3, {3, 2, 2, 3});
    const Tensor turned = turned_180(weight);
    for (int64_t i = 0; i < weight.shape().count(); ++i) {
        const Index at = weight.shape().index(i);
        EXPECT_EQ(turned.at({at.n, at.c, 1 - at.h, 2 - at.w}), weight.at(at));
    }
    EXPECT_TRUE(std::ranges::equal(turned_180(turned).values(), weight.values()));
}

TEST(Turned, TheCommandIsTheSwitch) {
    App app(nine());
    wait_until_settled(app);
    const Command& turn = *find_command("Turn kernel 180°");
    ASSERT_TRUE(run(turn, app));
    EXPECT_TRUE(app.state.document.layers[0].turned);
    EXPECT_EQ(kernel(app), (std::vector<float>{5, 4, 3, 2}));
    set_value(app, {Source::weight, 0, {0, 0, 0, 0}}, 7, "");  // an edit of what stands there
    EXPECT_TRUE(app.state.document.layers[0].turned);
    undo(app);
    EXPECT_EQ(kernel(app), (std::vector<float>{5, 4, 3, 2}));
    undo(app);
    EXPECT_FALSE(app.state.document.layers[0].turned);
    EXPECT_EQ(kernel(app), (std::vector<float>{2, 3, 4, 5}));
    redo(app);
    EXPECT_TRUE(app.state.document.layers[0].turned);
    ASSERT_TRUE(run(turn, app));
    EXPECT_FALSE(app.state.document.layers[0].turned);
    EXPECT_EQ(kernel(app), (std::vector<float>{2, 3, 4, 5}));
}

TEST(Turned, APresetIsChosenAndStandsTurned) {
    const Document turned = with_kernels_turned(standard_document(), 0);
    const Document sobel = with_all_kernels(turned, 0, "Sobel x");
    const Tensor straight = kernel_preset("Sobel x", {3, 3});
    for (size_t i = 0; i < 9; ++i)
        EXPECT_EQ(sobel.layers[0].weights[0].values()[i], straight.values()[8 - i]);
    EXPECT_EQ(kernel_name(chosen_kernels(sobel.layers[0]), {0, 0}), "Sobel x");
    EXPECT_EQ(describe_change(turned, sobel), "kernel Emboss → Sobel x");
}

TEST(Turned, IsSavedAndNotTakenFromAFile) {
    const Document turned = with_kernels_turned(nine(), 0);
    const DocumentResult read = from_json(to_json(turned), "");
    ASSERT_TRUE(read.ok()) << read.error;
    EXPECT_TRUE(read.document.layers[0].turned);
    EXPECT_EQ(output_of(read.document), output_of(turned));
    EXPECT_EQ(to_json(nine()).find("turned"), std::string::npos);
}

}  // namespace
}  // namespace convscope
