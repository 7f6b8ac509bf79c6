// Reads the command line. Every option has a sentence and every sub-command an example.
#include "app/cli/cli.h"

#include <algorithm>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/cli/document_arguments.h"
#include "app/cli/script.h"
#include "app/cli/subcommands.h"
#include "app/cli/version.h"
#include "app/views/view.h"

namespace convscope {
namespace {

constexpr const char* kAbout =
    "Convscope: see every number of a convolution.\n"
    "Without a sub-command: the window, on a picture (PNG, JPEG, BMP, TGA, PSD, GIF, PNM, HDR), a document (JSON)\n"
    "or a PyTorch expression.";
constexpr const char* kExamples =
    "Examples:\n"
    "  convscope\n"
    "  convscope photo.jpg\n"
    "  convscope 'nn.Conv2d(1, 1, 3, stride=2)' --input 7x7\n"
    "  convscope shot --view slide --step 7 --size 1280x800 -o slide.png\n"
    "  convscope eval cases.jsonl > answers.jsonl\n"
    "  convscope explain 'nn.Conv2d(1, 1, 3)' --cell 0,0\n"
    "  convscope shapes 'nn.Sequential(nn.Conv2d(3, 8, 3), nn.MaxPool2d(2))' --input 3x32x32\n"
    "  convscope shot --help        and so for each sub-command\n";
constexpr const char* kShotExamples =
    "Examples:\n"
    "  convscope shot -o start.png\n"
    "  convscope shot --example \"Three channels in, four out\" --unit window --step 9 --theme dark -o channels.png\n"
    "  convscope shot layer.json --set stride=2 --set padding=1 --view scatter --step 14 --canvas-only -o figure.png\n"
    "  convscope shot photo.jpg --view maps --size 1920x1080 -o maps.png\n";
constexpr const char* kPlayExamples =
    "Examples:\n"
    "  convscope play lecture.txt             in the window, which stays for you to go on by hand\n"
    "  convscope play check.txt --headless    without one; ends with the script\n"
    "A script has one command a line (all of them: docs/scripting.md):\n"
    "  cell input 2,3\n"
    "  type 9\n"
    "  key Enter\n"
    "  click Parameters/stride\n"
    "  expect output 0,0 20\n"
    "  shot edited.png\n";

/// What the options write to before it is understood.
struct Words {
    std::string theme, size;
    double scale = 0;
};

void add_look(CLI::App& app, Words& words) {
    app.add_option("--theme", words.theme, "light or dark")->check(CLI::IsMember({"light", "dark"}));
    app.add_option("--size", words.size, "Size in pixels, as 1280x800")->check([](const std::string& text) {
        return parse_size(text) ? std::string()
                                : "“" + text + "” is no size; write 1280x800, each side from 64 to 16384";
    });
    app.add_option("--scale", words.scale, "Size of everything, from 0.75 to 3")
        ->check([](const std::string& text) {
            const auto scale = parse_number(text);
            const bool fits = scale && *scale >= kSmallestScale && *scale <= kLargestScale;
            return fits ? std::string() : "“" + text + "” is no number from 0.75 to 3";
        });
}

/// "800M", "4G", "1.5G" in units of 1024; none for anything else, and for what no machine has.
std::optional<int64_t> parse_memory(const std::string& text) {
    if (text.size() < 2) return {};
    const char unit = text.back();
    const double bytes = unit == 'M' || unit == 'm'   ? 1 << 20
                         : unit == 'G' || unit == 'g' ? 1 << 30
                                                      : 0;
    const auto number = parse_number(text.substr(0, text.size() - 1));
    if (!number || !(*number * bytes >= 1 << 20) || *number * bytes > 1e15) return {};
    return static_cast<int64_t>(*number * bytes);
}

Look read_look(const Words& words) {
    Look look;
    if (!words.theme.empty()) look.theme = words.theme == "dark" ? Theme::dark : Theme::light;
    if (words.scale > 0) look.scale = static_cast<float>(words.scale);
    if (!words.size.empty()) look.size = parse_size(words.size);
    return look;
}

void add_shot(CLI::App& shot, ShotArguments& arguments, Words& words) {
    shot.add_option("FILE", arguments.document.document,
                    "A picture, a document or a PyTorch expression; without one, the standard document");
    add_number_options(shot, arguments.document);
    shot.add_option("--example", arguments.example, "A worked example by its name, instead of a file");
    shot.add_option("--layer", arguments.layer, "The layer that is shown, from 0")->check(check_count);
    shot.add_option("--set", arguments.sets, "A parameter of that layer, as stride=2; may be repeated")
        ->allow_extra_args(false);
    std::vector<std::string> views;
    for (const View& view : all_views()) views.push_back(view.id);
    shot.add_option("--view", arguments.view, fmt::format("{}", fmt::join(views, ", ")));
    shot.add_option("--step", arguments.step,
                    "So many steps are done: 0 = nothing yet, past the end = the last")->check(check_count);
    shot.add_option("--unit", arguments.unit, "What --step counts: term (if not said), channel, window, row, map, layer, batch, pass");
    shot.add_option("--pin", arguments.pin, "A cell whose ledger is shown: output 1,3, or of input, weight, another stage")->expected(2);
    shot.add_flag("--lecture", arguments.lecture, "The picture of a lecture: large, with its sentence, without the window");
    shot.add_flag("--ask", arguments.asks, "In a lecture: what the last step made is hidden")->needs("--lecture");
    shot.add_flag("--canvas-only", arguments.canvas_only, "The picture without the window around it");
    shot.add_option("-o,--out", arguments.picture, "The PNG file that is written (convscope.png)");
    add_look(shot, words);
    add_limits(shot, arguments.limits);
    shot.footer(kShotExamples);
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

int Output::fail(const std::string& sentence) const {
    err << "convscope: " << sentence << (sentence.ends_with('.') ? "\n" : ".\n") << std::flush;
    return kFailed;
}

std::string check_count(const std::string& text) {
    const auto number = parse_number(text);
    const bool fits = number && *number >= 0 && *number <= 1e18 && *number == static_cast<double>(static_cast<int64_t>(*number));
    return fits ? "" : "“" + text + "” is no whole number from 0 on";
}

void add_threads(CLI::App& app, int& threads) {
    app.add_option("--threads", threads, "Threads that compute, up to 256; 0: as many as the machine runs at once")
        ->check([](const std::string& text) {
            const auto number = parse_number(text);
            const bool fits = number && *number >= 0 && *number <= 256 && *number == static_cast<int>(*number);
            return fits ? std::string() : "“" + text + "” is no whole number from 0 to 256";
        });
}

void add_limits(CLI::App& app, Limits& limits) {
    add_threads(app, limits.threads);
    app.add_option_function<std::string>(
           "--memory", [&limits](const std::string& text) { limits.memory_bytes = *parse_memory(text); },
           "What computed numbers may take of the memory: 800M, 4G (half of the machine's)")
        ->check([](const std::string& text) {
            return parse_memory(text) ? std::string() : "“" + text + "” is no amount of memory; write 800M or 4G";
        });
}

int run_command_line(std::vector<std::string> arguments, const Output& output) {
    CLI::App app(kAbout, "convscope");
    app.footer(kExamples);
    WindowArguments window;
    Words window_words, shot_words, play_words;
    bool wants_version = false;
    app.add_option("FILE", window.document.document, "A picture, a document or a PyTorch expression to open");
    add_number_options(app, window.document);
    app.add_flag("--version", wants_version, "Name, version and libraries");
    app.add_option("--dev", window.shader_folder, "Shaders from this folder, read again when they change");
    app.add_flag("--times", window.tells_times, "Prints when the first frame was shown and how many were drawn");
    add_look(app, window_words);
    add_limits(app, window.limits);

    ShotArguments shot_arguments;
    CLI::App* shot = app.add_subcommand("shot", "Writes a PNG picture, without a display");
    add_shot(*shot, shot_arguments, shot_words);

    PlayArguments play_arguments;
    CLI::App* play = app.add_subcommand("play", "Plays a script of clicks and keys");
    play->add_option("FILE", play_arguments.file, "The script")->required();
    play->add_option("--document", play_arguments.document.document,
                     "What the script starts on: a document or a PyTorch expression; without it, the standard document");
    add_number_options(*play, play_arguments.document);
    play->add_flag("--headless", play_arguments.headless, "Without a display");
    play->add_flag("--quit", play_arguments.quits, "Closes the window when the script has ended");
    play->add_option("--state", play_arguments.state_folder,
                     "A folder in which the work is kept, and from which it comes back, as a window does it");
    add_look(*play, play_words);
    add_limits(*play, play_arguments.limits);
    play->footer(kPlayExamples);

    const std::vector<Subcommand> others = add_text_subcommands(app);
    const auto chosen = [&]() -> const CLI::App* {
        const auto subcommands = app.get_subcommands();
        return subcommands.empty() ? nullptr : subcommands.front();
    };

    try {
        std::reverse(arguments.begin(), arguments.end());  // CLI11 takes the last one first
        app.parse(std::move(arguments));
    } catch (const CLI::CallForHelp&) {
        output.out << (chosen() ? chosen() : &app)->help();
        return kDone;
    } catch (const CLI::ParseError& error) {
        const std::string name = chosen() ? chosen()->get_name() + " " : "";
        output.err << fmt::format("convscope: {}\nMore: convscope {}--help\n", first_line(error.what()), name);
        return kWrongUsage;
    }
    if (wants_version) {
        output.out << version_text();
        return kDone;
    }
    if (shot->parsed()) {
        shot_arguments.look = read_look(shot_words);
        if (!shot_arguments.document.document.empty() && !shot_arguments.example.empty()) {
            output.err << "convscope: Give a file or --example, not both.\n";
            return kWrongUsage;
        }
        return run_shot(shot_arguments, output);
    }
    if (play->parsed()) {
        play_arguments.look = read_look(play_words);
        return run_play(play_arguments, output);
    }
    for (const Subcommand& other : others)
        if (other.app->parsed()) return other.run(output);
    window.look = read_look(window_words);
    return run_window(window, output);
}

}  // namespace convscope
