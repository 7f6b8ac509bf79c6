// Progress: what takes long, how far it is, and a button that stops it; afterwards one that starts it again.
#include <algorithm>
#include <cmath>

#include "app/panels/widgets.h"

namespace convscope {

void draw_progress(PanelContext& context, const WindowLayout& layout) {
    using ui::px;
    App& app = context.app;
    const bool stopped = app.state.stopped;
    if (!stopped && !is_busy(app)) return;
    const ProgressTold told = stopped ? ProgressTold{{}, "Computing was stopped"} : progress_told(app);
    const char* label = stopped ? "Compute again" : "Stop";
    ImFont* font = context.fonts.body;
    const float button_px = std::round(ui::width_of(font, label) + px(context, 24));
    const float side = px(context, 14), gap = px(context, 14), height = px(context, 36);
    const float bar_px = told.fraction ? px(context, 120) + gap : 0;
    // As wide as the numbers may become, so that the button does not move under the pointer.
    const float words_px = told.fraction ? px(context, 400) : ui::width_of(font, told.text);
    const float width = std::min(std::round(2 * side + bar_px + words_px + gap + button_px),
                                 layout.canvas.w - px(context, 16));
    // Below the caption, where views leave room.
    const Box box{std::round(layout.canvas.center().x - width / 2),
                  std::round(layout.canvas.bottom() - px(context, 6) - height), width, height};
    ui::begin_panel(context, "Progress", box, Tone::none, ui::Scrolls::no, true);
    ui::fill(context, box, Tone::raised, 8);
    ui::frame(context, box, Tone::line2, 1, 8);
    float x = box.x + side;
    if (told.fraction) {
        const Box bar{x, box.center().y - px(context, 3), px(context, 120), px(context, 6)};
        ui::fill(context, bar, Tone::sunken, 3);
        const float done = bar.w * static_cast<float>(*told.fraction);
        if (done >= px(context, 6)) ui::fill(context, {bar.x, bar.y, done, bar.h}, Tone::accent, 3);
        x = bar.right() + gap;
    }
    const Box button{box.right() - side - button_px, box.y + px(context, 4), button_px, height - px(context, 8)};
    ui::text(context, font, Tone::ink, {x, box.center().y}, ui::fitted(font, told.text, button.x - gap - x));
    if (ui::button(context, label, button)) {
        if (stopped)
            compute_again(app);
        else
            stop_computing(app);
    }
    if (!stopped) ui::tooltip(context, "Stops at once; the last picture stays.", "Esc");
    ui::end_panel();
}

}  // namespace convscope
