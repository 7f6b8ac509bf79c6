// convscope_person: random input to the whole program without a display, as scripts that can be played again.
//   convscope_person [--events 2000] [--seed 1] [--folder person]
// Exit codes: 0 nothing was found, 1 something was, 77 there is no OpenGL to try it with.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "app/cli/script_player.h"
#include "app/window/headless.h"
#include "core/presets.h"
#include "tests/person/findings.h"
#include "tests/person/random_files.h"
#include "tests/person/random_person.h"

namespace convscope {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kEventsEach = 500;                   // of one script: a window, a history, a document to start from
constexpr int64_t kMemory = int64_t(64) << 20;
constexpr const char* kArguments = "--headless --memory 64M --threads 2";

/// A script that is on the disk as far as it was played, whatever becomes of the program.
class WrittenScript {
public:
    WrittenScript(std::string path, uint64_t seed) : path_(std::move(path)), file_(std::fopen(path_.c_str(), "w")) {
        write(fmt::format("# convscope_person --seed {} --events {}; convscope play THIS {}", seed, kEventsEach, kArguments));
    }
    ~WrittenScript() {
        if (file_) std::fclose(file_);
    }
    WrittenScript(const WrittenScript&) = delete;
    WrittenScript& operator=(const WrittenScript&) = delete;
    void write(const std::string& line) {
        if (!file_) return;
        std::fputs((line + '\n').c_str(), file_);
        std::fflush(file_);
    }
    const std::string& path() const { return path_; }

private:
    std::string path_;
    std::FILE* file_;
};

/// A line that takes longer is told: no finding, but worth a look.
constexpr double kSlow_s = 3;

/// What a person does with it: key presses, characters and notches one by one; else one.
int64_t events_of(const ScriptLine& line) {
    switch (line.verb) {
        case Verb::type: return std::ranges::count_if(line.text, [](char c) { return (c & 0xC0) != 0x80; });
        case Verb::key: return static_cast<int64_t>(line.x);
        case Verb::wheel: return std::max<int64_t>(1, static_cast<int64_t>(std::abs(line.x)));
        case Verb::click: return line.twice ? 2 : 1;
        case Verb::hurry:
        case Verb::lenient: return 0;
        default: return 1;
    }
}

struct Played {
    int64_t events = 0, lines = 0, passed_over = 0;
    bool slow = false;
    std::vector<std::string> found;                    // a sentence each; after the first ones it ended
    std::string error;                                 // there is no window
};

/// One window, so many events.
Played play_one(uint64_t seed, int64_t events, const std::string& folder, const std::vector<std::string>& files,
                WrittenScript& script) {
    Played played;
    WindowOptions options;
    options.records_items = true;
    const std::unique_ptr<HeadlessWindow> window = HeadlessWindow::make(options, played.error);
    if (!window) return played;
    App app(standard_document(), {kMemory, 2});
    Frame frame(*window, app);
    ScriptPlayer player(frame, folder, std::cout, false);
    RandomPerson person(seed, folder, files);
    const auto play_line = [&](const std::string& text) {
        script.write(text);
        const Script read = parse_script(text);
        if (!read.ok()) {
            played.found.push_back("the script cannot be read: " + read.error);
            return;
        }
        const auto start = std::chrono::steady_clock::now();
        for (const ScriptLine& line : read.lines) {
            player.play_line(line);
            played.events += events_of(line);
            ++played.lines;
        }
        const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        if (seconds > kSlow_s) fmt::print("SLOW  {:.1f} s: {}\n      in {}\n", seconds, text, script.path());
        played.slow = played.slow || seconds > kSlow_s;
        played.found = look_at(frame);
    };
    player.start();
    play_line("lenient");
    while (played.events < events && played.found.empty() && !frame.finished()) play_line(person.next(frame));
    if (played.found.empty()) play_line("hurry no");
    if (played.found.empty() && !frame.finished()) played.found = look_closely(frame);
    played.passed_over = player.passed_over();
    return played;
}

int run(int64_t events, uint64_t seed, std::string folder) {
    fs::create_directories(folder);
    folder = fs::canonical(folder).string();
#ifndef _WIN32
    setenv("HOME", folder.c_str(), 1);                  // the file dialog's first folder
#endif
    fmt::print("seed {} (--seed chooses another), {} events\n", seed, events);
    std::fflush(stdout);
    const std::vector<std::string> files = make_files(folder, seed);
    Played all;
    int findings = 0;
    for (; all.events < events; ++seed) {
        WrittenScript script(fmt::format("{}/person-{}.txt", folder, seed), seed);
        const Played one = play_one(seed, std::min(kEventsEach, events - all.events), folder, files, script);
        if (!one.error.empty()) {
            fmt::print("{}\n", one.error);
            return 77;
        }
        for (const std::string& sentence : one.found) fmt::print("FOUND {}\n", sentence);
        if (!one.found.empty()) fmt::print("      play it again: convscope play {} {}\n", script.path(), kArguments);
        if (one.found.empty() && !one.slow) fs::remove(script.path());
        findings += one.found.empty() ? 0 : 1;
        all.events += one.events;
        all.lines += one.lines;
        all.passed_over += one.passed_over;
        std::fflush(stdout);
    }
    fmt::print("{} events in {} lines, of which {} could not be done; {} scripts with findings\n", all.events, all.lines,
               all.passed_over, findings);
    return findings == 0 ? 0 : 1;
}

}  // namespace
}  // namespace convscope

int main(int count, char** arguments) {
    int64_t events = 2000;
    uint64_t seed = 1;
    std::string folder = "person";
    CLI::App options("Random input to the whole program, without a display.");
    options.add_option("--events", events, "clicks, keys, drags, drops, …");
    options.add_option("--seed", seed, "of the first script; the next ones have the next seeds");
    options.add_option("--folder", folder, "is emptied; scripts with findings stay there");
    CLI11_PARSE(options, count, arguments);
    return convscope::run(events, seed, folder);
}
