// The frame: a canvas is painted only when something on it changed, and time passes as it should.
#include "app/cli/frame.h"

#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <imgui.h>

#include "app/cli/apply.h"
#include "app/commands.h"
#include "app/window/headless.h"
#include "app/window/scripted_input.h"

namespace convscope {
namespace {

class FrameTest : public testing::Test {
protected:
    void SetUp() override {
        std::string error;
        WindowOptions options;
        options.width_px = 1000;
        options.height_px = 700;
        window_ = HeadlessWindow::make(options, error);
        ASSERT_TRUE(window_) << error;
        app_ = std::make_unique<App>(standard_document());
        frame_ = std::make_unique<Frame>(*window_, *app_);
        frame_->settle();
        for (int i = 0; i < 5; ++i) frame_->draw();
    }
    void TearDown() override { frame_.reset(); }

    int64_t paints_of(const std::function<void()>& change) {
        const int64_t before = frame_->paints();
        change();
        frame_->settle();
        for (int i = 0; i < 3; ++i) frame_->draw();
        return frame_->paints() - before;
    }

    std::unique_ptr<HeadlessWindow> window_;
    std::unique_ptr<App> app_;
    std::unique_ptr<Frame> frame_;
};

TEST_F(FrameTest, PaintsOnlyWhatChanged) {
    EXPECT_EQ(paints_of([] {}), 0);
    EXPECT_GE(paints_of([&] { go_to_step(*app_, 9); }), 1);
    EXPECT_EQ(paints_of([&] { go_to_step(*app_, 9); }), 0);
    EXPECT_GE(paints_of([&] { EXPECT_EQ(apply_set(*app_, "stride=1"), ""); }), 1);
    EXPECT_GE(paints_of([&] { EXPECT_EQ(apply_theme(*app_, "dark"), ""); }), 1);
    EXPECT_GE(paints_of([&] { choose_view(*app_, "scatter"); }), 1);
    EXPECT_GE(paints_of([&] { window_->resize(1300, 800); }), 1);
    EXPECT_GE(paints_of([&] { app_->state.camera.zoom = 1.5f; }), 1);
    EXPECT_GE(paints_of([&] { app_->state.settings.interface_scale = 1.5f; }), 1);
    EXPECT_EQ(paints_of([&] { say(*app_, "Words do not touch the canvas."); }), 0);
}

/// Frame upon frame, only what differs is painted; `picture` is the same frame painted at once.
TEST_F(FrameTest, WhatIsShownIsTheWholeFrame) {
    std::mt19937 random(5);
    const auto up_to = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    const char* const keys[] = {"Right", "Left", "PageDown", "Space", "F1", "Esc", "1", "2", "5", "8", "Tab", "Down"};
    int partial = 0;
    for (int round = 0; round < 80; ++round) {
        const Box canvas = frame_->canvas();
        std::string did;
        switch (up_to(9)) {
            case 0:
            case 1:
            case 2: {
                const Point at{static_cast<float>(up_to(window_->width_px())), static_cast<float>(up_to(window_->height_px()))};
                point_at(at, false);
                did = fmt::format("pointer at {}, {}", at.x, at.y);
                break;
            }
            case 3: {
                point_at({canvas.x + static_cast<float>(up_to(static_cast<int>(canvas.w))),
                          canvas.y + static_cast<float>(up_to(static_cast<int>(canvas.h)))}, false);
                press_button(0, true);
                press_button(0, false);
                did = "click on the canvas";
                break;
            }
            case 4: turn_wheel(static_cast<float>(up_to(5) - 2)), did = "wheel"; break;
            case 5: {
                const char* const key = keys[up_to(static_cast<int>(std::size(keys)))];
                press_keys({false, false, false, key}, true);
                press_keys({false, false, false, key}, false);
                did = key;
                break;
            }
            case 6: go_to_step(*app_, up_to(static_cast<int>(app_->timeline.steps()))), did = "step"; break;
            case 7: say(*app_, "A message."), did = "message"; break;
            case 8:
                if (up_to(4) == 0) EXPECT_EQ(apply_theme(*app_, up_to(2) ? "dark" : "light"), "");
                if (up_to(4) == 0) window_->resize(900 + up_to(300), 600 + up_to(200));
                if (up_to(4) == 0) app_->state.settings.interface_scale = up_to(2) ? 1.25f : 1.f;
                did = "look";
                break;
        }
        // Resting on something brings its tooltip, moving on takes it away.
        const int frames = up_to(3) == 0 ? 30 : 2;
        for (int i = 0; i < frames; ++i) {
            const int64_t shown = window_->shown();
            frame_->draw();
            if (window_->shown() == shown) continue;
            ASSERT_TRUE(window_->shown_picture() == window_->picture()) << round << ": " << did;
            partial += window_->painted_px() < int64_t(window_->width_px()) * window_->height_px();
        }
    }
    EXPECT_GT(partial, 20);  // not always all of it
}

TEST_F(FrameTest, ThePointerAlonePaintsAlmostNothing) {
    const Grid* output = frame_->scene().grid("output");
    ASSERT_TRUE(output);
    const int64_t all = int64_t(window_->width_px()) * window_->height_px();
    for (int64_t i = 0; i < 4; ++i) {
        point_at({frame_->canvas().x + output->cell_box(0, i).center().x, frame_->canvas().y + output->cell_box(0, i).center().y}, false);
        const int64_t shown = window_->shown();
        frame_->draw();
        ASSERT_GT(window_->shown(), shown) << i;  // the cell under the pointer is marked
        if (i > 0) EXPECT_LT(window_->painted_px(), all / 3) << i;
    }
}

TEST_F(FrameTest, ThePointerAlonePaintsNoCanvas) {
    const Grid* input = frame_->scene().grid("input");
    ASSERT_TRUE(input);
    const auto point_at = [&](int64_t row, int64_t column) {
        const Point p = input->cell_box(row, column).center();
        const Box canvas = frame_->canvas();
        ImGui::GetIO().AddMousePosEvent(canvas.x + p.x, canvas.y + p.y);
    };
    point_at(1, 1);
    for (int i = 0; i < 3; ++i) frame_->draw();
    EXPECT_EQ(app_->state.selection.hover, (CellRef{"input", 1, 1}));
    const int64_t frames = frame_->frames(), paints = frame_->paints();
    for (int64_t column = 0; column < 7; ++column) {
        point_at(2, column);
        frame_->draw();
        frame_->draw();
        EXPECT_EQ(app_->state.selection.hover, (CellRef{"input", 2, column}));
    }
    EXPECT_EQ(frame_->frames(), frames + 14);
    EXPECT_EQ(frame_->paints(), paints);
}

TEST_F(FrameTest, AFrameThatIsNotDrawnPaintsNothingButLosesNothing) {
    const int64_t before = frame_->paints();
    go_to_step(*app_, 20);
    for (int i = 0; i < 5; ++i) frame_->draw(false);
    EXPECT_EQ(frame_->paints(), before);
    frame_->draw();
    EXPECT_EQ(frame_->paints(), before + 1);
    EXPECT_EQ(frame_->scene().caption.text(), build_scene(*app_, {frame_->canvas().w, frame_->canvas().h}, 1).caption.text());
}

TEST_F(FrameTest, PlaysAtTheSpeedThatIsSaid) {
    // A term takes 500 ms at 1×; headless 60 frames are a second, and the first step starts at once.
    go_to_step(*app_, 0);
    set_unit(*app_, Unit::term);
    set_playing(*app_, true);
    for (int i = 0; i < 60 * 5; ++i) frame_->draw(false);
    EXPECT_GE(app_->state.play.step, 9);
    EXPECT_LE(app_->state.play.step, 11);
}

TEST_F(FrameTest, SleepingDoesNotMoveThePlay) {
    go_to_step(*app_, 0);
    const double before_s = window_->time_s();
    while (window_->time_s() < before_s + 3) {  // nobody asks for frames meanwhile
        window_->begin_frame();
        window_->end_frame(false);
    }
    set_playing(*app_, true);
    frame_->draw(false);
    frame_->draw(false);
    EXPECT_LE(app_->state.play.step, 1);
}

TEST_F(FrameTest, AnImpossibleSettingKeepsTheLastPicture) {
    const Shape shape = app_->state.result->layers.back().output().shape();
    EXPECT_EQ(apply_set(*app_, "kernel_size=40"), "");
    frame_->settle();
    EXPECT_TRUE(app_->state.problem.has_value());
    EXPECT_EQ(app_->state.result->layers.back().output().shape(), shape);
    ASSERT_FALSE(frame_->scene().grids.empty());
    EXPECT_TRUE(frame_->scene().grids[0].stale);
}

TEST_F(FrameTest, DroppedFilesAreOpenedAndQuitEnds) {
    window_->drop(std::string(CONVSCOPE_SOURCE_DIR) + "/tests/scripts/grey.png");
    frame_->settle();
    EXPECT_EQ(app_->state.document.input.tensor.shape(), (Shape{1, 1, 6, 8}));
    EXPECT_FALSE(frame_->finished());
    const Command* quit = find_command("Quit");
    ASSERT_TRUE(quit);
    EXPECT_TRUE(run(*quit, *app_));
    EXPECT_TRUE(frame_->finished());
}

TEST(SceneKey, HoldsAllThatAViewMayLookAt) {
    App app(standard_document());
    wait_until_settled(app);
    update(app, 0);
    const Point size{800, 500};
    const SceneKey base = scene_key(app, size, 1);
    EXPECT_EQ(scene_key(app, size, 1), base);
    EXPECT_NE(scene_key(app, {801, 500}, 1), base);
    EXPECT_NE(scene_key(app, size, 1.25f), base);
    const auto differs = [&](const std::function<void(State&)>& change) {
        const State kept = app.state;
        change(app.state);
        const bool is = !(scene_key(app, size, 1) == base);
        app.state = kept;
        return is;
    };
    EXPECT_TRUE(differs([](State& s) { s.play.step += 1; }));
    EXPECT_TRUE(differs([](State& s) { s.play.unit = Unit::row; }));
    EXPECT_TRUE(differs([](State& s) { s.view = "scatter"; }));
    EXPECT_TRUE(differs([](State& s) { s.shown.n = 1; }));
    EXPECT_TRUE(differs([](State& s) { s.shown.out_channel = 1; }));
    EXPECT_TRUE(differs([](State& s) { s.settings.corner_weights = false; }));
    EXPECT_TRUE(differs([](State& s) { s.settings.shared_range = true; }));
    EXPECT_FALSE(differs([](State& s) { s.selection.hover = CellRef{"input", 1, 1}; }));
    EXPECT_TRUE(differs([](State& s) { s.view = "maps"; }));
    EXPECT_TRUE(differs([](State& s) { s.camera.pan_px.x = 1; }));
    EXPECT_TRUE(differs([](State& s) { s.result = std::make_shared<Result>(*s.result); }));
    EXPECT_FALSE(differs([](State& s) { s.messages.push_back({"words", false, 0}); }));
    choose_view(app, "maps");  // follows the pointer
    EXPECT_FALSE(scene_key(app, size, 1) == base);
    const SceneKey maps = scene_key(app, size, 1);
    app.state.selection.hover = CellRef{"input", 1, 1};
    EXPECT_FALSE(scene_key(app, size, 1) == maps);
}

}  // namespace
}  // namespace convscope
