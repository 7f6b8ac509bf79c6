// Formatting of numbers; the rules are section 6 of the style tokens.
#include "app/scene/numbers.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

#include <fmt/format.h>

namespace convscope {
namespace {

constexpr double kSmallest = 0.001, kLargest = 99'999;
constexpr int kMostDecimals = 4;
constexpr const char* kMinus = "\u2212";

bool needs_exponent(double value) {
    const double size = std::fabs(value);
    return size > 0 && (size < kSmallest || size > kLargest);
}

std::string with_true_minus(std::string text) {
    for (size_t at = text.find('-'); at != std::string::npos; at = text.find('-', at + 3))
        text.replace(at, 1, kMinus);
    return text;
}

// "1.3e−12", "1.2e+05".
std::string exponent_text(double value) { return with_true_minus(fmt::format("{:.1e}", value)); }

std::string special_text(double value) {
    if (std::isnan(value)) return "NaN";
    return value > 0 ? "∞" : "−∞";
}

bool reads_zero(const std::string& text) {
    return text.find_first_of("123456789") == std::string::npos;
}

// All digits of float32 arithmetic fit: 0.1f is 0.1, not 0.100000001.
bool exact_with(double value, int decimals) {
    const double scaled = value * std::pow(10.0, decimals);
    return std::fabs(scaled - std::round(scaled)) <= 1e-6 * std::max(1e-3, std::fabs(scaled)) &&
           std::fabs(scaled - std::round(scaled)) < 0.05;
}

}  // namespace

int decimals_for(std::span<const float> values) {
    std::vector<double> plain;
    plain.reserve(values.size());
    for (const float value : values)
        if (std::isfinite(value) && !needs_exponent(value)) plain.push_back(value);
    std::sort(plain.begin(), plain.end());
    plain.erase(std::unique(plain.begin(), plain.end()), plain.end());

    // Shown exactly if that takes few decimals; else just told apart, with two at least.
    int decimals = 0;
    for (const double value : plain)
        while (decimals <= kMostDecimals && !exact_with(value, decimals)) ++decimals;
    if (decimals <= kMostDecimals) return decimals;
    for (decimals = 2; decimals < kMostDecimals; ++decimals) {
        const double scale = std::pow(10.0, decimals);
        bool apart = true;
        for (size_t i = 1; i < plain.size() && apart; ++i)
            apart = std::round(plain[i] * scale) != std::round(plain[i - 1] * scale);
        if (apart) break;
    }
    return decimals;
}

std::string number_text(double value, int decimals) {
    if (!std::isfinite(value)) return special_text(value);
    if (needs_exponent(value)) return exponent_text(value);
    std::string text = fmt::format("{:.{}f}", value, std::clamp(decimals, 0, 9));
    if (reads_zero(text)) {
        if (value != 0) return "~0";
        if (text.front() == '-') text.erase(0, 1);
    }
    return with_true_minus(std::move(text));
}

std::string number_text_short(double value, int most) {
    if (!std::isfinite(value)) return special_text(value);
    if (needs_exponent(value)) return exponent_text(value);
    const std::string text = number_text(value, most);
    if (text == "~0") return exponent_text(value);
    if (text.find('.') == std::string::npos) return text;
    const size_t last = text.find_last_not_of('0');
    return text.substr(0, text[last] == '.' ? last : last + 1);
}

std::string full_text(float value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
    if (value == 0) return "0";
    char buffer[32];
    const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value);
    return error == std::errc() ? std::string(buffer, end) : std::string();
}

std::string in_sum(const std::string& number) {
    return number.starts_with(kMinus) || number.starts_with('-') ? "(" + number + ")" : number;
}

size_t glyphs(std::string_view text) {
    return static_cast<size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

float digits_px(float cell_px, size_t characters, float scale) {
    const float glyph = 0.6f * static_cast<float>(std::max<size_t>(characters, 1));
    // Long numbers fill a small cell; in a larger one they keep a little apart from the next cell's.
    const float tight = (cell_px - 4 * scale) / glyph, airy = 0.86f * cell_px / glyph;
    const float widest = std::max(std::min(tight, airy), std::min(tight, 13 * scale));
    // 0.40 of the cell; small cells give their number more room, so that it stays readable.
    const float wanted = std::max(0.40f * cell_px, std::min(0.62f * cell_px, 12.5f * scale));
    const float size = std::floor(2 * std::min({wanted, widest, 26 * scale})) / 2;
    return size >= 11 * scale ? size : 0;
}

}  // namespace convscope
