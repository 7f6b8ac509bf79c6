// Asks GLFW which version is linked.
#include "app/window/glfw_version.h"

#include <GLFW/glfw3.h>
#include <fmt/format.h>

namespace convscope {

std::string glfw_version() {
    int major = 0;
    int minor = 0;
    int revision = 0;
    glfwGetVersion(&major, &minor, &revision);
    return fmt::format("{}.{}.{}", major, minor, revision);
}

}  // namespace convscope
