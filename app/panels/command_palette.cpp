// Command palette: what the finder finds, to choose from.
#include <algorithm>
#include <cmath>

#include <imgui_internal.h>

#include <fmt/format.h>

#include "app/finder.h"
#include "app/panels/keys.h"
#include "app/panels/widgets.h"
#include "app/scene/fonts.h"

namespace convscope {
namespace {

using ui::px;

using Row = Found;

/// Puts the keyboard into a parameter's field, the panel opened where it is a rail.
void go_to_parameter(App& app, const std::string& key) {
    app.state.popups.left_rail_open = true;
    const Op& op = *chosen_layer(app)->op;
    const Value& standard = op.fields[static_cast<size_t>(field_index(op, key))].standard;
    const bool typed = !std::holds_alternative<bool>(standard) && !std::holds_alternative<Choice>(standard);
    ui::focus_item("Parameters", typed ? ("##" + key).c_str() : key.c_str());
}

/// The label, what was typed in bold.
std::vector<ui::TextRun> label_runs(const PanelContext& context, const Row& row) {
    std::vector<ui::TextRun> runs;
    const Tone plain = row.enabled ? Tone::ink2 : Tone::inkd,
               strong = row.enabled ? Tone::ink : Tone::inkd;
    size_t at = 0;
    for (const auto& [start, length] : row.matches) {
        if (start < at) continue;
        runs.push_back({context.fonts.body, plain, row.label.substr(at, start - at)});
        runs.push_back({context.fonts.body_bold, strong, row.label.substr(start, length)});
        at = start + length;
    }
    runs.push_back(
        {context.fonts.body, row.matches.empty() ? strong : plain, row.label.substr(at)});
    return runs;
}

float head_px(const PanelContext& context) { return px(context, 59); }
float group_px(const PanelContext& context) { return px(context, 27); }
float row_px(const PanelContext& context) { return px(context, 36); }

/// Height of all rows and group heads.
float list_height(const PanelContext& context, const std::vector<Row>& rows, size_t most) {
    float height = 0;
    for (size_t i = 0; i < std::min(rows.size(), most); ++i) {
        if (i == 0 || rows[i].group != rows[i - 1].group) height += group_px(context);
        height += row_px(context);
    }
    return height;
}

bool draw_row(PanelContext& context, const Row& row, const Box& box, bool is_chosen, int number) {
    ImGui::PushID(number);
    ImGui::PushItemFlag(ImGuiItemFlags_NoNav, true);
    const ui::Item it = ui::item(context, row.label.c_str(), box);
    ImGui::PopItemFlag();
    ImGui::PopID();
    if (is_chosen || it.hovered) {
        const float inset = px(context, 8);
        ui::fill(context, {box.x + inset, box.y, box.w - 2 * inset, box.h},
                 is_chosen ? Tone::hover : Tone::sunken, 6);
    }
    const float y = box.center().y;
    float right = box.right() - px(context, 22);
    if (!row.key.empty()) {
        right = ui::key_cap(context, {right, y}, key_text(row.key)) - px(context, 12);
    } else if (is_chosen) {
        ui::text(context, context.fonts.mono_small, Tone::ink2, {right, y}, "Enter", Align::right);
        right -= ui::width_of(context.fonts.mono_small, "Enter") + px(context, 14);
    }
    ui::text(context, context.fonts.body, Tone::ink3, {right, y}, row.hint, Align::right);
    right -= ui::width_of(context.fonts.body, row.hint) + px(context, 12);
    const std::vector<ui::TextRun> runs = label_runs(context, row);
    const float x = box.x + px(context, 22);
    if (ui::width_of(runs) <= right - x)
        ui::text(context, {x, y}, runs);
    else
        ui::text(context, context.fonts.body, row.enabled ? Tone::ink : Tone::inkd, {x, y},
                 ui::fitted(context.fonts.body, row.label, right - x));
    return it.pressed;
}

/// The row that was clicked; keeps the chosen one in view.
std::optional<int> draw_list(PanelContext& context, const std::vector<Row>& rows, const Box& box,
                             int chosen, bool moved) {
    std::optional<int> clicked;
    ImGui::SetCursorScreenPos(ui::low(box));
    ImGui::PushStyleColor(ImGuiCol_ChildBg, 0);
    ImGui::BeginChild("Found", {box.w, box.h}, ImGuiChildFlags_None, ImGuiWindowFlags_NoNavInputs);
    ImGui::PopStyleColor();
    float y = box.y - ImGui::GetScrollY();
    const ImRect clip = ImGui::GetCurrentWindow()->ClipRect;
    const float width = ImGui::GetCurrentWindow()->InnerRect.GetWidth();  // without the scroll bar
    for (size_t i = 0; i < rows.size(); ++i) {
        if (i == 0 || rows[i].group != rows[i - 1].group) {
            ui::text(context, context.fonts.section, Tone::ink3,
                     {box.x + px(context, 22), y + group_px(context) / 2 + px(context, 2)},
                     rows[i].group);
            y += group_px(context);
        }
        const Box line{box.x, y, width, row_px(context)};
        const bool is_chosen = static_cast<int>(i) == chosen;
        if (is_chosen && moved && (line.y < box.y || line.bottom() > box.bottom()))
            ImGui::SetScrollFromPosY(line.y - ImGui::GetWindowPos().y,
                                     line.y < box.y ? 0.1f : 1.0f);
        if (line.bottom() > clip.Min.y && line.y < clip.Max.y &&
            draw_row(context, rows[i], line, is_chosen, static_cast<int>(i)))
            clicked = static_cast<int>(i);
        y += row_px(context);
    }
    ui::content_ends(y);
    ImGui::EndChild();
    return clicked;
}

}  // namespace

void draw_command_palette(PanelContext& context, const WindowLayout& layout) {
    App& app = context.app;
    Popups& popups = app.state.popups;
    std::vector<Row> rows;
    if (popups.palette) rows = find_everything(app, popups.palette_text);
    const float screen_w = layout.menu.w, screen_h = layout.timeline.bottom();
    const float width = std::min(px(context, 600), screen_w - px(context, 24)),
                top = std::min(px(context, 84), screen_h * 0.1f);
    const float list = rows.empty() ? row_px(context) : list_height(context, rows, 9);
    const float height =
        std::min(head_px(context) + list + px(context, 16), screen_h - top - px(context, 12));
    const Box box{std::round((screen_w - width) / 2), top, width, height};
    if (!ui::begin_dialog(context, "Palette", popups.palette, box)) return;

    const bool appears = ImGui::IsWindowAppearing();
    if (appears) {
        popups.palette_text.clear();
        popups.palette_row = 0;
        ImGui::SetKeyboardFocusHere();
    }
    if (!appears && key_pressed("Ctrl+P")) popups.palette = false;
    const float middle = box.y + head_px(context) / 2;
    const std::string found = fmt::format("{} found", rows.size());
    const float found_w = ui::width_of(context.fonts.mono_small, found);
    ui::text(context, context.fonts.icons, Tone::ink2, {box.x + px(context, 28), middle},
             icon::kSearch, Align::center);
    const Box field{box.x + px(context, 44), box.y + px(context, 12),
                    box.w - px(context, 44 + 34) - found_w, head_px(context) - px(context, 24)};
    const ui::TextEdit edit = ui::text_field(context, "Search", field, popups.palette_text,
                                             {.hint = "Search commands",
                                              .font = context.fonts.reading,
                                              .inset_px = 6,
                                              .framed = false,
                                              .select_all = false,
                                              .keeps_arrows = true});
    ui::text(context, context.fonts.mono_small, Tone::ink3, {box.right() - px(context, 22), middle},
             found, Align::right);
    ui::rule(context, box.x, box.right(), box.y + head_px(context), Tone::line2);
    if (edit.typed) {
        popups.palette_text = *edit.typed;
        popups.palette_row = 0;
        rows = find_everything(app, popups.palette_text);
    }
    const int last = static_cast<int>(rows.size()) - 1, before = popups.palette_row;
    if (ImGui::IsKeyPressed(ImGuiKey_DownArrow)) ++popups.palette_row;
    if (ImGui::IsKeyPressed(ImGuiKey_UpArrow)) --popups.palette_row;
    if (ImGui::IsKeyPressed(ImGuiKey_PageDown)) popups.palette_row += 8;
    if (ImGui::IsKeyPressed(ImGuiKey_PageUp)) popups.palette_row -= 8;
    popups.palette_row = std::clamp(popups.palette_row, 0, std::max(0, last));

    const float list_y = box.y + head_px(context) + px(context, 8);
    const Box list_box{box.x, list_y, box.w, box.bottom() - px(context, 8) - list_y};
    std::optional<int> chosen;
    if (rows.empty())
        ui::text(context, context.fonts.body, Tone::ink3,
                 {box.x + px(context, 22), list_y + row_px(context) / 2},
                 "Nothing has these letters in its name. Try stride 2, output 1,3 or step 12.");
    else
        chosen = draw_list(context, rows, list_box, popups.palette_row,
                           before != popups.palette_row || appears);
    if (edit.entered && last >= 0) chosen = popups.palette_row;
    if (edit.entered && last < 0) ImGui::SetKeyboardFocusHere(-1);
    if (chosen && rows[static_cast<size_t>(*chosen)].enabled) {
        popups.palette = false;
        ImGui::CloseCurrentPopup();
        ui::end_dialog();
        const Row& row = rows[static_cast<size_t>(*chosen)];
        if (row.field.empty())
            row.run(app);
        else
            go_to_parameter(app, row.field);
        return;
    }
    ui::end_dialog();
}

}  // namespace convscope
