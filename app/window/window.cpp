// What both kinds of windows share: ImGui's frame, pictures of it, dropped files.
#include "app/window/window.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "app/window/imgui_setup.h"
#include "core/io/image.h"

namespace convscope {

AppWindow::AppWindow() = default;
AppWindow::~AppWindow() = default;

void AppWindow::open_ui(const WindowOptions& options) {
    interface_scale_ = options.interface_scale;
    ui_ = std::make_unique<Ui>(options.theme, scale(), options.records_items);
}

void AppWindow::close_ui() { ui_.reset(); }

float fitting_scale(float wanted, float monitor_scale, int width_px, int height_px) {
    // What the panels and a canvas between them need at scale 1, and the scale below which text is too small.
    constexpr float kWidth = 1000, kHeight = 620, kSmallest = 0.75f, kStep = 1.0f / 16;
    const float room = std::min(static_cast<float>(width_px) / kWidth, static_cast<float>(height_px) / kHeight);
    // In steps: fonts are made anew for each while the window's edge is dragged.
    const float fits = std::max(std::floor(room / kStep) * kStep, kSmallest * monitor_scale);
    return std::clamp(std::min(wanted * monitor_scale, fits), 0.5f, 4.0f);   // the font atlas must fit a texture
}

float AppWindow::scale() const { return fitting_scale(interface_scale_, monitor_scale(), width_px(), height_px()); }
float AppWindow::largest_interface_scale() const {
    return fitting_scale(4, monitor_scale(), width_px(), height_px()) / monitor_scale();
}
Theme AppWindow::theme() const { return ui_->theme(); }
const UiFonts& AppWindow::fonts() const { return ui_->fonts(); }
ItemRecorder& AppWindow::items() { return ui_->items(); }

void AppWindow::set_look(Theme theme, float interface_scale) {
    interface_scale_ = std::clamp(interface_scale, 0.5f, 4.0f);
    ui_->set_look(theme, scale());
}

void AppWindow::begin_frame() {
    before_frame();
    if (on_input) on_input();
    ui_->set_look(ui_->next_theme(), scale());
    const double now_s = time_s();
    ui_->begin_frame(width_px(), height_px(), static_cast<float>(now_s - last_frame_s_));
    last_frame_s_ = now_s;
}

void AppWindow::end_frame(bool draws, const Repaint& canvas) {
    ui_->end_frame();
    canvas_.add(canvas);
    if (!draws) return;
    const uint64_t look = ui_->look();
    if (!lost_ && !canvas_.any() && look == shown_look_) return;
    ui_->spoil(lost_, canvas_);
    lost_ = false;
    canvas_ = {};
    shown_look_ = look;
    ++shown_;
    show_frame();
}

Pixels AppWindow::picture() {
    Target target;
    target.resize(width_px(), height_px());
    target.bind();
    ui_->draw();
    target.release();
    return target.read();
}

std::string AppWindow::save_picture(const std::string& path) {
    const Pixels pixels = picture();
    std::string error;
    return save_png(path, pixels.width_px, pixels.height_px, pixels.rgba, error) ? std::string()
                                                                                 : error;
}

std::vector<std::string> AppWindow::take_dropped() { return std::exchange(dropped_, {}); }

}  // namespace convscope
