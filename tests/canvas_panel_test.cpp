// The canvas panel in a Dear ImGui context that draws nowhere: real events, several frames, no ids twice.
#include <gtest/gtest.h>

#include <imgui.h>

#include <map>
#include <set>

#include "app/commands.h"
#include "app/panels/panels.h"
#include "app/window/imgui_setup.h"
#include "core/presets.h"

namespace convscope {
namespace {

/// The canvas alone in a window of its size.
class Stage {
public:
    explicit Stage(Document document, float scale = 1) : app(std::move(document)), scale_(scale) {
        context_ = ImGui::CreateContext();
        ImGuiIO& io = ImGui::GetIO();
        io.IniFilename = nullptr;
        io.DisplaySize = {848 * scale, 680 * scale};
        io.DeltaTime = 1.0f / 60;
        fonts_ = build_fonts(*io.Fonts, scale);
        unsigned char* pixels = nullptr;
        int width = 0, height = 0;
        io.Fonts->GetTexDataAsAlpha8(&pixels, &width, &height);
        io.Fonts->SetTexID(reinterpret_cast<ImTextureID>(1));
        set_style(ImGui::GetStyle(), Theme::light, scale);
        items.attach(true);
        layout.canvas = {0, 0, io.DisplaySize.x, io.DisplaySize.y};
        app.host.set_clipboard = [this](const std::string& text) { clipboard = text; };
        app.host.clipboard = [this] { return clipboard; };
        frames(3);
    }
    ~Stage() {
        items.attach(false);
        ImGui::DestroyContext(context_);
    }
    Stage(const Stage&) = delete;
    Stage& operator=(const Stage&) = delete;

    void frame() {
        update(app, 1.0 / 60);
        scene = build_scene(app, {layout.canvas.w, layout.canvas.h}, scale_);
        items.begin_frame();
        ImGui::NewFrame();
        PanelContext panel{app, fonts_, scale_, scene, reinterpret_cast<void*>(2), {layout.canvas.w, layout.canvas.h}};
        handle_keys(panel);
        draw_canvas(panel, layout);
        ImGui::Render();
        std::set<uint32_t> seen;
        for (const UiItem& item : items.items())
            if (item.id != 0 && !item.label.empty())
                EXPECT_TRUE(seen.insert(item.id).second) << "twice: " << item.path();
    }
    void frames(int n) {
        for (int i = 0; i < n; ++i) frame();
    }

    // ---- Events

    Point middle(const std::string& grid, int64_t row, int64_t column) {
        scene = build_scene(app, {layout.canvas.w, layout.canvas.h}, scale_);
        const Grid* g = scene.grid(grid);
        EXPECT_TRUE(g) << grid;
        return g ? g->cell_box(row, column).center() : Point{};
    }
    void move(Point p) {
        ImGui::GetIO().AddMousePosEvent(p.x, p.y);
        frames(2);
    }
    void button(int which, bool down) {
        ImGui::GetIO().AddMouseButtonEvent(which, down);
        frames(2);
    }
    void click(const std::string& grid, int64_t row, int64_t column, int which = 0) {
        move(middle(grid, row, column));
        button(which, true);
        button(which, false);
        frames(20);  // the next click is no double click
    }
    void type(const char* text) {
        ImGui::GetIO().AddInputCharactersUTF8(text);
        frames(2);
    }
    void key(ImGuiKey k) {
        ImGui::GetIO().AddKeyEvent(k, true);
        frames(2);
        ImGui::GetIO().AddKeyEvent(k, false);
        frames(2);
    }
    void wheel(float turns) {
        ImGui::GetIO().AddMouseWheelEvent(0, turns);
        frames(2);
    }

    float input(int64_t h, int64_t w) const { return app.state.document.input.tensor.at({0, 0, h, w}); }

    App app;
    Scene scene;
    WindowLayout layout;
    ItemRecorder items;
    std::string clipboard;

private:
    float scale_;
    ImGuiContext* context_ = nullptr;
    UiFonts fonts_;
};

TEST(CanvasPanel, ShowsEveryPresetInEveryView) {
    for (const DocumentPreset& preset : document_presets()) {
        Stage stage(preset.make());
        for (const View& view : all_views()) {
            choose_view(stage.app, view.id);
            stage.frames(2);
            for (const Grid& grid : std::vector<Grid>(stage.scene.grids)) {
                stage.move(grid.box.center());
                stage.move({grid.box.x + 1, grid.box.y + 1});
            }
            stage.frames(30);  // the tooltip
            stage.button(0, true);
            stage.button(0, false);
        }
    }
}

TEST(CanvasPanel, ClickTypeEnter) {
    Stage stage(standard_document());
    stage.click("input", 2, 3);
    stage.type("-4.5");
    stage.key(ImGuiKey_Enter);
    EXPECT_EQ(stage.input(2, 3), -4.5f);
    stage.type("8");
    stage.key(ImGuiKey_Tab);
    EXPECT_EQ(stage.input(3, 3), 8);
    EXPECT_EQ(stage.app.state.selection.edit->cell, (CellRef{"input", 3, 4}));
    // The cell's keys are not the play's.
    const int64_t before = stage.app.state.play.step;
    for (const ImGuiKey key : {ImGuiKey_RightArrow, ImGuiKey_Home, ImGuiKey_End, ImGuiKey_LeftArrow}) stage.key(key);
    stage.type("0+");
    EXPECT_EQ(stage.app.state.play.step, before);
    EXPECT_EQ(stage.app.state.play.speed, 1);
    stage.key(ImGuiKey_Escape);
    stage.key(ImGuiKey_Escape);
    EXPECT_FALSE(stage.app.state.selection.edit);
    stage.key(ImGuiKey_RightArrow);
    EXPECT_EQ(stage.app.state.play.step, before + 1);
}

TEST(CanvasPanel, FastDragPaintsEveryCell) {
    Stage stage(standard_document());
    ImGuiIO& io = ImGui::GetIO();
    const Point from = stage.middle("input", 0, 0), to = stage.middle("input", 0, 6);
    stage.move(from);
    // All of it arrives between two frames.
    io.AddMouseButtonEvent(0, true);
    io.AddMousePosEvent(to.x, to.y);
    io.AddMouseButtonEvent(0, false);
    stage.frames(6);
    for (int64_t w = 0; w < 7; ++w) EXPECT_EQ(stage.input(0, w), 3) << w;
    EXPECT_EQ(stage.app.state.history.entries().size(), 2u);
}

TEST(CanvasPanel, SpacePlaysUnlessItDragged) {
    Stage stage(standard_document());
    ImGuiIO& io = ImGui::GetIO();
    const Point p = stage.middle("input", 3, 3);
    stage.move(p);
    stage.key(ImGuiKey_Space);
    EXPECT_TRUE(stage.app.state.play.playing);
    stage.key(ImGuiKey_Space);
    EXPECT_FALSE(stage.app.state.play.playing);

    io.AddKeyEvent(ImGuiKey_Space, true);
    stage.frames(2);
    EXPECT_FALSE(stage.app.state.play.playing);
    stage.button(0, true);
    stage.move({p.x + 50, p.y + 10});
    stage.button(0, false);
    io.AddKeyEvent(ImGuiKey_Space, false);
    stage.frames(3);
    EXPECT_FALSE(stage.app.state.play.playing);
    EXPECT_EQ(stage.app.state.camera.pan_px, (Point{50, 10}));
    EXPECT_FALSE(stage.app.state.history.can_undo());
    stage.key(ImGuiKey_Space);                            // and the next time it plays again
    EXPECT_TRUE(stage.app.state.play.playing);
}

TEST(CanvasPanel, MiddleDragPansAndZeroFits) {
    Stage stage(standard_document());
    const Point p = stage.middle("kernel", 1, 1);
    stage.move(p);
    stage.button(2, true);
    stage.move({p.x - 30, p.y});
    stage.button(2, false);
    EXPECT_EQ(stage.app.state.camera.pan_px, (Point{-30, 0}));
    stage.key(ImGuiKey_0);
    EXPECT_EQ(stage.app.state.camera, Camera{});
}

TEST(CanvasPanel, WheelOverCellAndGround) {
    Stage stage(standard_document());
    const float before = stage.input(2, 2);
    stage.move(stage.middle("input", 2, 2));
    stage.wheel(2);
    EXPECT_EQ(stage.input(2, 2), before + 2);
    stage.move({4, 4});
    stage.wheel(1);
    EXPECT_GT(stage.app.state.camera.zoom, 1);
}

TEST(CanvasPanel, RightClickOffersThePlane) {
    Stage stage(standard_document());
    stage.click("kernel", 0, 0, 1);
    std::set<std::string> labels;
    for (const UiItem& item : stage.items.items()) labels.insert(item.label);
    for (const char* label : {"Zeros", "Ones", "Random", "Impulse", "Gradient", "Copy", "Paste"})
        EXPECT_TRUE(labels.contains(label)) << label;
    const auto& items = stage.items.items();
    const auto ones = std::find_if(items.begin(), items.end(), [](const UiItem& i) { return i.label == "Ones"; });
    ASSERT_NE(ones, items.end());
    stage.move(ones->box.center());
    stage.button(0, true);
    stage.button(0, false);
    for (const float value : stage.app.state.document.layers[0].weights[0].values()) EXPECT_EQ(value, 1);
    EXPECT_EQ(stage.app.state.history.entries().size(), 2u);
}

TEST(CanvasPanel, CopyAndPasteByKeys) {
    Stage stage(standard_document());
    stage.clipboard = "1,2,3\n4,5,6\n7,8,9";
    stage.click("kernel", 1, 1);
    ImGuiIO& io = ImGui::GetIO();
    const auto ctrl = [&](ImGuiKey key) {
        io.AddKeyEvent(ImGuiMod_Ctrl, true);
        stage.frames(2);
        stage.key(key);
        io.AddKeyEvent(ImGuiMod_Ctrl, false);
        stage.frames(2);
    };
    ctrl(ImGuiKey_V);
    EXPECT_EQ(stage.app.state.document.layers[0].weights[0].at({0, 0, 2, 2}), 9);
    stage.clipboard.clear();
    ctrl(ImGuiKey_C);
    EXPECT_EQ(stage.clipboard, "1\t2\t3\n4\t5\t6\n7\t8\t9\n");
    ctrl(ImGuiKey_Z);
    EXPECT_EQ(stage.app.state.document.layers[0].weights[0].at({0, 0, 2, 2}), 2);
}

TEST(CanvasPanel, HitsAreItems) {
    Stage stage(standard_document());
    bool copies = false;
    for (const UiItem& item : stage.items.items()) copies = copies || item.path() == "Canvas/copy caption";
    EXPECT_TRUE(copies);
    const UiItem* copy = stage.items.find("Canvas/copy caption");
    ASSERT_TRUE(copy);
    stage.move(copy->box.center());
    stage.button(0, true);
    stage.button(0, false);
    EXPECT_EQ(stage.clipboard, stage.scene.caption.text());
}

TEST(CanvasPanel, APlaneThatGoesTakesItsSelectionAlong) {
    Stage stage(standard_document());
    stage.click("kernel", 2, 2);
    ASSERT_TRUE(stage.app.state.selection.edit);
    edit(stage.app, with_param(stage.app.state.document, 0, "kernel_size", Pair{2, 2}));
    stage.frames(2);
    EXPECT_FALSE(stage.app.state.selection.edit);
}

TEST(CanvasPanel, AtDoubleScale) {
    Stage stage(standard_document(), 2);
    stage.click("input", 2, 3);
    stage.type("123456789");
    stage.frames(30);
    stage.key(ImGuiKey_Enter);
    EXPECT_EQ(stage.input(2, 3), 123456789);
}

}  // namespace
}  // namespace convscope
