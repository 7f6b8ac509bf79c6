// Rails: in a narrow window both panels are strips of icons; an icon opens its panel over the canvas.
#include <array>
#include <cmath>
#include <span>

#include <imgui_internal.h>

#include "app/panels/sections.h"
#include "app/scene/fonts.h"

namespace convscope {
namespace {

using ui::px;

struct RailIcon {
    const char *label, *icon, *section;
};
constexpr std::array kLeft = {RailIcon{"Parameters", icon::kSliders, "Parameters"},
                              RailIcon{"Weights", icon::kTable, "Weights"},
                              RailIcon{"Input", icon::kImage, "Input"}};
constexpr std::array kRight = {RailIcon{"Output size", icon::kCalculator, "Output size"},
                               RailIcon{"Ledger", icon::kList, "Ledger"},
                               RailIcon{"PyTorch", icon::kCode, "PyTorch"}};

/// The section whose icon was pressed, or null.
const char* rail(PanelContext& context, const char* name, const Box& box,
                 std::span<const RailIcon> icons, bool is_left, bool& open) {
    const char* wanted = nullptr;
    ui::begin_panel(context, name, box, Tone::panel);
    const float side = px(context, 32), x = std::round(box.center().x - side / 2);
    const bool points_right = is_left != open;
    float y = box.y + px(context, 6);
    const Box toggle{x, y, side, side};
    if (ui::icon_button(
            context, open ? "Close" : "Open", toggle, "", ui::Border::none,
            {.tooltip = open ? "Close the panel" : "Open the panel", .keys = open ? "Esc" : ""}))
        open = !open;
    ui::chevron(context, toggle.center(), points_right ? ui::Direction::right : ui::Direction::left,
                Tone::ink2);
    y = box.y + px(context, 50);
    for (const RailIcon& entry : icons) {
        if (ui::icon_button(context, entry.label, {x, y, side, side}, entry.icon, ui::Border::none,
                            {.tooltip = entry.label})) {
            wanted = entry.section;
            open = true;
        }
        y += px(context, 40);
    }
    if (is_left)
        ui::upright(context, box.right() - std::max(1.0f, px(context, 1)), box.y, box.bottom());
    else
        ui::upright(context, box.x, box.y, box.bottom());
    ui::end_panel();
    return wanted;
}

void scroll_to(const char* section) {
    if (section)
        ImGui::GetStateStorage()->SetInt(ImGui::GetID("scroll to section"),
                                         static_cast<int>(ImGui::GetID(section)));
}

bool closed_by_escape() {
    if (ImGui::IsPopupOpen("", ImGuiPopupFlags_AnyPopupId | ImGuiPopupFlags_AnyPopupLevel))
        return false;
    return ImGui::IsKeyPressed(ImGuiKey_Escape, false) && !ImGui::GetIO().WantTextInput;
}

}  // namespace

void draw_rails(PanelContext& context, const WindowLayout& layout) {
    Popups& popups = context.app.state.popups;
    popups.left_rail_open = popups.left_rail_open && layout.left_rail;
    popups.right_rail_open = popups.right_rail_open && layout.rails;
    const char* left = nullptr;
    const char* right = nullptr;
    if (layout.left_rail)
        left = rail(context, "Left rail", layout.left, kLeft, true, popups.left_rail_open);
    if (layout.rails)
        right = rail(context, "Right rail", layout.right, kRight, false, popups.right_rail_open);

    const float room = layout.right.x - layout.left.right();
    if (popups.left_rail_open) {
        const Box box{layout.left.right(), layout.left.y, std::min(px(context, 264), room),
                      layout.left.h};
        ui::begin_panel(context, "Parameters", box, Tone::panel, ui::Scrolls::yes, true);
        scroll_to(left);
        parameter_panel(context, box, layout.low);
        ui::upright(context, box.right() - std::max(1.0f, px(context, 1)), box.y, box.bottom());
        ui::end_panel();
        if (closed_by_escape()) popups.left_rail_open = false;
    }
    if (popups.right_rail_open) {
        const float width = std::min(px(context, 328), room);
        const Box box{layout.right.x - width, layout.right.y, width, layout.right.h};
        ui::begin_panel(context, "Inspector", box, Tone::panel, ui::Scrolls::yes, true);
        scroll_to(right);
        inspector_panel(context, box, layout.low);
        ui::upright(context, box.x, box.y, box.bottom());
        ui::end_panel();
        if (closed_by_escape()) popups.right_rail_open = false;
    }
}

}  // namespace convscope
