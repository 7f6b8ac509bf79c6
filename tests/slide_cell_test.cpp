// The slide view of layers without a window: which cells are lit is compared with what a changed input changes, the
// formulas with numbers worked by hand.
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "core/build_layer.h"
#include "core/presets.h"
#include "layer_case.h"
#include "looked.h"

namespace convscope {
namespace {

const View& slide() { return *find_view("slide"); }

bool has_window(const Op& op) {
    Document document = started("", generated_input("uniform", 1, {1, 2, 6, 6}));
    add_layer(document, op.id);
    Layer& layer = document.layers[0];
    layer.params = op.fit_channels(layer.params, 2);
    return op.plan(layer.params, {1, 2, 6, 6}, true).window.has_value();
}

std::vector<const Op*> ops_without_window() {
    std::vector<const Op*> ops;
    for (const Op& op : all_ops())
        if (!has_window(op)) ops.push_back(&op);
    return ops;
}

/// One layer behind an input of that shape.
Document behind(const Op& op, Shape shape, const std::string& kind, bool training) {
    Document document = started(op.id, generated_input(kind, 5, shape));
    document.layers.push_back({.op = &op, .params = op.fit_channels(standard_params(op), shape.c)});
    document.training = training;
    return with_input(document, document.input);   // with fresh weights
}

std::string texts(const Scene& scene) {
    std::string all;
    for (const Label& label : scene.labels) {
        for (const convscope::Run& run : label.runs) all += run.text;
        all += "\n";
    }
    return all;
}

TEST(SlideCell, SnapshotsOfEveryOpWithoutAWindow) {
    const struct {
        const char* name;
        Shape shape;
        const char* kind;
        bool training;
    } documents[] = {
        {"plane", {1, 1, 3, 4}, "integers 0–9", true},
        {"batch", {3, 2, 2, 3}, "normal", true},
        {"eval", {2, 3, 4, 4}, "uniform", false},
    };
    ASSERT_GE(ops_without_window().size(), 8u);
    for (const Op* op : ops_without_window())
        for (const auto& d : documents) {
            Looked looked(behind(*op, d.shape, d.kind, d.training), slide());
            const int64_t cells = looked.timeline.windows();
            const int64_t step = looked.timeline.step_of(looked.timeline.cells().index(cells * 2 / 3), 99);
            expect_snapshot(fmt::format("slide-{}-{}", op->id, d.name), to_text(looked.at(step, Unit::window)));
        }
}

TEST(SlideCell, LitCellsAreThoseThatChangeTheOutput) {
    std::mt19937_64 random(test_seed(11));
    int scenes = 0;
    for (const Op* op : ops_without_window())
        for (int round = 0; round < 12; ++round) {
            const Document document = random_layer(*op, random, false);
            if (document.input.tensor.shape().count() > 400) continue;
            Looked looked(document, slide());
            if (looked.timeline.steps() == 0) continue;
            const int64_t step = 1 + static_cast<int64_t>(random() % static_cast<uint64_t>(looked.timeline.steps()));
            const Scene scene = looked.at(step, Unit::window);
            if (scene.grid("input")->cells.empty()) continue;  // a picture: what is read is framed, no cell is lit
            ++scenes;
            const Index at = looked.timeline.at(step).cell;
            std::map<int64_t, bool> lit;   // by place in the input
            const Shape shape = document.input.tensor.shape();
            bool all_samples = true;
            for (const Grid& grid : scene.grids) {
                if (grid.role != Role::input) continue;
                all_samples = all_samples && !grid.cells.empty();
                for (const Cell& cell : grid.cells)
                    if (cell.state == CellState::contributing || cell.state == CellState::current)
                        lit[shape.offset(cell.ref.cell)] = true;
            }
            // Rows of samples are cut where they have no room.
            int64_t planes = 0;
            for (const Grid& grid : scene.grids) planes += grid.role == Role::input;
            const bool whole = all_samples && planes == shape.n;
            const double before = static_cast<double>(looked.layer().op_output().at(at));
            for (int64_t i = 0; i < shape.count(); ++i) {
                if (!whole && shape.index(i).n != at.n) continue;
                Document changed = document;
                const float old = changed.input.tensor.data()[i];
                changed.input.tensor.mutate()[static_cast<size_t>(i)] = old + 0.75f;
                const auto result = evaluate(changed, {});
                const double after = static_cast<double>(result->layers[0].op_output().at(at));
                if (!lit.contains(i)) EXPECT_EQ(before, after) << describe(document) << " input " << i;
                // Read, but flat there: an activation in its dead part, a statistic that cancels out.
                else if (looked.layer().plan.training && lit.size() == 1 && std::abs(before) > 0.01)
                    EXPECT_NE(before, after) << describe(document) << " input " << i;
            }
        }
    EXPECT_GT(scenes, 50);
}

/// [1, 2, 3, 4] by hand: mean 2.5, variance (2.25 + 0.25 + 0.25 + 2.25) / 4 = 1.25, (3 − 2.5) / √1.25001 = 0.4472.
TEST(SlideCell, BatchNormOfFourNumbersIsTheWorkedExample) {
    Document document = started("four", counted({1, 1, 2, 2}, 1));
    add_layer(document, "batch_norm2d", {{"num_features", int64_t(1)}}, Tensor({1, 1, 1, 1}, 2.0f), {0.5f});
    Looked looked(document, slide());
    const Scene scene = looked.at(looked.timeline.step_of({0, 0, 1, 0}, 9), Unit::window);
    const std::string all = texts(scene);
    EXPECT_NE(all.find("(1 + 2 + 3 + 4) ÷ 4 = 2.5"), std::string::npos) << all;
    EXPECT_NE(all.find("(2.25 + 0.25 + 0.25 + 2.25) ÷ 4 = 1.25"), std::string::npos) << all;
    EXPECT_NE(all.find("(3 − 2.5) / √(1.25 + 1e−05) = 0.4472"), std::string::npos) << all;
    EXPECT_NE(all.find("0.4472 × 2 + 0.5 = 1.3944"), std::string::npos) << all;
    EXPECT_EQ(scene.caption.text(),
              "Output (1, 0) is normalised 0.4472 times weight 2 plus bias 0.5: 1.3944. "
              "Cell 3 of 4. Mean and var come from all 4 numbers of the batch.");
    const Grid& input = *scene.grid("input");
    EXPECT_EQ(input.cell(1, 0)->state, CellState::current);
    for (const auto& [r, c] : {std::pair{0, 0}, {0, 1}, {1, 1}}) EXPECT_EQ(input.cell(r, c)->state, CellState::contributing);
    EXPECT_EQ(scene.grid("output")->cell(1, 0)->state, CellState::running_sum);
    EXPECT_EQ(scene.grid("output")->cell(1, 1)->state, CellState::pending);
}

TEST(SlideCell, TheGroupIsTheChannelInAllSamples) {
    const Op& op = *find_op("batch_norm2d");
    Looked looked(behind(op, {3, 2, 2, 2}, "normal", true), slide(), {1248, 860});
    const Scene scene = looked.at(looked.timeline.step_of({1, 1, 0, 0}, 9), Unit::window);
    int64_t lit = 0;
    for (const Grid& grid : scene.grids) {
        if (grid.role != Role::input) continue;
        EXPECT_EQ(grid.origin.cell.c, 1) << grid.name;
        for (const Cell& cell : grid.cells) lit += cell.state == CellState::contributing || cell.state == CellState::current;
    }
    EXPECT_EQ(lit, 3 * 2 * 2);
    EXPECT_TRUE(scene.grid("input/sample 0") && scene.grid("input/sample 2") && !scene.grid("input/sample 1"));
}

TEST(SlideCell, EvalModeDoesNotLookAtTheBatch) {
    Document document = behind(*find_op("batch_norm2d"), {2, 1, 2, 2}, "normal", false);
    Looked looked(document, slide());
    const Scene scene = looked.at(looked.timeline.step_of({0, 0, 1, 1}, 9), Unit::window);
    EXPECT_EQ(scene.grid("input/sample 1"), nullptr);
    EXPECT_EQ(scene.grid("input")->cell(0, 0)->state, CellState::normal);
    EXPECT_EQ(scene.grid("input")->cell(1, 1)->state, CellState::current);
    EXPECT_NE(scene.caption.second.find("Running_mean and running_var stand for the batch"), std::string::npos)
        << scene.caption.second;
}

TEST(SlideCell, ABlendSaysItsFactors) {
    // Doubled bilinearly: output (1, 1) of [[0, 1], [2, 3]] is 0·9/16 + 1·3/16 + 2·3/16 + 3·1/16 = 0.75.
    Document document = started("up", counted({1, 1, 2, 2}, 0));
    add_layer(document, "upsample", {{"mode", Choice{"bilinear"}}});
    Looked looked(document, slide());
    const Scene scene = looked.at(looked.timeline.step_of({0, 0, 1, 1}, 9), Unit::window);
    EXPECT_NE(texts(scene).find("0 × 0.5625 + 1 × 0.1875 + 2 × 0.1875 + 3 × 0.0625 = 0.75"), std::string::npos)
        << texts(scene);
    EXPECT_EQ(scene.caption.runs.back().text, ".");
    EXPECT_EQ(scene.caption.text(), "Output (1, 1) is a blend of four input cells: 0.75. Cell 6 of 16: "
                                    "0 × 0.5625 + 1 × 0.1875 + 2 × 0.1875 + 3 × 0.0625.");
    for (const auto& [r, c] : {std::pair{0, 0}, {0, 1}, {1, 0}, {1, 1}})
        EXPECT_EQ(scene.grid("input")->cell(r, c)->state, CellState::contributing);
}

TEST(SlideCell, OnlyTheInputsNumberIsBlue) {
    // The 0 of the formula is not the input's 0, nor are the 2s of "2 / 2 · …" both its 2.
    const auto blue = [](std::string_view op, std::vector<Setting> settings, float x) {
        Document document = started("x", Tensor({1, 1, 1, 1}, x));
        add_layer(document, op, settings);
        Looked looked(document, slide());
        std::string marked;
        for (const Label& label : looked.at(1, Unit::window).labels)
            if (label.runs.size() > 2)
                for (const convscope::Run& run : label.runs)
                    if (run.tone == Tone::input_text && run.font == Font::mono) marked += "[" + run.text + "]";
                    else if (run.font == Font::mono) marked += run.text;
        return marked;
    };
    EXPECT_NE(blue("relu", {}, 0).find("max(0, [0])"), std::string::npos) << blue("relu", {}, 0);
    EXPECT_NE(blue("relu", {}, -3).find("max(0, [−3])"), std::string::npos) << blue("relu", {}, -3);
    EXPECT_NE(blue("gelu", {{"approximate", Choice{"tanh"}}}, 2).find("[2] / 2 · (1 + tanh(√(2/π) · ([2] + 0.044715 · [2]³)))"),
              std::string::npos)
        << blue("gelu", {{"approximate", Choice{"tanh"}}}, 2);
}

TEST(SlideCell, EveryStepIsOneCellForwardAndBack) {
    for (const Op* op : ops_without_window()) {
        Looked looked(behind(*op, {2, 2, 2, 3}, "normal", true), slide());
        const Timeline& timeline = looked.timeline;
        const std::vector<Unit> expected{Unit::term, Unit::row, Unit::channel, Unit::map, Unit::layer};
        EXPECT_EQ(timeline.units(), expected) << op->id;
        EXPECT_EQ(unit_name(Unit::term, timeline), "cell");
        EXPECT_EQ(timeline.forward(0, Unit::term), timeline.forward(0, Unit::window));
        int64_t step = 0, cells = 0;
        while (step < timeline.steps()) {
            const int64_t next = timeline.forward(step, Unit::window);
            EXPECT_EQ(timeline.back(next, Unit::window), step);
            EXPECT_EQ(timeline.at(next).window, cells++);
            step = next;
        }
        EXPECT_EQ(cells, looked.layer().op_output().shape().count());
        int64_t channels = 0;
        for (step = 0; step < timeline.steps(); step = timeline.forward(step, Unit::channel)) ++channels;
        EXPECT_EQ(channels, 4);
    }
}

TEST(SlideCell, NothingLeavesTheCanvas) {
    for (const Point size : {Point{748, 580}, Point{928, 500}, Point{1248, 860}, Point{312, 410}, Point{468, 410}})
        for (const Op* op : ops_without_window())
            for (const Shape shape : {Shape{1, 1, 1, 1}, Shape{1, 1, 7, 7}, Shape{8, 3, 16, 16}, Shape{2, 1, 1, 12}, Shape{1, 1, 300, 200}}) {
                for (const bool training : {true, false}) {
                    if (training && shape.count() == 1) continue;
                    Looked looked(behind(*op, shape, "normal", training), slide(), size);
                    looked.input.pane = size.x < 500;
                    if (looked.result.layers.empty()) continue;
                    const std::string where = fmt::format("{} of {} at {}×{}", op->id, to_string(shape), size.x, size.y);
                    expect_tidy(looked.at(looked.timeline.steps() / 2 + 1, Unit::window), size, where);
                    expect_tidy(looked.at(0, Unit::window), size, where);
                }
            }
}

}  // namespace
}  // namespace convscope
