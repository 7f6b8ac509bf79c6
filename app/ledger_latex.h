// The ledger of one cell as LaTeX (amsmath): an aligned sum with the ledger's numbers, or the list of where a number goes.
#pragma once

#include <string>

#include "core/uses.h"

namespace convscope {

/// Up to so many products of several channels are written out channel by channel; more are folded to subtotals.
inline constexpr size_t kMostLatexProducts = 64;
/// Up to so many terms without channels are written out; of more the first and the last.
inline constexpr size_t kMostLatexTerms = 500;

/// An align* environment that ends with the stage's own number.
std::string ledger_latex(const Result& result, int layer, int stage, Index cell,
                         const Explanation& explanation);
/// An align* environment with a line for each cell that reads `of`, or for each channel when they are many.
std::string uses_latex(const Result& result, int layer, const Ref& of, const Uses& uses);

/// Words inside \text{…}: LaTeX's own characters escaped.
std::string latex_words(std::string_view words);
/// A number as the ledger shows it: "-2", "1.3 \times 10^{-12}", "\infty", "\text{NaN}".
std::string latex_number(std::string_view shown);
/// A formula as explanations write it: "1 / (1 + exp(−2))".
std::string latex_formula(std::string_view formula);

}  // namespace convscope
