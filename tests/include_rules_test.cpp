// The house rules that a program can read off the sources: who may include whom, nobody asks which op it is,
// op folders and the registry agree, and no file grows past its limit.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

/// Folders and what they may include. A row counts for files directly in its folder and, unless a longer row matches, below it.
struct Level {
    std::string folder;
    std::vector<std::string>
        may_include;  // folders of this repository, each with what lies below it
};

const std::vector<Level> kLevels = {
    {"core", {"core"}},
    {"app/scene", {"core", "assets", "app/scene"}},
    {"app/views", {"core", "assets", "app/scene", "app/views"}},
    {"app/lessons", {"core", "assets", "app/scene", "app/views", "app/lessons"}},
    {"app", {"core", "assets", "app/scene", "app/views", "app/lessons", "app/."}},
    {"app/paint", {"core", "assets", "app/scene", "app/paint"}},
    {"app/window", {"core", "assets", "app/scene", "app/paint", "app/window"}},
    {"app/panels",
     {"core", "assets", "app/scene", "app/views", "app/lessons", "app/.", "app/paint", "app/window",
      "app/panels"}},
    {"app/cli", {"core", "assets", "app"}},
    {"app/main.cpp", {"core", "assets", "app"}},
};

/// Libraries and the only folders that may include them. The files of app/cli that are named print versions.
struct Library {
    std::string header;  // regular expression over the included name
    std::vector<std::string> only_in;
};

const std::vector<Library> kLibraries = {
    {"imgui.*|imstb.*", {"app/panels", "app/window", "app/paint", "app/cli/version.cpp"}},
    {"glad/.*|GL/.*|GLES.*", {"app/paint"}},
    {"GLFW/.*|EGL/.*", {"app/window"}},
    {"hwy/.*", {"core", "app/cli/version.cpp"}},
    {"CLI/.*", {"app/cli", "app/main.cpp"}},
};

constexpr std::size_t kHeaderLines = 200;
constexpr std::size_t kSourceLines = 500;

// Rules over one file ------------------------------------------------------------------------------

bool starts_with_folder(const std::string& path, const std::string& folder) {
    return path == folder || path.starts_with(folder + "/");
}

/// "app/." means the files of app itself.
bool lies_in(const std::string& path, const std::string& folder) {
    if (folder.ends_with("/."))
        return fs::path(path).parent_path() == folder.substr(0, folder.size() - 2);
    return starts_with_folder(path, folder);
}

const Level* level_of(const std::string& path) {
    const Level* best = nullptr;
    for (const Level& level : kLevels) {
        if (!starts_with_folder(path, level.folder)) continue;
        if (!best || level.folder.size() > best->folder.size()) best = &level;
    }
    return best;
}

Lines lines_of(const std::string& text) {
    Lines lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

Lines includes_of(const std::string& text) {
    static const std::regex pattern(R"re(^\s*#\s*include\s*["<]([^">]+)[">])re");
    Lines names;
    for (const std::string& line : lines_of(text)) {
        std::smatch match;
        if (line.find('#') != std::string::npos && std::regex_search(line, match, pattern))
            names.push_back(match[1]);
    }
    return names;
}

Lines include_faults(const std::string& path, const std::string& text) {
    Lines faults;
    const Level* level = level_of(path);
    if (!level) return {path + " lies in a folder that has no row in kLevels"};
    for (const std::string& name : includes_of(text)) {
        const bool is_ours = lies_in(name, "core") || lies_in(name, "app") ||
                             lies_in(name, "assets") || lies_in(name, "tests");
        const auto holds = [](const auto& folders, const std::string& what) {
            return std::any_of(folders.begin(), folders.end(),
                               [&](const auto& folder) { return lies_in(what, folder); });
        };
        if (name.find("..") != std::string::npos)
            faults.push_back(path + " includes " + name + ": write the path from the root");
        if (is_ours && !holds(level->may_include, name))
            faults.push_back(path + " may not include " + name);
        for (const Library& library : kLibraries) {
            if (std::regex_match(name, std::regex(library.header)) &&
                !holds(library.only_in, path)) {
                faults.push_back(path + " may not include " + name);
            }
        }
        const bool is_op_header = lies_in(name, "core/ops");
        if (is_op_header && !lies_in(path, "core/ops") && path != "core/registry.cpp") {
            faults.push_back(path + " includes " + name + ": only core/registry.cpp knows the ops");
        }
    }
    return faults;
}

/// Comparisons with an op's id outside core/ops and core/registry.cpp.
Lines op_id_faults(const std::string& path, const std::string& text,
                   const std::set<std::string>& ids) {
    if (lies_in(path, "core/ops") || path == "core/registry.cpp") return {};
    std::string alternatives;
    for (const std::string& id : ids) alternatives += (alternatives.empty() ? "" : "|") + id;
    const std::string id = "\"(" + alternatives + ")\"";
    const std::regex comparison(
        "[=!]= *" + id + "|" + id +
        "(sv|s)? *[=!]=|(compare|starts_with|ends_with|contains|strcmp)\\([^()]*" + id);
    Lines faults;
    for (const std::string& line : lines_of(text)) {
        if (line.find('"') == std::string::npos || !std::regex_search(line, comparison)) continue;
        faults.push_back(path + " asks which op it is (the Op record lacks a field): " + line);
    }
    return faults;
}

Lines form_faults(const std::string& path, const std::string& text) {
    Lines faults;
    const bool is_header = path.ends_with(".h");
    const Lines lines = lines_of(text);
    const std::size_t limit = is_header ? kHeaderLines : kSourceLines;
    if (lines.size() > limit) {
        faults.push_back(path + " has " + std::to_string(lines.size()) + " lines, more than " +
                         std::to_string(limit) + ": it holds two things");
    }
    // A source may begin with its own header, which says it.
    const std::string own_header = "#include \"" + path.substr(0, path.rfind('.')) + ".h\"";
    if (lines.empty() || !(lines[0].starts_with("//") || lines[0] == own_header)) {
        faults.push_back(path + ": the first line says what the file is for");
    }
    // A header for Highway's foreach_target is included once for every instruction set.
    if (is_header && !path.ends_with("-inl.h") && std::find(lines.begin(), lines.end(), "#pragma once") == lines.end()) {
        faults.push_back(path + " lacks #pragma once");
    }
    return faults;
}

// The tree -----------------------------------------------------------------------------------------

const fs::path kRoot = CONVSCOPE_SOURCE_DIR;

std::string read(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// C++ sources under the folders, as paths from the root, sorted.
Lines sources(const std::vector<std::string>& folders) {
    Lines paths;
    for (const std::string& folder : folders) {
        if (!fs::exists(kRoot / folder)) continue;
        for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder)) {
            const fs::path extension = entry.path().extension();
            if (extension == ".h" || extension == ".cpp")
                paths.push_back(fs::relative(entry.path(), kRoot).generic_string());
        }
    }
    std::sort(paths.begin(), paths.end());
    return paths;
}

std::set<std::string> op_folders() {
    std::set<std::string> ids;
    if (!fs::exists(kRoot / "core/ops")) return ids;
    for (const auto& entry : fs::directory_iterator(kRoot / "core/ops")) {
        if (entry.is_directory()) ids.insert(entry.path().filename().string());
    }
    return ids;
}

std::string joined(const Lines& lines) {
    std::string text;
    for (const std::string& line : lines) text += "\n  " + line;
    return text;
}

void append(Lines& all, const Lines& more) { all.insert(all.end(), more.begin(), more.end()); }

TEST(IncludeRules, EveryFileIncludesOnlyWhatLiesBelowIt) {
    Lines faults;
    for (const std::string& path : sources({"core", "app"}))
        append(faults, include_faults(path, read(kRoot / path)));
    EXPECT_TRUE(faults.empty()) << joined(faults);
}

TEST(IncludeRules, NobodyAsksWhichOpItIs) {
    std::set<std::string> ids = op_folders();
    // Ops of the design that may have no folder yet.
    for (const char* id : {"conv2d", "conv_transpose2d", "batch_norm2d", "max_pool2d", "avg_pool2d",
                           "upsample", "relu", "leaky_relu", "sigmoid", "tanh", "gelu", "silu"}) {
        ids.insert(id);
    }
    Lines faults;
    for (const std::string& path : sources({"core", "app"}))
        append(faults, op_id_faults(path, read(kRoot / path), ids));
    EXPECT_TRUE(faults.empty()) << joined(faults);
}

TEST(IncludeRules, OpFoldersAndRegistryAgree) {
    Lines faults;
    const Lines registered = includes_of(read(kRoot / "core/registry.cpp"));
    const std::set<std::string> ids = op_folders();
    for (const std::string& id : ids) {
        const std::string folder = "core/ops/" + id + "/";
        for (const std::string& file : {id + ".h", id + ".cpp", std::string("card.md")}) {
            if (!fs::exists(kRoot / folder / file)) faults.push_back(folder + file + " is missing");
        }
        if (std::count(registered.begin(), registered.end(), folder + id + ".h") != 1) {
            faults.push_back("core/registry.cpp does not include " + folder + id + ".h");
        }
    }
    for (const std::string& name : registered) {
        if (lies_in(name, "core/ops") && !ids.contains(fs::path(name).stem().string())) {
            faults.push_back("core/registry.cpp includes " + name +
                             ", which has no folder of that name");
        }
    }
    EXPECT_TRUE(faults.empty()) << joined(faults);
}

TEST(IncludeRules, EveryFileHasOnePurposeAndSaysIt) {
    Lines faults;
    for (const std::string& path : sources({"core", "app", "assets", "tests", "bench"})) {
        append(faults, form_faults(path, read(kRoot / path)));
    }
    EXPECT_TRUE(faults.empty()) << joined(faults);
}

// The rules themselves: each must be able to fail ---------------------------------------------------

TEST(IncludeRules, UpwardIncludesAreFaults) {
    const auto count = [](const char* path, const char* text) {
        return include_faults(path, text).size();
    };
    EXPECT_EQ(count("core/tensor.h", "#include \"app/state.h\"\n"), 1u);
    EXPECT_EQ(count("core/tensor.h", "#include \"core/shape.h\"\n#include <vector>\n"), 0u);
    EXPECT_EQ(count("core/ops/conv2d/conv2d.cpp", "  # include <imgui.h>\n"), 1u);
    EXPECT_EQ(count("app/views/slide.cpp", "#include \"app/state.h\"\n"), 1u);
    EXPECT_EQ(count("app/views/slide.cpp", "#include \"app/scene/scene.h\"\n"), 0u);
    EXPECT_EQ(
        count("app/state.h", "#include \"app/panels/canvas.h\"\n#include \"app/history.h\"\n"), 1u);
    EXPECT_EQ(count("app/panels/canvas.cpp", "#include <imgui.h>\n#include \"app/paint/gl.h\"\n"),
              0u);
    EXPECT_EQ(count("app/panels/canvas.cpp", "#include <glad/gl.h>\n#include \"app/cli/shot.h\"\n"),
              2u);
    EXPECT_EQ(count("app/window/window.cpp", "#include \"app/panels/canvas.h\"\n"), 1u);
    EXPECT_EQ(count("app/paint/gl.cpp", "#include <GLFW/glfw3.h>\n#include <glad/gl.h>\n"), 1u);
    EXPECT_EQ(count("app/main.cpp", "#include \"core/ops/conv2d/conv2d.h\"\n"), 1u);
    EXPECT_EQ(count("app/new_folder/x.h", ""), 0u);
    EXPECT_EQ(count("elsewhere/x.h", ""), 1u);
}

TEST(IncludeRules, AskingForAnOpIsAFault) {
    const auto count = [](const char* path, const char* line) {
        return op_id_faults(path, line, {"relu", "conv2d"}).size();
    };
    EXPECT_EQ(count("app/views/slide.cpp", "if (layer.op == \"conv2d\") {"), 1u);
    EXPECT_EQ(count("app/views/slide.cpp", "return \"relu\" != id;"), 1u);
    EXPECT_EQ(count("app/views/slide.cpp", "if (id.starts_with(\"conv2d\"))"), 1u);
    EXPECT_EQ(count("app/presets.cpp", "add_layer(\"conv2d\");"), 0u);
    EXPECT_EQ(count("core/ops/relu/relu.cpp", "if (id == \"relu\")"), 0u);
}

TEST(IncludeRules, LongOrNamelessFilesAreFaults) {
    std::string text = "// What for.\n#pragma once\n";
    EXPECT_TRUE(form_faults("core/x.h", text).empty());
    EXPECT_EQ(form_faults("core/x.h", "#include <x>\n").size(), 2u);
    EXPECT_TRUE(form_faults("core/x.cpp", "#include \"core/x.h\"\n").empty());
    EXPECT_EQ(form_faults("core/x.cpp", "#include \"core/y.h\"\n").size(), 1u);
    for (std::size_t i = 2; i < kHeaderLines; ++i) text += "\n";
    EXPECT_TRUE(form_faults("core/x.h", text).empty());
    EXPECT_EQ(form_faults("core/x.h", text + "\n").size(), 1u);
}

}  // namespace
