// Texture coordinates, tiles and levels of detail of pictures.
#include "app/paint/picture_textures.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "app/paint/gl.h"

namespace convscope {
namespace {

using Rgba = std::array<uint8_t, 4>;

Rgba bytes_of(Color c) {
    const auto byte = [](float v) {
        return static_cast<uint8_t>(std::lround(std::clamp(v, 0.0f, 1.0f) * 255));
    };
    return {byte(c.r), byte(c.g), byte(c.b), 255};
}

// A colour map as a table: fine enough that every 8-bit colour of it is met.
constexpr int kTableSteps = 2048;
std::vector<Rgba> map_table(ColorMap map, Theme theme) {
    std::vector<Rgba> table(kTableSteps + 1);
    for (int i = 0; i <= kTableSteps; ++i) {
        const float t = static_cast<float>(i) / kTableSteps;
        table[static_cast<size_t>(i)] =
            bytes_of(map_color(map, map == ColorMap::signed_values ? 2 * t - 1 : t, theme));
    }
    return table;
}

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

bool same_source(const Picture& a, const Picture& b) {
    return a.tensor.same_as(b.tensor) && a.n == b.n && a.c == b.c && a.map == b.map &&
           a.low == b.low && a.high == b.high;
}

}  // namespace

std::vector<uint8_t> tile_colors(const Picture& picture, Theme theme, int64_t factor,
                                 int64_t first_row, int64_t first_column, int64_t rows,
                                 int64_t columns, const FindLevels& find) {
    const Shape shape = picture.tensor.shape();
    const Rgba broken = bytes_of(palette(theme)[Tone::error_tint]);
    const bool is_rgb = picture.map == ColorMap::rgb;
    const std::vector<Rgba> table = map_table(is_rgb ? ColorMap::grey : picture.map, theme);
    const bool is_signed = picture.map == ColorMap::signed_values;
    const float low = is_rgb      ? 0
                      : is_signed ? -picture.high
                                  : picture.low,
                range = is_rgb ? 1 : picture.high - low;
    const bool has_range = range > 0 && std::isfinite(range);
    const auto step_of = [&](float v) {
        const float at = has_range   ? std::clamp((v - low) / range, 0.0f, 1.0f)
                         : is_signed ? 0.5f
                                     : 0.0f;
        return static_cast<size_t>(at * kTableSteps + 0.5f);
    };

    const size_t width = static_cast<size_t>(columns);
    const int64_t channels = is_rgb ? 3 : 1;
    std::vector<float> means(static_cast<size_t>(channels) * width);
    std::vector<uint8_t> out(static_cast<size_t>(rows) * width * 4);
    uint8_t* to = out.data();
    std::array<const PlaneLevels*, 3> levels{};
    for (int64_t c = 0; find && factor >= kFirstBlock && c < channels; ++c)
        levels[static_cast<size_t>(c)] =
            find(picture.tensor, picture.n, is_rgb ? std::min(c, shape.c - 1) : picture.c);
    for (int64_t r = 0; r < rows; ++r) {
        for (int64_t c = 0; c < channels; ++c) {
            const int64_t channel = is_rgb ? std::min(c, shape.c - 1) : picture.c;
            block_means(picture.tensor, picture.n, channel, levels[static_cast<size_t>(c)], factor,
                        first_row + r, first_column,
                        std::span(means).subspan(static_cast<size_t>(c) * width, width));
        }
        for (size_t i = 0; i < width; ++i, to += 4) {
            Rgba color = broken;
            if (!is_rgb) {
                if (std::isfinite(means[i])) color = table[step_of(means[i])];
            } else if (std::isfinite(means[i]) && std::isfinite(means[width + i]) &&
                       std::isfinite(means[2 * width + i])) {
                for (size_t c = 0; c < 3; ++c) color[c] = table[step_of(means[c * width + i])][c];
            }
            std::copy(color.begin(), color.end(), to);
        }
    }
    return out;
}

PictureTextures::~PictureTextures() {
    for (const Entry& entry : entries_) glDeleteTextures(1, &entry.texture);
}

void PictureTextures::before() { ++scene_; }

void PictureTextures::after() {
    // An entry holds its tensor: a large one that is not looked at any more goes, so that closing it gives its memory back.
    std::vector<const float*> shown;
    for (const Entry& entry : entries_)
        if (entry.used == scene_) shown.push_back(entry.picture.tensor.data());
    for (auto entry = entries_.begin(); entry != entries_.end();) {
        const Tensor& tensor = entry->picture.tensor;
        const bool large = tensor.values().size_bytes() > kLargeTensor_bytes;
        const bool goes = large && std::ranges::find(shown, tensor.data()) == shown.end();
        entry = goes ? drop(entry) : std::next(entry);
    }
    while (bytes_ > kBudget_bytes && !entries_.empty() && entries_.back().used != scene_)
        drop(std::prev(entries_.end()));
}

std::list<PictureTextures::Entry>::iterator PictureTextures::drop(std::list<Entry>::iterator entry) {
    glDeleteTextures(1, &entry->texture);
    bytes_ -= entry->bytes;
    return entries_.erase(entry);
}

std::vector<PictureTile> PictureTextures::tiles(const Picture& picture, Theme theme,
                                                Point size_px, const FindLevels& find) {
    const Shape shape = picture.tensor.shape();
    if (picture.tensor.empty() || shape.count() == 0 ||
        !shape.contains({picture.n, picture.map == ColorMap::rgb ? 0 : picture.c, 0, 0}))
        return {};
    const float x0 = std::round(picture.box.x), y0 = std::round(picture.box.y);
    const float w = std::round(picture.box.right()) - x0, h = std::round(picture.box.bottom()) - y0;
    if (!(w >= 1 && h >= 1)) return {};
    // Values a pixel; whole powers of two are averaged here, the rest is the mipmap's.
    const double per_px =
        std::max(static_cast<double>(shape.w) / w, static_cast<double>(shape.h) / h);
    int64_t factor = 1;
    while (static_cast<double>(factor) * 2 <= per_px) factor *= 2;
    const int64_t rows = ceil_div(shape.h, factor), columns = ceil_div(shape.w, factor);
    const double texel_w =
        static_cast<double>(w) * static_cast<double>(factor) / static_cast<double>(shape.w);
    const double texel_h =
        static_cast<double>(h) * static_cast<double>(factor) / static_cast<double>(shape.h);

    std::vector<PictureTile> made;
    for (int64_t row = 0; row < rows; row += kTile)
        for (int64_t column = 0; column < columns; column += kTile) {
            const int64_t end_row = std::min(rows, row + kTile),
                          end_column = std::min(columns, column + kTile);
            const double left = x0 + static_cast<double>(column) * texel_w,
                         top = y0 + static_cast<double>(row) * texel_h;
            const double right =
                std::min<double>(x0 + w, x0 + static_cast<double>(end_column) * texel_w);
            const double bottom =
                std::min<double>(y0 + h, y0 + static_cast<double>(end_row) * texel_h);
            if (right <= 0 || bottom <= 0 || left >= size_px.x || top >= size_px.y) continue;
            PictureTile tile;
            tile.detail =
                static_cast<float>(std::max(0.0, std::log2(per_px / static_cast<double>(factor))));
            const Entry& found = entry(picture, theme, factor, row, column, end_row - row,
                                       end_column - column, tile.detail > 0, find);
            tile.texture = found.texture;
            tile.number = found.number;
            tile.box = {static_cast<float>(left), static_cast<float>(top),
                        static_cast<float>(right - left), static_cast<float>(bottom - top)};
            // The last texel may stand for fewer values than the others.
            tile.uv[2] = static_cast<float>((right - left) /
                                            (texel_w * static_cast<double>(end_column - column)));
            tile.uv[3] =
                static_cast<float>((bottom - top) / (texel_h * static_cast<double>(end_row - row)));
            made.push_back(tile);
        }
    return made;
}

const PictureTextures::Entry& PictureTextures::entry(const Picture& picture, Theme theme,
                                                     int64_t factor, int64_t row, int64_t column,
                                                     int64_t rows, int64_t columns, bool smaller,
                                                     const FindLevels& find) {
    auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
        return entry.theme == theme && entry.factor == factor && entry.row == row &&
               entry.column == column && same_source(entry.picture, picture);
    });
    if (found != entries_.end()) {
        entries_.splice(entries_.begin(), entries_, found);
    } else {
        Entry made;
        made.picture = picture;
        made.theme = theme;
        made.factor = factor;
        made.row = row;
        made.column = column;
        made.number = ++made_;
        entries_.push_front(std::move(made));
        upload(entries_.front(), rows, columns, find);
    }
    Entry& entry = entries_.front();
    entry.used = scene_;
    if (smaller && !entry.halved) {
        // After the factor less than one halving is left.
        glBindTexture(GL_TEXTURE_2D, entry.texture);
        glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAX_LEVEL, 1);
        glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_LINEAR_MIPMAP_LINEAR);
        glGenerateMipmap(GL_TEXTURE_2D);
        entry.halved = true;
    }
    return entry;
}

void PictureTextures::upload(Entry& entry, int64_t rows, int64_t columns,
                             const FindLevels& find) {
    const std::vector<uint8_t> colors = tile_colors(entry.picture, entry.theme, entry.factor,
                                                    entry.row, entry.column, rows, columns, find);
    glGenTextures(1, &entry.texture);
    glBindTexture(GL_TEXTURE_2D, entry.texture);
    glPixelStorei(GL_UNPACK_ALIGNMENT, 4);
    glTexImage2D(GL_TEXTURE_2D, 0, GL_RGBA8, static_cast<GLsizei>(columns),
                 static_cast<GLsizei>(rows), 0, GL_RGBA, GL_UNSIGNED_BYTE, colors.data());
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAX_LEVEL, 0);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_NEAREST);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_S, GL_CLAMP_TO_EDGE);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_T, GL_CLAMP_TO_EDGE);
    entry.bytes = static_cast<int64_t>(colors.size()) * 5 / 4;
    bytes_ += entry.bytes;
}

}  // namespace convscope
