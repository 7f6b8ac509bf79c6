// convscope [FILE]: the window; on a machine without a display, a picture instead.
#include <algorithm>
#include <cmath>
#include <ctime>
#include <future>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "app/cli/apply.h"
#include "app/cli/cli.h"
#include "app/cli/document_arguments.h"
#include "app/cli/frame.h"
#include "app/platform.h"
#include "app/window/glfw_window.h"
#include "app/work_keeper.h"

namespace convscope {
namespace {

constexpr const char* kPicture = "convscope.png";
constexpr const char* kTransposedExample = "Transposed 2×2, overlapping stamps";
constexpr double kSaveEvery_s = 2;

double passed_ms(const WindowArguments& arguments) {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - arguments.started).count();
}

int picture_instead(const WindowArguments& arguments, const Output& output) {
    output.out << "There is no display (neither DISPLAY nor WAYLAND_DISPLAY is set), so this run makes a picture.\n";
    ShotArguments shot;
    shot.document = arguments.document;
    if (shot.document.document.empty() && !shot.document.has_numbers()) {
        shot.example = kTransposedExample;
        shot.view = "scatter";
        shot.unit = "window";
        shot.step = 3;
    }
    shot.look = arguments.look;
    shot.picture = kPicture;
    const int code = run_shot(shot, output);
    if (code == kDone) output.out << "More pictures: convscope shot --help\n";
    return code;
}

/// Keeps the settings file up to date, at most every other second, aside: the disk may take its time.
class SettingsKeeper {
public:
    SettingsKeeper(std::string path, Settings settings) : path_(std::move(path)), saved_(std::move(settings)) {}
    void keep(App& app, double now_s) {
        if (writing_.valid() && writing_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return;
        tell(app);
        if (now_s - last_s_ >= kSaveEvery_s) write(app, now_s);
    }
    /// Waits until they are written.
    void close(App& app) {
        tell(app);
        write(app, 0);
        tell(app);
    }

private:
    void write(App& app, double now_s) {
        if (path_.empty() || app.state.settings == saved_) return;
        last_s_ = now_s;
        saved_ = app.state.settings;
        writing_ = std::async(std::launch::async, [path = path_, settings = saved_] {
            std::string error;
            return save_settings(path, settings, error) ? std::string() : error;
        });
    }
    void tell(App& app) {
        const std::string error = writing_.valid() ? writing_.get() : "";
        if (!error.empty() && !std::exchange(told_, true)) say(app, error, true);
    }

    std::string path_;
    Settings saved_;
    double last_s_ = -1;
    bool told_ = false;
    std::future<std::string> writing_;
};

/// The window's size on a screen of scale 1, as long as it is an ordinary one.
void remember_size(Settings& settings, const AppWindow& window) {
    if (window.full_screen()) return;
    settings.maximized = window.maximized();
    if (settings.maximized || window.width_px() < 200) return;  // put away as an icon it has none
    const float scale = std::max(window.monitor_scale(), 0.1f);
    settings.window_w = std::round(static_cast<float>(window.width_px()) / scale);
    settings.window_h = std::round(static_cast<float>(window.height_px()) / scale);
}

}  // namespace

int run_window(const WindowArguments& arguments, const Output& output) {
    if (!has_display()) return picture_instead(arguments, output);
    const std::string path = settings_path();
    LoadedSettings loaded;
    if (!path.empty()) loaded = load_settings(path);
    SettingsKeeper keeper(path, loaded.settings);
    Settings& settings = loaded.settings;
    if (arguments.look.theme) settings.theme = *arguments.look.theme;
    if (arguments.look.scale) settings.interface_scale = *arguments.look.scale;

    WindowOptions options;
    options.theme = settings.theme;
    options.interface_scale = settings.interface_scale;
    if (settings.window_w > 0 && settings.window_h > 0) {
        options.width_px = static_cast<int>(settings.window_w);
        options.height_px = static_cast<int>(settings.window_h);
    }
    options.maximized = settings.maximized;
    if (arguments.look.size) std::tie(options.width_px, options.height_px) = *arguments.look.size;
    if (arguments.look.size) options.maximized = false;
    std::string error;
    const auto window = make_glfw_window(options, error);
    if (!window) return output.fail(error);

    App app(standard_document(), arguments.limits);
    WorkKeeper work;
    app.state.settings = settings;
    if (!loaded.message.empty()) say(app, loaded.message);
    if (!settings.tour_seen) app.state.popups.tour = 0;
    app.state.settings.tour_seen = true;
    Frame frame(*window, app, arguments.shader_folder);
    if (const ArgumentDocument opened = open_arguments(app, arguments.document, false); !opened.ok()) {
        opened.fail(output);
        if (newest_error(app).empty()) say(app, opened.error, true);
    }
    work.begin(app, work_root(), !arguments.document.document.empty() || arguments.document.has_numbers());
    frame.on_frame = [&] { work.keep(app, window->time_s()); };
    int64_t turns = 0;
    for (; !frame.finished(); ++turns) {
        if (frame.wait()) {
            frame.draw();
            if (arguments.tells_times && frame.frames() == 1)
                output.err << fmt::format("first frame after {:.0f} ms, {:.0f} ms of them computing\n",
                                          passed_ms(arguments), 1000.0 * static_cast<double>(std::clock()) / CLOCKS_PER_SEC);
        }
        if (frame.frames() > 0) work.keep(app, window->time_s());
        remember_size(app.state.settings, *window);
        keeper.keep(app, window->time_s());
    }
    keeper.close(app);
    work.close(app);
    if (arguments.tells_times)
        output.err << fmt::format("{} frames, {} of them with a new canvas, {} wake-ups in {:.1f} s\n", frame.frames(),
                                  frame.paints(), turns, passed_ms(arguments) / 1000);
    return kDone;
}

}  // namespace convscope
