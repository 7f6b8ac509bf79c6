// UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF.
#include "core/io/utf8.h"

namespace convscope {

char32_t next_character(std::string_view text, size_t& at) {
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(at++);
    if (first < 0x80) return first;
    int more = 0;
    char32_t character = 0, smallest = 0;
    if (first >= 0xC2 && first < 0xE0) {
        more = 1, character = first & 0x1Fu, smallest = 0x80;
    } else if (first >= 0xE0 && first < 0xF0) {
        more = 2, character = first & 0x0Fu, smallest = 0x800;
    } else if (first >= 0xF0 && first < 0xF5) {
        more = 3, character = first & 0x07u, smallest = 0x10000;
    } else {
        return kBrokenCharacter;
    }
    for (int i = 0; i < more; ++i) {
        const size_t place = at + static_cast<size_t>(i);
        if (place >= text.size() || (byte(place) & 0xC0u) != 0x80u) return kBrokenCharacter;
        character = character << 6 | (byte(place) & 0x3Fu);
    }
    const bool surrogate = character >= 0xD800 && character < 0xE000;
    if (character < smallest || character > 0x10FFFF || surrogate) return kBrokenCharacter;
    at += static_cast<size_t>(more);
    return character;
}

void append_character(std::string& text, char32_t character) {
    const auto put = [&](char32_t byte) { text.push_back(static_cast<char>(byte)); };
    if (character < 0x80) {
        put(character);
    } else if (character < 0x800) {
        put(0xC0 | character >> 6), put(0x80 | (character & 0x3F));
    } else if (character < 0x10000) {
        put(0xE0 | character >> 12), put(0x80 | (character >> 6 & 0x3F));
        put(0x80 | (character & 0x3F));
    } else {
        put(0xF0 | character >> 18), put(0x80 | (character >> 12 & 0x3F));
        put(0x80 | (character >> 6 & 0x3F)), put(0x80 | (character & 0x3F));
    }
}

}  // namespace convscope
