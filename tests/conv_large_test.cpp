// Layers too large to explain whole: sampled cells of the fast passes against the definition, where rows are cut into
// tiles, sums go through doubles and work is split for cancellation.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/kernels/row_sums.h"
#include "core/workers.h"
#include "tests/layer_case.h"

namespace convscope {
namespace {

struct Large {
    const char* id;
    Shape input;
    std::vector<std::pair<const char*, Value>> params;
    bool is_constant = false;   // rounding errors that all point the same way
    bool is_separable = false;  // kernels that are a column times a row
};

Params params_of(const Op& op, const Large& large) {
    Params params = op.fit_channels(standard_params(op), large.input.c);
    for (const auto& [key, value] : large.params)
        params[static_cast<size_t>(field_index(op, key))] = value;
    return params;
}

bool is_possible(const Large& large) {
    const Op& op = *find_op(large.id);
    return !op.plan(params_of(op, large), large.input, true).problem;
}

/// What a sum of so many terms may be off.
double bound_of(double terms, double size) {
    return (4 + 2 * std::sqrt(terms)) * std::ldexp(size, -24);
}

/// A convolution without padding and bias.
Tensor output_of(const Tensor& input, const Tensor& weight) {
    const Shape shape = weight.shape();
    const Op& op = *find_op("conv2d");
    const Large large{
        "conv2d",
        input.shape(),
        {{"out_channels", shape.n}, {"kernel_size", Pair{shape.h, shape.w}}, {"bias", false}}};
    return evaluate(one_layer(op, params_of(op, large), input, {weight}, {}))->layers[0].output();
}

void expect_sampled(const Large& large) {
    const Op& op = *find_op(large.id);
    const Params params = params_of(op, large);
    const Plan plan = op.plan(params, large.input, true);
    ASSERT_FALSE(plan.problem) << plan.problem->whole();
    std::mt19937_64 random(11);
    const auto fill = [&](Shape shape) {
        return large.is_constant ? Tensor(shape, 0.1f) : random_tensor(shape, random, false);
    };
    std::vector<Tensor> weights;
    for (const WeightSpec& spec : plan.weights) weights.push_back(fill(spec.shape));
    if (large.is_separable)
        for (int64_t i = 0; i < weights[0].shape().count(); ++i)
            weights[0].mutate()[static_cast<size_t>(i)] =
                static_cast<float>((i % weights[0].shape().w + 1) *
                                   (i / weights[0].shape().w % 5 - 2)) /
                3;
    const Document document =
        one_layer(op, params, fill(large.input), weights, fill(plan.output_stage().shape));
    SCOPED_TRACE(describe(document));
    CaseReader read(document);
    const Want want{.optional_stages = true, .backward = true};
    const auto result = evaluate(document, want);
    ASSERT_TRUE(result && !result->problem);
    Workers workers(3);
    const auto together =
        evaluate(document, want, {.report = {}, .cancelled = {}, .workers = &workers});
    for (size_t s = 0; s < plan.stages.size(); ++s)
        EXPECT_TRUE(std::ranges::equal(result->layers[0].stages[s].values(),
                                       together->layers[0].stages[s].values()))
            << plan.stages[s].name << " depends on who computes it";
    // Without the optional stages others take another way.
    const auto bare = evaluate(document, {.optional_stages = false, .backward = true});
    for (size_t s = 0; s < plan.stages.size(); ++s) {
        const Tensor& stage = result->layers[0].stages[s];
        const Tensor& barely = bare->layers[0].stages[s];
        read.stages.push_back(to_double(stage));
        for (int64_t left = 3'000'000, samples = 0; left > 0 && samples < 60; ++samples) {
            const Index cell = stage.shape().index(
                static_cast<int64_t>(random() % static_cast<uint64_t>(stage.shape().count())));
            const Explanation e = op.explain(params, plan, static_cast<int>(s), cell, read);
            left -= static_cast<int64_t>(e.terms.size());
            double size = 0;
            for (const Term& term : e.terms) size += std::abs(term.product);
            const double bound = bound_of(static_cast<double>(e.terms.size()), size);
            for (const Tensor& made : {stage, barely})
                if (!made.empty())
                    ASSERT_NEAR(static_cast<double>(made.at(cell)), e.value, bound)
                        << plan.stages[s].name << " (" << cell.n << ", " << cell.c << ", " << cell.h
                        << ", " << cell.w << ")";
        }
    }
}

/// Drawn so that all kernels of core/kernels, tiles with and without padding and all ways to cut the work come up.
Large random_large(std::mt19937_64& random) {
    const auto one_of = [&](std::initializer_list<int64_t> values) {
        return values.begin()[random() % values.size()];
    };
    const auto pair = [&](std::initializer_list<int64_t> values) {
        const int64_t h = one_of(values);
        return Pair{h, one_of(values)};
    };
    const bool is_transposed = random() % 2 == 0;
    const int64_t groups = one_of({1, 1, 1, 2, 3});
    const Pair kernel = pair({1, 2, 3, 4, 5, 11});
    Large large{is_transposed ? "conv_transpose2d" : "conv2d",
                {one_of({1, 1, 2}), groups * one_of({1, 2, 3, 8, 17, 40}), one_of({4, 7, 13, 40}),
                 one_of({4, 8, 16, 29, 131, 256, 300, 530, 1040})},
                {{"out_channels", groups * one_of({1, 2, 3, 4, 7, 8, 13, 24})},
                 {"kernel_size", kernel},
                 {"stride", random() % 2 == 0 ? Pair{1, 1} : pair({1, 2, 3})},
                 {"dilation", random() % 2 == 0 ? Pair{1, 1} : pair({1, 2, 3})},
                 {"groups", groups},
                 {"bias", random() % 2 == 0}}};
    if (large.input.h * large.input.w > 9000) large.input.c = groups * one_of({1, 3});
    const Pair padding{static_cast<int64_t>(random() % static_cast<uint64_t>(kernel.h)) / 2,
                       static_cast<int64_t>(random() % static_cast<uint64_t>(kernel.w)) / 2};
    if (is_transposed)
        large.params.push_back({"padding", padding});
    else {
        large.params.push_back({"padding", Padding{Padding::Kind::pair, padding}});
        const char* const modes[]{"zeros", "zeros", "reflect", "replicate", "circular"};
        large.params.push_back({"padding_mode", Choice{modes[random() % std::size(modes)]}});
    }
    return large;
}

TEST(LargeLayers, every_way_through_the_kernels) {
    std::mt19937_64 random(test_seed(5));
    for (const std::string& set : instruction_sets()) {
        use_instruction_set(set);
        SCOPED_TRACE(set);
        for (int i = 0; i < 40; ++i) {
            const Large large = random_large(random);
            if (is_possible(large)) expect_sampled(large);
            if (::testing::Test::HasFailure()) break;
        }
    }
    use_instruction_set("");
}

/// Generators' layers and what they become backward: planes of a few cells, of whole and broken vectors of channels.
TEST(LargeLayers, few_cells_of_many_channels) {
    std::mt19937_64 random(test_seed(6));
    const auto one_of = [&](std::initializer_list<int64_t> values) {
        return values.begin()[random() % values.size()];
    };
    for (const std::string& set : instruction_sets()) {
        use_instruction_set(set);
        SCOPED_TRACE(set);
        for (int i = 0; i < 30; ++i) {
            const bool is_transposed = random() % 4 != 0;
            const int64_t groups = one_of({1, 1, 2});
            const Pair kernel{one_of({1, 2, 3, 4, 5}), one_of({1, 2, 3, 4, 5})};
            const bool is_stamp = random() % 6 == 0;
            const int64_t height = one_of({1, 2, 4, 5, 16}), width = one_of({1, 2, 3, 4, 7, 13});
            Large large{is_transposed ? "conv_transpose2d" : "conv2d",
                        {one_of({1, 1, 3}), groups * one_of({16, 17, 40}), is_stamp ? 1 : height,
                         is_stamp ? 1 : width},
                        {{"out_channels", groups * one_of({16, 17, 31, 33, 48, 70})},
                         {"kernel_size", kernel},
                         {"stride", Pair{one_of({1, 2, 3}), one_of({1, 2, 3})}},
                         {"groups", groups},
                         {"bias", random() % 2 == 0}}};
            if (!is_stamp) {
                large.params.push_back({"dilation", Pair{one_of({1, 1, 2}), one_of({1, 1, 2})}});
                const Pair padding{one_of({0, 1}), one_of({0, 1, 2})};
                if (is_transposed) {
                    large.params.push_back({"padding", padding});
                    large.params.push_back(
                        {"output_padding", Pair{one_of({0, 0, 1}), one_of({0, 0, 1})}});
                } else {
                    large.params.push_back({"padding", Padding{Padding::Kind::pair, padding}});
                    const char* const modes[]{"zeros", "reflect", "replicate", "circular"};
                    large.params.push_back({"padding_mode", Choice{modes[random() % 4]}});
                }
            }
            if (is_possible(large)) expect_sampled(large);
            if (::testing::Test::HasFailure()) break;
        }
    }
    use_instruction_set("");
}

TEST(LargeLayers, rows_longer_than_a_tile) {
    expect_sampled({"conv2d",
                    {1, 8, 20, 9000},
                    {{"out_channels", int64_t(5)},
                     {"kernel_size", Pair{7, 3}},
                     {"stride", Pair{1, 2}},
                     {"padding", Padding{Padding::Kind::pair, {3, 1}}},
                     {"padding_mode", Choice{"circular"}}}});
}

TEST(LargeLayers, rows_with_more_products_than_one_call_takes) {
    expect_sampled({"conv_transpose2d", {1, 64, 3, 9000}, {{"out_channels", int64_t(5)}}});
}

/// Gradients of weights whose rows are met band by band: of few output channels, where kernel rows share them, and of planes
/// that are met together.
TEST(LargeLayers, weights_of_several_bands) {
    const auto filter = [](Shape input, int64_t out_channels, Pair kernel, Pair dilation,
                           int64_t groups, const char* mode = "zeros") {
        return Large{"conv2d",
                     input,
                     {{"out_channels", out_channels},
                      {"kernel_size", kernel},
                      {"dilation", dilation},
                      {"groups", groups},
                      {"padding", Padding{Padding::Kind::pair, {1, 2}}},
                      {"padding_mode", Choice{mode}}}};
    };
    expect_sampled(filter({2, 1, 130, 700}, 1, {11, 11}, {1, 1}, 1));
    expect_sampled(filter({1, 3, 90, 1500}, 2, {6, 5}, {2, 3}, 1));
    expect_sampled(filter({1, 6, 100, 800}, 6, {3, 3}, {1, 1}, 6));
    expect_sampled(filter({1, 2, 70, 420}, 2, {3, 3}, {1, 1}, 2, "circular"));
    expect_sampled(filter({2, 1, 9, 300}, 1, {3, 2}, {4, 1}, 1, "reflect"));
    expect_sampled(filter({1, 3, 60, 1100}, 3, {5, 2}, {3, 1}, 1));
    expect_sampled(filter({1, 29, 40, 300}, 70, {3, 3}, {1, 1}, 1));
}

TEST(LargeLayers, many_channels) {
    expect_sampled(
        {"conv2d",
         {1, 300, 20, 90},
         {{"out_channels", int64_t(7)}, {"padding", Padding{Padding::Kind::pair, {1, 1}}}}});
    expect_sampled({"conv_transpose2d",
                    {1, 200, 12, 40},
                    {{"out_channels", int64_t(9)},
                     {"kernel_size", Pair{4, 4}},
                     {"stride", Pair{2, 2}},
                     {"padding", Pair{1, 1}}}});
}

TEST(LargeLayers, kernels_as_large_as_the_input) {
    expect_sampled({"conv2d", {1, 1, 300, 280}, {{"kernel_size", Pair{290, 270}}}});
    expect_sampled({"conv_transpose2d",
                    {1, 1, 9, 8},
                    {{"kernel_size", Pair{200, 210}}, {"dilation", Pair{2, 3}}}});
}

TEST(LargeLayers, errors_that_all_point_the_same_way) {
    expect_sampled({"conv2d", {1, 512, 10, 40}, {{"out_channels", int64_t(4)}}, true});
    expect_sampled({"conv_transpose2d", {1, 256, 10, 40}, {{"out_channels", int64_t(4)}}, true});
    for (const Pair kernel : {Pair{1, 1}, Pair{3, 3}})
        expect_sampled({"conv2d",
                        {1, 700, 5, 300},
                        {{"out_channels", int64_t(1)}, {"kernel_size", kernel}},
                        true});
    expect_sampled(
        {"conv2d", {1, 1, 700, 700}, {{"padding", Padding{Padding::Kind::same, {}}}}, true});
    for (const int64_t width : {3, 7, 18})  // rows of few windows, many of them
        expect_sampled({"conv2d", {1, 1, 3000, width}, {{"kernel_size", Pair{3, 3}}}, true});
}

/// Numbers near 1, each so that the sum so far loses nearly half a last bit when it is added: as input of a single window, and
/// as the kernel of a filter.
TEST(LargeLayers, errors_chosen_to_add_up) {
    const auto chosen = [](Shape shape) {
        Tensor tensor(shape);
        float sum = 0;
        for (float& term : tensor.mutate()) {
            const float next = std::nextafter(sum + 1, 2 * sum + 2);
            const double half = (static_cast<double>(next) - static_cast<double>(sum + 1)) / 2;
            term = static_cast<float>(1 + half * 0.99);
            sum += term;
        }
        return tensor;
    };
    const auto expect_near = [&](const Tensor& input, const Tensor& weight, const Tensor& terms) {
        double exact = 0;
        for (const float term : terms.values()) exact += static_cast<double>(term);
        const double bound = bound_of(static_cast<double>(terms.shape().count()), exact);
        const Tensor output = output_of(input, weight);
        for (const float sum : output.values())
            ASSERT_NEAR(static_cast<double>(sum), exact, bound)
                << terms.shape().count() << " terms";
    };
    for (const int64_t terms : {28, 36, 49, 56, 64, 100, 128}) {
        const Tensor input = chosen({1, terms, 1, 1});
        expect_near(input, Tensor({20, terms, 1, 1}, 1.0f), input);
    }
    for (const int64_t size : {6, 7, 8, 9, 11, 13}) {
        const Tensor kernel = chosen({1, 1, size, size});
        expect_near(Tensor({1, 1, size + 6, 300}, 1.0f), kernel, kernel);
    }
}

TEST(LargeLayers, columns_times_rows) {
    for (const char* mode : {"zeros", "reflect"})
        for (const Pair dilation : {Pair{1, 1}, Pair{1, 3}})
            expect_sampled({"conv2d",
                            {1, 3, 40, 700},
                            {{"out_channels", int64_t(6)},
                             {"groups", int64_t(3)},
                             {"kernel_size", Pair{9, 7}},
                             {"dilation", dilation},
                             {"padding", Padding{Padding::Kind::pair, {4, 3}}},
                             {"padding_mode", Choice{mode}}},
                            false,
                            true});
}

/// A filter of 3×3 takes rows where they lie, padding and all: every cell near their ends, at all lengths of the last vector.
/// Of a kernel that is a column times a row: whole numbers stay exact, and what is too large for the sum of a column is not.
TEST(LargeLayers, columns_times_rows_of_extreme_numbers) {
    std::mt19937_64 random(test_seed(12));
    const auto summed = [](const Tensor& input, const Tensor& kernel, int64_t h, int64_t w) {
        double sum = 0;
        for (int64_t r = 0; r < kernel.shape().h; ++r)
            for (int64_t s = 0; s < kernel.shape().w; ++s)
                sum += static_cast<double>(input.at({0, 0, h + r, w + s})) *
                       static_cast<double>(kernel.at({0, 0, r, s}));
        return sum;
    };
    for (int i = 0; i < 20; ++i) {
        const Tensor input = random_tensor({1, 1, 9, 300}, random, true);
        const Tensor column = random_tensor({1, 1, 4, 1}, random, true);
        const Tensor row = random_tensor({1, 1, 1, 5}, random, true);
        Tensor kernel({1, 1, 4, 5});
        for (size_t k = 0; k < 20; ++k)
            kernel.mutate()[k] = column.values()[k / 5] * row.values()[k % 5];
        const Tensor output = output_of(input, kernel);
        for (int64_t h = 0; h < output.shape().h; ++h)
            for (int64_t w = 0; w < output.shape().w; ++w)
                ASSERT_EQ(static_cast<double>(output.at({0, 0, h, w})),
                          summed(input, kernel, h, w));
    }
    const auto expect_sum = [&](const Tensor& output, const Tensor& input, const Tensor& kernel,
                                int64_t h, int64_t w) {
        const double exact = summed(input, kernel, h, w);
        EXPECT_NEAR(static_cast<double>(output.at({0, 0, h, w})), exact, bound_of(25, exact));
    };
    const Tensor hundredths({1, 1, 5, 5}, 0.01f);
    Tensor large({1, 1, 9, 300}, 1e38f);
    expect_sum(output_of(large, hundredths), large, hundredths, 2, 100);
    large.mutate()[4 * 300 + 50] = std::numeric_limits<float>::infinity();
    const Tensor broken = output_of(large, hundredths);
    EXPECT_EQ(broken.at({0, 0, 2, 48}), std::numeric_limits<float>::infinity());
    expect_sum(broken, large, hundredths, 2, 51);
    // A column too large to add up, under a small weight of the row.
    Tensor stripe({1, 1, 9, 300}), uneven({1, 1, 5, 5}, 0.01f);
    for (size_t r = 0; r < 9; ++r) stripe.mutate()[r * 300 + 50] = 1e38f;
    for (size_t r = 0; r < 5; ++r) uneven.mutate()[r * 5 + 4] = 1;
    expect_sum(output_of(stripe, uneven), stripe, uneven, 2, 48);
    Tensor steep({1, 1, 5, 5});
    for (size_t k = 0; k < 25; ++k)
        steep.mutate()[k] =
            1e30f * static_cast<float>(k / 5 + 1) / 7 * (static_cast<float>(k % 5 + 2) / 9);
    const Tensor smallest({1, 1, 9, 300}, 1.1e-42f);
    expect_sum(output_of(smallest, steep), smallest, steep, 1, 7);
}

TEST(LargeLayers, three_by_three_up_to_the_ends_of_rows) {
    const Op& op = *find_op("conv2d");
    std::mt19937_64 random(7);
    int64_t width = 256;
    for (const std::string& set : instruction_sets()) {
        use_instruction_set(set);
        for (const char* mode : {"zeros", "reflect", "replicate", "circular"})
            for (const Pair padding : {Pair{0, 0}, Pair{1, 0}, Pair{0, 1}, Pair{1, 1}}) {
                const Large large{"conv2d",
                                  {1, 2, 7, width = 256 + (width + 7) % 35},
                                  {{"out_channels", int64_t(4)},
                                   {"groups", int64_t(2)},
                                   {"padding", Padding{Padding::Kind::pair, padding}},
                                   {"padding_mode", Choice{mode}}}};
                const Params params = params_of(op, large);
                const Plan plan = op.plan(params, large.input, true);
                ASSERT_FALSE(plan.problem);
                std::vector<Tensor> weights;
                for (const WeightSpec& spec : plan.weights)
                    weights.push_back(random_tensor(spec.shape, random, false));
                const Tensor input = random_tensor(large.input, random, false);
                const Document document = one_layer(op, params, input, weights, {});
                SCOPED_TRACE(set + ", " + describe(document));
                std::vector<Tensor> stages(plan.stages.size());
                const std::vector<int> wanted{plan.output};
                ASSERT_TRUE(
                    op.forward(params, plan, {input, weights, {}, true}, wanted, stages, {}));
                const Tensor& made = stages[static_cast<size_t>(plan.output)];
                const CaseReader read(document);
                for (int64_t i = 0; i < made.shape().count(); ++i) {
                    const Index cell = made.shape().index(i);
                    if (cell.w >= 20 && cell.w < made.shape().w - 36) continue;
                    const Explanation e = op.explain(params, plan, plan.output, cell, read);
                    ASSERT_NEAR(static_cast<double>(made.at(cell)), e.value, 1e-5)
                        << cell.c << ", " << cell.h << ", " << cell.w;
                }
            }
    }
    use_instruction_set("");
}

TEST(LargeLayers, every_second_cell_taken_where_it_lies) {
    for (const std::string& set : instruction_sets()) {
        use_instruction_set(set);
        SCOPED_TRACE(set);
        for (const int64_t width : {600, 601, 603})
            for (const int64_t padding : {0, 1})
                expect_sampled({"conv2d",
                                {1, 2, 9, width},
                                {{"out_channels", width % 10 + 8},
                                 {"stride", Pair{1 + padding, 2}},
                                 {"dilation", Pair{1, 1 + padding}},
                                 {"padding", Padding{Padding::Kind::pair, {padding, padding}}},
                                 {"padding_mode", Choice{"replicate"}}}});
    }
    use_instruction_set("");
}

TEST(LargeLayers, rows_written_past_the_caches) {
    const Padding one{Padding::Kind::pair, {1, 1}};
    expect_sampled({"conv2d", {1, 1, 1040, 1536}, {{"padding", one}}});
    expect_sampled({"conv2d", {1, 2, 1500, 160}, {{"out_channels", int64_t(8)}, {"padding", one}}});
}

/// What passes keep of a layer's weights must not outlive them: twice the weights give exactly twice the sums.
TEST(LargeLayers, weights_written_in_place_are_seen) {
    const Pair four{4, 4}, two{2, 2};
    const Large layers[]{
        {"conv2d", {1, 5, 30, 40}, {{"out_channels", int64_t(9)}}},
        {"conv2d", {1, 1, 30, 300}, {{"kernel_size", Pair{7, 7}}}, true},
        {"conv_transpose2d", {1, 17, 4, 5}, {{"out_channels", int64_t(20)}, {"kernel_size", four}}},
        {"conv_transpose2d", {1, 3, 20, 64}, {{"kernel_size", four}, {"stride", two}}},
        {"conv_transpose2d", {1, 3, 20, 30}, {{"kernel_size", two}}},
    };
    for (const Large& large : layers) {
        const Op& op = *find_op(large.id);
        Params params = params_of(op, large);
        params[static_cast<size_t>(field_index(op, "bias"))] = false;
        const Plan plan = op.plan(params, large.input, true);
        ASSERT_FALSE(plan.problem);
        std::mt19937_64 random(3);
        const Tensor input = random_tensor(large.input, random, false);
        const Shape shape = plan.weights[0].shape;
        std::vector<Tensor> weights{large.is_constant ? Tensor(shape, 0.1f)
                                                      : random_tensor(shape, random, false)};
        const std::vector<int> wanted{plan.output};
        const auto output = [&] {
            std::vector<Tensor> stages(plan.stages.size());
            EXPECT_TRUE(op.forward(params, plan, {input, weights, {}, true}, wanted, stages, {}));
            return stages[static_cast<size_t>(plan.output)];
        };
        const Tensor once = output();
        for (int i = 0; i < 2; ++i) output();
        for (float& weight : weights[0].mutate()) weight *= 2;
        const Tensor twice = output();
        for (size_t i = 0; i < once.values().size(); ++i)
            ASSERT_EQ(twice.values()[i], 2 * once.values()[i]) << large.id << " " << i;
    }
}

TEST(LargeLayers, far_apart) {
    expect_sampled(
        {"conv2d", {1, 2, 1500, 1000}, {{"stride", Pair{350, 450}}, {"dilation", Pair{400, 166}}}});
    expect_sampled({"conv_transpose2d",
                    {1, 2, 3, 4},
                    {{"stride", Pair{500, 300}}, {"dilation", Pair{7, 350}}}});
}

}  // namespace
}  // namespace convscope
