// Scripts: what the parser takes and refuses, how cells are found, and what a step number means.
#include "app/cli/script.h"

#include <gtest/gtest.h>

#include <random>

#include "app/cli/apply.h"
#include "app/cli/script_player.h"

namespace convscope {
namespace {

ScriptLine only(std::string_view text) {
    const Script script = parse_script(text);
    EXPECT_EQ(script.error, "") << text;
    EXPECT_EQ(script.lines.size(), 1u) << text;
    return script.lines.empty() ? ScriptLine{} : script.lines[0];
}

std::string error_of(std::string_view text) { return parse_script(text).error; }

TEST(Script, TargetsOfClicks) {
    const auto label = only("click Parameters/Add a layer");
    EXPECT_EQ(label.verb, Verb::click);
    EXPECT_EQ(label.target.kind, ScriptTarget::Kind::label);
    EXPECT_EQ(label.target.name, "Parameters/Add a layer");
    EXPECT_EQ(label.button, 0);

    const auto cell = only("cell input 2,3");
    EXPECT_EQ(cell.verb, Verb::cell);
    EXPECT_EQ(cell.target, (ScriptTarget{ScriptTarget::Kind::cell, "input", {2, 3}, {}}));
    EXPECT_EQ(only("click cell input 2,3").target, cell.target);
    EXPECT_EQ(only("hover input 2,3").target, cell.target);
    EXPECT_EQ(only("hover kernel 1,0,2,-3").target.indices, (std::vector<int64_t>{1, 0, 2, -3}));

    EXPECT_EQ(only("right click input 1,1").button, 1);
    EXPECT_EQ(only("middle click canvas").button, 2);
    EXPECT_TRUE(only("double click output 0,0").twice);
    EXPECT_EQ(only("click canvas 40,60.5").target.place_px, (std::pair{40.0, 60.5}));
    EXPECT_EQ(only("click window 3,700").target, (ScriptTarget{ScriptTarget::Kind::window, "window", {}, std::pair{3.0, 700.0}}));
    EXPECT_NE(error_of("click window"), "");
    EXPECT_NE(error_of("click window 3,x"), "");
    // Quotation marks make a label of anything.
    EXPECT_EQ(only("click \"canvas\"").target.kind, ScriptTarget::Kind::label);
}

TEST(Script, Drags) {
    const auto cells = only("drag cell input 0,0 cell input 0,4");
    EXPECT_EQ(cells.target.indices, (std::vector<int64_t>{0, 0}));
    EXPECT_EQ(cells.to.indices, (std::vector<int64_t>{0, 4}));
    const auto pan = only("drag canvas 200 -50");
    EXPECT_EQ(pan.target.kind, ScriptTarget::Kind::canvas);
    EXPECT_EQ(pan.to.kind, ScriptTarget::Kind::none);
    EXPECT_EQ(std::pair(pan.x, pan.y), std::pair(200.0, -50.0));
    const auto knob = only("drag Timeline/play head 30 0");
    EXPECT_EQ(knob.target.name, "Timeline/play head");
    EXPECT_EQ(only("drag \"Panel/a b\" canvas 5,5").to.place_px, (std::pair{5.0, 5.0}));
    EXPECT_EQ(only("middle drag input 0,0 10 20").button, 2);
    EXPECT_NE(error_of("drag canvas"), "");
    EXPECT_NE(error_of("drag Parameters/stride"), "");
    EXPECT_NE(error_of("drag canvas 1e300 0"), "");
}

TEST(Script, NumbersAndKeys) {
    EXPECT_EQ(only("wheel kernel 0,0 +3").x, 3);
    EXPECT_EQ(only("wheel canvas -2.5").x, -2.5);
    EXPECT_EQ(only("frames 10").x, 10);
    EXPECT_EQ(only("wait 0.5").x, 0.5);
    EXPECT_EQ(std::pair(only("resize 1920x1080").x, only("resize 640×480").y), std::pair(1920.0, 480.0));
    EXPECT_EQ(only("key Ctrl+Z").chord, (Chord{true, false, false, "Z"}));
    EXPECT_EQ(only("key Ctrl+Shift+z").chord, (Chord{true, true, false, "Z"}));
    EXPECT_EQ(only("key +").chord, (Chord{false, true, false, "Plus"}));
    EXPECT_EQ(only("key Ctrl++").chord, (Chord{true, true, false, "Plus"}));
    EXPECT_EQ(only("key ?").chord, (Chord{false, true, false, "Question"}));
    EXPECT_EQ(only("key Right 7").x, 7);
    EXPECT_EQ(only("key 7").chord.key, "7");
    EXPECT_EQ(only("hold Ctrl").chord, (Chord{true, false, false, ""}));
    EXPECT_EQ(only("step 12 window").text, "window");
}

TEST(Script, TextIsTakenAsItStands) {
    EXPECT_EQ(only("type 2").text, "2");
    EXPECT_EQ(only("type [[1,  2], [3, 4]]   # two rows").text, "[[1,  2], [3, 4]]");
    EXPECT_EQ(only("type \"# no comment\"").text, "# no comment");
    EXPECT_EQ(only("clipboard \"1\\t2\\n3\\t4 \\\"q\\\" \\\\\"").text, "1\t2\n3\t4 \"q\" \\");
    EXPECT_EQ(only("do Step forward").text, "Step forward");
    EXPECT_EQ(only("say").text, "");
    EXPECT_EQ(only("set padding_mode=reflect").text, "padding_mode=reflect");
    EXPECT_EQ(only("expect caption contains \"sum so far\"").words,
              (std::vector<std::string>{"caption", "contains", "sum so far"}));
}

TEST(Script, PatienceAndLeniency) {
    EXPECT_EQ(std::pair(only("hurry").verb, only("hurry").on), std::pair(Verb::hurry, true));
    EXPECT_FALSE(only("hurry no").on);
    EXPECT_EQ(std::pair(only("lenient").verb, only("lenient no").on), std::pair(Verb::lenient, false));
    EXPECT_NE(error_of("hurry slowly"), "");
}

TEST(Script, CommentsBlankLinesAndLineEnds) {
    const Script script = parse_script("\xEF\xBB\xBF# first\r\n\r\n  \t\nsay\r\nkey Space # last\n#end");
    ASSERT_EQ(script.error, "");
    ASSERT_EQ(script.lines.size(), 2u);
    EXPECT_EQ(script.lines[0].number, 4);
    EXPECT_EQ(script.lines[1].number, 5);
    EXPECT_TRUE(parse_script("").ok());
}

TEST(Script, ErrorsNameTheLineAndWhatThereIs) {
    EXPECT_EQ(error_of("say\n\nfly away").substr(0, 26), "Line 3: there is no “fly");
    EXPECT_NE(error_of("fly").find("right click"), std::string::npos);
    EXPECT_NE(error_of("key Foo").find("PageUp"), std::string::npos);
    EXPECT_NE(error_of("key Foo+A"), "");
    EXPECT_NE(error_of("key Ctrl+"), "");
    EXPECT_NE(error_of("type"), "");
    EXPECT_NE(error_of("type \"never closed"), "");
    EXPECT_NE(error_of("cell input"), "");
    EXPECT_NE(error_of("cell input 1"), "");
    EXPECT_NE(error_of("cell input 1,2,3,4,5"), "");
    EXPECT_NE(error_of("cell input 1,2 3"), "");
    EXPECT_NE(error_of("cell input 99999999999999999999,0"), "");
    EXPECT_NE(error_of("frames 0"), "");
    EXPECT_NE(error_of("frames 1e9"), "");
    EXPECT_NE(error_of("frames ten"), "");
    EXPECT_NE(error_of("wait -1"), "");
    EXPECT_NE(error_of("wait nan"), "");
    EXPECT_NE(error_of("resize 10x10"), "");
    EXPECT_NE(error_of("resize 99999x100"), "");
    EXPECT_NE(error_of("right"), "");
    EXPECT_NE(error_of("double drag input 0,0 1 1"), "");
    EXPECT_NE(error_of("set stride"), "");
    EXPECT_NE(error_of("step 1.5"), "");
    EXPECT_NE(error_of("quit now"), "");
    EXPECT_NE(error_of("expect output"), "");
}

TEST(Script, HostileTextGivesASentence) {
    EXPECT_EQ(error_of(std::string_view("say\nsa\0y", 8)), "Line 2: this is not text.");
    EXPECT_NE(error_of(std::string(kMaxScriptBytes + 1, 'a')), "");
    std::string many;
    for (size_t i = 0; i <= kMaxScriptLines; ++i) many += "say\n";
    EXPECT_NE(error_of(many).find("at most"), std::string::npos);
    // A control character or an endless word is not repeated whole in the sentence.
    EXPECT_EQ(error_of("\x1b[31m").find('\x1b'), std::string::npos);
    EXPECT_LT(error_of(std::string(1'000'000, 'x')).size(), 1000u);
    EXPECT_LT(error_of("cell input 0,0 " + std::string(1'000'000, 'x')).size(), 1000u);
}

TEST(Script, AnyBytesAreReadWithoutHarm) {
    std::mt19937 random(7);
    const std::string words[] = {"click ", "drag ", "cell ", "input ", "0,0 ", "\"", "\\", "#", "\n", "canvas ",
                                 "-", "1e9 ", "key ", "+", "\xFF", "\xE2\x88\x92", "x", ",", "wheel ", "expect "};
    for (int i = 0; i < 20'000; ++i) {
        std::string text;
        for (int k = static_cast<int>(random() % 12); k >= 0; --k) text += words[random() % std::size(words)];
        const Script script = parse_script(text);
        EXPECT_TRUE(script.ok() || script.error.starts_with("Line ")) << text;
    }
}

// ---- Cells

Grid grid_of(const std::string& name, Source source, Index plane, Box box, int64_t first = 0) {
    Grid grid;
    grid.name = name;
    grid.box = box;
    grid.cell_px = 10;
    grid.rows = grid.columns = 3;
    grid.first_row = grid.first_column = first;
    grid.origin.source = source;
    grid.origin.cell = plane;
    return grid;
}

Scene two_channels() {
    Scene scene;
    scene.size_px = {200, 100};
    scene.grids.push_back(grid_of("input", Source::input, {0, 0, 0, 0}, {10, 10, 30, 30}, -1));
    scene.grids.push_back(grid_of("input/1", Source::input, {0, 1, 0, 0}, {10, 50, 30, 30}, -1));
    scene.grids.push_back(grid_of("kernel/0", Source::weight, {4, 0, 0, 0}, {60, 10, 30, 30}));
    scene.grids.push_back(grid_of("kernel/1", Source::weight, {4, 1, 0, 0}, {60, 50, 30, 30}));
    return scene;
}

std::string grid_for(const Scene& scene, const std::string& name, std::vector<int64_t> indices) {
    Scene::Under found;
    const auto error = find_cell(scene, {ScriptTarget::Kind::cell, name, std::move(indices), {}}, found);
    return error.empty() ? found.grid->name : "! " + error;
}

TEST(ScriptCell, IsFoundByNameAndPlane) {
    const Scene scene = two_channels();
    EXPECT_EQ(grid_for(scene, "input", {0, 0}), "input");
    EXPECT_EQ(grid_for(scene, "input", {-1, -1}), "input");
    EXPECT_EQ(grid_for(scene, "input", {1, 0, 0}), "input/1");
    EXPECT_EQ(grid_for(scene, "input/1", {0, 0}), "input/1");
    EXPECT_EQ(grid_for(scene, "kernel", {2, 2}), "kernel/0");
    EXPECT_EQ(grid_for(scene, "kernel", {4, 1, 2, 2}), "kernel/1");
}

TEST(ScriptCell, ErrorsSayWhatThereIs) {
    const Scene scene = two_channels();
    EXPECT_EQ(grid_for(scene, "output", {0, 0}),
              "! there is no grid “output” on the canvas; there are input, input/1, kernel/0, kernel/1");
    EXPECT_EQ(grid_for(scene, "input", {2, 0}),
              "! input has no cell (2, 0); its rows are -1 to 1, its columns -1 to 1");
    EXPECT_EQ(grid_for(scene, "input", {7, 0, 0}), "! input shows no plane 7");
    EXPECT_EQ(grid_for(scene, "kernel", {3, 1, 0, 0}), "! kernel shows no plane 3,1");
}

TEST(ScriptCell, FreePlaceTouchesNothing) {
    const Scene scene = two_channels();
    const auto place = free_place(scene);
    ASSERT_TRUE(place);
    EXPECT_FALSE(scene.under(*place));
    Scene full;
    full.size_px = {100, 100};
    full.grids.push_back(grid_of("input", Source::input, {}, {0, 0, 100, 100}));
    EXPECT_FALSE(free_place(full));
}

// ---- Steps

TEST(ScriptStep, CountsUnitsAsSteppingDoes) {
    for (const char* view : {"slide", "scatter"}) {
        App app(standard_document());
        wait_until_settled(app);
        update(app, 0);
        ASSERT_EQ(apply_view(app, view), "");
        for (const Unit unit : {Unit::term, Unit::channel, Unit::window, Unit::row, Unit::map, Unit::layer}) {
            int64_t step = 0;
            for (int64_t n = 0; n < 200; ++n) {
                ASSERT_EQ(step_after(app.timeline, unit, n), step) << view << " unit " << static_cast<int>(unit) << " " << n;
                step = app.timeline.forward(step, unit);
            }
            EXPECT_EQ(step_after(app.timeline, unit, INT64_MAX), app.timeline.steps());
            EXPECT_EQ(step_after(app.timeline, unit, -5), 0);
        }
    }
}

}  // namespace
}  // namespace convscope
