// convscope eval: one JSON case a line in, one JSON answer a line out (format: docs/command-line.md).
#pragma once

#include <istream>
#include <string>

#include "app/cli/cli.h"

namespace convscope {

struct EvalArguments {
    std::string file = "-";  // "-": standard input
    int threads = 0;         // 0: as many as the machine runs at once
};

/// Every case of the file or of `standard_input`. 1 when it cannot be read or a line is no JSON object.
int run_eval(const EvalArguments& arguments, std::istream& standard_input, const Output& output);

/// The same from a stream that is named so in sentences. One line and its answer are in memory at a time, and an answer is
/// written before the next line is waited for.
int eval_stream(std::istream& in, const std::string& name, const Output& output, int threads = 0);

}  // namespace convscope
