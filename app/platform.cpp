// Linux and the BSDs name their screen in the environment; elsewhere there always is one.
#include "app/platform.h"

#include <cstdlib>

namespace convscope {

bool has_display() {
#if defined(_WIN32) || defined(__APPLE__) || defined(__EMSCRIPTEN__)
    return true;
#else
    const auto is_set = [](const char* name) {
        const char* value = std::getenv(name);
        return value && *value;
    };
    return is_set("DISPLAY") || is_set("WAYLAND_DISPLAY") || is_set("WAYLAND_SOCKET");
#endif
}

}  // namespace convscope
