// Turns grids, plates, strokes and labels into quads, on whole pixels where lines are straight.
#include "app/paint/scene_batch.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "app/paint/polyline.h"
#include "app/scene/fonts.h"

namespace convscope {
namespace {

enum Flag : uint8_t { kHatched = 1, kRoundStart = 2, kRoundEnd = 4 };

constexpr float kDash = 3;
// The tokens say 1.4 thick; the pictures, which are the standard, show half of it.
constexpr float kHatchSpacing = 6, kHatchThickness = 0.7f;
// Corner weights and the addition under a sum (style tokens, section 3).
constexpr float kCornerSize = 0.58f, kCornerRight = 5, kCornerBottom = 6, kCornerLift = 0.07f;
constexpr float kBelowSize = 0.5f, kBelowCenter = 0.76f, kBelowLift = 0.08f;
constexpr float kSmallestText = 10;

void put(uint8_t (&to)[4], Color c, float alpha = 1) {
    const auto byte = [](float v) {
        return static_cast<uint8_t>(std::lround(std::clamp(v, 0.0f, 1.0f) * 255));
    };
    to[0] = byte(c.r);
    to[1] = byte(c.g);
    to[2] = byte(c.b);
    to[3] = byte(c.a * alpha);
}

class Builder {
public:
    Builder(const Scene& scene, Theme theme, float scale, GlyphAtlas& atlas,
            const PictureTiles& tiles, Batch& batch)
        : scene_(scene),
          theme_(theme),
          colors_(palette(theme)),
          scale_(scale),
          line_px_(std::max(1.0f, std::round(scale))),
          atlas_(atlas),
          tiles_(tiles),
          batch_(batch) {}

    bool build() {
        for (const Quad& quad : scene_.quads) add(quad);
        for (const Picture& picture : scene_.pictures) add(picture, colors_[Tone::line2]);
        for (const Grid& grid : scene_.grids) add(grid);
        for (const Plate& plate : scene_.plates) add(plate);
        for (const Stroke& stroke : scene_.strokes) add(stroke);
        for (const Label& label : scene_.labels) add(label);
        return complete_;
    }

private:
    bool visible(Box box) const {
        return box.right() >= -1 && box.bottom() >= -1 && box.x <= scene_.size_px.x + 1 &&
               box.y <= scene_.size_px.y + 1;
    }

    Instance& push(Kind kind, uint8_t flags = 0, Shade shade = Shade::mark, uint32_t texture = 0) {
        if (batch_.draws.empty() || batch_.draws.back().shade != shade ||
            batch_.draws.back().texture != texture)
            batch_.draws.push_back({batch_.instances.size(), 0, shade, texture});
        ++batch_.draws.back().count;
        Instance& made = batch_.instances.emplace_back();
        made.kind[0] = kind;
        made.kind[1] = flags;
        return made;
    }

    struct Look {
        Color fill{0, 0, 0, 0}, line{0, 0, 0, 0};
        float border = 0, radius = 0, dash_on = 0, dash_off = 0, fill_alpha = 1;
        bool hatched = false;
    };
    void rect(float x0, float y0, float x1, float y1, const Look& look) {
        const bool plain = look.radius == 0 && look.dash_on == 0 && !look.hatched &&
                           look.fill.a * look.fill_alpha == 1 &&
                           (look.border == 0 || look.line.a == 1) && whole(x0) && whole(y0) &&
                           whole(x1) && whole(y1) && whole(look.border);
        Instance& made =
            push(kRect, look.hatched ? kHatched : 0, plain ? Shade::cell : Shade::mark);
        const float numbers[] = {x0, y0, x1 - x0, y1 - y0};
        std::copy_n(numbers, 4, made.a);
        const float shape[] = {std::min(look.radius, 0.5f * std::min(x1 - x0, y1 - y0)),
                               look.border, look.dash_on, look.dash_off};
        std::copy_n(shape, 4, made.b);
        made.c[0] = kHatchSpacing * scale_;
        made.c[1] = kHatchThickness * scale_;
        put(made.fill, look.fill, look.fill_alpha);
        put(made.line, look.line);
    }

    static bool whole(float px) { return px == std::floor(px); }

    void segment(Point from, Point to, float width, Color color, uint8_t flags, float dash_on = 0,
                 float dash_off = 0, float before = 0) {
        const float reach = width + 2;
        if (!visible(Box{std::min(from.x, to.x), std::min(from.y, to.y), std::fabs(from.x - to.x),
                         std::fabs(from.y - to.y)}
                         .grown(reach)))
            return;
        Instance& made = push(kLine, flags);
        const float ends[] = {from.x, from.y, to.x, to.y};
        const float shape[] = {width, dash_on, dash_off, before};
        std::copy_n(ends, 4, made.a);
        std::copy_n(shape, 4, made.b);
        put(made.fill, color);
    }

    // Draws from x on; returns where the text ends.
    float text(float x, float baseline, Font font, float em_px, Color color,
               std::string_view rest) {
        while (!rest.empty()) {
            const char32_t character = next_char(rest);
            const Font face = face_with(font, character);
            const float advance = advance_em(face, character) * em_px;
            if (x + em_px >= 0 && x - em_px <= scene_.size_px.x && baseline + em_px >= 0 &&
                baseline - 2 * em_px <= scene_.size_px.y)
                glyph(x, baseline, face, character, em_px, color);
            x += advance;
        }
        return x;
    }

    void glyph(float x, float baseline, Font face, char32_t character, float em_px, Color color) {
        const float quarters = std::round(x * GlyphAtlas::kSubpixels);
        const float whole = std::floor(quarters / GlyphAtlas::kSubpixels);
        const int subpixel = static_cast<int>(quarters - whole * GlyphAtlas::kSubpixels);
        const auto found = atlas_.find(face, character, em_px, subpixel);
        if (!found) complete_ = false;
        if (!found || found->w == 0) return;
        Instance& made = push(kGlyph, 0, Shade::glyph);
        const float place[] = {whole + static_cast<float>(found->left),
                               baseline + static_cast<float>(found->top),
                               static_cast<float>(found->w), static_cast<float>(found->h)};
        std::copy_n(place, 4, made.a);
        made.b[0] = static_cast<float>(found->x);
        made.b[1] = static_cast<float>(found->y);
        put(made.fill, color);
    }

    static float baseline_at(float center, float em_px) {
        return std::round(center + kBaselineEm * em_px);
    }

    void add(const Quad& quad) {
        Instance& made = push(kQuad);
        for (int i = 0; i < 4; ++i) {
            float* to = i < 2 ? made.a + 2 * i : made.b + 2 * (i - 2);
            to[0] = quad.points[i].x;
            to[1] = quad.points[i].y;
        }
        // The shader wants them clockwise on the screen.
        float area = 0;
        for (int i = 0; i < 4; ++i) {
            const Point p = quad.points[i], q = quad.points[(i + 1) % 4];
            area += p.x * q.y - q.x * p.y;
        }
        if (area < 0) {
            std::swap(made.a[2], made.b[2]);
            std::swap(made.a[3], made.b[3]);
        }
        put(made.fill, colors_[quad.tone], quad.alpha);
    }

    void add(const Picture& picture, Color frame) {
        const float x0 = std::round(picture.box.x), y0 = std::round(picture.box.y);
        const float x1 = std::round(picture.box.right()), y1 = std::round(picture.box.bottom());
        if (x1 <= x0 || y1 <= y0 || !visible(picture.box)) return;
        for (const PictureTile& tile : tiles_(picture)) {
            Instance& made = push(kPicture, 0, Shade::mark, tile.texture);
            const float place[] = {tile.box.x, tile.box.y, tile.box.w, tile.box.h};
            std::copy_n(place, 4, made.a);
            std::copy_n(tile.uv, 4, made.b);
            made.c[0] = tile.detail;
            made.kind[2] = static_cast<uint8_t>(tile.number & 255);
            made.kind[3] = static_cast<uint8_t>(tile.number >> 8);
        }
        if (picture.framed)
            rect(x0 - line_px_, y0 - line_px_, x1 + line_px_, y1 + line_px_,
                 {.line = frame, .border = line_px_});
    }

    // Lines are shared: a cell reaches one line beyond its pitch. Those that stand out are painted after their neighbours.
    static int rank(const Cell& cell, const CellStyle& style) {
        if (style.border_px > 1) return 2;
        return cell.state == CellState::contributing || cell.state == CellState::current ? 1 : 0;
    }

    struct CellPlace {
        float x0, y0, x1, y1;
    };
    CellPlace place(const Grid& grid, int64_t row, int64_t column) const {
        const auto at = [&](float start, int64_t i) {
            return std::round(start + static_cast<float>(i) * grid.cell_px);
        };
        return {at(grid.box.x, column), at(grid.box.y, row), at(grid.box.x, column + 1),
                at(grid.box.y, row + 1)};
    }

    void add(const Grid& grid) {
        if (grid.picture) {
            const Tone edge = grid.role == Role::neutral || grid.stale
                                  ? Tone::line2
                                  : tone_of(grid.role, Part::edge);
            add(*grid.picture, colors_[edge]);
        }
        if (grid.cells.size() < static_cast<size_t>(grid.shown_rows * grid.shown_columns)) return;
        const auto each = [&](auto&& paint) {
            for (int64_t r = 0; r < grid.shown_rows; ++r)
                for (int64_t c = 0; c < grid.shown_columns; ++c)
                    paint(grid.cells[static_cast<size_t>(r * grid.shown_columns + c)],
                          place(grid, grid.shown_row + r, grid.shown_column + c));
        };
        std::vector<CellStyle> styles;
        styles.reserve(grid.cells.size());
        for (const Cell& cell : grid.cells) styles.push_back(cell_style(cell, grid, theme_));
        const auto style_of = [&](const Cell& cell) -> const CellStyle& {
            return styles[static_cast<size_t>(&cell - grid.cells.data())];
        };
        for (int now = 0; now < 3; ++now)
            each([&](const Cell& cell, CellPlace p) {
                const CellStyle& style = style_of(cell);
                if (rank(cell, style) == now && visible({p.x0, p.y0, p.x1 - p.x0, p.y1 - p.y0}))
                    ground(p, style);
            });
        if (grid.digits_px <= 0) return;
        each([&](const Cell& cell, CellPlace p) { words(grid, cell, p, style_of(cell)); });
    }

    void ground(CellPlace p, const CellStyle& style) {
        Look look{.fill = style.ground, .line = style.border, .hatched = style.hatched};
        look.border = std::max(1.0f, std::round(style.border_px * scale_));
        look.radius = style.radius_px * scale_;
        if (style.dashed) {
            look.dash_on = look.dash_off = std::round(kDash * scale_);
            rect(p.x0 + line_px_, p.y0 + line_px_, p.x1 - line_px_, p.y1 - line_px_, look);
            return;
        }
        rect(p.x0, p.y0, p.x1 + line_px_, p.y1 + line_px_, look);
    }

    void words(const Grid& grid, const Cell& cell, CellPlace p, const CellStyle& style) {
        const float z = p.x1 - p.x0;
        const float em = grid.digits_px;
        const Font font = style.bold ? Font::mono_bold : Font::mono;
        const float center_x = 0.5f * (p.x0 + p.x1 + line_px_),
                    center_y = 0.5f * (p.y0 + p.y1 + line_px_);
        if (!cell.text.empty()) {
            float y = center_y;
            if (!cell.below.empty())
                y -= kBelowLift * z;
            else if (!cell.corner.empty())
                y -= kCornerLift * z;
            text(center_x - 0.5f * text_width(font, em, cell.text), baseline_at(y, em), font, em,
                 style.text, cell.text);
            if (style.struck) {
                const float half = 0.5f * text_width(font, em, cell.text) + 3 * scale_;
                const float thick = std::max(1.0f, std::round(2 * scale_));
                const float line_y = std::round(y - thick / 2);
                rect(center_x - half, line_y, center_x + half, line_y + thick, {.fill = style.text});
                const float cross = std::max(kSmallestText * scale_, 0.5f * em);
                text(p.x1 - cross - 2 * scale_, baseline_at(p.y0 + 0.85f * cross, cross), Font::icons,
                     cross, style.text, icon::kClose);
            }
        }
        if (!cell.corner.empty()) {
            const float small =
                std::max(kSmallestText * scale_, std::round(2 * kCornerSize * em) / 2);
            const float right = p.x1 + line_px_ - kCornerRight * scale_;
            text(right - text_width(Font::mono_bold, small, cell.corner),
                 p.y1 - kCornerBottom * scale_, Font::mono_bold, small, style.corner_text,
                 cell.corner);
        }
        if (!cell.below.empty()) {
            const float small =
                std::max(kSmallestText * scale_, std::round(2 * kBelowSize * em) / 2);
            const float y = p.y0 + kBelowCenter * (p.y1 - p.y0);
            text(center_x - 0.5f * text_width(Font::mono, small, cell.below), baseline_at(y, small),
                 Font::mono, small, style.text, cell.below);
        }
    }

    void add(const Plate& plate) {
        if (!visible(plate.box.grown(plate.border_px + line_px_))) return;
        Look look{.fill = colors_[plate.fill],
                  .line = colors_[plate.border],
                  .border = plate.border_px,
                  .radius = plate.radius_px,
                  .dash_on = plate.dash_on,
                  .dash_off = plate.dash_off,
                  .fill_alpha = plate.fill_alpha,
                  .hatched = plate.hatched};
        float x0 = plate.box.x, y0 = plate.box.y, x1 = plate.box.right(), y1 = plate.box.bottom();
        if (plate.box.w >= 1 && plate.box.h >= 1) {
            x0 = std::round(x0), y0 = std::round(y0), x1 = std::round(x1), y1 = std::round(y1);
        }
        if (plate.border_px > 0) {
            // The outer edge is sharp; of an odd pixel the inner side gets more.
            const float out = std::floor(0.5f * (plate.border_px - line_px_));
            x0 -= out, y0 -= out, x1 += line_px_ + out, y1 += line_px_ + out;
        }
        rect(x0, y0, x1, y1, look);
    }

    void add(const Stroke& stroke) {
        const std::vector<Point> path =
            rounded_path(on_pixels(stroke.points, stroke.width_px), stroke.elbow_px);
        if (path.size() < 2) return;
        const Color color = colors_[stroke.tone];
        float before = 0;
        for (size_t i = 0; i + 1 < path.size(); ++i) {
            uint8_t flags = 0;
            if (i > 0) flags |= kRoundStart;
            if (i + 2 < path.size()) flags |= kRoundEnd;
            segment(path[i], path[i + 1], stroke.width_px, color, flags, stroke.dash_on,
                    stroke.dash_off, before);
            before += std::hypot(path[i + 1].x - path[i].x, path[i + 1].y - path[i].y);
        }
        if (!stroke.arrow) return;
        const Point tip = path.back(), last = path[path.size() - 2];
        const float length = std::hypot(tip.x - last.x, tip.y - last.y);
        if (length <= 0) return;
        const Point along{(tip.x - last.x) / length, (tip.y - last.y) / length};
        const float back = 3.0f * stroke.width_px, aside = 2.5f * stroke.width_px;
        for (const float side : {-aside, aside}) {
            const Point barb{tip.x - back * along.x - side * along.y,
                             tip.y - back * along.y + side * along.x};
            segment(barb, tip, stroke.width_px, color, kRoundStart | kRoundEnd);
        }
    }

    void add(const Label& label) {
        const float width = text_width(label.runs, label.size_px);
        const float start = label.at.x - (label.align == Align::left     ? 0
                                          : label.align == Align::center ? 0.5f * width
                                                                         : width);
        const float baseline = baseline_at(label.at.y, label.size_px);
        float x = start;
        for (const Run& run : label.runs)
            x = text(x, baseline, run.font, label.size_px, colors_[run.tone], run.text);
        if (label.struck && !label.runs.empty()) {
            const float y = std::round(label.at.y), thick = std::round(2 * scale_);
            rect(std::round(start) - thick, y - 0.5f * thick, std::round(x) + thick,
                 y + 0.5f * thick, {.fill = colors_[label.runs.front().tone]});
        }
    }

    const Scene& scene_;
    Theme theme_;
    const Palette& colors_;
    float scale_, line_px_;
    GlyphAtlas& atlas_;
    const PictureTiles& tiles_;
    Batch& batch_;
    bool complete_ = true;
};

}  // namespace

bool build_batch(const Scene& scene, Theme theme, float scale, GlyphAtlas& atlas,
                 const PictureTiles& tiles, Batch& batch) {
    batch.instances.clear();
    batch.draws.clear();
    return Builder(scene, theme, scale, atlas, tiles, batch).build();
}

}  // namespace convscope
