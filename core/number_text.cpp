#include "core/number_text.h"

#include <cmath>

#include <fmt/format.h>

namespace convscope {

std::string number_text(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value < 0 ? "−∞" : "∞";
    if (value == 0) return "0";
    const double size = std::abs(value);
    std::string text;
    if (size == std::floor(size) && size < 1e5) {
        text = fmt::format("{:.0f}", size);
    } else if (size >= 0.001 && size < 99999.5) {
        text = fmt::format("{:.4g}", size);
        // %g turns to exponents where four digits do not hold the integer part.
        if (text.find('e') != std::string::npos) text = fmt::format("{:.0f}", size);
    } else {
        text = fmt::format("{:.1e}", size);
        const size_t exponent = text.find('e');
        std::string mantissa = text.substr(0, exponent), power = text.substr(exponent + 1);
        if (mantissa.ends_with(".0")) mantissa.resize(mantissa.size() - 2);
        text = mantissa + "e" + (power.starts_with('-') ? "−" : "") + power.substr(1);
    }
    return (value < 0 ? "−" : "") + text;
}

std::string grouped_text(int64_t value) {
    std::string digits = fmt::format("{}", value);
    const size_t first = digits.starts_with('-') ? 1 : 0;
    for (size_t at = digits.size(); at > first + 3;) digits.insert(at -= 3, ",");
    return first ? "−" + digits.substr(1) : digits;
}

}  // namespace convscope
