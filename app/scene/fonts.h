// Fonts: the embedded faces and their metrics, so that views can measure text and every painter sets it alike.
#pragma once

#include <span>
#include <string_view>

#include "app/scene/scene.h"

namespace convscope {

/// The TrueType or OpenType file of a face.
std::span<const unsigned char> font_data(Font font);
/// Width in pixels of UTF-8 text at an em size, kerning left out.
float text_width(Font font, float size_px, std::string_view text);
float text_width(const std::vector<Run>& runs, float size_px);

/// As many of the phrases of "7×7, padding 1, channel 2" as fit the width, from the front; "" when not even one does.
std::string phrases_that_fit(Font font, float size_px, std::string text, float width);

/// Takes the next character off the front of UTF-8 text; a broken byte gives U+FFFD. `text` must not be empty.
char32_t next_char(std::string_view& text);
/// The face that has the character: `font` itself, else Inter, else `font` (it shows its box).
Font face_with(Font font, char32_t character);
/// Advance width of a character of exactly that face, in em.
float advance_em(Font font, char32_t character);
/// From the middle of the capitals down to the baseline, in em.
inline constexpr float kBaselineEm = 0.364f;
/// Factor from em size to the ascent + descent height that ImGui and stb_truetype take as size.
float line_height_factor(Font font);

/// Icons of FontAwesome 4.7 by what they are used for, as UTF-8.
namespace icon {
inline constexpr const char* kPlay = "\xEF\x81\x8B";           // f04b
inline constexpr const char* kPause = "\xEF\x81\x8C";          // f04c
inline constexpr const char* kStepForward = "\xEF\x81\x91";    // f051
inline constexpr const char* kStepBack = "\xEF\x81\x88";       // f048
inline constexpr const char* kFastForward = "\xEF\x81\x90";    // f050
inline constexpr const char* kFastBack = "\xEF\x81\x89";       // f049
inline constexpr const char* kCopy = "\xEF\x83\x85";           // f0c5
inline constexpr const char* kSearch = "\xEF\x80\x82";         // f002
inline constexpr const char* kMoon = "\xEF\x86\x86";           // f186
inline constexpr const char* kSun = "\xEF\x86\x85";            // f185
inline constexpr const char* kImage = "\xEF\x80\xBE";          // f03e
inline constexpr const char* kFolder = "\xEF\x81\xBB";         // f07b
inline constexpr const char* kFile = "\xEF\x80\x96";           // f016
inline constexpr const char* kShuffle = "\xEF\x81\xB4";        // f074
inline constexpr const char* kWarning = "\xEF\x81\xB1";        // f071
inline constexpr const char* kChevronDown = "\xEF\x81\xB8";    // f078
inline constexpr const char* kChevronRight = "\xEF\x81\x94";   // f054
inline constexpr const char* kChevronLeft = "\xEF\x81\x93";    // f053
inline constexpr const char* kSliders = "\xEF\x87\x9E";        // f1de
inline constexpr const char* kTable = "\xEF\x83\x8E";          // f0ce
inline constexpr const char* kCalculator = "\xEF\x87\xAC";     // f1ec
inline constexpr const char* kList = "\xEF\x83\x8B";           // f0cb
inline constexpr const char* kCode = "\xEF\x84\xA1";           // f121
inline constexpr const char* kExpand = "\xEF\x81\xA5";         // f065
inline constexpr const char* kColumns = "\xEF\x83\x9B";        // f0db
inline constexpr const char* kUndo = "\xEF\x83\xA2";           // f0e2
inline constexpr const char* kArrowUp = "\xEF\x81\xA2";        // f062
inline constexpr const char* kClose = "\xEF\x80\x8D";          // f00d
/// Every icon stands here too: the interface's font atlas holds these.
inline constexpr const char* kAll[] = {
    kPlay, kPause, kStepForward, kStepBack, kFastForward, kFastBack, kCopy, kSearch, kMoon, kSun,
    kImage, kFolder, kFile, kShuffle, kWarning, kChevronDown, kChevronRight, kChevronLeft, kSliders,
    kTable, kCalculator, kList, kCode, kExpand, kColumns, kUndo, kArrowUp, kClose,};
}  // namespace icon

}  // namespace convscope
