// Right-click menus: label and key of each command, as wide as the longest.
#include "app/panels/command_menu.h"

#include <algorithm>
#include <cmath>

#include <imgui_internal.h>

#include "app/commands.h"
#include "app/panels/keys.h"
#include "app/panels/widgets.h"

namespace convscope {
namespace {

constexpr float kRowPx = 28, kRulePx = 9, kLeastWidthPx = 190;

void entry(PanelContext& context, const Command& command, const Box& row) {
    const bool enabled = is_enabled(command, context.app);
    const char* label = command.label.c_str();
    const ui::Item item =
        ui::item(context, label, row, {.enabled = enabled, .tooltip = command.help});
    const float inset = ui::px(context, 4), pad = ui::px(context, 14), middle = row.center().y;
    if (enabled && (item.hovered || item.focused))
        ui::fill(context, {row.x + inset, row.y, row.w - 2 * inset, row.h}, Tone::hover, 5);
    ui::text(context, context.fonts.body, enabled ? Tone::ink : Tone::inkd, {row.x + pad, middle},
             label);
    ui::text(context, context.fonts.mono_small, enabled ? Tone::ink3 : Tone::inkd,
             {row.right() - pad, middle}, key_text(command.key), Align::right);
    if (!item.pressed) return;
    run(command, context.app);
    ImGui::CloseCurrentPopup();
}

float width_of(const PanelContext& context, std::span<const char* const> labels) {
    float width = ui::px(context, kLeastWidthPx);
    for (const char* label : labels) {
        const Command* command = label ? find_command(label) : nullptr;
        if (!command) continue;
        const float text = ui::width_of(context.fonts.body, command->label),
                    key = ui::width_of(context.fonts.mono_small, key_text(command->key));
        width = std::max(width, std::round(text + key) + ui::px(context, 2 * 14 + 24));
    }
    return width;
}

}  // namespace

void command_menu(PanelContext& context, const char* name, std::span<const char* const> labels) {
    ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, {0, ui::px(context, 5)});
    ImGui::PushStyleVar(ImGuiStyleVar_PopupRounding, ui::px(context, 8));
    const bool open = ImGui::BeginPopup(name);
    ImGui::PopStyleVar(2);
    if (!open) return;
    const float width = width_of(context, labels), x = ImGui::GetWindowPos().x;
    const ImVec2 corner = ImGui::GetCursorScreenPos();
    float y = corner.y;
    for (const char* label : labels) {
        if (!label) {
            const float gap = ui::px(context, kRulePx);
            ui::rule(context, x + 1, x + width - 1, y + gap / 2);
            y += gap;
        } else if (const Command* command = find_command(label)) {
            entry(context, *command, {x, y, width, ui::px(context, kRowPx)});
            y += ui::px(context, kRowPx);
        }
    }
    ImGui::SetCursorScreenPos(corner);
    ImGui::Dummy({width, y - corner.y});
    ImGui::EndPopup();
}

}  // namespace convscope
