// What the files of the command table (commands*.cpp) share; nobody else includes it.
#pragma once

#include <vector>

#include "app/commands.h"

namespace convscope {

using Action = std::function<void(App&)>;

/// A command without its menu.
struct Row {
    const char* label;
    const char* key;
    const char* help;
    std::function<bool(const App&)> enabled;
    std::function<void(App&)> run;
    bool text_keys = true;   // Ctrl and function keys do not disturb a cell
    bool separator = false;
    std::function<bool(const App&)> checked = nullptr;
    bool lecture = false;
};

inline constexpr bool kCellsKey = false;    // the key is the selected cell's while there is one
inline constexpr bool kOwnKey = true;
inline constexpr bool kRule = true;

void add_commands(std::vector<Command>& table, const char* menu, std::vector<Row> rows);

/// The menu Layer (commands_layer.cpp).
void add_layer_commands(std::vector<Command>& table);
/// The menu View, Ledger (commands_ledger.cpp).
void add_ledger_commands(std::vector<Command>& table);

/// The menu View, Lecture, and what is predicted (commands_lecture.cpp).
void add_lecture_commands(std::vector<Command>& table);
void add_predict_commands(std::vector<Command>& table);

}  // namespace convscope
