// One UTF-8 character at a time, from text that may be broken.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace convscope {

/// What a broken byte is read as.
inline constexpr char32_t kBrokenCharacter = 0xFFFD;

/// The character at `at`, which must lie inside `text`; `at` moves behind it. A byte that starts no
/// correct character (overlong forms and surrogates included) is kBrokenCharacter and one byte
/// long.
char32_t next_character(std::string_view text, size_t& at);
void append_character(std::string& text, char32_t character);

}  // namespace convscope
