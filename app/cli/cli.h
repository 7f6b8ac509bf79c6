// The command line: convscope [FILE], convscope shot, convscope play. Exit codes: 0 done, 1 the input was wrong or the
// world failed, 2 wrong usage; whatever is not 0 comes with a sentence.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "app/app.h"

namespace convscope {

inline constexpr int kDone = 0, kFailed = 1, kWrongUsage = 2;

/// What the program writes to: standard output and error, or a test's strings.
struct Output {
    std::ostream& out;
    std::ostream& err;
    /// "convscope: <sentence>", with a full stop.
    int fail(const std::string& sentence) const;
};

struct Look {
    std::optional<Theme> theme;
    std::optional<float> scale;
    std::optional<std::pair<int, int>> size;
};

/// A document: a file or a PyTorch expression, and numbers in place of its own (see document_arguments.h).
struct DocumentArguments {
    std::string document;
    std::string input, weight, bias;
    std::string weights;   // a file with those of all layers; weight and bias come after it
    bool has_numbers() const { return !input.empty() || !weight.empty() || !bias.empty() || !weights.empty(); }
};

struct WindowArguments {
    DocumentArguments document;
    Look look;
    Limits limits;
    std::string shader_folder;   // --dev
    bool tells_times = false;    // --times
    std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
};

struct ShotArguments {
    DocumentArguments document;
    std::string example;
    std::string view, unit;
    std::optional<int64_t> step, layer;
    std::vector<std::string> sets;   // "stride=2"
    std::vector<std::string> pin;    // "output", "1,3"
    Look look;
    Limits limits;
    bool canvas_only = false;
    bool lecture = false, asks = false;     // lecture mode; the step's answers are question marks
    std::string picture = "convscope.png";
};

struct PlayArguments {
    std::string file;            // the script
    DocumentArguments document;  // what it starts on; without one, the standard document
    bool headless = false, quits = false;
    std::string state_folder;    // --state: work is kept there, and comes back from there
    Look look;
    Limits limits;
};

/// The whole program. `arguments` without the program's name.
int run_command_line(std::vector<std::string> arguments, const Output& output);

int run_window(const WindowArguments& arguments, const Output& output);
int run_shot(const ShotArguments& arguments, const Output& output);
int run_play(const PlayArguments& arguments, const Output& output);

}  // namespace convscope
