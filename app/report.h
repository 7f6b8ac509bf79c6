// Report: what somebody who is to help needs to know, as text to copy.
#pragma once

#include "app/app.h"

namespace convscope {

/// Version, graphics, window settings, what is shown, the last sentences said, and the document as JSON unless it is large.
std::string report(const App& app);

}  // namespace convscope
