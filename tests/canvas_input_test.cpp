// The mouse and the keys on the canvas.
#include <cmath>
#include <random>

#include "tests/desk.h"

namespace convscope {
namespace {

// ---- Keys

TEST(CellKeys, TypeAndEnterMovesDown) {
    Desk desk;
    desk.click("input", 2, 3);
    ASSERT_TRUE(desk.edit());
    EXPECT_EQ(desk.edit()->cell, at("input", 2, 3));
    desk.type("-12.5");
    EXPECT_EQ(desk.edit()->typed, "-12.5");
    EXPECT_EQ(desk.steps(), 0u);
    desk.key(CellKey::enter);
    EXPECT_EQ(desk.input(2, 3), -12.5f);
    EXPECT_EQ(desk.edit()->cell, at("input", 3, 3));
    EXPECT_EQ(desk.app.state.history.undo_label(), "Undo input (2, 3) 3 → −12.5");
}

TEST(CellKeys, TabGoesRightAndRound) {
    Desk desk;
    desk.click("kernel", 0, 1);
    desk.type("7");
    desk.key(CellKey::tab);
    EXPECT_EQ(desk.kernel(0, 1), 7);
    EXPECT_EQ(desk.edit()->cell, at("kernel", 0, 2));
    desk.key(CellKey::tab);
    EXPECT_EQ(desk.edit()->cell, at("kernel", 1, 0));
    desk.key(CellKey::back_tab);
    EXPECT_EQ(desk.edit()->cell, at("kernel", 0, 2));
    desk.click("kernel", 2, 2);
    desk.key(CellKey::tab);
    EXPECT_EQ(desk.edit()->cell, at("kernel", 2, 2));     // nothing comes after it
}

TEST(CellKeys, ArrowsCommitAndStopAtTheEdge) {
    Desk desk;
    desk.click("input", 0, 0);
    desk.type("8");
    desk.key(CellKey::right);
    EXPECT_EQ(desk.input(0, 0), 8);
    EXPECT_EQ(desk.edit()->cell, at("input", 0, 1));
    desk.key(CellKey::up);
    EXPECT_EQ(desk.edit()->cell, at("input", 0, 1));      // above is padding
    desk.key(CellKey::end);
    EXPECT_EQ(desk.edit()->cell, at("input", 0, 6));
    desk.key(CellKey::right);
    EXPECT_EQ(desk.edit()->cell, at("input", 0, 6));
    desk.key(CellKey::home);
    EXPECT_EQ(desk.edit()->cell, at("input", 0, 0));
    desk.key(CellKey::down);
    desk.key(CellKey::left);
    EXPECT_EQ(desk.edit()->cell, at("input", 1, 0));
}

TEST(CellKeys, EscapeCancelsThenFrees) {
    Desk desk;
    desk.click("input", 1, 1);
    const float before = desk.input(1, 1);
    desk.type("99");
    desk.key(CellKey::escape);
    ASSERT_TRUE(desk.edit());
    EXPECT_FALSE(desk.edit()->typing);
    desk.key(CellKey::escape);
    EXPECT_FALSE(desk.edit());
    EXPECT_EQ(desk.input(1, 1), before);
    EXPECT_EQ(desk.steps(), 0u);
}

TEST(CellKeys, BackspaceAndDelete) {
    Desk desk;
    desk.click("input", 1, 1);
    desk.type("123");
    desk.key(CellKey::backspace);
    EXPECT_EQ(desk.edit()->typed, "12");
    desk.key(CellKey::remove);
    EXPECT_EQ(desk.input(1, 1), 0);
    EXPECT_FALSE(desk.edit()->typing);
    for (int i = 0; i < 5; ++i) desk.key(CellKey::backspace);
    desk.key(CellKey::enter);                             // nothing typed: the value stays
    EXPECT_EQ(desk.input(1, 1), 0);
    EXPECT_EQ(desk.steps(), 1u);
}

TEST(CellKeys, WhatIsNoNumberIsSaid) {
    for (const char* text : {"-", "1e", "1e99", "..", "1-2", "+-3"}) {
        Desk desk;
        const float before = desk.input(1, 1);
        desk.click("input", 1, 1);
        desk.type(text);
        desk.key(CellKey::enter);
        EXPECT_EQ(desk.input(1, 1), before) << text;
        ASSERT_FALSE(desk.app.state.messages.empty()) << text;
        EXPECT_TRUE(desk.app.state.messages.back().error) << text;
        EXPECT_EQ(desk.edit()->cell, at("input", 1, 1)) << text;
    }
    for (const auto& [text, value] : std::vector<std::pair<const char*, float>>{
             {"+3", 3.f}, {".5", .5f}, {"2.", 2.f}, {"1e-3", 1e-3f}, {"1E3", 1e3f}, {"1,5", 1.5f}, {"-0", -0.f}, {"1e-99", 0.f}}) {
        Desk desk;
        desk.click("input", 1, 1);
        desk.type(text);
        desk.key(CellKey::enter);
        EXPECT_EQ(desk.input(1, 1), value) << text;
    }
}

TEST(CellKeys, OtherCharactersAreLeftAlone) {
    Desk desk;
    EXPECT_FALSE(cell_character(desk.app, '7'));          // no cell is selected
    desk.click("input", 1, 1);
    for (const unsigned c : {unsigned('k'), unsigned(' '), unsigned('e'), 0x4e8cu, 0x1F600u, 0u})
        EXPECT_FALSE(cell_character(desk.app, c)) << c;
    EXPECT_FALSE(desk.edit()->typing);
    EXPECT_TRUE(cell_character(desk.app, 0x2212));        // the true minus
    for (int i = 0; i < 1000; ++i) cell_character(desk.app, '1');
    EXPECT_LE(desk.edit()->typed.size(), 24u);
    EXPECT_EQ(desk.edit()->typed.substr(0, 2), "-1");
}

TEST(CellKeys, AClickElsewhereTakesOverWhatWasTyped) {
    Desk desk;
    desk.click("input", 1, 1);
    desk.type("42");
    desk.click("kernel", 0, 0);
    EXPECT_EQ(desk.input(1, 1), 42);
    EXPECT_EQ(desk.edit()->cell, at("kernel", 0, 0));
}

// ---- Mouse

TEST(CanvasMouse, OutputCellsArePinned) {
    Desk desk;
    desk.click("output", 0, 2);
    ASSERT_TRUE(desk.app.state.selection.pinned);
    EXPECT_EQ(desk.app.state.selection.pinned->cell, (Index{0, 0, 0, 2}));
    EXPECT_FALSE(desk.edit());
    desk.key(CellKey::escape);
    EXPECT_FALSE(desk.app.state.selection.pinned);
    desk.click("output", 0, 2);
    desk.click("output", 0, 2);
    EXPECT_FALSE(desk.app.state.selection.pinned);
    canvas_double_click(desk.app, desk.scene(), desk.middle("output", 1, 1));
    EXPECT_EQ(desk.app.state.play.step, (4 + 1 + 1) * 9);
}

TEST(CanvasMouse, PaddingIsNotEdited) {
    Desk desk;
    desk.click("input", -1, 2);
    EXPECT_FALSE(desk.edit());
    desk.wheel("input", -1, 2, 1);
    EXPECT_EQ(desk.steps(), 0u);
    Desk reflected(preset("Reflected padding"));
    reflected.click("input", -1, 2);
    EXPECT_FALSE(reflected.edit());
}

TEST(CanvasMouse, ADragPaintsEveryCellOnTheWay) {
    Desk desk;
    desk.click("input", 0, 0);
    desk.type("5");
    desk.key(CellKey::escape);
    desk.type("6");
    desk.key(CellKey::enter);
    ASSERT_EQ(desk.input(0, 0), 6);
    // Press, then a single move to the far corner, as from a slow frame.
    canvas_press(desk.app, desk.scene(), desk.middle("input", 0, 0), false);
    canvas_drag(desk.app, desk.scene(), desk.middle("input", 0, 6), 1);
    canvas_release(desk.app, desk.scene(), desk.middle("input", 3, 6), 1);
    for (int64_t w = 0; w < 7; ++w) EXPECT_EQ(desk.input(0, w), 6) << w;
    for (int64_t h = 0; h < 4; ++h) EXPECT_EQ(desk.input(h, 6), 6) << h;
    EXPECT_NE(desk.input(4, 6), 6);
    EXPECT_EQ(desk.steps(), 2u);                          // the typing and the drag
    undo(desk.app);
    EXPECT_EQ(desk.input(0, 3), 1);
}

TEST(CanvasMouse, AReleaseAloneEndsAFastDrag) {
    Desk desk;
    canvas_press(desk.app, desk.scene(), desk.middle("kernel", 0, 0), false);
    canvas_release(desk.app, desk.scene(), desk.middle("kernel", 2, 0), 1);
    for (int64_t h = 0; h < 3; ++h) EXPECT_EQ(desk.kernel(h, 0), -2) << h;
}

TEST(CanvasMouse, TwoDragsAreTwoSteps) {
    Desk desk;
    for (const int64_t row : {0, 2}) {
        canvas_press(desk.app, desk.scene(), desk.middle("input", row, 0), false);
        canvas_release(desk.app, desk.scene(), desk.middle("input", row, 3), 1);
    }
    EXPECT_EQ(desk.steps(), 2u);
}

TEST(CanvasMouse, TheWheelChangesTheValue) {
    Desk desk;
    const float before = desk.kernel(1, 1);
    desk.wheel("kernel", 1, 1, 1);
    desk.wheel("kernel", 1, 1, 1);
    desk.wheel("kernel", 1, 1, 1);
    EXPECT_EQ(desk.kernel(1, 1), before + 3);
    EXPECT_EQ(desk.steps(), 1u);
    update(desk.app, 2);                                  // a pause: another burst
    desk.wheel("kernel", 1, 1, -1, false, true);
    EXPECT_EQ(desk.kernel(1, 1), before + 2.9f);
    desk.wheel("kernel", 1, 2, 1);                        // another cell: another one
    EXPECT_EQ(desk.steps(), 3u);
    // Parts of turns add up.
    update(desk.app, 2);
    const float value = desk.kernel(0, 0);
    for (int i = 0; i < 4; ++i) desk.wheel("kernel", 0, 0, 0.5f);
    EXPECT_EQ(desk.kernel(0, 0), value + 2);
    EXPECT_EQ(desk.app.state.camera, Camera{});
}

TEST(CanvasMouse, TenthsStayTenths) {
    Desk desk;
    for (int i = 0; i < 7; ++i) desk.wheel("kernel", 1, 1, 1, false, true);
    EXPECT_EQ(desk.kernel(1, 1), 1.7f);
    for (int i = 0; i < 20; ++i) desk.wheel("kernel", 1, 1, -1, false, true);
    EXPECT_EQ(desk.kernel(1, 1), -0.3f);
}

TEST(CanvasMouse, TheWheelZoomsAroundThePointer) {
    for (const bool ctrl : {false, true}) {
        Desk desk;
        const Point p = ctrl ? desk.middle("input", 2, 2) : desk.middle("output", 1, 1);
        canvas_wheel(desk.app, desk.scene(), p, 2, ctrl, false);
        EXPECT_GT(desk.app.state.camera.zoom, 1.2f);
        const Point after = ctrl ? desk.middle("input", 2, 2) : desk.middle("output", 1, 1);
        EXPECT_NEAR(after.x, p.x, 4);                     // cells are whole pixels
        EXPECT_NEAR(after.y, p.y, 4);
        EXPECT_EQ(desk.steps(), 0u);
    }
    Desk desk;
    for (int i = 0; i < 100; ++i) canvas_wheel(desk.app, desk.scene(), {5, 5}, 100, true, false);
    EXPECT_LE(desk.app.state.camera.zoom, 64);
    for (int i = 0; i < 100; ++i) canvas_wheel(desk.app, desk.scene(), {5, 5}, -100, true, false);
    EXPECT_GE(desk.app.state.camera.zoom, 0.2f);
    desk.scene();
    canvas_wheel(desk.app, desk.scene(), {5, 5}, NAN, true, false);
    EXPECT_TRUE(std::isfinite(desk.app.state.camera.zoom));
}

TEST(CanvasMouse, LargeGridsAreZoomedUntilTheyCanBeRead) {
    Desk desk(with_input_shape(standard_document(), {1, 1, 4096, 4096}));
    wait_until_settled(desk.app);
    for (const char* view : {"slide", "maps"}) {
        choose_view(desk.app, view);
        desk.app.state.camera = {};
        const Point p = desk.middle("input", 1000, 3000);
        const float far = desk.scene().grid("input")->cell_px;
        for (int i = 0; i < 100; ++i) canvas_wheel(desk.app, desk.scene(), p, 2, true, false);
        const Scene scene = desk.scene();
        EXPECT_GT(scene.grid("input")->cell_px, 30) << view << far;
        EXPECT_LE(desk.app.state.camera.zoom, 1024) << view;
        const auto under = scene.under(p);
        ASSERT_TRUE(under && under->grid) << view;
        EXPECT_EQ(under->grid->name, "input");
        // A pixel is several cells at first, and rounding moves what is not in the canvas's middle.
        EXPECT_NEAR(static_cast<double>(under->row), 1000, 16) << view;
        EXPECT_NEAR(static_cast<double>(under->column), 3000, 16) << view;
    }
}

TEST(CanvasMouse, MiddleAndSpacePan) {
    Desk desk;
    const Point p = desk.middle("input", 2, 2);
    canvas_press(desk.app, desk.scene(), p, true);
    EXPECT_FALSE(desk.app.state.mouse.space_dragged);
    canvas_drag(desk.app, desk.scene(), {p.x + 30, p.y - 20}, 1);
    canvas_release(desk.app, desk.scene(), {p.x + 40, p.y - 20}, 1);
    EXPECT_EQ(desk.app.state.camera.pan_px, (Point{40, -20}));
    EXPECT_TRUE(desk.app.state.mouse.space_dragged);      // so Space does not play
    EXPECT_EQ(desk.steps(), 0u);
    EXPECT_FALSE(desk.edit());
    const Point after = desk.middle("input", 2, 2);
    EXPECT_NEAR(after.x, p.x + 40, 1);
}

TEST(CanvasMouse, SmallCellsAreNotEdited) {
    Desk desk(with_input_shape(standard_document(), {1, 1, 120, 120}));
    choose_view(desk.app, "slide");
    ASSERT_LT(desk.scene().grid("input")->cell_px, kSmallestEditablePx);
    const Point p = desk.middle("input", 40, 40);
    desk.wheel("input", 40, 40, 1);
    EXPECT_GT(desk.app.state.camera.zoom, 1);
    desk.app.state.camera = {};
    canvas_press(desk.app, desk.scene(), p, false);
    canvas_release(desk.app, desk.scene(), {p.x + 25, p.y}, 1);
    EXPECT_EQ(desk.app.state.camera.pan_px, (Point{25, 0}));
    EXPECT_EQ(desk.steps(), 0u);
    EXPECT_FALSE(desk.edit());
}

TEST(CanvasMouse, HoverIsTimed) {
    Desk desk;
    canvas_hover(desk.app, desk.scene(), desk.middle("input", 2, 2));
    EXPECT_EQ(desk.app.state.selection.hover, at("input", 2, 2));
    EXPECT_LE(seconds_to_next_change(desk.app), kTooltipSeconds);
    update(desk.app, 0);
    update(desk.app, 0.3);
    canvas_hover(desk.app, desk.scene(), desk.middle("input", 2, 2));
    update(desk.app, 0.3);
    EXPECT_GE(desk.app.state.mouse.hover_s, kTooltipSeconds);
    canvas_hover(desk.app, desk.scene(), desk.middle("input", 2, 3));
    EXPECT_LT(desk.app.state.mouse.hover_s, 0);
    canvas_hover(desk.app, desk.scene(), std::nullopt);
    EXPECT_FALSE(desk.app.state.selection.hover);
}

TEST(CanvasMouse, ActionsOfHits) {
    Desk desk(preset("Three channels in, four out"));
    std::string copied;
    desk.app.host.set_clipboard = [&](const std::string& text) { copied = text; };
    const Scene scene = desk.scene();
    EXPECT_TRUE(canvas_action(desk.app, scene, "copy caption"));
    EXPECT_EQ(copied, scene.caption.text());
    EXPECT_FALSE(copied.empty());
    EXPECT_TRUE(canvas_action(desk.app, scene, "channel 3"));
    EXPECT_EQ(desk.app.state.shown.out_channel, 3);
    for (const char* action : {"", "channel", "channel ", "channel x", "channel 1x", "channel 99999999999999999999", "explode"})
        EXPECT_FALSE(canvas_action(desk.app, scene, action)) << action;
    EXPECT_EQ(desk.app.state.shown.out_channel, 3);
    for (const Hit& hit : scene.hits) EXPECT_TRUE(canvas_action(desk.app, scene, hit.action)) << hit.action;
}

/// Random presses, drags, wheels and keys on every preset: whatever comes, the document stays computable and a scene can
/// be built. Undo brings the start back.
TEST(CanvasMouse, RandomInputDoesNoHarm) {
    std::mt19937 random(7);
    const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    for (const DocumentPreset& p : document_presets()) {
        Desk desk(p.make());
        const Document start = desk.app.state.document;
        for (int i = 0; i < 60; ++i) {
            const Scene scene = desk.scene();
            const Point q{static_cast<float>(below(900)) - 20, static_cast<float>(below(720)) - 20};
            switch (below(8)) {
                case 0: canvas_press(desk.app, scene, q, below(4) == 0); break;
                case 1: canvas_drag(desk.app, scene, q, 1); break;
                case 2: canvas_release(desk.app, scene, q, 1); break;
                case 3: canvas_wheel(desk.app, scene, q, static_cast<float>(below(5) - 2), below(2) == 0, below(2) == 0); break;
                case 4: cell_key(desk.app, scene, static_cast<CellKey>(below(12))); break;
                case 5: cell_character(desk.app, static_cast<unsigned>("0123456789+-.e"[below(14)])); break;
                case 6: canvas_hover(desk.app, scene, q); break;
                case 7: step(desk.app, below(5) - 2); break;
            }
            if (desk.app.state.selection.hover) {
                links(desk.app, scene, *desk.app.state.selection.hover);
                cell_facts(desk.app, scene, *desk.app.state.selection.hover);
            }
            update(desk.app, 0.05);
            EXPECT_FALSE(is_stale(desk.app.state)) << p.name;
        }
        while (desk.app.state.history.can_undo()) undo(desk.app);
        EXPECT_TRUE(desk.app.state.document == start) << p.name;
    }
}

}  // namespace
}  // namespace convscope
