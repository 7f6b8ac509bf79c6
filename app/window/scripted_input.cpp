// Scripted input: ImGui's io.Add…Event functions.
#include "app/window/scripted_input.h"

#include <imgui.h>
#include <imgui_internal.h>

namespace convscope {

void point_at(Point at, bool shows) {
    ImGui::GetIO().AddMousePosEvent(at.x, at.y);
    ImGui::GetIO().MouseDrawCursor = shows;
}

void hide_pointer() { ImGui::GetIO().MouseDrawCursor = false; }

void press_button(int button, bool down) { ImGui::GetIO().AddMouseButtonEvent(button, down); }

void turn_wheel(float notches) { ImGui::GetIO().AddMouseWheelEvent(0, notches); }

void press_keys(const Chord& chord, bool down) {
    ImGuiIO& io = ImGui::GetIO();
    const auto modifier = [&](bool has, ImGuiKey key, ImGuiKey mod) {
        if (!has) return;
        io.AddKeyEvent(mod, down);
        io.AddKeyEvent(key, down);
    };
    const ScriptKey* key = find_key(chord.key);
    if (key && !down) io.AddKeyEvent(static_cast<ImGuiKey>(key->key), false);
    modifier(chord.ctrl, ImGuiKey_LeftCtrl, ImGuiMod_Ctrl);
    modifier(chord.shift, ImGuiKey_LeftShift, ImGuiMod_Shift);
    modifier(chord.alt, ImGuiKey_LeftAlt, ImGuiMod_Alt);
    if (key && down) io.AddKeyEvent(static_cast<ImGuiKey>(key->key), true);
}

std::string character_of(const Chord& chord) {
    const ScriptKey* key = find_key(chord.key);
    if (!key || chord.ctrl || chord.alt) return {};
    const char types = chord.shift ? key->shifted : key->plain;
    return types == 0 ? std::string() : std::string(1, types);
}

void type_characters(const std::string& text) { ImGui::GetIO().AddInputCharactersUTF8(text.c_str()); }

uint32_t window_under_mouse() {
    const ImGuiWindow* window = ImGui::GetCurrentContext()->HoveredWindow;
    return window && window->RootWindow ? window->RootWindow->ID : 0;
}

bool input_waits() { return ImGui::GetCurrentContext()->InputEventsQueue.Size > 0; }

}  // namespace convscope
