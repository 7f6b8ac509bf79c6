// What the benches of the window look at: a layer on a grid of numbers.
#pragma once

#include <cstdint>
#include <string>

#include "app/app.h"

namespace convscope {

/// One 3×3 convolution with padding 1 on side × side small integers.
Document grid_document(int64_t side);

/// On that view, computed, about the middle of its steps, at rest.
void open_case(App& app, const std::string& view);

}  // namespace convscope
