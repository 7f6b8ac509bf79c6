// Works out a formula as explanations write it ("1 / (1 + exp(−2))"), so that tests can hold it against the value.
#pragma once

#include <string>
#include <string_view>

namespace convscope {

/// Numbers, + − · × /, ² ³ √, brackets, π, ∞, NaN, the functions exp tanh erf max min σ Φ φ, and "a if b > c, else d"
/// (also ≥ < ≤). Throws std::invalid_argument with the place where it cannot be read.
double formula_value(std::string_view formula);

}  // namespace convscope
