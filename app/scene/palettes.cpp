// The colour tokens and maps as values.
#include "app/scene/palettes.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>

namespace convscope {
namespace {

// In the order of Tone.
constexpr uint32_t kLight[] = {
    0,  // none
    // canvas, panel, raised, sunken, hover, line, line2, gridline, inkd, ink3, ink2, ink, accent, on_accent
    0xFFFFFF, 0xF7F6F3, 0xFFFFFF, 0xEFEDE8, 0xE8E6E0, 0xE2DFD8, 0xC9C5BC, 0xEDEBE6, 0xA5A199,
    0x6E6B64, 0x57544E, 0x1D1C1A, 0x1D1C1A, 0xFFFFFF,
    // tint, fill, edge, line, text, solid, on
    0xEFF5FD, 0xCEE0FA, 0xB5CBE8, 0x00659F, 0x01639B, 0x00659F, 0xFFFFFF,  // input
    0xFDF3EA, 0xF7D9BE, 0xE5C3A4, 0xCC7C01, 0x945900, 0xF8A82F, 0x1D1C1A,  // kernel
    0xEDF7F1, 0xC5E6D5, 0xACD2BF, 0x00875E, 0x016B49, 0x00875E, 0xFFFFFF,  // output
    0xFBF2F9, 0xF1D7EC, 0xDFC0D9, 0x7A2B72, 0x7A2B72, 0x7A2B72, 0xFFFFFF,  // gradient
    0xFEF2F0, 0xFCD6D0, 0xEABFB9, 0xBB2C2D, 0xB42529, 0xBB2C2D, 0xFFFFFF,  // error
};
constexpr uint32_t kDark[] = {
    0,  // none
    // canvas, panel, raised, sunken, hover, line, line2, gridline, inkd, ink3, ink2, ink, accent, on_accent
    0x141517, 0x1B1D20, 0x26282C, 0x101113, 0x313439, 0x2C2F34, 0x454950, 0x222428, 0x5E626A,
    0x888C94, 0xADB0B6, 0xECEBE8, 0xECEBE8, 0x141517,
    // tint, fill, edge, line, text, solid, on
    0x232B34, 0x284969, 0x394F68, 0x47A4EF, 0x7FBBF9, 0x47A4EF, 0x141517,  // input
    0x2F2920, 0x574425, 0x5B4B33, 0xFFCB74, 0xFECB76, 0xFFCB74, 0x141517,  // kernel
    0x212D27, 0x224F3C, 0x335445, 0x46CF99, 0x70D4A8, 0x46CF99, 0x141517,  // output
    0x31272F, 0x5D3C58, 0x5F465B, 0xBD66B1, 0xE199D6, 0xBD66B1, 0x141517,  // gradient
    0x342725, 0x673B35, 0x684540, 0xFF776A, 0xFF9B8F, 0xFF776A, 0x141517,  // error
};
constexpr float kScrimAlpha = 0.32f;

static_assert(std::size(kLight) == static_cast<size_t>(Tone::count));
static_assert(std::size(kDark) == static_cast<size_t>(Tone::count));

// Colour maps, evenly spaced stops.
constexpr uint32_t kSignedLight[] = {0x025181, 0x72A5D5, 0xFFFFFF, 0xECB06B, 0xA65500};
constexpr uint32_t kSignedDark[] = {0x66BEFD, 0x1E73A8, 0x1B1D20, 0xA96F31, 0xFFC15F};
constexpr uint32_t kGrey[] = {0x000000, 0xFFFFFF};
constexpr uint32_t kViridis[] = {0x440154, 0x472D7B, 0x3B528B, 0x2C728E, 0x21918C,
                                 0x28AE80, 0x5EC962, 0xADDC30, 0xFDE725};

constexpr Color color(uint32_t rgb) {
    return {static_cast<float>(rgb >> 16) / 255.0f, static_cast<float>(rgb >> 8 & 255) / 255.0f,
            static_cast<float>(rgb & 255) / 255.0f, 1.0f};
}

constexpr Palette make_palette(Theme theme) {
    Palette made;
    made.theme = theme;
    const std::span<const uint32_t> values = is_dark(theme) ? kDark : kLight;
    for (size_t i = 0; i < values.size(); ++i) made.tones[i] = color(values[i]);
    made.tones[static_cast<size_t>(Tone::none)] = {0, 0, 0, 0};
    made.scrim = is_dark(theme) ? color(0x000000) : color(0x1D1C1A);
    made.scrim.a = kScrimAlpha;
    return made;
}

/// Lines and words take the place of the next stronger ones; a role's cells have its line around them.
constexpr Palette make_contrasted(const Palette& base) {
    Palette made = base;
    made.theme = contrasted(base.theme);
    const auto take = [&](Tone tone, Tone from) { made.tones[static_cast<size_t>(tone)] = base.tones[static_cast<size_t>(from)]; };
    take(Tone::line, Tone::line2);
    take(Tone::line2, Tone::ink3);
    take(Tone::inkd, Tone::ink3);
    take(Tone::ink3, Tone::ink2);
    take(Tone::ink2, Tone::ink);
    for (const Tone edge : {Tone::input_edge, Tone::kernel_edge, Tone::output_edge, Tone::gradient_edge, Tone::error_edge})
        take(edge, static_cast<Tone>(static_cast<int>(edge) + 1));   // its line
    return made;
}

constexpr Palette kPaletteLight = make_palette(Theme::light);
constexpr Palette kPaletteDark = make_palette(Theme::dark);
constexpr Palette kContrastLight = make_contrasted(kPaletteLight);
constexpr Palette kContrastDark = make_contrasted(kPaletteDark);

std::span<const uint32_t> stops(ColorMap map, Theme theme) {
    switch (map) {
        case ColorMap::signed_values: if (is_dark(theme)) return kSignedDark;
            return kSignedLight;
        case ColorMap::viridis: return kViridis;
        case ColorMap::grey:
        case ColorMap::rgb: break;
    }
    return kGrey;
}

}  // namespace

const Palette& palette(Theme theme) {
    switch (theme) {
        case Theme::light: return kPaletteLight;
        case Theme::dark: return kPaletteDark;
        case Theme::light_contrast: return kContrastLight;
        case Theme::dark_contrast: return kContrastDark;
    }
    return kPaletteLight;
}

Tone tone_of(Role role, Part part) {
    if (role == Role::neutral) {
        constexpr Tone kNeutral[] = {Tone::canvas, Tone::hover,  Tone::line,     Tone::ink3,
                                     Tone::ink,    Tone::accent, Tone::on_accent};
        return kNeutral[static_cast<size_t>(part)];
    }
    constexpr int kParts = static_cast<int>(Part::on) + 1;
    return static_cast<Tone>(static_cast<int>(Tone::input_tint) + static_cast<int>(role) * kParts +
                             static_cast<int>(part));
}

Color map_color(ColorMap map, float position, Theme theme) {
    if (std::isnan(position)) return palette(theme)[Tone::error_tint];
    const std::span<const uint32_t> values = stops(map, theme);
    const float low = map == ColorMap::signed_values ? -1.0f : 0.0f;
    const float part = (std::clamp(position, low, 1.0f) - low) / (1.0f - low);
    const float place = part * static_cast<float>(values.size() - 1);
    const size_t below = std::min(static_cast<size_t>(place), values.size() - 2);
    const float t = place - static_cast<float>(below);
    const Color a = color(values[below]), b = color(values[below + 1]);
    return {a.r + (b.r - a.r) * t, a.g + (b.g - a.g) * t, a.b + (b.b - a.b) * t, 1};
}

}  // namespace convscope
