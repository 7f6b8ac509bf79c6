// The coverage view's counts against `explain` over every output cell, and against numbers worked out by hand.
#include <gtest/gtest.h>

#include "app/views/view.h"
#include "core/presets.h"
#include "tests/layer_case.h"

namespace convscope {
namespace {

Scene covered(const Result& result) {
    const Timeline timeline(result.layers[0].plan, Order::by_output, result.layers[0].plan.output);
    ViewInput in;
    in.result = &result;
    in.timeline = &timeline;
    in.unit = Unit::window;
    in.size_px = {1200, 800};
    return build_coverage(in);
}

std::vector<int> counts(const Scene& scene, const char* grid) {
    std::vector<int> values;
    for (const Cell& cell : scene.grid(grid)->cells) values.push_back(static_cast<int>(cell.value));
    return values;
}

Document conv(const char* id, int64_t n, Pair kernel, Pair stride, int64_t padding) {
    const Op& op = *find_op(id);
    Document document;
    document.input = generated_input("ones", 1, {1, 1, n, n});
    document.layers.push_back(make_layer(op, {1, 1, n, n}));
    document = with_param(document, 0, "kernel_size", kernel);
    document = with_param(document, 0, "stride", stride);
    const Value& now = document.layers[0].params[static_cast<size_t>(field_index(op, "padding"))];
    return with_param(document, 0, "padding",
                      std::holds_alternative<Pair>(now)
                          ? Value(Pair{padding, padding})
                          : Value(Padding{Padding::Kind::pair, {padding, padding}}));
}

TEST(Coverage, CornersAreReadFourTimesTheMiddleNine) {  // teaching: 4 6 4 / 6 9 6 / 4 6 4
    const Result result = *evaluate(conv("conv2d", 3, {3, 3}, {1, 1}, 1));
    EXPECT_EQ(counts(covered(result), "input"), (std::vector<int>{4, 6, 4, 6, 9, 6, 4, 6, 4}));
}

TEST(Coverage, WhatTheFloorDropsIsHatchedAndCounted) {  // 3×3, kernel 2, stride 2: five of nine are never read
    const Result result = *evaluate(conv("conv2d", 3, {2, 2}, {2, 2}, 0));
    const Scene scene = covered(result);
    EXPECT_EQ(counts(scene, "input"), (std::vector<int>{1, 1, 0, 1, 1, 0, 0, 0, 0}));
    int hatched = 0;
    for (const Cell& cell : scene.grid("input")->cells) hatched += cell.state == CellState::leftover;
    EXPECT_EQ(hatched, 5);
    EXPECT_EQ(scene.caption.second,
              "5 of 9 input cells are never read. The floor drops one row at the bottom and one column at the right.");
}

TEST(Coverage, EvenOverlapIsNotEnough) {  // kernel 4, stride 2, weights 1…16: overlap 4 inside, ones give 24 28 40 44
    Document document = conv("conv_transpose2d", 4, {4, 4}, {2, 2}, 0);
    document = with_weight(document, 0, 0, generate("arange", 0, {1, 1, 4, 4}));
    for (float& w : document.layers[0].weights[0].mutate()) w += 1;
    const Result result = *evaluate(document);
    const Scene scene = covered(result);
    EXPECT_EQ(scene.grid("output")->cell(4, 4)->value, 4);
    EXPECT_EQ(scene.grid("output")->cell(5, 5)->value, 4);
    const Grid& ones = *scene.grid("ones");
    std::vector<float> block;
    for (const int64_t row : {4, 5})
        for (const int64_t column : {4, 5}) block.push_back(ones.cell(row, column)->value);
    EXPECT_EQ(block, (std::vector<float>{24, 28, 40, 44}));
    EXPECT_NE(scene.caption.second.find("comes from the weights"), std::string::npos);
}

TEST(Coverage, CountsAreThoseOfTheExplanations) {
    std::mt19937_64 random(test_seed(31));
    for (int i = 0; i < 400; ++i) {
        const Op& op = all_ops()[static_cast<size_t>(random() % all_ops().size())];
        const Document document = random_layer(op, random, true);
        const Result result = *evaluate(document);
        if (!find_view("coverage")->offered(result.layers[0].plan)) continue;
        SCOPED_TRACE(describe(document));
        const Scene scene = covered(result);
        const Grid &input = *scene.grid("input"), &output = *scene.grid("output");
        if (input.cells.empty() || output.cells.empty()) continue;
        const Shape out = result.layers[0].op_output().shape(), in = result.layers[0].input.shape();
        const Index plane = output.origin.cell, from = input.origin.cell;
        std::vector<int> reads(static_cast<size_t>(in.plane()));
        for (int64_t o = 0; o < out.plane(); ++o) {
            const Index cell{plane.n, plane.c, o / out.w, o % out.w};
            int made = 0;
            double ones = 0;
            for (const Term& term : explain(result, 0, result.layers[0].plan.output, cell).terms) {
                if (term.b.source == Source::weight) ones += term.b_value;
                if (term.a.source != Source::input || term.a.cell.c != from.c) continue;
                ++reads[static_cast<size_t>(term.a.cell.h * in.w + term.a.cell.w)];
                made += !term.padding;
            }
            ASSERT_EQ(static_cast<int>(output.cell(cell.h, cell.w)->value), made) << o;
            if (const Grid* grid = scene.grid("ones"))
                ASSERT_FLOAT_EQ(grid->cell(cell.h, cell.w)->value, static_cast<float>(ones)) << o;
        }
        for (int64_t p = 0; p < in.plane(); ++p)
            ASSERT_EQ(static_cast<int>(input.cell(p / in.w, p % in.w)->value), reads[static_cast<size_t>(p)]) << p;
    }
}

}  // namespace
}  // namespace convscope
