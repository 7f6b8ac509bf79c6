// Collects the versions of the libraries that are compiled in.
#include "app/cli/version.h"

#include <fmt/format.h>
#include <hwy/base.h>
#include <hwy/highway.h>
#include <imgui.h>

#include <CLI/Version.hpp>
#include <nlohmann/json.hpp>

#include "app/window/glfw_version.h"

namespace convscope {

std::string version_text() {
    return fmt::format(
        "Convscope {}\n"
        "Dear ImGui {}, GLFW {}, Highway {}.{}.{}, {{fmt}} {}.{}.{}, nlohmann-json {}.{}.{}, CLI11 "
        "{}\n"
        "MIT licence; fonts Inter, JetBrains Mono and FontAwesome under the SIL Open Font "
        "License.\n",
        CONVSCOPE_VERSION, IMGUI_VERSION, glfw_version(), HWY_MAJOR, HWY_MINOR, HWY_PATCH,
        FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100,
        NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR, NLOHMANN_JSON_VERSION_PATCH,
        CLI11_VERSION);
}

}  // namespace convscope
