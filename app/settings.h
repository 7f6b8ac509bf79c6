// Settings: what survives a restart, as a small JSON file that a person may read and edit.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/scene/palettes.h"

namespace convscope {

struct Settings {
    Theme theme = Theme::light;      // light or dark
    bool high_contrast = false;      // of either
    float interface_scale = 1;       // kSmallestScale … kLargestScale
    bool reduce_motion = false;
    bool tour_seen = false;          // the first start shows the tour
    bool corner_weights = true;
    bool shared_range = false;       // maps: one range for all
    bool keras_names = false;        // parameters are called, and counted, as in Keras
    bool padding_total = false;      // padding counts both sides together
    float left_px = 0, right_px = 0; // panel widths at scale 1; 0: by window size
    float window_w = 0, window_h = 0; // on a screen of scale 1; 0: standard
    bool maximized = false;
    std::vector<std::string> recent; // files, newest first, at most kMostRecent
    bool operator==(const Settings&) const = default;
};

inline constexpr float kSmallestScale = 0.75f, kLargestScale = 3;
inline constexpr size_t kMostRecent = 10;

/// Settings as found, and what to tell the person about it; "" when nothing was wrong.
struct LoadedSettings {
    Settings settings;
    std::string message;
};

/// Where the settings are kept; "" where there is no home folder.
std::string settings_path();
/// A file that is not there gives the standard settings; one that cannot be read as settings is
/// renamed to "….broken" and said. A value out of range is its standard.
LoadedSettings load_settings(const std::string& path);
/// False with a sentence in `error` when the file could not be written.
[[nodiscard]] bool save_settings(const std::string& path, const Settings& settings,
                                 std::string& error);

std::string settings_text(const Settings& settings);
/// From such text; `message` says why nothing (or not everything) could be read.
LoadedSettings parse_settings(std::string_view text);

/// Puts a file at the front of the list.
void remember_file(Settings& settings, const std::string& path);

}  // namespace convscope
