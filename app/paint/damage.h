// What of a canvas must be painted again when one scene follows another: most steps change a few cells and a sentence.
#pragma once

#include <optional>
#include <vector>

#include "app/paint/pixel_box.h"
#include "app/paint/scene_batch.h"

namespace convscope {

/// Every pixel that a quad may touch.
PixelBox reach_of(const Instance& instance);

/// They are so much less than all of a picture of that many pixels that painting only them saves something.
bool sparse(const std::vector<PixelBox>& boxes, double pixels);

/// A few boxes, none meeting another, inside a canvas of that size: outside of them both batches paint the same. None: painting
/// everything is as good.
std::optional<std::vector<PixelBox>> damage(const Batch& before, const Batch& after, int width_px, int height_px);

/// The quads of `batch` that reach into the box, in order, behind what `out` has; gives the first of its new draws.
size_t append_reaching(const Batch& batch, const PixelBox& box, Batch& out);

}  // namespace convscope
