// Widgets in Convscope's style: drawn by hand on ImGui's ids, so that mouse, keyboard focus and scripts work as everywhere.
// A widget's label is what scripts call it: "Panel/label".
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <imgui.h>

#include "app/panels/draw.h"

namespace convscope::ui {

// ---- Windows

/// A part of the window, without ImGui's decoration. end_panel() always follows.
enum class Scrolls { no, yes };
void begin_panel(const PanelContext& context, const char* name, const Box& box, Tone ground,
                 Scrolls scrolls = Scrolls::no, bool above_others = false);
void end_panel();
/// Tells ImGui how far the content of a scrolling panel reaches.
void content_ends(float y);
/// A dialog in the middle, everything else under the scrim. True: draw it and call end_dialog().
bool begin_dialog(const PanelContext& context, const char* name, bool& open, const Box& box);
void end_dialog();
/// Keyboard focus to an item of a panel in the next frame, text fields ready to type.
void focus_item(const char* panel, const char* label);

// ---- Items

struct Item {
    ImGuiID id = 0;
    bool pressed = false, hovered = false, held = false;
    bool focused = false;  // has the keyboard, and the person is using it
};
struct ItemOptions {
    bool enabled = true;
    bool repeats = false;  // while held
    bool tab_stop = true;
    std::string_view tooltip = {};
    std::string_view keys = {};  // behind the tooltip
};
/// Invisible; draws only the focus ring.
Item item(const PanelContext& context, const char* label, const Box& box,
          const ItemOptions& options = {});
/// Only help for a place that cannot be pressed.
void hover_help(const PanelContext& context, const Box& box, std::string_view help,
                std::string_view keys = {});
/// For the item just submitted.
void tooltip(const PanelContext& context, std::string_view text, std::string_view keys = {});
void focus_ring(const PanelContext& context, const Box& box, float radius_px = 6);

enum class Weight { plain, primary };
bool button(const PanelContext& context, const char* label, const Box& box,
            Weight weight = Weight::plain, bool enabled = true);
enum class Border { none, thin };
bool icon_button(const PanelContext& context, const char* label, const Box& box, const char* icon,
                 Border border, const ItemOptions& options);
bool checkbox(const PanelContext& context, const char* label, const Box& box, bool on,
              std::string_view help);
/// The segment that was pressed. Segments share the width by their text, or evenly when `even`.
std::optional<int> segmented(const PanelContext& context, const Box& box,
                             const std::vector<std::string>& labels, int chosen, bool even = false);
float segmented_width(const PanelContext& context, const std::vector<std::string>& labels);

struct Entry {
    std::string label;
    std::string help;
    bool rule_above = false;
    bool checked = false;
};
/// Shows `text`; the entry that was chosen from its list.
std::optional<int> combo(const PanelContext& context, const char* label, const Box& box,
                         const std::string& text, const std::vector<Entry>& entries, int chosen,
                         std::string_view help = {});

/// The list alone, under (or above) `anchor`; open it with ImGui::OpenPopup(popup).
std::optional<int> list_popup(const PanelContext& context, ImGuiID popup, const Box& anchor,
                              const std::vector<Entry>& entries, int chosen);

// ---- Text fields

struct TextEdit {
    std::optional<std::string> typed;  // differs from what was handed in
    bool active = false, began = false;
    bool ended = false;      // Enter, Tab, a click elsewhere
    bool cancelled = false;  // Escape
    bool entered = false;    // Enter
};
struct TextOptions {
    std::string hint = {};
    ImFont* font = nullptr;  // mono
    float inset_px = 10;
    bool framed = true, error = false;
    bool select_all = true;
    bool keeps_arrows = false;  // Up, Down, PageUp and PageDown do not leave the field
};
TextEdit text_field(const PanelContext& context, const char* label, const Box& box,
                    const std::string& text, const TextOptions& options = {});

struct StepperOptions {
    bool error = false;
    bool can_lower = true, can_raise = true;
    std::function<std::string(int step)>
        stepped;  // what − (−1) and + (+1) make of the value; none: no buttons
    std::string_view help = {};
};
/// A field with "label -" and "label +"; Up and Down in the text do the same. A held button ends with `ended`.
TextEdit stepper(const PanelContext& context, const char* label, const Box& box,
                 const std::string& text, const StepperOptions& options);

// ---- Parts of a panel

/// Title at the left, note at the right, a rule above unless `first`; gives where rows begin. `y` is the rule's.
struct SectionTitle {
    std::string title;
    std::string note = {};
    bool note_is_number = false;
    bool has_rule = true;
};
float section(const PanelContext& context, float x0, float x1, float y, const SectionTitle& title,
              float row_px);
/// A sentence in red with its sign, and what would work; gives its lower edge.
float error_box(const PanelContext& context, const Box& place, std::string_view sentence,
                std::string_view advice);

}  // namespace convscope::ui
