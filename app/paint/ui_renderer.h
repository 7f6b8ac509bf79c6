// Draws Dear ImGui's frame. ImGui's own OpenGL backend keeps the font atlas in four channels; this one needs one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "app/paint/gl_painter.h"

struct ImDrawData;
struct ImFontAtlas;

namespace convscope {

/// Needs the same current context for its whole life.
class UiRenderer {
public:
    UiRenderer();
    ~UiRenderer();
    UiRenderer(const UiRenderer&) = delete;
    UiRenderer& operator=(const UiRenderer&) = delete;

    /// Uploads the built atlas as one channel, sets its texture id, and lets go of ImGui's copy of the texels.
    void set_fonts(ImFontAtlas& fonts);
    /// Into the Target that is bound, on that ground.
    void draw(const ImDrawData& data, Color ground);
    /// The same where the Target still holds what the last call drew there: only what differs. `canvas`: what does of the
    /// picture that textures other than the fonts' hold.
    void draw_changes(const ImDrawData& data, Color ground, const Repaint& canvas);
    /// The next draw_changes finds other pixels than it left.
    void forget();
    /// Pixels that the last draw_changes painted.
    int64_t painted_px() const;
    /// Copies all of a Target onto the window.
    void show(const Target& target);
    const std::string& problem() const;

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace convscope
