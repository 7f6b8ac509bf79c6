// A window with OpenGL and Dear ImGui in it: on a screen (glfw_window) or without one (headless). One coordinate system:
// everything, ImGui's too, counts in the framebuffer's pixels.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/paint/gl_painter.h"
#include "app/scene/palettes.h"
#include "app/window/test_hooks.h"
#include "app/window/ui_fonts.h"

namespace convscope {

struct WindowOptions {
    std::string title = "Convscope";
    int width_px = 1280, height_px = 800;   // at monitor scale 1
    bool maximized = false;
    Theme theme = Theme::light;
    float interface_scale = 1;              // a setting, 1…3
    bool records_items = false;             // for scripts and tests
};

class Ui;

/// Device pixels a style pixel where a setting of `wanted` would like more than a window of that size has room for.
float fitting_scale(float wanted, float monitor_scale, int width_px, int height_px);

/// One frame: wait_events, begin_frame, ImGui calls, end_frame. Only post_wakeup may be called from another thread.
class AppWindow {
public:
    virtual ~AppWindow();
    AppWindow(const AppWindow&) = delete;
    AppWindow& operator=(const AppWindow&) = delete;

    virtual int width_px() const = 0;
    virtual int height_px() const = 0;
    /// Device pixels a style pixel: the monitor's scale times the setting, as far as the window has room for it.
    float scale() const;
    /// The largest setting that makes a difference now.
    float largest_interface_scale() const;
    virtual float monitor_scale() const = 0;
    Theme theme() const;
    /// Takes effect with the next begin_frame: style, and fonts when the scale changed.
    void set_look(Theme theme, float interface_scale);
    const UiFonts& fonts() const;
    ItemRecorder& items();

    /// Waits for input, post_wakeup or the time (negative: for ever). True: draw a frame; false: only the time passed.
    /// Returns at once while ImGui has input left to handle and for three frames after it, and in time for a tooltip that
    /// is due.
    virtual bool wait_events(double timeout_s) = 0;
    /// Takes what input there is, without waiting: while something moves.
    bool poll_events() { return wait_events(0); }
    void begin_frame();
    /// Draws and shows the frame. `draws` false: ends ImGui's frame without OpenGL work, for scripts that look at few
    /// frames of many. Nothing is drawn either when the frame looks as the last one did; what stands in the canvas's
    /// picture is not looked at: `canvas` says what of it differs.
    void end_frame(bool draws = true, const Repaint& canvas = {true, {}});
    /// Frames that were drawn and shown.
    int64_t shown() const { return shown_; }
    /// The last frame, as it was drawn.
    Pixels picture();
    /// As a PNG file; a sentence when it could not be written.
    std::string save_picture(const std::string& path);

    virtual bool should_close() const = 0;
    /// The close request was refused ("unsaved work").
    virtual void keep_open() = 0;
    virtual void set_title(const std::string& title) = 0;
    virtual void set_full_screen(bool on) = 0;
    virtual bool full_screen() const = 0;
    /// There is a monitor besides the one that the window is on.
    virtual bool has_other_monitor() const { return false; }
    /// Full screen on the next monitor.
    virtual void fill_other_monitor() {}
    virtual bool maximized() const { return false; }
    virtual void resize(int width_px, int height_px) = 0;
    /// Paths dropped on the window since the last call.
    std::vector<std::string> take_dropped();
    void drop(std::string path) { dropped_.push_back(std::move(path)); }
    /// Called in begin_frame after the real input was taken: scripts add theirs here, so that it counts last.
    std::function<void()> on_input;
    virtual void set_clipboard(const std::string& text) = 0;
    virtual std::string clipboard() = 0;
    virtual void post_wakeup() = 0;
    /// Seconds since the window opened. Headless: frames / 60.
    virtual double time_s() const = 0;

protected:
    AppWindow();
    /// After the context is current and load_gl went well.
    void open_ui(const WindowOptions& options);
    void close_ui();
    virtual void before_frame() = 0;
    virtual void show_frame() = 0;

    std::unique_ptr<Ui> ui_;
    std::vector<std::string> dropped_;
    bool lost_ = true;  // what was shown last is not on the screen any more

private:
    float interface_scale_ = 1;
    double last_frame_s_ = 0;
    uint64_t shown_look_ = 0;
    int64_t shown_ = 0;
    Repaint canvas_;                 // since the last frame that was shown
};

}  // namespace convscope
