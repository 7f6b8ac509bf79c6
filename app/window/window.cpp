// What both kinds of windows share: ImGui's frame, pictures of it, dropped files.
#include "app/window/window.h"

#include <algorithm>
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

// Bounded: the font atlas must fit a texture.
float AppWindow::scale() const {
    return std::clamp(monitor_scale() * interface_scale_, 0.5f, 4.0f);
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
