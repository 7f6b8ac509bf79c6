// What a lecturer puts over the picture by hand: laser pointer, marker, blank screen.
#include <imgui.h>

#include "app/panels/widgets.h"

namespace convscope {
namespace {

constexpr size_t kMostPoints = 20000;   // of all lines together

void draw_with_pointer(App& app, const Box& canvas) {
    Lecture& lecture = app.state.lecture;
    if (lecture.marked != app.state.play.step) {
        lecture.marker.clear();
        lecture.marked = app.state.play.step;
    }
    const ImGuiIO& io = ImGui::GetIO();
    if (!lecture.draws || !ImGui::IsMousePosValid()) {
        if (!lecture.marker.empty() && !lecture.marker.back().empty()) lecture.marker.emplace_back();
        return;
    }
    size_t points = 0;
    for (const auto& line : lecture.marker) points += line.size();
    if (points >= kMostPoints) return;
    if (lecture.marker.empty()) lecture.marker.emplace_back();
    const Point p{io.MousePos.x / canvas.w, io.MousePos.y / canvas.h};
    auto& line = lecture.marker.back();
    if (line.empty() || line.back() != p) line.push_back(p);
}

}  // namespace

void draw_lecture(PanelContext& context, const WindowLayout& layout) {
    Lecture& lecture = context.app.state.lecture;
    const Box& canvas = layout.canvas;
    // A flag that a key holds goes out with the key; one that a command set stays.
    if (ImGui::IsKeyReleased(ImGuiKey_L)) lecture.laser = false;
    if (ImGui::IsKeyReleased(ImGuiKey_D)) lecture.draws = false;
    draw_with_pointer(context.app, canvas);

    const float unit = std::min(canvas.w / 720, canvas.h / 450);
    ImDrawList& list = *ImGui::GetForegroundDrawList();
    for (const auto& line : lecture.marker) {
        std::vector<ImVec2> points;
        for (const Point p : line) points.emplace_back(p.x * canvas.w, p.y * canvas.h);
        list.AddPolyline(points.data(), static_cast<int>(points.size()),
                         ui::color(context, Tone::error_line), ImDrawFlags_None, 2.5f * unit);
    }
    if ((lecture.laser || lecture.draws) && ImGui::IsMousePosValid()) {
        ImGui::SetMouseCursor(ImGuiMouseCursor_None);
        const ImVec2 at = ImGui::GetIO().MousePos;
        if (lecture.laser)
            for (const auto& [radius, alpha] : {std::pair{11.f, 0.12f}, {8.f, 0.2f}, {5.f, 1.f}})
                list.AddCircleFilled(at, radius * unit, ui::color(context, Tone::error_line, alpha));
        else
            list.AddCircleFilled(at, 1.6f * unit, ui::color(context, Tone::error_line));
    }
    if (lecture.blank)
        list.AddRectFilled(ui::low(canvas), ui::high(canvas), IM_COL32_BLACK);
}

}  // namespace convscope
