// The faces and sizes of the interface's text (style tokens, section 3), as Dear ImGui holds them.
#pragma once

struct ImFont;

namespace convscope {

/// Valid until the look changes; ask the window each frame. Inter has FontAwesome's icons merged in.
struct UiFonts {
    ImFont* body = nullptr;           // Inter 13.5: fields, labels, tables
    ImFont* body_bold = nullptr;      // Inter 13.5 SemiBold: chosen segments, tabs, "Window 8"
    ImFont* small = nullptr;          // Inter 12: hints, table heads
    ImFont* section = nullptr;        // Inter 13 SemiBold: section titles
    ImFont* label = nullptr;          // Inter 14 SemiBold: names of panes
    ImFont* reading = nullptr;        // Inter 15: lessons, feedback
    ImFont* reading_bold = nullptr;   // Inter 15 SemiBold
    ImFont* caption = nullptr;        // Inter 20
    ImFont* title = nullptr;          // Inter 24 SemiBold

    ImFont* mono = nullptr;           // 13.5: every number
    ImFont* mono_bold = nullptr;      // 13.5
    ImFont* mono_code = nullptr;      // 12.5: code
    ImFont* mono_small = nullptr;     // 12: shapes, ledger
    ImFont* mono_small_bold = nullptr;// 12
    ImFont* mono_tick = nullptr;      // 11: chart ticks
    ImFont* mono_index = nullptr;     // 10.5: indices
    ImFont* total = nullptr;          // Bold 16: result of a ledger
    ImFont* caption_mono = nullptr;   // Bold 20: numbers in a caption
    ImFont* figure = nullptr;         // Bold 34: one number that is the message

    ImFont* icons = nullptr;          // FontAwesome 14, on its em box
    ImFont* icons_small = nullptr;    // 11
    ImFont* icons_large = nullptr;    // 18
};

/// From the top of a line to the middle of its capitals, in pixels: text centred by this sits on one line in all faces.
float cap_center_px(const ImFont* font);
/// Em size in device pixels: 13.5 times the scale for `body`.
float em_px(const ImFont* font);

}  // namespace convscope
