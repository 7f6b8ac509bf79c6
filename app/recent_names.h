// How recent files are listed.
#pragma once

#include <string>
#include <vector>

namespace convscope {

/// The files' names; those that several have with as much of their folder as tells them apart: "a.json (week 2/maps)".
std::vector<std::string> listed_names(const std::vector<std::string>& paths);

}  // namespace convscope
