// convscope --version: the program and every library in it.
#pragma once

#include <string>

namespace convscope {

// Several lines, the first "Convscope 0.1.0", ends with a line feed.
std::string version_text();

}  // namespace convscope
