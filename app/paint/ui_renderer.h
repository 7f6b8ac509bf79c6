// Draws Dear ImGui's frame. ImGui's own OpenGL backend keeps the font atlas in four channels; this one needs one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

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
    /// Into the current framebuffer and viewport; `top_first`: its first row is the top one (a Target).
    void draw(const ImDrawData& data, bool top_first);
    const std::string& problem() const;

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace convscope
