// Hidden answers: no view lets a hidden output, or a sum or product on the way to it, be read; guesses and answers bring
// them back; a lecture asks and tells step by step.
#include "app/app_answers.h"

#include <algorithm>
#include <limits>
#include <cmath>
#include <set>

#include "app/canvas_input.h"
#include "app/commands.h"
#include "tests/desk.h"

namespace convscope {
namespace {

/// Outputs whose numbers stand nowhere else: large primes as weights.
Document telling(std::string_view name) {
    Document document = preset(name);
    float prime = 0;
    const float primes[] = {1009, 1327, 1663, 2003, 2341, 2683, 3041, 3407, 3779};
    size_t next = 0;
    for (Layer& layer : document.layers)
        for (Tensor& weight : layer.weights) {
            auto values = weight.mutate();
            for (float& value : values) value = prime = primes[next++ % std::size(primes)];
        }
    return document;
}

/// Every text of a scene that a person can read.
std::vector<std::string> texts(const Scene& scene) {
    std::vector<std::string> all;
    for (const Grid& grid : scene.grids)
        for (const Cell& cell : grid.cells)
            for (const std::string& text : {cell.text, cell.corner, cell.below})
                if (!text.empty()) all.push_back(text);
    for (const Label& label : scene.labels)
        for (const Run& run : label.runs) all.push_back(run.text);
    for (const Hit& hit : scene.hits) all.push_back(hit.tooltip);
    all.push_back(scene.caption.text());
    return all;
}

bool can_be_read(const Scene& scene, const std::string& number) {
    for (const std::string& text : texts(scene)) {
        const size_t at = text.find(number);
        if (at == std::string::npos) continue;
        const bool part = (at > 0 && std::isdigit(static_cast<unsigned char>(text[at - 1]))) ||
                          (at + number.size() < text.size() && std::isdigit(static_cast<unsigned char>(text[at + number.size()])));
        if (!part) return true;
    }
    return false;
}

TEST(Answers, NoViewTellsAHiddenOutput) {
    int looked_at = 0, seen_before = 0;
    for (const char* name : {"Emboss on random integers", "Transposed 2×2, overlapping stamps", "Three channels in, four out",
                             "Dilation 2", "Depthwise"})
        for (const View& view : all_views()) {
            App app(telling(name));
            wait_until_settled(app);
            if (!is_offered(app, view)) continue;
            choose_view(app, view.id);
            if (!can_predict(app)) continue;
            const int64_t steps = app.timeline.steps();
            for (const Unit unit : step_units(app))
                for (const int64_t step : {int64_t(0), int64_t(1), steps / 2, steps - 1, steps}) {
                    set_unit(app, unit);
                    go_to_step(app, step);
                    const Tensor output = app.state.result->layers[0].op_output();
                    set_predicting(app, false);
                    const Scene open = build_scene(app, kSize, 1);
                    set_predicting(app, true);
                    const Scene hidden = build_scene(app, kSize, 1);
                    for (const float value : output.values()) {
                        if (std::abs(value) < 5000) continue;   // it may be a weight
                        const std::string number = fmt::format("{:g}", std::abs(static_cast<double>(value)));
                        if (number.find('e') != std::string::npos) continue;
                        seen_before += can_be_read(open, number) ? 1 : 0;
                        EXPECT_FALSE(can_be_read(hidden, number))
                            << name << " / " << view.id << " / step " << step << ": " << number << "\n" << to_text(hidden);
                        ++looked_at;
                    }
                }
        }
    EXPECT_GT(looked_at, 1000);
    EXPECT_GT(seen_before, 300) << "the numbers looked for are not those that are shown";
}

/// How many pictures show the output's numbers as colours.
int64_t coloured(const Scene& scene, const Tensor& output) {
    const auto is_output = [&](const Picture& picture) { return picture.tensor.data() == output.data(); };
    return std::ranges::count_if(scene.pictures, is_output) +
           std::ranges::count_if(scene.grids, [&](const Grid& grid) { return grid.picture && is_output(*grid.picture); });
}

TEST(Answers, ColoursTellNoHiddenOutputEither) {
    const Document large = with_param(with_input_shape(standard_document(), {1, 1, 60, 60}), 0, "stride", Pair{1, 1});
    for (const Document& document : {preset("Three channels in, four out"), large}) {
        App app(document);
        wait_until_settled(app);
        choose_view(app, "slide");
        ASSERT_TRUE(can_predict(app));
        go_to_step(app, app.timeline.steps());
        const Point size = document.input.tensor.shape().h > 20 ? Point{300, 240} : kSize;
        const Tensor output = app.state.result->layers[0].op_output();
        EXPECT_GT(coloured(build_scene(app, size, 1), output), 0);
        set_predicting(app, true);
        EXPECT_EQ(coloured(build_scene(app, size, 1), output), 0);
    }
}

TEST(Answers, AGuessIsTypedIntoTheCell) {
    Desk desk(preset("Transposed 2×2, separate stamps"));
    ASSERT_TRUE(run(*find_command("Predict outputs"), desk.app));
    const Prediction& prediction = desk.app.state.prediction;
    desk.click("output", 2, 1);
    ASSERT_TRUE(desk.edit());
    desk.type("13");
    desk.key(CellKey::enter);
    ASSERT_TRUE(prediction.wrong);
    EXPECT_TRUE(prediction.told.starts_with("13 is 2·2 + 3·3")) << prediction.told;
    EXPECT_EQ(desk.scene().grid("output")->cell(2, 1)->state, CellState::guess_wrong);
    EXPECT_EQ(desk.scene().grid("output")->cell(2, 1)->text, "13");
    ASSERT_TRUE(desk.edit());   // it stays chosen
    desk.type("6");
    desk.key(CellKey::enter);
    EXPECT_FALSE(prediction.wrong);
    EXPECT_EQ(desk.scene().grid("output")->cell(2, 1)->text, "6");
    EXPECT_EQ(desk.scene().grid("output")->cell(3, 1)->text, "?");
    EXPECT_EQ(prediction.right, 1);
    EXPECT_EQ(prediction.guesses, 2);
    EXPECT_EQ(desk.steps(), 0u) << "a guess is no edit";
    EXPECT_EQ(asked_output(desk.app), (Index{0, 0, 3, 1})) << "Enter goes down, to the next cell";
}

TEST(Answers, WordsForWhatIsNotANumberAreTypedIntoTheCell) {
    Document document = preset("Transposed 2×2, separate stamps");
    Tensor infinite = document.input.tensor;
    infinite.mutate()[0] = std::numeric_limits<float>::infinity();   // its stamp: ∞ and, by weight 0, NaN
    Desk desk(with_input(document, {infinite, {}}));
    ASSERT_TRUE(run(*find_command("Predict outputs"), desk.app));
    const Prediction& prediction = desk.app.state.prediction;
    const Tensor& output = desk.app.state.result->layers[0].op_output();
    for (int64_t row : {0, 1})
        for (int64_t column : {0, 1}) {
            const float value = output.at({0, 0, row, column});
            desk.click("output", row, column);
            ASSERT_TRUE(desk.edit());
            EXPECT_FALSE(takes_letter(desk.app, 'a')) << "no word begins with it: the key is a command's";
            EXPECT_TRUE(takes_letter(desk.app, 'n'));
            desk.type(std::isnan(value) ? "nan" : value < 0 ? "-inf" : "inf");
            EXPECT_TRUE(takes_letter(desk.app, 'i'));
            desk.key(CellKey::enter);
            EXPECT_FALSE(prediction.wrong) << value << ": " << prediction.told;
        }
    EXPECT_EQ(prediction.right, 4);
    desk.click("input", 1, 1);
    EXPECT_FALSE(takes_letter(desk.app, 'n'));
}

TEST(Answers, ARightGuessIsToldWholeWhileItsSumIsOnTheWay) {
    Desk desk(standard_document());   // term 5 of 9 of output (1, 3): the sum so far is −23, the output −20
    set_predicting(desk.app, true);
    EXPECT_EQ(asked_output(desk.app), (Index{0, 0, 1, 3}));
    guess(desk.app, {0, 0, 1, 3}, "-20");
    EXPECT_EQ(desk.app.state.prediction.told, "−20 is right.");
    EXPECT_EQ(desk.scene().grid("output")->cell(1, 3)->text, "−20");
    guess(desk.app, {0, 0, 3, 3}, "x");   // and one that is not reached yet
    show_answer(desk.app);
    EXPECT_FALSE(run(*find_command("Copy ledger"), desk.app)) << "the ledger tells what is to be guessed";
}

TEST(Answers, GivenNumbersStay) {
    Desk desk(preset("Batch norm of four numbers"));
    set_predicting(desk.app, true);
    for (const Label& label : desk.scene().labels)
        for (const auto& run : label.runs)
            if (run.text.find("÷") != std::string::npos) EXPECT_EQ(run.text.find('?'), std::string::npos) << run.text;
}

TEST(Answers, QuestionMarksFitWhereTheNumbersDoNot) {
    for (const char* name : {"Emboss on random integers", "Three channels in, four out"}) {
        Desk desk(preset(name));
        choose_view(desk.app, "slide");
        set_predicting(desk.app, true);
        const Scene scene = build_scene(desk.app, {748, 400}, 1);
        const Grid* output = scene.grid("output");
        ASSERT_TRUE(output) << name;
        if (output->cell_px >= 18) EXPECT_GT(output->digits_px, 0) << name << " " << output->cell_px;
    }
}

TEST(Answers, TheWheelAndTheMenuChangeNoOutput) {
    Desk desk(preset("Transposed 2×2, separate stamps"));
    set_predicting(desk.app, true);
    const Document before = desk.app.state.document;
    desk.wheel("output", 1, 1, 3);
    desk.click("output", 1, 1);
    for (const char* label : {"Zeros", "Ones", "Random", "Impulse", "Gradient"}) run(*find_command(label), desk.app);
    desk.key(CellKey::remove);
    desk.app.host.clipboard = [] { return std::string("1 2"); };
    run(*find_command("Paste"), desk.app);
    EXPECT_TRUE(desk.app.state.document == before);
}

TEST(Answers, AreShownOneByOneAndForgottenByAnEdit) {
    Desk desk(preset("Transposed 2×2, separate stamps"));
    set_predicting(desk.app, true);
    for (int i = 0; i < 16; ++i) {
        ASSERT_TRUE(has_hidden_answer(desk.app)) << i;
        ASSERT_TRUE(run(*find_command("Show the answer"), desk.app));
    }
    EXPECT_FALSE(has_hidden_answer(desk.app));
    EXPECT_FALSE(run(*find_command("Show the answer"), desk.app));
    go_to_step(desk.app, desk.app.timeline.steps());
    for (const Cell& cell : desk.scene().grid("output")->cells) EXPECT_NE(cell.text, "?");
    desk.click("input", 0, 0);
    desk.type("9");
    desk.key(CellKey::enter);
    EXPECT_TRUE(has_hidden_answer(desk.app));
    EXPECT_EQ(desk.scene().grid("output")->cell(0, 0)->text, "?");
    set_predicting(desk.app, false);
    EXPECT_EQ(desk.scene().grid("output")->cell(0, 0)->text, "18");
}

TEST(Answers, ALectureAsksAndTellsStepByStep) {
    Desk desk(preset("Transposed 2×2, separate stamps"));
    App& app = desk.app;
    app.state.settings.reduce_motion = true;
    choose_view(app, "scatter");
    set_unit(app, Unit::window);
    go_to_step(app, app.timeline.step_of({0, 0, 0, 1}, 1 << 20));
    const auto does = [&](const char* label) { return run(*find_command(label), app); };
    EXPECT_FALSE(does("Next")) << "only in a lecture";
    ASSERT_TRUE(does("Lecture mode"));
    ASSERT_TRUE(does("Hide answers"));
    does("Show the answer");
    ASSERT_TRUE(does("Next"));   // the stamp of input (1, 0)
    const auto text = [&](int64_t row, int64_t column) { return desk.scene().grid("output")->cell(row, column)->text; };
    EXPECT_EQ(desk.scene().caption.runs[0].text + desk.scene().caption.runs[1].text, "Which four");
    EXPECT_EQ(text(2, 0), "?");
    EXPECT_EQ(desk.scene().grid("output")->cell(2, 0)->state, CellState::asked);
    EXPECT_EQ(text(0, 0), "2") << "what was told stays";
    EXPECT_EQ(text(3, 3), "?");
    EXPECT_EQ(desk.scene().grid("output")->cell(3, 3)->state, CellState::hidden);
    const int64_t step = app.state.play.step;
    ASSERT_TRUE(does("Next"));
    EXPECT_EQ(app.state.play.step, step) << "the answer, not the next step";
    EXPECT_EQ(text(2, 0), "4");
    EXPECT_EQ(text(3, 1), "10");
    ASSERT_TRUE(does("Back"));
    EXPECT_EQ(text(2, 0), "?");
    ASSERT_TRUE(does("Back"));
    EXPECT_LT(app.state.play.step, step);
    EXPECT_EQ(text(0, 2), "0");
    ASSERT_TRUE(does("Leave the lecture"));
    EXPECT_FALSE(app.state.lecture.on);
    EXPECT_EQ(text(3, 3), "") << "outside the lecture nothing is hidden";
}

/// Every grid and text of the lecture's picture lies in the window.
TEST(Answers, ALecturesPictureFitsTheWindow) {
    for (const DocumentPreset& example : document_presets())
        for (const Point size : {Point{1280, 800}, Point{1920, 1080}, Point{1024, 768}}) {
            App app(example.make());
            wait_until_settled(app);
            set_lecture(app, true);
            const Scene scene = build_scene(app, size, 1);
            for (const Grid& grid : scene.grids) {
                EXPECT_GE(grid.box.y, 0) << example.name;
                EXPECT_LE(grid.box.bottom(), size.y) << example.name;
            }
            for (const Label& label : scene.labels) {
                EXPECT_GT(label.at.y, 0) << example.name;
                EXPECT_LT(label.at.y, size.y) << example.name;
            }
            EXPECT_FALSE(scene.caption.text().empty()) << example.name;
        }
}

}  // namespace
}  // namespace convscope
