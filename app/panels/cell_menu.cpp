// The canvas's right-click menu: what the command table offers for the plane under the pointer.
#include <vector>

#include <imgui_internal.h>

#include "app/commands.h"
#include "app/panels/canvas.h"
#include "app/panels/keys.h"
#include "app/panels/widgets.h"

namespace convscope {
namespace {

constexpr const char* kMenu = "Cell menu";
constexpr float kRowPx = 28, kRulePx = 9, kWidthPx = 190;

void entry(PanelContext& context, const char* label, float& y) {
    const Command* command = find_command(label);
    if (!command) return;
    const float x = ImGui::GetWindowPos().x;
    const Box row{x, y, ui::px(context, kWidthPx), ui::px(context, kRowPx)};
    y += row.h;
    const bool enabled = is_enabled(*command, context.app);
    const ui::Item item = ui::item(context, label, row, {.enabled = enabled, .tooltip = command->help});
    const float inset = ui::px(context, 4), middle = row.center().y;
    if (enabled && (item.hovered || item.focused))
        ui::fill(context, {row.x + inset, row.y, row.w - 2 * inset, row.h}, Tone::hover, 5);
    ui::text(context, context.fonts.body, enabled ? Tone::ink : Tone::inkd, {x + ui::px(context, 14), middle}, label);
    ui::text(context, context.fonts.mono_small, enabled ? Tone::ink3 : Tone::inkd,
             {row.right() - ui::px(context, 14), middle}, key_text(command->key), Align::right);
    if (!item.pressed) return;
    run(*command, context.app);
    ImGui::CloseCurrentPopup();
}

void entries(PanelContext& context) {
    const bool plane = context.app.state.selection.edit.has_value();
    const ImVec2 corner = ImGui::GetCursorScreenPos();
    float y = corner.y;
    if (plane) {
        for (const char* label : {"Zeros", "Ones", "Random", "Impulse", "Gradient"}) entry(context, label, y);
        const float x = ImGui::GetWindowPos().x, gap = ui::px(context, kRulePx);
        ui::rule(context, x + 1, x + ui::px(context, kWidthPx) - 1, y + gap / 2);
        y += gap;
    }
    entry(context, "Copy", y);
    entry(context, "Paste", y);
    if (!plane) entry(context, "Fit", y);
    ImGui::SetCursorScreenPos(corner);
    ImGui::Dummy({ui::px(context, kWidthPx), y - corner.y});
}

}  // namespace

void open_cell_menu(PanelContext& context, Point p) {
    App& app = context.app;
    const auto under = context.scene.under(p);
    commit_typed(app);
    app.state.selection.edit.reset();
    if (under && under->grid) {
        const CellRef cell{under->grid->name, under->row, under->column};
        const auto ref = cell_ref(context.scene, cell);
        if (editable(context.scene, cell))
            select_cell(app, context.scene, cell);
        else if (ref && ref->source == Source::stage)
            pin_output(app, ref->cell);
    }
    ImGui::OpenPopup(kMenu);
}

void draw_cell_menu(PanelContext& context) {
    ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, {0, ui::px(context, 5)});
    ImGui::PushStyleVar(ImGuiStyleVar_PopupRounding, ui::px(context, 8));
    const bool open = ImGui::BeginPopup(kMenu);
    ImGui::PopStyleVar(2);
    if (!open) return;
    entries(context);
    ImGui::EndPopup();
}

}  // namespace convscope
