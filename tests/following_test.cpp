// Chains of which only the output is wanted: batch norm in eval mode and activations are applied to the output before them
// while it is near. The witness is the chain computed layer by layer.
#include "core/following.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/build_layer.h"
#include "core/memory.h"
#include "core/workers.h"
#include "tests/layer_case.h"

namespace convscope {
namespace {

using Layers = std::vector<std::pair<std::string_view, std::vector<Setting>>>;

Document chain(Shape input, const Layers& layers, bool training = false) {
    std::mt19937_64 random(test_seed(7));
    Document document = started("chain", random_tensor(input, random, false));
    document.training = training;
    int64_t channels = input.c;
    for (const auto& [id, settings] : layers) {
        add_layer(document, id, settings);
        Layer& layer = document.layers.back();
        Params fitting = layer.op->fit_channels(layer.params, channels);
        const Shape shape = [&] {
            const Result planned = plan_only(document);
            return planned.layers.empty() ? input : planned.layers.back().plan.output_stage().shape;
        }();
        layer.params = fitting;
        const Plan plan = layer.op->plan(fitting, {shape.n, channels, shape.h, shape.w}, training);
        EXPECT_FALSE(plan.problem) << id << ": " << plan.problem->whole();
        layer.weights.clear();
        for (const WeightSpec& spec : plan.weights)
            layer.weights.push_back(random_tensor(spec.shape, random, false));
        layer.buffers.clear();
        for (const BufferSpec& spec : plan.buffers) {
            layer.buffers.push_back(random_tensor(spec.shape, random, false));
            for (float& value : layer.buffers.back().mutate()) value = std::abs(value) + 0.5f;
        }
        channels = plan.output_stage().shape.c;
    }
    return document;
}

void expect_same_output(const Document& document, size_t followed) {
    size_t found = 0;
    const Result planned = plan_only(document);
    ASSERT_FALSE(planned.problem) << planned.problem->whole();
    for (size_t k = 0; k < planned.layers.size();) {
        const size_t here = following(document, planned.layers, k).count;
        found += here;
        k += here + 1;
    }
    EXPECT_EQ(found, followed);
    const auto all = evaluate(document, {.optional_stages = false});
    Workers workers(3);
    for (Workers* helpers : {static_cast<Workers*>(nullptr), &workers}) {
        const auto only = evaluate(document, {.output_only = true},
                                   {.report = {}, .cancelled = {}, .workers = helpers});
        ASSERT_TRUE(all && only && !only->problem);
        EXPECT_EQ(only->loss.has_value(), all->loss.has_value());
        const auto values = only->layers.back().output().values();
        ASSERT_EQ(values.size(), all->layers.back().output().values().size());
        for (size_t i = 0; i < values.size(); ++i)
            ASSERT_EQ(std::bit_cast<uint32_t>(values[i]),
                      std::bit_cast<uint32_t>(all->layers.back().output().values()[i]))
                << i;
        for (size_t k = 0; k + 1 < only->layers.size(); ++k)
            EXPECT_TRUE(std::ranges::all_of(only->layers[k].stages, &Tensor::empty)) << k;
    }
}

TEST(OnlyTheOutput, IsThatOfAllLayersToTheBit) {
    const std::vector<Setting> eight{{"out_channels", int64_t(8)}, {"kernel_size", both(3)}};
    // A photograph's width: rows are read in place, and the result would be written past the caches.
    expect_same_output(
        chain({1, 3, 200, 1200}, {{"conv2d", eight}, {"batch_norm2d", {}}, {"relu", {}}}), 2);
    expect_same_output(
        chain({1, 1, 300, 500}, {{"conv2d", {}}, {"leaky_relu", {}}, {"conv2d", {}}, {"tanh", {}}}),
        2);
    expect_same_output(chain({2, 3, 9, 14}, {{"conv2d", eight},
                                             {"batch_norm2d", {}},
                                             {"gelu", {}},
                                             {"silu", {}},
                                             {"max_pool2d", {}},
                                             {"sigmoid", {}}}),
                       4);
    // Few cells of many channels, and a product of matrices.
    expect_same_output(
        chain({1, 40, 6, 6}, {{"conv2d", {{"out_channels", int64_t(32)}, {"kernel_size", both(3)}}},
                              {"relu", {}},
                              {"conv2d", {{"out_channels", int64_t(5)}, {"kernel_size", both(1)}}},
                              {"batch_norm2d", {}}}),
        2);
    // What takes no such function has it applied afterwards; a layer that is one itself is computed as ever.
    expect_same_output(chain({1, 4, 20, 30}, {{"relu", {}},
                                              {"batch_norm2d", {}},
                                              {"conv_transpose2d", eight},
                                              {"batch_norm2d", {}},
                                              {"relu", {}},
                                              {"avg_pool2d", {}},
                                              {"tanh", {}}}),
                       4);
    expect_same_output(chain({1, 2, 5, 5}, {{"sigmoid", {}}}), 0);
}

TEST(OnlyTheOutput, OfABatchNormThatNeedsItsBatch) {
    expect_same_output(
        chain({3, 2, 20, 30}, {{"conv2d", {}}, {"batch_norm2d", {}}, {"relu", {}}, {"conv2d", {}}},
              true),
        1);
    Document batches =
        chain({3, 2, 20, 30}, {{"conv2d", {}}, {"relu", {}}, {"batch_norm2d", {}}}, true);
    batches.batches = 3;
    expect_same_output(batches, 1);
}

TEST(OnlyTheOutput, KeepsAllWhereASkipReadsIt) {
    Document document = chain({1, 2, 8, 8}, {{"relu", {}}, {"tanh", {}}});
    document.layers[1].skip = 2;
    const auto only = evaluate(document, {.output_only = true});
    ASSERT_TRUE(only && !only->problem);
    EXPECT_FALSE(only->layers[0].output().empty());
    const auto all = evaluate(document);
    EXPECT_TRUE(std::ranges::equal(only->layers.back().output().values(),
                                   all->layers.back().output().values()));
}

/// 8 maps of a million cells are 32 MiB. The input, the convolution, batch norm with its normalised values and the activation
/// take 4 + 32 + 64 + 32 MiB and a little; the input and one of them 36.
TEST(OnlyTheOutput, TakesTheMemoryOfOneLayer) {
    const Document document = chain(
        {1, 1, 1024, 1024}, {{"conv2d", {{"out_channels", int64_t(8)}, {"kernel_size", both(1)}}},
                             {"batch_norm2d", {}},
                             {"relu", {}}});
    Want want{.optional_stages = false, .most_bytes = int64_t(40) << 20};
    const auto all = evaluate(document, want);
    ASSERT_TRUE(all && all->problem);
    EXPECT_EQ(all->problem->sentence,
              "Computing this takes 133 MB of memory; the budget is 40 MB.");
    EXPECT_EQ(all->problem_layer, 1);
    want.output_only = true;
    const size_t before = memory_counts().in_use;
    size_t most = before;
    const auto look = [&](double) { most = std::max(most, memory_counts().in_use); };
    const auto only = evaluate(document, want, {.report = look, .cancelled = {}});
    ASSERT_TRUE(only);
    EXPECT_GT(most - before, size_t(30) << 20);  // the input is there before
    EXPECT_LT(most - before, size_t(34) << 20);
    EXPECT_FALSE(only->problem) << only->problem->whole();
    want.most_bytes = int64_t(30) << 20;
    EXPECT_EQ(evaluate(document, want)->problem->sentence,
              "Computing this takes 36 MB of memory; the budget is 30 MB.");
}

}  // namespace
}  // namespace convscope
