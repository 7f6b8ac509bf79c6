// Numbers as they are written in a picture: found in a text, read, compared with what the reference knows.
#pragma once

#include <string>
#include <vector>

#include "tests/number_witness.h"

namespace convscope {

/// Numbers in a text: "−23", "1.3e−12", ".04", "~0", "NaN", "< 1 %". Digits in a name are none: "Conv2d", "float32".
std::vector<std::string> numbers_in(const std::string& text);

/// A number as it is written: "−23", "1.3e−12", ".04", "~0", "NaN", "12 %". True when it can be that one.
bool can_be(const std::string& text, Known known);

/// The number that such a text is: "−1.5", "1e−05", "~0".
double parsed_number(const std::string& text);

}  // namespace convscope
