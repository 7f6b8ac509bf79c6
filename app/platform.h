// What differs between operating systems, for the window program. Every function has a portable fallback.
#pragma once

namespace convscope {

/// A screen can be reached. Where that is not known without trying: true.
bool has_display();

}  // namespace convscope
