// The table of keys, as on an American keyboard.
#include "app/window/script_keys.h"

#include <cctype>

#include <imgui.h>

namespace convscope {
namespace {

// clang-format off
constexpr ScriptKey kKeys[] = {
    {"Space", ImGuiKey_Space, ' ', ' ', false},         {"Enter", ImGuiKey_Enter, 0, 0, false},
    {"Return", ImGuiKey_Enter, 0, 0, false},            {"Tab", ImGuiKey_Tab, 0, 0, false},
    {"Esc", ImGuiKey_Escape, 0, 0, false},              {"Escape", ImGuiKey_Escape, 0, 0, false},
    {"Left", ImGuiKey_LeftArrow, 0, 0, false},          {"Right", ImGuiKey_RightArrow, 0, 0, false},
    {"Up", ImGuiKey_UpArrow, 0, 0, false},              {"Down", ImGuiKey_DownArrow, 0, 0, false},
    {"Home", ImGuiKey_Home, 0, 0, false},               {"End", ImGuiKey_End, 0, 0, false},
    {"PageUp", ImGuiKey_PageUp, 0, 0, false},           {"PageDown", ImGuiKey_PageDown, 0, 0, false},
    {"Insert", ImGuiKey_Insert, 0, 0, false},           {"Delete", ImGuiKey_Delete, 0, 0, false},
    {"Backspace", ImGuiKey_Backspace, 0, 0, false},     {"Menu", ImGuiKey_Menu, 0, 0, false},
    {"F1", ImGuiKey_F1, 0, 0, false},   {"F2", ImGuiKey_F2, 0, 0, false},   {"F3", ImGuiKey_F3, 0, 0, false},
    {"F4", ImGuiKey_F4, 0, 0, false},   {"F5", ImGuiKey_F5, 0, 0, false},   {"F6", ImGuiKey_F6, 0, 0, false},
    {"F7", ImGuiKey_F7, 0, 0, false},   {"F8", ImGuiKey_F8, 0, 0, false},   {"F9", ImGuiKey_F9, 0, 0, false},
    {"F10", ImGuiKey_F10, 0, 0, false}, {"F11", ImGuiKey_F11, 0, 0, false}, {"F12", ImGuiKey_F12, 0, 0, false},
    {"A", ImGuiKey_A, 'a', 'A', false}, {"B", ImGuiKey_B, 'b', 'B', false}, {"C", ImGuiKey_C, 'c', 'C', false},
    {"D", ImGuiKey_D, 'd', 'D', false}, {"E", ImGuiKey_E, 'e', 'E', false}, {"F", ImGuiKey_F, 'f', 'F', false},
    {"G", ImGuiKey_G, 'g', 'G', false}, {"H", ImGuiKey_H, 'h', 'H', false}, {"I", ImGuiKey_I, 'i', 'I', false},
    {"J", ImGuiKey_J, 'j', 'J', false}, {"K", ImGuiKey_K, 'k', 'K', false}, {"L", ImGuiKey_L, 'l', 'L', false},
    {"M", ImGuiKey_M, 'm', 'M', false}, {"N", ImGuiKey_N, 'n', 'N', false}, {"O", ImGuiKey_O, 'o', 'O', false},
    {"P", ImGuiKey_P, 'p', 'P', false}, {"Q", ImGuiKey_Q, 'q', 'Q', false}, {"R", ImGuiKey_R, 'r', 'R', false},
    {"S", ImGuiKey_S, 's', 'S', false}, {"T", ImGuiKey_T, 't', 'T', false}, {"U", ImGuiKey_U, 'u', 'U', false},
    {"V", ImGuiKey_V, 'v', 'V', false}, {"W", ImGuiKey_W, 'w', 'W', false}, {"X", ImGuiKey_X, 'x', 'X', false},
    {"Y", ImGuiKey_Y, 'y', 'Y', false}, {"Z", ImGuiKey_Z, 'z', 'Z', false},
    {"0", ImGuiKey_0, '0', ')', false}, {"1", ImGuiKey_1, '1', '!', false}, {"2", ImGuiKey_2, '2', '@', false},
    {"3", ImGuiKey_3, '3', '#', false}, {"4", ImGuiKey_4, '4', '$', false}, {"5", ImGuiKey_5, '5', '%', false},
    {"6", ImGuiKey_6, '6', '^', false}, {"7", ImGuiKey_7, '7', '&', false}, {"8", ImGuiKey_8, '8', '*', false},
    {"9", ImGuiKey_9, '9', '(', false},
    {"Plus", ImGuiKey_Equal, '=', '+', true},           {"Minus", ImGuiKey_Minus, '-', '_', false},
    {"Equal", ImGuiKey_Equal, '=', '+', false},         {"Comma", ImGuiKey_Comma, ',', '<', false},
    {"Period", ImGuiKey_Period, '.', '>', false},       {"Slash", ImGuiKey_Slash, '/', '?', false},
    {"Question", ImGuiKey_Slash, '/', '?', true},       {"Semicolon", ImGuiKey_Semicolon, ';', ':', false},
    {"Apostrophe", ImGuiKey_Apostrophe, '\'', '"', false}, {"Backslash", ImGuiKey_Backslash, '\\', '|', false},
    {"LeftBracket", ImGuiKey_LeftBracket, '[', '{', false}, {"RightBracket", ImGuiKey_RightBracket, ']', '}', false},
    {"GraveAccent", ImGuiKey_GraveAccent, '`', '~', false},
};
// clang-format on

bool same(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    for (size_t i = 0; i < a.size(); ++i)
        if (std::tolower(static_cast<unsigned char>(a[i])) != std::tolower(static_cast<unsigned char>(b[i])))
            return false;
    return true;
}

}  // namespace

const ScriptKey* find_key(std::string_view name) {
    for (const auto& key : kKeys)
        if (same(key.name, name)) return &key;
    if (name == "+") return find_key("Plus");
    if (name == "?") return find_key("Question");
    if (name.size() != 1) return nullptr;
    for (const auto& key : kKeys)
        if (key.plain != 0 && key.plain == name[0]) return &key;
    return nullptr;
}

const ScriptKey* key_of_character(char character) {
    for (const auto& key : kKeys)
        if (key.plain == character || key.shifted == character) return character != 0 ? &key : nullptr;
    return nullptr;
}

std::string key_names() {
    std::string names = "A to Z, 0 to 9, F1 to F12";
    for (const auto& key : kKeys) {
        const std::string_view name = key.name;
        if (name.size() > 3 || name == "Esc" || name == "Tab" || name == "Up") names += ", " + std::string(name);
    }
    return names + ", each with Ctrl+, Shift+ or Alt+ before it";
}

std::optional<Chord> parse_chord(std::string_view text) {
    Chord chord;
    while (true) {
        const size_t plus = text.find('+');
        const std::string_view part = text.substr(0, plus);
        const bool last = plus == std::string_view::npos || (plus == 0 && text.size() == 1);
        if (same(part, "Ctrl") || same(part, "Control")) chord.ctrl = true;
        else if (same(part, "Shift")) chord.shift = true;
        else if (same(part, "Alt")) chord.alt = true;
        else if (!last) return {};
        else {
            const ScriptKey* key = find_key(text);
            if (!key) return {};
            chord.key = key->name;
            if (key->needs_shift) chord.shift = true;
            return chord;
        }
        if (last) return chord;
        text.remove_prefix(plus + 1);
        if (text.empty()) return {};
    }
}

}  // namespace convscope
