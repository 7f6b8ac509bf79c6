// Menu bar: name, menus of the command table, the document's name, search field, theme.
#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <set>

#include <imgui_internal.h>

#include "app/commands.h"
#include "app/panels/keys.h"
#include "app/panels/widgets.h"
#include "app/recent_names.h"
#include "app/scene/fonts.h"

namespace convscope {
namespace {

using ui::px;

/// 3×3 dots: dark corners, the middle kernel orange.
void logo(const PanelContext& context, Point corner) {
    for (int row = 0; row < 3; ++row)
        for (int column = 0; column < 3; ++column) {
            const bool is_middle = row == 1 && column == 1, is_corner = row != 1 && column != 1;
            const Box dot{corner.x + px(context, 5.0f * static_cast<float>(column)),
                          corner.y + px(context, 5.0f * static_cast<float>(row)), px(context, 4),
                          px(context, 4)};
            ui::fill(context, dot,
                     is_middle   ? Tone::kernel_solid
                     : is_corner ? Tone::ink
                                 : Tone::line2,
                     1);
        }
}

/// "File" of "File/Examples".
std::string_view top_of(std::string_view menu) { return menu.substr(0, menu.find('/')); }

/// "File/Examples" of "File/Examples/Chains" when `menu` is "File"; "" for a command of another menu or of `menu` itself.
std::string sub_menu_of(const Command& command, const std::string& menu) {
    if (!command.menu.starts_with(menu + "/")) return "";
    return command.menu.substr(0, command.menu.find('/', menu.size() + 1));
}

/// Commands and sub-menus.
size_t rows_in(const std::string& menu) {
    size_t rows = 0;
    std::set<std::string> inner;
    for (const Command& command : all_commands()) {
        if (command.menu == menu) ++rows;
        if (const std::string sub = sub_menu_of(command, menu); !sub.empty()) inner.insert(sub);
    }
    return rows + inner.size();
}

/// What is left of "Kernel: Emboss" in the menu Kernel.
std::string_view label_in(const Command& command) {
    std::string_view label = command.label;
    const std::string head = command.menu.substr(command.menu.rfind('/') + 1) + ": ";
    if (label.starts_with(head)) label.remove_prefix(head.size());
    return label;
}

Box inner_row(const PanelContext& context, const Box& row) {
    return {row.x + px(context, 4), row.y, row.w - px(context, 8), row.h};
}

/// The pointer is over it, also while a popup above takes all input.
bool is_pointed_at(const Box& box) {
    const ImGuiContext& g = *ImGui::GetCurrentContext();
    return g.HoveredWindow == g.CurrentWindow && box.contains({g.IO.MousePos.x, g.IO.MousePos.y});
}

/// At `corner`, or higher where `rows` rows would not fit below; longer ones scroll.
bool begin_menu_popup(PanelContext& context, ImGuiID id, Point corner, size_t rows) {
    const float screen_h = ImGui::GetIO().DisplaySize.y, margin = px(context, 8);
    const float height = px(context, 28) * static_cast<float>(rows) + px(context, 12);
    const float y = std::max(margin, std::min(corner.y, screen_h - margin - height));
    ImGui::SetNextWindowPos({corner.x, y});
    ImGui::SetNextWindowSizeConstraints(
        {0, 0}, {FLT_MAX, std::max(px(context, 60), screen_h - y - margin)});
    ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, {0, px(context, 5)});
    ImGui::PushStyleVar(ImGuiStyleVar_PopupRounding, px(context, 8));
    const bool open = ImGui::BeginPopupEx(
        id, ImGuiWindowFlags_NoTitleBar | ImGuiWindowFlags_NoMove |
                ImGuiWindowFlags_NoSavedSettings | ImGuiWindowFlags_AlwaysAutoResize);
    ImGui::PopStyleVar(2);
    return open;
}

/// Mark, label, key. True when the pointer or the keyboard is on it.
bool command_row(PanelContext& context, const Command& command, const Box& row) {
    App& app = context.app;
    const bool enabled = is_enabled(command, app);
    const bool checked = command.checked && command.checked(app);
    const ImGuiContext& g = *ImGui::GetCurrentContext();
    const ui::Item it = ui::item(context, command.label.c_str(), row,
                                 {.enabled = enabled, .tooltip = command.help});
    ImGuiContext& hooks = *ImGui::GetCurrentContext();
    if (hooks.TestEngineHookItems)
        ImGuiTestEngineHook_ItemInfo(&hooks, it.id, command.label.c_str(),
                                     g.LastItemData.StatusFlags |
                                         (command.checked ? ImGuiItemStatusFlags_Checkable : 0) |
                                         (checked ? ImGuiItemStatusFlags_Checked : 0));
    const bool is_on = is_pointed_at(row) || it.focused;
    if (is_on && enabled) ui::fill(context, inner_row(context, row), Tone::hover, 5);
    const float y = row.center().y, mark = px(context, 14);
    if (checked)
        ui::check_mark(context, {row.x + px(context, 10), y - mark / 2, mark, mark}, Tone::ink);
    ui::text(context, context.fonts.body, enabled ? Tone::ink : Tone::inkd,
             {row.x + px(context, 30), y}, label_in(command));
    ui::text(context, context.fonts.mono_small, enabled ? Tone::ink3 : Tone::inkd,
             {row.right() - px(context, 14), y}, key_text(command.key), Align::right);
    if (it.pressed) {
        run(command, app);
        ImGui::ClosePopupToLevel(0, true);
    }
    return is_on;
}

/// Files of the settings' list, newest first.
void recent_rows(PanelContext& context) {
    const std::vector<std::string> recent = context.app.state.settings.recent, names = listed_names(recent);
    float width = 0;
    for (const std::string& name : names) width = std::max(width, ui::width_of(context.fonts.body, name));
    width = std::round(width) + px(context, 44);
    const ImVec2 corner = ImGui::GetCursorScreenPos();
    float y = corner.y;
    for (size_t i = 0; i < recent.size(); ++i) {
        const Box row{corner.x, y, width, px(context, 28)};
        y += row.h;
        ImGui::PushID(static_cast<int>(i));
        const std::string& name = names[i];
        const ui::Item it = ui::item(context, name.c_str(), row, {.tooltip = recent[i]});
        ImGui::PopID();
        if (is_pointed_at(row) || it.focused)
            ui::fill(context, inner_row(context, row), Tone::hover, 5);
        ui::text(context, context.fonts.body, Tone::ink, {row.x + px(context, 22), row.center().y},
                 name);
        if (it.pressed) {
            ImGui::ClosePopupToLevel(0, true);
            open_file(context.app, recent[i]);
        }
    }
    ImGui::SetCursorScreenPos(corner);
    ImGui::Dummy({width, y - corner.y});
}

/// A row that opens what `rows` draws beside it. True while that is open.
bool sub_menu_row(PanelContext& context, const std::string& name, const Box& row, size_t count,
                  const std::function<void()>& rows) {
    const ImGuiID id = ImGui::GetID((name + " menu").c_str());
    const ui::Item it = ui::item(context, name.c_str(), row);
    if (it.pressed || is_pointed_at(row) ||
        (it.focused && ImGui::IsKeyPressed(ImGuiKey_RightArrow, false)))
        if (!ImGui::IsPopupOpen(id, ImGuiPopupFlags_None)) ImGui::OpenPopup(id);
    const bool open = ImGui::IsPopupOpen(id, ImGuiPopupFlags_None);
    if (open || it.focused) ui::fill(context, inner_row(context, row), Tone::hover, 5);
    ui::text(context, context.fonts.body, Tone::ink, {row.x + px(context, 30), row.center().y},
             name);
    ui::chevron(context, {row.right() - px(context, 16), row.center().y}, ui::Direction::right,
                Tone::ink2, 3.5f);
    if (!open || !begin_menu_popup(context, id,
                                   {row.right() - px(context, 2), row.y - px(context, 5)}, count))
        return false;
    rows();
    if (ImGui::IsKeyPressed(ImGuiKey_LeftArrow, false)) ImGui::CloseCurrentPopup();
    ImGui::EndPopup();
    return true;
}

/// Rows of one menu or sub-menu, in the table's order; a sub-menu stands where its first command does.
void menu_rows(PanelContext& context, const std::string& menu) {
    float labels = 0, keys = 0;
    for (const Command& command : all_commands()) {
        const std::string inner = sub_menu_of(command, menu);
        if (command.menu != menu && inner.empty()) continue;
        const std::string label =
            inner.empty() ? std::string(label_in(command)) : inner.substr(menu.size() + 1);
        labels = std::max(labels, ui::width_of(context.fonts.body, label));
        if (inner.empty())
            keys = std::max(keys, ui::width_of(context.fonts.mono_small, key_text(command.key)));
    }
    const float width = std::round(labels + keys) + px(context, 30 + 28 + 14),
                row_h = px(context, 28);
    const ImVec2 corner = ImGui::GetCursorScreenPos();
    float y = corner.y;
    std::vector<std::string> shown;
    bool other_row = false, sub_open = false;
    const ImGuiContext& g = *ImGui::GetCurrentContext();
    const int level = g.BeginPopupStack.Size;
    const Command* opens = menu == "File" ? find_command("Open") : nullptr;
    for (const Command& command : all_commands()) {
        const std::string inner = sub_menu_of(command, menu);
        const bool is_own = command.menu == menu;
        if (!is_own &&
            (inner.empty() || std::find(shown.begin(), shown.end(), inner) != shown.end()))
            continue;
        if (command.separator && y > corner.y) {
            ui::rule(context, corner.x + px(context, 8), corner.x + width - px(context, 8),
                     y + px(context, 4));
            y += px(context, 9);
        }
        const Box row{corner.x, y, width, row_h};
        y += row_h;
        if (is_own) {
            other_row |= command_row(context, command, row);
            if (&command != opens || context.app.state.settings.recent.empty()) continue;
            const Box recent{corner.x, y, width, row_h};
            y += row_h;
            sub_open |= sub_menu_row(context, "Open recent", recent,
                                     context.app.state.settings.recent.size(),
                                     [&] { recent_rows(context); });
            continue;
        }
        shown.push_back(inner);
        sub_open |= sub_menu_row(context, inner.substr(menu.size() + 1), row, rows_in(inner),
                                 [&] { menu_rows(context, inner); });
    }
    if (other_row && sub_open && !g.NavDisableMouseHover) ImGui::ClosePopupToLevel(level, true);
    ImGui::SetCursorScreenPos(corner);
    ImGui::Dummy({width, y - corner.y});
}

/// Menus by the table; gives where they end.
float menus(PanelContext& context, const Box& bar, float x) {
    std::vector<std::string> names;
    for (const Command& command : all_commands()) {
        const std::string name(top_of(command.menu));
        if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end())
            names.push_back(name);
    }
    const auto popup_of = [&](size_t i) { return ImGui::GetID((names[i] + " menu").c_str()); };
    size_t open_menu = names.size();
    for (size_t i = 0; i < names.size(); ++i)
        if (ImGui::IsPopupOpen(popup_of(i), ImGuiPopupFlags_None)) open_menu = i;
    std::optional<size_t> wanted;
    if (open_menu == names.size() && ImGui::IsKeyPressed(ImGuiKey_F10, false)) wanted = 0;
    for (size_t i = 0; i < names.size(); ++i) {
        const float width = std::round(ui::width_of(context.fonts.body, names[i]));
        const Box box{x - px(context, 8), bar.y + px(context, 5), width + px(context, 16),
                      bar.h - px(context, 11)};
        const ui::Item it = ui::item(context, names[i].c_str(), box);
        // With one menu open, pointing at another opens it.
        if (it.pressed || (open_menu < names.size() && open_menu != i && is_pointed_at(box)))
            wanted = i;
        if (it.hovered || open_menu == i) ui::fill(context, box, Tone::hover, 6);
        if (it.focused) ui::focus_ring(context, box);
        ui::text(context, context.fonts.body, open_menu == i ? Tone::ink : Tone::ink2,
                 {x, bar.y + std::floor(bar.h / 2)}, names[i]);
        if (open_menu == i && begin_menu_popup(context, popup_of(i), {box.x, bar.bottom()}, 1)) {
            menu_rows(context, names[i]);
            const bool is_innermost = ImGui::GetCurrentContext()->OpenPopupStack.Size == 1;
            if (is_innermost && ImGui::IsKeyPressed(ImGuiKey_RightArrow, false))
                wanted = (i + 1) % names.size();
            if (is_innermost && ImGui::IsKeyPressed(ImGuiKey_LeftArrow, false))
                wanted = (i + names.size() - 1) % names.size();
            ImGui::EndPopup();
        }
        x += width + px(context, 20);
    }
    if (wanted) {
        if (open_menu < names.size()) ImGui::ClosePopupToLevel(0, false);
        ImGui::OpenPopup(popup_of(*wanted));
    }
    return x;
}

/// Left edge of the search field.
float search(PanelContext& context, const Box& bar, float right) {
    Popups& popups = context.app.state.popups;
    const float y = bar.y + px(context, 5), h = px(context, 26);
    if (bar.w / context.scale < 900) {
        const Box box{right - px(context, 28), y, px(context, 28), h};
        if (ui::icon_button(context, "Search commands", box, icon::kSearch, ui::Border::none,
                            {.tooltip = "Search commands", .keys = "Ctrl P"}))
            popups.palette = true;
        return box.x;
    }
    const Box box{right - px(context, 216), y, px(context, 216), h};
    const ui::Item it = ui::item(context, "Search commands", box);
    ui::fill(context, box, it.hovered ? Tone::hover : Tone::raised, 6);
    ui::frame(context, box, Tone::line2, 1, 6);
    if (it.focused) ui::focus_ring(context, box);
    const float middle = box.center().y;
    ui::text(context, context.fonts.icons_small, Tone::ink2, {box.x + px(context, 15), middle},
             icon::kSearch, Align::center);
    ui::text(context, context.fonts.body, Tone::ink3, {box.x + px(context, 28), middle},
             "Search commands");
    ui::text(context, context.fonts.mono_small, Tone::ink3, {box.right() - px(context, 10), middle},
             "Ctrl P", Align::right);
    if (it.pressed) popups.palette = true;
    return box.x;
}

void document_name(PanelContext& context, const Box& bar, float from, float to) {
    const State& state = context.app.state;
    const float gap = px(context, 20), dot = px(context, 6), dot_gap = px(context, 8);
    const bool changed = is_changed(state);
    const float room = to - from - 2 * gap - (changed ? dot + dot_gap : 0);
    if (room < px(context, 40)) return;
    ImFont* font = context.fonts.body;
    const std::string whole = state.document.name.empty() ? "Untitled" : state.document.name;
    const std::string name = ui::fitted(font, whole, room);
    const float width = std::round(ui::width_of(font, name)) + (changed ? dot + dot_gap : 0);
    // The window's middle, or the middle of the free space where that is taken.
    float x = std::round(bar.w / 2 - width / 2);
    if (x < from + gap || x + width > to - gap) x = std::round((from + to) / 2 - width / 2);
    const float y = bar.y + std::floor(bar.h / 2);
    if (changed) ui::fill(context, {x + width - dot, y - dot / 2, dot, dot}, Tone::ink3, 3);
    ui::text(context, font, Tone::ink2, {x, y}, name);
    const std::string help = (name == whole ? std::string() : whole + "\n") +
                             (state.file.empty() ? "Not saved in a file yet" : state.file) +
                             (changed && !state.file.empty() ? "\nChanged since it was saved" : "");
    ui::hover_help(context, {x, bar.y, width, bar.h}, help);
}

}  // namespace

void draw_menu_bar(PanelContext& context, const WindowLayout& layout) {
    const Box& bar = layout.menu;
    ui::begin_panel(context, "Menu", bar, Tone::panel);
    logo(context, {bar.x + px(context, 16), bar.y + px(context, 11)});
    const float middle = bar.y + std::floor(bar.h / 2);
    ui::text(context, context.fonts.label, Tone::ink, {bar.x + px(context, 40), middle},
             "Convscope");
    const float name_end = bar.x + px(context, 40) + ui::width_of(context.fonts.label, "Convscope");
    const float end = menus(context, bar, std::round(name_end) + px(context, 16));

    Settings& settings = context.app.state.settings;
    const bool is_light = settings.theme == Theme::light;
    const Box theme{bar.right() - px(context, 40), bar.y + px(context, 4), px(context, 28),
                    px(context, 28)};
    if (ui::icon_button(context, "Theme", theme, is_light ? icon::kMoon : icon::kSun,
                        ui::Border::none, {.tooltip = is_light ? "Dark theme" : "Light theme"}))
        settings.theme = is_light ? Theme::dark : Theme::light;
    const float from = search(context, bar, theme.x - px(context, 8));
    document_name(context, bar, end - px(context, 20), from);
    ui::rule(context, bar.x, bar.right(), bar.bottom() - std::max(1.0f, px(context, 1)));
    ui::end_panel();
}

}  // namespace convscope
