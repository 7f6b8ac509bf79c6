// What the readers of pasted and of PyTorch text share: places, single numbers, collected values. Internal to core.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/io/paste.h"

namespace convscope {

/// One number as a double, in Python's spelling: sign (also U+2212), digits with underscores, point, exponent, nan, inf.
std::optional<double> read_number(std::string_view token);
/// The number as float32; none when it is finite and beyond float32.
std::optional<float> as_float(double value);

/// “token” for a sentence, shortened.
std::string quoted(std::string_view token);
/// "Line 2, column 5", both from 1, columns in characters.
std::string place_of(std::string_view text, size_t at);
/// "1 row", "3 rows".
std::string counted(size_t count, std::string_view one, std::string_view many);
/// "{place}: {what}."
PasteResult refused(std::string_view text, size_t at, const std::string& what);
PasteResult too_many();

/// True at a space other than a line's end; moves `at` behind it. Knows the spaces that web pages and spreadsheets use.
bool skip_space(std::string_view text, size_t& at);

/// Nested lists: "[[1, 2], [3, 4]]", "tensor([[1., 2.]])", NumPy's print.
PasteResult parse_lists(std::string_view text);
/// Lines of numbers, separated by tabs, semicolons, commas or spaces.
PasteResult parse_table(std::string_view text);

}  // namespace convscope
