// The keys that scripts can press: their names, ImGui's, and the character each one types.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace convscope {

/// A key with its modifiers.
struct Chord {
    bool ctrl = false, shift = false, alt = false;
    std::string key;       // a name of the table; empty: only modifiers
    bool operator==(const Chord&) const = default;
};

struct ScriptKey {
    const char* name;      // "Space", "A", "7", "Plus"
    int key;               // ImGuiKey
    char plain, shifted;   // what it types; 0: nothing
    bool needs_shift;      // the name says the shifted character ("Plus", "?")
};

/// By name, letter case ignored, or by its character ("+", "?"). Null: none.
const ScriptKey* find_key(std::string_view name);
/// The key that types this ASCII character. Null: none.
const ScriptKey* key_of_character(char character);
/// "A…Z, 0…9, F1…F12, Space, …", for sentences.
std::string key_names();
/// "Ctrl+Shift+Z", "Space", "?", "Plus", "Ctrl". None for an unknown key.
std::optional<Chord> parse_chord(std::string_view text);

}  // namespace convscope
