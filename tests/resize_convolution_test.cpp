// A resize-convolution beside a transposed convolution: sizes and numbers against the layer itself, even overlap against
// uneven (teaching row 15), and the panes.
#include <gtest/gtest.h>

#include <set>

#include "app/app_compare.h"
#include "core/presets.h"
#include "core/resize_convolution.h"
#include "tests/layer_case.h"

namespace convscope {
namespace {

Document stamping(int64_t n, int64_t k, int64_t s, int64_t p, int64_t op = 0) {
    Document document;
    document.input = generated_input("ones", 1, {1, 1, n, n});
    document.layers.push_back(make_layer(*find_op("conv_transpose2d"), {1, 1, n, n}));
    document = with_param(document, 0, "kernel_size", Pair{k, k});
    document = with_param(document, 0, "stride", Pair{s, s});
    document = with_param(document, 0, "padding", Pair{p, p});
    return with_param(document, 0, "output_padding", Pair{op, op});
}

std::vector<int> counts(const Scene& scene, const std::string& grid) {
    std::vector<int> values;
    const Grid* found = scene.grid(grid);
    EXPECT_TRUE(found) << grid;
    if (!found) return values;
    for (const Cell& cell : found->cells) values.push_back(static_cast<int>(cell.value));
    return values;
}

TEST(ResizeConvolution, HasTheOutputSizeOfEveryStampingLayer) {
    std::mt19937_64 random(test_seed(77));
    for (int i = 0; i < 200; ++i) {
        const Document document = random_layer(*find_op("conv_transpose2d"), random, true);
        SCOPED_TRACE(describe(document));
        const Result result = *evaluate(document);
        const auto other = resize_convolution(result, 0);
        ASSERT_TRUE(other);
        ASSERT_EQ(other->layers.size(), 2u);
        const Result resized = *evaluate(*other);
        ASSERT_FALSE(resized.problem);
        ASSERT_EQ(resized.layers.back().output().shape(), result.layers[0].output().shape());
        const Shape was = document.layers[0].weights[0].shape(), is = other->layers[1].weights[0].shape();
        ASSERT_EQ(was.h, is.h);
        ASSERT_EQ(was.w, is.w);
        ASSERT_EQ(was.count(), is.count());
    }
}

/// Stride 1, padding as 'same' wants it: one layer in two words. The second algorithm of the sliding kernels.
TEST(ResizeConvolution, AtStrideOneItIsTheSameLayer) {
    std::mt19937_64 random(test_seed(78));
    for (const int64_t groups : {1, 2})
        for (const int64_t k : {1, 3, 5}) {
            Document document;
            document.input = {random_tensor({2, 4, 6, 5}, random, true), {}};
            document.layers.push_back(make_layer(*find_op("conv_transpose2d"), {2, 4, 6, 5}));
            document = with_param(document, 0, "out_channels", int64_t(6));
            document = with_param(document, 0, "groups", groups);
            document = with_param(document, 0, "kernel_size", Pair{k, k});
            document = with_param(document, 0, "padding", Pair{k / 2, k / 2});
            for (Tensor& weight : document.layers[0].weights)
                weight = random_tensor(weight.shape(), random, true);
            const Result result = *evaluate(document);
            const Result resized = *evaluate(*resize_convolution(result, 0));
            ASSERT_TRUE(std::ranges::equal(result.layers[0].output().values(), resized.layers[1].output().values()))
                << describe(document);
        }
}

TEST(ResizeConvolution, NothingElseHasOne) {
    EXPECT_FALSE(resize_convolution(*evaluate(standard_document()), 0));
}

TEST(ResizeConvolution, EvenBesideUneven) {
    App app(stamping(4, 3, 2, 1, 1));
    wait_until_settled(app);
    ASSERT_TRUE(can_resize_beside(app));
    toggle_resize_beside(app);
    EXPECT_EQ(app.state.view, "coverage");
    wait_until_settled(app);
    ASSERT_TRUE(resize_beside(app));
    const Scene scene = build_scene(app, {1100, 620}, 1);
    const std::vector<int> uneven = counts(scene, "coverage/output"), even = counts(scene, "resize/output");
    ASSERT_EQ(uneven.size(), 64u);
    ASSERT_EQ(even.size(), 64u);
    std::set<int> inside_uneven, inside_even;
    for (size_t r = 1; r < 7; ++r)
        for (size_t c = 1; c < 7; ++c) {
            inside_uneven.insert(uneven[r * 8 + c]);
            inside_even.insert(even[r * 8 + c]);
        }
    EXPECT_EQ(inside_uneven, (std::set<int>{1, 2, 4}));
    EXPECT_EQ(inside_even, (std::set<int>{9}));
    // Nothing in the other pane is a cell of the edited document.
    for (const Grid& grid : scene.grids)
        if (grid.name.starts_with("resize/")) EXPECT_EQ(grid.origin.source, Source::constant) << grid.name;
    // It follows the layer.
    edit(app, with_param(app.state.document, 0, "kernel_size", Pair{4, 4}));
    wait_until_settled(app);
    refresh_compared(app);
    wait_until_settled(app);
    EXPECT_EQ(resize_beside(app)->document.layers[1].weights[0].shape(), (Shape{1, 1, 4, 4}));
    toggle_resize_beside(app);
    EXPECT_FALSE(resize_beside(app));
    EXPECT_TRUE(app.state.others.empty());
}

TEST(ResizeConvolution, ThePlayHeadIsTheSame) {
    App app(stamping(4, 3, 2, 1, 1));
    wait_until_settled(app);
    toggle_resize_beside(app);
    wait_until_settled(app);
    for (const Index cell : {Index{0, 0, 0, 0}, Index{0, 0, 3, 5}, Index{0, 0, 7, 7}}) {
        go_to_step(app, app.timeline.step_of(cell, INT64_MAX));
        const Scene scene = build_scene(app, {1100, 620}, 1);
        const Box here = scene.grid("coverage/output")->cell_box(cell.h, cell.w),
                  there = scene.grid("resize/output")->cell_box(cell.h, cell.w);
        int outlined = 0;
        for (const Plate& plate : scene.plates)
            for (const Box& box : {here, there})
                outlined += plate.border == Tone::output_line && std::abs(plate.box.center().x - box.center().x) < 2 &&
                            std::abs(plate.box.center().y - box.center().y) < 2;
        EXPECT_EQ(outlined, 2) << cell.h << " " << cell.w;
    }
}

}  // namespace
}  // namespace convscope
