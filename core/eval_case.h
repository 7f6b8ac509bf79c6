// One line of `convscope eval`: a case in JSON in, an answer in JSON out (both formats: docs/command-line.md). A pure
// function of the line.
#pragma once

#include <string>
#include <string_view>

namespace convscope {

/// Longer lines are refused before they are parsed.
inline constexpr size_t kMaxCaseBytes = size_t(32) << 20;
/// Most values in one answer, and most multiply-adds (about: products that are added up) behind it.
inline constexpr int64_t kMaxAnswerValues = int64_t(1) << 24;
inline constexpr double kMaxCaseWork = 1e12;

struct EvalAnswer {
    std::string
        json;  // one line, without its end: {"id": …, "output": …} or {"id": …, "error": "sentence"}
    std::string unreadable;  // why the line is no JSON object, as a sentence; "" when it is one
};

class Workers;

/// Never throws: whatever is wrong with the case is the answer's error. `workers` may help.
EvalAnswer eval_line(std::string_view line, Workers* workers = nullptr);

/// The answer to a line that could not be read.
EvalAnswer eval_unreadable(std::string sentence);

}  // namespace convscope
