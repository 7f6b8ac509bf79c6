// Guess: whether a typed number is an output cell's, and which known mistake gives that number instead.
#pragma once

#include <string>
#include <string_view>

#include "core/evaluate.h"

namespace convscope {

/// Larger inputs and outputs than this are not worked out again in wrong ways.
inline constexpr int64_t kMostGuessed = 4096;

/// Whether the number, as typed ("−3", "0.33", "1e-3"), is that value: a whole one exactly, another to the two or more
/// decimals that were typed, or to half a percent. NaN and infinities are said by their words: "nan", "inf", "−∞".
bool says(std::string_view typed, double value);

struct Verdict {
    bool right = false;
    bool known = false;      // where the wrong number comes from
    std::string told;        // one sentence: "6 is right." or where the number comes from
    std::string leads_on;    // a question that leads on without the answer; empty when right
};
/// `cell` of the output of a layer of the result. The wrong ways that are tried: parameters forgotten, the kernel turned or
/// transposed, bias, a channel or a product left out, a product's sign, a mean or largest for a sum, a matrix product, the
/// neighbouring output, the other mode (train, eval).
Verdict judge_guess(const Result& result, int layer, Index cell, std::string_view typed);

}  // namespace convscope
