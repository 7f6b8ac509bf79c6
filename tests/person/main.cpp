// convscope_person: random input to the whole program without a display, as scripts that can be played again.
//   convscope_person [--events 2000] [--seed 1] [--folder person]
// Exit codes: 0 nothing was found, 1 something was, 77 there is no OpenGL to try it with.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

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

constexpr int kEventsEach = 250;                       // of one script: a window, a history, a document to start from
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

/// One window, `events` lines. Sentences of what was found; after the first ones it ends.
std::vector<std::string> play_one(uint64_t seed, int events, const std::string& folder, const std::vector<std::string>& files,
                                  WrittenScript& script, bool& slow, std::string& error) {
    WindowOptions options;
    options.records_items = true;
    const std::unique_ptr<HeadlessWindow> window = HeadlessWindow::make(options, error);
    if (!window) return {};
    App app(standard_document(), {kMemory, 2});
    Frame frame(*window, app);
    ScriptPlayer player(frame, folder, std::cout, false);
    RandomPerson person(seed, folder, files);
    const auto play_line = [&](const std::string& text) -> std::vector<std::string> {
        script.write(text);
        const Script read = parse_script(text);
        if (!read.ok()) return {"the script cannot be read: " + read.error};
        const auto start = std::chrono::steady_clock::now();
        for (const ScriptLine& line : read.lines) player.play_line(line);
        const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        if (seconds > kSlow_s) fmt::print("SLOW  {:.1f} s: {}\n      in {}\n", seconds, text, script.path());
        slow = slow || seconds > kSlow_s;
        return look_at(frame);
    };
    player.start();
    std::vector<std::string> found = play_line("lenient");
    for (int i = 0; i < events && found.empty() && !frame.finished(); ++i) found = play_line(person.next(frame));
    if (found.empty()) found = play_line("hurry no");
    if (found.empty() && !frame.finished()) found = look_closely(frame);
    return found;
}

int run(int events, uint64_t seed, std::string folder) {
    fs::create_directories(folder);
    folder = fs::canonical(folder).string();
#ifndef _WIN32
    setenv("HOME", folder.c_str(), 1);                  // the file dialog's first folder
#endif
    fmt::print("seed {} (--seed chooses another), {} events\n", seed, events);
    std::fflush(stdout);
    const std::vector<std::string> files = make_files(folder, seed);
    int findings = 0;
    for (int done = 0; done < events; done += kEventsEach, ++seed) {
        WrittenScript script(fmt::format("{}/person-{}.txt", folder, seed), seed);
        std::string error;
        bool slow = false;
        const auto found = play_one(seed, std::min(kEventsEach, events - done), folder, files, script, slow, error);
        if (!error.empty()) {
            fmt::print("{}\n", error);
            return 77;
        }
        for (const std::string& sentence : found) fmt::print("FOUND {}\n", sentence);
        if (!found.empty()) fmt::print("      play it again: convscope play {} {}\n", script.path(), kArguments);
        findings += found.empty() ? 0 : 1;
        if (found.empty() && !slow) fs::remove(script.path());
        std::fflush(stdout);
    }
    fmt::print("{} events, {} scripts with findings\n", events, findings);
    return findings == 0 ? 0 : 1;
}

}  // namespace
}  // namespace convscope

int main(int count, char** arguments) {
    int events = 2000;
    uint64_t seed = 1;
    std::string folder = "person";
    CLI::App options("Random input to the whole program, without a display.");
    options.add_option("--events", events, "how many lines of scripts");
    options.add_option("--seed", seed, "of the first script; the next ones have the next seeds");
    options.add_option("--folder", folder, "is emptied; scripts with findings stay there");
    CLI11_PARSE(options, count, arguments);
    return convscope::run(events, seed, folder);
}
