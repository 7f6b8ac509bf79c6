// Tour: six steps around the window, one card each beside the part it is about. Everything goes on working meanwhile.
#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "app/panels/widgets.h"

namespace convscope {
namespace {

using ui::px;

enum class Beside { below, above, left, right, inside };
struct TourStop {
    const char *title, *text;
    Box WindowLayout::*part;
    Beside beside;
};
const std::array<TourStop, 6> kStops = {{
    {"One layer, every number",
     "Input, kernel and output of a layer. Every number is computed here and equals PyTorch's. Point at a cell to see what it is joined to; click one to keep its sum.",
     &WindowLayout::canvas, Beside::inside},
    {"Step by step",
     "Space plays, the arrow keys go one step on or back. A step is one product, one window, a row or the whole layer.",
     &WindowLayout::timeline, Beside::above},
    {"Your own numbers",
     "Click a cell of the input or of a kernel and type. Here are the parameters, ready-made kernels, and the input: another size, random numbers, or a picture dropped on the window.",
     &WindowLayout::left, Beside::right},
    {"Why it is that number",
     "The size of the output with its formula, and the sum behind a cell, term by term. Below it the same layer as PyTorch text, to copy.",
     &WindowLayout::right, Beside::left},
    {"Told in other ways",
     "The same layer as stamps, as a matrix, as counts, as gradients, as images. Ctrl and a click puts a view beside the one that is open.",
     &WindowLayout::tabs, Beside::below},
    {"More layers; all by name",
     "The chain: + adds a layer. Ctrl P finds whatever you type, also “stride 2” or “output 1,3”; F1 lists all keys; F5 is for lectures, Q asks you for the numbers.",
     &WindowLayout::chain, Beside::below},
}};

Box placed(const PanelContext& context, const WindowLayout& layout, const Box& part, Beside beside, Point size) {
    const float gap = px(context, 14), screen_w = layout.menu.w, screen_h = layout.timeline.bottom();
    Point at;
    switch (beside) {
        case Beside::below: at = {part.center().x - size.x / 2, part.bottom() + gap}; break;
        case Beside::above: at = {part.center().x - size.x / 2, part.y - gap - size.y}; break;
        case Beside::left: at = {part.x - gap - size.x, part.y + gap}; break;
        case Beside::right: at = {part.right() + gap, part.y + gap}; break;
        case Beside::inside: at = {part.right() - gap - size.x, part.bottom() - gap - size.y}; break;
    }
    const float margin = px(context, 8);
    return {std::round(std::clamp(at.x, margin, std::max(margin, screen_w - margin - size.x))),
            std::round(std::clamp(at.y, margin, std::max(margin, screen_h - margin - size.y))), size.x, size.y};
}

}  // namespace

void draw_tour(PanelContext& context, const WindowLayout& layout) {
    int& stop = context.app.state.popups.tour;
    if (stop < 0) return;
    const int last = static_cast<int>(kStops.size()) - 1;
    stop = std::min(stop, last);
    const TourStop& now = kStops[static_cast<size_t>(stop)];
    const Box part = (layout.*now.part).grown(-px(context, 3));
    const bool popup = ImGui::IsPopupOpen("", ImGuiPopupFlags_AnyPopupId | ImGuiPopupFlags_AnyPopupLevel);
    if (popup) return;   // a dialog or menu has the window for itself
    ImDrawList& list = *ImGui::GetForegroundDrawList();
    const float line = std::max(1.0f, px(context, 2));
    list.AddRect(ui::low(part), ui::high(part), ui::color(context, Tone::ink), px(context, 8), 0, line);

    const float width = std::min(px(context, 340), layout.menu.w - px(context, 16)), margin = px(context, 20);
    const std::vector<std::string> lines = ui::wrapped(context.fonts.body, now.text, width - 2 * margin);
    const float line_h = px(context, 21);
    const float height = px(context, 52 + 58) + line_h * static_cast<float>(lines.size());
    const Box card = placed(context, layout, layout.*now.part, now.beside, {width, height});
    ui::begin_panel(context, "Tour", card, Tone::none, ui::Scrolls::no, true);
    ui::fill(context, card, Tone::raised, 12);
    ui::frame(context, card, Tone::ink3, 1, 12);
    ui::text(context, context.fonts.reading_bold, Tone::ink, {card.x + margin, card.y + px(context, 28)}, now.title);
    ui::text(context, context.fonts.mono_small, Tone::ink3, {card.right() - margin, card.y + px(context, 28)},
             fmt::format("{} of {}", stop + 1, kStops.size()), Align::right);
    float y = card.y + px(context, 58);
    for (const std::string& text : lines) {
        ui::text(context, context.fonts.body, Tone::ink2, {card.x + margin, y}, text);
        y += line_h;
    }
    const float h = px(context, 28), button_y = card.bottom() - px(context, 16) - h, wide = px(context, 84);
    const Box next{card.right() - margin - wide, button_y, wide, h}, back{next.x - px(context, 8) - wide, button_y, wide, h};
    int to = stop;
    if (ui::button(context, stop < last ? "Next" : "Done", next, ui::Weight::primary)) to = stop < last ? stop + 1 : -1;
    if (stop > 0 && ui::button(context, "Back##tour", back)) to = stop - 1;
    if (stop < last && ui::button(context, "Leave", {card.x + margin, button_y, px(context, 70), h})) to = -1;
    ui::end_panel();
    if (ImGui::IsKeyPressed(ImGuiKey_Escape, false) && !ImGui::GetIO().WantTextInput &&
        !context.app.state.selection.edit)
        to = -1;
    stop = to;
}

}  // namespace convscope
