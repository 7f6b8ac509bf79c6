// Geometry of strokes.
#include "app/paint/polyline.h"

#include <algorithm>
#include <cmath>

namespace convscope {
namespace {

constexpr float kStraight = 0.01f;  // pixels off the level, radians off straight on
constexpr float kArcStep_px = 2;

float distance(Point a, Point b) { return std::hypot(b.x - a.x, b.y - a.y); }

}  // namespace

std::vector<Point> on_pixels(std::vector<Point> points, float width_px) {
    const std::vector<Point> given = points;
    const float half =
        static_cast<int>(std::lround(std::max(width_px, 1.0f))) % 2 == 1 ? 0.5f : 0.0f;
    const auto snap = [&](float v) { return std::floor(v - half + 0.5f) + half; };
    for (size_t i = 0; i + 1 < given.size(); ++i) {
        const bool upright = std::fabs(given[i].x - given[i + 1].x) < kStraight;
        const bool level = std::fabs(given[i].y - given[i + 1].y) < kStraight;
        for (const size_t j : {i, i + 1}) {
            if (upright) points[j].x = snap(given[j].x);
            if (level) points[j].y = snap(given[j].y);
        }
    }
    return points;
}

std::vector<Point> rounded_path(const std::vector<Point>& points, float radius_px) {
    if (radius_px <= 0 || points.size() < 3) return points;
    std::vector<Point> path{points.front()};
    for (size_t i = 1; i + 1 < points.size(); ++i) {
        const Point p = points[i];
        const float in_px = distance(points[i - 1], p), out_px = distance(p, points[i + 1]);
        if (in_px <= 0 || out_px <= 0) continue;
        const Point in{(p.x - points[i - 1].x) / in_px, (p.y - points[i - 1].y) / in_px};
        const Point out{(points[i + 1].x - p.x) / out_px, (points[i + 1].y - p.y) / out_px};
        const float turn = std::atan2(in.x * out.y - in.y * out.x, in.x * out.x + in.y * out.y);
        const float half_tan = std::tan(std::fabs(turn) / 2);
        if (std::fabs(turn) < kStraight || half_tan > 1e3f) {
            path.push_back(p);
            continue;
        }
        // Neighbouring elbows share a stretch half and half; the ends give all they have.
        const float before = i == 1 ? in_px : in_px / 2,
                    after = i + 2 == points.size() ? out_px : out_px / 2;
        const float tangent = std::min({radius_px * half_tan, before, after});
        const float radius = tangent / half_tan;
        const Point start{p.x - tangent * in.x, p.y - tangent * in.y};
        const float side = turn > 0 ? 1.0f : -1.0f;
        const Point inward{-in.y * side, in.x * side};
        const int steps =
            std::max(2, static_cast<int>(std::ceil(std::fabs(turn) * radius / kArcStep_px)));
        for (int s = 0; s <= steps; ++s) {
            const float angle = std::fabs(turn) * static_cast<float>(s) / static_cast<float>(steps);
            const float forward = radius * std::sin(angle), aside = radius * (1 - std::cos(angle));
            path.push_back({start.x + forward * in.x + aside * inward.x,
                            start.y + forward * in.y + aside * inward.y});
        }
    }
    path.push_back(points.back());
    return path;
}

}  // namespace convscope
