// Files to drop on the window: good ones of every kind, broken copies of them, and what is no file at all.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace convscope {

/// Fills the folder, which is emptied first. The names in it, sorted, and one that is not there.
std::vector<std::string> make_files(const std::string& folder, uint64_t seed);

}  // namespace convscope
