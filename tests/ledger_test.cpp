// The ledger: channels that fold to their subtotals; both directions of a cell, and its gradient; copies of it.
#include <gtest/gtest.h>

#include <algorithm>

#include <fmt/format.h>

#include "app/canvas_input.h"
#include "app/commands.h"
#include "app/panels/ledger_table.h"
#include "core/presets.h"
#include "core/pytorch_read.h"
#include "tests/panel_bench.h"

namespace convscope {
namespace {

using testing_ui::PanelBench;

Document layer_of(const std::string& torch, Shape input) {
    PytorchResult read = read_pytorch(torch);
    CHECK_THAT(read.error, ==, std::string());
    return with_input(read.document, generated_input("integers 0–9", 3, input));
}

/// Which groups are open, one letter each: "o" or ".".
std::string open_groups(App& app) {
    LedgerTable table = make_ledger_table(app, *ledger(app));
    fold_groups(table, app.state.folds);
    std::string text;
    for (const Group& group : table.groups) text += group.open ? 'o' : '.';
    return table.has_heads ? text : "";
}

/// All numbers 1: channel c of the input is c + 1, so a 2×2 window of it adds 4·(c + 1).
Document stairs(int64_t channels) {
    Document document = layer_of(fmt::format("nn.Conv2d({}, 1, 2)", channels), {1, channels, 2, 2});
    std::vector<float> input;
    for (int64_t c = 0; c < channels; ++c) input.insert(input.end(), 4, static_cast<float>(c + 1));
    document = with_input(document, {Tensor({1, channels, 2, 2}, input), {}});
    Tensor ones = document.layers[0].weights[0];
    std::ranges::fill(ones.mutate(), 1.0f);
    return with_weight(document, 0, 0, ones);
}

TEST(LedgerFolds, AFoldedChannelShowsItsSubtotal) {
    App app(stairs(3));
    ASSERT_TRUE(pin_output(app, {}));
    LedgerTable table = make_ledger_table(app, *ledger(app));
    ASSERT_EQ(table.groups.size(), 3u);
    EXPECT_EQ(table.groups[0].subtotal, 4);
    EXPECT_EQ(table.groups[1].subtotal, 8);
    EXPECT_EQ(table.groups[2].subtotal, 12);
    EXPECT_EQ(table.groups[2].count, 4u);
}

TEST(LedgerFolds, TheChannelAtWorkIsOpen) {
    App app(stairs(3));
    choose_view(app, "slide");
    go_to_step(app, 6);  // the second product of channel 1
    EXPECT_EQ(open_groups(app), ".o.");
    go_to_step(app, 12);
    EXPECT_EQ(open_groups(app), "..o");
    go_to_step(app, 13);  // the bias
    EXPECT_EQ(open_groups(app), "o..");
    ASSERT_TRUE(pin_output(app, {}));
    EXPECT_EQ(open_groups(app), "o..");
}

TEST(LedgerFolds, ManyChannelsAtRestAreFolded) {
    App app(stairs(6));
    ASSERT_TRUE(pin_output(app, {}));
    EXPECT_EQ(open_groups(app), "......");
    select_nothing(app);
    go_to_step(app, 10);
    EXPECT_EQ(open_groups(app), "..o...");
}

TEST(LedgerFolds, AFewRowsAtRestAreAllOpen) {
    App app(stairs(2));
    ASSERT_TRUE(pin_output(app, {}));
    EXPECT_EQ(open_groups(app), "oo");
    select_nothing(app);
    go_to_step(app, 6);
    EXPECT_EQ(open_groups(app), ".o");
}

TEST(LedgerFolds, ChannelsOfOneProductHaveNoHeads) {
    App app(layer_of("nn.Conv2d(8, 1, 1)", {1, 8, 3, 3}));
    EXPECT_EQ(open_groups(app), "");
    App two(layer_of("nn.Conv2d(8, 1, (1, 2))", {1, 8, 3, 3}));
    EXPECT_NE(open_groups(two), "");
}

TEST(LedgerFolds, KeysFoldAndUnfoldAll) {
    App app(stairs(4));
    const Command* fold = find_command("Fold channels");
    const Command* unfold = find_command("Unfold channels");
    ASSERT_TRUE(fold && unfold);
    go_to_step(app, 6);
    ASSERT_TRUE(run(*fold, app));
    EXPECT_EQ(open_groups(app), "....");
    ASSERT_TRUE(run(*unfold, app));
    EXPECT_EQ(open_groups(app), "oooo");
    EXPECT_TRUE(unfold->checked(app));
    ASSERT_TRUE(run(*unfold, app));  // again: by itself
    EXPECT_EQ(open_groups(app), ".o..");
    App single(layer_of("nn.Conv2d(1, 1, 3)", {1, 1, 5, 5}));
    EXPECT_FALSE(run(*fold, single));
}

TEST(LedgerFolds, AClickTurnsOneChannelAndAKeyAll) {
    PanelBench bench(stairs(3), {1440, 900});
    App& app = bench.app();
    choose_view(app, "slide");
    go_to_step(app, 6);
    bench.frames(3);
    EXPECT_EQ(open_groups(app), ".o.");
    ASSERT_TRUE(bench.find("Inspector/term 5"));  // the first of channel 1
    ASSERT_TRUE(bench.click("Inspector/channel 0"));
    bench.frames(2);
    EXPECT_EQ(open_groups(app), "oo.");
    EXPECT_TRUE(bench.find("Inspector/term 1"));
    ASSERT_TRUE(bench.click("Inspector/channel 1"));
    bench.frames(2);
    EXPECT_EQ(open_groups(app), "o..");
    EXPECT_FALSE(bench.find("Inspector/term 5"));
    bench.key(ImGuiKey_F);
    bench.frames(2);
    EXPECT_EQ(open_groups(app), "...");
    // What is turned by hand counts over all.
    ASSERT_TRUE(bench.click("Inspector/channel 2"));
    bench.frames(2);
    EXPECT_EQ(open_groups(app), "..o");
    EXPECT_TRUE(bench.faults().empty());
}

TEST(LedgerFolds, AnotherDocumentFoldsByItself) {
    App app(stairs(3));
    ASSERT_TRUE(run(*find_command("Unfold channels"), app));
    show_document(app, stairs(4), "another");
    EXPECT_EQ(app.state.folds.all, std::nullopt);
}

// ---- Both directions

/// A 4×4 input 0…15, kernel 1 2 3 4, through a 2×2 layer, and another behind it.
Document two_layers() {
    PytorchOptions options;
    options.input = "torch.arange(16.).view(4, 4)";
    options.weight = "[[1,2],[3,4]]";
    PytorchResult read = read_pytorch(
        "nn.Sequential(nn.Conv2d(1, 1, 2, bias=False), nn.Conv2d(1, 2, 2, bias=False))", options);
    CHECK_THAT(read.error, ==, std::string());
    return read.document;
}

std::vector<double> products(const LedgerCell& told) {
    std::vector<double> all;
    for (const Term& term : told.uses ? told.uses->terms : told.explanation.terms)
        all.push_back(term.product);
    return all;
}

using Tellings = std::vector<Telling>;

TEST(LedgerDirections, AnInputCellGoesToTheCellsThatReadIt) {
    App app(two_layers());
    ASSERT_TRUE(pin(app, {Source::input, 0, {0, 0, 1, 2}}));  // 6
    const auto told = ledger(app);
    ASSERT_TRUE(told && told->uses);
    EXPECT_EQ(told->choices, Tellings{Telling::goes_to});
    // Output (0, 1) takes it with 4, (0, 2) with 3, (1, 1) with 2, (1, 2) with 1.
    EXPECT_EQ(products(*told), (std::vector<double>{24, 18, 12, 6}));
    EXPECT_EQ(told->uses->cells[0].cell, (Index{0, 0, 0, 1}));
    EXPECT_EQ(told->uses->cells[0].value, 1 * 1 + 2 * 2 + 5 * 3 + 6 * 4);
    const LedgerTable table = make_ledger_table(app, *told);
    EXPECT_EQ(table.title, "Input (1, 2)");
    EXPECT_EQ(table.head, "goes to");
    EXPECT_EQ(table.factor_head, "weight");
    EXPECT_EQ(place_text(table, 3, false), "(1, 2)");
    EXPECT_EQ(table.sums[0], 44);
}

TEST(LedgerDirections, AWeightGoesToEveryWindow) {
    App app(two_layers());
    ASSERT_TRUE(pin(app, {Source::weight, 0, {0, 0, 1, 0}}));  // 3
    const auto told = ledger(app);
    ASSERT_TRUE(told && told->uses);
    // It meets the inputs below each window's corner: 4 5 6, 8 9 10, 12 13 14.
    EXPECT_EQ(products(*told), (std::vector<double>{12, 15, 18, 24, 27, 30, 36, 39, 42}));
    const LedgerTable table = make_ledger_table(app, *told);
    EXPECT_EQ(table.title, "Weight (1, 0)");
    EXPECT_EQ(table.factor_head, "input");
}

TEST(LedgerDirections, AHiddenCellHasBoth) {
    App app(two_layers());
    ASSERT_TRUE(pin_output(app, {0, 0, 1, 1}));
    auto told = ledger(app);
    EXPECT_EQ(told->choices, (Tellings{Telling::made_of, Telling::goes_to}));
    EXPECT_EQ(told->telling, Telling::made_of);
    EXPECT_EQ(products(*told), (std::vector<double>{5, 12, 27, 40}));
    ASSERT_TRUE(run(*find_command("Turn ledger over"), app));
    told = ledger(app);
    ASSERT_TRUE(told->uses);
    ASSERT_EQ(told->uses->total, 8);  // four windows, two channels
    EXPECT_EQ(told->uses->cells[0].layer, 1);
    EXPECT_EQ(told->uses->terms[0].a_value, 84);
    // Seen from the layer behind it is an input with the same two lists.
    choose_layer(app, 1);
    EXPECT_EQ(app.state.selection.telling, std::nullopt);
    ASSERT_TRUE(pin(app, {Source::input, 0, {0, 0, 1, 1}}));
    const auto input = ledger(app);
    EXPECT_EQ(input->choices, (Tellings{Telling::made_of, Telling::goes_to}));
    EXPECT_EQ(input->telling, Telling::goes_to);
    EXPECT_EQ(input->uses->cells, told->uses->cells);
    EXPECT_EQ(products(*input), products(*told));
    choose_telling(app, Telling::made_of);
    EXPECT_EQ(products(*ledger(app)), (std::vector<double>{5, 12, 27, 40}));
    EXPECT_EQ(ledger(app)->layer, 0);
    // The last layer's output goes nowhere.
    ASSERT_TRUE(pin_output(app, {0, 1, 0, 0}));
    EXPECT_EQ(ledger(app)->choices, Tellings{Telling::made_of});
    EXPECT_FALSE(run(*find_command("Turn ledger over"), app));
}

TEST(LedgerDirections, TheSelectedCellIsToldUntilItPlays) {
    App app(two_layers());
    const Scene scene = build_scene(app, {900, 700}, 1);
    select_cell(app, scene, {"input", 1, 2});
    EXPECT_EQ(products(*ledger(app)), (std::vector<double>{24, 18, 12, 6}));
    EXPECT_FALSE(ledger(app)->pinned);
    // What is pinned stays.
    ASSERT_TRUE(pin_output(app, {0, 0, 1, 1}));
    EXPECT_FALSE(ledger(app)->uses);
    ASSERT_TRUE(run(*find_command("Keep in ledger"), app));
    EXPECT_TRUE(ledger(app)->pinned && ledger(app)->uses);
    EXPECT_EQ(app.state.selection.pinned, (Ref{Source::input, 0, {0, 0, 1, 2}}));
    select_nothing(app);
    select_cell(app, scene, {"input", 1, 2});
    go_to_step(app, 0);
    set_playing(app, true);
    EXPECT_FALSE(ledger(app)->uses);
}

TEST(LedgerDirections, ARowLeadsToItsTermInEitherDirection) {
    for (const char* view : {"slide", "scatter"}) {
        App app(two_layers());
        choose_view(app, view);
        const Timeline& timeline = app.timeline;
        ASSERT_TRUE(pin(app, {Source::input, 0, {0, 0, 1, 2}}));
        ASSERT_TRUE(go_to_term(app, *ledger(app), 2));  // output (1, 1) with weight (0, 1)
        const int64_t step = timeline.order() == Order::by_output
                                 ? timeline.step_of({0, 0, 1, 1}, 1)
                                 : timeline.step_of({0, 0, 1, 2}, 1);
        EXPECT_EQ(app.state.play.step, step) << view;
        EXPECT_EQ(ledger(app)->current, 2) << view;
        EXPECT_TRUE(ledger(app)->uses) << view;
        ASSERT_TRUE(pin(app, {Source::weight, 0, {0, 0, 1, 0}}));
        ASSERT_TRUE(go_to_term(app, *ledger(app), 4));
        EXPECT_EQ(ledger(app)->current, 4) << view;
        ASSERT_TRUE(pin_output(app, {0, 0, 2, 2}));
        ASSERT_TRUE(go_to_term(app, *ledger(app), 3));
        select_nothing(app);
        EXPECT_EQ(ledger(app)->cell, (Index{0, 0, 2, 2})) << view;
    }
}

TEST(LedgerDirections, ARowOfTheNextLayerLeadsThere) {
    App app(two_layers());
    choose_view(app, "slide");
    ASSERT_TRUE(pin_output(app, {0, 0, 1, 1}));
    choose_telling(app, Telling::goes_to);
    const auto before = products(*ledger(app));
    ASSERT_TRUE(go_to_term(app, *ledger(app), 5));  // channel 1, output (0, 1)
    EXPECT_EQ(app.state.layer, 1);
    EXPECT_EQ(products(*ledger(app)), before);
    EXPECT_EQ(ledger(app)->current, 5);
    EXPECT_EQ(app.timeline.at(app.state.play.step).cell, (Index{0, 1, 0, 1}));
    choose_telling(app, Telling::made_of);
    ASSERT_TRUE(go_to_term(app, *ledger(app), 0));
    EXPECT_EQ(app.state.layer, 0);
    EXPECT_EQ(ledger(app)->cell, (Index{0, 0, 1, 1}));
}

TEST(LedgerDirections, ARowLightsItsCells) {
    PanelBench bench(two_layers(), {1440, 900});
    App& app = bench.app();
    choose_view(app, "slide");
    ASSERT_TRUE(pin(app, {Source::input, 0, {0, 0, 1, 2}}));
    const Scene scene = build_scene(app, {900, 700}, 1);
    light_term(app, make_ledger_table(app, *ledger(app)), 1);  // output (0, 2), weight (1, 0)
    const auto lit = lit_links(app, scene);
    const auto shows = [&](const char* grid, int64_t row, int64_t column) {
        return std::ranges::any_of(lit, [&](const Link& link) {
            return link.box == scene.grid(grid)->cell_box(row, column);
        });
    };
    EXPECT_TRUE(shows("output", 0, 2));
    EXPECT_TRUE(shows("kernel", 1, 0));
    EXPECT_TRUE(shows("input", 1, 2));
    EXPECT_FALSE(shows("output", 0, 1));
    // The canvas takes it over once.
    bench.frame();
    EXPECT_TRUE(app.state.selection.lit.empty());
}

TEST(LedgerDirections, TheSwitchInThePanel) {
    PanelBench bench(two_layers(), {1440, 900});
    App& app = bench.app();
    ASSERT_TRUE(pin_output(app, {0, 0, 1, 1}));
    bench.frames(3);
    ASSERT_TRUE(bench.click("Inspector/Goes to"));
    bench.frames(2);
    EXPECT_TRUE(ledger(app)->uses);
    EXPECT_TRUE(bench.find("Inspector/channel 1"));
    bench.key(ImGuiKey_L);
    EXPECT_FALSE(ledger(app)->uses);
    ASSERT_TRUE(bench.click("Inspector/Goes to"));
    bench.frames(3);
    ASSERT_TRUE(bench.click("Inspector/term 2"));
    EXPECT_EQ(app.state.layer, 1);
    EXPECT_TRUE(bench.faults().empty());
}

TEST(LedgerDirections, HugeListsAreSaidOrDrawnAsFarAsTheyShow) {
    PanelBench bench(layer_of("nn.Conv2d(1, 1, 3, padding=1)", {1, 1, 300, 300}), {1440, 900});
    App& app = bench.app();
    wait_until_settled(app);
    ASSERT_TRUE(pin(app, {Source::weight, 0, {0, 0, 1, 1}}));
    EXPECT_EQ(ledger(app)->uses->total, 90'000);
    EXPECT_EQ(ledger(app)->uses.get(), ledger(app)->uses.get());  // looked for once
    bench.frames(3);
    size_t rows = 0;
    for (const UiItem& item : bench.items()) rows += item.label.find("term ") != std::string::npos;
    EXPECT_GT(rows, 5u);
    EXPECT_LT(rows, 60u);
    EXPECT_TRUE(bench.faults().empty());
    App larger(layer_of("nn.Conv2d(1, 1, 1)", {1, 1, 400, 400}));
    wait_until_settled(larger);
    ASSERT_TRUE(pin(larger, {Source::weight, 0, {}}));
    EXPECT_TRUE(ledger(larger)->uses->empty());
    EXPECT_EQ(ledger(larger)->uses->total, 160'000);
}

TEST(LedgerDirections, WhatIsNoLongerThereGivesWay) {
    App app(two_layers());
    ASSERT_TRUE(pin(app, {Source::input, 0, {0, 0, 3, 3}}));
    EXPECT_FALSE(pin(app, {Source::input, 0, {0, 0, 4, 0}}));
    EXPECT_FALSE(pin(app, {Source::weight, 3, {}}));
    EXPECT_FALSE(pin(app, {Source::stage, 99, {}}));
    edit(app, with_input(app.state.document, {Tensor({1, 1, 3, 3}), {}}));
    ASSERT_TRUE(ledger(app));
    EXPECT_FALSE(ledger(app)->pinned);
}

// ---- The gradient

TEST(LedgerGradient, TheListOfUsesIsTheGradientsTerms) {
    App app(two_layers());
    choose_view(app, "gradients");
    wait_until_settled(app);
    const LayerResult& layer = app.state.result->layers[0];
    ASSERT_FALSE(layer.grad_output.empty());
    const Ref ref{Source::input, 0, {0, 0, 1, 2}};
    ASSERT_TRUE(pin(app, ref));
    auto told = ledger(app);
    EXPECT_EQ(told->choices, (Tellings{Telling::goes_to, Telling::gradient}));
    EXPECT_EQ(told->telling, Telling::gradient);  // in this view
    double sum = 0;
    for (const double product : products(*told)) sum += product;
    EXPECT_NEAR(sum,
                static_cast<double>(
                    layer.stages[static_cast<size_t>(layer.plan.stage("grad_input"))].at(ref.cell)),
                1e-5);
    choose_telling(app, Telling::goes_to);
    const auto uses = ledger(app);
    double by_uses = 0;
    for (size_t i = 0; i < uses->uses->terms.size(); ++i)
        by_uses += uses->uses->terms[i].b_value *
                   static_cast<double>(layer.grad_output.at(uses->uses->cells[i].cell));
    EXPECT_NEAR(by_uses, sum, 1e-9);
}

TEST(LedgerGradient, AWeightsGradientIsACorrelationOverAllWindows) {
    App app(two_layers());
    choose_view(app, "gradients");
    wait_until_settled(app);
    const LayerResult& layer = app.state.result->layers[0];
    const int stage = layer.plan.stage("grad_weight");
    ASSERT_TRUE(pin(app, {Source::stage, stage, {0, 0, 1, 0}}));
    const auto told = ledger(app);
    EXPECT_EQ(told->telling, Telling::gradient);
    EXPECT_EQ(told->choices, (Tellings{Telling::goes_to, Telling::gradient}));
    ASSERT_EQ(told->explanation.terms.size(), 9u);
    const double met[] = {4, 5, 6, 8, 9, 10, 12, 13, 14};
    double sum = 0;
    for (int64_t i = 0; i < 9; ++i) {
        const double grad = static_cast<double>(layer.grad_output.at({0, 0, i / 3, i % 3}));
        EXPECT_EQ(told->explanation.terms[static_cast<size_t>(i)].product, met[i] * grad);
        sum += met[i] * grad;
    }
    EXPECT_NEAR(static_cast<double>(layer.stages[static_cast<size_t>(stage)].at({0, 0, 1, 0})), sum,
                1e-4);
    EXPECT_EQ(make_ledger_table(app, *told).title, "Grad_weight (1, 0)");
}

TEST(LedgerGradient, AClickInTheGradientsViewPinsUntilEscape) {
    App app(layer_of("nn.Conv2d(1, 1, 2)", {1, 1, 4, 4}));
    choose_view(app, "gradients");
    wait_until_settled(app);
    const auto scene = [&] { return build_scene(app, {1100, 760}, 1); };
    const auto click = [&](const char* grid, int64_t row, int64_t column) {
        const Scene now = scene();
        const Point p = now.grid(grid)->cell_box(row, column).center();
        canvas_press(app, now, p, false);
        canvas_release(app, now, p, 1);
    };
    const auto told = [&] { return scene().caption.text(); };
    ASSERT_TRUE(scene().grid("grad_weight"));
    click("grad_weight", 1, 0);
    ASSERT_TRUE(app.state.selection.pinned);
    EXPECT_EQ(ledger(app)->telling, Telling::gradient);
    EXPECT_TRUE(told().starts_with("The gradient of weight (1, 0)")) << told();
    // The pointer does not take it away.
    app.state.selection.hover = CellRef{"grad_weight", 0, 1};
    EXPECT_TRUE(told().starts_with("The gradient of weight (1, 0)")) << told();
    ASSERT_TRUE(cell_key(app, scene(), CellKey::escape));
    EXPECT_TRUE(told().starts_with("The gradient of weight (0, 1)")) << told();
    app.state.selection.hover.reset();
    // A cell of the input's gradient, and a kernel cell that is selected to be edited.
    click("grad_input", 2, 3);
    EXPECT_TRUE(told().starts_with("The gradient of input (2, 3)")) << told();
    click("grad_input", 2, 3);
    EXPECT_FALSE(app.state.selection.pinned);
    select_cell(app, scene(), {"kernel", 0, 1});
    EXPECT_TRUE(told().starts_with("The gradient of weight (0, 1)")) << told();
    EXPECT_EQ(ledger(app)->telling, Telling::gradient);
}

// ---- Copies

TEST(LedgerCopies, TextAndLatex) {
    App app(two_layers());
    std::string copied;
    app.host.set_clipboard = [&](const std::string& text) { copied = text; };
    ASSERT_TRUE(pin_output(app, {0, 0, 1, 1}));
    ASSERT_TRUE(run(*find_command("Copy ledger"), app));
    EXPECT_NE(copied.find("input (2, 2)     10  ×  weight (0, 0, 1, 1)      4  =       40   84"),
              std::string::npos)
        << copied;
    EXPECT_NE(copied.find("output (1, 1) = 84"), std::string::npos) << copied;
    ASSERT_TRUE(run(*find_command("Copy ledger as LaTeX"), app));
    EXPECT_NE(
        copied.find(
            "\\text{output}_{1, 1} &= 5 \\times 1 + 6 \\times 2 + 9 \\times 3 + 10 \\times 4"),
        std::string::npos)
        << copied;
    ASSERT_TRUE(pin(app, {Source::input, 0, {0, 0, 0, 0}}));
    ASSERT_TRUE(run(*find_command("Copy ledger"), app));
    EXPECT_NE(copied.find(
                  "output (0, 0)  input (0, 0)      0  ×  weight (0, 0, 0, 0)      1  =        0"),
              std::string::npos)
        << copied;
    ASSERT_TRUE(run(*find_command("Copy ledger as LaTeX"), app));
    EXPECT_NE(copied.find("\\leftarrow 0 \\times 1 = 0"), std::string::npos) << copied;
    edit(app, with_param(app.state.document, 0, "kernel_size", Pair{9, 9}));
    EXPECT_FALSE(run(*find_command("Copy ledger"), app));
}

TEST(LedgerCopies, ButtonsUnderTheTotal) {
    PanelBench bench(two_layers(), {1280, 800});
    App& app = bench.app();
    std::string copied;
    app.host.set_clipboard = [&](const std::string& text) { copied = text; };
    bench.frames(3);
    ASSERT_TRUE(bench.click("Inspector/Copy text"));
    EXPECT_NE(copied.find("nn.Conv2d(1, 1, 2, bias=False)"), std::string::npos) << copied;
    ASSERT_TRUE(bench.click("Inspector/Copy LaTeX"));
    EXPECT_NE(copied.find("\\begin{align*}"), std::string::npos) << copied;
}

}  // namespace
}  // namespace convscope
