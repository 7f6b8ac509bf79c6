// GLFW: X11 and Wayland here, its own systems elsewhere. Waits without work until there is something to draw.
#include "app/window/glfw_window.h"

#include <GLFW/glfw3.h>
#include <imgui.h>
#include <imgui_impl_glfw.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cfloat>
#include <cmath>
#include <cstdlib>
#include <thread>

#include "app/window/imgui_setup.h"

namespace convscope {
namespace {

constexpr int kSmallestWidth = 480, kSmallestHeight = 360;

class GlfwWindow : public AppWindow {
public:
    static std::unique_ptr<GlfwWindow> make(const WindowOptions& options, std::string& error);
    ~GlfwWindow() override;

    int width_px() const override { return width_px_; }
    int height_px() const override { return height_px_; }
    float monitor_scale() const override { return monitor_scale_; }
    bool wait_events(double timeout_s) override;
    bool should_close() const override { return glfwWindowShouldClose(window_); }
    void keep_open() override { glfwSetWindowShouldClose(window_, GLFW_FALSE); }
    void set_title(const std::string& title) override {
        glfwSetWindowTitle(window_, title.c_str());
    }
    void set_full_screen(bool on) override;
    bool full_screen() const override { return glfwGetWindowMonitor(window_) != nullptr; }
    bool has_other_monitor() const override;
    void fill_other_monitor() override;
    bool maximized() const override { return glfwGetWindowAttrib(window_, GLFW_MAXIMIZED) == GLFW_TRUE; }
    void resize(int width_px, int height_px) override;
    void set_clipboard(const std::string& text) override {
        glfwSetClipboardString(window_, text.c_str());
    }
    std::string clipboard() override;
    void post_wakeup() override;
    double time_s() const override { return glfwGetTime(); }

private:
    GlfwWindow() = default;
    static GlfwWindow& of(GLFWwindow* window) {
        return *static_cast<GlfwWindow*>(glfwGetWindowUserPointer(window));
    }
    void install_callbacks();
    void read_size();
    void set_icon();
    double pixels_per_unit() const;
    GLFWmonitor* own_monitor() const;
    void fill(GLFWmonitor* monitor);
    void become_window();
    void before_frame() override;
    void show_frame() override;

    GLFWwindow* window_ = nullptr;
    bool glfw_runs_ = false;
    int width_px_ = 1, height_px_ = 1;
    float monitor_scale_ = 1;
    std::atomic<bool> woken_ = false;
    Target screen_;         // what is shown: only what differs is drawn anew
    bool changed_ = false;  // size, scale, exposure, drop, close request
    double last_swap_s_ = 0;
    int refresh_hz_ = 60;
    std::array<int, 4> windowed_{0, 0, 1280, 800};
    bool fills_ = false;    // a monitor, as far as we know
};

// What GLFW said last, for our sentences; it reports through a callback without a place for our pointer.
std::string last_glfw_error() {
    const char* text = nullptr;
    glfwGetError(&text);
    return text ? text : "no reason given";
}

// Without its variable Wayland's library complains on the terminal before X11 is tried.
void prefer_x11_without_wayland() {
    if (!std::getenv("WAYLAND_DISPLAY") && std::getenv("DISPLAY") &&
        glfwPlatformSupported(GLFW_PLATFORM_X11))
        glfwInitHint(GLFW_PLATFORM, GLFW_PLATFORM_X11);
}

std::unique_ptr<GlfwWindow> GlfwWindow::make(const WindowOptions& options, std::string& error) {
    std::unique_ptr<GlfwWindow> made(new GlfwWindow);
    prefer_x11_without_wayland();
    if (!glfwInit()) {
        error = "There is no display to open a window on (" + last_glfw_error() + ").";
        return nullptr;
    }
    made->glfw_runs_ = true;
    glfwWindowHint(GLFW_CONTEXT_VERSION_MAJOR, 3);
    glfwWindowHint(GLFW_CONTEXT_VERSION_MINOR, 3);
    glfwWindowHint(GLFW_OPENGL_PROFILE, GLFW_OPENGL_CORE_PROFILE);
    glfwWindowHint(GLFW_OPENGL_FORWARD_COMPAT, GLFW_TRUE);
    glfwWindowHint(GLFW_DEPTH_BITS, 0);
    glfwWindowHint(GLFW_STENCIL_BITS, 0);
    glfwWindowHint(GLFW_ALPHA_BITS, 0);
    glfwWindowHint(GLFW_SCALE_TO_MONITOR, GLFW_TRUE);
    glfwWindowHint(GLFW_VISIBLE, GLFW_FALSE);
    glfwWindowHint(GLFW_MAXIMIZED, options.maximized ? GLFW_TRUE : GLFW_FALSE);
    glfwWindowHintString(GLFW_X11_CLASS_NAME, "Convscope");
    glfwWindowHintString(GLFW_X11_INSTANCE_NAME, "convscope");
    glfwWindowHintString(GLFW_WAYLAND_APP_ID, "convscope");
    made->window_ = glfwCreateWindow(std::max(options.width_px, kSmallestWidth),
                                     std::max(options.height_px, kSmallestHeight),
                                     options.title.c_str(), nullptr, nullptr);
    if (!made->window_) {
        error = "Convscope needs OpenGL 3.3, which this display does not offer (" +
                last_glfw_error() + ").";
        return nullptr;
    }
    glfwMakeContextCurrent(made->window_);
    error = load_gl(glfwGetProcAddress);
    if (!error.empty()) return nullptr;
    glfwSwapInterval(1);
    glfwSetWindowSizeLimits(made->window_, kSmallestWidth, kSmallestHeight, GLFW_DONT_CARE,
                            GLFW_DONT_CARE);
    made->read_size();
    made->install_callbacks();
    made->open_ui(options);
    ImGui_ImplGlfw_InitForOpenGL(made->window_, true);
    // ImGui counts in framebuffer pixels here, GLFW on some systems in larger units.
    glfwSetCursorPosCallback(made->window_, [](GLFWwindow* window, double x, double y) {
        const double pixels = of(window).pixels_per_unit();
        ImGui_ImplGlfw_CursorPosCallback(window, x * pixels, y * pixels);
    });
    // Once ImGui's backend knows that the pointer has left, it asks GLFW itself where it is, in those units.
    glfwSetCursorEnterCallback(made->window_, [](GLFWwindow* window, int entered) {
        if (entered)
            ImGui_ImplGlfw_CursorEnterCallback(window, entered);
        else if (!ImGui::IsAnyMouseDown())
            ImGui::GetIO().AddMousePosEvent(-FLT_MAX, -FLT_MAX);
    });
    ImGui_ImplGlfw_CursorEnterCallback(made->window_, GLFW_TRUE);
    ImGui::GetIO().AddMousePosEvent(-FLT_MAX, -FLT_MAX);
    made->set_icon();
    if (GLFWmonitor* monitor = glfwGetPrimaryMonitor())
        if (const GLFWvidmode* mode = glfwGetVideoMode(monitor); mode && mode->refreshRate > 0)
            made->refresh_hz_ = std::clamp(mode->refreshRate, 30, 240);
    glfwShowWindow(made->window_);
    glfwFocusWindow(made->window_);
    glfwGetError(nullptr);  // icon and focus are wishes: Wayland has neither
    return made;
}

GlfwWindow::~GlfwWindow() {
    if (ui_) {
        ImGui_ImplGlfw_Shutdown();
        close_ui();
        screen_ = Target();  // while there is a context
    }
    if (window_) glfwDestroyWindow(window_);
    if (glfw_runs_) glfwTerminate();
}

void GlfwWindow::install_callbacks() {
    glfwSetWindowUserPointer(window_, this);
    glfwSetFramebufferSizeCallback(window_, [](GLFWwindow* window, int, int) {
        of(window).read_size();
        of(window).changed_ = of(window).lost_ = true;
    });
    glfwSetWindowContentScaleCallback(window_, [](GLFWwindow* window, float, float) {
        of(window).read_size();
        of(window).changed_ = of(window).lost_ = true;
    });
    glfwSetWindowRefreshCallback(
        window_, [](GLFWwindow* window) { of(window).changed_ = of(window).lost_ = true; });
    glfwSetWindowCloseCallback(window_, [](GLFWwindow* window) { of(window).changed_ = true; });
    glfwSetDropCallback(window_, [](GLFWwindow* window, int count, const char** paths) {
        for (int i = 0; i < count; ++i) of(window).dropped_.emplace_back(paths[i]);
        of(window).changed_ = of(window).lost_ = true;
    });
}

void GlfwWindow::read_size() {
    glfwGetFramebufferSize(window_, &width_px_, &height_px_);
    width_px_ = std::max(width_px_, 1);
    height_px_ = std::max(height_px_, 1);
    float x = 1, y = 1;
    glfwGetWindowContentScale(window_, &x, &y);
    monitor_scale_ = std::isfinite(y) ? std::clamp(y, 0.5f, 4.0f) : 1;
}

double GlfwWindow::pixels_per_unit() const {
    int width = 0, height = 0;
    glfwGetWindowSize(window_, &width, &height);
    return width > 0 ? static_cast<double>(width_px_) / width : 1;
}

// Nine cells, one of them the current one.
void GlfwWindow::set_icon() {
    constexpr int kSide = 48, kCell = 12, kGap = 4, kMargin = 2;
    std::vector<unsigned char> rgba(kSide * kSide * 4, 0);
    const Palette& colors = palette(Theme::light);
    for (int cell = 0; cell < 9; ++cell) {
        const Color color = colors[cell == 4                ? Tone::kernel_solid
                                   : cell == 0 || cell == 8 ? Tone::input_solid
                                                            : Tone::ink];
        const int x0 = kMargin + cell % 3 * (kCell + kGap),
                  y0 = kMargin + cell / 3 * (kCell + kGap);
        for (int y = y0; y < y0 + kCell; ++y)
            for (int x = x0; x < x0 + kCell; ++x) {
                unsigned char* to = rgba.data() + (y * kSide + x) * 4;
                const float channels[] = {color.r, color.g, color.b, 1};
                for (int i = 0; i < 4; ++i)
                    to[i] = static_cast<unsigned char>(std::lround(channels[i] * 255));
            }
    }
    const GLFWimage image{kSide, kSide, rgba.data()};
    glfwSetWindowIcon(window_, 1, &image);
}

bool GlfwWindow::wait_events(double timeout_s) {
    const bool wanted = ui_->wants_frames();
    bool tooltip_due = false;
    if (wanted || timeout_s == 0) {
        glfwPollEvents();
    } else {
        double wait_s = timeout_s;
        if (const auto tooltip_s = ui_->seconds_to_tooltip();
            tooltip_s && (wait_s < 0 || *tooltip_s <= wait_s)) {
            wait_s = *tooltip_s;
            tooltip_due = true;
        }
        if (wait_s < 0)
            glfwWaitEvents();
        else
            glfwWaitEventsTimeout(wait_s);
    }
    if (fills_ && !full_screen()) become_window();  // its monitor was unplugged: GLFW leaves the window anywhere
    const bool came = woken_.exchange(false) || changed_ || ui_->has_input();
    changed_ = false;
    if (came) ui_->note_input();
    return came || wanted || tooltip_due || timeout_s == 0;
}

void GlfwWindow::post_wakeup() {
    woken_ = true;
    glfwPostEmptyEvent();
}

void GlfwWindow::before_frame() { ImGui_ImplGlfw_NewFrame(); }

void GlfwWindow::show_frame() {
    screen_.resize(width_px_, height_px_);
    screen_.bind();
    ui_->draw_changes();
    screen_.release();
    ui_->show(screen_);
    glfwSwapBuffers(window_);
    // Software OpenGL does not wait for the screen.
    const double frame_s = 0.9 / refresh_hz_, now_s = glfwGetTime();
    if (const double early_s = last_swap_s_ + frame_s - now_s; early_s > 0 && early_s <= frame_s)
        std::this_thread::sleep_for(std::chrono::duration<double>(early_s));
    last_swap_s_ = glfwGetTime();
}

std::vector<GLFWmonitor*> all_monitors() {
    int count = 0;
    GLFWmonitor** const monitors = glfwGetMonitors(&count);
    return {monitors, monitors + count};
}

/// The monitor that holds this place, or null.
GLFWmonitor* monitor_at(int x, int y) {
    for (GLFWmonitor* monitor : all_monitors()) {
        int left = 0, top = 0;
        glfwGetMonitorPos(monitor, &left, &top);
        const GLFWvidmode* mode = glfwGetVideoMode(monitor);
        if (mode && x >= left && y >= top && x < left + mode->width && y < top + mode->height) return monitor;
    }
    return nullptr;
}

/// The monitor that the window fills, or the one that holds its middle.
GLFWmonitor* GlfwWindow::own_monitor() const {
    if (GLFWmonitor* filled = glfwGetWindowMonitor(window_)) return filled;
    int left = 0, top = 0, width = 0, height = 0;
    glfwGetWindowPos(window_, &left, &top);  // Wayland does not tell: the first monitor then
    glfwGetWindowSize(window_, &width, &height);
    GLFWmonitor* const holds = monitor_at(left + width / 2, top + height / 2);
    return holds ? holds : glfwGetPrimaryMonitor();
}

/// Where it was before it filled a monitor, or, where that monitor has gone, on the first one.
void GlfwWindow::become_window() {
    auto [x, y, width, height] = windowed_;
    if (!monitor_at(x + width / 2, y + height / 2))
        if (GLFWmonitor* first = glfwGetPrimaryMonitor()) {
            glfwGetMonitorPos(first, &x, &y);
            constexpr int kMargin = 40;  // for the title bar
            x += kMargin;
            y += kMargin;
        }
    glfwSetWindowMonitor(window_, nullptr, x, y, width, height, GLFW_DONT_CARE);
    fills_ = false;
}

void GlfwWindow::fill(GLFWmonitor* monitor) {
    const GLFWvidmode* mode = monitor ? glfwGetVideoMode(monitor) : nullptr;
    if (!mode) return;
    if (!full_screen()) {
        glfwGetWindowPos(window_, &windowed_[0], &windowed_[1]);
        glfwGetWindowSize(window_, &windowed_[2], &windowed_[3]);
    }
    glfwSetWindowMonitor(window_, monitor, 0, 0, mode->width, mode->height, mode->refreshRate);
    fills_ = true;
}

void GlfwWindow::set_full_screen(bool on) {
    if (on == full_screen()) return;
    if (on)
        fill(own_monitor());
    else
        become_window();
}

bool GlfwWindow::has_other_monitor() const { return all_monitors().size() > 1; }

void GlfwWindow::fill_other_monitor() {
    const std::vector<GLFWmonitor*> monitors = all_monitors();
    if (monitors.size() < 2) return;
    const auto own = std::find(monitors.begin(), monitors.end(), own_monitor());
    fill(own == monitors.end() || own + 1 == monitors.end() ? monitors.front() : *(own + 1));
}

void GlfwWindow::resize(int width_px, int height_px) {
    const double pixels = pixels_per_unit();
    glfwSetWindowSize(window_, static_cast<int>(std::lround(width_px / pixels)),
                      static_cast<int>(std::lround(height_px / pixels)));
}

std::string GlfwWindow::clipboard() {
    const char* text = glfwGetClipboardString(window_);
    return text ? text : "";
}

}  // namespace

std::unique_ptr<AppWindow> make_glfw_window(const WindowOptions& options, std::string& error) {
    return GlfwWindow::make(options, error);
}

}  // namespace convscope
