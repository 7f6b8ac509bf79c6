// Numbers from and to the clipboard: cells, CSV, rows, nested lists, torch.tensor(…), NumPy print.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/tensor.h"

namespace convscope {

/// Either a tensor (rows → 1×1×H×W, three levels → 1×C×H×W, four → N×C×H×W) or one sentence that
/// says what is wrong, where (line and column, from 1) and what was expected.
struct PasteResult {
    Tensor tensor;
    std::string error;
    bool ok() const { return error.empty(); }
};

/// Largest number of values that is read from pasted text.
inline constexpr int64_t kMaxPastedValues = 1'000'000;

/// Reads pasted text. Nothing in it is executed.
PasteResult parse_numbers(std::string_view text);

/// Plane (n, c), rows as lines, columns separated by tabs, each value in the fewest digits that
/// give the same float32.
std::string to_clipboard_text(const Tensor& tensor, int64_t n = 0, int64_t c = 0);

}  // namespace convscope
