#include "app/paint/damage.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <unordered_map>

namespace convscope {
namespace {

constexpr size_t kMostBoxes = 12;
/// Of the canvas: beyond it, painting everything costs no more.
constexpr double kMostShare = 0.6;

std::string_view bytes_of(const Instance& instance) {
    return {reinterpret_cast<const char*>(&instance), sizeof(Instance)};
}

void add(std::vector<PixelBox>& boxes, PixelBox box) {
    for (size_t i = 0; i < boxes.size();) {
        if (!belong_together(boxes[i], box)) {
            ++i;
            continue;
        }
        box = united(boxes[i], box);
        boxes.erase(boxes.begin() + static_cast<std::ptrdiff_t>(i));
        i = 0;
    }
    boxes.push_back(box);
}

/// Joins the two whose common box wastes least.
void join_nearest(std::vector<PixelBox>& boxes) {
    size_t a = 0, b = 1;
    int64_t least = std::numeric_limits<int64_t>::max();
    for (size_t i = 0; i < boxes.size(); ++i)
        for (size_t j = i + 1; j < boxes.size(); ++j) {
            const int64_t waste = united(boxes[i], boxes[j]).area() - boxes[i].area() - boxes[j].area();
            if (waste < least) least = waste, a = i, b = j;
        }
    const PixelBox both = united(boxes[a], boxes[b]);
    boxes.erase(boxes.begin() + static_cast<std::ptrdiff_t>(b));
    boxes.erase(boxes.begin() + static_cast<std::ptrdiff_t>(a));
    add(boxes, both);
}

}  // namespace

PixelBox united(const PixelBox& a, const PixelBox& b) {
    return {std::min(a.x0, b.x0), std::min(a.y0, b.y0), std::max(a.x1, b.x1), std::max(a.y1, b.y1)};
}

bool belong_together(const PixelBox& a, const PixelBox& b) {
    return a.meets(b) || united(a, b).area() <= a.area() + b.area() + 2048;
}

void add_damage(std::vector<PixelBox>& boxes, PixelBox box) {
    add(boxes, box);
    while (boxes.size() > kMostBoxes) join_nearest(boxes);
}

void Repaint::add(const Repaint& later) {
    all = all || later.all;
    if (all) return boxes.clear();
    for (const PixelBox& box : later.boxes) add_damage(boxes, box);
}

bool sparse(const std::vector<PixelBox>& boxes, double pixels) {
    int64_t area = 0;
    for (const PixelBox& box : boxes) area += box.area();
    return static_cast<double>(area) <= kMostShare * pixels;
}

PixelBox reach_of(const Instance& instance) {
    const float *a = instance.a, *b = instance.b;
    float x0 = a[0], y0 = a[1], x1 = a[0] + a[2], y1 = a[1] + a[3];
    if (instance.kind[0] == kLine) {
        // A slanting line's box along itself stands out by less than twice its reach.
        const float reach = 2 * (0.5f * b[0] + 1);
        x0 = std::min(a[0], a[2]) - reach, x1 = std::max(a[0], a[2]) + reach;
        y0 = std::min(a[1], a[3]) - reach, y1 = std::max(a[1], a[3]) + reach;
    } else if (instance.kind[0] == kQuad) {
        x0 = std::min({a[0], a[2], b[0], b[2]}) - 1, x1 = std::max({a[0], a[2], b[0], b[2]}) + 1;
        y0 = std::min({a[1], a[3], b[1], b[3]}) - 1, y1 = std::max({a[1], a[3], b[1], b[3]}) + 1;
    }
    const auto whole = [](float v) { return static_cast<int>(std::clamp(v, -1e6f, 1e6f)); };
    return {whole(std::floor(x0)), whole(std::floor(y0)), whole(std::ceil(x1)), whole(std::ceil(y1))};
}

std::optional<std::vector<PixelBox>> damage(const Batch& before, const Batch& after, int width_px, int height_px) {
    std::vector<PixelBox> boxes;
    const auto spoil = [&](const Instance& instance) {
        PixelBox box = reach_of(instance);
        box = {std::max(box.x0, 0), std::max(box.y0, 0), std::min(box.x1, width_px), std::min(box.y1, height_px)};
        if (box.x0 < box.x1 && box.y0 < box.y1) add(boxes, box);
        if (boxes.size() > 4 * kMostBoxes) join_nearest(boxes);
    };
    // What both begin and end with is the same; between, equal quads are paired in order.
    size_t first = 0, last_before = before.instances.size(), last_after = after.instances.size();
    const auto same = [&](size_t i, size_t j) { return bytes_of(before.instances[i]) == bytes_of(after.instances[j]); };
    while (first < last_before && first < last_after && same(first, first)) ++first;
    while (last_before > first && last_after > first && same(last_before - 1, last_after - 1)) --last_before, --last_after;
    std::unordered_multimap<std::string_view, size_t> old;
    old.reserve(last_before - first);
    for (size_t i = last_before; i-- > first;) old.emplace(bytes_of(before.instances[i]), i);
    std::vector<bool> paired(last_before - first);
    size_t furthest = first;
    for (size_t j = first; j < last_after; ++j) {
        const auto [begin, end] = old.equal_range(bytes_of(after.instances[j]));
        auto best = old.end();
        for (auto it = begin; it != end; ++it)
            if (best == old.end() || it->second < best->second) best = it;
        // A pair that stands before an earlier one would change who paints over whom: it counts as new.
        if (best == old.end() || best->second < furthest) {
            spoil(after.instances[j]);
        } else {
            furthest = best->second;
            paired[best->second - first] = true;
        }
        if (best != old.end()) old.erase(best);
    }
    for (size_t i = first; i < last_before; ++i)
        if (!paired[i - first]) spoil(before.instances[i]);
    while (boxes.size() > kMostBoxes) join_nearest(boxes);
    if (!sparse(boxes, static_cast<double>(width_px) * height_px)) return {};
    return boxes;
}

size_t append_reaching(const Batch& batch, const PixelBox& box, Batch& out) {
    const size_t first_draw = out.draws.size();
    for (const Draw& draw : batch.draws) {
        const size_t begin = out.instances.size();
        for (size_t i = draw.first; i < draw.first + draw.count; ++i)
            if (reach_of(batch.instances[i]).meets(box)) out.instances.push_back(batch.instances[i]);
        const size_t count = out.instances.size() - begin;
        if (count > 0) out.draws.push_back({begin, count, draw.shade, draw.texture});
    }
    return first_draw;
}

}  // namespace convscope
