// A window on the screen.
#pragma once

#include "app/window/window.h"

namespace convscope {

/// Null when there can be none; `error` then says why in a sentence ("There is no display.", "… needs OpenGL 3.3, …").
std::unique_ptr<AppWindow> make_glfw_window(const WindowOptions& options, std::string& error);

}  // namespace convscope
