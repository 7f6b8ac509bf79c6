// Copies the files of the tests, breaks copies, and writes documents, texts and a photograph beside them.
#include "tests/person/random_files.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>

#include <fmt/format.h>

#include "core/document_json.h"
#include "core/io/files.h"
#include "core/presets.h"
#include "core/pytorch.h"

namespace convscope {
namespace {

namespace fs = std::filesystem;

/// As it may come from a broken disk or a program that means harm.
std::string broken(std::string bytes, std::mt19937_64& random) {
    const auto below = [&](size_t n) { return static_cast<size_t>(random() % std::max<size_t>(n, 1)); };
    switch (below(5)) {
        case 0: return bytes.substr(0, below(bytes.size()));
        case 1: return bytes + bytes;
        case 2:                                                          // one run of a single byte
            for (size_t i = below(bytes.size()), end = std::min(bytes.size(), i + 1 + below(16)); i < end; ++i) bytes[i] = '\xFF';
            return bytes;
        case 3:                                                          // digits become other digits, most of all
            for (char& c : bytes)
                if (c >= '0' && c <= '9' && below(4) == 0) c = static_cast<char>('0' + below(10));
            return bytes;
        default:
            for (size_t i = 0; i < 1 + bytes.size() / 64; ++i)
                if (!bytes.empty()) bytes[below(bytes.size())] = static_cast<char>(below(256));
            return bytes;
    }
}

}  // namespace

std::vector<std::string> make_files(const std::string& folder, uint64_t seed) {
    std::mt19937_64 random(seed);
    fs::remove_all(folder);
    fs::create_directories(folder + "/a folder.png");
    std::vector<std::string> names{"a folder.png", "not there.json"};
    const auto write = [&](const std::string& name, const std::string& bytes) {
        if (std::ofstream(folder + "/" + name, std::ios::binary) << bytes) names.push_back(name);
    };
    const std::string tests = CONVSCOPE_SOURCE_DIR "/tests";
    std::vector<fs::path> sources;
    for (const char* from : {"/images", "/npy", "/safetensors", "/scripts"})
        for (const auto& entry : fs::directory_iterator(tests + from)) sources.push_back(entry.path());
    std::ranges::sort(sources);                                          // a folder lists as it likes
    for (const fs::path& source : sources) {
        const std::string name = source.filename().string();
        if (name.ends_with(".py") || (name.ends_with(".npy") && source.parent_path().filename() == "images")) continue;
        const FileResult file = read_file(source.string(), int64_t(1) << 22);
        if (!file.ok()) continue;
        write(name, file.bytes);
        write("broken " + name, broken(file.bytes, random));
    }
    for (const DocumentPreset& preset : document_presets()) {
        const Document document = preset.make();
        const std::string name = fmt::format("document {}", names.size()), text = to_json(document);
        write(name + ".json", text);
        write(name + " broken.json", broken(text, random));
        if (random() % 4 == 0) write(name + ".py", network_text(document));
    }
    write("empty.csv", "");
    write("table.csv", "1,2,3\n4,5,6\n7,8,nan\n");
    write("wide.tsv", std::string(40'000, '\t'));
    write("long.csv", [] {
        std::string text;
        for (int i = 0; i < 3000; ++i) text += fmt::format("{},{},{}\n", i, -i, 0.5 * i);
        return text;
    }());
    write("deep.json", std::string(50'000, '['));
    write("ragged.txt", "1 2 3\n4 5\n");
    write("layer.txt", "nn.Conv2d(1, 2, 3, padding=1)");
    write("photograph.ppm", [&] {                                        // large enough to be read aside
        std::string bytes = "P6\n1500 1000\n255\n";
        for (int i = 0; i < 1500 * 1000 * 3; ++i) bytes += static_cast<char>(i / 4500 + (i % 4500) / 20);
        return bytes;
    }());
    std::ranges::sort(names);
    return names;
}

}  // namespace convscope
