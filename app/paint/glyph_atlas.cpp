// Packs glyphs on shelves: rows of about the same height, filled from the left.
#include "app/paint/glyph_atlas.h"

#include <algorithm>
#include <cmath>

#include <stb_truetype.h>

#include "app/scene/fonts.h"

namespace convscope {
namespace {

constexpr int kFirstHeight = 256;
constexpr float kSizeSteps = 16;  // sizes differ by sixteenths of a pixel

uint64_t key_of(Font font, char32_t character, int size, int subpixel) {
    return static_cast<uint64_t>(character) | static_cast<uint64_t>(font) << 24 |
           static_cast<uint64_t>(subpixel) << 28 | static_cast<uint64_t>(size) << 32;
}

}  // namespace

GlyphAtlas::GlyphAtlas(int largest_height)
    : largest_height_(std::max(largest_height, kFirstHeight)) {
    for (const Font font :
         {Font::inter, Font::semibold, Font::mono, Font::mono_bold, Font::icons}) {
        stbtt_fontinfo info{};
        stbtt_InitFont(&info, font_data(font).data(), 0);
        faces_.push_back(info);
    }
    clear();
}

GlyphAtlas::~GlyphAtlas() = default;

void GlyphAtlas::clear() {
    glyphs_.clear();
    shelves_.clear();
    used_height_ = 0;
    if (height_ == 0) {
        height_ = kFirstHeight;
        texels_.assign(static_cast<size_t>(kWidth) * static_cast<size_t>(height_), 0);
        changes_.resized = true;
    } else {
        std::fill(texels_.begin(), texels_.end(), uint8_t{0});
    }
}

const stbtt_fontinfo& GlyphAtlas::face(Font font) { return faces_[static_cast<size_t>(font)]; }

std::optional<AtlasGlyph> GlyphAtlas::find(Font font, char32_t character, float em_px,
                                           int subpixel) {
    const int size =
        static_cast<int>(std::lround(std::clamp(em_px, 1.0f, kLargestEm) * kSizeSteps));
    const uint64_t key = key_of(font, character, size, subpixel);
    if (const auto found = glyphs_.find(key); found != glyphs_.end()) return found->second;

    const stbtt_fontinfo& info = face(font);
    const float scale =
        stbtt_ScaleForMappingEmToPixels(&info, static_cast<float>(size) / kSizeSteps);
    const float shift = static_cast<float>(subpixel) / kSubpixels;
    const int glyph = stbtt_FindGlyphIndex(&info, static_cast<int>(character));
    int x0 = 0, y0 = 0, x1 = 0, y1 = 0;
    stbtt_GetGlyphBitmapBoxSubpixel(&info, glyph, scale, scale, shift, 0, &x0, &y0, &x1, &y1);
    AtlasGlyph made;
    if (x1 > x0 && y1 > y0) {
        const auto room = place(std::min(x1 - x0, kWidth), y1 - y0);
        if (!room) return {};
        made = *room;
        made.left = x0;
        made.top = y0;
        uint8_t* out = texels_.data() + static_cast<size_t>(made.y) * kWidth + made.x;
        stbtt_MakeGlyphBitmapSubpixel(&info, out, made.w, made.h, kWidth, scale, scale, shift, 0,
                                      glyph);
        if (changes_.first == changes_.end) changes_.first = made.y, changes_.end = made.y + made.h;
        changes_.first = std::min(changes_.first, made.y);
        changes_.end = std::max(changes_.end, made.y + made.h);
    }
    glyphs_.emplace(key, made);
    return made;
}

std::optional<AtlasGlyph> GlyphAtlas::place(int w, int h) {
    Shelf* best = nullptr;
    for (Shelf& shelf : shelves_)
        if (shelf.height >= h && shelf.height <= h + 2 + h / 4 && shelf.used + w <= kWidth &&
            (!best || shelf.height < best->height))
            best = &shelf;
    if (!best) {
        while (used_height_ + h > height_) {
            if (height_ * 2 > largest_height_) return {};
            height_ *= 2;
            texels_.resize(static_cast<size_t>(kWidth) * static_cast<size_t>(height_), 0);
            changes_.resized = true;
        }
        shelves_.push_back({used_height_, h, 0});
        used_height_ += h;
        best = &shelves_.back();
    }
    AtlasGlyph room;
    room.x = best->used;
    room.y = best->y;
    room.w = w;
    room.h = h;
    best->used += w;
    return room;
}

GlyphAtlas::Changes GlyphAtlas::take_changes() {
    Changes taken = changes_;
    if (taken.resized) taken.first = 0, taken.end = height_;
    changes_ = {};
    return taken;
}

}  // namespace convscope
