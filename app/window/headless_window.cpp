// The window without a screen.
#include <algorithm>

#include <imgui.h>

#include "app/window/headless.h"
#include "app/window/imgui_setup.h"

namespace convscope {

std::unique_ptr<HeadlessWindow> HeadlessWindow::make(const WindowOptions& options,
                                                     std::string& error) {
    std::unique_ptr<HeadlessContext> context = HeadlessContext::make(error);
    if (!context) return nullptr;
    std::unique_ptr<HeadlessWindow> made(new HeadlessWindow);
    made->context_ = std::move(context);
    made->title_ = options.title;
    made->resize(options.width_px, options.height_px);
    made->open_ui(options);
    ImGuiIO& io = ImGui::GetIO();
    io.ClipboardUserData = made.get();
    io.GetClipboardTextFn = [](void* window) {
        return static_cast<HeadlessWindow*>(window)->clipboard_.c_str();
    };
    io.SetClipboardTextFn = [](void* window, const char* text) {
        static_cast<HeadlessWindow*>(window)->clipboard_ = text;
    };
    io.AddFocusEvent(true);
    return made;
}

HeadlessWindow::~HeadlessWindow() { close_ui(); }

void HeadlessWindow::resize(int width_px, int height_px) {
    target_.resize(width_px, height_px);
    lost_ = true;
}
int HeadlessWindow::width_px() const { return target_.width_px(); }
int HeadlessWindow::height_px() const { return target_.height_px(); }

int64_t HeadlessWindow::painted_px() const { return ui_->painted_px(); }

bool HeadlessWindow::wait_events(double) { return true; }

void HeadlessWindow::before_frame() { ++frames_; }

void HeadlessWindow::show_frame() {
    target_.bind();
    ui_->draw_changes();
    target_.release();
}

}  // namespace convscope
