// The frame: a canvas is painted only when something on it changed, and time passes as it should.
#include "app/cli/frame.h"

#include <gtest/gtest.h>
#include <imgui.h>

#include "app/cli/apply.h"
#include "app/commands.h"
#include "app/window/headless.h"

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
