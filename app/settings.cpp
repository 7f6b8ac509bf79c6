// The settings file. Whatever is in it, the program starts.
#include "app/settings.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/io/files.h"
#include "core/platform.h"

namespace convscope {
namespace {

using Json = nlohmann::ordered_json;

constexpr int64_t kMostBytes = int64_t(1) << 20;
constexpr float kWidestPanelPx = 2000, kLargestWindow = 16384;

/// One setting: its name in the file, how it is written and read. `read` is false for a value that cannot be.
struct Row {
    const char* key;
    Json (*write)(const Settings&);
    bool (*read)(const Json&, Settings&);
};

template <bool Settings::*kMember>
bool read_bool(const Json& json, Settings& settings) {
    if (!json.is_boolean()) return false;
    settings.*kMember = json.get<bool>();
    return true;
}

template <float Settings::*kMember>
bool read_number(const Json& json, Settings& settings, float low, float high) {
    if (!json.is_number()) return false;
    const double value = json.get<double>();
    if (!(value >= low && value <= high)) return false;
    settings.*kMember = static_cast<float>(value);
    return true;
}

/// As short as a person would write it: 1.25 and not 1.2500000476837158.
Json number(float value) { return Json(std::round(static_cast<double>(value) * 1000) / 1000); }

bool read_theme(const Json& json, Settings& settings) {
    if (json != "light" && json != "dark") return false;
    settings.theme = json == "dark" ? Theme::dark : Theme::light;
    return true;
}

bool read_recent(const Json& json, Settings& settings) {
    if (!json.is_array()) return false;
    for (const Json& path : json)
        if (path.is_string() && settings.recent.size() < kMostRecent)
            settings.recent.push_back(path.get<std::string>());
    return true;
}

// clang-format off
const Row kRows[] = {
    {"theme", [](const Settings& s) { return Json(s.theme == Theme::dark ? "dark" : "light"); }, read_theme},
    {"high_contrast", [](const Settings& s) { return Json(s.high_contrast); }, read_bool<&Settings::high_contrast>},
    {"interface_scale", [](const Settings& s) { return number(s.interface_scale); },
     [](const Json& j, Settings& s) { return read_number<&Settings::interface_scale>(j, s, kSmallestScale, kLargestScale); }},
    {"reduce_motion", [](const Settings& s) { return Json(s.reduce_motion); }, read_bool<&Settings::reduce_motion>},
    {"tour_seen", [](const Settings& s) { return Json(s.tour_seen); }, read_bool<&Settings::tour_seen>},
    {"corner_weights", [](const Settings& s) { return Json(s.corner_weights); }, read_bool<&Settings::corner_weights>},
    {"shared_range", [](const Settings& s) { return Json(s.shared_range); }, read_bool<&Settings::shared_range>},
    {"keras_names", [](const Settings& s) { return Json(s.keras_names); }, read_bool<&Settings::keras_names>},
    {"padding_total", [](const Settings& s) { return Json(s.padding_total); }, read_bool<&Settings::padding_total>},
    {"left_px", [](const Settings& s) { return number(s.left_px); },
     [](const Json& j, Settings& s) { return read_number<&Settings::left_px>(j, s, 0, kWidestPanelPx); }},
    {"right_px", [](const Settings& s) { return number(s.right_px); },
     [](const Json& j, Settings& s) { return read_number<&Settings::right_px>(j, s, 0, kWidestPanelPx); }},
    {"window_w", [](const Settings& s) { return number(s.window_w); },
     [](const Json& j, Settings& s) { return read_number<&Settings::window_w>(j, s, 0, kLargestWindow); }},
    {"window_h", [](const Settings& s) { return number(s.window_h); },
     [](const Json& j, Settings& s) { return read_number<&Settings::window_h>(j, s, 0, kLargestWindow); }},
    {"maximized", [](const Settings& s) { return Json(s.maximized); }, read_bool<&Settings::maximized>},
    {"recent", [](const Settings& s) { return Json(s.recent); }, read_recent},
};
// clang-format on

}  // namespace

std::string settings_path() {
    const std::filesystem::path folder = config_directory();
    return folder.empty() ? "" : to_utf8(folder / "settings.json");
}

LoadedSettings load_settings(const std::string& path) {
    std::error_code error;
    if (path.empty() || !std::filesystem::exists(to_path(path), error)) return {};
    const FileResult file = read_file(path, kMostBytes);
    LoadedSettings loaded;
    bool broken = !file.ok();
    if (file.ok()) {
        loaded = parse_settings(file.bytes);
        broken = !loaded.message.empty();
    }
    if (!broken) return loaded;
    const std::string why = file.ok() ? loaded.message : file.error;
    const std::string aside = path + ".broken";
    std::filesystem::rename(to_path(path), to_path(aside), error);
    loaded.message =
        error ? why + " The standard settings are used where it says nothing."
              : fmt::format("{} It was renamed to {}.", why, display_name(aside));
    return loaded;
}

bool save_settings(const std::string& path, const Settings& settings, std::string& error) {
    if (path.empty()) {
        error = "There is no home folder to keep the settings in.";
        return false;
    }
    return make_directories(to_utf8(to_path(path).parent_path()), error) &&
           write_file_atomically(path, settings_text(settings), error);
}

std::string settings_text(const Settings& settings) {
    Json json = Json::object();
    for (const Row& row : kRows) json[row.key] = row.write(settings);
    // A path that is not UTF-8 is written with marks for what cannot be.
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

LoadedSettings parse_settings(std::string_view text) {
    LoadedSettings loaded;
    const Json json = Json::parse(text, nullptr, false);
    if (!json.is_object()) {
        loaded.message = "The settings file is not a JSON object.";
        return loaded;
    }
    for (const Row& row : kRows) {
        const auto found = json.find(row.key);
        if (found == json.end() || row.read(*found, loaded.settings)) continue;
        loaded.message = fmt::format("The settings file has no usable value for {}.", row.key);
    }
    return loaded;
}

void remember_file(Settings& settings, const std::string& path) {
    std::erase(settings.recent, path);
    settings.recent.insert(settings.recent.begin(), path);
    if (settings.recent.size() > kMostRecent) settings.recent.resize(kMostRecent);
}

}  // namespace convscope
