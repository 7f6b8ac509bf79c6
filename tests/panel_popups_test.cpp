// Palette, menus and file dialog: what a person does with them has its effect, also by keys alone.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include <imgui.h>

#include "app/commands.h"
#include "core/presets.h"
#include "tests/panel_bench.h"

namespace convscope {
namespace {

using testing_ui::PanelBench;

std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (size_t i = 0; i < std::min<size_t>(lines.size(), 12); ++i) text += "\n  " + lines[i];
    return text;
}

Value param(const App& app, std::string_view key) {
    const Layer& layer = app.state.document.layers[static_cast<size_t>(app.state.layer)];
    return layer.params[static_cast<size_t>(field_index(*layer.op, key))];
}

TEST(PanelPopups, ThePaletteFindsAndRuns) {
    PanelBench bench(standard_document());
    App& app = bench.app();
    bench.frames(2);
    bench.key(ImGuiMod_Ctrl | ImGuiKey_P);
    ASSERT_TRUE(app.state.popups.palette);
    bench.type("turn kern");
    bench.key(ImGuiKey_Enter);
    EXPECT_FALSE(app.state.popups.palette);
    EXPECT_NE(kernel_name(app.state.document.layers[0].weights[0], {}), "Emboss");
    bench.key(ImGuiMod_Ctrl | ImGuiKey_P);
    bench.type("kernel_size");
    bench.key(ImGuiKey_Enter);
    bench.type("5");
    EXPECT_EQ(to_text(param(app, "kernel_size")), "5");
    bench.key(ImGuiKey_Enter);
    bench.key(ImGuiMod_Ctrl | ImGuiKey_P);
    bench.type("zzzz");
    bench.key(ImGuiKey_Escape);
    EXPECT_FALSE(app.state.popups.palette);
    EXPECT_TRUE(bench.faults().empty()) << joined(bench.faults());
}

TEST(PanelPopups, TheTourGoesThroughTheWindowAndCanBeLeft) {
    PanelBench bench(standard_document());
    const int& stop = bench.app().state.popups.tour;
    bench.frames(2);
    EXPECT_FALSE(bench.find("Tour/Next"));
    ASSERT_TRUE(run(*find_command("Tour of the window"), bench.app()));
    bench.frames(3);
    for (int i = 0; i < 5; ++i) {
        EXPECT_EQ(stop, i);
        ASSERT_TRUE(bench.click("Tour/Next")) << i;
    }
    ASSERT_TRUE(bench.click("Tour/Back"));
    EXPECT_EQ(stop, 4);
    // Nothing is modal: the parameters work meanwhile.
    ASSERT_TRUE(bench.click("Parameters/stride +"));
    EXPECT_EQ(to_text(param(bench.app(), "stride")), "3");
    EXPECT_EQ(stop, 4);
    ASSERT_TRUE(bench.click("Tour/Next"));
    ASSERT_TRUE(bench.click("Tour/Done"));
    EXPECT_EQ(stop, -1);
    run(*find_command("Tour of the window"), bench.app());
    bench.frames(2);
    bench.key(ImGuiKey_Escape);
    EXPECT_EQ(stop, -1);
    EXPECT_TRUE(bench.faults().empty()) << joined(bench.faults());
}

TEST(PanelPopups, TheLogKeepsWhatWasSaidAndAReportTellsIt) {
    PanelBench bench(standard_document());
    App& app = bench.app();
    say(app, "The file is gone.", true);
    say(app, "Copied the numbers.");
    app.state.messages.clear();   // dismissed
    edit(app, with_param(app.state.document, 0, "kernel_size", Pair{40, 40}));
    bench.key(ImGuiMod_Ctrl | ImGuiKey_J);
    ASSERT_TRUE(app.state.popups.log);
    bool written = false;
    for (const ui::DrawnText& text : bench.texts()) written |= text.text == "The file is gone.";
    EXPECT_TRUE(written);
    std::string copied;
    app.host.set_clipboard = [&](const std::string& text) { copied = text; };
    ASSERT_TRUE(bench.click("Copy report"));
    for (const char* part : {"Convscope ", "Graphics: none", "light at 100 %", "(error) The file is gone.", "Copied the numbers.",
                             "Impossible: ", "\"kernel_size\""})
        EXPECT_NE(copied.find(part), std::string::npos) << part << " is not in\n" << copied;
    EXPECT_TRUE(bench.faults().empty()) << joined(bench.faults());
}

TEST(PanelPopups, MenusRunTheCommandTable) {
    PanelBench bench(standard_document());
    App& app = bench.app();
    bench.frames(2);
    ASSERT_TRUE(bench.click("Menu/View"));
    const UiItem* looks = bench.find("Appearance");
    ASSERT_NE(looks, nullptr);
    bench.move_to(looks->box.center());
    bench.frames(2);
    ASSERT_TRUE(bench.click("Dark theme"));
    EXPECT_EQ(app.state.settings.theme, Theme::dark);
    ASSERT_TRUE(bench.click("Menu/Edit"));
    const UiItem* sub = bench.find("Kernel");
    ASSERT_NE(sub, nullptr);
    bench.move_to(sub->box.center());
    bench.frames(2);
    ASSERT_TRUE(bench.click("Kernel: Identity"));
    EXPECT_EQ(kernel_name(app.state.document.layers[0].weights[0], {}), "Identity");
    EXPECT_TRUE(bench.faults().empty()) << joined(bench.faults());
}

TEST(PanelPopups, EveryExampleStandsInTheMenuOfItsGroup) {
    PanelBench bench(standard_document());
    bench.frames(2);
    const auto point_at = [&](const std::string& label) {
        const UiItem* row = bench.find(label);
        ASSERT_NE(row, nullptr) << label;
        bench.move_to(row->box.center());
        bench.frames(2);
    };
    ASSERT_TRUE(bench.click("Menu/File"));
    point_at("Examples");
    for (const DocumentPreset& preset : document_presets()) {
        point_at(preset.group);
        EXPECT_NE(bench.find(preset.name), nullptr) << preset.group << ", " << preset.name;
        for (const DocumentPreset& other : document_presets())
            if (other.group != preset.group)
                EXPECT_EQ(bench.find(other.name), nullptr) << preset.group << ", " << other.name;
    }
    point_at("Chains");
    ASSERT_TRUE(bench.click("Residual block"));
    EXPECT_EQ(bench.app().state.document.name, "Residual block");
    EXPECT_TRUE(bench.faults().empty()) << joined(bench.faults());
}

TEST(PanelPopups, FilesAreSavedAndOpenedByKeysAlone) {
    namespace fs = std::filesystem;
    const fs::path folder = fs::temp_directory_path() / "convscope_panels_test";
    fs::remove_all(folder);
    fs::create_directories(folder / "inner");
    std::ofstream(folder / "broken.png") << "no image";
    std::ofstream(folder / ".hidden.png") << "x";
    PanelBench bench(standard_document());
    App& app = bench.app();
    bench.frames(2);
    const auto open_at = [&](FileMode mode) {
        app.state.popups.file = {};
        app.state.popups.file.folder = folder.string();
        app.state.popups.file_mode = mode;
        app.state.popups.file_dialog = true;
        bench.frames(3);
    };
    open_at(FileMode::save);
    bench.key(ImGuiMod_Ctrl | ImGuiKey_A);
    bench.type("mine");
    bench.key(ImGuiKey_Enter);
    EXPECT_FALSE(app.state.popups.file_dialog) << app.state.popups.file.error;
    ASSERT_TRUE(fs::exists(folder / "mine.json"));

    open_at(FileMode::open);
    EXPECT_EQ(app.state.popups.file.listing.entries.size(), 4u);
    EXPECT_NE(bench.find("Files/broken.png"), nullptr);
    EXPECT_EQ(bench.find("Files/.hidden.png"), nullptr);
    bench.type("brok");
    bench.key(ImGuiKey_Enter);
    EXPECT_TRUE(app.state.popups.file_dialog);
    EXPECT_NE(app.state.popups.file.error.find("broken.png"), std::string::npos);
    for (int i = 0; i < 2; ++i) bench.key(ImGuiKey_Backspace);  // the selected letters, then up
    EXPECT_EQ(app.state.popups.file.listing.path, fs::temp_directory_path().string());
    bench.key(ImGuiKey_Escape);
    EXPECT_FALSE(app.state.popups.file_dialog);

    show_document(app, document_presets().back().make(), "other");
    open_at(FileMode::open);
    bench.type("mine");
    bench.key(ImGuiKey_Enter);
    EXPECT_FALSE(app.state.popups.file_dialog);
    EXPECT_EQ(app.state.document.name, standard_document().name);

    // The same name again: asked first.
    app.state.file.clear();
    open_at(FileMode::save);
    bench.key(ImGuiMod_Ctrl | ImGuiKey_A);
    bench.type("mine.json");
    bench.key(ImGuiKey_Enter);
    EXPECT_TRUE(app.state.popups.file_dialog);
    EXPECT_TRUE(app.state.popups.file.asks_overwrite);
    bench.key(ImGuiKey_Enter);
    EXPECT_FALSE(app.state.popups.file_dialog);

    // Weights and output have dialogs of their own, with names and endings of theirs.
    open_at(FileMode::save_weights);
    EXPECT_EQ(app.state.popups.file.typed, "mine weights.safetensors");
    bench.key(ImGuiKey_Enter);
    EXPECT_FALSE(app.state.popups.file_dialog) << app.state.popups.file.error;
    EXPECT_TRUE(fs::exists(folder / "mine weights.safetensors"));
    open_at(FileMode::save_output);
    bench.key(ImGuiMod_Ctrl | ImGuiKey_A);
    bench.type("y");
    bench.key(ImGuiKey_Enter);
    EXPECT_FALSE(app.state.popups.file_dialog) << app.state.popups.file.error;
    EXPECT_TRUE(fs::exists(folder / "y.npy"));
    EXPECT_TRUE(app.state.file.ends_with("mine.json"));  // the document's own file stays
    EXPECT_TRUE(bench.faults().empty()) << joined(bench.faults());
    fs::remove_all(folder);
}

}  // namespace
}  // namespace convscope
