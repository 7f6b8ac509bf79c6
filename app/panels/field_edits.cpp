// Editing by fields: live while typing, one gesture a field, back on Escape.
#include <fmt/format.h>

#include "app/panels/sections.h"

namespace convscope {

Column make_column(const PanelContext& context, const Box& panel, bool low) {
    Column column;
    const float margin = ui::px(context, 20);
    column.x0 = panel.x + margin;
    column.x1 = panel.right() - margin;
    column.y = panel.y - ImGui::GetScrollY() + ui::px(context, 4);
    column.low = low;
    column.row_px = ui::px(context, low ? 31 : 34);
    column.field_px = ui::px(context, 28);
    return column;
}

void begin_section(const PanelContext& context, Column& column, const char* name,
                   const ui::SectionTitle& title) {
    if (column.begun) column.y += ui::px(context, 9);
    ui::SectionTitle shown = title;
    shown.has_rule = column.begun;
    column.begun = true;
    ImGuiStorage* storage = ImGui::GetStateStorage();
    const ImGuiID wish = ImGui::GetID("scroll to section");
    if (storage->GetInt(wish, 0) == static_cast<int>(ImGui::GetID(name))) {
        storage->SetInt(wish, 0);
        ImGui::SetScrollFromPosY(column.y - ImGui::GetWindowPos().y, 0);
    }
    column.y = ui::section(context, column.x0, column.x1, column.y, shown, column.row_px);
}

void quiet_line(const PanelContext& context, Column& column, std::string_view text, Tone tone) {
    column.y += column.row_px / 2 - ui::px(context, 20) / 2;
    for (const std::string& line : ui::wrapped(context.fonts.body, text, column.width())) {
        ui::text(context, context.fonts.body, tone,
                 {column.x0, column.y + ui::px(context, 20) / 2}, line);
        column.y += ui::px(context, 20);
    }
    column.y += ui::px(context, 4);
}

ImFont* label_font(const PanelContext& context, std::string_view label, float width) {
    return ui::width_of(context.fonts.body, label) <= width ? context.fonts.body
                                                            : context.fonts.small;
}

const Document& gesture_base(const App& app, const std::string& gesture) {
    const History& history = app.state.history;
    return history.is_running(gesture) ? history.before() : app.state.document;
}

void finish_gesture(App& app, const ui::TextEdit& edit, const std::string& gesture) {
    const History& history = app.state.history;
    if (edit.cancelled) {
        if (history.is_running(gesture)) undo(app);
    } else if (edit.ended) {
        end_gesture(app);
    }
}

void number_row(PanelContext& context, Column& column, float field_x, const NumberRow& row) {
    const Box box = column.row(field_x, column.x1);
    const float label_w = field_x - column.x0 - ui::px(context, 6);
    const Box label_box{column.x0, box.y, label_w, box.h};
    ImFont* font = label_font(context, row.label, label_w);
    ui::text(context, font, row.error ? Tone::error_text : Tone::ink2,
             {column.x0, box.center().y}, ui::fitted(font, row.label, label_w));
    ui::hover_help(context, label_box, row.help);
    const std::string name = row.field.empty() ? row.label : row.field;
    const ui::TextEdit edit = ui::stepper(context, name.c_str(), box, row.shown,
                                          {.error = row.error,
                                           .can_lower = row.can_lower,
                                           .can_raise = row.can_raise,
                                           .stepped = row.stepped,
                                           .help = row.help});
    const bool is_now = !row.waits || edit.ended || !edit.active;
    if (edit.typed && !edit.cancelled && is_now) {
        const std::optional<std::string> problem = row.apply(*edit.typed);
        const bool is_blank = edit.typed->find_first_not_of(' ') == std::string::npos;
        if (problem && edit.ended && !is_blank)
            say(context.app,
                !problem->empty()
                    ? *problem
                    : fmt::format("“{}” is not {}. {} stays {}.", display_text(*edit.typed, 40),
                                  row.expected, row.label, row.shown),
                true);
    }
    finish_gesture(context.app, edit, row.gesture);
}

}  // namespace convscope
