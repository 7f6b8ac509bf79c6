// Scenes: what lies under a point, their text, and widths of text against the font file's own numbers.
#include "app/scene/scene.h"

#include <gtest/gtest.h>

#include "app/scene/fonts.h"

namespace convscope {
namespace {

Grid padded_grid() {
    Grid grid;
    grid.name = "input";
    grid.role = Role::input;
    grid.box = {100, 50, 120, 80};
    grid.cell_px = 20;
    grid.rows = 4;
    grid.columns = 6;
    grid.first_row = grid.first_column = -1;
    grid.shown_row = 1;
    grid.shown_rows = 2;
    grid.shown_columns = 6;
    grid.cells.resize(12);
    return grid;
}

TEST(Scene, FindsTheCellUnderAPoint) {
    Scene scene;
    scene.grids.push_back(padded_grid());
    const auto first = scene.under({100, 50});
    ASSERT_TRUE(first);
    EXPECT_EQ(first->row, -1);
    EXPECT_EQ(first->column, -1);
    const auto other = scene.under({161, 99});
    ASSERT_TRUE(other);
    EXPECT_EQ(other->row, 1);
    EXPECT_EQ(other->column, 2);
    EXPECT_FALSE(scene.under({99.9f, 60}));
    EXPECT_FALSE(scene.under({220, 60}));
    EXPECT_FALSE(scene.under({150, 130}));

    Grid above = padded_grid();
    above.name = "output";
    above.box = {200, 100, 20, 20};
    above.rows = above.columns = 1;
    above.first_row = above.first_column = 7;
    scene.grids.push_back(above);
    const auto top = scene.under({205, 105});
    ASSERT_TRUE(top);
    EXPECT_EQ(top->grid->name, "output");
    EXPECT_EQ(top->row, 7);
}

TEST(Scene, MaterialisedCellsAreFoundByTheGridsOwnIndices) {
    Grid grid = padded_grid();
    EXPECT_EQ(grid.cell(-1, 0), nullptr);
    EXPECT_EQ(grid.cell(0, -1), &grid.cells[0]);
    EXPECT_EQ(grid.cell(1, 4), &grid.cells[11]);
    EXPECT_EQ(grid.cell(2, 0), nullptr);
    EXPECT_EQ(grid.cell(0, 5), nullptr);
    EXPECT_EQ(grid.cell_box(0, 2), (Box{160, 70, 20, 20}));
}

TEST(Scene, TextNamesEverything) {
    Scene scene;
    scene.size_px = {640, 480.4f};
    Grid grid = padded_grid();
    grid.shown_rows = 1;
    grid.shown_columns = 3;
    grid.cells.resize(3);
    grid.cells[0] = {.state = CellState::padding, .text = "0"};
    grid.cells[1] = {.state = CellState::current, .text = "6", .corner = "1"};
    grid.cells[2] = {.state = CellState::running_sum, .text = "11", .below = "5 + 6"};
    scene.grids.push_back(grid);
    scene.plates.push_back({.box = {1.4f, 2.6f, 30, 30}, .border = Tone::kernel_line, .border_px = 3, .radius_px = 5});
    scene.strokes.push_back({.points = {{0, 0}, {10.4f, 0}}, .tone = Tone::output_line, .width_px = 2, .arrow = true});
    scene.labels.push_back({.at = {5, 6}, .runs = {{"Input", Font::semibold, Tone::input_text}, {"7×7"}}});
    scene.caption.runs = {{"Input (2, 6) = 6."}};
    scene.caption.second = "Window 8 of 16.";
    EXPECT_EQ(to_text(scene),
              "scene 640×480 content 0,0 0×0\n"
              "grid input input 100,50 120×80 cell 20 4×6 from (-1, -1)\n"
              "  0: []0 !6^1 +11(5 + 6)\n"
              "plate 1,3 30×30 border 3 kernel_line radius 5\n"
              "stroke output_line 2: 0,0 10,0 arrow\n"
              "label 5,6 left 12 input_text:Input | ink:7×7\n"
              "caption Input (2, 6) = 6. Window 8 of 16.\n");
}

TEST(Fonts, WidthsAreThoseOfTheFiles) {
    // JetBrains Mono: 600 of 1000 units a character, whatever it is.
    EXPECT_NEAR(text_width(Font::mono, 10, "0"), 6, 1e-4);
    EXPECT_NEAR(text_width(Font::mono, 20, "−2 × 3"), 6 * 12, 1e-3);
    EXPECT_NEAR(text_width(Font::mono_bold, 20, "NaN"), 36, 1e-3);
    EXPECT_EQ(text_width(Font::inter, 20, ""), 0);
    // Inter 4: units per em 2048; "i" 496, "W" 2020 (hmtx of the file).
    EXPECT_GT(text_width(Font::inter, 2048, "W"), 3 * text_width(Font::inter, 2048, "i"));
    EXPECT_NEAR(text_width(Font::inter, 13, "Input") + text_width(Font::inter, 13, " 7"),
                text_width(Font::inter, 13, "Input 7"), 1e-3);
    EXPECT_NEAR(text_width({{"ab", Font::inter}, {"12", Font::mono}}, 10),
                text_width(Font::inter, 10, "ab") + 12, 1e-3);
}

TEST(Fonts, LineHeightsAreThoseOfTheStyleTokens) {
    EXPECT_NEAR(line_height_factor(Font::inter), 1.2102f, 1e-3);
    EXPECT_NEAR(line_height_factor(Font::semibold), 1.2102f, 1e-3);
    EXPECT_NEAR(line_height_factor(Font::mono), 1.32f, 1e-3);
    EXPECT_NEAR(line_height_factor(Font::icons), 1.0f, 1e-2);
}

TEST(Fonts, CharactersThatAFaceLacksComeFromAnother) {
    EXPECT_EQ(face_with(Font::mono, U'−'), Font::mono);
    EXPECT_EQ(face_with(Font::mono, 0x207B), Font::inter);   // superscript minus
    EXPECT_EQ(face_with(Font::inter, 0xF04B), Font::icons);
    EXPECT_EQ(face_with(Font::inter, 0x4E2D), Font::inter);  // nobody has it: a box
}

TEST(Fonts, BrokenTextIsReadToItsEnd) {
    std::string_view text = "a\xC3\xA9\xFF\xE2\x88";
    EXPECT_EQ(next_char(text), U'a');
    EXPECT_EQ(next_char(text), U'é');
    EXPECT_EQ(next_char(text), 0xFFFDu);
    EXPECT_EQ(next_char(text), 0xFFFDu);
    EXPECT_EQ(next_char(text), 0xFFFDu);
    EXPECT_TRUE(text.empty());
}

}  // namespace
}  // namespace convscope
