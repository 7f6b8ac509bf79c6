// Geometry of strokes that every painter shares: points on whole pixels, rounded elbows.
#pragma once

#include <vector>

#include "app/scene/scene.h"

namespace convscope {

/// Moves level and upright stretches so that a line of that width covers whole pixels.
std::vector<Point> on_pixels(std::vector<Point> points, float width_px);
/// Replaces inner points by arcs of the radius (smaller where the neighbours are near), in steps of about two pixels.
std::vector<Point> rounded_path(const std::vector<Point>& points, float radius_px);

}  // namespace convscope
