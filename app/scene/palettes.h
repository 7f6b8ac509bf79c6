// Palettes: the colour tokens of the light and dark theme, and the colour maps. The only place with colour values.
#pragma once

#include <array>

#include "app/scene/scene.h"

namespace convscope {

/// sRGB, 0…1 each.
struct Color {
    float r = 0, g = 0, b = 0, a = 1;
    bool operator==(const Color&) const = default;
};

enum class Theme { light, dark, light_contrast, dark_contrast };
constexpr bool is_dark(Theme theme) { return theme == Theme::dark || theme == Theme::dark_contrast; }
/// The same with stronger lines and text.
constexpr Theme contrasted(Theme theme) { return is_dark(theme) ? Theme::dark_contrast : Theme::light_contrast; }

struct Palette {
    Theme theme = Theme::light;
    std::array<Color, static_cast<size_t>(Tone::count)> tones;
    Color scrim;
    Color operator[](Tone tone) const { return tones[static_cast<size_t>(tone)]; }
};

const Palette& palette(Theme theme);

/// Colour of `position` (−1…1 for signed values, else 0…1, clamped; NaN: the theme's error tint). Not for rgb.
Color map_color(ColorMap map, float position, Theme theme);

/// How a cell is drawn.
struct CellStyle {
    Color ground;              // alpha 0: none
    Color border;
    float border_px = 1;       // at scale 1, as radius_px
    float radius_px = 0;
    bool dashed = false;       // 3–3, inset by 1
    bool hatched = false;
    Color text;
    Color corner_text;
    bool bold = false;
    bool struck = false;       // a line through the number, 2 px
};
CellStyle cell_style(const Cell& cell, const Grid& grid, Theme theme);

}  // namespace convscope
