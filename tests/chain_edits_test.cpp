// Edits of the chain: layers come, go and move; channels, weights and skip connections follow, and undo can name it.
#include "core/chain_edits.h"

#include <gtest/gtest.h>

#include "core/evaluate.h"

namespace convscope {
namespace {

const Op& conv() { return *find_op("conv2d"); }

/// A 1×1 convolution with that many channels out, behind the others: the plane stays as it is.
Document with_pointwise(Document document, int64_t out_channels) {
    const int at = static_cast<int>(document.layers.size());
    document = with_layer_added(std::move(document), at, conv());
    document = with_param(std::move(document), at, "kernel_size", Pair{1, 1});
    return with_param(std::move(document), at, "out_channels", out_channels);
}

/// 2 → 3 → 4 → 5 channels on a 6×5 plane.
Document ladder() {
    Document document;
    document.input = generated_input("integers 0–9", 1, {1, 2, 6, 5});
    for (const int64_t channels : {3, 4, 5}) document = with_pointwise(std::move(document), channels);
    return document;
}

/// Four 1×1 convolutions of two channels.
Document even_chain() {
    Document document;
    document.input = generated_input("integers 0–9", 1, {1, 2, 4, 4});
    for (int i = 0; i < 4; ++i) document = with_pointwise(std::move(document), 2);
    return document;
}

int64_t param(const Document& document, size_t layer, std::string_view key) {
    const Layer& at = document.layers[layer];
    return std::get<int64_t>(at.params[static_cast<size_t>(field_index(*at.op, key))]);
}

std::vector<int64_t> skips(const Document& document) {
    std::vector<int64_t> all;
    for (const Layer& layer : document.layers) all.push_back(layer.skip);
    return all;
}

void expect_possible(const Document& document) {
    const Result planned = plan_only(document);
    ASSERT_FALSE(planned.problem.has_value()) << planned.problem->whole();
    for (size_t k = 0; k < document.layers.size(); ++k)
        for (size_t i = 0; i < document.layers[k].weights.size(); ++i)
            EXPECT_EQ(document.layers[k].weights[i].shape(), planned.layers[k].plan.weights[i].shape);
    EXPECT_TRUE(evaluate(document).has_value());
}

TEST(ChainEdits, EveryOpFitsEverywhere) {
    for (const Op& op : all_ops())
        // Two samples of one cell: with a single one batch norm has no variance.
        for (const Shape shape : {Shape{2, 3, 8, 8}, Shape{2, 1, 1, 1}, Shape{1, 4, 1, 9}})
            for (int at = 0; at <= 2; ++at) {
                SCOPED_TRACE(op.id + " at " + std::to_string(at) + " of " + to_string(shape));
                Document document;
                document.input = generated_input("normal", 1, shape);
                document = with_pointwise(with_pointwise(document, 3), 5);
                const Document after = with_layer_added(document, at, op);
                ASSERT_EQ(after.layers.size(), 3u);
                EXPECT_EQ(after.layers[static_cast<size_t>(at)].op, &op);
                expect_possible(after);
                EXPECT_EQ(describe_change(document, after), "added " + op.torch_name);
                // What was there keeps its channels and numbers.
                EXPECT_EQ(param(after, at == 0 ? 1 : 0, "out_channels"), 3);
                EXPECT_EQ(param(after, at == 2 ? 1 : 2, "out_channels"), 5);
                EXPECT_TRUE(after.layers[at == 2 ? 1 : 2].weights[0].same_as(
                    document.layers[1].weights[0]));
            }
}

TEST(ChainEdits, AFreshKernelKeepsTheChannelsAndFits) {
    const Document document = with_layer_added(ladder(), 1, conv());
    EXPECT_EQ(param(document, 1, "in_channels"), 3);
    EXPECT_EQ(param(document, 1, "out_channels"), 3);
    EXPECT_EQ(param(document, 2, "in_channels"), 3);
    EXPECT_EQ(document.layers[1].weights[0].shape(), (Shape{3, 3, 3, 3}));
    EXPECT_GT(std::abs(document.layers[1].weights[0].at({2, 1, 1, 1})) +
                  std::abs(document.layers[1].weights[0].at({0, 1, 0, 1})),
              0);
}

TEST(ChainEdits, TheLayerBehindARemovedOneFollows) {
    const Document before = ladder();
    const Document after = with_layer_removed(before, 1);
    ASSERT_EQ(after.layers.size(), 2u);
    EXPECT_EQ(param(after, 1, "in_channels"), 3);
    EXPECT_EQ(param(after, 1, "out_channels"), 5);
    expect_possible(after);
    EXPECT_EQ(describe_change(before, after), "removed Conv2d");
    // The numbers of the channels that are left stay.
    EXPECT_EQ(after.layers[1].weights[0].at({4, 2, 0, 0}), before.layers[2].weights[0].at({4, 2, 0, 0}));
    const Document first = with_layer_removed(before, 0);
    EXPECT_EQ(param(first, 0, "in_channels"), 2);
    expect_possible(first);
}

TEST(ChainEdits, TheOnlyLayerStaysAndTheLastNumberIsTheLastLayer) {
    Document document;
    document.input = generated_input("ones", 0, {1, 1, 2, 2});
    document = with_pointwise(document, 1);
    EXPECT_EQ(with_layer_removed(document, 0), document);
    EXPECT_EQ(with_layer_removed(ladder(), 99).layers.size(), 2u);
    EXPECT_EQ(with_layer_added(document, -7, conv()).layers.size(), 2u);
    EXPECT_EQ(with_layer_moved(document, 0, 5), document);
}

TEST(ChainEdits, MovedLayersKeepTheirNumbersAndAreNamed) {
    const Document before = ladder();
    const Document after = with_layer_moved(before, 0, 2);
    EXPECT_EQ(param(after, 0, "in_channels"), 2);
    EXPECT_EQ(param(after, 0, "out_channels"), 4);
    EXPECT_EQ(param(after, 1, "out_channels"), 5);
    EXPECT_EQ(param(after, 2, "in_channels"), 5);
    EXPECT_EQ(param(after, 2, "out_channels"), 3);
    expect_possible(after);

    const Document even = even_chain();
    EXPECT_EQ(describe_change(even, with_layer_moved(even, 0, 3)), "moved Conv2d 1 → 4");
    EXPECT_EQ(describe_change(even, with_layer_moved(even, 3, 1)), "moved Conv2d 4 → 2");
    // Neighbours that change places: either moved.
    EXPECT_EQ(describe_change(even, with_layer_moved(even, 2, 1)), "moved Conv2d 2 → 3");
    const Document back = with_layer_moved(with_layer_moved(even, 0, 3), 3, 0);
    EXPECT_EQ(back, even);
    EXPECT_EQ(with_layer_moved(even, 1, 2).layers[2].weights[0].values()[1],
              even.layers[1].weights[0].values()[1]);
}

TEST(ChainEdits, ADuplicateStandsBehindItsModel) {
    const Document before = with_skip(even_chain(), 1, 2);
    const Document after = with_layer_duplicated(before, 1);
    ASSERT_EQ(after.layers.size(), 5u);
    EXPECT_TRUE(after.layers[2].weights[0].same_as(before.layers[1].weights[0]));
    EXPECT_EQ(skips(after), (std::vector<int64_t>{0, 2, 0, 0, 0}));
    EXPECT_EQ(describe_change(before, after), "added Conv2d");
    const Document widening = with_layer_duplicated(ladder(), 2);  // 4 → 5, again: 5 → 5
    EXPECT_EQ(param(widening, 3, "in_channels"), 5);
    expect_possible(widening);
}

TEST(ChainEdits, SkipConnectionsKeepTheirPlaces) {
    // The input of layer 1 is added to the output of layer 2.
    const Document document = with_skip(even_chain(), 2, 2);
    using Skips = std::vector<int64_t>;
    const auto added = [&](int at) { return skips(with_layer_added(document, at, conv())); };
    EXPECT_EQ(added(0), (Skips{0, 0, 0, 2, 0}));
    EXPECT_EQ(added(1), (Skips{0, 0, 0, 2, 0}));  // before the run
    EXPECT_EQ(added(2), (Skips{0, 0, 0, 3, 0}));  // in it
    EXPECT_EQ(added(3), (Skips{0, 0, 2, 0, 0}));  // behind it
    const auto removed = [&](int at) { return skips(with_layer_removed(document, at)); };
    EXPECT_EQ(removed(0), (Skips{0, 2, 0}));
    EXPECT_EQ(removed(1), (Skips{0, 1, 0}));
    EXPECT_EQ(removed(2), (Skips{0, 0, 0}));  // it ended there
    EXPECT_EQ(removed(3), (Skips{0, 0, 2}));
    const auto moved = [&](int from, int to) { return skips(with_layer_moved(document, from, to)); };
    EXPECT_EQ(moved(1, 2), (Skips{0, 0, 2, 0}));  // within the run
    EXPECT_EQ(moved(2, 1), (Skips{0, 0, 2, 0}));
    EXPECT_EQ(moved(0, 3), (Skips{0, 2, 0, 0}));
    EXPECT_EQ(moved(3, 1), (Skips{0, 0, 0, 2}));
    EXPECT_EQ(moved(1, 3), (Skips{0, 1, 0, 0}));  // out of it
}

TEST(ChainEdits, OnlySkipsOfOneShapeAreOffered) {
    EXPECT_EQ(possible_skips(even_chain(), 3), (std::vector<int64_t>{1, 2, 3, 4}));
    EXPECT_TRUE(possible_skips(ladder(), 2).empty());
    Document document = ladder();
    document = with_param(document, 2, "out_channels", int64_t{3});
    EXPECT_EQ(possible_skips(document, 2), (std::vector<int64_t>{2}));
    expect_possible(with_skip(document, 2, 2));
    document = with_param(document, 0, "kernel_size", Pair{50, 50});
    EXPECT_TRUE(possible_skips(document, 2).empty());
}

TEST(ChainEdits, BehindAnImpossibleLayerLayersWaitForTheirShapes) {
    Document document = with_param(ladder(), 0, "kernel_size", Pair{50, 50});
    ASSERT_TRUE(plan_only(document).problem.has_value());
    document = with_layer_added(document, 2, conv());
    document = with_layer_moved(document, 1, 3);
    document = with_layer_removed(document, 1);
    document = with_param(document, 0, "kernel_size", Pair{1, 1});
    expect_possible(document);
}

TEST(ChainEdits, AChainHasItsLongestLength) {
    Document document = even_chain();
    document.layers.resize(kMaxLayers, document.layers[0]);
    EXPECT_EQ(with_layer_added(document, 3, conv()).layers.size(), kMaxLayers);
    EXPECT_EQ(with_layer_duplicated(document, 3).layers.size(), kMaxLayers);
}

}  // namespace
}  // namespace convscope
