// A window without a screen: OpenGL by surfaceless EGL, a clock of 1/60 s a frame, input only through ImGui's io.Add…Event.
#pragma once

#include "app/window/window.h"

namespace convscope {

/// Just a context, for painting pictures: OpenGL calls work while it lives.
class HeadlessContext {
public:
    /// Null when there is no EGL or no OpenGL 3.3; `error` says so in a sentence.
    static std::unique_ptr<HeadlessContext> make(std::string& error);
    ~HeadlessContext();
    HeadlessContext(const HeadlessContext&) = delete;
    HeadlessContext& operator=(const HeadlessContext&) = delete;

private:
    HeadlessContext();
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

class HeadlessWindow : public AppWindow {
public:
    /// Null when there is no EGL or no OpenGL 3.3; `error` says so in a sentence.
    static std::unique_ptr<HeadlessWindow> make(const WindowOptions& options, std::string& error);
    ~HeadlessWindow() override;

    void request_close(bool on) { should_close_ = on; }
    const std::string& title() const { return title_; }
    /// What would stand on the screen, frame upon frame; picture() is drawn anew.
    Pixels shown_picture() const { return target_.read(); }
    /// Pixels of it that the last frame painted.
    int64_t painted_px() const;

    void resize(int width_px, int height_px) override;
    int width_px() const override;
    int height_px() const override;
    float monitor_scale() const override { return 1; }
    bool wait_events(double timeout_s) override;
    bool should_close() const override { return should_close_; }
    void keep_open() override { should_close_ = false; }
    void set_title(const std::string& title) override { title_ = title; }
    void set_full_screen(bool on) override { full_screen_ = on; }
    bool full_screen() const override { return full_screen_; }
    void set_clipboard(const std::string& text) override { clipboard_ = text; }
    std::string clipboard() override { return clipboard_; }
    void post_wakeup() override {}
    double time_s() const override { return static_cast<double>(frames_) / 60.0; }

private:
    HeadlessWindow() = default;
    void before_frame() override;
    void show_frame() override;

    std::unique_ptr<HeadlessContext> context_;
    Target target_;
    std::string title_, clipboard_;
    bool should_close_ = false, full_screen_ = false;
    int64_t frames_ = 0;
};

}  // namespace convscope
