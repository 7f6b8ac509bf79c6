// No text of a panel is cut or lies on another, from 1024×640 to 3840×2160 and at several interface scales.
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <set>

#include <fmt/format.h>
#include <imgui.h>

#include "app/app_answers.h"
#include "app/commands.h"
#include "app/window/window.h"
#include "tests/desk.h"
#include "tests/panel_bench.h"

namespace convscope {
namespace {

using testing_ui::PanelBench;
using ui::DrawnText;

/// The chain scrolls sideways, everything else only up and down.
bool scrolls_sideways(const DrawnText& text) { return text.window == "Chain"; }
bool is_seen(const DrawnText& text) {
    const bool inside = text.box.x >= text.clip.x && text.box.right() <= text.clip.right();
    return text.box.w > 0 && text.clip.contains({text.clip.center().x, text.box.center().y}) && (inside || !scrolls_sideways(text));
}

/// Sentences about what is cut or lies on something else.
std::vector<std::string> faults(const ui::DrawnTexts& texts, Point window) {
    std::vector<std::string> found;
    constexpr float kSlack = 1.5f;
    for (size_t i = 0; i < texts.size(); ++i) {
        const DrawnText& a = texts[i];
        if (!is_seen(a)) continue;
        if (a.box.right() > std::min(a.clip.right(), window.x) + kSlack || a.box.x < std::max(a.clip.x, 0.f) - kSlack)
            found.push_back(fmt::format("{}: “{}” is cut: {:.0f}…{:.0f} in {:.0f}…{:.0f}", a.window, a.text, a.box.x,
                                        a.box.right(), a.clip.x, a.clip.right()));
        for (size_t k = i + 1; k < texts.size(); ++k) {
            const DrawnText& b = texts[k];
            if (b.window != a.window || !is_seen(b)) continue;
            const float wide = std::min(a.box.right(), b.box.right()) - std::max(a.box.x, b.box.x);
            const float high = std::min(a.box.bottom(), b.box.bottom()) - std::max(a.box.y, b.box.y);
            if (wide > kSlack && high > kSlack)
                found.push_back(fmt::format("{}: “{}” lies on “{}” at {:.0f},{:.0f}", a.window, b.text, a.text, b.box.x, b.box.y));
        }
    }
    return found;
}

/// Sentences about widgets that reach out of the window, or sideways out of the part they are in.
std::vector<std::string> faults(const std::vector<UiItem>& items, Point window, float scale) {
    std::vector<std::string> found;
    const float slack = 0.5f + scale;  // a row may lie under its dialog's border
    for (const UiItem& item : items) {
        // The chain scrolls sideways; what views place on the canvas is views_test's.
        if (item.label.empty() || !item.visible() || item.path().starts_with("Chain/") || item.path().starts_with("Canvas/")) continue;
        const Box &box = item.box, &clip = item.clip;
        if (box.x < -slack || box.right() > window.x + slack || box.x < clip.x - slack || box.right() > clip.right() + slack)
            found.push_back(fmt::format("{} is cut: {:.0f}…{:.0f} in {:.0f}…{:.0f}", item.path(), box.x, box.right(), clip.x, clip.right()));
    }
    return found;
}

struct Look {
    Point size;
    float scale;
};
constexpr Point kSizes[] = {{1024, 640}, {1280, 800}, {1440, 900}, {1920, 1080}, {3840, 2160}};
constexpr float kScales[] = {0.75f, 1, 1.5f, 2, 3};

/// What each setting comes to at each size; several come to the same in small windows.
std::vector<Look> all_looks() {
    std::vector<Look> looks;
    for (const Point size : kSizes)
        for (const float wanted : kScales) {
            const float scale = fitting_scale(wanted, 1, static_cast<int>(size.x), static_cast<int>(size.y));
            if (looks.empty() || looks.back().size.x != size.x || looks.back().scale != scale) looks.push_back({size, scale});
        }
    return looks;
}

const char* const kDocuments[] = {"Emboss on random integers", "Transposed 2×2, overlapping stamps", "Three channels in, four out",
                                  "Batch norm of four numbers", "DCGAN generator, small", "Vanishing: sigmoid, Xavier",
                                  "Rectangular everything", "Residual block"};

class PanelText : public testing::TestWithParam<Look> {};

TEST_P(PanelText, IsNeitherCutNorCovered) {
    const Look& look = GetParam();
    std::vector<std::string> all;
    std::set<std::string> told;   // a view shows the panels that the last one showed
    const auto note = [&](PanelBench& bench, const std::string& where) {
        std::vector<std::string> found = faults(bench.texts(), look.size);
        std::ranges::move(faults(bench.items(), look.size, look.scale), std::back_inserter(found));
        for (const std::string& fault : found)
            if (told.insert(fault).second) all.push_back(where + ", " + fault);
    };
    for (const char* name : kDocuments) {
        PanelBench bench(preset(name), look.size, look.scale);
        App& app = bench.app();
        bench.frames(3);
        note(bench, name);
        Popups& popups = app.state.popups;
        if (bench.layout().rails) {
            popups.left_rail_open = popups.right_rail_open = true;
            bench.frames(2);
            note(bench, std::string(name) + " / open rails");
            popups.left_rail_open = popups.right_rail_open = false;
        }
        for (const View& view : all_views()) {
            if (!is_offered(app, view)) continue;
            choose_view(app, view.id);
            bench.frames(2);
            note(bench, std::string(name) + " / " + view.id);
        }
        app.state.settings.keras_names = true;
        app.state.settings.padding_total = true;
        bench.frames(2);
        note(bench, std::string(name) + " / Keras");
    }
    PanelBench bench(preset(kDocuments[0]), look.size, look.scale);
    App& app = bench.app();
    app.state.settings.recent = {"/a/folder/with a very long name for a document that goes on and on.convscope.json"};
    Popups& popups = app.state.popups;
    for (bool Popups::*popup : {&Popups::palette, &Popups::help, &Popups::about, &Popups::file_dialog, &Popups::add_layer}) {
        popups.*popup = true;
        bench.frames(4);
        note(bench, "popup");
        popups.*popup = false;
        bench.frames(2);
    }
    for (popups.tour = 0; popups.tour >= 0; popups.tour = popups.tour < 5 ? popups.tour + 1 : -1) {
        bench.frames(2);
        note(bench, "tour");
    }
    // What is chosen in the file dialog, of each kind.
    popups.file.folder = std::string(CONVSCOPE_SOURCE_DIR) + "/tests/scripts";
    popups.file_dialog = true;
    bench.frames(4);
    for (int row = 0; row < 12; ++row) {
        note(bench, "file dialog");
        bench.key(ImGuiKey_DownArrow);
    }
    for (const FileMode mode : {FileMode::save, FileMode::save_weights}) {
        popups.file_dialog = false;
        bench.frames(2);
        popups.file_mode = mode;
        popups.file_dialog = true;
        bench.frames(4);
        note(bench, "saving");
    }
    popups.file_dialog = false;
    bench.frames(2);
    for (const char* typed : {"stride 2", "output 1,3", "zzzz", "kernel", "nn.Conv2d(1, 1, 3, strid=2)"}) {
        popups.palette = true;
        bench.frames(3);
        bench.type(typed);
        note(bench, std::string("palette ") + typed);
        popups.palette = false;
        bench.frames(2);
    }
    // A tree of states, some of them left.
    for (int i = 1; i < 12; ++i) {
        edit(app, with_param(app.state.document, 0, "stride", Pair{1 + i % 3, 1}));
        if (i % 4 == 0) undo(app);
    }
    popups.history = true;
    bench.frames(3);
    note(bench, "history");
    popups.history = false;
    popups.skip = true;
    bench.frames(3);
    note(bench, "skip");
    bench.key(ImGuiKey_Escape);
    toggle_beside(app, "scatter");
    bench.frames(3);
    note(bench, "two views");
    toggle_beside(app, "coverage");
    bench.frames(3);
    note(bench, "three views");
    clear_beside(app);
    set_lecture(app, true);
    for (bool Lecture::*member : {&Lecture::hides, &Lecture::laser, &Lecture::blank}) {
        bench.frames(2);
        note(bench, "lecture");
        app.state.lecture.*member = true;
    }
    set_lecture(app, false);
    app.state.lecture = {};
    bench.frames(2);
    run(*find_command("A/B: keep this as A"), app);
    edit(app, with_param(app.state.document, 0, "dilation", Pair{2, 2}));
    bench.frames(3);
    note(bench, "A/B");
    run(*find_command("Compare: remove"), app);
    say(app, std::string(300, 'x'), true);
    popups.log = true;
    bench.frames(3);
    note(bench, "log");
    popups.log = false;
    bench.frames(2);
    set_predicting(app, true);
    guess(app, *asked_output(app), "12345678901234567890");
    bench.frames(2);
    note(bench, "predicting");
    set_predicting(app, false);
    edit(app, with_param(app.state.document, 0, "kernel_size", Pair{40, 40}));
    bench.frames(2);
    note(bench, "impossible");
    say(app, "Something went wrong, and this sentence says at some length what it was and what would have worked.", true);
    bench.frames(2);
    note(bench, "message");
    std::string text;
    for (size_t i = 0; i < std::min<size_t>(all.size(), 40); ++i) text += "\n  " + all[i];
    EXPECT_TRUE(all.empty()) << all.size() << " faults" << text;
}

INSTANTIATE_TEST_SUITE_P(Looks, PanelText, testing::ValuesIn(all_looks()), [](const auto& info) {
    return fmt::format("{:.0f}x{:.0f}_at_{:.0f}", info.param.size.x, info.param.size.y, info.param.scale * 100);
});

TEST(PanelTextTest, SeesWhatIsCutAndWhatIsCovered) {
    const DrawnText a{"one", "Panel", {10, 10, 50, 10}, {0, 0, 100, 100}};
    DrawnText b = a;
    b.text = "two";
    b.box.x = 40;
    EXPECT_EQ(faults({a, b}, {200, 200}).size(), 1u);
    b.box.x = 70;
    EXPECT_EQ(faults({a, b}, {200, 200}).size(), 1u) << "70 … 120 of 100";
    b.box.x = 62;
    b.box.w = 30;
    EXPECT_EQ(faults({a, b}, {200, 200}).size(), 0u);
    b.box.y = 300;   // scrolled out of sight
    b.box.x = 20;
    EXPECT_EQ(faults({a, b}, {200, 200}).size(), 0u);
    UiItem item;
    item.label = "Open";
    item.box = {10, 10, 50, 10};
    item.clip = {0, 0, 100, 100};
    EXPECT_EQ(faults(std::vector{item}, {200, 200}, 1).size(), 0u);
    item.box.w = 95;
    EXPECT_EQ(faults(std::vector{item}, {200, 200}, 1).size(), 1u);
    item.clip.w = 400;
    EXPECT_EQ(faults(std::vector{item}, {100, 200}, 1).size(), 1u) << "out of the window";
}

}  // namespace
}  // namespace convscope
