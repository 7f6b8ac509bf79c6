// Every view over every document preset: snapshots of the scene as text, and what must hold in any scene.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <functional>

#include "app/scene/numbers.h"
#include "app/views/story.h"
#include "app/views/view.h"
#include "core/document_json.h"
#include "core/presets.h"
#include "looked.h"

namespace convscope {
namespace {

Document preset(std::string_view name) {
    for (const DocumentPreset& p : document_presets())
        if (p.name == name) return p.make();
    ADD_FAILURE() << "no preset " << name;
    return standard_document();
}

void for_every_scene(const std::function<void(Looked&, const Scene&, const std::string&)>& look) {
    for (const DocumentPreset& p : document_presets()) {
        const Document document = p.make();
        for (const View& view : all_views()) {
            Looked looked(document, view);
            if (!view.offered(looked.layer().plan)) continue;
            const int64_t steps = looked.timeline.steps();
            for (const int64_t step : {int64_t(0), int64_t(1), steps / 3, steps / 2 + 1, steps - 1, steps})
                for (const Unit unit : {Unit::term, Unit::window})
                    look(looked, looked.at(step, unit), fmt::format("{} / {} / step {}", p.name, view.id, step));
        }
    }
}

TEST(Views, SnapshotsOfTheTeachingPresets) {
    for (const std::string name : {document_presets()[0].name, document_presets()[1].name, document_presets()[2].name})
        for (const std::string id : {"slide", "scatter", "maps"}) {
            Looked looked(preset(name), *find_view(id));
            const int64_t steps = looked.timeline.steps();
            for (const int64_t step : {int64_t(0), steps / 2 - 1, steps})
                expect_snapshot(fmt::format("{}-{}-{}", slug(name), id, step), to_text(looked.at(step)));
        }
}

/// Every view, on the first three presets whose first layer it tells.
TEST(Views, SnapshotsOfEveryView) {
    for (const View& view : all_views()) {
        int taken = 0;
        for (const DocumentPreset& p : document_presets()) {
            if (taken == 3) break;
            Looked looked(p.make(), view);
            if (!view.offered(looked.layer().plan) || (view.chains && looked.result.layers.size() < 2)) continue;
            ++taken;
            expect_snapshot(fmt::format("{}-{}", view.id, slug(p.name)), to_text(looked.at((looked.timeline.steps() + 1) / 2)));
        }
        EXPECT_GT(taken, 0) << view.id;
    }
}

TEST(Views, TheStandardDocumentTellsTheWorkedExample) {
    // By hand: window 8 of a 7×7 input, stride 2, padding 1; −18 −7 0 −4 +6 is −23.
    Looked looked(standard_document(), *find_view("slide"));
    const Scene scene = looked.at(68);
    EXPECT_EQ(scene.caption.text(),
              "Input (2, 6) = 6 times weight (1, 1) = 1 is 6, the sum so far is −23. "
              "Window 8 of 16: rows 1–3, columns 5–7. Column 7 is padding and reads as zero.");
    const Grid& input = *scene.grid("input");
    EXPECT_EQ(input.cell(2, 6)->state, CellState::current);
    EXPECT_EQ(input.cell(1, 5)->state, CellState::contributing);
    EXPECT_EQ(input.cell(1, 5)->corner, "−2");
    EXPECT_EQ(input.cell(1, 7)->state, CellState::padding_read);
    EXPECT_EQ(input.cell(0, 7)->state, CellState::padding);
    EXPECT_EQ(scene.grid("kernel")->cell(1, 1)->state, CellState::current);
    EXPECT_EQ(scene.grid("products")->cell(0, 0)->text, "−18");
    EXPECT_EQ(scene.grid("products")->cell(1, 1)->state, CellState::product_now);
    EXPECT_EQ(scene.grid("products")->cell(1, 2)->state, CellState::pending);
    EXPECT_EQ(scene.grid("output")->cell(1, 3)->text, "−23");
    EXPECT_EQ(scene.grid("output")->cell(0, 2)->text, "39");
    EXPECT_EQ(scene.grid("output")->cell(2, 0)->text, "");
}

TEST(Views, ScatterAddsOverlapsOfTheTransposedExample) {
    // By hand: [[1, 0], [2, 3]] stamped with [[2, 3], [4, 5]] at stride 1; term 10 adds 2·3 to 1·5 in the middle.
    Looked looked(preset("Transposed 2×2, overlapping stamps"), *find_view("scatter"));
    ASSERT_EQ(looked.timeline.steps(), 16);
    const Scene scene = looked.at(10);
    EXPECT_EQ(scene.caption.runs.front().text + scene.caption.runs[1].text, "Input (1, 0) = 2");
    const Grid& output = *scene.grid("output");
    EXPECT_EQ(output.cell(1, 1)->text, "11");
    EXPECT_EQ(output.cell(1, 1)->below, "5 + 6");
    EXPECT_EQ(output.cell(1, 1)->state, CellState::running_sum);
    EXPECT_EQ(output.cell(2, 2)->state, CellState::pending);
    EXPECT_EQ(scene.grid("products")->cell(0, 0)->text, "4");
}

TEST(Views, TheLastStepShowsTheWholeOutput) {
    for_every_scene([](Looked& looked, const Scene& scene, const std::string& where) {
        if (looked.input.step != looked.timeline.steps()) return;
        const Grid* output = scene.grid("output");
        if (!output || output->cells.empty()) return;
        for (const Cell& cell : output->cells) {
            if (cell.statistic) continue;  // tests/coverage_test.cpp
            if (!looked.layer().output().shape().contains(cell.ref.cell)) continue;
            EXPECT_FLOAT_EQ(cell.value, looked.layer().output().at(cell.ref.cell)) << where;
            EXPECT_FALSE(cell.text.empty()) << where;
        }
    });
}

TEST(Views, CellsShowTheNumberTheyComeFrom) {
    for_every_scene([](Looked& looked, const Scene& scene, const std::string& where) {
        for (const Grid& grid : scene.grids)
            for (const Cell& cell : grid.cells) {
                if (cell.text.empty() || cell.state == CellState::running_sum) continue;
                if (cell.ref.source == Source::input) {
                    EXPECT_EQ(cell.value, looked.layer().input.at(cell.ref.cell)) << where << " " << grid.name;
                } else if (cell.ref.source == Source::weight) {
                    const Tensor& weight = looked.result.document.layers[0].weights[static_cast<size_t>(cell.ref.which)];
                    EXPECT_EQ(cell.value, weight.at(cell.ref.cell)) << where << " " << grid.name;
                }
            }
    });
}

TEST(Views, AtMostOneCellOfAGridIsHappeningNow) {
    for_every_scene([](Looked&, const Scene& scene, const std::string& where) {
        for (const Grid& grid : scene.grids) {
            int now = 0;
            for (const Cell& cell : grid.cells)
                now += cell.state == CellState::current || cell.state == CellState::product_now;
            EXPECT_LE(now, 1) << where << " " << grid.name;
        }
    });
}

TEST(Views, EveryStepIsASentence) {
    for_every_scene([](Looked&, const Scene& scene, const std::string& where) {
        const std::string text = scene.caption.text();
        EXPECT_FALSE(scene.caption.runs.empty()) << where;
        EXPECT_TRUE(text.ends_with('.')) << where << ": " << text;
        EXPECT_EQ(text.find("  "), std::string::npos) << where << ": " << text;
        EXPECT_EQ(text.find(" ."), std::string::npos) << where << ": " << text;
    });
}

constexpr std::array kSizes{Point{748, 580}, Point{928, 500}, Point{848, 680}, Point{1248, 860}};

TEST(Views, NothingLeavesTheCanvasAndTextsDoNotOverlap) {
    for (const Point size : kSizes)
        for (const DocumentPreset& p : document_presets())
            for (const View& view : all_views()) {
                Looked looked(p.make(), view, size);
                if (!view.offered(looked.layer().plan)) continue;
                const Scene scene = looked.at(looked.timeline.steps() / 2 + 1);
                expect_tidy(scene, size, fmt::format("{} / {} at {}×{}", p.name, view.id, size.x, size.y));
            }
}

/// Two or three views side by side at 1024×720 to 1920×1080.
constexpr std::array kPanes{Point{312, 434}, Point{464, 354}, Point{468, 434}, Point{498, 714}};

TEST(Views, PanesAreTidyToo) {
    for (const Point size : kPanes)
        for (const DocumentPreset& p : document_presets())
            for (const View& view : all_views()) {
                Looked looked(p.make(), view, size);
                if (view.order != Order::by_output && view.order != Order::by_input) continue;
                if (!view.offered(looked.layer().plan)) continue;
                looked.input.pane = true;
                const Scene scene = looked.at(looked.timeline.steps() / 2 + 1);
                expect_tidy(scene, size, fmt::format("{} / {} in a pane of {}×{}", p.name, view.id, size.x, size.y));
            }
}

TEST(Views, NumbersOfTheStandardDocumentAreReadableInThreePanes) {
    // A digit needs 11 px, so a cell 18.
    for (const char* id : {"slide", "scatter", "coverage"}) {
        Looked looked(standard_document(), *find_view(id), {312, 434});
        looked.input.pane = true;
        for (const Grid& grid : looked.at(68).grids) {
            EXPECT_GE(grid.cell_px, 18) << id << " " << grid.name;
            EXPECT_GT(grid.role == Role::input || grid.role == Role::kernel ? grid.digits_px : 11, 0) << id << " " << grid.name;
        }
    }
}

/// Layers that leave little room: flat or narrow grids below long names, many channels, large kernels.
TEST(Views, AwkwardLayersAreReadableToo) {
    const auto layer = [](const char* shape, const char* op, const char* params) {
        const DocumentResult read = from_json(
            fmt::format(R"({{"convscope": 1, "input": {{"generator": "integers 0–9", "shape": [{}]}},
                             "layers": [{{"op": "{}", "params": {{{}}}}}]}})", shape, op, params), "");
        EXPECT_TRUE(read.ok()) << read.error;
        return read.document;
    };
    const std::vector<std::pair<const char*, Document>> documents{
        {"many channels", layer("1, 64, 5, 5", "conv2d", R"("in_channels": 64, "out_channels": 128, "padding": 1)")},
        {"pointwise", layer("1, 64, 4, 4", "conv2d", R"("in_channels": 64, "out_channels": 16, "kernel_size": 1)")},
        {"one row", layer("1, 6, 1, 6", "conv2d",
                          R"("in_channels": 6, "out_channels": 3, "kernel_size": [1, 4], "groups": 3, "padding": [1, 3])")},
        {"large kernels", layer("1, 1, 20, 20", "conv2d", R"("out_channels": 8, "kernel_size": 7, "padding": 3)")},
        {"narrow batch", layer("3, 2, 7, 4", "conv2d", R"("in_channels": 2, "out_channels": 2, "kernel_size": 1, "groups": 2)")},
        {"narrow batch up", layer("2, 3, 5, 2", "conv_transpose2d",
                                  R"("in_channels": 3, "out_channels": 3, "kernel_size": [3, 1], "groups": 3)")},
    };
    for (const Point size : kSizes)
        for (const auto& [name, document] : documents)
            for (const char* id : {"slide", "scatter"}) {
                const View* view = find_view(id);
                ASSERT_TRUE(view);
                Looked looked(document, *view, size);
                const std::string where = fmt::format("{} / {} at {}×{}", name, id, size.x, size.y);
                const Scene scene = looked.at(looked.timeline.steps() / 2 + 1);
                expect_tidy(scene, size, where);
                for (const Grid& grid : scene.grids)
                    EXPECT_GE(grid.cell_px, 6) << where << " grid " << grid.name;
            }
}

TEST(Views, PlacesOutsideHaveARealMinus) {
    EXPECT_EQ(place_text({0, 0, -1, 2}, false), "(−1, 2)");
    EXPECT_EQ(place_text({0, 3, 0, -2}, true), "(3, 0, −2)");
    EXPECT_EQ(place_text({0, 0, 123456, 0}, false), "(123456, 0)");
}

TEST(Views, PhotographsFitTheCanvas) {
    for (const int64_t channels : {1, 3}) {
        Document document = image_document({generate("uniform", 1, {1, channels, 768, 1024}), FromImage{"a.jpg", channels == 1, 0, ""}});
        for (const View& view : all_views()) {
            Looked looked(document, view);
            if (!view.offered(looked.layer().plan)) continue;
            const Scene scene = looked.at(looked.timeline.steps() / 2);
            for (const Grid& grid : scene.grids) {
                const std::string where = fmt::format("{} channels / {} / {}", channels, view.id, grid.name);
                EXPECT_GE(grid.box.x, 0) << where;
                EXPECT_GE(grid.box.y, 0) << where;
                EXPECT_LE(grid.box.right(), 748) << where;
                EXPECT_LE(grid.box.bottom(), 580) << where;
            }
        }
    }
}

TEST(Views, AMoveIsAFunctionOfItsFraction) {
    Looked looked(standard_document(), *find_view("slide"));
    looked.at(63, Unit::window);
    looked.input.step = 72;
    looked.input.from_step = 63;
    const auto window_at = [&](float fraction) {
        looked.input.fraction = fraction;
        for (const Plate& plate : looked.view->build(looked.input).plates)
            if (plate.border == Tone::kernel_line) return plate.box;   // the first is the window on the input
        return Box{};
    };
    const Box start = window_at(0), middle = window_at(0.5f), end = window_at(1);
    EXPECT_LT(start.x, middle.x);
    EXPECT_LT(middle.x, end.x);
    EXPECT_NEAR(middle.x, (start.x + end.x) / 2, 0.01);
}

TEST(Views, ZoomKeepsNumbersCrispAndCaptionInPlace) {
    Looked looked(standard_document(), *find_view("slide"));
    const Scene plain = looked.at(68);
    looked.input.camera.zoom = 2;
    const Scene zoomed = looked.at(68);
    EXPECT_FLOAT_EQ(zoomed.grid("input")->cell_px, 2 * plain.grid("input")->cell_px);
    EXPECT_GT(zoomed.grid("input")->digits_px, plain.grid("input")->digits_px);
    EXPECT_EQ(zoomed.caption.text(), plain.caption.text());
}

Document large_grid() {
    Document document = with_input_shape(standard_document(), {1, 1, 4096, 4096});
    return with_param(document, 0, "stride", Pair{1, 1});
}

/// Row and column under the canvas's middle, in cells.
Point cell_at_middle(const Scene& scene, const Grid& grid) {
    return {(scene.size_px.x / 2 - grid.box.x) / grid.cell_px, (scene.size_px.y / 2 - grid.box.y) / grid.cell_px};
}

TEST(Views, ZoomingIntoALargeGridStaysWhereItIs) {  // padding is two of its 4098 cells
    Looked looked(large_grid(), *find_view("slide"));
    const Grid fits = *looked.at(0).grid("input");
    const Point middle = fits.box.center();
    for (const float cell_px : {6.3f, 8.4f, 11.6f, 30.f}) {
        looked.input.camera.zoom = cell_px / fits.cell_px;
        looked.input.camera.pan_px = {-looked.input.camera.zoom * (middle.x - looked.input.size_px.x / 2),
                                      -looked.input.camera.zoom * (middle.y - looked.input.size_px.y / 2)};
        const Scene scene = looked.at(0);
        const Grid& near = *scene.grid("input");
        EXPECT_NEAR(near.cell_px, cell_px, 0.5);
        EXPECT_NEAR(cell_at_middle(scene, near).x, 2049, 0.5) << cell_px;
        EXPECT_NEAR(cell_at_middle(scene, near).y, 2049, 0.5) << cell_px;
    }
    EXPECT_GT(looked.at(0).grid("input")->digits_px, 0);
}

TEST(Views, MapsHaveNumbersWhereTheyAreNear) {
    Looked looked(large_grid(), *find_view("maps"));
    const Scene far = looked.at(0);
    for (const Grid& grid : far.grids) EXPECT_TRUE(grid.cells.empty()) << grid.name;
    const Grid fits = *far.grid("output");
    looked.input.camera.zoom = 40 / fits.cell_px;
    looked.input.camera.pan_px = {-looked.input.camera.zoom * (fits.box.center().x - looked.input.size_px.x / 2),
                                  -looked.input.camera.zoom * (fits.box.center().y - looked.input.size_px.y / 2)};
    const Scene near = looked.at(0);
    const Grid& grid = *near.grid("output");
    EXPECT_TRUE(grid.picture);
    ASSERT_GT(grid.shown_rows * grid.shown_columns, 100);
    ASSERT_LT(grid.shown_rows * grid.shown_columns, 1000);  // what lies on the canvas
    EXPECT_GT(grid.digits_px, 0);
    const Tensor& output = looked.layer().output();
    for (const auto [row, column] : {std::pair{grid.shown_row, grid.shown_column}, {grid.shown_row + 3, grid.shown_column + 5}}) {
        const float value = output.at({0, 0, row, column});
        const Cell* cell = grid.cell(row, column);
        ASSERT_TRUE(cell);
        EXPECT_EQ(cell->value, value);
        EXPECT_EQ(cell->text, number_text(static_cast<double>(value), 0));
        EXPECT_NEAR(cell->shade, value / grid.picture->high, 1e-6);  // the picture's own colour
    }
}

}  // namespace
}  // namespace convscope
