// Keys of the command table: their names, and whether they are pressed now.
#pragma once

#include <string>
#include <string_view>

namespace convscope {

/// As menus show it, the first where there are several: "Ctrl Z", "Shift →", "+".
std::string key_text(std::string_view key);
/// One of the keys ("Ctrl+Z", "Plus|Equal") went down in this frame, with exactly its modifiers. Space: went up. Keys that
/// move repeat while they are held.
bool key_pressed(std::string_view key);

}  // namespace convscope
