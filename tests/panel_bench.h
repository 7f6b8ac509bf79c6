// A window without a window: ImGui with no renderer, all panels drawn, input by label.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "app/app.h"
#include "app/panels/draw.h"
#include "app/window/test_hooks.h"

struct ImGuiContext;

namespace convscope::testing_ui {

class PanelBench {
  public:
    explicit PanelBench(Document document, Point size_px = {1280, 800}, float scale = 1,
                        Theme theme = Theme::light);
    ~PanelBench();
    PanelBench(const PanelBench&) = delete;
    PanelBench& operator=(const PanelBench&) = delete;

    /// One frame; faults are added to `faults()`.
    void frame();
    void frames(int count);
    /// Moves the mouse onto the item and clicks. False: there is no such item in sight.
    bool click(std::string_view path);
    void move_to(Point p);
    /// Presses and releases: an ImGuiKey, with ImGuiMod_Ctrl and so on.
    void key(int chord);
    void type(const std::string& text);
    const UiItem* find(std::string_view path) { return items_.find(path); }
    const std::vector<UiItem>& items() const { return items_.items(); }

    /// What was written in the last frame.
    const ui::DrawnTexts& texts() const { return texts_; }
    App& app() { return *app_; }
    const WindowLayout& layout() const { return layout_; }
    /// Sentences: two items with one id, unbalanced Push and Pop, vertices that are not finite.
    const std::vector<std::string>& faults() const { return faults_; }

  private:
    void look_for_clashes();

    std::unique_ptr<App> app_;
    ImGuiContext* context_ = nullptr;
    UiFonts fonts_;
    ItemRecorder items_;
    ui::DrawnTexts texts_;
    Scene scene_;
    WindowLayout layout_;
    Point size_px_;
    float scale_ = 1;
    std::string clipboard_;
    std::vector<std::string> faults_;
};

}  // namespace convscope::testing_ui
