// Input that no hand gives: into ImGui's own event queue, where the mouse and the keyboard's would be.
#pragma once

#include <cstdint>
#include <string>

#include "app/scene/scene.h"
#include "app/window/script_keys.h"

namespace convscope {

/// `at` in pixels of the window. `shows`: a pointer is drawn there.
void point_at(Point at, bool shows);
void hide_pointer();
void press_button(int button, bool down);
void turn_wheel(float notches);
/// The chord's modifiers, then its key; let go in the other order.
void press_keys(const Chord& chord, bool down);
/// What the chord types; empty for "Enter", "Ctrl+C", …
std::string character_of(const Chord& chord);
/// UTF-8.
void type_characters(const std::string& text);
/// The window that the mouse is over (UiItem::root); 0: none.
uint32_t window_under_mouse();
/// ImGui has not taken all of it: it spreads fast input over several frames.
bool input_waits();

}  // namespace convscope
