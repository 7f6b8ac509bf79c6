// Paints a Scene with OpenGL 3.3 or OpenGL ES 3.0, on the screen or into a picture of its own. Nothing here needs glad.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "app/paint/pixel_box.h"
#include "app/scene/palettes.h"
#include "app/scene/scene.h"
#include "core/plane_levels.h"

namespace convscope {

/// What eglGetProcAddress and glfwGetProcAddress are.
using GlProc = void (*)();
using GlGet = GlProc (*)(const char* name);

/// Loads OpenGL's functions for the current context. A sentence when they are not enough for us, empty when all is well.
std::string load_gl(GlGet get);
/// "4.5 (Core Profile) Mesa 22.3.6 on llvmpipe (LLVM 15.0.6, 256 bits)".
std::string gl_description();

/// 8-bit RGBA, top row first.
struct Pixels {
    int width_px = 0, height_px = 0;
    std::vector<uint8_t> rgba;
    bool operator==(const Pixels&) const = default;
};

/// The current framebuffer's lower left part.
Pixels read_pixels(int width_px, int height_px);
/// Waits until everything drawn so far stands in its pixels: for measurements.
void finish_gl();
/// Fills the current framebuffer, alpha 1.
void clear_pixels(Color color);

/// A picture to paint into and to show with ImGui::Image (texture coordinates (0, 0)…(1, 1): top row first). Needs a
/// current context for its whole life.
class Target {
public:
    Target();
    ~Target();
    Target(Target&&) noexcept;
    Target& operator=(Target&&) noexcept;

    /// At least 1×1, at most what OpenGL can (a larger wish gets the largest). New size: content is undefined.
    void resize(int width_px, int height_px);
    int width_px() const;
    int height_px() const;
    /// For ImGui::Image: (ImTextureID)(intptr_t)texture().
    uint64_t texture() const;
    Pixels read() const;

    /// Who painted it last, and what; nobody after a resize or a bind(). For painters that only paint what changed.
    struct Painted {
        const void* by = nullptr;
        uint64_t number = 0;
        bool operator==(const Painted&) const = default;
    };
    Painted painted() const;
    void set_painted(Painted painted);

    /// Draws go here until release(); the viewport is the whole picture. Framebuffer rows: first row is the top.
    void bind();
    void release();

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

/// Keeps shaders, the glyph atlas and pictures' textures. Needs the same current context for its whole life.
class GlPainter {
public:
    /// `shader_folder`: read the shaders from there instead of the embedded ones (while developing).
    explicit GlPainter(std::string shader_folder = "");
    ~GlPainter();
    GlPainter(GlPainter&&) noexcept;
    GlPainter& operator=(GlPainter&&) noexcept;

    /// Paints the whole target, resized to scene.size_px; of one that this painter painted last, only what differs.
    /// `scale` is the interface's: widths of a cell's lines. What of the target differs now.
    Repaint paint(const Scene& scene, Theme theme, float scale, Target& target);
    /// The same into the current framebuffer's lower left part.
    void paint(const Scene& scene, Theme theme, float scale);
    /// Where smaller copies of large tensors are found from now on.
    void use_levels(FindLevels find);
    /// Once more what was painted last, without looking at the scene again.
    void repaint();
    void repaint(Target& target);

    /// Empty, or what is wrong with the shaders.
    const std::string& problem() const;
    /// Reads the shader folder again where its files changed; true when they did.
    bool reload();

    struct Stats {
        int64_t instances = 0, draw_calls = 0, glyphs = 0, textures = 0, texture_bytes = 0;
        int64_t painted_px = 0;   // of the canvas, the last time
    };
    Stats stats() const;

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace convscope
