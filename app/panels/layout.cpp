// Where each part of the window lies (style tokens, section 8), and the dividers between panels and canvas.
#include <algorithm>
#include <array>
#include <cmath>

#include <imgui.h>

#include "app/panels/widgets.h"

namespace convscope {
namespace {

constexpr float kMenu = 36, kChain = 64, kTabs = 44, kTimeline = 76, kRail = 48;
constexpr float kRailsBelow = 1100, kLowBelow = 820;
constexpr float kNarrowest = 200, kWidest = 520, kCanvasAtLeast = 360;

/// Panel widths by window width: exact at the style tokens' sizes, straight lines between them.
struct Stop {
    float window, left, right;
};
constexpr std::array<Stop, 3> kStops = {{{1280, 236, 296}, {1440, 264, 328}, {1920, 296, 376}}};

Stop standard_widths(float window) {
    if (window <= kStops.front().window) return kStops.front();
    for (size_t i = 1; i < kStops.size(); ++i) {
        const Stop &a = kStops[i - 1], &b = kStops[i];
        if (window > b.window) continue;
        const float t = (window - a.window) / (b.window - a.window);
        return {window, std::round(a.left + t * (b.left - a.left)),
                std::round(a.right + t * (b.right - a.right))};
    }
    return kStops.back();
}

/// Both panels, never so wide that the canvas has no room.
Stop panel_widths(float window, const Settings& settings) {
    Stop widths = standard_widths(window);
    const auto wished = [](float own, float standard) {
        return own > 0 ? std::clamp(own, kNarrowest, kWidest) : standard;
    };
    widths.left = wished(settings.left_px, widths.left);
    widths.right = wished(settings.right_px, widths.right);
    const float too_much = widths.left + widths.right + kCanvasAtLeast - window;
    if (too_much > 0) {
        widths.left -= std::min(too_much / 2, widths.left - kNarrowest);
        widths.right -= std::min(too_much / 2, widths.right - kNarrowest);
    }
    return widths;
}

void divider(PanelContext& context, const char* name, const Box& grip, float standard_px,
             float direction, float& setting) {
    ui::begin_panel(context, name, grip, Tone::none);
    const ui::Item it = ui::item(context, "width", grip, {.tab_stop = false});
    if (it.hovered || it.held) {
        ImGui::SetMouseCursor(ImGuiMouseCursor_ResizeEW);
        const float middle = std::floor(grip.center().x);
        ui::upright(context, middle, grip.y, grip.bottom(), Tone::ink3);
    }
    if (ImGui::IsItemActive() && ImGui::IsMouseDragging(ImGuiMouseButton_Left, 0)) {
        // From where the button went down: fast moves lose nothing. The offset in the grip is at most 3 px.
        const float moved = ImGui::GetIO().MouseDelta.x * direction / context.scale;
        const float now = (setting > 0 ? setting : standard_px) + moved;
        setting = std::clamp(now, kNarrowest, kWidest);
    }
    if (it.hovered && ImGui::IsMouseDoubleClicked(ImGuiMouseButton_Left)) setting = 0;
    ui::end_panel();
}

}  // namespace

WindowLayout window_layout(Point size_px, float scale, const Settings& settings, size_t panes, float question) {
    scale = std::max(scale, 0.1f);
    const float window_w = size_px.x / scale, window_h = size_px.y / scale;
    const auto edge = [&](float style_px) { return std::round(style_px * scale); };
    WindowLayout layout;
    layout.rails = window_w < kRailsBelow;
    layout.low = window_h < kLowBelow;
    layout.left_rail = layout.rails || panes > 1;
    Stop widths = layout.rails ? Stop{window_w, kRail, kRail} : panel_widths(window_w, settings);
    if (layout.left_rail) widths.left = kRail;

    const float w = size_px.x, h = size_px.y;
    const float menu_y = std::min(edge(kMenu), h), chain_y = std::min(edge(kMenu + kChain), h);
    const float timeline_y = std::max(chain_y, h - edge(kTimeline));
    const float tabs_y = std::min(chain_y + edge(kTabs), timeline_y);
    const float left_x = std::min(edge(widths.left), w),
                right_x = std::max(left_x, w - edge(widths.right));
    layout.menu = {0, 0, w, menu_y};
    layout.chain = {0, menu_y, w, chain_y - menu_y};
    layout.left = {0, chain_y, left_x, timeline_y - chain_y};
    layout.right = {right_x, chain_y, w - right_x, timeline_y - chain_y};
    layout.tabs = {left_x, chain_y, right_x - left_x, tabs_y - chain_y};
    const float question_y = question > 0 ? std::max(tabs_y + 1, timeline_y - edge(question)) : timeline_y;
    layout.canvas = {left_x, tabs_y, std::max(1.0f, right_x - left_x),
                     std::max(1.0f, question_y - tabs_y)};
    layout.question = {left_x, question_y, layout.canvas.w, timeline_y - question_y};
    layout.timeline = {0, timeline_y, w, h - timeline_y};
    return layout;
}

WindowLayout lecture_layout(Point size_px) {
    WindowLayout layout;
    layout.canvas = {0, 0, std::max(1.0f, size_px.x), std::max(1.0f, size_px.y)};
    // Dialogs look here for the window's width and height.
    layout.menu = {0, 0, size_px.x, 0};
    layout.timeline = {0, size_px.y, size_px.x, 0};
    return layout;
}

void draw_dividers(PanelContext& context, const WindowLayout& layout) {
    if (layout.rails) return;
    const float half = ui::px(context, 3);
    Settings& settings = context.app.state.settings;
    const Box right{layout.right.x - half, layout.right.y, 2 * half, layout.right.h};
    divider(context, "Right divider", right, layout.right.w / context.scale, -1, settings.right_px);
    if (layout.left_rail) return;
    const Box left{layout.left.right() - half, layout.left.y, 2 * half, layout.left.h};
    divider(context, "Left divider", left, layout.left.w / context.scale, 1, settings.left_px);
}

}  // namespace convscope
