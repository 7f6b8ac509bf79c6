// Commands: every action once. Menus, keys, palette, help and scripts run this table.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/app.h"

namespace convscope {

struct Command {
    std::string label;       // "Step forward"; menus add nothing to it. An ellipsis where a dialog follows
    std::string menu;        // "File", "Edit", "View", "Step", "Help"; sub-menus after slashes: "File/Examples/Chains"
    // "Ctrl+Z", "Space", "Shift+Right"; empty: none. Several: "Plus|Equal"; menus show the first. Space acts when it goes
    // up, and not when state.mouse.space_dragged.
    std::string key;
    std::string help;        // one sentence
    bool separator = false;  // a rule above it in the menu
    bool text_keys = false;  // its key also works while a cell is selected
    std::function<bool(const App&)> enabled;      // null: always
    std::function<bool(const App&)> checked;      // null: no mark
    std::function<void(App&)> run;
    bool lecture = false;    // a key of the lecture: there it wins over the others, elsewhere it is none
};

const std::vector<Command>& all_commands();
/// By label, letter case and a trailing ellipsis ignored; null when there is none.
const Command* find_command(std::string_view label);
bool is_enabled(const Command& command, const App& app);
/// Runs it when enabled; false otherwise.
bool run(const Command& command, App& app);

}  // namespace convscope
