// The chain bar: which layers are folded, cards that neither overlap nor get lost at any width; and what the panels show of
// layers with statistics, maxima, means and formulas.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "app/commands.h"
#include "app/panels/chain_cards.h"
#include "app/panels/field_values.h"
#include "app/panels/ledger_table.h"
#include "core/chain_edits.h"
#include "tests/panel_bench.h"

namespace convscope {
namespace {

using testing_ui::PanelBench;

Document input_of(Shape shape) {
    Document document;
    document.input = generated_input("integers 0–9", 3, shape);
    return document;
}

Document with_ops(Document document, const std::vector<const char*>& ids) {
    for (const char* id : ids) {
        const Op* op = find_op(id);
        CHECK_THAT(op != nullptr, ==, true);
        const int at = static_cast<int>(document.layers.size());
        document = with_layer_added(std::move(document), at, *op);
        if (field_index(*op, "in_channels") >= 0)
            document = with_param(std::move(document), at, "kernel_size", Pair{1, 1});
    }
    return document;
}

/// Conv and Tanh, so many times.
Document deep(int times) {
    Document document = input_of({1, 2, 6, 6});
    for (int i = 0; i < times; ++i) document = with_ops(std::move(document), {"conv2d", "tanh"});
    return document;
}

// ---- Runs

std::vector<std::tuple<int, int, int>> runs_of(const Document& document) {
    std::vector<std::tuple<int, int, int>> all;
    for (const LayerRun& run : repeated_layers(document)) all.emplace_back(run.first, run.period, run.times);
    return all;
}

using Runs = std::vector<std::tuple<int, int, int>>;

TEST(ChainBar, FindsWhatRepeats) {
    EXPECT_EQ(runs_of(deep(2)), Runs{});
    EXPECT_EQ(runs_of(deep(3)), (Runs{{0, 2, 3}}));
    EXPECT_EQ(runs_of(deep(100)), (Runs{{0, 2, 100}}));
    // Another kernel breaks the run in two; what is left over stands alone.
    const Document broken = with_param(deep(7), 6, "padding", Padding{Padding::Kind::pair, {0, 1}});
    EXPECT_EQ(runs_of(broken), (Runs{{0, 2, 3}, {8, 2, 3}}));
    EXPECT_EQ(runs_of(with_ops(deep(3), {"tanh", "relu", "relu", "relu"})), (Runs{{0, 2, 3}, {7, 1, 3}}));
    // Weights may differ, a skip connection may not.
    EXPECT_EQ(runs_of(with_skip(deep(3), 3, 2)), Runs{});
}

// ---- Cards

/// Cards in sight, from left to right.
std::vector<UiItem> cards(PanelBench& bench) {
    std::vector<UiItem> all;
    for (const UiItem& item : bench.items())
        if (item.path().starts_with("Chain/") && !item.label.empty() && !item.label.ends_with(" layers") && item.visible()) all.push_back(item);
    return all;
}

TEST(ChainBar, CardsNeverOverlapAndTheChosenOneIsInSight) {
    const Document documents[] = {deep(1), deep(2), deep(9), with_ops(deep(3), {"batch_norm2d", "relu", "max_pool2d"}),
                                  with_ops(input_of({1, 3, 40, 40}), {"conv2d", "batch_norm2d", "leaky_relu", "avg_pool2d",
                                                                      "upsample", "conv_transpose2d", "gelu"})};
    for (const Document& document : documents)
        for (const float width : {640.0f, 1024.0f, 1280.0f, 1440.0f, 1920.0f})
            for (const bool is_open : {false, true}) {
                PanelBench bench(document, {width, 720});
                App& app = bench.app();
                if (is_open) app.state.open_runs = {0};
                bench.frames(3);
                for (int layer = 0; layer < static_cast<int>(document.layers.size()); ++layer) {
                    choose_layer(app, layer);
                    bench.frames(3);
                    const std::string name =
                        document.layers[static_cast<size_t>(layer)].op->torch_name + " " + std::to_string(layer + 1);
                    SCOPED_TRACE(name + " at " + std::to_string(width) + (is_open ? ", open" : ""));
                    const UiItem* chosen = bench.find("Chain/" + name);
                    ASSERT_NE(chosen, nullptr);
                    EXPECT_TRUE(chosen->visible());
                    EXPECT_GE(chosen->box.x, 0);
                    EXPECT_LE(chosen->box.right(), bench.find("Chain/train")->box.x);
                    const auto all = cards(bench);
                    for (size_t i = 0; i < all.size(); ++i)
                        for (size_t k = i + 1; k < all.size(); ++k) {
                            const Box &a = all[i].box, &b = all[k].box;
                            const float right_end = bench.find("Chain/train")->box.x;
                            const bool apart = a.right() <= b.x || b.right() <= a.x ||
                                               std::max(a.x, b.x) >= right_end - 40;
                            EXPECT_TRUE(apart) << all[i].path() << " and " << all[k].path();
                        }
                }
                EXPECT_TRUE(bench.faults().empty()) << bench.faults().front();
            }
}

TEST(ChainBar, ALongRowGoesOnAtBothEnds) {
    PanelBench bench(deep(9), {1024, 720});
    App& app = bench.app();
    app.state.open_runs = {0};
    bench.frames(3);
    EXPECT_EQ(bench.find("Chain/Earlier layers"), nullptr);
    ASSERT_TRUE(bench.click("Chain/Later layers"));
    EXPECT_FALSE(bench.find("Chain/Conv2d 1")->visible());
    for (int i = 0; i < 8; ++i) bench.click("Chain/Later layers");
    EXPECT_TRUE(bench.find("Chain/Add layer")->visible());
    for (int i = 0; i < 8; ++i) bench.click("Chain/Earlier layers");
    EXPECT_TRUE(bench.find("Chain/Input")->visible());
    EXPECT_EQ(app.state.layer, 0);
}

TEST(ChainBar, ShapesStandBetweenWhereThereIsRoom) {
    PanelBench bench(deep(2), {1280, 800});
    bench.frames(2);
    for (const char* label : {"Chain/Input", "Chain/Output 1", "Chain/Output 2", "Chain/Output 3", "Chain/Output"})
        EXPECT_NE(bench.find(label), nullptr) << label;
}

TEST(ChainBar, ARunOpensAndFolds) {
    PanelBench bench(deep(20), {1280, 800});
    App& app = bench.app();
    bench.frames(2);
    EXPECT_EQ(bench.find("Chain/Conv2d 3"), nullptr);
    ASSERT_TRUE(bench.click("Chain/Run 1"));
    EXPECT_NE(bench.find("Chain/Conv2d 3"), nullptr);
    EXPECT_NE(bench.find("Chain/Tanh 40"), nullptr);
    ASSERT_TRUE(bench.click("Chain/Conv2d 3"));
    EXPECT_EQ(app.state.layer, 2);
    ASSERT_TRUE(bench.click("Chain/Run 1"));
    // The repetition that holds the chosen layer stands for all.
    EXPECT_NE(bench.find("Chain/Conv2d 3"), nullptr);
    EXPECT_EQ(bench.find("Chain/Conv2d 1"), nullptr);
    EXPECT_FALSE(app.state.history.can_undo());
}

TEST(ChainBar, MouseAndKeysEdit) {
    const Document before = deep(1);
    PanelBench bench(before, {1440, 900});
    App& app = bench.app();
    bench.frames(2);
    ASSERT_TRUE(bench.click("Chain/Add layer"));
    ASSERT_TRUE(bench.click("ReLU"));
    ASSERT_EQ(app.state.document.layers.size(), 3u);
    EXPECT_EQ(app.state.document.layers[1].op->torch_name, "ReLU");
    EXPECT_EQ(app.state.layer, 1);
    bench.key(ImGuiMod_Ctrl | ImGuiMod_Shift | ImGuiKey_RightArrow);
    EXPECT_EQ(app.state.document.layers[2].op->torch_name, "ReLU");
    EXPECT_EQ(app.state.layer, 2);
    bench.key(ImGuiMod_Ctrl | ImGuiKey_LeftArrow);
    EXPECT_EQ(app.state.layer, 1);
    bench.key(ImGuiMod_Ctrl | ImGuiKey_Delete);
    EXPECT_EQ(app.state.document.layers.size(), 2u);
    undo(app);
    undo(app);
    undo(app);
    EXPECT_EQ(app.state.document.layers.size(), 2u);
    EXPECT_EQ(app.state.document, before);
    ASSERT_TRUE(bench.click("Chain/eval"));
    EXPECT_FALSE(app.state.document.training);
    bench.key(ImGuiKey_T);
    EXPECT_TRUE(app.state.document.training);
    EXPECT_TRUE(bench.faults().empty()) << bench.faults().front();
}

TEST(ChainBar, AnImpossibleLayerCanBeChosenAndItsNeighboursEdited) {
    PanelBench bench(deep(1), {1440, 900});
    App& app = bench.app();
    edit_chain(app, with_layer_added(app.state.document, 2, *find_op("conv2d")), 2);
    edit(app, with_param(app.state.document, 2, "kernel_size", Pair{30, 30}));
    bench.frames(2);
    ASSERT_TRUE(app.state.problem.has_value());
    edit_chain(app, with_layer_added(app.state.document, 0, *find_op("batch_norm2d")), 0);
    for (int layer = 0; layer < 4; ++layer) {
        choose_layer(app, layer);
        EXPECT_EQ(app.state.layer, layer);
        bench.frames(3);
    }
    EXPECT_EQ(app.state.problem_layer, 3);
    ASSERT_FALSE(app.state.problem->remedies.empty());
    ASSERT_TRUE(bench.click("Parameters/" + app.state.problem->remedies[0].label));
    EXPECT_FALSE(app.state.problem.has_value());
    EXPECT_TRUE(bench.faults().empty()) << bench.faults().front();
}

// ---- Fields

Field field(const char* key, Value standard, double low, double high) {
    return {key, std::move(standard), true, low, high, {}, ""};
}

std::string after(Value value, std::initializer_list<int> steps, const Field& of, Resolved resolved = {}) {
    for (const int step : steps) value = stepped(value, step, of, resolved).value();
    return field_text(value);
}

TEST(ChainFields, SmallNumbersStepByTensOthersByTheirLeadingDigit) {
    const Field eps = field("eps", 1e-5, 0, 1);
    EXPECT_EQ(field_text(1e-5), "1e-05");
    EXPECT_EQ(after(1e-5, {1}, eps), "0.0001");
    EXPECT_EQ(after(1e-5, {-1}, eps), "1e-06");
    EXPECT_EQ(after(1e-5, {1, 1}, eps), "0.001");
    EXPECT_EQ(after(0.001, {1}, eps), "0.002");
    EXPECT_EQ(after(0.001, {-1}, eps), "0.0001");
    EXPECT_EQ(after(0.1, {1, 1}, eps), "0.3");
    EXPECT_EQ(after(0.03, {1}, eps), "0.04");
    EXPECT_EQ(after(1.0, {1}, eps), "1");
    EXPECT_EQ(after(0.0, {1}, eps), "1e-05");
    EXPECT_EQ(after(0.0, {-1}, eps), "0");
    EXPECT_EQ(after(1e-13, {-1}, eps), "0");
    EXPECT_EQ(after(5.0, {1}, eps), "5");  // typed beyond what the buttons reach
    EXPECT_EQ(after(std::nan(""), {1}, eps), "0");
}

TEST(ChainFields, BelowTheLeastNumberStandsNone) {
    const Field momentum = field("momentum", std::optional<double>(0.1), 0, 1);
    EXPECT_EQ(after(std::optional<double>(0.1), {-1}, momentum), "0");
    EXPECT_EQ(after(std::optional<double>(0.1), {-1, -1}, momentum), "none");
    EXPECT_EQ(after(std::optional<double>(), {1}, momentum), "0.1");
    EXPECT_EQ(after(std::optional<double>(), {-1}, momentum), "none");
    Resolved resolved;
    resolved.stride = {2, 3};
    const Field stride = field("stride", std::optional<Pair>(), 1, 16);
    EXPECT_EQ(after(std::optional<Pair>(), {1}, stride, resolved), "2 × 3");
    EXPECT_EQ(after(std::optional<Pair>(), {1, -1, -1, -1}, stride, resolved), "none");
    const Field scale = field("scale_factor", std::optional<Scale>(Scale{2, 2}), 1, 8);
    EXPECT_EQ(after(std::optional<Scale>(Scale{1.5, 2}), {1}, scale), "2 × 3");
    EXPECT_EQ(after(std::optional<Scale>(Scale{1.5, 1}), {-1, -1}, scale), "none");
    const Field divisor = field("divisor_override", std::optional<int64_t>(), 1, 961);
    EXPECT_EQ(after(std::optional<int64_t>(), {1, 1}, divisor), "2");
    EXPECT_EQ(after(std::optional<int64_t>(1), {-1}, divisor), "none");
    EXPECT_EQ(after(std::optional<int64_t>(INT64_MAX), {1}, divisor), "961");
}

TEST(ChainFields, AnEmptiedFieldIsNoneWhereNoneIsAValue) {
    PanelBench bench(with_ops(input_of({1, 1, 8, 8}), {"batch_norm2d"}), {1440, 900});
    App& app = bench.app();
    bench.frames(2);
    ASSERT_TRUE(bench.click("Parameters/momentum"));
    bench.key(ImGuiKey_Backspace);
    bench.key(ImGuiKey_Enter);
    const Layer& layer = app.state.document.layers[0];
    EXPECT_EQ(to_text(layer.params[static_cast<size_t>(field_index(*layer.op, "momentum"))]), "none");
}

// ---- The ledger's numbers

LedgerTable table_of(App& app, Index cell) {
    EXPECT_TRUE(pin_output(app, cell));
    return make_ledger_table(app, *ledger(app));
}

TEST(ChainLedger, AMaximumMarksWhatItTook) {
    Document document = input_of({1, 1, 4, 4});
    document.input.tensor = Tensor({1, 1, 4, 4}, {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3});
    App app(with_param(with_ops(document, {"max_pool2d"}), 0, "padding", Pair{1, 1}));
    const LedgerTable table = table_of(app, {0, 0, 1, 1});
    EXPECT_EQ(table.combine(), Combine::max);
    EXPECT_FALSE(table.has_factors);
    EXPECT_EQ(table.sums, (std::vector<double>{9, 9, 9, 9}));
    EXPECT_EQ(table.chosen(), 0);
    EXPECT_EQ(table.result, 9);
    // In the corner three of four places are padding: −∞ until the one number comes.
    const LedgerTable corner = table_of(app, {0, 0, 0, 0});
    EXPECT_EQ(corner.sums.back(), 3);
    EXPECT_TRUE(std::isinf(corner.sums.front()));
    EXPECT_EQ(corner.number(corner.sums.front()), "−∞");
    EXPECT_EQ(place_text(corner, 0, false), "padding");
    EXPECT_EQ(corner.chosen(), 3);
}

TEST(ChainLedger, StampedPaddingOfAChannelIsAGroupOfItsOwn) {
    const Document start = with_param(with_ops(input_of({1, 2, 3, 4}), {"conv2d"}), 0, "kernel_size", Pair{3, 3});
    const Document document = with_param(start, 0, "padding", Padding{Padding::Kind::pair, {1, 1}});
    PanelBench bench(with_param(document, 0, "out_channels", int64_t(8)), {1440, 900});
    App& app = bench.app();
    choose_view(app, "scatter");
    go_to_step(app, 2);   // output (1, 0), whose window reaches over the edge
    bench.frames(3);
    ASSERT_FALSE(app.state.problem) << app.state.problem->whole();
    ASSERT_TRUE(ledger(app));
    const LedgerTable table = make_ledger_table(app, *ledger(app));
    ASSERT_TRUE(table.has_heads);
    std::vector<std::string> names;
    size_t terms = 0;
    for (const Group& group : table.groups) {
        names.push_back(group_name(table, group));
        for (size_t i = group.first; i < group.first + group.count; ++i, ++terms)
            EXPECT_EQ(table.terms()[i].padding.has_value(), group.padding) << i;
    }
    EXPECT_EQ(names, (std::vector<std::string>{"channel 0", "channel 1", "channel 0, padding", "channel 1, padding"}));
    EXPECT_EQ(terms, 2u * 3 * 3);
    EXPECT_TRUE(bench.faults().empty());
}

TEST(ChainLedger, AMeanSaysItsDivisor) {
    Document document = input_of({1, 1, 2, 2});
    document.input.tensor = Tensor({1, 1, 2, 2}, {1, 2, 4, 9});
    App app(with_ops(document, {"avg_pool2d"}));
    const LedgerTable table = table_of(app, {0, 0, 0, 0});
    EXPECT_EQ(table.combine(), Combine::mean);
    EXPECT_EQ(table.sums, (std::vector<double>{1, 3, 7, 16}));
    EXPECT_EQ(table.cell.explanation.divisor, 4);
    EXPECT_EQ(table.result, 4);
    EXPECT_FALSE(table.has_factors);
}

TEST(ChainLedger, NamesWhereItsNumbersComeFrom) {
    App app(with_ops(input_of({1, 2, 3, 3}), {"batch_norm2d"}));
    const LedgerTable table = table_of(app, {0, 1, 2, 0});
    EXPECT_EQ(table.head, "normalised");
    EXPECT_EQ(table.factor_head, "weight");
    EXPECT_TRUE(table.has_factors);
    EXPECT_TRUE(table.bias.has_value());
    EXPECT_FALSE(table.wide_places);  // every number is of the cell's own channel
    const LayerResult& layer = app.state.result->layers[0];
    EXPECT_EQ(ref_text(layer, {Source::stage, layer.plan.stage("mean"), {0, 1, 0, 0}}), "mean[1]");
    EXPECT_EQ(ref_text(layer, {Source::input, 0, {0, 1, 2, 0}}), "input (2, 0)");
}

TEST(ChainLedger, ASkipConnectionIsAddedBelow) {
    App app(with_skip(with_ops(input_of({1, 2, 3, 3}), {"conv2d", "tanh"}), 1, 2));
    choose_layer(app, 1);
    const LedgerTable table = table_of(app, {0, 1, 2, 0});
    ASSERT_TRUE(table.skip.has_value());
    EXPECT_EQ(table.skip->name, "input of layer 1");
    EXPECT_EQ(table.skip->value, static_cast<double>(app.state.document.input.tensor.at({0, 1, 2, 0})));
    EXPECT_NEAR(table.skip->sum, table.result + table.skip->value, 1e-6);
}

// ---- Running statistics and the gradient's start

TEST(ChainSections, StatisticsAreEditedAndGestureByGestureUndone) {
    PanelBench bench(with_ops(input_of({2, 3, 4, 4}), {"batch_norm2d"}), {1440, 900});
    App& app = bench.app();
    bench.frames(2);
    show_channel(app, 2);
    bench.frames(2);
    ASSERT_TRUE(bench.click("Parameters/Weights/running_mean"));
    bench.type("1.5");
    bench.key(ImGuiKey_Enter);
    EXPECT_EQ(app.state.document.layers[0].buffers[0].at({0, 2}), 1.5f);
    EXPECT_EQ(app.state.document.layers[0].buffers[0].at({0, 1}), 0.0f);
    ASSERT_TRUE(bench.click("Parameters/Weights/weight +"));
    EXPECT_NEAR(static_cast<double>(app.state.document.layers[0].weights[0].at({0, 2})), 1.1, 1e-6);
    ASSERT_TRUE(bench.click("Parameters/Next batch"));
    EXPECT_EQ(app.state.document.batches, 2);
    undo(app);
    undo(app);
    undo(app);
    EXPECT_FALSE(app.state.history.can_undo());
    EXPECT_EQ(app.state.document.layers[0].buffers[0].at({0, 2}), 0.0f);
    const Document fresh = app.state.document;
    ASSERT_TRUE(run(*find_command("Reset running statistics"), app));
    EXPECT_EQ(app.state.document, fresh);  // nothing to reset: no undo step
    EXPECT_FALSE(app.state.history.can_undo());
    EXPECT_TRUE(bench.faults().empty()) << bench.faults().front();
}

TEST(ChainSections, TheGradientStartsWhereOneSays) {
    PanelBench bench(deep(1), {1440, 1300});
    App& app = bench.app();
    bench.frames(2);
    const auto start = [&]() -> const BackwardStart& { return app.state.document.start; };
    ASSERT_TRUE(bench.click("Parameters/Gradient/seed +"));
    EXPECT_EQ(start().seed, 2u);
    ASSERT_TRUE(bench.click("Parameters/Gradient/start"));
    ASSERT_TRUE(bench.click("Squared distance"));
    EXPECT_EQ(start().kind, BackwardStart::Kind::squared_distance);
    EXPECT_EQ(start().tensor.shape(), (Shape{1, 2, 6, 6}));
    bench.frames(2);
    ASSERT_TRUE(bench.click("Parameters/Use output"));
    EXPECT_TRUE(std::ranges::equal(start().tensor.values(),
                                   app.state.result->layers.back().output().values()));
    EXPECT_EQ(app.state.result->loss, 0.0);
    app.host.clipboard = [] { return "1 2\n3 4"; };
    ASSERT_TRUE(bench.click("Parameters/Paste"));
    ASSERT_FALSE(app.state.messages.empty());
    EXPECT_EQ(app.state.messages.back().text,
              "The numbers are 1×1×2×2, the output is 1×2×6×6. Paste numbers of that shape.");
    ASSERT_TRUE(bench.click("Parameters/Gradient/start"));
    ASSERT_TRUE(bench.click("Mean square"));
    EXPECT_TRUE(start().tensor.empty());
    EXPECT_TRUE(app.state.result->loss.has_value());
}

}  // namespace
}  // namespace convscope
