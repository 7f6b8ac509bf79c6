// Points and boxes: pixels of the target, from its top left.
#pragma once

namespace convscope {

struct Point {
    float x = 0, y = 0;
    bool operator==(const Point&) const = default;
};

struct Box {
    float x = 0, y = 0, w = 0, h = 0;
    bool operator==(const Box&) const = default;
    float right() const { return x + w; }
    float bottom() const { return y + h; }
    Point center() const { return {x + w / 2, y + h / 2}; }
    bool contains(Point p) const { return p.x >= x && p.x < x + w && p.y >= y && p.y < y + h; }
    Box grown(float by) const { return {x - by, y - by, w + 2 * by, h + 2 * by}; }
};

}  // namespace convscope
