// The bounds of the style tokens (section 2), computed from the palette: contrast by WCAG 2, differences by CIEDE2000, colour
// vision deficiencies by Machado et al. 2009 at severity 1.0, grey by relative luminance. The tokens' own table is the witness.
#include "app/scene/palettes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

namespace convscope {
namespace {

using Triple = std::array<double, 3>;
using Matrix = std::array<Triple, 3>;

constexpr Matrix kIdentity = {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
constexpr Matrix kProtanopia = {{{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}}};
constexpr Matrix kDeuteranopia = {{{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}}};
constexpr Matrix kTritanopia = {{{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}}};
constexpr Matrix kLuminance = {{{0.2126, 0.7152, 0.0722}, {0.2126, 0.7152, 0.0722}, {0.2126, 0.7152, 0.0722}}};

Triple linear(Color c) {
    const auto one = [](double v) { return v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4); };
    return {one(c.r), one(c.g), one(c.b)};
}

Triple times(const Matrix& m, Triple v) {
    Triple out{};
    for (size_t i = 0; i < 3; ++i)
        for (size_t j = 0; j < 3; ++j) out[i] += m[i][j] * v[j];
    return out;
}

double luminance(Color c) { return times(kLuminance, linear(c))[0]; }

double contrast(Color a, Color b) {
    const double la = luminance(a), lb = luminance(b);
    return (std::max(la, lb) + 0.05) / (std::min(la, lb) + 0.05);
}

// Linear sRGB → CIE L*a*b* under D65.
Triple lab(Triple rgb) {
    for (double& v : rgb) v = std::clamp(v, 0.0, 1.0);
    constexpr Matrix kToXyz = {{{0.4124564, 0.3575761, 0.1804375}, {0.2126729, 0.7151522, 0.0721750}, {0.0193339, 0.1191920, 0.9503041}}};
    Triple f = times(kToXyz, rgb);
    constexpr Triple kWhite = {0.95047, 1.0, 1.08883};
    for (size_t i = 0; i < 3; ++i) {
        const double t = f[i] / kWhite[i];
        f[i] = t > 216.0 / 24389 ? std::cbrt(t) : (24389.0 / 27 * t + 16) / 116;
    }
    return {116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])};
}

// Sharma, Wu, Dalal 2005.
double delta_e(Triple one, Triple two) {
    constexpr double kDegree = std::numbers::pi / 180;
    const double c1 = std::hypot(one[1], one[2]), c2 = std::hypot(two[1], two[2]);
    const double c7 = std::pow((c1 + c2) / 2, 7);
    const double g = 0.5 * (1 - std::sqrt(c7 / (c7 + std::pow(25.0, 7))));
    const double a1 = one[1] * (1 + g), a2 = two[1] * (1 + g);
    const double cp1 = std::hypot(a1, one[2]), cp2 = std::hypot(a2, two[2]);
    const auto hue = [&](double a, double b) {
        if (a == 0 && b == 0) return 0.0;
        const double h = std::atan2(b, a) / kDegree;
        return h < 0 ? h + 360 : h;
    };
    const double h1 = hue(a1, one[2]), h2 = hue(a2, two[2]);
    double dh = 0, mean_h = h1 + h2;
    if (cp1 * cp2 != 0) {
        dh = h2 - h1;
        if (dh > 180) dh -= 360;
        if (dh < -180) dh += 360;
        mean_h = std::fabs(h1 - h2) <= 180 ? (h1 + h2) / 2 : (h1 + h2 + (h1 + h2 < 360 ? 360 : -360)) / 2;
    }
    const double dl = two[0] - one[0], dc = cp2 - cp1;
    const double dhh = 2 * std::sqrt(cp1 * cp2) * std::sin(dh / 2 * kDegree);
    const double ml = (one[0] + two[0]) / 2, mc = (cp1 + cp2) / 2;
    const double t = 1 - 0.17 * std::cos((mean_h - 30) * kDegree) + 0.24 * std::cos(2 * mean_h * kDegree) +
                     0.32 * std::cos((3 * mean_h + 6) * kDegree) - 0.20 * std::cos((4 * mean_h - 63) * kDegree);
    const double sl = 1 + 0.015 * (ml - 50) * (ml - 50) / std::sqrt(20 + (ml - 50) * (ml - 50));
    const double sc = 1 + 0.045 * mc, sh = 1 + 0.015 * mc * t;
    const double mc7 = std::pow(mc, 7);
    const double rt = -2 * std::sqrt(mc7 / (mc7 + std::pow(25.0, 7))) *
                      std::sin(60 * std::exp(-std::pow((mean_h - 275) / 25, 2)) * kDegree);
    return std::sqrt(std::pow(dl / sl, 2) + std::pow(dc / sc, 2) + std::pow(dhh / sh, 2) + rt * dc / sc * dhh / sh);
}

constexpr Role kRoles[] = {Role::input, Role::kernel, Role::output, Role::gradient};

double smallest_difference(Theme theme, const Matrix& eyes) {
    double smallest = 1e9;
    for (size_t i = 0; i < 4; ++i)
        for (size_t j = 0; j < i; ++j) {
            const auto seen = [&](Role role) { return lab(times(eyes, linear(palette(theme)[tone_of(role, Part::line)]))); };
            smallest = std::min(smallest, delta_e(seen(kRoles[i]), seen(kRoles[j])));
        }
    return smallest;
}

TEST(Palette, TheDifferenceFormulaIsRight) {
    // From the published test data.
    EXPECT_NEAR(delta_e({50, 2.6772, -79.7751}, {50, 0, -82.7485}), 2.0425, 1e-4);
    EXPECT_NEAR(delta_e({50, 2.5, 0}, {73, 25, -18}), 27.1492, 1e-4);
    EXPECT_NEAR(delta_e({60.2574, -34.0099, 36.2677}, {60.4626, -34.1751, 39.4387}), 1.2644, 1e-4);
    EXPECT_NEAR(delta_e({2.0776, 0.0795, -1.1350}, {0.9033, -0.0636, -0.5514}), 0.9082, 1e-4);
}

TEST(Palette, RolesDifferForEveryEye) {
    struct Row {
        Theme theme;
        Matrix eyes;
        double published, bound;
    };
    const Row rows[] = {
        {Theme::light, kIdentity, 35.7, 9},   {Theme::light, kProtanopia, 12.6, 9}, {Theme::light, kDeuteranopia, 9.2, 9},
        {Theme::light, kTritanopia, 10.2, 9}, {Theme::light, kLuminance, 7.5, 6},
        {Theme::dark, kIdentity, 36.8, 9},    {Theme::dark, kProtanopia, 10.6, 9},  {Theme::dark, kDeuteranopia, 11.2, 9},
        {Theme::dark, kTritanopia, 10.2, 9},  {Theme::dark, kLuminance, 6.7, 6},
    };
    for (const Row& row : rows) {
        const double smallest = smallest_difference(row.theme, row.eyes);
        EXPECT_GE(smallest, row.bound);
        EXPECT_NEAR(smallest, row.published, 0.1);
    }
}

TEST(Palette, ContrastOfInk) {
    // The tokens' table: on canvas, panel, raised, sunken.
    struct Row {
        Theme theme;
        Tone ink;
        std::array<double, 4> on;
    };
    const Row rows[] = {
        {Theme::light, Tone::ink3, {5.3, 4.9, 5.3, 4.5}}, {Theme::light, Tone::ink2, {7.5, 7.0, 7.5, 6.4}},
        {Theme::light, Tone::ink, {17.0, 15.8, 17.0, 14.6}}, {Theme::dark, Tone::ink3, {5.4, 5.0, 4.4, 5.6}},
        {Theme::dark, Tone::ink2, {8.4, 7.8, 6.8, 8.7}}, {Theme::dark, Tone::ink, {15.3, 14.2, 12.4, 15.8}},
    };
    constexpr Tone kGrounds[] = {Tone::canvas, Tone::panel, Tone::raised, Tone::sunken};
    for (const Row& row : rows)
        for (size_t i = 0; i < 4; ++i)
            EXPECT_NEAR(contrast(palette(row.theme)[row.ink], palette(row.theme)[kGrounds[i]]), row.on[i], 0.06);
}

TEST(Palette, ContrastOfRoles) {
    struct Row {
        Theme theme;
        Tone first;                        // the role's tint
        double line_canvas, line_panel, text_canvas, text_panel, text_tint, on_solid;
    };
    const Row rows[] = {
        {Theme::light, Tone::input_tint, 6.3, 5.8, 6.4, 6.0, 5.9, 6.3},  {Theme::light, Tone::kernel_tint, 3.3, 3.0, 5.7, 5.3, 5.2, 8.6},
        {Theme::light, Tone::output_tint, 4.5, 4.2, 6.6, 6.1, 6.0, 4.5}, {Theme::light, Tone::gradient_tint, 8.7, 8.0, 8.7, 8.0, 7.9, 8.7},
        {Theme::light, Tone::error_tint, 6.0, 5.5, 6.5, 6.0, 5.9, 6.0},  {Theme::dark, Tone::input_tint, 6.8, 6.3, 9.0, 8.4, 7.1, 6.8},
        {Theme::dark, Tone::kernel_tint, 12.2, 11.3, 12.2, 11.3, 9.6, 12.2}, {Theme::dark, Tone::output_tint, 9.3, 8.6, 10.2, 9.4, 7.9, 9.3},
        {Theme::dark, Tone::gradient_tint, 5.0, 4.6, 8.5, 7.8, 6.7, 5.0}, {Theme::dark, Tone::error_tint, 7.1, 6.5, 9.0, 8.3, 7.1, 7.1},
    };
    for (const Row& row : rows) {
        const Palette& colors = palette(row.theme);
        const auto of = [&](Part part) { return colors[static_cast<Tone>(static_cast<int>(row.first) + static_cast<int>(part))]; };
        const Color canvas = colors[Tone::canvas], panel = colors[Tone::panel], ink = colors[Tone::ink];
        const bool light = row.theme == Theme::light;
        EXPECT_NEAR(contrast(of(Part::line), canvas), row.line_canvas, 0.06);
        EXPECT_NEAR(contrast(of(Part::line), panel), row.line_panel, 0.06);
        EXPECT_NEAR(contrast(of(Part::text), canvas), row.text_canvas, 0.06);
        EXPECT_NEAR(contrast(of(Part::text), panel), row.text_panel, 0.06);
        EXPECT_NEAR(contrast(of(Part::text), of(Part::tint)), row.text_tint, 0.06);
        EXPECT_NEAR(contrast(of(Part::on), of(Part::solid)), row.on_solid, 0.06);
        EXPECT_GE(contrast(ink, of(Part::tint)), light ? 15.45 : 11.95);
        EXPECT_GE(contrast(ink, of(Part::fill)), light ? 12.55 : 7.75);
    }
}

TEST(Palette, HighContrastIsStronger) {
    for (const Theme theme : {Theme::light, Theme::dark}) {
        const Palette &plain = palette(theme), &strong = palette(contrasted(theme));
        for (const Tone ground : {Tone::canvas, Tone::panel, Tone::raised, Tone::sunken}) {
            EXPECT_EQ(plain[ground], strong[ground]);
            // WCAG: 7 for text, 3 for what has to be seen.
            for (const Tone words : {Tone::ink3, Tone::ink2, Tone::ink}) {
                EXPECT_GE(contrast(strong[words], strong[ground]), 6.4);
                EXPECT_GE(contrast(strong[words], strong[ground]), contrast(plain[words], plain[ground]));
            }
            EXPECT_GE(contrast(strong[Tone::line2], strong[ground]), 4.3);
        }
        for (const Tone tint : {Tone::input_tint, Tone::kernel_tint, Tone::output_tint, Tone::gradient_tint, Tone::error_tint}) {
            const Color edge = strong[static_cast<Tone>(static_cast<int>(tint) + 2)];
            EXPECT_GE(contrast(edge, strong[Tone::canvas]), 3.0);
        }
        EXPECT_EQ(is_dark(theme), is_dark(contrasted(theme)));
    }
}

TEST(Palette, EveryToneHasAColour) {
    for (const Theme theme : {Theme::light, Theme::dark, Theme::light_contrast, Theme::dark_contrast})
        for (int i = 1; i < static_cast<int>(Tone::count); ++i)
            EXPECT_EQ(palette(theme)[static_cast<Tone>(i)].a, 1.0f) << i;
    EXPECT_EQ(palette(Theme::light)[Tone::none].a, 0.0f);
    EXPECT_EQ(tone_of(Role::input, Part::tint), Tone::input_tint);
    EXPECT_EQ(tone_of(Role::gradient, Part::on), Tone::gradient_on);
    EXPECT_EQ(tone_of(Role::output, Part::solid), Tone::output_solid);
    EXPECT_EQ(tone_of(Role::neutral, Part::text), Tone::ink);
}

std::string hex(Color c) {
    char text[16];
    std::snprintf(text, sizeof text, "%02X%02X%02X", static_cast<unsigned>(std::lround(c.r * 255)),
                  static_cast<unsigned>(std::lround(c.g * 255)), static_cast<unsigned>(std::lround(c.b * 255)));
    return text;
}

TEST(Palette, MapsPassThroughTheirStops) {
    EXPECT_EQ(hex(map_color(ColorMap::signed_values, -1, Theme::light)), "025181");
    EXPECT_EQ(hex(map_color(ColorMap::signed_values, -0.5f, Theme::light)), "72A5D5");
    EXPECT_EQ(hex(map_color(ColorMap::signed_values, 0, Theme::light)), "FFFFFF");
    EXPECT_EQ(hex(map_color(ColorMap::signed_values, 1, Theme::light)), "A65500");
    EXPECT_EQ(hex(map_color(ColorMap::signed_values, 0, Theme::dark)), "1B1D20");
    EXPECT_EQ(hex(map_color(ColorMap::signed_values, 7, Theme::dark)), "FFC15F");
    EXPECT_EQ(hex(map_color(ColorMap::grey, 0.2f, Theme::light)), "333333");
    EXPECT_EQ(hex(map_color(ColorMap::grey, -3, Theme::light)), "000000");
    EXPECT_EQ(hex(map_color(ColorMap::viridis, 0.5f, Theme::light)), "21918C");
    EXPECT_EQ(hex(map_color(ColorMap::viridis, 1, Theme::dark)), "FDE725");
    EXPECT_EQ(hex(map_color(ColorMap::viridis, std::nanf(""), Theme::light)), "FEF2F0");
}

TEST(CellStyle, FollowsTheTable) {
    Grid grid;
    grid.role = Role::input;
    Cell cell;
    const auto style = [&](CellState state, Theme theme = Theme::light) {
        cell.state = state;
        return cell_style(cell, grid, theme);
    };
    EXPECT_EQ(hex(style(CellState::normal).ground), "EFF5FD");
    EXPECT_EQ(hex(style(CellState::normal).border), "B5CBE8");
    EXPECT_FALSE(style(CellState::normal).bold);
    EXPECT_EQ(hex(style(CellState::contributing).ground), "CEE0FA");
    EXPECT_EQ(hex(style(CellState::contributing).border), "00659F");
    EXPECT_TRUE(style(CellState::contributing).bold);
    EXPECT_EQ(hex(style(CellState::current).ground), "00659F");
    EXPECT_EQ(hex(style(CellState::current).text), "FFFFFF");
    EXPECT_EQ(style(CellState::padding).ground.a, 0.0f);
    EXPECT_TRUE(style(CellState::padding).dashed);
    EXPECT_EQ(hex(style(CellState::padding).border), "6E6B64");
    EXPECT_EQ(hex(style(CellState::padding, Theme::dark).border), "5E626A");
    EXPECT_EQ(hex(style(CellState::padding, Theme::dark).text), "888C94");
    EXPECT_EQ(hex(style(CellState::padding_read).border), "00659F");
    EXPECT_TRUE(style(CellState::leftover).hatched);
    EXPECT_EQ(hex(style(CellState::pending).ground), "FFFFFF");
    grid.role = Role::output;
    EXPECT_EQ(hex(style(CellState::running_sum).border), "00875E");
    EXPECT_EQ(style(CellState::running_sum).border_px, 3);
    cell.value = std::nanf("");
    EXPECT_EQ(hex(style(CellState::normal).ground), "FEF2F0");
    EXPECT_EQ(hex(style(CellState::normal).text), "B42529");
    EXPECT_TRUE(style(CellState::normal).bold);
    EXPECT_EQ(hex(style(CellState::pending).ground), "FFFFFF");  // its number is not known yet
    cell.value = 1;
    grid.stale = true;
    for (const CellState state : {CellState::normal, CellState::current, CellState::padding_read, CellState::running_sum,
                                  CellState::contributing, CellState::leftover, CellState::padding}) {
        const CellStyle old = style(state);
        for (const Color c : {old.border, old.text, old.corner_text}) EXPECT_LT(std::fabs(c.r - c.b), 0.06f);
    }
}

TEST(CellStyle, WordsOnAShadeCanBeRead) {
    Grid grid;
    Cell cell;
    for (const Theme theme : {Theme::light, Theme::dark})
        for (int i = -20; i <= 20; ++i) {
            cell.shade = static_cast<float>(i) / 20;
            const CellStyle style = cell_style(cell, grid, theme);
            EXPECT_EQ(style.ground, map_color(ColorMap::signed_values, cell.shade, theme));
            EXPECT_GE(contrast(style.text, style.ground), 4.0) << i;
        }
}

}  // namespace
}  // namespace convscope
