// Glyphs rasterised at exactly the size they are shown, packed into one channel. No OpenGL here: gl_painter uploads it.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "app/scene/scene.h"

struct stbtt_fontinfo;

namespace convscope {

/// A glyph's texels, and its offset from the pen on the baseline (y down).
struct AtlasGlyph {
    int x = 0, y = 0, w = 0, h = 0;
    int left = 0, top = 0;
};

class GlyphAtlas {
public:
    static constexpr int kWidth = 2048;       // texels; the height grows
    static constexpr int kSubpixels = 4;      // positions between two pixels
    static constexpr float kLargestEm = 512;  // pixels

    explicit GlyphAtlas(int largest_height = 4096);
    ~GlyphAtlas();
    GlyphAtlas(const GlyphAtlas&) = delete;
    GlyphAtlas& operator=(const GlyphAtlas&) = delete;

    /// Of exactly that face; an empty glyph (a space) has w = 0. None: the atlas is full, see clear().
    std::optional<AtlasGlyph> find(Font font, char32_t character, float em_px, int subpixel);
    /// Forgets all glyphs; places found before are worth nothing.
    void clear();

    int height() const { return height_; }
    const std::vector<uint8_t>& texels() const { return texels_; }
    size_t size() const { return glyphs_.size(); }
    /// Rows changed since the last call, first to one past the last; equal when none. `resized`: the height changed too.
    struct Changes {
        int first = 0, end = 0;
        bool resized = false;
    };
    Changes take_changes();

private:
    struct Shelf {
        int y = 0, height = 0, used = 0;
    };
    std::optional<AtlasGlyph> place(int w, int h);
    const stbtt_fontinfo& face(Font font);

    std::vector<stbtt_fontinfo> faces_;
    std::unordered_map<uint64_t, AtlasGlyph> glyphs_;
    std::vector<Shelf> shelves_;
    std::vector<uint8_t> texels_;
    int height_ = 0, largest_height_ = 0, used_height_ = 0;
    Changes changes_;
};

}  // namespace convscope
