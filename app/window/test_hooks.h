// Records every ImGui item of a frame, so that scripts and tests find widgets by "Panel/label".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "app/scene/scene.h"

namespace convscope {

struct UiItem {
    uint32_t id = 0;
    uint32_t seed = 0;                  // of the id: the innermost PushID or window
    std::string label;                  // visible part, or what stands behind "##"; empty: none, or scrolled out of sight
    std::vector<std::string> panels;    // names of its windows, innermost first, without "##…" and child suffixes
    Box box;                            // pixels
    Box clip;                           // the window's visible part
    uint32_t root = 0;                  // of its window's root: what the mouse must be over
    int flags = 0;                      // ImGuiItemStatusFlags: checked, opened, …
    bool disabled = false;
    /// "Parameters/stride".
    std::string path() const;
    /// Its middle lies in the clip rectangle: a click would reach it.
    bool visible() const { return clip.contains(box.center()); }
};

class ItemRecorder {
public:
    ItemRecorder() = default;
    ~ItemRecorder();
    ItemRecorder(const ItemRecorder&) = delete;
    ItemRecorder& operator=(const ItemRecorder&) = delete;

    /// Records the current ImGui context's items from the next frame on, or stops.
    void attach(bool on);
    /// Forgets the last frame's items; call before ImGui::NewFrame().
    void begin_frame();

    /// What follows is drawn by this panel: popups that no window of it holds are named after it.
    void begin_panel(std::string name) { panel_ = std::move(name); }

    const std::vector<UiItem>& items() const { return items_; }
    /// By "Panel/label" ("/" in a label is fine) or by a label alone; visible ones first, then those that are scrolled out
    /// of sight. Null: none.
    const UiItem* find(std::string_view path) const;
    /// All paths, sorted, each once: for the sentence that says what there is.
    std::vector<std::string> paths() const;

    const std::string& panel() const { return panel_; }

    // Called by ImGui's hooks.
    void add(UiItem item) { items_.push_back(std::move(item)); }
    UiItem* last(uint32_t id);

private:
    std::vector<UiItem> items_;
    std::string panel_;
    void* context_ = nullptr;
};

}  // namespace convscope
