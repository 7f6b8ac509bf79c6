// Metrics of the embedded faces, read through stb_truetype once per face.
#include "app/scene/fonts.h"

#include <array>

#include <stb_truetype.h>

#include "assets/embedded.h"
#include "core/check.h"

namespace convscope {
namespace {

constexpr size_t kFaces = 5;
constexpr char32_t kTableEnd = 0x2300;  // everything the interface writes but icons
constexpr int16_t kMissing = -1;

// Built once, never written again.
struct Face {
    stbtt_fontinfo info{};
    float per_em = 0;  // font units → em
    float line_factor = 0;
    std::array<int16_t, kTableEnd> advances{};  // font units; kMissing: no such glyph

    explicit Face(std::span<const unsigned char> file) {
        CHECK_THAT(stbtt_InitFont(&info, file.data(), stbtt_GetFontOffsetForIndex(file.data(), 0)),
                   !=, 0);
        per_em = stbtt_ScaleForMappingEmToPixels(&info, 1);
        int ascent = 0, descent = 0, gap = 0;
        stbtt_GetFontVMetrics(&info, &ascent, &descent, &gap);
        line_factor = static_cast<float>(ascent - descent) * per_em;
        for (char32_t c = 0; c < kTableEnd; ++c) advances[c] = read_advance(c);
    }
    int16_t read_advance(char32_t c) const {
        const int glyph = stbtt_FindGlyphIndex(&info, static_cast<int>(c));
        return glyph == 0 ? kMissing : glyph_advance(glyph);
    }
    int16_t glyph_advance(int glyph) const {
        int advance = 0, bearing = 0;
        stbtt_GetGlyphHMetrics(&info, glyph, &advance, &bearing);
        return static_cast<int16_t>(advance);
    }
    int16_t advance(char32_t c) const { return c < kTableEnd ? advances[c] : read_advance(c); }
};

const Face& face(Font font) {
    static const std::array<Face, kFaces> kAll = {
        Face(font_data(Font::inter)), Face(font_data(Font::semibold)), Face(font_data(Font::mono)),
        Face(font_data(Font::mono_bold)), Face(font_data(Font::icons))};
    return kAll[static_cast<size_t>(font)];
}

}  // namespace

std::span<const unsigned char> font_data(Font font) {
    switch (font) {
        case Font::inter: return assets::inter_regular();
        case Font::semibold: return assets::inter_semibold();
        case Font::mono: return assets::mono_regular();
        case Font::mono_bold: return assets::mono_bold();
        case Font::icons: return assets::fontawesome();
    }
    return {};
}

char32_t next_char(std::string_view& text) {
    constexpr char32_t kBroken = 0xFFFD;
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(0);
    const size_t length = first < 0x80                    ? 1
                          : first >= 0xF0 && first < 0xF8 ? 4
                          : first >= 0xE0                 ? 3
                          : first >= 0xC0                 ? 2
                                                          : 0;
    if (length == 0 || first >= 0xF8 || length > text.size()) {
        text.remove_prefix(1);
        return kBroken;
    }
    char32_t c = length == 1 ? first : first & (0x7F >> length);
    for (size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0) != 0x80) {
            text.remove_prefix(1);
            return kBroken;
        }
        c = c << 6 | (byte(i) & 0x3F);
    }
    text.remove_prefix(length);
    return c;
}

Font face_with(Font font, char32_t character) {
    if (face(font).advance(character) != kMissing) return font;
    if (face(Font::inter).advance(character) != kMissing) return Font::inter;
    if (face(Font::icons).advance(character) != kMissing) return Font::icons;
    return font;
}

float advance_em(Font font, char32_t character) {
    const Face& in = face(font);
    const int16_t units = in.advance(character);
    return static_cast<float>(units == kMissing ? in.glyph_advance(0) : units) * in.per_em;
}

float text_width(Font font, float size_px, std::string_view text) {
    float em = 0;
    while (!text.empty()) {
        const char32_t c = next_char(text);
        em += advance_em(face_with(font, c), c);
    }
    return em * size_px;
}

std::string phrases_that_fit(Font font, float size_px, std::string text, float width) {
    while (!text.empty() && text_width(font, size_px, text) > width) {
        const size_t comma = text.rfind(", ");
        text.erase(comma == std::string::npos ? 0 : comma);
    }
    return text;
}

float text_width(const std::vector<Run>& runs, float size_px) {
    float width = 0;
    for (const Run& run : runs) width += text_width(run.font, size_px, run.text);
    return width;
}

float line_height_factor(Font font) { return face(font).line_factor; }

}  // namespace convscope
