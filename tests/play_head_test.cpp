// Timelines against plain enumeration: explain lists the terms of each cell, stamp_term those of each stamp.
#include "core/play_head.h"

#include <algorithm>
#include <map>
#include <random>
#include <tuple>

#include <gtest/gtest.h>

#include "core/document.h"
#include "core/evaluate.h"

namespace convscope {
namespace {

struct Case {
    Layer layer;
    Shape input;
    Plan plan;
};

/// Layers of small random sizes, all modes, groups and paddings; only possible ones.
std::vector<Case> random_cases(int count) {
    std::mt19937 random(20240501);
    const auto draw = [&](int64_t low, int64_t high) {
        return std::uniform_int_distribution<int64_t>(low, high)(random);
    };
    std::vector<Case> cases;
    while (static_cast<int>(cases.size()) < count) {
        const Op& op = *find_op(draw(0, 1) ? "conv2d" : "conv_transpose2d");
        Layer layer{&op, standard_params(op), {}, {}};
        const auto set = [&](std::string_view key, const Value& value) {
            const int field = field_index(op, key);
            if (field >= 0) layer.params[static_cast<size_t>(field)] = value;
        };
        const int64_t groups = draw(1, 2);
        const Shape input{draw(1, 2), groups * draw(1, 2), draw(1, 5), draw(1, 5)};
        set("in_channels", input.c);
        set("out_channels", groups * draw(1, 2));
        set("groups", groups);
        set("kernel_size", Pair{draw(1, 3), draw(1, 3)});
        set("stride", Pair{draw(1, 4), draw(1, 3)});
        set("dilation", Pair{draw(1, 2), draw(1, 2)});
        set("bias", draw(0, 1) == 1);
        const Pair padding{draw(0, 2), draw(0, 2)};
        if (op.id == "conv2d") {
            const int64_t kind = draw(0, 3);
            set("padding", kind == 0   ? Padding{Padding::Kind::same, {}}
                           : kind == 1 ? Padding{Padding::Kind::valid, {}}
                                       : Padding{Padding::Kind::pair, padding});
            const char* modes[] = {"zeros", "reflect", "replicate", "circular"};
            set("padding_mode", Choice{modes[draw(0, 3)]});
        } else {
            set("padding", padding);
            set("output_padding", Pair{draw(0, 1), draw(0, 1)});
        }
        Plan plan = op.plan(layer.params, input, true);
        if (!plan.problem) cases.push_back({layer, input, std::move(plan)});
    }
    return cases;
}

/// A reader for which only the places of terms matter.
struct Ones : Reader {
    double operator()(const Ref&) const override { return 1; }
};

Explanation explained(const Case& c, int stage, Index cell) {
    return c.layer.op->explain(c.layer.params, c.plan, stage, cell, Ones());
}

std::string name_of(const Case& c) {
    std::string text = c.layer.op->id + " " + to_string(c.input);
    for (size_t i = 0; i < c.layer.params.size(); ++i)
        text += " " + c.layer.op->fields[i].key + "=" + to_python(c.layer.params[i]);
    return text;
}

TEST(PlayHead, ByOutputWalksEveryTermOfEveryStageInOrder) {
    for (const Case& c : random_cases(150)) {
        SCOPED_TRACE(name_of(c));
        for (size_t s = 0; s < c.plan.stages.size(); ++s) {
            SCOPED_TRACE(c.plan.stages[s].name);
            const Timeline timeline(c.plan, Order::by_output, static_cast<int>(s));
            const Shape shape = c.plan.stages[s].shape;
            ASSERT_EQ(timeline.cells(), shape);
            EXPECT_FALSE(timeline.at(0).started);
            int64_t step = 0;
            for (int64_t i = 0; i < shape.count(); ++i) {
                const Index cell = shape.index(i);
                const auto terms =
                    static_cast<int64_t>(explained(c, static_cast<int>(s), cell).terms.size());
                for (int64_t term = 0; term < terms; ++term) {
                    const Place place = timeline.at(++step);
                    ASSERT_TRUE(place.started);
                    ASSERT_FALSE(place.finishing);
                    ASSERT_EQ(place.cell, cell) << "step " << step;
                    ASSERT_EQ(place.window, i);
                    ASSERT_EQ(place.term, term);
                    ASSERT_EQ(place.terms, terms);
                    ASSERT_EQ(place.window_done(), term + 1 == terms);
                    ASSERT_EQ(timeline.step_of(cell, term), step);
                }
            }
            ASSERT_EQ(timeline.steps(), step);
            EXPECT_EQ(timeline.at(step + 1000).cell, timeline.at(step).cell);
            EXPECT_FALSE(timeline.at(-5).started);
        }
    }
}

/// Output cell, weight cell and input cell of one product.
using Product = std::tuple<Index, Index, Index>;

TEST(PlayHead, StampsLandExactlyTheProductsThatExplainLists) {
    for (const Case& c : random_cases(300)) {
        SCOPED_TRACE(name_of(c));
        const int stage = c.plan.output;
        std::map<Product, int> expected, stamped;
        const Shape output = c.plan.output_stage().shape;
        for (int64_t i = 0; i < output.count(); ++i)
            for (const Term& term : explained(c, stage, output.index(i)).terms) {
                if (term.a.source != Source::input) continue;  // a bias, or a zero of the padding
                ++expected[{output.index(i), term.b.cell, term.a.cell}];
            }
        const Timeline timeline(c.plan, Order::by_input, stage);
        int64_t finishing = 0;
        for (int64_t step = 1; step <= timeline.steps(); ++step) {
            const Place place = timeline.at(step);
            if (place.finishing) {
                ++finishing;
                EXPECT_EQ(step, timeline.steps());
                EXPECT_TRUE(place.window_done());
                continue;
            }
            ASSERT_EQ(timeline.step_of(place.cell, place.term), step);
            const StampTerm stamp = stamp_term(c.plan, place.cell, place.term);
            const bool is_outside = !c.input.contains(place.cell);
            ASSERT_EQ(stamp.is_padding, is_outside);
            ASSERT_TRUE(c.input.contains(stamp.input));
            ASSERT_TRUE(c.plan.weights[0].shape.contains(stamp.weight));
            if (stamp.lands) {
                ASSERT_TRUE(stamp.exists);
                ASSERT_TRUE(output.contains(stamp.output));
                ++stamped[{stamp.output, stamp.weight, stamp.input}];
            }
        }
        EXPECT_EQ(stamped, expected);

        const Window& w = *c.plan.window;
        const bool has_bias = c.plan.weights.size() > 1;
        const auto cropped = [](const WindowAxis& axis) {
            return axis.transposed &&
                   (axis.pad_before > 0 || (axis.in - 1) * axis.stride + axis.span() > axis.out);
        };
        EXPECT_EQ(finishing, has_bias || cropped(w.h) || cropped(w.w));
        EXPECT_EQ(timeline.windows(), timeline.cells().count());
    }
}

/// The resting steps of a unit found by looking at every step.
std::vector<int64_t> rests(const Case& c, const Timeline& timeline, Unit unit, int stage) {
    std::vector<int64_t> rests{0};
    const int64_t channels = timeline.order() == Order::by_input ? c.plan.window->out_per_group
                                                                 : c.plan.window->in_per_group;
    const int64_t extra =
        timeline.order() == Order::by_input ? 0 : c.plan.stages[static_cast<size_t>(stage)].extra;
    for (int64_t step = 1; step <= timeline.steps(); ++step) {
        const Place now = timeline.at(step), next = timeline.at(step + 1);
        bool rest = step == timeline.steps();
        const bool window_ends = now.window_done() || next.finishing;
        if (unit == Unit::term) rest = true;
        if (unit == Unit::window) rest |= window_ends;
        if (unit == Unit::channel) {
            const int64_t summed = now.terms - extra;
            rest |= window_ends || now.term + 1 == summed ||
                    (now.term < summed && (now.term + 1) % (summed / channels) == 0);
        }
        if (unit == Unit::row)
            rest |= next.finishing || next.cell.h != now.cell.h || next.cell.c != now.cell.c ||
                    next.cell.n != now.cell.n;
        if (rest) rests.push_back(step);
    }
    return rests;
}

TEST(PlayHead, UnitsRestAtTheirEnds) {
    for (const Case& c : random_cases(60)) {
        SCOPED_TRACE(name_of(c));
        for (const Order order : {Order::by_output, Order::by_input}) {
            const Timeline timeline(c.plan, order, c.plan.output);
            for (const Unit unit :
                 {Unit::term, Unit::channel, Unit::window, Unit::row, Unit::layer}) {
                SCOPED_TRACE(unit_name(unit, timeline));
                const std::vector<int64_t> expected = rests(c, timeline, unit, c.plan.output);
                std::vector<int64_t> forward{0}, back{timeline.steps()};
                while (forward.back() < timeline.steps())
                    forward.push_back(timeline.forward(forward.back(), unit));
                while (back.back() > 0) back.push_back(timeline.back(back.back(), unit));
                std::ranges::reverse(back);
                ASSERT_EQ(forward, expected);
                ASSERT_EQ(back, expected);
                for (int64_t step = 0; step <= timeline.steps(); ++step) {
                    const auto above = std::ranges::upper_bound(expected, step);
                    const auto not_below = std::ranges::lower_bound(expected, step);
                    ASSERT_EQ(timeline.forward(step, unit),
                              above == expected.end() ? timeline.steps() : *above);
                    ASSERT_EQ(timeline.back(step, unit),
                              not_below == expected.begin() ? 0 : *std::prev(not_below));
                }
            }
        }
    }
}

TEST(PlayHead, StandardDocumentHasTheStepsOfItsPicture) {
    const Document document = standard_document();
    const Plan plan =
        document.layers[0].op->plan(document.layers[0].params, document.input.tensor.shape(), true);
    const Timeline timeline(plan, Order::by_output, plan.output);
    EXPECT_EQ(timeline.steps(), 144);
    EXPECT_EQ(timeline.windows(), 16);
    const Place place = timeline.at(68);
    EXPECT_EQ(place.cell, (Index{0, 0, 1, 3}));
    EXPECT_EQ(place.window, 7);
    EXPECT_EQ(place.term, 4);
    EXPECT_EQ(place.terms, 9);
    EXPECT_EQ(timeline.forward(68, Unit::window), 72);
    EXPECT_EQ(timeline.back(68, Unit::window), 63);
    EXPECT_EQ(timeline.forward(68, Unit::row), 72);
    EXPECT_EQ(timeline.back(68, Unit::row), 36);
    EXPECT_EQ(timeline.units(), (std::vector{Unit::term, Unit::window, Unit::row, Unit::layer}));
    EXPECT_EQ(unit_name(Unit::window, timeline), "window");
    EXPECT_EQ(unit_name(Unit::window, Timeline(plan, Order::by_input, plan.output)), "stamp");
}

TEST(PlayHead, LargeLayersNeedNoEnumeration) {
    Document document = standard_document();
    document.layers[0].params[static_cast<size_t>(field_index(*document.layers[0].op, "padding"))] =
        Padding{Padding::Kind::same, {}};
    document.layers[0].params[static_cast<size_t>(field_index(*document.layers[0].op, "stride"))] =
        Pair{1, 1};
    const Plan plan = document.layers[0].op->plan(document.layers[0].params, {1, 1, 16000, 16000}, true);
    ASSERT_FALSE(plan.problem);
    const Timeline timeline(plan, Order::by_output, plan.output);
    EXPECT_EQ(timeline.steps(), int64_t(16000) * 16000 * 9);
    const Index cell{0, 0, 12345, 6789};
    const int64_t step = timeline.step_of(cell, 4);
    EXPECT_EQ(step, (int64_t(12345) * 16000 + 6789) * 9 + 5);
    EXPECT_EQ(timeline.at(step).cell, cell);
    EXPECT_EQ(timeline.at(step).term, 4);
}

}  // namespace
}  // namespace convscope
