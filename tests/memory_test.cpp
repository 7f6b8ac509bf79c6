// The memory of tensors: aligned, kept and given back within its bounds, and never allocated twice for the same work.
#include "core/memory.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <thread>

#include "core/evaluate.h"
#include "core/presets.h"
#include "tests/counted_memory.h"
#include "tests/layer_case.h"

namespace convscope {
namespace {

class OwnMemory : public testing::Test {
  protected:
    OwnMemory() { trim_memory(); }
    ~OwnMemory() override { trim_memory(); }
};

TEST_F(OwnMemory, AreAligned) {
    for (const size_t bytes :
         {size_t(1), size_t(100), kLargeMemory - 1, kLargeMemory, 5 * kLargeMemory + 1}) {
        const Memory block(bytes);
        EXPECT_EQ(reinterpret_cast<uintptr_t>(block.data()) % kMemoryAlignment, 0u) << bytes;
        std::memset(block.data(), 1, bytes);
    }
}

TEST_F(OwnMemory, LargeOnesAreUsedAgain) {
    const int64_t before = memory_counts().fresh;
    const void* first = nullptr;
    {
        const Memory block(3 * kLargeMemory);
        first = block.data();
        EXPECT_GE(memory_counts().in_use, 3 * kLargeMemory);
    }
    EXPECT_GE(memory_counts().kept, 3 * kLargeMemory);
    const Memory again(3 * kLargeMemory - 1000);  // nearly the same size
    EXPECT_EQ(again.data(), first);
    EXPECT_EQ(memory_counts().kept, 0u);
    EXPECT_EQ(memory_counts().fresh, before + 1);
}

TEST_F(OwnMemory, TrimGivesAllBack) {
    { const Memory block(4 * kLargeMemory); }
    EXPECT_GT(memory_counts().kept, 0u);
    trim_memory();
    EXPECT_EQ(memory_counts().kept, 0u);
}

/// Blocks of a sixteenth of the most that is kept.
std::vector<std::unique_ptr<Memory>> blocks(size_t count) {
    std::vector<std::unique_ptr<Memory>> many;
    for (size_t i = 0; i < count; ++i) many.push_back(std::make_unique<Memory>(kMostKept / 16));
    return many;
}

TEST_F(OwnMemory, WhatIsKeptIsBounded) {
    poison_memory(false);  // only addresses are asked for, no pages
    const size_t in_use = memory_counts().in_use;
    {
        const auto shown = blocks(32);
        { const auto last = blocks(8); }
        EXPECT_EQ(memory_counts().kept, kMostKept / 2);
        { const auto larger = blocks(24); }
        EXPECT_EQ(memory_counts().kept, kMostKept);
        { const Memory largest(kMostKept + kLargeMemory); }
        EXPECT_LE(memory_counts().kept, kMostKept);
    }
    // Nothing large is in use any more.
    EXPECT_LE(memory_counts().kept, kAlwaysKept);
    EXPECT_EQ(memory_counts().in_use, in_use);
    poison_memory(true);
}

TEST_F(OwnMemory, TooLargeOnesAreRefused) {
    EXPECT_THROW(Memory(SIZE_MAX), std::bad_alloc);
    EXPECT_THROW(Memory(SIZE_MAX / 8), std::bad_alloc);
    EXPECT_THROW(Tensor({1, 1, INT64_C(1) << 31, INT64_C(1) << 31}), std::bad_alloc);
}

TEST_F(OwnMemory, ServeManyThreads) {
    const auto work = [](size_t which) {
        for (size_t i = 0; i < 300; ++i) {
            const size_t bytes = kLargeMemory * (1 + i % 3);
            const Memory block(bytes);
            auto* const words = static_cast<size_t*>(block.data());
            words[0] = words[bytes / 2 / sizeof(size_t)] = which;
            std::this_thread::yield();
            ASSERT_EQ(words[0], which);
            ASSERT_EQ(words[bytes / 2 / sizeof(size_t)], which);
        }
    };
    poison_memory(false);
    std::vector<std::thread> threads;
    for (size_t i = 0; i < 4; ++i) threads.emplace_back(work, i);
    for (std::thread& thread : threads) thread.join();
    poison_memory(true);
}

TEST_F(OwnMemory, ATestSeesWhatNobodyWrote) {
    const Tensor tensor({1, 1, 2, 3}, kUnfilled);
    for (const float value : tensor.values()) EXPECT_TRUE(std::isnan(value));
    const Tensor zeros({1, 1, 2, 3});
    for (const float value : zeros.values()) EXPECT_EQ(value, 0);
}

TEST_F(OwnMemory, SharedValuesAreCopiedWhenWritten) {
    Tensor one({1, 1, 1, 3}, {1, 2, 3});
    EXPECT_FALSE(one.is_shared());
    const Tensor other = one;
    EXPECT_TRUE(one.is_shared());
    EXPECT_TRUE(one == other);
    one.mutate()[1] = 9;
    EXPECT_FALSE(one == other);
    EXPECT_EQ(other.at({0, 0, 0, 1}), 2);
    EXPECT_EQ(one.at({0, 0, 0, 2}), 3);
}

/// One layer on an input of two megabytes.
Document large_layer(const Op& op) {
    const Shape input{2, 4, 256, 256};
    Document document;
    document.input = generated_input("uniform", 1, input);
    Layer layer;
    layer.op = &op;
    layer.params = op.fit_channels(standard_params(op), input.c);
    const Plan plan = op.plan(layer.params, input, true);
    for (const WeightSpec& spec : plan.weights) layer.weights.emplace_back(spec.shape, 0.5f);
    for (const BufferSpec& spec : plan.buffers)
        layer.buffers.emplace_back(spec.shape, spec.initial);
    document.layers.push_back(layer);
    document.start = {BackwardStart::Kind::mean_square, 1, {}};
    return document;
}

TEST_F(OwnMemory, ARepeatedEvaluateAsksTheSystemForNone) {
    for (const Op& op : all_ops()) {
        SCOPED_TRACE(op.id);
        const Document document = large_layer(op);
        // As in the window: the last result stays until the next one is there.
        std::optional<Result> shown = evaluate(document, {.backward = true});
        ASSERT_FALSE(shown->problem);
        shown = evaluate(document, {.backward = true});
        const int64_t before = memory_counts().fresh;
        for (int i = 0; i < 3; ++i) shown = evaluate(document, {.backward = true});
        EXPECT_EQ(memory_counts().fresh, before);
    }
}

TEST_F(OwnMemory, ARepeatedForwardMakesNoTensor) {
    for (const Op& op : all_ops()) {
        SCOPED_TRACE(op.id);
        const Document document = large_layer(op);
        const Layer& layer = document.layers[0];
        const Plan plan = op.plan(layer.params, document.input.tensor.shape(), true);
        const int wanted[]{plan.output};
        std::vector<Tensor> stages(plan.stages.size());
        const LayerInputs inputs{document.input.tensor, layer.weights, layer.buffers, true};
        ASSERT_TRUE(op.forward(layer.params, plan, inputs, wanted, stages, {}));
        const float* const data = stages[static_cast<size_t>(plan.output)].data();
        const int64_t before = memory_counts().fresh;
        const CountedMemory memory;
        ASSERT_TRUE(op.forward(layer.params, plan, inputs, wanted, stages, {}));
        EXPECT_LT(memory.bytes(), 100'000u);
        EXPECT_EQ(stages[static_cast<size_t>(plan.output)].data(), data);
        EXPECT_EQ(memory_counts().fresh, before);
    }
}

/// Of all ops and many shapes: nothing at all is asked for, once a forward pass has run.
TEST_F(OwnMemory, ARepeatedForwardAsksForNothing) {
    struct Case {
        const char* id;
        Shape input;
        int64_t out_channels, kernel, stride, padding;
    };
    for (const Case& c : {Case{"conv2d", {1, 1, 7, 7}, 1, 3, 1, 1},
                          Case{"conv2d", {1, 3, 20, 400}, 8, 3, 1, 1},
                          Case{"conv2d", {1, 3, 30, 40}, 16, 3, 2, 1},
                          Case{"conv2d", {2, 32, 1, 1}, 20, 1, 1, 0},
                          Case{"conv2d", {1, 1, 40, 300}, 1, 11, 1, 5},
                          Case{"conv_transpose2d", {1, 1, 4, 4}, 1, 3, 2, 0},
                          Case{"conv_transpose2d", {2, 100, 1, 1}, 40, 4, 1, 0},
                          Case{"conv_transpose2d", {1, 64, 4, 4}, 32, 4, 2, 1},
                          Case{"conv_transpose2d", {1, 64, 32, 32}, 3, 4, 2, 1},
                          Case{"conv_transpose2d", {1, 2, 40, 300}, 2, 3, 1, 1},
                          Case{"conv2d", {1, 40, 5, 5}, 32, 3, 1, 1},
                          Case{"max_pool2d", {1, 2, 40, 40}, 0, 2, 2, 0},
                          Case{"max_pool2d", {1, 2, 40, 40}, 0, 21, 2, 0},
                          Case{"avg_pool2d", {1, 2, 40, 40}, 0, 2, 2, 0},
                          Case{"avg_pool2d", {1, 2, 40, 40}, 0, 21, 2, 10},
                          Case{"batch_norm2d", {3, 5, 20, 20}, 0, 0, 0, 0},
                          Case{"batch_norm2d", {1, 2, 600, 600}, 0, 0, 0, 0},
                          Case{"upsample", {1, 2, 20, 30}, 0, 0, 0, 0},
                          Case{"relu", {1, 2, 20, 30}, 0, 0, 0, 0},
                          Case{"leaky_relu", {1, 2, 20, 30}, 0, 0, 0, 0},
                          Case{"sigmoid", {1, 2, 20, 30}, 0, 0, 0, 0},
                          Case{"tanh", {1, 2, 20, 30}, 0, 0, 0, 0},
                          Case{"gelu", {1, 2, 20, 30}, 0, 0, 0, 0},
                          Case{"silu", {1, 2, 20, 30}, 0, 0, 0, 0}}) {
        const Op& op = *find_op(c.id);
        SCOPED_TRACE(op.id + " " + to_string(c.input));
        Params params = op.fit_channels(standard_params(op), c.input.c);
        const auto set = [&](const char* key, int64_t value) {
            if (const int at = field_index(op, key); at >= 0) {
                Value& field = params[static_cast<size_t>(at)];
                field = *parse_value(std::to_string(value), field,
                                     op.fields[static_cast<size_t>(at)].choices);
            }
        };
        set("out_channels", c.out_channels);
        set("kernel_size", c.kernel);
        set("stride", c.stride);
        set("padding", c.padding);
        const Plan plan = op.plan(params, c.input, true);
        ASSERT_FALSE(plan.problem);
        std::vector<Tensor> weights, buffers;
        for (const WeightSpec& spec : plan.weights) weights.emplace_back(spec.shape, 0.5f);
        for (const BufferSpec& spec : plan.buffers) buffers.emplace_back(spec.shape, 1.0f);
        const Tensor input(c.input, 0.25f);
        const LayerInputs inputs{input, weights, buffers, true};
        const int wanted[]{plan.output};
        std::vector<Tensor> stages(plan.stages.size());
        ASSERT_TRUE(op.forward(params, plan, inputs, wanted, stages, {}));
        const CountedMemory memory;
        ASSERT_TRUE(op.forward(params, plan, inputs, wanted, stages, {}));
        EXPECT_EQ(memory.bytes(), 0u);
    }
}

}  // namespace
}  // namespace convscope
