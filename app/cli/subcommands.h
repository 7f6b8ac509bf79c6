// The sub-commands that answer in text. Each registers its own options in its own file and is run after the command line
// was understood.
#pragma once

#include <functional>
#include <vector>

#include <CLI/CLI.hpp>

#include "app/cli/cli.h"

namespace convscope {

struct Subcommand {
    CLI::App* app = nullptr;
    std::function<int(const Output&)> run;
};

Subcommand add_eval(CLI::App& program);

/// All of them, in the order of the help.
inline std::vector<Subcommand> add_text_subcommands(CLI::App& program) {
    return {add_eval(program)};
}

}  // namespace convscope
