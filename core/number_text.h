// Numbers as words of a sentence: minus is U+2212, integers bare, few digits elsewhere.
#pragma once

#include <cstdint>
#include <string>

namespace convscope {

/// "7", "−2", "0.125", "1.3e−12", "NaN", "∞": at most four significant digits. Zero has no sign.
std::string number_text(double value);

/// "268,435,456".
std::string grouped_text(int64_t value);

}  // namespace convscope
