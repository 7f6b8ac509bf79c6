// Panels: the window's parts in ImGui. One file each, one row in panels.cpp; no state of their own but ImGui's.
#pragma once

#include <string>
#include <vector>

#include "app/app.h"
#include "app/scene/scene.h"
#include "app/window/ui_fonts.h"

namespace convscope {

/// What a panel is given each frame.
struct PanelContext {
    App& app;
    const UiFonts& fonts;
    float scale = 1;
    const Scene& scene;                       // of this frame
    void* canvas_texture = nullptr;           // ImTextureID of the painted scene
    Point canvas_px;                          // its size
    void* preview_texture = nullptr;          // of the file dialog's picture, preview_side_px a side
};

/// The side of the file dialog's picture.
float preview_side_px(float scale);

/// Where each part lies this frame, in pixels (look: section 8).
struct WindowLayout {
    Box menu, chain, left, right, tabs, canvas, timeline;
    Box question;                             // below the canvas while outputs are predicted
    bool rails = false;                       // both panels are rails of 48
    bool left_rail = false;                   // the left one is
    bool low = false;                         // tight rows
};
/// `panes` views stand side by side: several need the left panel's room. `question`: height of that card at scale 1.
WindowLayout window_layout(Point size_px, float scale, const Settings& settings, size_t panes = 1, float question = 0);
/// The canvas is the window.
WindowLayout lecture_layout(Point size_px);

struct Panel {
    std::string name;                         // scripts say "name/label"
    void (*draw)(PanelContext& context, const WindowLayout& layout);
    bool in_window = true, in_lecture = false;
};
/// In drawing order.
const std::vector<Panel>& all_panels();

/// Keys of the command table, once a frame, before the panels.
void handle_keys(PanelContext& context);

void draw_menu_bar(PanelContext& context, const WindowLayout& layout);
void draw_chain_bar(PanelContext& context, const WindowLayout& layout);
void draw_parameters(PanelContext& context, const WindowLayout& layout);
void draw_tabs(PanelContext& context, const WindowLayout& layout);
void draw_canvas(PanelContext& context, const WindowLayout& layout);
void draw_inspector(PanelContext& context, const WindowLayout& layout);
void draw_progress(PanelContext& context, const WindowLayout& layout);
/// Of the question's card at scale 1; 0: outputs are not predicted.
float question_height(const App& app);
void draw_question(PanelContext& context, const WindowLayout& layout);
void draw_lecture(PanelContext& context, const WindowLayout& layout);
void draw_timeline(PanelContext& context, const WindowLayout& layout);
void draw_dividers(PanelContext& context, const WindowLayout& layout);
void draw_rails(PanelContext& context, const WindowLayout& layout);
void draw_tour(PanelContext& context, const WindowLayout& layout);
void draw_log(PanelContext& context, const WindowLayout& layout);
void draw_command_palette(PanelContext& context, const WindowLayout& layout);
void draw_help(PanelContext& context, const WindowLayout& layout);
void draw_file_dialog(PanelContext& context, const WindowLayout& layout);
void draw_history(PanelContext& context, const WindowLayout& layout);
void draw_messages(PanelContext& context, const WindowLayout& layout);

}  // namespace convscope
