// Command palette: every command, parameter and preset by a few letters of its name.
#include <algorithm>
#include <cmath>

#include <imgui_internal.h>

#include <fmt/format.h>

#include "app/commands.h"
#include "app/panels/keys.h"
#include "app/panels/widgets.h"
#include "app/scene/fonts.h"

namespace convscope {
namespace {

using ui::px;

struct Row {
    std::string group, label, hint, key;
    bool enabled = true;
    std::function<void(App&)> run;
    std::vector<std::pair<size_t, size_t>> matches;  // of the label: byte, length
};

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return result;
}

std::vector<std::string> words_of(const std::string& typed) {
    std::vector<std::string> words;
    std::string word;
    for (const char c : lower(typed) + " ") {
        if (c != ' ') {
            word += c;
        } else if (!word.empty()) {
            words.push_back(std::move(word));
            word.clear();
        }
    }
    return words;
}

/// All words occur, in the label or what stands beside it; sets where in the label.
bool matches(Row& row, const std::vector<std::string>& words) {
    const std::string label = lower(row.label), beside = lower(row.hint + " " + row.group);
    for (const std::string& word : words) {
        const size_t at = label.find(word);
        if (at != std::string::npos)
            row.matches.emplace_back(at, word.size());
        else if (beside.find(word) == std::string::npos)
            return false;
    }
    std::sort(row.matches.begin(), row.matches.end());
    return true;
}

/// Puts the keyboard into a parameter's field, the panel opened where it is a rail.
void go_to_parameter(App& app, const Field& field) {
    app.state.popups.left_rail_open = true;
    const bool typed = !std::holds_alternative<bool>(field.standard) &&
                       !std::holds_alternative<Choice>(field.standard);
    ui::focus_item("Parameters", typed ? ("##" + field.key).c_str() : field.key.c_str());
}

std::vector<Row> all_rows(const App& app) {
    std::vector<Row> rows;
    for (const Command& command : all_commands()) {
        const size_t slash = command.menu.find('/');
        const std::string top = command.menu.substr(0, slash);
        rows.push_back({slash == std::string::npos ? "Commands" : command.menu.substr(slash + 1),
                        command.label,
                        top,
                        key_text(command.key),
                        is_enabled(command, app),
                        [&command](App& a) { run(command, a); },
                        {}});
    }
    const State& state = app.state;
    if (state.layer >= 0 && static_cast<size_t>(state.layer) < state.document.layers.size()) {
        const Layer& layer = state.document.layers[static_cast<size_t>(state.layer)];
        for (size_t i = 0; i < layer.op->fields.size(); ++i) {
            const Field& field = layer.op->fields[i];
            rows.push_back(
                {"Parameters",
                 field.key,
                 fmt::format("{}, now {}", layer.op->torch_name, to_text(layer.params[i])),
                 "",
                 true,
                 [&field](App& a) { go_to_parameter(a, field); },
                 {}});
        }
    }
    return rows;
}

/// Rows that match, groups together: commands, parameters, then the others as they first appear.
std::vector<Row> found_rows(const App& app, const std::string& typed) {
    const std::vector<std::string> words = words_of(typed);
    std::vector<Row> found;
    for (Row& row : all_rows(app))
        if (matches(row, words)) found.push_back(std::move(row));
    std::vector<std::string> groups{"Commands", "Parameters"};
    for (const Row& row : found)
        if (std::find(groups.begin(), groups.end(), row.group) == groups.end())
            groups.push_back(row.group);
    const auto rank = [&](const Row& row) {
        return std::find(groups.begin(), groups.end(), row.group) - groups.begin();
    };
    std::stable_sort(found.begin(), found.end(), [&](const Row& a, const Row& b) {
        if (rank(a) != rank(b)) return rank(a) < rank(b);
        return !words.empty() && a.matches.size() > b.matches.size();
    });
    return found;
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
        right = ui::key_cap(context, {right, y}, row.key) - px(context, 12);
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
    for (size_t i = 0; i < rows.size(); ++i) {
        if (i == 0 || rows[i].group != rows[i - 1].group) {
            ui::text(context, context.fonts.section, Tone::ink3,
                     {box.x + px(context, 22), y + group_px(context) / 2 + px(context, 2)},
                     rows[i].group);
            y += group_px(context);
        }
        const Box line{box.x, y, box.w, row_px(context)};
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
    if (popups.palette) rows = found_rows(app, popups.palette_text);
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
        rows = found_rows(app, popups.palette_text);
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
                 "No command has these letters in its name.");
    else
        chosen = draw_list(context, rows, list_box, popups.palette_row,
                           before != popups.palette_row || appears);
    if (edit.entered && last >= 0) chosen = popups.palette_row;
    if (edit.entered && last < 0) ImGui::SetKeyboardFocusHere(-1);
    if (chosen && rows[static_cast<size_t>(*chosen)].enabled) {
        popups.palette = false;
        ImGui::CloseCurrentPopup();
        ui::end_dialog();
        rows[static_cast<size_t>(*chosen)].run(app);
        return;
    }
    ui::end_dialog();
}

}  // namespace convscope
