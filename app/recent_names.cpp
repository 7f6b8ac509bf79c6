#include "app/recent_names.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/io/files.h"

namespace convscope {
namespace {

constexpr int kMostFolders = 20;
constexpr int kMostCharacters = 60;

/// The last folders of a path: "week 2/maps" of "/home/a/week 2/maps/a.json".
std::string last_folders(const std::string& path, int count) {
    const size_t end = path.rfind('/');
    if (end == std::string::npos || end == 0) return "/";
    size_t from = end;
    for (int i = 0; i < count; ++i) {
        const size_t slash = from == 0 ? std::string::npos : path.rfind('/', from - 1);
        if (slash == std::string::npos) return path.substr(0, end);
        from = slash;
    }
    return path.substr(from + 1, end - from - 1);
}

}  // namespace

std::vector<std::string> listed_names(const std::vector<std::string>& paths) {
    std::vector<std::string> names;
    for (const std::string& path : paths) {
        const auto is_alike = [&](const std::string& other, int folders) {
            return other != path && display_name(other) == display_name(path) &&
                   (folders == 0 || last_folders(other, folders) == last_folders(path, folders));
        };
        int folders = 0;
        while (folders < kMostFolders &&
               std::ranges::any_of(paths, [&](const std::string& other) { return is_alike(other, folders); }))
            ++folders;
        const std::string name = display_name(path);
        names.push_back(folders == 0 ? name
                                     : fmt::format("{} ({})", name, display_text(last_folders(path, folders), kMostCharacters)));
    }
    return names;
}

}  // namespace convscope
