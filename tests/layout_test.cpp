// Where the window's parts lie: the table of the style tokens, section 8, to the pixel, and what holds at every size.
#include <gtest/gtest.h>

#include "app/panels/panels.h"

namespace convscope {
namespace {

struct Row {
    float w, h, left, right, canvas_w, canvas_h;
    bool rails, low;
};

// Written down from the table by hand.
const Row kTable[] = {
    {1024, 720, 48, 48, 928, 500, true, true},
    {1280, 800, 236, 296, 748, 580, false, true},
    {1440, 900, 264, 328, 848, 680, false, false},
    {1920, 1080, 296, 376, 1248, 860, false, false},
};

TEST(Layout, IsTheTableOfTheStyleTokens) {
    for (const Row& row : kTable) {
        SCOPED_TRACE(row.w);
        const WindowLayout layout = window_layout({row.w, row.h}, 1, Settings{});
        EXPECT_EQ(layout.menu, (Box{0, 0, row.w, 36}));
        EXPECT_EQ(layout.chain, (Box{0, 36, row.w, 64}));
        EXPECT_EQ(layout.left, (Box{0, 100, row.left, row.h - 176}));
        EXPECT_EQ(layout.right, (Box{row.w - row.right, 100, row.right, row.h - 176}));
        EXPECT_EQ(layout.tabs, (Box{row.left, 100, row.canvas_w, 44}));
        EXPECT_EQ(layout.canvas, (Box{row.left, 144, row.canvas_w, row.canvas_h}));
        EXPECT_EQ(layout.timeline, (Box{0, row.h - 76, row.w, 76}));
        EXPECT_EQ(layout.rails, row.rails);
        EXPECT_EQ(layout.low, row.low);
    }
}

TEST(Layout, ScaleMultipliesEveryNumber) {
    for (const float scale : {1.5f, 2.0f, 3.0f})
        for (const Row& row : kTable) {
            const WindowLayout layout =
                window_layout({row.w * scale, row.h * scale}, scale, Settings{});
            EXPECT_EQ(layout.canvas, (Box{row.left * scale, 144 * scale, row.canvas_w * scale,
                                          row.canvas_h * scale}));
            EXPECT_EQ(layout.rails, row.rails);
            EXPECT_EQ(layout.low, row.low);
        }
}

TEST(Layout, PanelsAreRailsBelow1100AtEveryScale) {
    for (int percent = 75; percent <= 300; percent += 25) {
        const float scale = static_cast<float>(percent) / 100;
        const auto layout = [&](float width) { return window_layout({width * scale, 900 * scale}, scale, Settings{}); };
        EXPECT_TRUE(layout(1098).rails) << percent;
        EXPECT_TRUE(layout(640).rails) << percent;
        EXPECT_FALSE(layout(1101).rails) << percent;
        EXPECT_NEAR(layout(1098).left.w, 48 * scale, 0.5f) << percent;
        EXPECT_NEAR(layout(1098).right.w, 48 * scale, 0.5f) << percent;
        EXPECT_NEAR(layout(1098).canvas.w, 1002 * scale, 1.5f) << percent;
    }
}

TEST(Layout, WidthsGrowBetweenTheSizesAndStayBeyond) {
    float left = 0, right = 0;
    for (float w = 1100; w <= 2600; w += 20) {
        const WindowLayout layout = window_layout({w, 900}, 1, Settings{});
        EXPECT_FALSE(layout.rails);
        EXPECT_GE(layout.left.w, left);
        EXPECT_GE(layout.right.w, right);
        left = layout.left.w;
        right = layout.right.w;
    }
    EXPECT_EQ(left, 296);
    EXPECT_EQ(right, 376);
    EXPECT_EQ(window_layout({1360, 900}, 1, Settings{}).left.w, 250);
    EXPECT_TRUE(window_layout({1099, 900}, 1, Settings{}).rails);
    EXPECT_TRUE(window_layout({1440, 819}, 1, Settings{}).low);
    EXPECT_FALSE(window_layout({1440, 820}, 1, Settings{}).low);
}

TEST(Layout, DividersAreKeptButLeaveRoomForTheCanvas) {
    Settings settings;
    settings.left_px = 300;
    settings.right_px = 420;
    EXPECT_EQ(window_layout({1440, 900}, 1, settings).left.w, 300);
    EXPECT_EQ(window_layout({1440, 900}, 1, settings).right.w, 420);
    EXPECT_EQ(window_layout({2880, 1800}, 2, settings).left.w, 600);
    settings.left_px = settings.right_px = 5000;
    const WindowLayout layout = window_layout({1200, 900}, 1, settings);
    EXPECT_GE(layout.canvas.w, 360);
}

TEST(Layout, PartsMeetWithoutGapOrOverlapAtEverySize) {
    for (float scale : {0.75f, 1.0f, 1.25f, 1.7f, 3.0f})
        for (float w : {1.f, 37.f, 300.f, 640.f, 1100.f, 1333.f, 4000.f})
            for (float h : {1.f, 50.f, 120.f, 333.f, 821.f, 2160.f}) {
                const WindowLayout layout = window_layout({w, h}, scale, Settings{});
                EXPECT_EQ(layout.menu.bottom(), layout.chain.y);
                EXPECT_EQ(layout.chain.bottom(), layout.left.y);
                EXPECT_EQ(layout.left.right(), layout.canvas.x);
                EXPECT_EQ(layout.tabs.bottom(), layout.canvas.y);
                EXPECT_EQ(layout.timeline.bottom(), h);
                for (const Box& box : {layout.menu, layout.chain, layout.left, layout.right,
                                       layout.tabs, layout.timeline}) {
                    EXPECT_GE(box.w, 0);
                    EXPECT_GE(box.h, 0);
                }
                EXPECT_GE(layout.canvas.w, 1);
                EXPECT_GE(layout.canvas.h, 1);
            }
}

}  // namespace
}  // namespace convscope
