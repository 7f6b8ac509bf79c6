// The sub-commands that answer in text. Each registers its own options in its own file and is run after the command line
// was understood.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "app/cli/cli.h"

namespace convscope {

struct Subcommand {
    CLI::App* app = nullptr;
    std::function<int(const Output&)> run;
};

Subcommand add_eval(CLI::App& program);
Subcommand add_explain(CLI::App& program);
Subcommand add_export(CLI::App& program);
Subcommand add_shapes(CLI::App& program);

/// Registers --threads.
void add_threads(CLI::App& app, int& threads);
/// Registers --threads and --memory.
void add_limits(CLI::App& app, Limits& limits);

/// For CLI11's check: a whole number from 0 on; else a sentence.
std::string check_count(const std::string& text);

/// All of them, in the order of the help.
inline std::vector<Subcommand> add_text_subcommands(CLI::App& program) {
    return {add_eval(program), add_explain(program), add_shapes(program), add_export(program)};
}

}  // namespace convscope
