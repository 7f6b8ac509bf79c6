#include "tests/number_read.h"

#include <cmath>
#include <regex>

namespace convscope {
namespace {

/// With minus signs that the language reads.
std::string with_hyphens(const std::string& text) {
    std::string plain;
    for (size_t i = 0; i < text.size(); ++i)
        if (text.compare(i, 3, "−") == 0) plain += '-', i += 2;
        else plain += text[i];
    return plain;
}

}  // namespace

std::vector<std::string> numbers_in(const std::string& text) {
    static const std::regex kNumber("(?:[A-Za-z_][A-Za-z_0-9]*[0-9][A-Za-z_0-9]*)|((?:[<>] )?(?:−|~)?(?:\\d+\\.?\\d*|\\.\\d+)(?:e(?:\\+|−)\\d+)?(?: %)?|(?:−)?∞|NaN)");
    std::vector<std::string> numbers;
    for (std::sregex_iterator at(text.begin(), text.end(), kNumber), end; at != end; ++at)
        if ((*at)[1].matched) numbers.push_back((*at)[1]);
    return numbers;
}

double parsed_number(const std::string& text) {
    const std::string plain = with_hyphens(text);
    return std::stod(plain.starts_with("~") ? plain.substr(1) : plain);
}

bool can_be(const std::string& text, Known known) {
    std::string plain = with_hyphens(text);
    if (plain == "NaN") return std::isnan(known.value);
    if (plain == "∞" || plain == "-∞") return std::isinf(known.value) && (known.value > 0) == (plain == "∞");
    if (plain == "< 1 %") return known.value + known.error > 0 && known.value - known.error < 0.01;
    if (plain == "> 99 %") return known.value + known.error > 0.99 && known.value - known.error < 1;
    if (plain == "~0") return std::abs(known.value) <= 0.5 + known.error;
    if (!std::isfinite(known.value)) return false;
    if (plain.ends_with(" %")) {
        plain.resize(plain.size() - 2);
        known = {100 * known.value, 100 * known.error};
    }
    const double parsed = std::stod(plain);
    if (parsed == 0) return std::abs(known.value) <= 5e-4 + known.error;
    const size_t e = plain.find('e'), point = plain.find('.');
    const std::string digits = plain.substr(0, e);
    double half = 0.5;
    if (point != std::string::npos) half *= std::pow(10, -static_cast<double>(digits.size() - point - 1));
    if (e != std::string::npos) half *= std::pow(10, std::stod(plain.substr(e + 1)));
    return std::abs(parsed - known.value) <= half * (1 + 1e-9) + known.error + 1e-12 * std::abs(known.value);
}

}  // namespace convscope
