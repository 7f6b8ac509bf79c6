// The finder: everything by a few letters, and what a text says outright.
#include "app/finder.h"

#include <gtest/gtest.h>

#include "app/app_answers.h"
#include "app/commands.h"
#include "tests/desk.h"

namespace convscope {
namespace {

/// Runs the first row that is found and enabled; its label.
std::string does(App& app, const std::string& typed) {
    for (const Found& row : find_everything(app, typed)) {
        if (!row.enabled || !row.field.empty()) continue;
        row.run(app);
        wait_until_settled(app);
        return row.label;
    }
    return "";
}
std::string value(const App& app, std::string_view key) {
    const Layer& layer = *chosen_layer(app);
    return to_text(layer.params[static_cast<size_t>(field_index(*layer.op, key))]);
}
const Found* row_of(const std::vector<Found>& rows, std::string_view label) {
    for (const Found& row : rows)
        if (row.label == label) return &row;
    return nullptr;
}

TEST(Finder, AParameterWithAValueSetsIt) {
    App app(standard_document());
    EXPECT_EQ(does(app, "stride 1"), "Set stride to 1");
    EXPECT_EQ(value(app, "stride"), "1");
    EXPECT_EQ(does(app, "padding same"), "Set padding to same");
    EXPECT_EQ(value(app, "padding"), "same");
    EXPECT_EQ(does(app, "kernel 5"), "Set kernel_size to 5");
    EXPECT_EQ(does(app, "Dilation=2 1"), "Set dilation to 2×1");
    EXPECT_EQ(does(app, "padding_mode circular"), "Set padding_mode to circular");
    EXPECT_EQ(does(app, "bias on"), "Set bias to on");
    EXPECT_EQ(value(app, "bias"), "on");
    const auto same = find_everything(app, "bias on");
    const Found* row = row_of(same, "Set bias to on");
    ASSERT_TRUE(row);
    EXPECT_FALSE(row->enabled) << "it is so already";
    EXPECT_EQ(row_of(find_everything(app, "stride banana"), "Set stride to banana"), nullptr);
}

TEST(Finder, InTheNotationThatIsShown) {
    App app(standard_document());
    app.state.settings.padding_total = true;
    EXPECT_EQ(does(app, "padding 4"), "Set padding to 4");
    EXPECT_EQ(value(app, "padding"), "2") << "two on each side";
}

TEST(Finder, ACellIsPinned) {
    App app(standard_document());
    EXPECT_EQ(does(app, "output 1,3"), "Pin output (1, 3)");
    EXPECT_EQ(app.state.selection.pinned, (Ref{Source::stage, 0, {0, 0, 1, 3}}));
    EXPECT_EQ(does(app, "input (6 6)"), "Pin input (6, 6)");
    EXPECT_EQ(app.state.selection.pinned, (Ref{Source::input, 0, {0, 0, 6, 6}}));
    EXPECT_EQ(does(app, "kernel 0,0,2,1"), "Pin kernel (0, 2, 1)");
    EXPECT_EQ(app.state.selection.pinned, (Ref{Source::weight, 0, {0, 0, 2, 1}}));
    const auto rows = find_everything(app, "output 4,0");
    const Found* outside = row_of(rows, "Pin output (4, 0)");
    ASSERT_TRUE(outside);
    EXPECT_FALSE(outside->enabled);
    EXPECT_EQ(outside->hint, "outside: it is 1×1×4×4");
    for (const Found& row : find_everything(app, "output 99999999999999999999,1")) EXPECT_NE(row.group, "Do");

    const auto play = find_everything(app, "output 0,2");
    row_of(play, "Play up to output (0, 2)")->run(app);
    EXPECT_EQ(app.timeline.at(app.state.play.step).cell, (Index{0, 0, 0, 2}));
}

TEST(Finder, StepsLayersAndChannels) {
    App app(document_presets()[0].make());
    EXPECT_EQ(does(app, "step 12"), "Go to step 12");
    EXPECT_EQ(app.state.play.step, 12);
    EXPECT_EQ(does(app, "step 145"), "") << "there are 144";
    show_document(app, preset("Convolution, batch norm, ReLU"), "chain");
    wait_until_settled(app);
    EXPECT_EQ(does(app, "layer 3"), "Go to layer 3");
    EXPECT_EQ(app.state.layer, 2);
}

TEST(Finder, CommandsRecentFilesAndPyTorch) {
    App app(standard_document());
    app.state.settings.recent = {"/somewhere/edges.convscope.json"};
    EXPECT_TRUE(row_of(find_everything(app, "edges"), "Open edges.convscope.json"));
    EXPECT_EQ(does(app, "nn.Conv2d(1, 2, 3)"), "Open this PyTorch text");
    EXPECT_EQ(app.state.document.layers[0].weights[0].shape().n, 2);
    // Every command of the window is found by its label, first among its like.
    for (const Command& command : all_commands())
        if (!command.lecture) EXPECT_TRUE(row_of(find_everything(app, command.label), command.label)) << command.label;
    EXPECT_FALSE(row_of(find_everything(app, "Blank screen"), "Blank screen"));
    set_lecture(app, true);
    EXPECT_TRUE(row_of(find_everything(app, "Blank screen"), "Blank screen"));
    EXPECT_GT(find_everything(app, "").size(), 100u);
    EXPECT_TRUE(find_everything(app, "qqqqq").empty());
}

}  // namespace
}  // namespace convscope
