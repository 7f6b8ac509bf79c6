// The font atlas: which face, size and characters each font has.
#include "app/window/ui_fonts.h"

#include <cmath>
#include <string_view>

#include <imgui.h>

#include "app/scene/fonts.h"
#include "app/window/imgui_setup.h"

namespace convscope {
namespace {

// Of the style tokens, section 11. Pairs of first and last, ended by 0.
constexpr ImWchar kAllText[] = {0x20,   0x17F,  0x391,  0x3C9,  0x2013, 0x2026,
                                0x2032, 0x2032, 0x2070, 0x2089, 0x207B, 0x207B,
                                0x2190, 0x2193, 0x2202, 0x2265, 0};
// For large sizes that only show our own words and numbers.
constexpr ImWchar kOwnText[] = {0x20,   0x7E,   0xA0,   0xFF,   0x2013, 0x2026, 0x2032, 0x2032,
                                0x2190, 0x2193, 0x2212, 0x2212, 0x221E, 0x221E, 0};

constexpr unsigned kFirstIcon = 0xE000;

struct IconRanges {
    ImVector<ImWchar> ranges;
    IconRanges() {
        ImFontGlyphRangesBuilder builder;
        for (const char* text : icon::kAll) builder.AddText(text);
        builder.BuildRanges(&ranges);
    }
};
// The atlas reads the ranges until it is built, so they live as long as the program; they never change.
const ImWchar* icon_ranges() {
    static const IconRanges kIcons;
    return kIcons.ranges.Data;
}

// ImGui only knows whole line heights: the height is rounded, and the density says how much larger the glyphs are.
void add_face(ImFontAtlas& atlas, Font face, float em, const ImWchar* ranges, bool merges,
              ImFont*& font) {
    const std::span<const unsigned char> data = font_data(face);
    const float exact_px = em * line_height_factor(face);
    ImFontConfig config;
    config.FontData = const_cast<unsigned char*>(data.data());
    config.FontDataSize = static_cast<int>(data.size());
    config.FontDataOwnedByAtlas = true;  // or it would be copied; see below
    config.SizePixels = std::round(exact_px);
    config.RasterizerDensity = merges ? 1.0f : exact_px / config.SizePixels;
    config.MergeMode = merges;
    config.GlyphRanges = ranges;
    // Text starts on any pixel fraction; twice as many columns keep the spacing of small sizes even.
    config.OversampleH = em < 20 ? 2 : 1;
    config.OversampleV = 1;
    ImFont* added = atlas.AddFont(&config);
    atlas.ConfigData.back().FontDataOwnedByAtlas = false;
    if (!merges) font = added;
}

// The builder shrank the glyphs to the whole height: back to their true size, around pen and baseline.
void restore_size(ImFont& font) {
    const float density = font.ConfigData->RasterizerDensity;
    const float baseline = std::round(font.Ascent);
    for (ImFontGlyph& glyph : font.Glyphs) {
        if (glyph.Codepoint >= kFirstIcon) continue;
        glyph.X0 *= density;
        glyph.X1 *= density;
        glyph.AdvanceX *= density;
        glyph.Y0 = std::round(baseline + (glyph.Y0 - baseline) * density);
        glyph.Y1 = std::round(baseline + (glyph.Y1 - baseline) * density);
    }
    font.BuildLookupTable();
}

Font face_of(const ImFont* font) {
    for (const Font face : {Font::inter, Font::semibold, Font::mono, Font::mono_bold, Font::icons})
        if (font->ConfigData && font->ConfigData->FontData == font_data(face).data()) return face;
    return Font::inter;
}

}  // namespace

UiFonts build_fonts(ImFontAtlas& atlas, float scale) {
    struct Row {
        ImFont* UiFonts::*font;
        Font face;
        float em_px;
        const ImWchar* ranges;
        float icons_px;  // 0: none merged in
    };
    // clang-format off
    const Row rows[] = {
        {&UiFonts::body,            Font::inter,     13.5f, kAllText, 14},   // the first is ImGui's default
        {&UiFonts::body_bold,       Font::semibold,  13.5f, kOwnText, 14},
        {&UiFonts::small,           Font::inter,     12,    kAllText, 12},
        {&UiFonts::section,         Font::semibold,  13,    kOwnText, 0},
        {&UiFonts::label,           Font::semibold,  14,    kOwnText, 14},
        {&UiFonts::reading,         Font::inter,     15,    kAllText, 0},
        {&UiFonts::reading_bold,    Font::semibold,  15,    kOwnText, 0},
        {&UiFonts::caption,         Font::inter,     20,    kOwnText, 0},
        {&UiFonts::title,           Font::semibold,  24,    kOwnText, 0},
        {&UiFonts::mono,            Font::mono,      13.5f, kAllText, 0},
        {&UiFonts::mono_bold,       Font::mono_bold, 13.5f, kOwnText, 0},
        {&UiFonts::mono_code,       Font::mono,      12.5f, kOwnText, 0},
        {&UiFonts::mono_small,      Font::mono,      12,    kAllText, 0},
        {&UiFonts::mono_small_bold, Font::mono_bold, 12,    kOwnText, 0},
        {&UiFonts::mono_tick,       Font::mono,      11,    kOwnText, 0},
        {&UiFonts::mono_index,      Font::mono,      10.5f, kOwnText, 0},
        {&UiFonts::total,           Font::mono_bold, 16,    kOwnText, 0},
        {&UiFonts::caption_mono,    Font::mono_bold, 20,    kOwnText, 0},
        {&UiFonts::figure,          Font::mono_bold, 34,    kOwnText, 0},
        {&UiFonts::icons,           Font::icons,     14,    icon_ranges(), 0},
        {&UiFonts::icons_small,     Font::icons,     11,    icon_ranges(), 0},
        {&UiFonts::icons_large,     Font::icons,     18,    icon_ranges(), 0},
    };
    // clang-format on
    UiFonts fonts;
    for (const Row& row : rows) {
        add_face(atlas, row.face, row.em_px * scale, row.ranges, false, fonts.*row.font);
        if (row.icons_px > 0)
            add_face(atlas, Font::icons, row.icons_px * scale, icon_ranges(), true,
                     fonts.*row.font);
    }
    atlas.Build();
    for (ImFont* font : atlas.Fonts)
        if (font->ConfigData->FontData != font_data(Font::icons).data()) restore_size(*font);
    return fonts;
}

float em_px(const ImFont* font) {
    return font->ConfigData->SizePixels * font->ConfigData->RasterizerDensity /
           line_height_factor(face_of(font));
}

float cap_center_px(const ImFont* font) { return font->Ascent - kBaselineEm * em_px(font); }

}  // namespace convscope
