// Log: what was said since the start, newest first, and a report to copy.
#include <algorithm>
#include <cmath>

#include <imgui.h>

#include "app/commands.h"
#include "app/panels/widgets.h"
#include "app/scene/fonts.h"

namespace convscope {
namespace {

using ui::px;

void log_lines(PanelContext& context, const Box& list) {
    const std::deque<LogLine>& log = context.app.state.log;
    const float time_px = px(context, 84), line_h = px(context, 21), margin = px(context, 28);
    float y = list.y + px(context, 8) - ImGui::GetScrollY();
    if (log.empty())
        ui::text(context, context.fonts.body, Tone::ink3, {list.x + margin, y + line_h / 2},
                 "Nothing so far. What goes wrong, and what was done, stands here.");
    for (auto line = log.rbegin(); line != log.rend(); ++line) {
        ui::text(context, context.fonts.mono_small, Tone::ink3, {list.x + margin, y + line_h / 2}, line->at);
        for (const std::string& text : ui::wrapped(context.fonts.body, line->text, list.w - 2 * margin - time_px)) {
            ui::text(context, context.fonts.body, line->error ? Tone::error_text : Tone::ink,
                     {list.x + margin + time_px, y + line_h / 2}, text);
            y += line_h;
        }
        y += px(context, 6);
    }
    ui::content_ends(y);
}

}  // namespace

void draw_log(PanelContext& context, const WindowLayout& layout) {
    bool& open = context.app.state.popups.log;
    const float screen_w = layout.menu.w, screen_h = layout.timeline.bottom();
    const float width = std::min(px(context, 680), screen_w - 24), height = std::min(px(context, 460), screen_h - 24);
    const Box box{std::round((screen_w - width) / 2), std::round((screen_h - height) / 2), std::round(width), std::round(height)};
    if (!ui::begin_dialog(context, "Log dialog", open, box)) return;
    const float head = px(context, 56), margin = px(context, 28), side = px(context, 28);
    ui::text(context, context.fonts.label, Tone::ink, {box.x + margin, box.y + head / 2}, "What was said");
    const Box close{box.right() - side - px(context, 14), box.y + px(context, 14), side, side};
    if (ui::icon_button(context, "Close", close, icon::kClose, ui::Border::none, {.tooltip = "Close", .keys = "Esc"})) open = false;
    const float wide = px(context, 110);
    if (ui::button(context, "Copy report", {close.x - px(context, 8) - wide, close.y, wide, side}))
        run(*find_command("Copy report"), context.app);
    ui::rule(context, box.x, box.right(), box.y + head, Tone::line2);
    const Box list{box.x, box.y + head + 1, box.w, box.h - head - px(context, 10)};
    ImGui::SetCursorScreenPos(ui::low(list));
    ImGui::PushStyleColor(ImGuiCol_ChildBg, 0);
    ImGui::BeginChild("Lines", {list.w, list.h});
    ImGui::PopStyleColor();
    log_lines(context, list);
    ImGui::EndChild();
    ui::end_dialog();
}

}  // namespace convscope
