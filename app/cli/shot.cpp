// convscope shot: one picture of the window, or of its canvas, without a display.
#include <fmt/format.h>

#include "app/app_answers.h"
#include "app/cli/apply.h"
#include "app/cli/cli.h"
#include "app/cli/document_arguments.h"
#include "app/cli/frame.h"
#include "app/cli/script.h"
#include "app/window/headless.h"
#include "core/io/image.h"

namespace convscope {
namespace {

constexpr std::pair kStandardSize{1280, 800};

/// What the arguments say about the app; a sentence when they cannot be.
std::string arrange(App& app, const ShotArguments& arguments) {
    const auto computed = [&] {
        wait_until_settled(app);
        update(app, 0);
    };
    computed();
    if (!arguments.example.empty())
        if (auto error = apply_example(app, arguments.example); !error.empty()) return error;
    computed();
    if (arguments.layer)
        if (auto error = apply_layer(app, *arguments.layer); !error.empty()) return error;
    for (const std::string& assignment : arguments.sets) {
        if (auto error = apply_set(app, assignment); !error.empty()) return error;
        computed();
    }
    if (app.state.problem) return app.state.problem->whole();
    if (!arguments.view.empty())
        if (auto error = apply_view(app, arguments.view); !error.empty()) return error;
    if (auto error = apply_unit(app, arguments.unit); !error.empty()) return error;
    computed();
    if (arguments.step)
        if (auto error = apply_step(app, *arguments.step, arguments.unit); !error.empty()) return error;
    if (!arguments.pin.empty()) {
        const auto indices = parse_indices(arguments.pin[1]);
        if (!indices) return fmt::format("“{}” is no place of a cell; write --pin output 1,3", arguments.pin[1]);
        if (auto error = apply_pin(app, arguments.pin[0], *indices); !error.empty()) return error;
    }
    if (arguments.lecture) set_lecture(app, true);
    if (arguments.asks) {
        app.state.lecture.hides = true;
        app.state.lecture.answered = -1;
    }
    // What opening the file said is for the person who opens it, not for the picture.
    std::erase_if(app.state.messages, [](const Message& message) { return !message.error; });
    return {};
}

std::string save_canvas(App& app, std::pair<int, int> size, float scale, const std::string& path) {
    std::string error;
    const auto context = HeadlessContext::make(error);
    if (!context) return error;
    const Scene scene = build_scene(
        app, {static_cast<float>(size.first), static_cast<float>(size.second)}, scale);
    GlPainter painter;
    Target target;
    painter.paint(scene, shown_theme(app.state), scale, target);
    if (!painter.problem().empty()) return painter.problem();
    const Pixels pixels = target.read();
    (void)save_png(path, pixels.width_px, pixels.height_px, pixels.rgba, error);
    return error;
}

std::string save_window(App& app, std::pair<int, int> size, float scale, const std::string& path) {
    std::string error;
    WindowOptions options;
    options.width_px = size.first;
    options.height_px = size.second;
    options.theme = app.state.settings.theme;
    options.interface_scale = scale;
    const auto window = HeadlessWindow::make(options, error);
    if (!window) return error;
    Frame frame(*window, app);
    for (int i = 0; i < 3; ++i) frame.draw(false);  // ImGui finds its sizes
    frame.settle();
    return window->save_picture(path);
}

bool is_png_name(std::string path) {
    for (char& c : path) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return path.ends_with(".png");
}

}  // namespace

int run_shot(const ShotArguments& arguments, const Output& output) {
    if (!is_png_name(arguments.picture)) {
        output.err << fmt::format("convscope: Pictures are written as PNG; name the file {}.png\n", arguments.picture);
        return kWrongUsage;
    }
    const auto size = arguments.look.size.value_or(kStandardSize);
    const float scale = arguments.look.scale.value_or(1.0f);
    App app(standard_document(), arguments.limits);
    app.state.settings.theme = arguments.look.theme.value_or(Theme::light);
    app.state.settings.interface_scale = scale;
    if (const ArgumentDocument opened = open_arguments(app, arguments.document); !opened.ok()) return opened.fail(output);
    std::string error = arrange(app, arguments);
    if (error.empty())
        error = arguments.canvas_only ? save_canvas(app, size, scale, arguments.picture)
                                      : save_window(app, size, scale, arguments.picture);
    if (!error.empty()) return output.fail(error);
    output.out << fmt::format("{} is written, {}×{}\n", arguments.picture, size.first, size.second);
    return kDone;
}

}  // namespace convscope
