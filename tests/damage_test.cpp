// Painting only what changed gives the same pixels as painting everything.
#include "app/paint/damage.h"

#include <gtest/gtest.h>

#include <random>

#include "app/app.h"
#include "app/paint/gl_painter.h"
#include "app/window/headless.h"

namespace convscope {
namespace {

constexpr Point kSize{900, 600};

class Damage : public testing::Test {
protected:
    void SetUp() override {
        std::string error;
        context_ = HeadlessContext::make(error);
        if (!context_) GTEST_SKIP() << error;
        painter_ = std::make_unique<GlPainter>();
        other_ = std::make_unique<GlPainter>();
        target_ = std::make_unique<Target>();
    }
    void TearDown() override {
        target_.reset();
        other_.reset();
        painter_.reset();
        context_.reset();
    }

    /// Paints on top of what stood there, and anew beside it; gives the share that was painted.
    double paint(const Scene& scene, Theme theme = Theme::light) {
        painter_->paint(scene, theme, 1, *target_);
        const double share = static_cast<double>(painter_->stats().painted_px) / (kSize.x * kSize.y);
        Target anew;
        other_->paint(scene, theme, 1, anew);
        EXPECT_EQ(other_->stats().painted_px, static_cast<int64_t>(kSize.x * kSize.y));
        EXPECT_TRUE(target_->read() == anew.read());
        return share;
    }

    std::unique_ptr<HeadlessContext> context_;
    std::unique_ptr<GlPainter> painter_, other_;
    std::unique_ptr<Target> target_;
};

TEST_F(Damage, StepsOfTheViewsPaintOnlyWhatChanged) {
    for (const std::string view : {"slide", "scatter", "stretch", "coverage"}) {
        App app(standard_document());
        choose_view(app, view);
        go_to_step(app, 20);
        paint(build_scene(app, kSize, 1));
        EXPECT_EQ(paint(build_scene(app, kSize, 1)), 0) << view;
        double sum = 0;
        for (int step = 21; step < 41; ++step) {
            go_to_step(app, step);
            sum += paint(build_scene(app, kSize, 1));
        }
        EXPECT_LT(sum / 20, 0.5) << view;
    }
}

TEST_F(Damage, AnythingMayFollowAnything) {
    std::mt19937 random(1);
    App app(standard_document());
    paint(build_scene(app, kSize, 1));
    Theme theme = Theme::light;
    for (int i = 0; i < 60; ++i) {
        const auto pick = [&](int count) { return static_cast<int>(random() % static_cast<unsigned>(count)); };
        switch (pick(6)) {
            case 0: choose_view(app, all_views()[static_cast<size_t>(pick(static_cast<int>(all_views().size())))].id); break;
            case 1: app.state.camera = {0.5f + 0.25f * static_cast<float>(pick(8)), {static_cast<float>(pick(90)), 0}}; break;
            case 2: theme = theme == Theme::light ? Theme::dark : Theme::light; break;
            case 3: set_value(app, {Source::input, 0, {0, 0, pick(7), pick(7)}}, static_cast<float>(pick(9)), ""); break;
            case 4: app.state.selection.hover = CellRef{"output", pick(4), pick(4)}; break;
            default: go_to_step(app, pick(200));
        }
        wait_until_settled(app);
        paint(build_scene(app, kSize, 1), theme);
    }
}

TEST_F(Damage, PicturesOfOtherTensorsAreSeen) {
    Scene scene;
    scene.size_px = kSize;
    Picture picture;
    picture.box = {100, 100, 64, 64};
    for (int seed = 1; seed < 5; ++seed) {
        picture.tensor = generate("uniform", static_cast<uint64_t>(seed), {1, 1, 64, 64});
        scene.pictures = {picture};
        const double share = paint(scene);
        if (seed > 1) EXPECT_LT(share, 0.02);
    }
    // Two that lie over one another change places.
    Picture upper = picture;
    upper.box = {130, 130, 64, 64};
    upper.tensor = generate("uniform", 9, {1, 1, 64, 64});
    scene.pictures = {picture, upper};
    paint(scene);
    scene.pictures = {upper, picture};
    EXPECT_GT(paint(scene), 0);
}

TEST_F(Damage, ATargetThatSomebodyElsePaintedIsPaintedWhole) {
    App app(standard_document());
    const Scene scene = build_scene(app, kSize, 1);
    paint(scene);
    EXPECT_EQ(paint(scene), 0);
    Scene empty;
    empty.size_px = kSize;
    other_->paint(empty, Theme::light, 1, *target_);
    EXPECT_EQ(paint(scene), 1);
    target_->resize(300, 200);
    EXPECT_EQ(paint(scene), 1);
    target_->bind();
    clear_pixels({1, 0, 0, 1});
    target_->release();
    EXPECT_EQ(paint(scene), 1);
}

}  // namespace
}  // namespace convscope
