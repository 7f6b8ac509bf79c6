// What must hold of the window whatever a person did to it.
#pragma once

#include <string>
#include <vector>

#include "app/cli/frame.h"

namespace convscope {

/// After each line: ids, texts and places of what is in sight. A sentence each.
std::vector<std::string> look_at(Frame& frame);

/// When all is computed: the picture is what the document computes to, the document reads back as it was written, and undo
/// and redo lead through the same documents. Leaves the document as it found it.
std::vector<std::string> look_closely(Frame& frame);

}  // namespace convscope
