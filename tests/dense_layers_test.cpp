// Fully connected layers, as 1×1 convolutions of 1×1 planes: their own passes against the definition.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/build_layer.h"
#include "core/kernels/row_sums.h"
#include "tests/layer_case.h"

namespace convscope {
namespace {

Document dense_layer(std::string_view id, int64_t batch, int64_t in, int64_t out, int64_t groups,
                     bool bias, int64_t stride, bool whole_numbers) {
    const Layer layer = build_layer(id, {{"in_channels", in},
                                         {"out_channels", out},
                                         {"kernel_size", both(1)},
                                         {"stride", both(stride)},
                                         {"groups", groups},
                                         {"bias", bias}});
    const Shape input{batch, in, 1, 1};
    const Plan plan = layer.op->plan(layer.params, input, true);
    EXPECT_FALSE(plan.problem);
    std::mt19937_64 random(3);
    const auto fill = [&](Shape shape) { return random_tensor(shape, random, whole_numbers); };
    std::vector<Tensor> weights;
    for (const WeightSpec& spec : plan.weights) weights.push_back(fill(spec.shape));
    return one_layer(*layer.op, layer.params, fill(input), weights,
                     fill(plan.output_stage().shape));
}

/// The bound of core/kernels/row_sums.h.
void expect_true(const Document& document, const Truth& truth) {
    const auto result = evaluate(document, {.optional_stages = true, .backward = true});
    ASSERT_TRUE(result && !result->problem);
    for (size_t s = 0; s < truth.plan.stages.size(); ++s) {
        const Tensor& stage = result->layers[0].stages[s];
        for (size_t i = 0; i < stage.values().size(); ++i) {
            const double bound = (4 + 2 * std::sqrt(truth.counts[s].values()[i])) *
                                 std::ldexp(truth.sizes[s].values()[i], -24);
            ASSERT_NEAR(static_cast<double>(stage.values()[i]), truth.values[s].values()[i],
                        truth.exact[s] ? 0 : bound)
                << truth.plan.stages[s].name << " " << i;
        }
    }
}

TEST(DenseLayers, are_what_they_are_defined_to_be) {
    for (const char* id : {"conv2d", "conv_transpose2d"})
        for (const int64_t batch : {1, 3, 37})
            for (const auto& [in, out, groups] :
                 {std::array<int64_t, 3>{1, 1, 1}, {5, 9, 1}, {9, 6, 3}, {67, 35, 1}, {8, 8, 8}})
                for (const bool bias : {false, true})
                    for (const bool whole : {false, true}) {
                        const Document document =
                            dense_layer(id, batch, in, out, groups, bias, 1, whole);
                        SCOPED_TRACE(describe(document));
                        const Truth truth = explain_all(document);
                        for (const std::string& set : instruction_sets()) {
                            SCOPED_TRACE(set);
                            use_instruction_set(set);
                            expect_true(document, truth);
                        }
                        use_instruction_set("");
                    }
}

/// Stride and padding at the far side leave one cell of one cell; padding in front does not.
TEST(DenseLayers, other_layers_with_planes_of_one_cell) {
    Document strided = dense_layer("conv2d", 4, 3, 5, 1, true, 2, true);
    expect_true(strided, explain_all(strided));
    strided = with_param(strided, 0, "stride", both(3));
    strided = with_param(strided, 0, "padding", pad(1));
    const Truth truth = explain_all(strided);
    EXPECT_EQ(truth.plan.output_stage().shape, (Shape{4, 5, 1, 1}));
    expect_true(strided, truth);
}

/// An infinite value reaches the cells that read it and no others.
TEST(DenseLayers, infinities_stay_where_they_are) {
    const float infinity = std::numeric_limits<float>::infinity();
    Document document = dense_layer("conv2d", 3, 4, 6, 1, true, 1, true);
    document.input.tensor.set({1, 2, 0, 0}, infinity);
    document.layers[0].weights[0] = Tensor({6, 4, 1, 1}, 1.0f);
    document.layers[0].weights[1].set({0, 5, 0, 0}, -infinity);
    const Tensor output = evaluate(document)->layers[0].output();
    for (int64_t n = 0; n < 3; ++n)
        for (int64_t c = 0; c < 6; ++c) {
            const float value = output.at({n, c, 0, 0});
            if (n == 1 && c == 5)
                EXPECT_TRUE(std::isnan(value));
            else if (n == 1)
                EXPECT_EQ(value, infinity);
            else if (c == 5)
                EXPECT_EQ(value, -infinity);
            else
                EXPECT_TRUE(std::isfinite(value)) << n << " " << c;
        }
}

/// What colours and range lines are made from: the one value, and nothing where it is not finite.
TEST(DenseLayers, a_plane_of_one_cell_has_its_value_for_statistics) {
    Document document = dense_layer("conv2d", 2, 3, 4, 1, false, 1, false);
    document.input.tensor.set({1, 0, 0, 0}, std::numeric_limits<float>::infinity());
    const LayerResult layer = evaluate(document)->layers[0];
    ASSERT_EQ(layer.statistics.size(), 8u);
    for (size_t i = 0; i < 8; ++i) {
        const float value = i < 4 ? layer.output().values()[i] : 0.0f;
        EXPECT_EQ(layer.statistics[i].low, value);
        EXPECT_EQ(layer.statistics[i].high, value);
        EXPECT_EQ(layer.statistics[i].range, std::abs(value));
    }
}

TEST(DenseLayers, hear_a_cancel) {
    const Document document = dense_layer("conv2d", 512, 512, 512, 1, true, 1, false);
    int asked = 0;
    Progress progress;
    progress.cancelled = [&] { return ++asked > 3; };
    EXPECT_FALSE(evaluate(document, {.optional_stages = false, .backward = true}, progress));
    EXPECT_EQ(asked, 4);
}

}  // namespace
}  // namespace convscope
