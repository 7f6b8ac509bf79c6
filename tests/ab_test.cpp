// A/B: the document as it was beside the edited one, one play head, differences told and marked.
#include "app/app_compare.h"

#include <set>

#include "app/commands.h"
#include "tests/desk.h"

namespace convscope {
namespace {

bool does(App& app, const char* label) {
    const bool ran = run(*find_command(label), app);
    wait_until_settled(app);
    update(app, 0);
    return ran;
}

std::set<std::string> marked(const Scene& scene, const std::string& grid_name) {
    std::set<std::string> cells;
    const Grid* grid = scene.grid(grid_name);
    for (const Plate& plate : scene.plates)
        for (int64_t r = 0; grid && r < grid->rows; ++r)
            for (int64_t c = 0; c < grid->columns; ++c)
                if (plate.dash_on > 0 && grid->cell_box(r, c).grown(-3) == plate.box) cells.insert(fmt::format("{},{}", r, c));
    return cells;
}

TEST(AB, AChangedWeightMarksTheOutputsItChanges) {
    Desk desk(preset("The same at stride 1"));
    App& app = desk.app;
    go_to_step(app, app.timeline.steps());
    EXPECT_FALSE(does(app, "A/B: swap"));
    ASSERT_TRUE(does(app, "A/B: keep this as A"));
    ASSERT_TRUE(a_beside(app));
    Scene same = desk.scene();
    ASSERT_TRUE(same.grid("slide/output") && same.grid("A/output"));
    EXPECT_TRUE(marked(same, "A/output").empty()) << "nothing differs yet";
    // One input cell: the outputs whose windows read it differ, found by comparing the two documents' results.
    const Tensor before = app.state.result->layers[0].op_output();
    set_value(app, {Source::input, 0, {0, 0, 0, 0}}, 50, "");
    wait_until_settled(app);
    update(app, 0);
    const Tensor after = app.state.result->layers[0].op_output();
    std::set<std::string> differ;
    for (int64_t i = 0; i < before.shape().count(); ++i) {
        const Index at = before.shape().index(i);
        if (before.at(at) != after.at(at)) differ.insert(fmt::format("{},{}", at.h, at.w));
    }
    ASSERT_FALSE(differ.empty());
    const Scene changed = desk.scene();
    EXPECT_EQ(marked(changed, "slide/output"), differ);
    EXPECT_EQ(marked(changed, "A/output"), differ);
    EXPECT_EQ(marked(changed, "slide/input"), (std::set<std::string>{"0,0"}));
    EXPECT_EQ(differing_words(app.state.document, a_beside(app)->document, 0), "other input");
}

TEST(AB, TooltipsNameTheGridAndNotThePane) {
    Desk desk(preset("The same at stride 1"));
    ASSERT_TRUE(does(desk.app, "A/B: keep this as A"));
    const Scene scene = desk.scene();
    ASSERT_TRUE(cell_facts(desk.app, scene, {"slide/kernel", 1, 1}));
    EXPECT_EQ(cell_facts(desk.app, scene, {"slide/kernel", 1, 1})->title, "Kernel (1, 1)");
    EXPECT_EQ(cell_facts(desk.app, scene, {"A/kernel", 1, 1})->title, "Kernel (1, 1)");
}

TEST(AB, DifferingParametersAreTold) {
    Desk desk(preset("The same at stride 1"));
    App& app = desk.app;
    ASSERT_TRUE(does(app, "A/B: keep this as A"));
    edit(app, with_param(app.state.document, 0, "stride", Pair{2, 2}));
    edit(app, with_param(app.state.document, 0, "padding", Padding{Padding::Kind::pair, {1, 1}}));
    update(app, 0);
    EXPECT_EQ(differing_words(app.state.document, a_beside(app)->document, 0), "stride 2, padding 1");
    EXPECT_EQ(differing_words(a_beside(app)->document, app.state.document, 0), "stride 1, padding 0");
    const Scene scene = desk.scene();
    std::set<std::string> headers;
    for (const Label& label : scene.labels) headers.insert(label.runs[0].text);
    for (const char* text : {"A", "B, edited", "stride 1, padding 0", "stride 2, padding 1"}) EXPECT_TRUE(headers.contains(text)) << text;
}

TEST(AB, SwapsAndGoesAway) {
    Desk desk(preset("The same at stride 1"));
    App& app = desk.app;
    const Document a = app.state.document;
    ASSERT_TRUE(does(app, "A/B: keep this as A"));
    edit(app, with_param(app.state.document, 0, "stride", Pair{2, 2}));
    const Document b = app.state.document;
    ASSERT_TRUE(does(app, "A/B: swap"));
    EXPECT_EQ(app.state.document, a);
    ASSERT_TRUE(a_beside(app));
    EXPECT_EQ(a_beside(app)->document, b);
    ASSERT_TRUE(does(app, "Undo"));
    EXPECT_EQ(app.state.document, b);
    ASSERT_TRUE(does(app, "A/B: keep this as A"));
    EXPECT_FALSE(has_ab(app));
    EXPECT_TRUE(desk.scene().grid("output"));
}

/// Random input found it: such a document was computed again and again, for ever.
TEST(AB, ADocumentThatDoesNotEqualItselfStandsBesideNothing) {
    App app(standard_document());
    ASSERT_TRUE(open_pytorch(app, "nn.Upsample(scale_factor=nan)"));
    const Document& document = app.state.document;
    ASSERT_FALSE(document == document);
    add_compared(app);
    EXPECT_TRUE(app.state.others.empty());
    ASSERT_FALSE(app.state.messages.empty());
    EXPECT_TRUE(app.state.messages.back().error);
    wait_until_settled(app);   // and comes back
}

TEST(AB, EveryViewOfEveryExampleStandsBesideItself) {
    for (const DocumentPreset& example : document_presets()) {
        App app(example.make());
        wait_until_settled(app);
        if (app.state.document.layers.size() > 20) continue;
        toggle_ab(app);
        for (const View& view : all_views()) {
            if (!is_offered(app, view)) continue;
            choose_view(app, view.id);
            wait_until_settled(app);
            for (const int64_t step : {int64_t(0), app.timeline.steps() / 2, app.timeline.steps()}) {
                go_to_step(app, step);
                const Scene scene = build_scene(app, {1248, 860}, 1);
                if (!a_beside(app)) continue;
                for (const Grid& grid : scene.grids) {
                    if (!grid.name.starts_with(view.id + "/")) continue;
                    const Grid* beside = scene.grid("A" + grid.name.substr(view.id.size()));
                    ASSERT_TRUE(beside) << example.name << " " << grid.name;
                    ASSERT_EQ(beside->cells.size(), grid.cells.size()) << example.name << " " << grid.name;
                    for (size_t i = 0; i < grid.cells.size(); ++i)
                        ASSERT_EQ(grid.cells[i].text, beside->cells[i].text) << example.name << " / " << view.id << " " << grid.name;
                }
            }
        }
    }
}

}  // namespace
}  // namespace convscope
