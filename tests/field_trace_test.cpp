// A pixel's receptive field and influence against brute force: every input cell perturbed, every output looked at.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "core/chain_edits.h"
#include "core/field_trace.h"
#include "tests/layer_case.h"

namespace convscope {
namespace {

/// Weights above 0, so that no influence cancels.
void make_positive(Document& document, std::mt19937_64& random) {
    std::uniform_real_distribution<float> above(0.5f, 1.5f);
    for (Layer& layer : document.layers)
        for (Tensor& weight : layer.weights)
            for (float& v : weight.mutate()) v = above(random);
}

Tensor output_of(const Document& document, size_t layers) {
    return evaluate(document, {.optional_stages = false})->layers[layers - 1].output();
}

TEST(FieldTrace, TwoConvolutionsByHand) {
    const Op& conv = *find_op("conv2d");
    Document document;
    document.input = generated_input("ones", 1, {1, 1, 9, 9});
    document.layers = {make_layer(conv, {1, 1, 9, 9})};
    document = with_layer_added(document, 1, conv);
    document = with_param(document, 0, "stride", Pair{2, 2});     // 9 → 4
    document = with_param(document, 1, "kernel_size", Pair{2, 2});  // 4 → 3
    document = with_param(document, 1, "padding", Padding{});
    const auto marked = trace_pixel(plan_only(document), 2, 1, 0);
    const auto field = marked[0].box();   // rows 1–2 of the middle: rows 2…6 of the input; columns 0…4
    EXPECT_EQ(field.row, 2);
    EXPECT_EQ(field.last_row, 6);
    EXPECT_EQ(field.column, 0);
    EXPECT_EQ(field.last_column, 4);
    const auto influence = trace_pixel(plan_only(document), 0, 2, 2)[2].box();  // input (2, 2) → middle 0…1 → output 0…1
    EXPECT_EQ(influence.row, 0);
    EXPECT_EQ(influence.last_row, 1);
}

TEST(FieldTrace, RandomChainsAgreeWithPerturbation) {
    std::mt19937_64 random(test_seed(41));
    int compared = 0;
    for (int i = 0; i < 400 && compared < 60; ++i) {
        Document document;
        document.input = generated_input("uniform", random() % 1000, {1, 1, 7, 6});
        const size_t layers = 1 + random() % 3;
        for (size_t k = 0; k < layers; ++k) {
            const Shape shape = k == 0 ? Shape{1, 1, 7, 6} : plan_only(document).layers[k - 1].plan.output_stage().shape;
            const Document drawn = random_layer(all_ops()[random() % 2], random, false);
            Layer layer = drawn.layers[0];
            layer.params = layer.op->fit_channels(layer.params, shape.c);
            if (const int out = field_index(*layer.op, "out_channels"); out >= 0 && field_index(*layer.op, "groups") >= 0) {
                layer.params[static_cast<size_t>(field_index(*layer.op, "groups"))] = int64_t(1);
                layer.params[static_cast<size_t>(out)] = int64_t(1);
            }
            layer.weights.clear();
            document.layers.push_back(layer);
            fit_weights(document);
            if (plan_only(document).problem) break;
        }
        const Result planned = plan_only(document);
        if (planned.problem) continue;
        make_positive(document, random);
        const size_t last = document.layers.size();
        const Shape out = planned.layers[last - 1].plan.output_stage().shape;
        if (out.plane() > 200) continue;
        ++compared;
        const int64_t row = static_cast<int64_t>(random() % static_cast<uint64_t>(out.h));
        const int64_t column = static_cast<int64_t>(random() % static_cast<uint64_t>(out.w));
        const auto field = trace_pixel(planned, static_cast<int>(last), row, column)[0];
        const Tensor before = output_of(document, last);
        const Shape in = document.input.tensor.shape();
        for (int64_t cell = 0; cell < in.plane(); ++cell) {
            Document moved = document;
            moved.input.origin = {};
            moved.input.tensor.mutate()[static_cast<size_t>(cell)] += 1;
            const Tensor after = output_of(moved, last);
            const bool depends = after.at({0, 0, row, column}) != before.at({0, 0, row, column});
            ASSERT_EQ(field.holds(cell / in.w, cell % in.w), depends) << describe(document) << " input cell " << cell;
            const auto influence = trace_pixel(planned, 0, cell / in.w, cell % in.w)[last];
            for (int64_t o = 0; o < out.plane(); ++o)
                ASSERT_EQ(influence.holds(o / out.w, o % out.w),
                          after.at({0, 0, o / out.w, o % out.w}) != before.at({0, 0, o / out.w, o % out.w}))
                    << describe(document) << " input cell " << cell << " output " << o;
        }
    }
    EXPECT_GE(compared, 40);
}

TEST(FieldTrace, ElementwiseIsOneToOneAndBatchNormSeesAll) {
    Document document;
    document.input = generated_input("normal", 1, {1, 1, 5, 5});
    document.layers = {make_layer(*find_op("relu"), {1, 1, 5, 5})};
    const auto relu = trace_pixel(plan_only(document), 1, 3, 2)[0].box();
    EXPECT_EQ(relu.row, 3);
    EXPECT_EQ(relu.height() * relu.width(), 1);
    document.layers = {make_layer(*find_op("batch_norm2d"), {1, 1, 5, 5})};
    const auto norm = trace_pixel(plan_only(document), 1, 3, 2)[0].box();
    EXPECT_EQ(norm.height() * norm.width(), 25);
    document.training = false;
    const auto eval = trace_pixel(plan_only(document), 1, 3, 2)[0].box();
    EXPECT_EQ(eval.height() * eval.width(), 1);
}

TEST(FieldTrace, ASkipBringsItsStart) {
    Document document;
    document.input = generated_input("normal", 1, {1, 1, 7, 7});
    document.layers = {make_layer(*find_op("conv2d"), {1, 1, 7, 7})};
    document = with_param(document, 0, "padding", Padding{Padding::Kind::same, {}});
    document = with_param(document, 0, "dilation", Pair{2, 2});
    document.layers[0].skip = 1;
    const auto marked = trace_pixel(plan_only(document), 1, 3, 3)[0];
    EXPECT_TRUE(marked.holds(3, 3));
    EXPECT_TRUE(marked.holds(1, 5));
    EXPECT_FALSE(marked.holds(2, 3));  // a hole of the dilation
}

}  // namespace
}  // namespace convscope
