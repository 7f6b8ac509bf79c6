// Parts of the canvas panel.
#pragma once

#include <optional>

#include "app/canvas_input.h"
#include "app/panels/panels.h"

namespace convscope {

/// From a point of the window to one of the scene.
Point to_scene(const PanelContext& context, const WindowLayout& layout, Point p);
/// Hover, links, pinned and selected cell with what is typed, over the painted scene.
void draw_canvas_marks(PanelContext& context, const WindowLayout& layout);
/// What is known about the cell under the pointer, once it has rested there.
void draw_cell_tooltip(PanelContext& context);
/// A right click at `p` (of the scene) opens the menu of what lies there.
void open_cell_menu(PanelContext& context, Point p);
void draw_cell_menu(PanelContext& context);

}  // namespace convscope
