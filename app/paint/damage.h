// What of a canvas must be painted again when one scene follows another: most steps change a few cells and a sentence.
#pragma once

#include <optional>
#include <vector>

#include "app/paint/scene_batch.h"

namespace convscope {

/// Whole pixels x0…x1 − 1, y0…y1 − 1.
struct PixelBox {
    int x0 = 0, y0 = 0, x1 = 0, y1 = 0;
    bool operator==(const PixelBox&) const = default;
    int64_t area() const { return int64_t(x1 - x0) * (y1 - y0); }
    bool meets(const PixelBox& other) const {
        return x0 < other.x1 && other.x0 < x1 && y0 < other.y1 && other.y0 < y1;
    }
};

PixelBox united(const PixelBox& a, const PixelBox& b);
/// They meet, or their common box wastes little: painted as one.
bool belong_together(const PixelBox& a, const PixelBox& b);

/// Every pixel that a quad may touch.
PixelBox reach_of(const Instance& instance);

/// Adds a box to a few that do not meet; those that belong together become one.
void add_damage(std::vector<PixelBox>& boxes, PixelBox box);
/// They are so much less than all of a picture of that many pixels that painting only them saves something.
bool sparse(const std::vector<PixelBox>& boxes, double pixels);

/// A few boxes, none meeting another, inside a canvas of that size: outside of them both batches paint the same. None: painting
/// everything is as good.
std::optional<std::vector<PixelBox>> damage(const Batch& before, const Batch& after, int width_px, int height_px);

/// The quads of `batch` that reach into the box, in order, behind what `out` has; gives the first of its new draws.
size_t append_reaching(const Batch& batch, const PixelBox& box, Batch& out);

}  // namespace convscope
