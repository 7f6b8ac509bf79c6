// Every panel over every op and many documents: no unbalanced ImGui calls, no two items with one id; and what a person
// does with fields, keys, palette and dialogs has its effect.
#include <gtest/gtest.h>

#include <imgui.h>
#include <imgui_internal.h>

#include "app/commands.h"
#include "app/panels/keys.h"
#include "core/presets.h"
#include "tests/panel_bench.h"

namespace convscope {
namespace {

using testing_ui::PanelBench;

std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (size_t i = 0; i < std::min<size_t>(lines.size(), 12); ++i) text += "\n  " + lines[i];
    return text;
}

Document with_op(const Op& op, Shape shape) {
    Document document;
    document.name = op.torch_name;
    document.input = generated_input("integers 0–9", 1, shape);
    document.layers.push_back(make_layer(op, shape));
    fit_weights(document);
    return document;
}

/// Documents that panels find hard.
std::vector<std::pair<std::string, Document>> hard_documents(const Op& op) {
    std::vector<std::pair<std::string, Document>> all;
    all.emplace_back("plain", with_op(op, {1, 1, 7, 7}));
    all.emplace_back("channels and batch", with_op(op, {2, 3, 6, 5}));
    all.emplace_back("64 channels", with_op(op, {1, 64, 9, 9}));
    all.emplace_back("wide", with_op(op, {1, 1, 2, 300}));
    all.emplace_back("one cell", with_op(op, {1, 1, 1, 1}));
    Document named = with_op(op, {1, 1, 7, 7});
    for (int i = 0; i < 60; ++i) named.name += "sehr länglich und 長い名前 ";
    all.emplace_back("long name", named);
    Document impossible = with_op(op, {1, 1, 3, 3});
    if (field_index(op, "kernel_size") >= 0)
        impossible = with_param(impossible, 0, "kernel_size", Pair{99, 1});
    if (const int stride = field_index(op, "stride"); stride >= 0)
        impossible = with_param(impossible, 0, "stride",
                                *parse_value("0 1", op.fields[static_cast<size_t>(stride)].standard, {}));
    all.emplace_back("impossible", impossible);
    Document chain = with_op(op, {1, 1, 12, 12});
    for (int i = 0; i < 12; ++i) chain.layers.push_back(chain.layers.front());
    fit_weights(chain);
    all.emplace_back("chain", chain);
    Document strange = with_op(op, {1, 2, 5, 5});
    Tensor values = strange.input.tensor;
    values.set({0, 0, 0, 0}, NAN);
    values.set({0, 0, 1, 1}, INFINITY);
    values.set({0, 1, 2, 2}, -3e38f);
    values.set({0, 1, 3, 3}, 1e-42f);
    strange.input = {values, {}};
    all.emplace_back("strange numbers", strange);
    Document image = with_op(op, {1, 3, 24, 20});
    image.input.origin =
        FromImage{"/nowhere/a photograph with a long name.jpg", false, 24, "scaled"};
    all.emplace_back("image", image);
    return all;
}

/// Looks at it from all sides: steps, views, popups, the mouse over everything.
void walk_through(PanelBench& bench) {
    App& app = bench.app();
    bench.frames(3);
    for (const View& view : all_views()) {
        choose_view(app, view.id);
        bench.frames(2);
        go_to_step(app, app.timeline.steps() / 2);
        bench.frame();
        go_to_step(app, app.timeline.steps());
        bench.frame();
        show_channel(app, 1);
        bench.frame();
    }
    Popups& popups = app.state.popups;
    popups.left_rail_open = popups.right_rail_open = true;
    bench.frames(2);
    say(app, "A sentence that was said.");
    say(app,
        "Something went wrong, and this sentence says at some length what it was and what would "
        "have worked instead.",
        true);
    for (bool Popups::*popup :
         {&Popups::palette, &Popups::help, &Popups::about, &Popups::file_dialog}) {
        popups.*popup = true;
        bench.frames(3);
        popups.*popup = false;
        bench.frames(2);
    }
    const Box& left = bench.layout().left;
    for (float y = left.y; y < left.bottom(); y += left.h / 5) {
        bench.move_to({left.center().x, y});
        bench.move_to({bench.layout().right.center().x, y});
    }
    bench.move_to(bench.layout().canvas.center());
}

TEST(Panels, DrawEveryOpAndEveryHardDocumentAtEverySize) {
    struct Look {
        Point size;
        float scale;
        Theme theme;
    };
    const Look looks[] = {{{1280, 800}, 1, Theme::light}, {{1024, 720}, 1, Theme::dark}};
    int turn = 0;
    for (const Op& op : all_ops())
        for (auto& [name, document] : hard_documents(op))
            for (const Look& look : looks) {
                // Not all pairs: each is much like another, and there are many ops.
                if (name != "plain" && ++turn % 3 != 0) continue;
                SCOPED_TRACE(op.id + ", " + name + ", " +
                             std::to_string(static_cast<int>(look.size.x)));
                PanelBench bench(document, look.size, look.scale, look.theme);
                walk_through(bench);
                EXPECT_TRUE(bench.faults().empty()) << joined(bench.faults());
            }
}

TEST(Panels, DrawEveryPresetAtOtherSizesAndScales) {
    for (const DocumentPreset& preset : document_presets()) {
        SCOPED_TRACE(preset.name);
        for (const auto& [size, scale] :
             {std::pair{Point{1920, 1080}, 1.5f}, {Point{420, 320}, 1.0f}}) {
            PanelBench bench(preset.make(), size, scale);
            walk_through(bench);
            EXPECT_TRUE(bench.faults().empty()) << joined(bench.faults());
        }
    }
}

TEST(Panels, TheBenchSeesTwoItemsWithOneId) {
    PanelBench bench(standard_document());
    bench.frame();
    EXPECT_TRUE(bench.faults().empty()) << joined(bench.faults());
    ASSERT_NE(bench.find("Parameters/stride"), nullptr);
    ASSERT_NE(bench.find("Parameters/stride +"), nullptr);
    ASSERT_NE(bench.find("Timeline/Play"), nullptr);
    ASSERT_NE(bench.find("Tabs/Scatter"), nullptr);
    ASSERT_NE(bench.find("Weights/preset"), nullptr);
    ASSERT_NE(bench.find("Input/size"), nullptr);
}

// ---- Fields

Value param(const App& app, std::string_view key) {
    const Layer& layer = app.state.document.layers[static_cast<size_t>(app.state.layer)];
    return layer.params[static_cast<size_t>(field_index(*layer.op, key))];
}

TEST(Panels, TypedNumbersCountAtOnceAndAreOneUndoStep) {
    PanelBench bench(standard_document());
    App& app = bench.app();
    bench.frames(2);
    const Value before = param(app, "padding");
    const size_t entries = app.state.history.current();
    ASSERT_TRUE(bench.click("Parameters/padding"));
    bench.type("12");
    EXPECT_EQ(to_text(param(app, "padding")), "12");
    bench.key(ImGuiKey_Enter);
    EXPECT_EQ(app.state.history.current(), entries + 1);
    ASSERT_TRUE(bench.click("Parameters/padding"));
    bench.type("2x3");
    bench.key(ImGuiKey_Enter);
    EXPECT_EQ(to_text(param(app, "padding")), "2×3");
    undo(app);
    undo(app);
    EXPECT_EQ(param(app, "padding"), before);
    EXPECT_TRUE(bench.faults().empty()) << joined(bench.faults());
}

TEST(Panels, TypingOverAKernelSizeDoesNotCutTheKernelOnTheWay) {
    PanelBench bench(standard_document());
    App& app = bench.app();
    bench.frames(2);
    const float corner = app.state.document.layers[0].weights[0].at({0, 0, 0, 0});
    ASSERT_NE(corner, 0.0f);
    ASSERT_TRUE(bench.click("Parameters/kernel_size"));
    bench.type("1");
    EXPECT_EQ(app.state.document.layers[0].weights[0].shape(), (Shape{1, 1, 1, 1}));
    bench.key(ImGuiKey_Backspace);
    bench.type("5");
    bench.key(ImGuiKey_Enter);
    const Tensor& weight = app.state.document.layers[0].weights[0];
    ASSERT_EQ(weight.shape(), (Shape{1, 1, 5, 5}));
    EXPECT_EQ(weight.at({0, 0, 1, 1}), corner);
}

/// Under the sanitizers: no row looks at what the row above has replaced.
TEST(Panels, EveryFieldOfEveryOpTakesANumberAndAStep) {
    for (const Op& op : all_ops()) {
        PanelBench bench(with_op(op, {2, 2, 6, 6}), {1440, 2400});
        bench.frames(2);
        std::vector<std::string> fields;
        for (const UiItem& item : bench.items())
            if (item.path().starts_with("Parameters/") && bench.find(item.path() + " +")) fields.push_back(item.path());
        EXPECT_GE(fields.size(), 3u) << op.id;   // of the input, if of nothing else
        for (const std::string& field : fields) {
            SCOPED_TRACE(op.id + ", " + field);
            const Document before = bench.app().state.document;
            EXPECT_TRUE(bench.click(field));
            bench.key(ImGuiMod_Ctrl | ImGuiKey_A);
            bench.type("3");
            bench.key(ImGuiKey_Enter);
            bench.click(field + " +");
            bench.click(field + " -");
            if (!field.ends_with("Weights/channel")) EXPECT_NE(bench.app().state.document, before);
            while (bench.app().state.history.can_undo()) undo(bench.app());
            bench.frames(2);
        }
        EXPECT_TRUE(bench.faults().empty()) << joined(bench.faults());
    }
}

TEST(Panels, EscapeTakesBackWhatWasTyped) {
    PanelBench bench(standard_document());
    App& app = bench.app();
    bench.frames(2);
    const Document before = app.state.document;
    ASSERT_TRUE(bench.click("Parameters/stride"));
    bench.type("3");
    EXPECT_NE(app.state.document, before);
    bench.key(ImGuiKey_Escape);
    EXPECT_EQ(app.state.document, before);
}

TEST(Panels, WhatCannotBeReadIsSaidAndChangesNothing) {
    PanelBench bench(standard_document());
    App& app = bench.app();
    bench.frames(2);
    const Document before = app.state.document;
    ASSERT_TRUE(bench.click("Parameters/stride"));
    bench.type("many");
    bench.key(ImGuiKey_Enter);
    EXPECT_EQ(app.state.document, before);
    ASSERT_FALSE(app.state.messages.empty());
    EXPECT_EQ(app.state.messages.back().text,
              "“many” is not a whole number, or two such as 3 × 1. stride stays 2.");
    ASSERT_TRUE(bench.click("Input/size"));
    bench.type("0");
    bench.key(ImGuiKey_Enter);
    EXPECT_EQ(app.state.document, before);
    EXPECT_TRUE(app.state.messages.back().error);
    ASSERT_TRUE(bench.click("Input/size"));
    bench.type("99999999999999999999999");
    bench.key(ImGuiKey_Enter);
    EXPECT_EQ(app.state.document, before);
}

TEST(Panels, ButtonsStepAndAHeldOneIsOneUndoStep) {
    PanelBench bench(standard_document());
    App& app = bench.app();
    bench.frames(2);
    ASSERT_TRUE(bench.click("Parameters/stride +"));
    EXPECT_EQ(to_text(param(app, "stride")), "3");
    ASSERT_TRUE(bench.click("Parameters/stride -"));
    ASSERT_TRUE(bench.click("Parameters/stride -"));
    EXPECT_EQ(to_text(param(app, "stride")), "1");
    ASSERT_TRUE(bench.click("Parameters/stride -"));
    EXPECT_EQ(to_text(param(app, "stride")), "1");
    undo(app);
    EXPECT_EQ(to_text(param(app, "stride")), "2");
    bench.frame();
    const size_t entries = app.state.history.entries().size();   // what was undone stays, as a branch
    const UiItem* plus = bench.find("Parameters/padding +");
    ASSERT_NE(plus, nullptr);
    bench.move_to(plus->box.center());
    ImGui::GetIO().AddMouseButtonEvent(0, true);
    bench.frames(60);
    ImGui::GetIO().AddMouseButtonEvent(0, false);
    bench.frames(3);
    EXPECT_GT(std::get<Padding>(param(app, "padding")).pair.h, 4);
    EXPECT_EQ(app.state.history.entries().size(), entries + 1);
}

TEST(Panels, AProblemStandsUnderItsFieldAndItsRemedyWorks) {
    Document document = standard_document();
    document = with_param(document, 0, "kernel_size", Pair{12, 12});
    PanelBench bench(document);
    App& app = bench.app();
    bench.frames(2);
    ASSERT_TRUE(app.state.problem.has_value());
    ASSERT_FALSE(app.state.problem->remedies.empty());
    const std::string label = app.state.problem->remedies[0].label;
    ASSERT_TRUE(bench.click("Parameters/" + label)) << label;
    EXPECT_FALSE(app.state.problem.has_value());
}

TEST(Panels, CombosCheckboxesAndPresetsEdit) {
    PanelBench bench(standard_document(), {1440, 900});
    App& app = bench.app();
    bench.frames(2);
    ASSERT_TRUE(bench.click("Parameters/padding_mode"));
    ASSERT_TRUE(bench.click("reflect"));
    EXPECT_EQ(to_text(param(app, "padding_mode")), "reflect");
    const bool bias = std::get<bool>(param(app, "bias"));
    ASSERT_TRUE(bench.click("Parameters/bias"));
    EXPECT_EQ(std::get<bool>(param(app, "bias")), !bias);
    ASSERT_TRUE(bench.click("Weights/preset"));
    ASSERT_TRUE(bench.click("Box blur"));
    EXPECT_EQ(kernel_name(app.state.document.layers[0].weights[0], {}), "Box blur");
    const Tensor before = app.state.document.input.tensor;
    ASSERT_TRUE(bench.click("Input/shuffle"));
    EXPECT_FALSE(app.state.document.input.tensor.same_as(before));
    EXPECT_TRUE(bench.faults().empty()) << joined(bench.faults());
}

// ---- Keys

TEST(Panels, KeysRunCommandsButNotWhileSomebodyTypes) {
    PanelBench bench(standard_document());
    App& app = bench.app();
    bench.frames(2);
    go_to_step(app, 10);
    bench.key(ImGuiKey_RightArrow);
    bench.frames(40);
    EXPECT_EQ(app.state.play.step, 11);
    bench.key(ImGuiKey_Space);
    EXPECT_TRUE(app.state.play.playing);
    bench.key(ImGuiKey_Space);
    EXPECT_FALSE(app.state.play.playing);

    ASSERT_TRUE(bench.click("Parameters/stride"));
    const int64_t step = app.state.play.step;
    bench.key(ImGuiKey_RightArrow);
    bench.key(ImGuiKey_Space);
    bench.key(ImGuiKey_Home);
    EXPECT_EQ(app.state.play.step, step);
    EXPECT_FALSE(app.state.play.playing);
    bench.key(ImGuiKey_Escape);
    bench.key(ImGuiKey_Home);
    EXPECT_EQ(app.state.play.step, 0);
}

TEST(Panels, ClickedWidgetsDoNotKeepTheArrowKeys) {
    PanelBench bench(standard_document());
    App& app = bench.app();
    bench.frames(2);
    ASSERT_TRUE(bench.click("Timeline/Window"));
    EXPECT_EQ(app.state.play.unit, Unit::window);
    go_to_step(app, 0);
    bench.key(ImGuiKey_RightArrow);
    bench.frames(60);
    EXPECT_EQ(app.state.play.step, 9);
    EXPECT_EQ(app.state.play.unit, Unit::window);
}

TEST(Panels, TabReachesFieldsAndSpacePressesThem) {
    PanelBench bench(standard_document());
    App& app = bench.app();
    bench.frames(2);
    go_to_step(app, 5);
    const auto panel = [] {
        const ImGuiWindow* window = ImGui::GetCurrentContext()->NavWindow;
        return std::string(window ? window->Name : "");
    };
    bench.key(ImGuiKey_F6);
    EXPECT_EQ(panel(), "Parameters");
    bench.key(ImGuiKey_F6);
    EXPECT_EQ(panel(), "Tabs");
    const std::string before = app.state.view;
    bench.key(ImGuiKey_RightArrow);
    bench.key(ImGuiKey_Space);
    EXPECT_NE(app.state.view, before);
    EXPECT_FALSE(app.state.play.playing);
    choose_view(app, before);
    const int64_t step = app.state.play.step;
    bench.key(ImGuiKey_Escape);
    bench.key(ImGuiKey_RightArrow);
    bench.frames(40);
    EXPECT_EQ(app.state.play.step, step + 1);
    for (int i = 0; i < 6 && panel() != "Timeline"; ++i) bench.key(ImGuiKey_F6);
    for (int i = 0; i < 3; ++i) bench.key(ImGuiMod_Shift | ImGuiKey_F6);
    EXPECT_EQ(panel(), "Parameters");
    bench.key(ImGuiKey_Tab);
    bench.type("2");
    EXPECT_NE(app.state.document, standard_document());
    EXPECT_TRUE(bench.faults().empty()) << joined(bench.faults());
}

TEST(Panels, KeyNames) {
    EXPECT_EQ(key_text("Ctrl+Shift+S"), "Ctrl Shift S");
    EXPECT_EQ(key_text("Plus|Equal"), "+");
    EXPECT_EQ(key_text("Shift+Right"), "Shift →");
    EXPECT_EQ(key_text("Ctrl+Plus|Ctrl+Equal"), "Ctrl +");
    EXPECT_EQ(key_text("F1"), "F1");
    EXPECT_EQ(key_text(""), "");
}

// ---- Timeline and ledger

TEST(Panels, TheTimelineScrubs) {
    PanelBench bench(standard_document(), {1440, 900});
    App& app = bench.app();
    go_to_step(app, 0);
    bench.frames(2);
    const UiItem* track = bench.find("Timeline/Steps");
    ASSERT_NE(track, nullptr);
    const Box box = track->box;
    bench.move_to({box.x + 2, box.center().y});
    ImGui::GetIO().AddMouseButtonEvent(0, true);
    bench.frames(2);
    bench.move_to({box.x + box.w * 0.5f, box.center().y});
    EXPECT_NEAR(static_cast<double>(app.state.play.step), 72, 2);
    bench.move_to({box.right() + 400, box.center().y});
    EXPECT_EQ(app.state.play.step, app.timeline.steps());
    ImGui::GetIO().AddMouseButtonEvent(0, false);
    bench.frames(2);
    EXPECT_FALSE(app.state.play.playing);
}

TEST(Panels, ARowOfTheLedgerLeadsToItsTerm) {
    PanelBench bench(standard_document(), {1440, 900});
    App& app = bench.app();
    go_to_step(app, 68);  // window 8, term 5
    bench.frames(3);
    ASSERT_TRUE(bench.click("Inspector/term 2"));
    EXPECT_EQ(app.state.play.step, 65);
}

}  // namespace
}  // namespace convscope
