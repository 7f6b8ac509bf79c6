// The distribution view: its table against PyTorch's numbers and sums over the tensors; other modes; flat slopes.
#include <gtest/gtest.h>

#include <cmath>

#include "app/views/view.h"
#include "core/other_mode.h"

namespace convscope {
namespace {

Document batch_norm(Tensor input, int64_t batches = 1) {
    Document document;
    document.input.tensor = std::move(input);
    document.layers.push_back(make_layer(*find_op("batch_norm2d"), document.input.tensor.shape()));
    document.batches = batches;
    return document;
}

Scene drawn(const Result& result, Point size = {1100, 760}) {
    const Timeline timeline = Timeline::counted(Order::by_batch, result.document.batches);
    ViewInput in;
    in.result = &result;
    in.timeline = &timeline;
    in.step = result.batch;
    in.unit = Unit::batch;
    in.size_px = size;
    return build_distribution(in);
}

bool has_text(const Scene& scene, const std::string& text) {
    for (const Label& label : scene.labels)
        for (const Run& run : label.runs)
            if (run.text == text) return true;
    return false;
}

TEST(Distribution, EvalUsesTheRunningStatisticsAfterTheBatch) {
    // teaching: 1 2 3 4 → −1.34164 … in train; after one step eval gives 0.726, 1.694, 2.663, 3.631.
    const Result result = *evaluate(batch_norm(Tensor({1, 1, 2, 2}, {1, 2, 3, 4})));
    const auto eval = in_mode(result, 0, false);
    ASSERT_TRUE(eval);
    const double expected[]{0.726, 1.694, 2.663, 3.631};
    for (int i = 0; i < 4; ++i)
        EXPECT_NEAR(static_cast<double>(eval->output().values()[static_cast<size_t>(i)]), expected[i], 5e-4);
    EXPECT_NEAR(static_cast<double>(result.layers[0].op_output().values()[0]), -1.34164, 1e-5);
    const Scene scene = drawn(result);
    EXPECT_TRUE(has_text(scene, "1.2500"));   // var, n
    EXPECT_TRUE(has_text(scene, "1.6667"));   // var, n−1
    EXPECT_TRUE(has_text(scene, "0.2500"));   // running_mean
    EXPECT_TRUE(has_text(scene, "1.0667"));   // running_var
    EXPECT_TRUE(has_text(scene, "Output, train") && has_text(scene, "Output, eval"));
}

TEST(Distribution, BatchesFoldTheBuffers) {
    Document document = batch_norm({}, 20);
    document.input = generated_input("normal", 5, {4, 2, 6, 6});
    document.layers[0] = make_layer(*find_op("batch_norm2d"), {4, 2, 6, 6});
    const Result result = *evaluate(document);
    const LayerResult& layer = result.layers[0];
    ASSERT_EQ(layer.buffers.size(), 21u);
    // By hand, batch after batch: running = 0.9·running + 0.1·batch, with the variance ÷ (n − 1).
    for (int64_t c = 0; c < 2; ++c) {
        double mean = 0, var = 1;
        for (int64_t b = 1; b <= 20; ++b) {
            const Tensor batch = generate("normal", 4 + static_cast<uint64_t>(b), {4, 2, 6, 6});
            double sum = 0, squares = 0;
            for (int64_t n = 0; n < 4; ++n)
                for (int64_t i = 0; i < 36; ++i) sum += static_cast<double>(batch.at({n, c, i / 6, i % 6}));
            for (int64_t n = 0; n < 4; ++n)
                for (int64_t i = 0; i < 36; ++i)
                    squares += std::pow(static_cast<double>(batch.at({n, c, i / 6, i % 6})) - sum / 144, 2);
            mean = 0.9 * mean + 0.1 * sum / 144;
            var = 0.9 * var + 0.1 * squares / 143;
            EXPECT_NEAR(static_cast<double>(layer.buffers[static_cast<size_t>(b)][0].at({0, c, 0, 0})), mean, 1e-6);
            EXPECT_NEAR(static_cast<double>(layer.buffers[static_cast<size_t>(b)][1].at({0, c, 0, 0})), var, 1e-6);
        }
    }
    EXPECT_EQ(layer.buffers.back()[2].values()[0], 20);
    EXPECT_NE(drawn(result).caption.second.find("12 %"), std::string::npos);  // 0.9²⁰ = 0.1216
    // An earlier batch is the same whether it is the last or not.
    document.batches = 7;
    const Result seventh = *evaluate(document);
    EXPECT_EQ(seventh.layers[0].buffers.back()[0].values()[1], layer.buffers[7][0].values()[1]);
    document.training = false;
    const Result eval = *evaluate(document);
    EXPECT_EQ(eval.layers[0].buffers.size(), 1u);
    EXPECT_NE(drawn(eval).caption.second.find("eval mode"), std::string::npos);
}

TEST(Distribution, OneValueAChannelHasNoTrainMode) {
    Document document = batch_norm(Tensor({1, 2, 1, 1}, {3, 4}));
    document.training = false;
    const Result result = *evaluate(document);
    ASSERT_FALSE(result.problem);
    EXPECT_FALSE(in_mode(result, 0, true));
    EXPECT_FALSE(has_text(drawn(result), "Output, train"));
}

TEST(Distribution, HistogramsCountEveryValue) {
    const Result result = *evaluate(batch_norm(generate("normal", 1, {2, 3, 8, 8})));
    for (const Point size : {Point{748, 580}, Point{1100, 760}, Point{420, 420}}) {
        const Scene scene = drawn(result, size);
        for (const Plate& plate : scene.plates) {
            EXPECT_GE(plate.box.x, -1);
            EXPECT_LE(plate.box.right(), size.x + 1);
        }
    }
}

}  // namespace
}  // namespace convscope
