// Numbers as they are shown: few decimals, a true minus, exponents where needed (look: section 6 of the style tokens).
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace convscope {

/// The fewest decimals, at most 4, that tell the values apart; values that need an exponent are left out.
int decimals_for(std::span<const float> values);
/// A number in a cell or table: that many decimals, U+2212 for minus, "NaN", "∞", "−∞", "~0" for a value that only
/// rounds to zero, "1.3e−12" outside 0.001…99 999.
std::string number_text(double value, int decimals);
/// Shortest decimals on its own: "6", "0.47", "−2.08" (at most `most` decimals).
std::string number_text_short(double value, int most = 4);
/// All of a float32: 9 significant digits at most, as typed: ASCII minus.
std::string full_text(float value);
/// In a sum: negative numbers in brackets, "(−2)".
std::string in_sum(const std::string& number);

/// Characters of UTF-8 text.
size_t glyphs(std::string_view text);

/// Size of digits in a cell of `cell_px` whose longest number has `characters`: whole halves, at most 26 (times scale);
/// 0 below 11 px.
float digits_px(float cell_px, size_t characters, float scale);

}  // namespace convscope
