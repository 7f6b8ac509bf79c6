// Boxes of whole pixels, and what of a picture was painted anew.
#pragma once

#include <cstdint>
#include <vector>

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
/// Adds a box to a few that do not meet; those that belong together become one.
void add_damage(std::vector<PixelBox>& boxes, PixelBox box);

/// What of a picture differs from how it was shown last.
struct Repaint {
    bool all = false;
    std::vector<PixelBox> boxes;   // else; they do not meet

    bool any() const { return all || !boxes.empty(); }
    void add(const Repaint& later);
};

}  // namespace convscope
