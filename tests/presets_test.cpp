// Kernel presets at all sizes, the filter bank, and every document preset.
#include "core/presets.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include <gtest/gtest.h>

#include "core/block_flow.h"

namespace convscope {
namespace {

std::vector<float> list(const Tensor& tensor) {
    return {tensor.values().begin(), tensor.values().end()};
}
std::vector<float> kernel(std::string_view name, int64_t rows, int64_t columns) {
    return list(kernel_preset(name, {rows, columns}));
}
double sum(const std::vector<float>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0);
}

// The kernels as textbooks print them.
TEST(KernelPresets, AtThreeByThree) {
    using V = std::vector<float>;
    EXPECT_EQ(kernel("Identity", 3, 3), (V{0, 0, 0, 0, 1, 0, 0, 0, 0}));
    EXPECT_EQ(kernel("Box blur", 3, 3), V(9, 1.0f / 9));
    EXPECT_EQ(kernel("Gaussian blur", 3, 3),
              (V{0.0625f, 0.125f, 0.0625f, 0.125f, 0.25f, 0.125f, 0.0625f, 0.125f, 0.0625f}));
    EXPECT_EQ(kernel("Sharpen", 3, 3), (V{0, -1, 0, -1, 5, -1, 0, -1, 0}));
    EXPECT_EQ(kernel("Emboss", 3, 3), (V{-2, -1, 0, -1, 1, 1, 0, 1, 2}));
    EXPECT_EQ(kernel("Outline", 3, 3), (V{-1, -1, -1, -1, 8, -1, -1, -1, -1}));
    EXPECT_EQ(kernel("Sobel x", 3, 3), (V{-1, 0, 1, -2, 0, 2, -1, 0, 1}));
    EXPECT_EQ(kernel("Sobel y", 3, 3), (V{-1, -2, -1, 0, 0, 0, 1, 2, 1}));
    EXPECT_EQ(kernel("Prewitt x", 3, 3), (V{-1, 0, 1, -1, 0, 1, -1, 0, 1}));
    EXPECT_EQ(kernel("Prewitt y", 3, 3), (V{-1, -1, -1, 0, 0, 0, 1, 1, 1}));
    EXPECT_EQ(kernel("Scharr x", 3, 3), (V{-3, 0, 3, -10, 0, 10, -3, 0, 3}));
    EXPECT_EQ(kernel("Scharr y", 3, 3), (V{-3, -10, -3, 0, 0, 0, 3, 10, 3}));
    EXPECT_EQ(kernel("Laplacian", 3, 3), (V{0, 1, 0, 1, -4, 1, 0, 1, 0}));
    EXPECT_EQ(kernel("Motion blur", 3, 3), (V{1.0f / 3, 0, 0, 0, 1.0f / 3, 0, 0, 0, 1.0f / 3}));
}

TEST(KernelPresets, AtOtherSizes) {
    using V = std::vector<float>;
    EXPECT_EQ(kernel("Laplacian", 5, 4),
              (V{0, 0, 0, 0, 0, 1, 0, 0, 1, -4, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0}));
    EXPECT_EQ(kernel("Sobel x", 2, 2), (V{-1, 1, -1, 1}));
    EXPECT_EQ(kernel("Sobel x", 4, 5),
              (V{0, 0, 0, 0, 0, 0, -1, 0, 1, 0, 0, -1, 0, 1, 0, 0, 0, 0, 0, 0}));
    EXPECT_EQ(kernel("Gaussian blur", 1, 4), (V{0.125f, 0.375f, 0.375f, 0.125f}));
    EXPECT_EQ(kernel("Identity", 2, 4), (V{0, 1, 0, 0, 0, 0, 0, 0}));
    EXPECT_EQ(kernel("Sharpen", 1, 1), (V{1}));
    EXPECT_TRUE(kernel_preset("no such kernel", {3, 3}).empty());
    EXPECT_TRUE(kernel_preset("Identity", {0, 3}).empty());
    EXPECT_TRUE(kernel_preset("Identity", {int64_t(1) << 40, int64_t(1) << 40}).empty());
}

TEST(KernelPresets, HaveTheSumOfTheirKindAndNoNegativeZero) {
    const std::set<std::string> brightness{"Identity", "Box blur", "Gaussian blur",
                                           "Sharpen",  "Emboss",   "Motion blur"};
    for (const KernelPreset& preset : kernel_presets()) {
        EXPECT_FALSE(preset.help.empty());
        for (int64_t rows = 1; rows <= 9; ++rows)
            for (int64_t columns = 1; columns <= 9; ++columns) {
                const std::vector<float> values = kernel(preset.name, rows, columns);
                ASSERT_EQ(values.size(), static_cast<size_t>(rows * columns));
                EXPECT_NEAR(sum(values), brightness.contains(preset.name) ? 1 : 0, 1e-5)
                    << preset.name << " " << rows << "×" << columns;
                for (const float v : values) {
                    EXPECT_TRUE(std::isfinite(v));
                    EXPECT_FALSE(v == 0 && std::signbit(v)) << preset.name;
                }
            }
    }
    for (const KernelPreset& preset : kernel_presets())
        EXPECT_NEAR(sum(kernel(preset.name, 1, 100000)), brightness.contains(preset.name) ? 1 : 0,
                    1e-3);
}

TEST(KernelPresets, AreRecognisedByTheirNumbers) {
    for (const int64_t size : {3, 5, 7})
        for (const KernelPreset& preset : kernel_presets())
            EXPECT_EQ(kernel_name(kernel_preset(preset.name, {size, size}), {}), preset.name)
                << size;
    Tensor own = kernel_preset("Sobel x", {3, 3});
    own.set({0, 0, 0, 1}, 0.5f);
    EXPECT_EQ(kernel_name(own, {}), "");
    EXPECT_EQ(kernel_name(Tensor({1, 1, 3, 3}), {}), "");
    EXPECT_EQ(kernel_name(Tensor(), {}), "");
    EXPECT_EQ(kernel_name(own, {5, 0, 0, 0}), "");
    EXPECT_EQ(kernel_name(Tensor({1, 1, 2, 2}, std::nanf("")), {}), "");
}

TEST(KernelPresets, GoIntoOneKernelOrAll) {
    Document document = document_presets()[0].make();
    document = with_param(document, 0, "out_channels", int64_t(2));
    document = with_kernel(document, 0, {1, 0, 0, 0}, "Laplacian");
    EXPECT_EQ(kernel_name(document.layers[0].weights[0], {0, 0, 0, 0}), "Emboss");
    EXPECT_EQ(kernel_name(document.layers[0].weights[0], {1, 0, 0, 0}), "Laplacian");
    document = with_all_kernels(document, 0, "Sobel y");
    for (int64_t n = 0; n < 2; ++n)
        EXPECT_EQ(kernel_name(document.layers[0].weights[0], {n, 0, 0, 0}), "Sobel y");
    EXPECT_EQ(with_kernel(document, 0, {7, 0, 0, 0}, "Sobel y"), document);
    EXPECT_EQ(with_all_kernels(document, 0, "no such kernel"), document);
}

/// Values of the kernel swatches in the design's picture of the feature maps, read from its pixels (± 0.02); each scaled
/// so that its largest value is 1.
TEST(FilterBank, LooksLikeThePicture) {
    const Tensor bank = filter_bank(1, 7);
    ASSERT_EQ(bank.shape(), (Shape{8, 1, 7, 7}));
    const auto row = [&](int64_t filter, int64_t r) {
        float largest = 0;
        for (int64_t h = 0; h < 7; ++h)
            for (int64_t w = 0; w < 7; ++w)
                largest = std::max(largest, std::abs(bank.at({filter, 0, h, w})));
        std::vector<double> values;
        for (int64_t w = 0; w < 7; ++w) values.push_back(bank.at({filter, 0, r, w}) / largest);
        return values;
    };
    const auto expect_row = [&](int64_t filter, int64_t r, const std::vector<double>& expected) {
        const std::vector<double> values = row(filter, r);
        for (size_t i = 0; i < 7; ++i)
            EXPECT_NEAR(values[i], expected[i], 0.02) << filter << " row " << r << " " << i;
    };
    expect_row(0, 3, {0, 0, -1, 0, 1, 0, 0});
    expect_row(1, 2, {0, 0, -0.5, -1, -0.5, 0, 0});
    expect_row(2, 3, {0, 0, 0.25, -1, 0.25, 0, 0});
    expect_row(3, 2, {-0.2, -0.52, -0.32, 0.47, 0.76, 0.26, -0.12});
    expect_row(4, 2, {-0.12, 0.26, 0.76, 0.47, -0.32, -0.52, -0.2});
    expect_row(5, 3, {0.29, 0.58, 0.87, 1, 0.87, 0.58, 0.29});
    expect_row(5, 1, {-0.15, -0.31, -0.46, -0.53, -0.46, -0.31, -0.15});
    expect_row(6, 0, {0.06, 0.14, 0.22, 0.25, 0.22, 0.14, 0.06});
    expect_row(7, 3, {-0.14, -0.04, 0.54, 1, 0.54, -0.04, -0.14});
    EXPECT_EQ(filter_bank_names(),
              (std::vector<std::string>{"Sobel x", "Sobel y", "Laplacian", "Gabor 45°",
                                        "Gabor 135°", "Gabor 0°", "Blur", "Difference"}));
}

TEST(FilterBank, SeesLuminance) {
    const Tensor grey = filter_bank(1, 7), rgb = filter_bank(3, 7);
    for (int64_t f = 0; f < 8; ++f)
        for (int64_t h = 0; h < 7; ++h)
            for (int64_t w = 0; w < 7; ++w) {
                const float v = grey.at({f, 0, h, w});
                EXPECT_FLOAT_EQ(rgb.at({f, 0, h, w}), 0.299f * v);
                EXPECT_FLOAT_EQ(rgb.at({f, 1, h, w}), 0.587f * v);
                EXPECT_FLOAT_EQ(rgb.at({f, 2, h, w}), 0.114f * v);
            }
}

TEST(DocumentPresets, CanAllBeComputedForwardAndBackward) {
    std::set<std::string> names;
    for (const DocumentPreset& preset : document_presets()) {
        SCOPED_TRACE(preset.name);
        const Document document = preset.make();
        EXPECT_EQ(document.name, preset.name);
        EXPECT_TRUE(names.insert(preset.name).second);
        EXPECT_FALSE(preset.group.empty());
        EXPECT_TRUE(preset.help.ends_with(".")) << preset.help;
        EXPECT_LE(preset.help.size(), 100u) << preset.help;
        const auto result = evaluate(document, {true, true});
        ASSERT_TRUE(result);
        ASSERT_FALSE(result->problem) << result->problem->whole();
        EXPECT_EQ(result->layers.size(), document.layers.size());
    }
    EXPECT_EQ(document_presets()[0].make().name, standard_document().name);
}

/// What the presets promise in their help.
TEST(DocumentPresets, ShowWhatTheySay) {
    const auto result_of = [](std::string_view name) {
        for (const DocumentPreset& preset : document_presets())
            if (preset.name == name) return *evaluate(preset.make());
        ADD_FAILURE() << name;
        return Result{};
    };
    const Result corner = result_of("Padding 1 keeps 3×3");
    EXPECT_EQ(list(corner.layers[0].output()),
              (std::vector<float>{12, 21, 16, 27, 45, 33, 24, 39, 28}));
    EXPECT_EQ(corner.layers[0].plan.window->h.reads_per_input(PaddingMode::zeros),
              (std::vector<int64_t>{2, 3, 2}));
    const Plan same = result_of("Same padding with an even kernel").layers[0].plan;
    EXPECT_EQ(same.window->h.pad_before, 1);
    EXPECT_EQ(same.window->h.pad_after, 2);
    EXPECT_EQ(same.output_stage().shape, (Shape{1, 1, 6, 6}));
    EXPECT_EQ(result_of("Stride 2 leaves a row over").layers[0].plan.window->h.leftover(), 1);
    const Tensor board = result_of("Checkerboard").layers[0].output();
    EXPECT_EQ(board.shape(), (Shape{1, 1, 9, 9}));
    EXPECT_EQ(board.at({0, 0, 1, 1}), 1);
    EXPECT_EQ(board.at({0, 0, 1, 2}), 2);
    EXPECT_EQ(board.at({0, 0, 2, 2}), 4);
    const Tensor flat = result_of("Doubling without a checkerboard").layers[0].output();
    EXPECT_EQ(flat.shape(), (Shape{1, 1, 8, 8}));
    for (int64_t h = 1; h < 7; ++h)
        for (int64_t w = 1; w < 7; ++w) EXPECT_EQ(flat.at({0, 0, h, w}), 4);
    EXPECT_EQ(result_of("Three channels in, four out").layers[0].plan.weights[0].shape,
              (Shape{4, 3, 3, 3}));
    EXPECT_EQ(result_of("Depthwise").layers[0].plan.weights[0].shape, (Shape{3, 1, 3, 3}));
}

TEST(ImageDocument, IsTheBankBehindTheImage) {
    for (const int64_t channels : {1, 3}) {
        Input input{generate("uniform", 2, {1, channels, 12, 15}),
                    FromImage{"/tmp/pictures/a b.png", false, 0, ""}};
        const Document document = image_document(input);
        EXPECT_EQ(document.name, "Classic filters on a b.png");
        EXPECT_EQ(document.layers[0].channel_names, filter_bank_names());
        const auto result = evaluate(document);
        ASSERT_TRUE(result && !result->problem);
        EXPECT_EQ(result->layers[0].output().shape(), (Shape{1, 8, 12, 15}));
    }
}

Document preset(std::string_view name) {
    for (const DocumentPreset& preset : document_presets())
        if (preset.name == name) return preset.make();
    ADD_FAILURE() << name;
    return standard_document();
}

Result backward(std::string_view name) {
    auto result = evaluate(preset(name), {.optional_stages = false, .backward = true});
    EXPECT_TRUE(result && !result->problem) << name;
    return std::move(*result);
}

/// What flows through a document: "1×1×6×6 → 1×2×6×6".
std::string shapes(std::string_view name) {
    const Result result = plan_only(preset(name));
    std::string text = to_string(result.document.input.tensor.shape());
    Shape last = result.document.input.tensor.shape();
    for (const LayerResult& layer : result.layers)
        if (const Shape shape = layer.plan.output_stage().shape; shape != last)
            text += " → " + to_string(last = shape);
    return text;
}

TEST(DocumentPresets, StandInGroups) {
    std::vector<std::string> groups;
    for (const DocumentPreset& preset : document_presets())
        if (std::ranges::find(groups, preset.group) == groups.end()) groups.push_back(preset.group);
    EXPECT_EQ(groups,
              (std::vector<std::string>{"Convolution", "Transposed convolution",
                                        "Pooling and upsampling", "Batch norm", "Activations",
                                        "Chains", "Gradient flow"}));
}

TEST(DocumentPresets, PoolsAndUpsamplesShowWhatTheySay) {
    const Result largest = backward("Max pool 2×2"), mean = backward("Average pool 2×2");
    EXPECT_EQ(list(largest.document.input.tensor), list(mean.document.input.tensor));
    const Tensor in = mean.document.input.tensor;
    const auto gradient = [](const Result& result) {
        const LayerResult& layer = result.layers[0];
        return layer.stages[static_cast<size_t>(layer.plan.stage("grad_input"))];
    };
    for (int64_t h = 0; h < 3; ++h)
        for (int64_t w = 0; w < 3; ++w) {
            float sum = 0, top = -1;
            int reached = 0;
            for (const int64_t r : {0, 1})
                for (const int64_t s : {0, 1}) {
                    const Index cell{0, 0, 2 * h + r, 2 * w + s};
                    sum += in.at(cell), top = std::max(top, in.at(cell));
                    reached += gradient(largest).at(cell) != 0;
                    EXPECT_FLOAT_EQ(gradient(mean).at(cell),
                                    mean.layers[0].grad_output.at({0, 0, h, w}) / 4);
                }
            EXPECT_EQ(reached, 1);
            EXPECT_EQ(largest.layers[0].output().at({0, 0, h, w}), top);
            EXPECT_EQ(mean.layers[0].output().at({0, 0, h, w}), sum / 4);
        }
    EXPECT_EQ(list(backward("Upsample, nearest").layers[0].output()),
              (std::vector<float>{1, 1, 0, 0, 1, 1, 0, 0, 2, 2, 3, 3, 2, 2, 3, 3}));
    // PyTorch's Upsample(scale_factor=2, mode='bilinear').
    EXPECT_EQ(list(backward("Upsample, bilinear").layers[0].output()),
              (std::vector<float>{1, 0.75f, 0.25f, 0, 1.25f, 1.125f, 0.875f, 0.75f, 1.75f, 1.875f,
                                  2.125f, 2.25f, 2, 2.25f, 2.75f, 3}));
    const Tensor flat = backward("Upsample, then convolve").layers[1].output();
    EXPECT_EQ(flat.shape(), (Shape{1, 1, 8, 8}));
    for (int64_t h = 1; h < 7; ++h)
        for (int64_t w = 1; w < 7; ++w) EXPECT_EQ(flat.at({0, 0, h, w}), 9);
}

TEST(DocumentPresets, ChainsHaveTheShapesTheySay) {
    EXPECT_EQ(shapes("Convolution, batch norm, ReLU"), "2×1×6×6 → 2×2×6×6");
    EXPECT_EQ(shapes("DCGAN generator block"), "1×4×4×4 → 1×2×8×8");
    EXPECT_EQ(shapes("DCGAN generator, small"),
              "1×100×1×1 → 1×32×4×4 → 1×16×8×8 → 1×8×16×16 → 1×3×32×32");
    EXPECT_EQ(shapes("Encoder and decoder"), "1×1×16×16 → 1×4×8×8 → 1×8×4×4 → 1×4×8×8 → 1×1×16×16");
    EXPECT_EQ(shapes("Residual block"), "2×2×6×6");
    EXPECT_EQ(preset("DCGAN generator, small").layers.size(), 11u);
    const Result residual = backward("Residual block");
    EXPECT_EQ(residual.layers[4].plan.skip.from, 0);
    for (const float v : residual.layers[5].output().values()) EXPECT_GE(v, 0);
}

/// The teaching notes' numbers (row 23 and row 27), and what the helps say.
TEST(DocumentPresets, BatchNormAndActivationsShowWhatTheySay) {
    const auto expect_near = [](const Tensor& tensor, std::vector<double> wanted,
                                double tolerance) {
        ASSERT_EQ(tensor.values().size(), wanted.size());
        for (size_t i = 0; i < wanted.size(); ++i)
            EXPECT_NEAR(static_cast<double>(tensor.values()[i]), wanted[i], tolerance);
    };
    const Result four = backward("Batch norm of four numbers");
    expect_near(four.layers[0].output(), {-1.34164, -0.44721, 0.44721, 1.34164}, 1e-5);
    const auto& buffers = four.layers[0].plan.buffers;
    ASSERT_EQ(buffers.size(), 3u);
    const std::vector<Tensor> after = four.layers[0].buffers.back();
    expect_near(after[0], {0.25}, 1e-6);
    expect_near(after[1], {1.066667}, 1e-6);
    const Document eval = preset("The same four numbers in eval mode");
    EXPECT_FALSE(eval.training);
    for (size_t i = 0; i < buffers.size(); ++i)  // the next of that very step
        EXPECT_EQ(list(eval.layers[0].buffers[i]), list(after[i])) << buffers[i].name;
    expect_near(evaluate(eval)->layers[0].output(), {0.726, 1.694, 2.663, 3.631}, 5e-4);

    const Result sigmoid = backward("Saturated sigmoid");
    const LayerResult& layer = sigmoid.layers[0];
    const Tensor slope = layer.stages[static_cast<size_t>(layer.plan.stage("grad_input"))];
    EXPECT_NEAR(static_cast<double>(slope.at({0, 0, 0, 8})), 0.25, 1e-6);
    EXPECT_LT(slope.at({0, 0, 0, 0}), 4e-4f);
    EXPECT_LT(slope.at({0, 0, 0, 16}), 4e-4f);
    EXPECT_GT(layer.output().at({0, 0, 0, 16}), 0.999f);

    const Result dead = backward("Dead ReLU");
    for (const float v : dead.layers[0].output().values()) EXPECT_LT(v, 0);
    for (const float v : dead.layers[1].output().values()) EXPECT_EQ(v, 0);
    const auto grad_weight = static_cast<size_t>(dead.layers[0].plan.stage("grad_weight"));
    for (const float v : dead.layers[0].stages[grad_weight].values()) EXPECT_EQ(v, 0);
}

TEST(DocumentPresets, GradientsFlowAsTheySay) {
    const auto signals = [](std::string_view name) {
        std::vector<double> values;
        for (const BlockFlow& flow : flow_of(backward(name)))
            values.push_back(flow.signal_rms.value_or(NAN));
        return values;
    };
    const auto factor = [](const std::vector<double>& signals) {
        return std::pow(signals.front() / signals.back(),
                        1 / static_cast<double>(signals.size() - 1));
    };
    const std::vector<double> vanishing = signals("Vanishing: sigmoid, Xavier");
    ASSERT_EQ(vanishing.size(), 80u);
    EXPECT_EQ(vanishing.front(), 0);
    EXPECT_NEAR(std::pow(vanishing[40] / vanishing[79], 1 / 39.0), 0.25, 0.03);
    const std::vector<double> exploding = signals("Exploding: batch norm and ReLU");
    EXPECT_NEAR(factor(exploding), 1.2, 0.05);
    const std::vector<double> healthy = signals("Healthy: ReLU, He");
    EXPECT_GT(healthy.front(), 0.1);
    EXPECT_LT(healthy.front(), 10);
    const std::vector<double> skipping = signals("With skip connections: sigmoid, Xavier");
    EXPECT_GT(skipping.front(), 0.5);
    EXPECT_LT(skipping.front(), 10);
}

}  // namespace
}  // namespace convscope
