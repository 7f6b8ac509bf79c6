// Every command is run somewhere by scripted input, where it is enabled, and what it did is checked; the palette finds it.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "app/cli/script.h"
#include "app/commands.h"
#include "app/finder.h"
#include "core/io/files.h"
#include "core/presets.h"

namespace convscope {
namespace {

namespace fs = std::filesystem;

const fs::path kTests = fs::path(CONVSCOPE_SOURCE_DIR) / "tests";

/// What a script without a screen, another window or a slow machine cannot do: the test that runs each by its label.
const std::map<std::string, std::string> kNeedTheWorld = {
    {"Restore work", "work_test.cpp"},         {"Discard work", "work_test.cpp"},
    {"Overwrite the file", "work_test.cpp"},   {"Stop computing", "loading_test.cpp"},
    {"Compute again", "loading_test.cpp"},     {"Full screen", "commands_test.cpp"},
    {"Fill the other monitor", "commands_test.cpp"},
};

/// Commands that a script runs by their names and, before the next one, checks. `do` fails where a command is not enabled.
std::set<const Command*> checked_commands(const Script& script) {
    std::set<const Command*> checked;
    const Command* last = nullptr;
    for (const ScriptLine& line : script.lines) {
        if (line.verb == Verb::run) last = find_command(line.text);
        if (line.verb == Verb::expect && last) checked.insert(std::exchange(last, nullptr));
        if (line.verb == Verb::lenient && line.on) break;  // from here on nothing need be possible
    }
    return checked;
}

TEST(CommandScripts, EachCommandIsRunAndChecked) {
    std::set<const Command*> checked;
    for (const auto& entry : fs::directory_iterator(kTests / "scripts")) {
        if (entry.path().extension() != ".txt") continue;
        const FileResult file = read_file(entry.path().string(), kMaxScriptBytes);
        checked.merge(checked_commands(parse_script(file.bytes)));
    }
    for (const Command& command : all_commands()) {
        const auto elsewhere = kNeedTheWorld.find(command.label);
        if (elsewhere == kNeedTheWorld.end()) {
            EXPECT_TRUE(checked.contains(&command))
                << command.label << ": no script in tests/scripts runs it with `do` and then `expect`s what it did";
            continue;
        }
        const FileResult test = read_file((kTests / elsewhere->second).string(), 1 << 20);
        EXPECT_NE(test.bytes.find("find_command(\"" + command.label + "\")"), std::string::npos)
            << command.label << ": " << elsewhere->second << " does not run it";
    }
    for (const auto& [label, test] : kNeedTheWorld) EXPECT_TRUE(find_command(label)) << label << " is no command any more";
}

TEST(CommandScripts, ThePaletteReachesEachCommand) {
    App app(document_presets()[0].make());
    for (const Command& command : all_commands()) {
        if (command.lecture) {  // not told of outside a lecture, where it has its key
            EXPECT_NE(command.key, "") << command.label;
            continue;
        }
        const std::vector<Found> found = find_everything(app, command.label);
        const auto at = std::ranges::find(found, command.label, &Found::label);
        ASSERT_NE(at, found.end()) << command.label << " is not found by its own name";
        EXPECT_EQ(at->enabled, is_enabled(command, app)) << command.label;
        EXPECT_EQ(at->key.empty(), command.key.empty()) << command.label;
        EXPECT_LT(at - found.begin(), 9) << command.label << " stands below what is in sight";
    }
}

TEST(CommandScripts, ACommandWithoutACheckIsNoticed) {
    const auto checked = [](const char* text) { return checked_commands(parse_script(text)); };
    const Command* undo = find_command("Undo");
    EXPECT_TRUE(checked("do \"Undo\"\nframes 2\nexpect open none\n").contains(undo));
    EXPECT_FALSE(checked("do \"Undo\"\ndo \"Redo\"\nexpect open none\n").contains(undo));
    EXPECT_FALSE(checked("do \"Undo\"\n").contains(undo));
    EXPECT_FALSE(checked("lenient\ndo \"Undo\"\nexpect open none\n").contains(undo));
}

}  // namespace
}  // namespace convscope
