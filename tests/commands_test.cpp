// The command table: every entry says what it does, no key is taken twice, and each runs on every document.
#include "app/commands.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "core/presets.h"

namespace convscope {
namespace {

std::vector<std::string> keys_of(const Command& command) {
    std::vector<std::string> keys;
    std::string key;
    for (const char c : command.key + "|") {
        if (c != '|') {
            key += c;
        } else if (!key.empty()) {
            keys.push_back(std::exchange(key, ""));
        }
    }
    return keys;
}

TEST(Commands, EachHasALabelAMenuAndHelp) {
    const std::set<std::string> menus = {"File", "Edit", "Layer", "View", "Step", "Help"};
    std::set<std::string> labels;
    for (const Command& command : all_commands()) {
        EXPECT_FALSE(command.label.empty());
        EXPECT_TRUE(labels.insert(command.label).second) << command.label << " twice";
        EXPECT_TRUE(menus.contains(command.menu.substr(0, command.menu.find('/')))) << command.menu;
        EXPECT_GT(command.help.size(), 10u) << command.label;
        EXPECT_TRUE(command.help.ends_with('.')) << command.label;
        EXPECT_TRUE(command.run) << command.label;
        EXPECT_EQ(find_command(command.label), &command);
    }
}

TEST(Commands, NoKeyIsTakenTwice) {
    std::map<std::pair<bool, std::string>, std::string> taken;   // in a lecture keys mean other things
    for (const Command& command : all_commands())
        for (const std::string& key : keys_of(command)) {
            const auto [entry, is_new] = taken.emplace(std::pair{command.lecture, key}, command.label);
            EXPECT_TRUE(is_new) << key << ": " << entry->second << " and " << command.label;
        }
    EXPECT_GT(taken.size(), 20u);
}

TEST(Commands, TheCellsKeysAreTheCells) {
    const std::set<std::string> cells = {"Left", "Right", "Up", "Down", "Home", "End", "Plus", "Minus", "Equal", "0", "1",
                                         "2", "3", "4", "5", "6", "7", "8", "9", "Tab", "Enter", "Delete", "Backspace", "E"};
    for (const Command& command : all_commands())
        for (const std::string& key : keys_of(command))
            EXPECT_FALSE(cells.contains(key) && command.text_keys) << command.label << " " << key;
}

TEST(Commands, AreFoundAsPeopleWriteThem) {
    for (const char* label : {"open", "Open…", "OPEN...", "step forward", "kernel: sobel x", "Turn kernel 180°", "quit"})
        EXPECT_TRUE(find_command(label)) << label;
    EXPECT_FALSE(find_command("make coffee"));
    EXPECT_FALSE(find_command(""));
}

/// Every command, on every document, at the start, in the middle and with a cell selected.
TEST(Commands, EachRunsOnEveryDocument) {
    std::string clipboard = "1 2\n3 4";
    const auto prepare = [&](App& app, int variant) {
        app.host.clipboard = [&] { return clipboard; };
        app.host.set_clipboard = [&](const std::string& text) { clipboard = text; };
        app.host.quit = [] {};
        if (variant == 1) go_to_step(app, 0);
        if (variant == 2) app.state.selection.edit = CellEdit{{"kernel", 0, 0}, {Source::weight, 0, {}}, "5", true};
        if (variant == 3 && field_index(*app.state.document.layers[0].op, "kernel_size") >= 0) edit(app, with_param(app.state.document, 0, "kernel_size", Pair{40, 40}));
    };
    for (const DocumentPreset& preset : document_presets())
        for (int variant = 0; variant < 4; ++variant) {
            App app(preset.make());
            prepare(app, variant);
            for (const Command& command : all_commands()) {
                if (command.menu == "File/Sample images") continue;   // tried below, once
                clipboard = "1 2\n3 4";
                const bool enabled = is_enabled(command, app);
                if (command.checked) command.checked(app);
                EXPECT_EQ(run(command, app), enabled) << command.label << " on " << preset.name;
                wait_until_settled(app);
                update(app, 0.02);
                build_scene(app, {848, 680}, 1);
            }
        }
}

TEST(Commands, DoWhatTheySay) {
    App app(standard_document());
    const auto does = [&](const char* label) {
        const Command* command = find_command(label);
        ASSERT_TRUE(command) << label;
        EXPECT_TRUE(run(*command, app)) << label;
    };
    does("Step forward");
    EXPECT_EQ(app.state.play.step, 69);
    does("Row back");
    EXPECT_EQ(app.state.play.step, 36);
    does("End");
    EXPECT_EQ(app.state.play.step, 144);
    EXPECT_FALSE(run(*find_command("Step forward"), app));
    does("Scatter");
    EXPECT_EQ(chosen_view(app).id, "scatter");
    does("Dark theme");
    EXPECT_EQ(app.state.settings.theme, Theme::dark);
    does("Faster");
    EXPECT_EQ(app.state.play.speed, 2);
    does("Larger interface");
    EXPECT_EQ(app.state.settings.interface_scale, 1.25f);
    app.host.largest_scale = [] { return 1.375f; };
    does("Larger interface");
    EXPECT_EQ(app.state.settings.interface_scale, 1.5f);
    ASSERT_FALSE(app.state.messages.empty());
    EXPECT_EQ(app.state.messages.back().text, "Interface scale 150 %. This window has room for 138 %; make it larger for more.");
    does("Kernel: Sobel x");
    EXPECT_EQ(kernel_name(app.state.document.layers[0].weights[0], {}), "Sobel x");
    const auto sobel = app.state.document.layers[0].weights[0];
    does("Turn kernel 180°");
    const auto turned = app.state.document.layers[0].weights[0];
    for (int64_t i = 0; i < 9; ++i)
        EXPECT_EQ(turned.values()[static_cast<size_t>(i)], sobel.values()[static_cast<size_t>(8 - i)]);
    does("Undo");
    does("Undo");
    EXPECT_FALSE(app.state.history.can_undo());
    does("Redo");
    does("Zoom in");
    EXPECT_GT(app.state.camera.zoom, 1);
    does("Fit");
    EXPECT_EQ(app.state.camera, Camera{});
    does("Save as");
    EXPECT_TRUE(app.state.popups.file_dialog);
    EXPECT_EQ(app.state.popups.file_mode, FileMode::save);
    EXPECT_FALSE(run(*find_command("Quit"), app));        // nobody to close the window
    EXPECT_FALSE(run(*find_command("Zeros"), app));       // no cell is selected
}

TEST(Commands, TheWindowFillsItsMonitorOrTheOther) {
    App app(standard_document());
    const Command *fill = find_command("Full screen"), *other = find_command("Fill the other monitor");
    EXPECT_FALSE(run(*fill, app)) << "nobody to ask";
    EXPECT_FALSE(run(*other, app));
    bool full = false, has_two = false;
    int on = 0;
    app.host.full_screen = [&] { return full; };
    app.host.set_full_screen = [&](bool is) { full = is; };
    app.host.has_other_monitor = [&] { return has_two; };
    app.host.fill_other_monitor = [&] { on = 1 - on; };
    EXPECT_TRUE(run(*fill, app));
    EXPECT_TRUE(full);
    EXPECT_TRUE(fill->checked(app));
    EXPECT_TRUE(run(*fill, app));
    EXPECT_FALSE(full);
    EXPECT_FALSE(run(*other, app)) << "there is one monitor";
    has_two = true;
    EXPECT_TRUE(run(*other, app));
    EXPECT_EQ(on, 1);
}

TEST(Commands, SampleImagesOpen) {
    for (const Command& command : all_commands()) {
        if (command.menu != "File/Sample images") continue;
        App app(standard_document());
        EXPECT_TRUE(run(command, app));
        wait_until_settled(app);
        EXPECT_FALSE(app.state.messages.size() && app.state.messages.back().error) << command.label;
        EXPECT_EQ(app.state.document.layers[0].weights[0].shape().n, 8) << command.label;
    }
}

}  // namespace
}  // namespace convscope
