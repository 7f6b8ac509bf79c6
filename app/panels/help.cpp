// Help: all commands with their keys, and what the mouse does; and what Convscope is.
#include <algorithm>
#include <array>
#include <cmath>

#include <imgui.h>

#include "app/commands.h"
#include "app/panels/keys.h"
#include "app/panels/widgets.h"
#include "app/scene/fonts.h"
#include "app/window/glfw_version.h"

#ifndef CONVSCOPE_VERSION
#define CONVSCOPE_VERSION ""
#endif

namespace convscope {
namespace {

using ui::px;

struct HelpLine {
    std::string what, keys;
};
struct HelpGroup {
    std::string title;
    std::vector<HelpLine> lines;
};

const std::array kMouse = {
    HelpLine{"Choose a cell, then type", "Click"},
    HelpLine{"Paint its value on others", "Drag"},
    HelpLine{"Change a cell's value", "Wheel"},
    HelpLine{"Zeros, ones, random, paste …", "Right click"},
    HelpLine{"Keep a cell's ledger", "Click it"},
    HelpLine{"Play up to an output", "Double click"},
    HelpLine{"Zoom", "Ctrl Wheel"},
    HelpLine{"Move the picture", "Middle drag"},
    HelpLine{"Open an image", "Drop it"},
};

const std::array kCellKeys = {
    HelpLine{"A number for the cell", "0–9 − . e"},
    HelpLine{"The next cell", "← → ↑ ↓"},
    HelpLine{"The next, the one before", "Tab"},
    HelpLine{"Take it and go down", "Enter"},
    HelpLine{"Zero", "Delete"},
    HelpLine{"Row's first, last cell", "Home End"},
    HelpLine{"Let the cell go", "Esc"},
};

const std::array kWindowKeys = {
    HelpLine{"From panel to panel", "F6"},
    HelpLine{"From field to field", "Tab"},
    HelpLine{"Menus", "F10"},
};

std::vector<HelpGroup> help_groups() {
    std::vector<HelpGroup> groups;
    for (const Command& command : all_commands()) {
        const std::string menu = command.menu.substr(0, command.menu.find('/'));
        if (command.menu.find('/') != std::string::npos && command.key.empty())
            continue;  // examples, recent files
        auto group = std::find_if(groups.begin(), groups.end(),
                                  [&](const HelpGroup& g) { return g.title == menu; });
        if (group == groups.end()) group = groups.insert(groups.end(), {menu, {}});
        group->lines.push_back({command.label, key_text(command.key)});
    }
    groups.push_back({"Mouse", {kMouse.begin(), kMouse.end()}});
    groups.push_back({"While a cell is chosen", {kCellKeys.begin(), kCellKeys.end()}});
    groups.push_back({"Keyboard alone", {kWindowKeys.begin(), kWindowKeys.end()}});
    return groups;
}

float group_height(const PanelContext& context, const HelpGroup& group) {
    return px(context, 34) + px(context, 26) * static_cast<float>(group.lines.size()) +
           px(context, 14);
}

void draw_group(const PanelContext& context, const HelpGroup& group, float x, float y,
                float width) {
    ui::text(context, context.fonts.section, Tone::ink, {x, y + px(context, 16)}, group.title);
    y += px(context, 34);
    for (const HelpLine& line : group.lines) {
        const float middle = y + px(context, 13);
        float right = x + width;
        if (!line.keys.empty())
            right = ui::key_cap(context, {right, middle}, line.keys) - px(context, 8);
        ui::text(context, context.fonts.body, Tone::ink2, {x, middle},
                 ui::fitted(context.fonts.body, line.what, right - x));
        y += px(context, 26);
    }
}

bool close_button(PanelContext& context, const Box& box) {
    const float side = px(context, 28);
    return ui::icon_button(
        context, "Close",
        {box.right() - side - px(context, 14), box.y + px(context, 14), side, side}, icon::kClose,
        ui::Border::none, {.tooltip = "Close", .keys = "Esc"});
}

Box centred(const WindowLayout& layout, float width, float height) {
    const float screen_w = layout.menu.w, screen_h = layout.timeline.bottom();
    width = std::min(width, screen_w - 24);
    height = std::min(height, screen_h - 24);
    return {std::round((screen_w - width) / 2), std::round((screen_h - height) / 2),
            std::round(width), std::round(height)};
}

void draw_about(PanelContext& context, const WindowLayout& layout) {
    bool& open = context.app.state.popups.about;
    const Box box = centred(layout, px(context, 460), px(context, 236));
    if (!ui::begin_dialog(context, "About", open, box)) return;
    const float x = box.x + px(context, 28);
    float y = box.y + px(context, 40);
    ui::text(context, context.fonts.title, Tone::ink, {x, y}, "Convscope");
    ui::text(
        context, context.fonts.mono, Tone::ink3,
        {x + ui::width_of(context.fonts.title, "Convscope") + px(context, 12), y + px(context, 3)},
        CONVSCOPE_VERSION);
    y += px(context, 36);
    for (const std::string& line :
         ui::wrapped(context.fonts.body,
                     "Every number of a convolution, one multiplication at a time. All numbers are "
                     "computed here, as float32, and equal to PyTorch’s.",
                     box.w - px(context, 56))) {
        ui::text(context, context.fonts.body, Tone::ink2, {x, y}, line);
        y += px(context, 21);
    }
    y += px(context, 10);
    const std::array lines = {std::string("MIT licence"),
                              "Dear ImGui " + std::string(ImGui::GetVersion()) + ", GLFW " +
                                  glfw_version() + ", Highway, stb, fmt",
                              std::string("Inter, JetBrains Mono, FontAwesome")};
    for (const std::string& line : lines) {
        ui::text(context, context.fonts.small, Tone::ink3, {x, y},
                 ui::fitted(context.fonts.small, line, box.w - px(context, 56)));
        y += px(context, 20);
    }
    if (close_button(context, box)) open = false;
    ui::end_dialog();
}

}  // namespace

void draw_help(PanelContext& context, const WindowLayout& layout) {
    draw_about(context, layout);
    bool& open = context.app.state.popups.help;
    const Box box = centred(layout, px(context, 980), px(context, 760));
    if (!ui::begin_dialog(context, "Help", open, box)) return;
    if (!ImGui::IsWindowAppearing() && key_pressed("F1")) open = false;
    const float head = px(context, 56), margin = px(context, 28), gap = px(context, 36);
    ui::text(context, context.fonts.label, Tone::ink, {box.x + margin, box.y + head / 2},
             "Keys, mouse and commands");
    ui::rule(context, box.x, box.right(), box.y + head, Tone::line2);
    if (close_button(context, {box.x, box.y, box.w, box.h})) open = false;

    const std::vector<HelpGroup> groups = help_groups();
    const int columns = box.w >= px(context, 860) ? 3 : box.w >= px(context, 560) ? 2 : 1;
    const Box list{box.x, box.y + head + 1, box.w, box.h - head - px(context, 10)};
    ImGui::SetCursorScreenPos(ui::low(list));
    ImGui::PushStyleColor(ImGuiCol_ChildBg, 0);
    ImGui::BeginChild("Commands", {list.w, list.h});
    ImGui::PopStyleColor();
    const float width = std::floor((box.w - 2 * margin - gap * static_cast<float>(columns - 1)) /
                                   static_cast<float>(columns));
    const float top = list.y + px(context, 8) - ImGui::GetScrollY();
    // Each group goes where there is most room.
    std::vector<float> ends(static_cast<size_t>(columns), top);
    for (const HelpGroup& group : groups) {
        const auto column = std::min_element(ends.begin(), ends.end()) - ends.begin();
        const float x = box.x + margin + static_cast<float>(column) * (width + gap);
        float& end = ends[static_cast<size_t>(column)];
        draw_group(context, group, x, end, width);
        end += group_height(context, group);
    }
    ui::content_ends(*std::max_element(ends.begin(), ends.end()));
    ImGui::EndChild();
    ui::end_dialog();
}

}  // namespace convscope
