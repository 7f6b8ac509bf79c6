// View tabs: the views that the chosen layer offers; at the right the zoom.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "app/panels/widgets.h"
#include "app/scene/fonts.h"

namespace convscope {
namespace {

using ui::px;

void tab(PanelContext& context, const View& view, const Box& box, bool is_chosen, float inset) {
    const bool can_beside = can_show(context.app, view);
    const std::string help = view.help + (can_beside ? " Ctrl+click shows it beside." : "");
    const ui::Item it = ui::item(context, view.label.c_str(), box, {.tooltip = help});
    if (is_chosen) ImGui::SetItemDefaultFocus();
    ImFont* font = is_chosen ? context.fonts.body_bold : context.fonts.body;
    const Tone tone = is_chosen || it.hovered ? Tone::ink : Tone::ink2;
    ui::text(context, font, tone, {box.center().x, box.y + std::floor(box.h / 2)}, view.label,
             Align::center);
    if (is_chosen) {
        const float bar = px(context, 3);
        ui::fill(context, {box.x + inset, box.bottom() - bar, box.w - 2 * inset, bar}, Tone::ink);
    }
    if (it.focused)
        ui::focus_ring(context, {box.x, box.y + px(context, 6), box.w, box.h - px(context, 14)});
    if (!it.pressed) return;
    if (ImGui::GetIO().KeyCtrl && can_beside)
        toggle_beside(context.app, view.id);
    else
        choose_view(context.app, view.id);
}

/// The next view in the table's order that can stand beside those shown; null: none.
const View* view_to_add(const App& app, const std::vector<const View*>& shown) {
    const auto& all = all_views();
    const auto after = static_cast<size_t>(shown.back() - all.data()) + 1;
    for (size_t i = 0; i < all.size(); ++i) {
        const View& view = all[(after + i) % all.size()];
        if (can_show(app, view) && std::ranges::find(shown, &view) == shown.end()) return &view;
    }
    return nullptr;
}

}  // namespace

void draw_tabs(PanelContext& context, const WindowLayout& layout) {
    const Box& bar = layout.tabs;
    App& app = context.app;
    ui::begin_panel(context, "Tabs", bar, Tone::canvas);
    ui::rule(context, bar.x, bar.right(), bar.bottom() - std::max(1.0f, px(context, 1)));

    const float right = bar.right() - px(context, 10);
    const Box fit{right - px(context, 28), bar.y + px(context, 8), px(context, 28),
                  px(context, 28)};
    const std::string zoom =
        fmt::format("{:.0f} %", static_cast<double>(app.state.camera.zoom) * 100);
    const float zoom_x = fit.x - px(context, 4);
    const float zoom_width = ui::width_of(context.fonts.mono_small, zoom);
    const Box beside{zoom_x - zoom_width - px(context, 36), fit.y, fit.w, fit.h};
    const std::vector<const View*> shown = shown_views(app);
    const std::string count = shown.size() > 1 ? std::to_string(shown.size()) : "";
    const float tabs_end = beside.x - px(context, 16);

    const float inset = px(context, 11);
    float x = bar.x + px(context, 20) - inset;
    for (const View& view : all_views()) {
        if (!is_offered(app, view)) continue;
        const float width =
            std::round(ui::width_of(context.fonts.body_bold, view.label)) + 2 * inset;
        if (x + width > tabs_end) break;
        const bool is_shown = std::ranges::find(shown, &view) != shown.end();
        tab(context, view, {x, bar.y, width, bar.h}, is_shown, inset);
        x += width;
    }
    const View* next = view_to_add(app, shown);
    const bool splits = shown.size() < 1 + kMostBeside && next;
    ui::text(context, context.fonts.mono_small, Tone::ink2,
             {beside.x, bar.y + std::floor(bar.h / 2)}, count, Align::right);
    if ((splits || shown.size() > 1) &&
        ui::icon_button(context, "Side by side", beside, icon::kColumns, ui::Border::none,
                        {.tooltip = splits ? next->label + " beside, in lock-step"
                                           : std::string("Only the first view"),
                         .keys = splits ? "" : "Ctrl+0"})) {
        if (splits)
            toggle_beside(app, next->id);
        else
            clear_beside(app);
    }

    const bool is_fit = app.state.camera == Camera{};
    ui::text(context, context.fonts.mono_small, Tone::ink2, {zoom_x, bar.y + std::floor(bar.h / 2)},
             zoom, Align::right);
    if (ui::icon_button(
            context, "Fit", fit, icon::kExpand, ui::Border::none,
            {.tooltip = is_fit ? "The whole picture is shown" : "Show the whole picture",
             .keys = "0"}))
        app.state.camera = {};
    ui::end_panel();
}

}  // namespace convscope
