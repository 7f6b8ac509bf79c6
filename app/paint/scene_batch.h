// A Scene as a list of quads in painting order, ready for one vertex buffer. No OpenGL here.
#pragma once

#include <functional>
#include <vector>

#include "app/paint/glyph_atlas.h"
#include "app/scene/palettes.h"

namespace convscope {

enum Kind : uint8_t { kRect, kLine, kGlyph, kQuad, kPicture };

/// One quad, as shaders/scene.vert reads it.
struct Instance {
    float a[4]{}, b[4]{}, c[2]{};
    uint8_t fill[4]{}, line[4]{};
    uint8_t kind[4]{};  // kind, flags, and of a picture's tile its number (the shaders do not look at it)
};
static_assert(sizeof(Instance) == 52);

/// Part of a picture: a texture, where it stands, and which part of it (u0, v0, u1, v1).
struct PictureTile {
    uint32_t texture = 0;
    Box box;
    float uv[4]{};
    float detail = 0;  // mipmap level
    uint16_t number = 0;  // another one for every texture that is made
};

/// Which fragment shader: software OpenGL pays for every line of one, so plain cells and glyphs have their own.
enum class Shade { cell, glyph, mark };

/// Instances first … first + count − 1, with that texture for pictures (0: none among them).
struct Draw {
    size_t first = 0, count = 0;
    Shade shade = Shade::mark;
    uint32_t texture = 0;
};

struct Batch {
    std::vector<Instance> instances;
    std::vector<Draw> draws;
};

/// The tiles of a picture that lie on the canvas.
using PictureTiles = std::function<std::vector<PictureTile>(const Picture&)>;

/// False when the atlas was too full for all glyphs; clear it and build again.
bool build_batch(const Scene& scene, Theme theme, float scale, GlyphAtlas& atlas,
                 const PictureTiles& tiles, Batch& batch);

}  // namespace convscope
