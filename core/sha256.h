// SHA-256 (FIPS 180-4), for the names and checks of tensor files beside a document. Why it is written here: it is one
// fixed page, and no packaged library that has it exists on all of Linux, Windows and the browser.
#pragma once

#include <string>
#include <string_view>

namespace convscope {

/// 64 lower-case hexadecimal digits.
std::string sha256(std::string_view bytes);

}  // namespace convscope
