// Scatter, stretch, matrix and slide tell one layer: on thousands of legal settings of a transposed convolution their
// outputs agree at every step, whichever order leads, and at the end they are the result.
#include <gtest/gtest.h>

#include <map>

#include "app/views/slide_parts.h"
#include "tests/desk.h"
#include "tests/layer_case.h"

namespace convscope {
namespace {

int64_t draw(std::mt19937_64& random, int64_t low, int64_t high) {
    return low + static_cast<int64_t>(random() % static_cast<uint64_t>(high - low + 1));
}

Document transposed(std::mt19937_64& random) {
    const Op& op = *find_op("conv_transpose2d");
    while (true) {
        Params params = standard_params(op);
        const auto set = [&](const char* key, Value value) {
            params[static_cast<size_t>(field_index(op, key))] = std::move(value);
        };
        const int64_t groups = draw(random, 1, 2);
        const Shape input{draw(random, 1, 2), groups * draw(random, 1, 2), draw(random, 1, 4), draw(random, 1, 4)};
        set("in_channels", input.c);
        set("out_channels", groups * draw(random, 1, 2));
        set("groups", groups);
        for (const auto& [key, low, high] : {std::tuple{"kernel_size", 1, 3}, {"stride", 1, 3}, {"padding", 0, 2},
                                             {"output_padding", 0, 2}, {"dilation", 1, 2}})
            set(key, Pair{draw(random, low, high), draw(random, low, high)});
        set("bias", random() % 2 == 0);
        const Plan plan = op.plan(params, input, true);
        if (plan.problem) continue;
        std::vector<Tensor> weights;
        for (const WeightSpec& spec : plan.weights) weights.push_back(random_tensor(spec.shape, random, true));
        return one_layer(op, params, random_tensor(input, random, true), weights, {});
    }
}

/// How many of the settings were of that kind.
struct Kinds {
    int grouped = 0, channels = 0, samples = 0, dilated = 0, uncovered = 0, negative = 0, skipping = 0;
    void count(const Document& document, const Window& window) {
        const Layer& layer = document.layers[0];
        const auto pair = [&](const char* key) {
            return std::get<Pair>(layer.params[static_cast<size_t>(field_index(*layer.op, key))]);
        };
        grouped += window.groups > 1;
        channels += window.in_per_group > 1 && window.out_per_group > 1;
        samples += document.input.tensor.shape().n > 1;
        dilated += window.h.dilation > 1 && window.h.kernel > 1;
        uncovered += pair("output_padding").h + pair("output_padding").w > 0;
        negative += window.h.span() - 1 < window.h.pad_before;   // p′ = d(k−1) − p
        skipping += window.h.stride > window.h.span();
    }
};

/// The numbers of the output's plane as a view shows them, by cell; cells without a number are absent.
std::map<std::pair<int64_t, int64_t>, std::string> shown(const Scene& scene, Shape out, int64_t channel = -1) {
    const Grid& grid = *scene.grid("output");
    std::map<std::pair<int64_t, int64_t>, std::string> numbers;
    for (int64_t r = 0; r < grid.shown_rows; ++r)
        for (int64_t c = 0; c < grid.shown_columns; ++c) {
            const Cell& cell = *grid.cell(grid.first_row + grid.shown_row + r, grid.first_column + grid.shown_column + c);
            if (cell.text.empty() || !out.contains(cell.ref.cell)) continue;
            if (channel >= 0 && cell.ref.cell.c != channel) continue;
            numbers[{cell.ref.cell.h, cell.ref.cell.w}] = cell.text;
        }
    return numbers;
}

TEST(LockStep, FourViewsShowTheSameSumsAtEveryStep) {
    std::mt19937_64 random(test_seed(51));
    Kinds kinds;
    for (int i = 0; i < 2000; ++i) {
        Document document = transposed(random);
        document.start = {};
        const Result result = *evaluate(document);
        ASSERT_FALSE(result.problem);
        SCOPED_TRACE(describe(document));
        const Plan& plan = result.layers[0].plan;
        const Shape out = plan.output_stage().shape;
        kinds.count(document, *plan.window);
        for (const Order order : {Order::by_input, Order::by_output}) {
            const Timeline timeline(plan, order, plan.output);
            ViewInput in;
            in.result = &result;
            in.timeline = &timeline;
            in.size_px = {2600, 2000};
            in.unit = random() % 2 ? Unit::term : Unit::window;
            const int64_t steps = timeline.steps();
            for (int64_t step : {draw(random, 0, steps), steps}) {
                if (in.unit == Unit::window && step > 0) step = timeline.forward(step - 1, Unit::window);
                in.step = in.from_step = step;
                // As the window's play head has it: the plane that the term adds to.
                const Place place = timeline.at(step);
                const Index last{out.n - 1, out.c - 1, 0, 0};
                const Index plane = place.finishing ? last
                                    : order == Order::by_output || !place.started
                                        ? place.cell
                                        : stamp_term(plan, place.cell, place.term).output;
                in.shown = {plane.n, plane.c};
                in.leads = order == Order::by_input;
                const auto scatter = shown(build_scatter(in), out);
                in.leads = !in.leads;
                const auto stretch = shown(build_stretch(in), out);
                const auto matrix = shown(build_matrix(in), out);
                const auto slide = shown(build_slide(in), out);
                SCOPED_TRACE((order == Order::by_input ? "by input, step " : "by output, step ") + std::to_string(step));
                ASSERT_EQ(scatter, stretch);
                ASSERT_EQ(scatter, slide);
                for (const auto& [cell, text] : matrix) ASSERT_EQ(text, scatter.at(cell));
                if (out.plane() <= 24) ASSERT_EQ(matrix.size(), scatter.size());
                if (step < steps || steps == 0) continue;  // a layer may be cropped to nothing but zeros
                for (const auto& [cell, text] : scatter)
                    ASSERT_EQ(std::stof(text.starts_with("−") ? "-" + text.substr(3) : text),
                              result.layers[0].op_output().at({plane.n, plane.c, cell.first, cell.second}));
                ASSERT_EQ(static_cast<int64_t>(scatter.size()), out.plane());
            }
        }
    }
    for (const int count : {kinds.grouped, kinds.channels, kinds.samples, kinds.dilated, kinds.uncovered,
                            kinds.negative, kinds.skipping})
        EXPECT_GT(count, 100);
}

TEST(LockStep, PlainConvolutionsAreToldAlikeUnfoldedToo) {
    std::mt19937_64 random(test_seed(52));
    const Op& op = *find_op("conv2d");
    int whole = 0, parts = 0, grouped = 0, copied = 0, several = 0;
    for (int i = 0; i < 800; ++i) {
        Document document = random_layer(op, random, true);
        document.start = {};
        if (document.input.tensor.shape().count() > 300) continue;
        const Result result = *evaluate(document);
        ASSERT_FALSE(result.problem);
        SCOPED_TRACE(describe(document));
        const Plan& plan = result.layers[0].plan;
        const Shape out = plan.output_stage().shape;
        grouped += plan.window->groups > 1;
        copied += plan.window->mode != PaddingMode::zeros;
        several += out.c > 1;
        for (const Order order : {Order::by_input, Order::by_output}) {
            const Timeline timeline(plan, order, plan.output);
            ViewInput in;
            in.result = &result;
            in.timeline = &timeline;
            in.size_px = {2600, 2000};
            in.unit = random() % 2 ? Unit::term : Unit::window;
            int64_t step = draw(random, 1, timeline.steps());
            if (in.unit == Unit::window) step = timeline.forward(step - 1, Unit::window);
            in.step = in.from_step = step;
            const Place place = timeline.at(step);
            if (place.finishing) continue;
            const StampTerm stamp = order == Order::by_input ? stamp_term(plan, place.cell, place.term) : StampTerm{};
            if (order == Order::by_input && !stamp.lands) continue;   // it adds to no plane
            const Index plane = order == Order::by_output ? place.cell : stamp.output;
            in.shown = {plane.n, plane.c};
            in.leads = order == Order::by_output;
            const auto slide = shown(build_slide(in), out, plane.c);
            const auto unfold = shown(build_unfold(in), out, plane.c);
            in.leads = !in.leads;
            const auto scatter = shown(build_scatter(in), out, plane.c);
            SCOPED_TRACE((order == Order::by_input ? "by input, step " : "by output, step ") + std::to_string(step));
            ASSERT_EQ(scatter, slide);
            for (const auto& [cell, text] : unfold) ASSERT_EQ(text, slide.at(cell));
            const Scene scene = build_unfold(in);
            const bool all = scene.grid("output")->columns == out.plane();
            if (all) ASSERT_EQ(unfold.size(), slide.size());
            (all ? whole : parts) += 1;
        }
    }
    EXPECT_GT(whole, 300);
    for (const int count : {parts, grouped, copied, several}) EXPECT_GT(count, 20);
}

/// Beside a scatter the play goes through inputs, of which there are more channels than maps.
TEST(Lockstep, MapsBesideAScatterShowTheOutputThatIsWritten) {
    const Op& op = *find_op("conv_transpose2d");
    Params params = standard_params(op);
    params[static_cast<size_t>(field_index(op, "in_channels"))] = int64_t{5};
    std::mt19937_64 random(1);
    const Tensor input = random_tensor({1, 5, 2, 2}, random, true);
    std::vector<Tensor> weights;
    for (const WeightSpec& spec : op.plan(params, input.shape(), true).weights) weights.push_back(random_tensor(spec.shape, random, true));
    App app(one_layer(op, params, input, weights, {}));
    wait_until_settled(app);
    choose_view(app, "scatter");
    toggle_beside(app, "maps");
    ASSERT_EQ(app.state.result->layers[0].op_output().shape().c, 1);
    for (int64_t step = 0; step <= app.timeline.steps(); ++step) {
        go_to_step(app, step);
        const Scene scene = build_scene(app, {1248, 700}, 1);
        EXPECT_TRUE(scene.grid("maps/output")) << step;
        for (const Grid& grid : scene.grids) EXPECT_FALSE(grid.name.starts_with("maps/output/")) << step << ": " << grid.name;
    }
}

}  // namespace
}  // namespace convscope
