// The ledger of one cell as text: every term, subtotals, total; and the other way, where an input cell goes.
#pragma once

#include <string>

#include "core/uses.h"

namespace convscope {

/// Most terms of one cell that are listed, and most that are looked at for where an input cell goes.
inline constexpr int64_t kMaxLedgerTerms = 1'000'000, kMostLookedAt = 50'000'000;

/// "nn.Conv2d(1, 1, 3, stride=2)" in one line.
std::string layer_line(const Layer& layer);

/// The problem of a Result that has one; in a chain with the layer whose it is.
std::string problem_line(const Result& result);

/// "(1, 3)"; with a channel, a sample where the tensor has several; "(2)" in a vector; all four in a kernel.
std::string index_text(Shape shape, Index cell, bool is_kernel = false);

/// Places, factors, products and sums behind a cell of a computed stage, and the stage's own number. The cell must exist;
/// its terms must be at most kMaxLedgerTerms.
std::string ledger_text(const Result& result, int layer, int stage, Index cell);

/// The same with terms that were explained already.
std::string ledger_text(const Result& result, int layer, int stage, Index cell, const Explanation& explanation);

/// A number's uses as a table; "" when there is none. `layer`: where the number is.
std::string uses_text(const Result& result, int layer, const Uses& uses);
/// The same under the name of the cell `of`, and how many there are.
std::string uses_text(const Result& result, int layer, const Ref& of, const Uses& uses);

}  // namespace convscope
