// How each state of a cell looks (style tokens, section 5).
#include <algorithm>
#include <cmath>

#include "app/scene/palettes.h"

namespace convscope {
namespace {

struct Tones {
    Tone ground = Tone::none, border = Tone::line, text = Tone::ink, corner = Tone::kernel_text;
};

// Words on a mapped colour: whichever of paper and ink stands out more. Luminance by WCAG 2.
float luminance(Color c) {
    const auto linear = [](float v) {
        return v <= 0.04045f ? v / 12.92f : std::pow((v + 0.055f) / 1.055f, 2.4f);
    };
    return 0.2126f * linear(c.r) + 0.7152f * linear(c.g) + 0.0722f * linear(c.b);
}

float contrast(Color a, Color b) {
    const float la = luminance(a), lb = luminance(b);
    return (std::max(la, lb) + 0.05f) / (std::min(la, lb) + 0.05f);
}

Color between(Color a, Color b, float t) {
    return {a.r + (b.r - a.r) * t, a.g + (b.g - a.g) * t, a.b + (b.b - a.b) * t, 1};
}

bool has_number(CellState state) {
    switch (state) {
        case CellState::pending:
        case CellState::hidden:
        case CellState::asked:
        case CellState::guess_wrong: return false;
        default: return true;
    }
}

}  // namespace

CellStyle cell_style(const Cell& cell, const Grid& grid, Theme theme) {
    const Palette& colors = palette(theme);
    const auto of_role = [&](Part part) { return tone_of(grid.role, part); };
    const auto of_error = [](Part part) {
        return static_cast<Tone>(static_cast<int>(Tone::error_tint) + static_cast<int>(part));
    };
    CellStyle style;
    Tones tones;
    switch (cell.state) {
        case CellState::normal:
            tones = {of_role(Part::tint), of_role(Part::edge), Tone::ink};
            break;
        case CellState::contributing:
            tones = {of_role(Part::fill), of_role(Part::line), Tone::ink};
            style.bold = true;
            break;
        case CellState::current:
            tones = {of_role(Part::solid), of_role(Part::line), of_role(Part::on),
                     of_role(Part::on)};
            style.bold = true;
            break;
        case CellState::padding:
            tones = {Tone::none, is_dark(theme) ? Tone::inkd : Tone::ink3, Tone::ink3};
            style.dashed = true;
            break;
        case CellState::padding_read:
            tones = {of_role(Part::tint), of_role(Part::line), Tone::ink2};
            style.dashed = style.bold = true;
            break;
        case CellState::leftover:
            tones = {Tone::canvas, Tone::line2, Tone::ink2};
            style.hatched = true;
            break;
        case CellState::pending: tones = {Tone::canvas, Tone::line2, Tone::ink3}; break;
        case CellState::product: tones = {Tone::canvas, Tone::line, Tone::ink}; break;
        case CellState::product_now:
            tones = {Tone::canvas, Tone::ink, Tone::ink};
            style.border_px = 2;
            style.radius_px = 3;
            break;
        case CellState::running_sum:
            tones = {of_role(Part::fill), of_role(Part::line), Tone::ink};
            style.bold = true;
            style.border_px = 3;
            style.radius_px = 5;
            break;
        case CellState::cropped:
            tones = {Tone::none, is_dark(theme) ? Tone::inkd : Tone::ink3, Tone::ink2};
            style.dashed = true;
            break;
        case CellState::ground: tones = {Tone::canvas, Tone::line, Tone::inkd}; break;
        case CellState::hidden: tones = {Tone::canvas, Tone::line2, Tone::ink3}; break;
        case CellState::asked:
            tones = {Tone::kernel_tint, Tone::kernel_edge, Tone::kernel_text};
            style.bold = true;
            break;
        case CellState::guess_wrong:
            tones = {Tone::error_tint, Tone::error_line, Tone::error_text};
            style.bold = style.struck = true;
            style.border_px = 3;
            style.radius_px = 4;
            break;
    }
    if (style.dashed) style.radius_px = 2;
    // The −∞ around a max pool is as it should be, unlike a number that went wrong.
    const bool is_padding = cell.state == CellState::padding || cell.state == CellState::padding_read;
    const bool is_meant = is_padding && cell.ref.source == Source::constant;
    if (has_number(cell.state) && !is_meant && !std::isfinite(cell.value)) {
        style.bold = true;
        const bool solid = cell.state == CellState::current;
        const bool filled =
            cell.state == CellState::contributing || cell.state == CellState::running_sum;
        tones.ground = of_error(solid ? Part::solid : filled ? Part::fill : Part::tint);
        tones.border = of_error(solid || filled ? Part::line : Part::edge);
        tones.text = of_error(solid ? Part::on : filled ? Part::line : Part::text);
    }
    if (grid.stale) {
        const bool outlined = style.dashed || style.border_px > 1;
        tones = {style.dashed ? Tone::none : Tone::panel, outlined ? Tone::inkd : Tone::line2,
                 Tone::ink3, Tone::ink3};
    }
    style.ground = colors[tones.ground];
    style.border = colors[tones.border];
    style.text = colors[tones.text];
    style.corner_text = colors[tones.corner];
    // The current term stays solid: it must be found at once.
    if (cell.shade >= -1 && !grid.stale && cell.state != CellState::current) {
        style.ground = grid.shaded_by_role
                           ? between(colors[of_role(Part::tint)], colors[of_role(Part::line)], cell.shade)
                           : map_color(grid.picture ? grid.picture->map : ColorMap::signed_values,
                                       cell.shade, theme);
        const Color dark = palette(Theme::dark)[Tone::canvas],
                    light = palette(Theme::light)[Tone::canvas];
        style.text = contrast(dark, style.ground) >= contrast(light, style.ground) ? dark : light;
        style.corner_text = style.text;
    }
    return style;
}

}  // namespace convscope
