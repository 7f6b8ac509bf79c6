// Which pixels of ImGui's frame differ from those of the frame before: only they are painted.
#pragma once

#include <optional>
#include <vector>

#include <imgui.h>

#include "app/paint/damage.h"

namespace convscope {

class UiDamage {
public:
    /// Boxes that do not meet, outside of which `data` looks as at the last call; none: it may differ anywhere. Textures
    /// other than `fonts` hold the canvas, pixel for pixel, and differ where it was painted.
    std::optional<std::vector<PixelBox>> next(const ImDrawData& data, ImTextureID fonts, const Repaint& canvas);

private:
    /// Triangles of one texture inside one clip box.
    struct Command {
        ImVec4 clip;
        ImTextureID texture = nullptr;
        size_t first = 0, count = 0;        // of `corners`
    };
    struct Frame {
        ImVec2 size;
        std::vector<Command> commands;
        std::vector<ImDrawVert> corners;    // three a triangle
    };
    bool take(const ImDrawData& data);

    Frame before_, now_;
};

}  // namespace convscope
