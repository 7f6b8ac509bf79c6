// The version of the window library, for --version.
#pragma once

#include <string>

namespace convscope {

// For example "3.4.0".
std::string glfw_version();

}  // namespace convscope
