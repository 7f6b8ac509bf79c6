// Keys: the command table's shortcuts, and who gets a key when several could.
#include "app/panels/keys.h"

#include <array>
#include <cctype>
#include <optional>

#include <imgui_internal.h>

#include "app/canvas_input.h"
#include "app/commands.h"
#include "app/panels/panels.h"

namespace convscope {
namespace {

struct NamedKey {
    std::string_view name;
    ImGuiKey key;
    std::string_view shown;
};
constexpr std::array kNamed = {
    NamedKey{"Space", ImGuiKey_Space, "Space"},
    NamedKey{"Enter", ImGuiKey_Enter, "Enter"},
    NamedKey{"Esc", ImGuiKey_Escape, "Esc"},
    NamedKey{"Escape", ImGuiKey_Escape, "Esc"},
    NamedKey{"Tab", ImGuiKey_Tab, "Tab"},
    NamedKey{"Backspace", ImGuiKey_Backspace, "Backspace"},
    NamedKey{"Delete", ImGuiKey_Delete, "Delete"},
    NamedKey{"Insert", ImGuiKey_Insert, "Insert"},
    NamedKey{"Home", ImGuiKey_Home, "Home"},
    NamedKey{"End", ImGuiKey_End, "End"},
    NamedKey{"PageUp", ImGuiKey_PageUp, "PageUp"},
    NamedKey{"PageDown", ImGuiKey_PageDown, "PageDown"},
    NamedKey{"Left", ImGuiKey_LeftArrow, "←"},
    NamedKey{"Right", ImGuiKey_RightArrow, "→"},
    NamedKey{"Up", ImGuiKey_UpArrow, "↑"},
    NamedKey{"Down", ImGuiKey_DownArrow, "↓"},
    NamedKey{"Equal", ImGuiKey_Equal, "="},
    NamedKey{"Minus", ImGuiKey_Minus, "−"},
    NamedKey{"Comma", ImGuiKey_Comma, ","},
    NamedKey{"Period", ImGuiKey_Period, "."},
    NamedKey{"Slash", ImGuiKey_Slash, "/"},
    NamedKey{"Semicolon", ImGuiKey_Semicolon, ";"},
    NamedKey{"LeftBracket", ImGuiKey_LeftBracket, "["},
    NamedKey{"RightBracket", ImGuiKey_RightBracket, "]"},
    NamedKey{"Plus", ImGuiKey_KeypadAdd, "+"},
};

struct Chord {
    bool ctrl = false, shift = false, alt = false;
    std::string_view name;
};

Chord chord_of(std::string_view text) {
    Chord chord;
    for (size_t plus;
         (plus = text.find('+')) != std::string_view::npos && plus + 1 < text.size();) {
        const std::string_view modifier = text.substr(0, plus);
        chord.ctrl |= modifier == "Ctrl";
        chord.shift |= modifier == "Shift";
        chord.alt |= modifier == "Alt";
        text.remove_prefix(plus + 1);
    }
    chord.name = text;
    return chord;
}

ImGuiKey key_of(std::string_view name) {
    if (name.size() == 1) {
        const char c = name[0];
        if (c >= 'A' && c <= 'Z') return static_cast<ImGuiKey>(ImGuiKey_A + (c - 'A'));
        if (c >= '0' && c <= '9') return static_cast<ImGuiKey>(ImGuiKey_0 + (c - '0'));
    }
    if (name.size() >= 2 && name[0] == 'F' && name[1] >= '1' && name[1] <= '9') {
        const int number = name.size() == 2 ? name[1] - '0' : 10 + (name[2] - '0');
        if (name.size() <= 3 && number >= 1 && number <= 12)
            return static_cast<ImGuiKey>(ImGuiKey_F1 + (number - 1));
    }
    for (const NamedKey& named : kNamed)
        if (named.name == name) return named.key;
    return ImGuiKey_None;
}

bool repeats(ImGuiKey key) {
    switch (key) {
        case ImGuiKey_LeftArrow:
        case ImGuiKey_RightArrow:
        case ImGuiKey_UpArrow:
        case ImGuiKey_DownArrow:
        case ImGuiKey_PageUp:
        case ImGuiKey_PageDown:
        case ImGuiKey_Z:
        case ImGuiKey_Y: return true;
        default: return false;
    }
}

/// Owns a Space that went down for a widget or a popup: its going up is not ours.
ImGuiID spent_owner() { return ImHashStr("Convscope spent"); }

bool was_typed(ImWchar character) {
    const ImGuiIO& io = ImGui::GetIO();
    for (const ImWchar c : io.InputQueueCharacters)
        if (c == character) return true;
    return false;
}

/// Where + and − are keys of their own only the typed character tells; where they are not, it would count twice.
bool sign_pressed(char sign) {
    const bool is_plus = sign == '+';
    const ImGuiKey keypad = is_plus ? ImGuiKey_KeypadAdd : ImGuiKey_KeypadSubtract;
    const ImGuiKey main = is_plus ? ImGuiKey_Equal : ImGuiKey_Minus;
    if (ImGui::IsKeyPressed(keypad, true)) return true;
    if (ImGui::IsKeyPressed(main, true) && (!is_plus || ImGui::GetIO().KeyShift)) return true;
    return !ImGui::IsKeyDown(keypad) && !ImGui::IsKeyDown(main) &&
           was_typed(static_cast<ImWchar>(sign));
}

bool chord_pressed(const Chord& chord) {
    const ImGuiIO& io = ImGui::GetIO();
    if (chord.ctrl != io.KeyCtrl || chord.alt != io.KeyAlt) return false;
    if (!chord.ctrl && !chord.alt) {
        if (chord.name == "Plus") return sign_pressed('+');
        if (chord.name == "Minus") return sign_pressed('-');
    } else if (chord.name == "Plus") {
        return ImGui::IsKeyPressed(ImGuiKey_KeypadAdd) || ImGui::IsKeyPressed(ImGuiKey_Equal);
    } else if (chord.name == "Minus" && ImGui::IsKeyPressed(ImGuiKey_KeypadSubtract)) {
        return true;
    }
    const ImGuiKey key = key_of(chord.name);
    if (key == ImGuiKey_None || chord.shift != io.KeyShift) return false;
    if (key == ImGuiKey_Space && !chord.ctrl && !chord.alt)
        return ImGui::IsKeyReleased(key) && ImGui::GetKeyOwner(key) != spent_owner();
    if (key == ImGuiKey_Enter && ImGui::IsKeyPressed(ImGuiKey_KeypadEnter, false)) return true;
    return ImGui::IsKeyPressed(key, repeats(key));
}

/// A person who went to a widget by Tab uses the keyboard there: arrows, Space and Enter are the widget's.
bool widget_has_keyboard() {
    const ImGuiContext& g = *ImGui::GetCurrentContext();
    return g.NavId != 0 && !g.NavDisableHighlight;
}

bool is_widget_key(std::string_view keys) {
    for (const std::string_view name : {"Space", "Enter", "Left", "Right", "Up", "Down", "Home",
                                        "End", "Esc", "Escape", "PageUp", "PageDown"})
        if (keys.substr(0, keys.find('|')) == name) return true;
    return false;
}

/// Keys that would move ImGui's focus or press its items belong to the program unless a widget has the keyboard. Ownership
/// holds for the next frame's navigation.
void keep_from_navigation(bool tab_too) {
    const ImGuiID owner = ImHashStr("Convscope keys");
    for (const ImGuiKey key :
         {ImGuiKey_LeftArrow, ImGuiKey_RightArrow, ImGuiKey_UpArrow, ImGuiKey_DownArrow,
          ImGuiKey_Space, ImGuiKey_Enter, ImGuiKey_KeypadEnter, ImGuiKey_Home, ImGuiKey_End,
          ImGuiKey_PageUp, ImGuiKey_PageDown, ImGuiKey_Escape})
        if (ImGui::GetKeyOwner(key) != spent_owner()) ImGui::SetKeyOwner(key, owner);
    if (tab_too) ImGui::SetKeyOwner(ImGuiKey_Tab, owner);
}

/// F6 goes from panel to panel; Tab starts in the first when no panel has the keyboard.
void move_between_panels() {
    static constexpr std::array kPanels = {"Parameters", "Tabs",  "Inspector",
                                           "Timeline",   "Chain", "Menu"};
    const ImGuiContext& g = *ImGui::GetCurrentContext();
    int current = -1;
    for (size_t i = 0; i < kPanels.size(); ++i)
        if (g.NavWindow && g.NavWindow == ImGui::FindWindowByName(kPanels[i]))
            current = static_cast<int>(i);
    const bool next = ImGui::IsKeyPressed(ImGuiKey_F6, false);
    const bool first = current < 0 && ImGui::IsKeyPressed(ImGuiKey_Tab, false) && !g.IO.KeyCtrl;
    if (!next && !first) return;
    const int count = static_cast<int>(kPanels.size());
    const int to = first         ? 0
                   : current < 0 ? 0
                                 : (current + (g.IO.KeyShift ? count - 1 : 1)) % count;
    ImGuiWindow* window = ImGui::FindWindowByName(kPanels[static_cast<size_t>(to)]);
    if (!window || !window->WasActive) return;
    ImGui::FocusWindow(window);
    ImGui::NavInitWindow(window, true);
    ImGui::NavRestoreHighlightAfterMove();
}

}  // namespace

std::string key_text(std::string_view key) {
    const Chord chord = chord_of(key.substr(0, key.find('|')));
    std::string shown(chord.name);
    for (const NamedKey& named : kNamed)
        if (named.name == chord.name) shown = named.shown;
    return std::string(chord.ctrl ? "Ctrl " : "") + (chord.alt ? "Alt " : "") +
           (chord.shift ? "Shift " : "") + shown;
}

bool key_pressed(std::string_view keys) {
    while (!keys.empty()) {
        const size_t bar = keys.find('|');
        if (chord_pressed(chord_of(keys.substr(0, bar)))) return true;
        if (bar == std::string_view::npos) break;
        keys.remove_prefix(bar + 1);
    }
    return false;
}

void handle_keys(PanelContext& context) {
    ImGuiContext& g = *ImGui::GetCurrentContext();
    g.IO.ConfigFlags |= ImGuiConfigFlags_NavEnableKeyboard;
    g.ConfigNavWindowingKeyNext = g.ConfigNavWindowingKeyPrev =
        0;  // no list of windows on Ctrl+Tab: they are panels
    App& app = context.app;
    const bool popup =
        ImGui::IsPopupOpen("", ImGuiPopupFlags_AnyPopupId | ImGuiPopupFlags_AnyPopupLevel);
    const bool types = g.IO.WantTextInput;
    const bool widget = widget_has_keyboard() && !app.state.selection.edit;
    const bool cell = app.state.selection.edit.has_value();
    if (!popup && !types && !widget) keep_from_navigation(cell);
    if ((popup || types || widget) && ImGui::IsKeyPressed(ImGuiKey_Space, false))
        ImGui::SetKeyOwner(ImGuiKey_Space, spent_owner());
    if (popup || types) return;
    if (!cell) move_between_panels();

    // Esc gives the keyboard back to the program.
    if (widget && ImGui::IsKeyPressed(ImGuiKey_Escape, false)) {
        g.NavDisableHighlight = true;
        ImGui::SetWindowFocus(nullptr);
        return;
    }
    const auto ran = [&](bool lecture) {
        for (const Command& command : all_commands()) {
            if (command.lecture != lecture || command.key.empty() || !key_pressed(command.key)) continue;
            if (cell && !command.text_keys) continue;
            if (command.key.size() == 1 && takes_letter(app, static_cast<char>(std::tolower(command.key[0])))) continue;
            if (widget && is_widget_key(command.key)) continue;
            if (key_text(command.key) == "Space" && app.state.mouse.space_dragged) continue;
            run(command, app);
            return true;
        }
        return false;
    };
    if (app.state.lecture.on && ran(true)) return;
    ran(false);
}

}  // namespace convscope
