// View tabs: the views that the chosen layer offers; at the right the zoom.
#include <cmath>

#include <fmt/format.h>

#include "app/panels/widgets.h"
#include "app/scene/fonts.h"

namespace convscope {
namespace {

using ui::px;

void tab(PanelContext& context, const View& view, const Box& box, bool is_chosen, float inset) {
    const ui::Item it = ui::item(context, view.label.c_str(), box, {.tooltip = view.help});
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
    if (it.pressed) choose_view(context.app, view.id);
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
    const float tabs_end = zoom_x - ui::width_of(context.fonts.mono_small, zoom) - px(context, 12);

    const Result* result = app.state.result.get();
    const auto layer = static_cast<size_t>(app.state.layer);
    const float inset = px(context, 11);
    float x = bar.x + px(context, 20) - inset;
    for (const View& view : all_views()) {
        const bool offered =
            result && layer < result->layers.size() && view.offered(result->layers[layer].plan);
        if (!offered) continue;
        const float width =
            std::round(ui::width_of(context.fonts.body_bold, view.label)) + 2 * inset;
        if (x + width > tabs_end) break;
        tab(context, view, {x, bar.y, width, bar.h}, view.id == chosen_view(app).id, inset);
        x += width;
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
