// convscope play: a script in a window or without one.
#include <tuple>

#include <fmt/format.h>

#include "app/cli/cli.h"
#include "app/cli/document_arguments.h"
#include "app/cli/frame.h"
#include "app/cli/script_player.h"
#include "app/platform.h"
#include "app/window/glfw_window.h"
#include "app/window/headless.h"
#include "app/work_keeper.h"
#include "core/io/files.h"

namespace convscope {

int run_play(const PlayArguments& arguments, const Output& output) {
    const FileResult file = read_file(arguments.file, static_cast<int64_t>(kMaxScriptBytes));
    if (!file.ok()) return output.fail(file.error);
    const std::string name = display_name(arguments.file);
    const Script script = parse_script(file.bytes);
    if (!script.ok()) return output.fail(fmt::format("{}: {}", name, script.error));

    const bool headless = arguments.headless;
    if (!headless && !has_display())
        return output.fail("There is no display: neither DISPLAY nor WAYLAND_DISPLAY is set. --headless plays without one");
    WindowOptions options;
    options.records_items = true;
    options.theme = arguments.look.theme.value_or(Theme::light);
    options.interface_scale = arguments.look.scale.value_or(1.0f);
    if (arguments.look.size) std::tie(options.width_px, options.height_px) = *arguments.look.size;
    std::string error;
    std::unique_ptr<AppWindow> window;
    if (headless) window = HeadlessWindow::make(options, error);
    else window = make_glfw_window(options, error);
    if (!window) return output.fail(error);

    App app(standard_document(), arguments.limits);
    app.state.settings.theme = options.theme;
    app.state.settings.interface_scale = options.interface_scale;
    if (const ArgumentDocument opened = open_arguments(app, arguments.document); !opened.ok()) return opened.fail(output);
    WorkKeeper keeper;
    Frame frame(*window, app);
    if (!arguments.state_folder.empty()) {
        keeper.begin(app, arguments.state_folder, !arguments.document.document.empty());
        frame.on_frame = [&] { keeper.keep(app, window->time_s()); };
    }
    ScriptPlayer player(frame, to_utf8(to_path(arguments.file).parent_path()), output.out, !headless);
    error = player.play(script);
    if (!error.empty()) return output.fail(fmt::format("{}: {}", name, error));
    if (!headless && !arguments.quits && !player.quits()) {
        player.let_go();
        run_until_closed(frame);
    }
    keeper.close(app);
    return kDone;
}

}  // namespace convscope
