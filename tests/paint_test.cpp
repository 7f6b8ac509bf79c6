// The OpenGL painter without a display: pixels that the style tokens fix exactly, reference pictures for the rest.
#include "app/paint/gl_painter.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <limits>

#include "app/scene/fonts.h"
#include "app/window/headless.h"
#include "core/io/image.h"

namespace convscope {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

class Paint : public testing::Test {
protected:
    void SetUp() override {
        std::string error;
        context_ = HeadlessContext::make(error);
        if (!context_) GTEST_SKIP() << error;
        painter_ = std::make_unique<GlPainter>();
        ASSERT_EQ(painter_->problem(), "");
        target_ = std::make_unique<Target>();
    }
    void TearDown() override {
        target_.reset();
        painter_.reset();
        context_.reset();
    }

    void paint(const Scene& scene, Theme theme = Theme::light, float scale = 1) {
        painter_->paint(scene, theme, scale, *target_);
        pixels_ = target_->read();
    }
    // "#00659F"
    std::string at(int x, int y) const {
        char text[8];
        const uint8_t* p = pixels_.rgba.data() + (static_cast<size_t>(y) * static_cast<size_t>(pixels_.width_px) + static_cast<size_t>(x)) * 4;
        std::snprintf(text, sizeof text, "#%02X%02X%02X", p[0], p[1], p[2]);
        return text;
    }
    int grey(int x, int y) const {
        const uint8_t* p = pixels_.rgba.data() + (static_cast<size_t>(y) * static_cast<size_t>(pixels_.width_px) + static_cast<size_t>(x)) * 4;
        return (p[0] + p[1] + p[2]) / 3;
    }

    std::unique_ptr<HeadlessContext> context_;
    std::unique_ptr<GlPainter> painter_;
    std::unique_ptr<Target> target_;
    Pixels pixels_;
};

Grid make_grid(Role role, float x, float y, float cell_px, int64_t rows, int64_t columns, std::vector<Cell> cells) {
    Grid grid;
    grid.name = "grid";
    grid.role = role;
    grid.cell_px = cell_px;
    grid.box = {x, y, cell_px * static_cast<float>(columns), cell_px * static_cast<float>(rows)};
    grid.rows = grid.shown_rows = rows;
    grid.columns = grid.shown_columns = columns;
    grid.cells = std::move(cells);
    return grid;
}

Scene scene_of(float w, float h) {
    Scene scene;
    scene.size_px = {w, h};
    return scene;
}

TEST_F(Paint, CellsHaveTheTokensColoursAndShareTheirLines) {
    Scene scene = scene_of(200, 100);
    scene.grids.push_back(make_grid(Role::input, 10, 10, 40, 1, 3,
                                    {{.state = CellState::normal}, {.state = CellState::current}, {.state = CellState::contributing}}));
    paint(scene);
    EXPECT_EQ(at(0, 0), "#FFFFFF");
    EXPECT_EQ(at(9, 30), "#FFFFFF");
    EXPECT_EQ(at(10, 30), "#B5CBE8");    // the line is one pixel, at the cell's first
    EXPECT_EQ(at(11, 30), "#EFF5FD");
    EXPECT_EQ(at(49, 30), "#EFF5FD");
    EXPECT_EQ(at(50, 30), "#00659F");
    EXPECT_EQ(at(70, 30), "#00659F");    // a current input cell's ground
    EXPECT_EQ(at(90, 30), "#00659F");
    EXPECT_EQ(at(91, 30), "#CEE0FA");
    EXPECT_EQ(at(130, 30), "#00659F");   // and one beyond its last
    EXPECT_EQ(at(131, 30), "#FFFFFF");
    EXPECT_EQ(at(30, 10), "#B5CBE8");
    EXPECT_EQ(at(30, 50), "#B5CBE8");
    EXPECT_EQ(at(30, 51), "#FFFFFF");
    paint(scene, Theme::dark);
    EXPECT_EQ(at(0, 0), "#141517");
    EXPECT_EQ(at(30, 30), "#232B34");
    EXPECT_EQ(at(70, 30), "#47A4EF");
    paint(scene, Theme::light, 2);       // lines are two pixels
    EXPECT_EQ(at(10, 30), "#B5CBE8");
    EXPECT_EQ(at(11, 30), "#B5CBE8");
    EXPECT_EQ(at(12, 30), "#EFF5FD");
    EXPECT_EQ(at(131, 30), "#00659F");
    EXPECT_EQ(at(132, 30), "#FFFFFF");
}

TEST_F(Paint, CellsStayOnWholePixelsAtAnyZoom) {
    Scene scene = scene_of(200, 60);
    scene.grids.push_back(make_grid(Role::kernel, 10.3f, 9.6f, 17.77f, 1, 8, std::vector<Cell>(8)));
    paint(scene);
    int lines = 0;
    for (int x = 0; x < 200; ++x) {
        EXPECT_TRUE(at(x, 18) == "#FFFFFF" || at(x, 18) == "#FDF3EA" || at(x, 18) == "#E5C3A4") << x << " " << at(x, 18);
        lines += at(x, 18) == "#E5C3A4";
    }
    EXPECT_EQ(lines, 9);
}

TEST_F(Paint, TheWindowIsThreePixelsOfKernelLineAroundItsBlock) {
    Scene scene = scene_of(160, 160);
    scene.plates.push_back({.box = {40, 40, 60, 60}, .border = Tone::kernel_line, .border_px = 3, .radius_px = 5});
    paint(scene);
    // Centred on the cells' lines at 40 and 100.
    for (const auto& [from, name] : {std::pair{39, "left"}, std::pair{99, "right"}}) {
        EXPECT_EQ(at(from - 1, 70), "#FFFFFF") << name;
        for (int i = 0; i < 3; ++i) EXPECT_EQ(at(from + i, 70), "#CC7C01") << name;
        EXPECT_EQ(at(from + 3, 70), "#FFFFFF") << name;
        EXPECT_EQ(at(70, from - 1), "#FFFFFF") << name;
        for (int i = 0; i < 3; ++i) EXPECT_EQ(at(70, from + i), "#CC7C01") << name;
        EXPECT_EQ(at(70, from + 3), "#FFFFFF") << name;
    }
    EXPECT_EQ(at(39, 39), "#FFFFFF");    // round corners
    EXPECT_EQ(at(101, 101), "#FFFFFF");
    EXPECT_EQ(at(41, 41), "#CC7C01");
}

TEST_F(Paint, PaddingIsDashedThreeAndThree) {
    Scene scene = scene_of(100, 100);
    scene.grids.push_back(make_grid(Role::input, 20, 20, 40, 1, 1, {{.state = CellState::padding}}));
    paint(scene);
    std::string row;
    for (int x = 24; x < 56; ++x) {
        ASSERT_TRUE(at(x, 21) == "#FFFFFF" || at(x, 21) == "#6E6B64") << at(x, 21);
        row += at(x, 21) == "#FFFFFF" ? ' ' : '-';
    }
    EXPECT_NE(row.find("---   ---   ---   "), std::string::npos) << row;
    EXPECT_EQ(at(40, 20), "#FFFFFF");    // inset by one
    EXPECT_EQ(at(40, 40), "#FFFFFF");    // no ground
}

TEST_F(Paint, LevelAndUprightStrokesCoverWholePixels) {
    Scene scene = scene_of(100, 60);
    scene.strokes.push_back({.points = {{10, 20.3f}, {90, 20.3f}}, .tone = Tone::ink, .width_px = 1});
    scene.strokes.push_back({.points = {{30.8f, 25}, {30.8f, 55}}, .tone = Tone::output_line, .width_px = 2});
    scene.strokes.push_back({.points = {{50, 40}, {90, 40}}, .tone = Tone::ink3, .width_px = 1, .dash_on = 5, .dash_off = 4});
    paint(scene);
    EXPECT_EQ(at(50, 19), "#FFFFFF");
    EXPECT_EQ(at(50, 20), "#1D1C1A");
    EXPECT_EQ(at(50, 21), "#FFFFFF");
    EXPECT_EQ(at(9, 20), "#FFFFFF");     // butt ends
    EXPECT_EQ(at(10, 20), "#1D1C1A");
    EXPECT_EQ(at(90, 20), "#FFFFFF");
    EXPECT_EQ(at(29, 40), "#FFFFFF");
    EXPECT_EQ(at(30, 40), "#00875E");
    EXPECT_EQ(at(31, 40), "#00875E");
    EXPECT_EQ(at(32, 40), "#FFFFFF");
    std::string row;
    for (int x = 50; x < 77; ++x) row += at(x, 40) == "#6E6B64" ? '-' : at(x, 40) == "#FFFFFF" ? ' ' : '?';
    EXPECT_EQ(row, "-----    -----    -----    ");
}

TEST_F(Paint, CapitalsAreCentredOnTheirAnchor) {
    for (const float size : {12.0f, 13.5f, 20.0f, 38.0f})
        for (const Font font : {Font::inter, Font::mono_bold}) {
            Scene scene = scene_of(100, 80);
            scene.labels.push_back({.at = {50, 40}, .align = Align::center, .size_px = size, .runs = {{"H", font}}});
            paint(scene);
            int top = 80, bottom = 0, left = 100, right = 0;
            for (int y = 0; y < 80; ++y)
                for (int x = 0; x < 100; ++x)
                    if (grey(x, y) < 128) {
                        top = std::min(top, y), bottom = std::max(bottom, y);
                        left = std::min(left, x), right = std::max(right, x);
                    }
            EXPECT_NEAR((top + bottom + 1) / 2.0, 40, 1.0) << size;
            EXPECT_NEAR(bottom + 1 - top, 0.73 * size, 1.0) << size;
            EXPECT_NEAR((left + right + 1) / 2.0, 50, 1.0) << size;
        }
}

Tensor plane(int64_t h, int64_t w, const std::vector<float>& values) { return Tensor({1, 1, h, w}, values); }

TEST_F(Paint, PicturesAreSharpWhenLargeAndMeansWhenSmall) {
    Scene scene = scene_of(200, 100);
    scene.pictures.push_back({.box = {10, 10, 80, 40}, .tensor = plane(2, 4, {-1, -0.5f, 0, 0.5f, 1, 9, kNan, 0}),
                              .map = ColorMap::signed_values, .high = 1});
    std::vector<float> squares(64 * 64);
    for (size_t i = 0; i < squares.size(); ++i) squares[i] = static_cast<float>((i + i / 64) % 2);
    scene.pictures.push_back({.box = {110, 10, 16, 16}, .tensor = plane(64, 64, squares), .framed = false});
    paint(scene);
    const char* expected[2][4] = {{"#025181", "#72A5D5", "#FFFFFF", "#ECB06B"}, {"#A65500", "#A65500", "#FEF2F0", "#FFFFFF"}};
    for (int r = 0; r < 2; ++r)
        for (int c = 0; c < 4; ++c)
            for (const int inset : {0, 19}) EXPECT_EQ(at(10 + 20 * c + inset, 10 + 20 * r + inset), expected[r][c]) << r << c;
    EXPECT_EQ(at(9, 30), "#C9C5BC");     // the frame lies outside
    EXPECT_EQ(at(90, 30), "#C9C5BC");
    EXPECT_EQ(at(8, 30), "#FFFFFF");
    for (int i = 0; i < 16; ++i) EXPECT_NEAR(grey(110 + i, 10 + i), 128, 2);
    EXPECT_EQ(at(109, 15), "#FFFFFF");
}

TEST_F(Paint, PicturesOfAnySizeAreCutIntoTiles) {
    // 3 × 40,000: wider than any texture. Looked at from both ends, one value a pixel.
    constexpr int64_t kColumns = 40'000;
    std::vector<float> values(3 * kColumns);
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 256) / 255.0f;
    const Tensor tensor({1, 1, 3, kColumns}, values);
    for (const int64_t first : {int64_t(0), int64_t(1020), kColumns - 100}) {
        Scene scene = scene_of(100, 20);
        scene.pictures.push_back({.box = {-static_cast<float>(first), 4, kColumns, 3}, .tensor = tensor, .framed = false});
        paint(scene);
        for (int x = 0; x < 100; x += 3) {
            EXPECT_EQ(grey(x, 4), (first + x) % 256) << first;
            EXPECT_EQ(grey(x, 6), (2 * kColumns + first + x) % 256) << first;
        }
    }
    EXPECT_LE(painter_->stats().textures, 6);

    // The whole of it in a hundred pixels: means of 400, one texture.
    Scene scene = scene_of(100, 20);
    scene.pictures.push_back({.box = {0, 4, 100, 3}, .tensor = tensor, .framed = false});
    paint(scene);
    EXPECT_NEAR(grey(50, 5), 127, 40);
}

TEST_F(Paint, TexturesAreKeptByIdentityAndMemoryIsBounded) {
    Scene scene = scene_of(64, 64);
    const Tensor tensor({1, 3, 32, 32}, 0.5f);
    scene.pictures.push_back({.box = {0, 0, 32, 32}, .tensor = tensor});
    scene.pictures.push_back({.box = {32, 0, 32, 32}, .tensor = tensor});
    scene.pictures.push_back({.box = {0, 32, 32, 32}, .tensor = tensor, .c = 1});
    paint(scene);
    paint(scene);
    EXPECT_EQ(painter_->stats().textures, 2);
    for (int i = 0; i < 80; ++i) {       // 80 × 4 MiB
        Scene large = scene_of(1024, 16);
        large.pictures.push_back({.box = {0, 0, 1024, 1024}, .tensor = Tensor({1, 1, 1024, 1024}, 0.25f), .framed = false});
        paint(large);
        EXPECT_EQ(at(5, 5), "#404040");
    }
    EXPECT_LE(painter_->stats().texture_bytes, int64_t(200) << 20);
}

TEST_F(Paint, ManySizesOfTextFitBecauseOldOnesLeave) {
    for (int i = 0; i < 60; ++i) {
        Scene scene = scene_of(400, 300);
        for (int line = 0; line < 8; ++line)
            scene.labels.push_back({.at = {200, 20.0f + 34.0f * static_cast<float>(line)}, .align = Align::center,
                                    .size_px = 100 + static_cast<float>(i) * 4, .runs = {{"ABCDEFGHIJKLM" + std::to_string(line)}}});
        paint(scene);
        int dark = 0;
        for (int x = 0; x < 400; ++x) dark += grey(x, 150) < 128;
        ASSERT_GT(dark, 20) << i;
    }
}

TEST_F(Paint, PaintingAgainGivesTheSame) {
    Scene scene = scene_of(80, 40);
    scene.labels.push_back({.at = {40, 20}, .align = Align::center, .size_px = 14, .runs = {{"−23.5", Font::mono_bold, Tone::output_text}}});
    paint(scene);
    const Pixels first = pixels_;
    painter_->repaint(*target_);
    EXPECT_EQ(target_->read(), first);
    Target other;
    other.resize(5, 5);
    painter_->repaint(other);
    EXPECT_EQ(other.read(), first);
    painter_->paint(scene, Theme::dark, 1, *target_);
    EXPECT_NE(target_->read(), first);
}

TEST_F(Paint, ScenesWithoutSenseDoNoHarm) {
    Scene scene = scene_of(64, 64);
    scene.plates.push_back({.box = {1e9f, 0, -5, 3}, .fill = Tone::ink, .border = Tone::ink, .border_px = 3});
    scene.plates.push_back({.box = {kNan, kNan, 10, 10}, .fill = Tone::ink});
    scene.strokes.push_back({.points = {{5, 5}, {5, 5}, {5, 5}}, .elbow_px = 9, .arrow = true});
    scene.strokes.push_back({.points = {{5, 5}}, .arrow = true});
    scene.labels.push_back({.at = {5, 5}, .size_px = 0, .runs = {{"x"}}});
    scene.labels.push_back({.at = {5, 5}, .size_px = 1e6f, .runs = {{"\xFF\xFE"}}});
    scene.pictures.push_back({.box = {0, 0, 10, 10}});
    scene.pictures.push_back({.box = {0, 0, 10, 10}, .tensor = Tensor({1, 1, 2, 2}, 1), .c = 7});
    scene.pictures.push_back({.box = {0, 0, 0.2f, 10}, .tensor = Tensor({1, 1, 2, 2}, 1)});
    scene.pictures.push_back({.box = {20, 20, 10, 10}, .tensor = Tensor({1, 1, 2, 2}, 1), .low = kNan, .high = kNan, .framed = false});
    paint(scene);
    EXPECT_EQ(at(60, 60), "#FFFFFF");
    paint(scene_of(0, 0));
    paint(scene_of(kNan, 1e9f));
    SUCCEED();
}

// Everything that picture 10 of the look shows, as far as the painter draws it.
Scene gallery() {
    Scene scene = scene_of(720, 460);
    const auto label = [&](float x, float y, std::string text, Font font = Font::inter, float size = 12, Tone tone = Tone::ink2) {
        scene.labels.push_back({.at = {x, y}, .align = Align::center, .size_px = size, .runs = {{std::move(text), font, tone}}});
    };
    struct Row {
        const char* name;
        Role role;
        Cell cell;
    };
    const std::vector<Row> rows = {
        {"Normal", Role::input, {.text = "7"}},
        {"Contributing", Role::input, {.state = CellState::contributing, .text = "7", .corner = "−1"}},
        {"Current term", Role::input, {.state = CellState::current, .text = "7", .corner = "1"}},
        {"Padding", Role::input, {.state = CellState::padding, .text = "0"}},
        {"Padding, read", Role::input, {.state = CellState::padding_read, .text = "0"}},
        {"Leftover", Role::input, {.state = CellState::leftover, .text = "7"}},
        {"Not computed", Role::output, {.state = CellState::pending}},
        {"Running sum", Role::output, {.state = CellState::running_sum, .text = "11", .below = "5 + 6"}},
        {"Product", Role::neutral, {.state = CellState::product, .text = "−18"}},
        {"Product now", Role::neutral, {.state = CellState::product_now, .text = "6"}},
        {"Cropped", Role::output, {.state = CellState::cropped, .text = "3"}},
        {"Ground", Role::kernel, {.state = CellState::ground, .text = "0"}},
        {"Not a number", Role::output, {.value = kNan, .text = "NaN"}},
        {"Stale", Role::input, {.text = "7"}},
        {"Kernel", Role::kernel, {.state = CellState::current, .text = "0.25"}},
        {"Gradient", Role::gradient, {.state = CellState::contributing, .text = "−2"}},
    };
    for (size_t i = 0; i < rows.size(); ++i) {
        const float x = 24 + 86 * static_cast<float>(i % 8), y = 24 + 92 * static_cast<float>(i / 8);
        Grid grid = make_grid(rows[i].role, x, y, 48, 1, 1, {rows[i].cell});
        grid.digits_px = rows[i].cell.text.size() > 3 ? 15 : 19;
        grid.stale = std::string(rows[i].name) == "Stale";
        scene.grids.push_back(grid);
        label(x + 24, y + 65, rows[i].name);
    }
    const float y = 210;
    scene.plates.push_back({.box = {24, y, 56, 32}, .border = Tone::kernel_line, .border_px = 3, .radius_px = 5});
    scene.plates.push_back({.box = {110, y, 56, 32}, .border = Tone::output_line, .border_px = 3, .radius_px = 5});
    scene.strokes.push_back({.points = {{196, y}, {250, y + 32}}, .width_px = 1.2f, .dash_on = 5, .dash_off = 4});
    scene.strokes.push_back({.points = {{282, y + 24}, {328, y + 24}, {328, y}}, .tone = Tone::output_line, .width_px = 2, .elbow_px = 14, .arrow = true});
    scene.plates.push_back({.box = {368, y, 56, 32}, .border = Tone::ink3, .border_px = 1, .dash_on = 3, .dash_off = 3});
    scene.plates.push_back({.box = {454, y, 56, 32}, .border = Tone::line2, .border_px = 1, .hatched = true});
    scene.plates.push_back({.box = {540, y, 100, 30}, .fill = Tone::canvas, .border = Tone::output_line, .border_px = 1.5f, .radius_px = 15});
    scene.labels.push_back({.at = {590, y + 15}, .align = Align::center, .size_px = 14,
                            .runs = {{"sum ", Font::inter, Tone::ink2}, {"−23", Font::mono_bold, Tone::output_text}}});
    scene.quads.push_back({.points = {{24, 270}, {80, 280}, {80, 310}, {24, 300}}});
    scene.labels.push_back({.at = {110, 290}, .size_px = 15, .runs = {{"13", Font::mono_bold, Tone::error_text}}, .struck = true});

    std::vector<float> ramp(200);
    for (size_t i = 0; i < ramp.size(); ++i) ramp[i] = static_cast<float>(i) / 199;
    std::vector<float> both;
    for (const float v : ramp) both.push_back(2 * v - 1);
    scene.pictures.push_back({.box = {24, 330, 200, 16}, .tensor = plane(1, 200, both), .map = ColorMap::signed_values, .high = 1});
    scene.pictures.push_back({.box = {244, 330, 200, 16}, .tensor = plane(1, 200, ramp), .map = ColorMap::grey});
    scene.pictures.push_back({.box = {464, 330, 200, 16}, .tensor = plane(1, 200, ramp), .map = ColorMap::viridis});
    label(70, 380, "small 12", Font::inter, 12, Tone::ink);
    label(160, 380, "body 13.5", Font::inter, 13.5f, Tone::ink);
    label(250, 380, "label 14", Font::semibold, 14, Tone::ink);
    label(380, 380, "caption 20 ≤ ∞", Font::inter, 20, Tone::ink);
    label(560, 380, "−23.5", Font::mono_bold, 20, Tone::output_text);
    scene.labels.push_back({.at = {24, 425}, .size_px = 20,
                            .runs = {{"Input "}, {"(2, 6) = 6", Font::mono_bold, Tone::input_text}, {" times weight "},
                                     {"(1, 1) = 1", Font::mono_bold, Tone::kernel_text}, {" is "}, {"6", Font::mono_bold}, {"."}}});
    return scene;
}

// tests/pictures/<name>.png, made by this program: CONVSCOPE_UPDATE_PICTURES=1 writes it anew.
void expect_picture(const std::string& name, const Pixels& pixels) {
    const std::string path = CONVSCOPE_SOURCE_DIR "/tests/pictures/" + name + ".png";
    std::string error;
    if (std::getenv("CONVSCOPE_UPDATE_PICTURES")) {
        std::filesystem::create_directories(std::filesystem::path(path).parent_path());
        ASSERT_TRUE(save_png(path, pixels.width_px, pixels.height_px, pixels.rgba, error)) << error;
    }
    const ImageResult reference = load_image(path);
    ASSERT_TRUE(reference.ok()) << reference.error;
    ASSERT_EQ(reference.tensor.shape(), (Shape{1, 3, pixels.height_px, pixels.width_px}));
    // Another OpenGL may round edges otherwise; a state that looks otherwise changes thousands of pixels.
    int64_t far = 0;
    double sum = 0;
    for (int y = 0; y < pixels.height_px; ++y)
        for (int x = 0; x < pixels.width_px; ++x)
            for (int c = 0; c < 3; ++c) {
                const int is = pixels.rgba[(static_cast<size_t>(y) * static_cast<size_t>(pixels.width_px) + static_cast<size_t>(x)) * 4 + static_cast<size_t>(c)];
                const int was = static_cast<int>(std::lround(reference.tensor.at({0, c, y, x}) * 255));
                far += std::abs(is - was) > 32;
                sum += std::abs(is - was);
            }
    EXPECT_LE(far, 60) << name;
    EXPECT_LE(sum / (3.0 * pixels.width_px * pixels.height_px), 0.1) << name;
    if (testing::Test::HasFailure()) {
        ASSERT_TRUE(save_png(testing::TempDir() + name + "-is.png", pixels.width_px, pixels.height_px, pixels.rgba, error)) << error;
    }
}

TEST_F(Paint, ReferencePictures) {
    const Scene scene = gallery();
    paint(scene, Theme::light);
    expect_picture("cells-light", pixels_);
    paint(scene, Theme::dark);
    expect_picture("cells-dark", pixels_);
}

}  // namespace
}  // namespace convscope
