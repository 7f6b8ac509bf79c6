// Convolutions worked out by hand, as plain numbers: the examples that lessons and learners rest on.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "tests/layer_case.h"

namespace convscope {
namespace {

using Values = std::vector<float>;

Tensor square(Values values) {
    const auto side = static_cast<int64_t>(std::lround(std::sqrt(values.size())));
    return {{1, 1, side, side}, std::move(values)};
}

Values counting(int count, int first) {
    Values values(static_cast<size_t>(count));
    std::iota(values.begin(), values.end(), static_cast<float>(first));
    return values;
}

struct Settings {
    int64_t stride = 1, padding = 0, output_padding = 0;
};

/// One channel, no bias: the output and its side.
Tensor run(const char* id, const Tensor& input, const Tensor& kernel, Settings settings) {
    const Op& op = *find_op(id);
    Params params = standard_params(op);
    const auto set = [&](const char* key, Value value) {
        if (const int field = field_index(op, key); field >= 0)
            params[static_cast<size_t>(field)] = std::move(value);
    };
    set("kernel_size", Pair{kernel.shape().h, kernel.shape().w});
    set("stride", Pair{settings.stride, settings.stride});
    const Pair padding{settings.padding, settings.padding};
    const bool is_pair =
        std::holds_alternative<Pair>(params[static_cast<size_t>(field_index(op, "padding"))]);
    if (is_pair)
        set("padding", padding);
    else
        set("padding", Padding{Padding::Kind::pair, padding});
    set("output_padding", Pair{settings.output_padding, settings.output_padding});
    set("bias", false);
    const Plan plan = op.plan(params, input.shape(), true);
    EXPECT_FALSE(plan.problem) << plan.problem->whole();
    const Document document =
        one_layer(op, params, input, {kernel}, Tensor(plan.output_stage().shape, 1.0f));
    const auto result = evaluate(document);
    // Whatever is checked below holds for the definition, too.
    const DoubleTensor reference =
        evaluate_reference(document, false).layers[0][static_cast<size_t>(plan.output)];
    for (size_t i = 0; i < reference.values().size(); ++i) {
        const double fast = static_cast<double>(result->layers[0].output().values()[i]);
        EXPECT_TRUE(fast == reference.values()[i] ||
                    (std::isnan(fast) && std::isnan(reference.values()[i])));
    }
    return result->layers[0].output();
}

Values values_of(const Tensor& tensor) { return {tensor.values().begin(), tensor.values().end()}; }

const Tensor kSmall = square({1, 0, 2, 3}), kKernel = square({2, 3, 4, 5});

TEST(Worked, conv2d_is_correlation_not_turned) {
    EXPECT_EQ(values_of(run("conv2d", square(counting(9, 0)), kKernel, {})),
              (Values{35, 49, 77, 91}));
    EXPECT_EQ(values_of(run("conv2d", square(counting(9, 0)), square({5, 4, 3, 2}), {})),
              (Values{21, 35, 63, 77}));
}

TEST(Worked, stride_that_does_not_divide_leaves_five_of_nine_cells_unread) {
    const Tensor output = run("conv2d", square(counting(9, 0)), kKernel, {.stride = 2});
    EXPECT_EQ(values_of(output), (Values{35}));
    const Op& op = *find_op("conv2d");
    Params params = standard_params(op);
    params[static_cast<size_t>(field_index(op, "kernel_size"))] = Pair{2, 2};
    params[static_cast<size_t>(field_index(op, "stride"))] = Pair{2, 2};
    const Plan plan = op.plan(params, {1, 1, 3, 3}, true);
    EXPECT_EQ(plan.window->h.leftover(), 1);
    EXPECT_EQ(plan.window->h.reads_per_input(PaddingMode::zeros), (std::vector<int64_t>{1, 1, 0}));
}

TEST(Worked, transposed_stamps_two_apart_and_padding_crops) {
    EXPECT_EQ(values_of(run("conv_transpose2d", kSmall, kKernel, {.stride = 2})),
              (Values{2, 3, 0, 0, 4, 5, 0, 0, 4, 6, 6, 9, 8, 10, 12, 15}));
    EXPECT_EQ(values_of(run("conv_transpose2d", kSmall, kKernel, {.stride = 2, .padding = 1})),
              (Values{5, 0, 6, 6}));
}

TEST(Worked, transposed_overlaps_add_up) {
    EXPECT_EQ(values_of(run("conv_transpose2d", kSmall, kKernel, {})),
              (Values{2, 3, 0, 8, 17, 9, 8, 22, 15}));
}

TEST(Worked, output_padding_uncovers_sums) {
    const Tensor one = square({1}), kernel = square(counting(9, 1));
    EXPECT_EQ(values_of(run("conv_transpose2d", one, kernel, {.stride = 2, .padding = 1})),
              (Values{5}));
    EXPECT_EQ(values_of(run("conv_transpose2d", one, kernel,
                            {.stride = 2, .padding = 1, .output_padding = 1})),
              (Values{5, 6, 8, 9}));
    // Beyond the stamps there is nothing to uncover.
    EXPECT_EQ(values_of(run("conv_transpose2d", one, kernel,
                            {.stride = 2, .padding = 0, .output_padding = 1})),
              (Values{1, 2, 3, 0, 4, 5, 6, 0, 7, 8, 9, 0, 0, 0, 0, 0}));
}

TEST(Worked, transposed_gives_back_the_shape_not_the_values) {
    const Tensor narrow = run("conv2d", square(counting(9, 0)), kKernel, {});
    EXPECT_EQ(values_of(run("conv_transpose2d", narrow, kKernel, {})),
              (Values{70, 203, 147, 294, 784, 518, 308, 749, 455}));
}

TEST(Worked, transposed_need_not_enlarge) {
    const Tensor five = square(counting(25, 1)), kernel = square(counting(9, 1));
    EXPECT_EQ(run("conv_transpose2d", five, kernel, {.padding = 1}).shape(), (Shape{1, 1, 5, 5}));
    EXPECT_EQ(run("conv_transpose2d", five, kernel, {.padding = 2}).shape(), (Shape{1, 1, 3, 3}));
}

TEST(Worked, several_sizes_come_from_one) {
    const Tensor kernel = square(counting(25, 1));
    const Settings settings{.stride = 3, .padding = 2};
    for (int64_t side : {16, 17, 18})
        EXPECT_EQ(run("conv2d", Tensor({1, 1, side, side}), kernel, settings).shape(),
                  (Shape{1, 1, 6, 6}));
    EXPECT_EQ(run("conv_transpose2d", Tensor({1, 1, 6, 6}), kernel, settings).shape(),
              (Shape{1, 1, 16, 16}));
}

TEST(Worked, checkerboard_with_equal_overlap) {
    const Tensor output =
        run("conv_transpose2d", Tensor({1, 1, 4, 4}, 1.0f), square(counting(16, 1)), {.stride = 2});
    EXPECT_EQ(output.shape(), (Shape{1, 1, 10, 10}));
    EXPECT_EQ((Values{output.at({0, 0, 4, 4}), output.at({0, 0, 4, 5}), output.at({0, 0, 5, 4}),
                      output.at({0, 0, 5, 5})}),
              (Values{24, 28, 40, 44}));
}

TEST(Worked, terms_stand_in_reading_order_bias_last) {
    std::mt19937_64 random(test_seed(12));
    for (const char* id : {"conv2d", "conv_transpose2d"}) {
        const bool is_transposed = std::string(id) == "conv_transpose2d";
        for (int i = 0; i < 200; ++i) {
            const Document document = random_layer(*find_op(id), random, false);
            SCOPED_TRACE(describe(document));
            const Layer& layer = document.layers[0];
            const Plan plan = layer.op->plan(layer.params, document.input.tensor.shape(), true);
            const Shape output = plan.output_stage().shape;
            if (is_transposed) {  // the crop: what stands around the output on the stamped canvas
                const Shape stamped = plan.stages[0].shape;
                ASSERT_EQ(plan.window->h.pad_before + output.h + plan.window->h.pad_after,
                          stamped.h);
                ASSERT_EQ(plan.window->w.pad_before + output.w + plan.window->w.pad_after,
                          stamped.w);
            }
            const bool has_bias = plan.weights.size() == 2;
            const CaseReader read(document);
            for (int64_t at = 0; at < output.count(); at += 7) {
                const Index cell = output.index(at);
                auto terms = layer.op->explain(layer.params, plan, plan.output, cell, read).terms;
                if (has_bias) {
                    ASSERT_EQ(terms.back().a, (Ref{Source::weight, 1, {0, cell.c, 0, 0}}));
                    ASSERT_EQ(terms.back().b.source, Source::constant);
                    terms.pop_back();
                }
                // By input channel, then kernel row and column; transposed: by input channel, row and column.
                for (size_t t = 0; t < terms.size(); ++t) {
                    ASSERT_EQ(terms[t].b.source, Source::weight);
                    ASSERT_EQ(terms[t].b.which, 0);
                    if (!is_transposed) ASSERT_EQ(terms[t].b.cell.n, cell.c);
                    if (t == 0) continue;
                    if (is_transposed)
                        ASSERT_LT(terms[t - 1].a.cell, terms[t].a.cell);
                    else
                        ASSERT_LT(terms[t - 1].b.cell, terms[t].b.cell);
                }
            }
        }
    }
}

TEST(Worked, padding_terms_say_where_they_stand_and_what_they_copy) {
    const Op& op = *find_op("conv2d");
    Params params = standard_params(op);
    params[static_cast<size_t>(field_index(op, "padding"))] = Padding{Padding::Kind::pair, {1, 1}};
    const auto corner = [&](const char* mode) {
        params[static_cast<size_t>(field_index(op, "padding_mode"))] = Choice{mode};
        const Document document = one_layer(op, params, square(counting(9, 1)),
                                            {Tensor({1, 1, 3, 3}, 2.0f), Tensor({1, 1, 1, 1})}, {});
        return op
            .explain(params, op.plan(params, {1, 1, 3, 3}, true), 0, {0, 0, 0, 0}, CaseReader(document))
            .terms;
    };
    const Term zero = corner("zeros").front();
    EXPECT_EQ(zero.a.source, Source::constant);
    EXPECT_EQ(zero.a_value, 0);
    EXPECT_EQ(zero.b_value, 2);
    EXPECT_EQ(zero.padding, (Index{0, 0, -1, -1}));
    EXPECT_EQ(corner("zeros")[4].padding, std::nullopt);
    const std::pair<const char*, Index> copies[] = {
        {"reflect", {0, 0, 1, 1}}, {"replicate", {0, 0, 0, 0}}, {"circular", {0, 0, 2, 2}}};
    for (const auto& [mode, cell] : copies) {
        const Term term = corner(mode).front();
        EXPECT_EQ(term.a, (Ref{Source::input, 0, cell})) << mode;
        EXPECT_EQ(term.padding, (Index{0, 0, -1, -1})) << mode;
    }
}

TEST(Worked, coverage_counts) {
    // How many products each output of a transposed layer hears on one axis: flat where the stride divides the kernel.
    const auto counts = [](int64_t kernel, int64_t stride) {
        const WindowAxis axis{.in = 4,
                              .out = 3 * stride + kernel,
                              .kernel = kernel,
                              .stride = stride,
                              .transposed = true};
        return axis.terms_per_output();
    };
    EXPECT_EQ(counts(2, 2), (std::vector<int64_t>{1, 1, 1, 1, 1, 1, 1, 1}));
    EXPECT_EQ(counts(3, 2), (std::vector<int64_t>{1, 1, 2, 1, 2, 1, 2, 1, 1}));
    EXPECT_EQ(counts(4, 2), (std::vector<int64_t>{1, 1, 2, 2, 2, 2, 2, 2, 1, 1}));
    // 3×3, kernel 3, padding 1: 4 6 4 / 6 9 6 / 4 6 4.
    const WindowAxis plain{.in = 3, .out = 3, .kernel = 3, .pad_before = 1, .pad_after = 1};
    EXPECT_EQ(plain.reads_per_input(PaddingMode::zeros), (std::vector<int64_t>{2, 3, 2}));
}

TEST(Worked, zero_times_infinity_is_nan_where_padding_is_read_and_nowhere_else) {
    // PyTorch's answers for an input of ones and a kernel of ones but one infinity at its first cell.
    Tensor kernel({1, 1, 3, 3}, 1.0f);
    kernel.set({0, 0, 0, 0}, std::numeric_limits<float>::infinity());
    const Tensor ones({1, 1, 3, 3}, 1.0f);
    const auto words = [](const Tensor& tensor) {
        std::string text;
        for (float value : tensor.values())
            text += std::isnan(value)   ? "n"
                    : std::isinf(value) ? "i"
                                        : std::to_string(static_cast<int>(value));
        return text;
    };
    EXPECT_EQ(words(run("conv2d", ones, kernel, {.padding = 1})), "nnnniinii");
    EXPECT_EQ(words(run("conv_transpose2d", ones, kernel, {.padding = 1})), "ii4ii6464");
}

}  // namespace
}  // namespace convscope
