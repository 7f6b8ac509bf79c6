#include "app/paint/ui_damage.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <span>

namespace convscope {
namespace {

/// So far ahead a command of the frame before is looked for.
constexpr size_t kAhead = 16;
constexpr size_t kTriangle = 3;

using Corners = std::span<const ImDrawVert>;

bool same(Corners a, Corners b) {
    return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size_bytes()) == 0);
}

bool same(const ImVec4& a, const ImVec4& b) { return std::memcmp(&a, &b, sizeof a) == 0; }

/// Collects what differs as boxes.
class Spoiler {
public:
    explicit Spoiler(ImVec2 size) : size_(size) {}

    /// The pixels of these triangles inside the clip box. Neighbours become one box, as the letters of a word do.
    void spoil(Corners corners, const ImVec4& clip) {
        std::optional<PixelBox> group;
        for (; !corners.empty(); corners = corners.subspan(kTriangle)) {
            const PixelBox box = reach(corners.first(kTriangle), clip);
            if (box.x0 + 2 >= box.x1 || box.y0 + 2 >= box.y1) continue;
            if (group && !belong_together(*group, box)) {
                add_damage(boxes, *group);
                group.reset();
            }
            group = group ? united(*group, box) : box;
        }
        if (group) add_damage(boxes, *group);
    }

    /// Where two commands that are drawn alike differ.
    void compare(Corners a, Corners b, const ImVec4& clip) {
        if (same(a, b)) return;
        if (a.size() == b.size()) {
            // Triangle by triangle; neighbours in a row become one box.
            for (size_t i = 0; i < a.size();) {
                size_t end = i;
                while (end < a.size() && !same(a.subspan(end, kTriangle), b.subspan(end, kTriangle))) end += kTriangle;
                spoil(a.subspan(i, end - i), clip);
                spoil(b.subspan(i, end - i), clip);
                i = end + kTriangle;
            }
            return;
        }
        size_t first = 0, rest = 0;
        const size_t least = std::min(a.size(), b.size());
        while (first < least && same(a.subspan(first, kTriangle), b.subspan(first, kTriangle))) first += kTriangle;
        while (rest < least - first && same(a.subspan(a.size() - rest - kTriangle, kTriangle),
                                            b.subspan(b.size() - rest - kTriangle, kTriangle)))
            rest += kTriangle;
        spoil(a.subspan(first, a.size() - first - rest), clip);
        spoil(b.subspan(first, b.size() - first - rest), clip);
    }

    /// Boxes of a picture that is shown pixel for pixel.
    void spoil_shown(const std::vector<PixelBox>& of_picture, Corners corners, const ImVec4& clip) {
        if (corners.empty()) return;
        float x = corners[0].pos.x, y = corners[0].pos.y;
        for (const ImDrawVert& corner : corners) x = std::min(x, corner.pos.x), y = std::min(y, corner.pos.y);
        const auto at = [](float origin, int pixel) { return origin + static_cast<float>(pixel); };
        for (const PixelBox& box : of_picture) {
            ImDrawVert low{}, high{};
            low.pos = {at(x, box.x0), at(y, box.y0)};
            high.pos = {at(x, box.x1), at(y, box.y1)};
            const std::array<ImDrawVert, kTriangle> whole{low, high, high};
            const PixelBox shown = reach(whole, clip);
            if (shown.x0 < shown.x1 && shown.y0 < shown.y1) add_damage(boxes, shown);
        }
    }

    std::vector<PixelBox> boxes;

private:
    /// Whole pixels, and one around them.
    PixelBox reach(Corners triangle, const ImVec4& clip) const {
        float x0 = triangle[0].pos.x, y0 = triangle[0].pos.y, x1 = x0, y1 = y0;
        for (const ImDrawVert& corner : triangle) {
            x0 = std::min(x0, corner.pos.x), x1 = std::max(x1, corner.pos.x);
            y0 = std::min(y0, corner.pos.y), y1 = std::max(y1, corner.pos.y);
        }
        const auto whole = [](float v) { return static_cast<int>(std::clamp(v, -1e6f, 1e6f)); };
        return {whole(std::floor(std::max({x0, clip.x, 0.0f}))) - 1, whole(std::floor(std::max({y0, clip.y, 0.0f}))) - 1,
                whole(std::ceil(std::min({x1, clip.z, size_.x}))) + 1, whole(std::ceil(std::min({y1, clip.w, size_.y}))) + 1};
    }

    ImVec2 size_;
};

}  // namespace

/// Copies the frame's triangles. False when something else than triangles is in it.
bool UiDamage::take(const ImDrawData& data) {
    std::swap(before_, now_);
    now_.size = data.DisplaySize;
    now_.commands.clear();
    now_.corners.clear();
    for (const ImDrawList* list : data.CmdLists)
        for (const ImDrawCmd& command : list->CmdBuffer) {
            if (command.UserCallback) return false;
            now_.commands.push_back({command.ClipRect, command.GetTexID(), now_.corners.size(), command.ElemCount});
            const ImDrawIdx* index = list->IdxBuffer.Data + command.IdxOffset;
            for (unsigned i = 0; i < command.ElemCount; ++i)
                now_.corners.push_back(list->VtxBuffer.Data[command.VtxOffset + index[i]]);
        }
    return true;
}

std::optional<std::vector<PixelBox>> UiDamage::next(const ImDrawData& data, ImTextureID fonts, const Repaint& canvas) {
    if (!take(data)) {
        now_ = {};
        return {};
    }
    if (before_.commands.empty() || before_.size.x != now_.size.x || before_.size.y != now_.size.y) return {};
    Spoiler spoiler(now_.size);
    const auto corners = [](const Frame& frame, const Command& command) {
        return Corners(frame.corners).subspan(command.first, command.count);
    };
    const auto alike = [](const Command& a, const Command& b) { return a.texture == b.texture && same(a.clip, b.clip); };
    const std::vector<Command>&olds = before_.commands, &news = now_.commands;
    // Pairs keep their order, so that who paints over whom stays; what has no partner is spoiled.
    size_t i = 0;
    for (const Command& now : news) {
        const size_t end = std::min(olds.size(), i + kAhead);
        size_t k = i;
        while (k < end && !alike(olds[k], now)) ++k;
        if (k == end) {
            spoiler.spoil(corners(now_, now), now.clip);
            continue;
        }
        for (; i < k; ++i) spoiler.spoil(corners(before_, olds[i]), olds[i].clip);
        if (canvas.all && now.texture != fonts) {
            spoiler.spoil(corners(before_, olds[k]), now.clip);
            spoiler.spoil(corners(now_, now), now.clip);
        } else {
            spoiler.compare(corners(before_, olds[k]), corners(now_, now), now.clip);
            if (now.texture != fonts) spoiler.spoil_shown(canvas.boxes, corners(now_, now), now.clip);
        }
        i = k + 1;
    }
    for (; i < olds.size(); ++i) spoiler.spoil(corners(before_, olds[i]), olds[i].clip);
    const auto most = static_cast<double>(now_.size.x) * static_cast<double>(now_.size.y);
    return sparse(spoiler.boxes, most) ? std::optional(std::move(spoiler.boxes)) : std::nullopt;
}

}  // namespace convscope
