// Right-click menus: rows of the command table.
#pragma once

#include <span>

#include "app/panels/panels.h"

namespace convscope {

/// Draws the popup while it is open (ImGui::OpenPopup(name) in the same window); a null label is a rule.
void command_menu(PanelContext& context, const char* name, std::span<const char* const> labels);

}  // namespace convscope
