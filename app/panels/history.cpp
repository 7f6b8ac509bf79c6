// History: every state as a sentence, newest at the bottom; a click goes there. Branches that were left stay, set back.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <imgui.h>

#include "app/app_work.h"
#include "app/panels/widgets.h"
#include "app/scene/fonts.h"

namespace convscope {
namespace {

using ui::px;

constexpr float kWidth = 320, kHead = 44, kRow = 28, kFoot = 30;

/// One row: a dot on the line of Undo and Redo, or set back beside it; what was done; from where a branch starts.
void history_row(PanelContext& context, const Box& row, size_t number, bool on_line) {
    const History& history = context.app.state.history;
    const History::Entry& entry = history.entries()[number];
    const bool is_current = number == history.current();
    const bool starts_branch = !on_line && entry.before && history.line()[*entry.before];
    const std::string from = starts_branch ? history.entries()[*entry.before].label : "";
    ImGui::PushID(static_cast<int>(number));
    const ui::Item it = ui::item(context, entry.label.c_str(), row,
                                 {.tooltip = starts_branch ? entry.label + "\nAnother way on from: " + from : entry.label});
    ImGui::PopID();
    if (is_current) ui::fill(context, row, Tone::sunken, 5);
    else if (it.hovered || it.focused) ui::fill(context, row, Tone::hover, 5);

    const float y = row.center().y, indent = px(context, on_line ? 14 : 34), dot = px(context, is_current ? 9 : 7);
    const Box mark{std::round(row.x + indent - dot / 2), std::round(y - dot / 2), dot, dot};
    const bool is_ahead = on_line && number > history.current();
    if (is_current) ui::fill(context, mark, Tone::ink, dot / context.scale / 2);
    else if (on_line && !is_ahead) ui::fill(context, mark, Tone::ink3, dot / context.scale / 2);
    else ui::frame(context, mark, Tone::ink3, 1.5f, dot / context.scale / 2);
    ImFont* font = is_current ? context.fonts.body_bold : context.fonts.body;
    const float x = row.x + indent + px(context, 14);
    ui::text(context, font, is_current ? Tone::ink : on_line && !is_ahead ? Tone::ink2 : Tone::ink3, {x, y},
             ui::fitted(font, entry.label, row.right() - px(context, 8) - x));
    if (it.pressed && !is_current) go_to_entry(context.app, number);
}

void rows(PanelContext& context, const Box& list) {
    const History& history = context.app.state.history;
    const std::vector<bool> line = history.line();
    const float row_h = px(context, kRow), top = list.y + px(context, 4) - ImGui::GetScrollY();
    // The current state is in view, also when a key made it another one.
    ImGuiStorage* memory = ImGui::GetStateStorage();
    const ImGuiID shown = ImGui::GetID("shown");
    const int current = static_cast<int>(history.current());
    if (memory->GetInt(shown, -1) != current) {
        memory->SetInt(shown, current);
        const float at = row_h * static_cast<float>(current);
        if (at < ImGui::GetScrollY() || at + row_h > ImGui::GetScrollY() + list.h)
            ImGui::SetScrollY(std::max(0.0f, at - list.h / 2));
    }
    for (size_t i = 0; i < history.entries().size(); ++i) {
        const Box row{list.x + px(context, 6), top + row_h * static_cast<float>(i), list.w - px(context, 18), row_h};
        if (row.bottom() < list.y || row.y > list.bottom()) continue;
        history_row(context, row, i, line[i]);
        if (i >= context.app.state.history.entries().size()) break;
    }
    ui::content_ends(top + row_h * static_cast<float>(history.entries().size()) + px(context, 4));
}

}  // namespace

void draw_history(PanelContext& context, const WindowLayout& layout) {
    bool& open = context.app.state.popups.history;
    if (!open) return;
    const History& history = context.app.state.history;
    const float head = px(context, kHead), margin = px(context, 16), side = px(context, 28);
    const float foot = history.dropped() > 0 ? px(context, kFoot) : px(context, 6);
    // Over the inspector, so that the picture stays in sight; where that is a rail, over the canvas.
    const Box place = layout.rails ? layout.canvas : layout.right;
    const float wanted = head + foot + px(context, kRow) * static_cast<float>(history.entries().size()) + px(context, 12);
    const float width = std::min(px(context, kWidth), place.w - px(context, 16));
    const float height = std::clamp(wanted, px(context, 140), std::max(px(context, 140), place.h - px(context, 16)));
    const Box box{std::round(place.right() - width - px(context, 8)), std::round(place.y + px(context, 8)), std::round(width),
                  std::round(height)};
    ui::begin_panel(context, "History", box, Tone::none, ui::Scrolls::no, true);
    ui::fill(context, box, Tone::raised, 8);
    ui::frame(context, box, Tone::line2, 1, 8);
    ui::text(context, context.fonts.label, Tone::ink, {box.x + margin, box.y + head / 2}, "History");
    const std::string count = fmt::format("{} of {}", history.current() + 1, history.entries().size());
    ui::text(context, context.fonts.mono_small, Tone::ink3, {box.right() - margin - side - px(context, 4), box.y + head / 2},
             count, Align::right);
    if (ui::icon_button(context, "Close", {box.right() - side - px(context, 8), box.y + px(context, 8), side, side}, icon::kClose,
                        ui::Border::none, {.tooltip = "Close", .keys = "Esc"}))
        open = false;
    ui::rule(context, box.x + 1, box.right() - 1, box.y + head);
    const Box list{box.x + 1, box.y + head + 1, box.w - 2, box.h - head - foot - 1};
    ImGui::SetCursorScreenPos(ui::low(list));
    ImGui::PushStyleColor(ImGuiCol_ChildBg, 0);
    ImGui::BeginChild("Entries", {list.w, list.h});
    ImGui::PopStyleColor();
    rows(context, list);
    ImGui::EndChild();
    if (history.dropped() > 0)
        ui::text(context, context.fonts.small, Tone::ink3, {box.x + margin, box.bottom() - foot / 2},
                 ui::fitted(context.fonts.small, fmt::format("{} older: the memory for them is full", history.dropped()),
                            box.w - 2 * margin));
    ui::end_panel();
    const bool any_popup = ImGui::IsPopupOpen("", ImGuiPopupFlags_AnyPopupId | ImGuiPopupFlags_AnyPopupLevel);
    if (!any_popup && ImGui::IsKeyPressed(ImGuiKey_Escape, false) && !ImGui::GetIO().WantTextInput &&
        !context.app.state.selection.edit)
        open = false;
}

}  // namespace convscope
