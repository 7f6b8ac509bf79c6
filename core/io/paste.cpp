// Decides which kind of text was pasted; single numbers and places; the way out to the clipboard.
#include "core/io/paste.h"

#include <charconv>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "core/io/files.h"
#include "core/io/paste_parts.h"
#include "core/io/utf8.h"

namespace convscope {
namespace {

constexpr size_t kMaxPastedBytes = size_t(32) << 20;
constexpr std::string_view kMinus = "\u2212", kInfinity = "\u221E", kByteOrderMark = "\uFEFF";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' || c == '.';
}

/// "nan", "inf" or "infinity" in any case; none for anything else.
std::optional<double> read_word(std::string_view word) {
    std::string lower;
    for (const char c : word) lower.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
    if (lower == "nan") return std::numeric_limits<double>::quiet_NaN();
    if (lower == "inf" || lower == "infinity" || word == kInfinity)
        return std::numeric_limits<double>::infinity();
    return std::nullopt;
}

/// The token with an ASCII minus and without underscores between digits; none when an underscore stands elsewhere.
std::optional<std::string> plain(std::string_view token) {
    std::string result;
    if (token.starts_with(kMinus)) result = "-", token.remove_prefix(kMinus.size());
    for (size_t i = 0; i < token.size(); ++i) {
        if (token[i] == '_') {
            if (i == 0 || i + 1 == token.size() || !is_digit(token[i - 1]) ||
                !is_digit(token[i + 1]))
                return std::nullopt;
        } else if (token.substr(i).starts_with(kMinus)) {  // in an exponent
            result.push_back('-');
            i += kMinus.size() - 1;
        } else {
            result.push_back(token[i]);
        }
    }
    return result;
}

/// For text that from_chars calls out of range: true when it is too small rather than too large.
bool is_tiny(std::string_view number) {
    const size_t e = number.find_first_of("eE");
    const std::string_view mantissa = number.substr(0, e);
    int64_t exponent = 0;
    if (e != std::string_view::npos) {
        std::string_view digits = number.substr(e + 1);
        if (digits.starts_with('+')) digits.remove_prefix(1);
        // An exponent that itself is out of range is told by its sign.
        if (std::from_chars(digits.data(), digits.data() + digits.size(), exponent).ec !=
            std::errc())
            return digits.starts_with('-');
    }
    const size_t point = std::min(mantissa.find('.'), mantissa.size());
    const size_t first = mantissa.find_first_of("123456789");
    if (first == std::string_view::npos) return true;
    // Power of ten of the first digit, apart from one that does not matter here.
    const int64_t place = static_cast<int64_t>(point) - static_cast<int64_t>(first);
    return exponent < -place;
}

/// True for "[1", "(1", "tensor(", "kernel = [", "Parameter containing:\ntensor(": text for parse_lists.
bool looks_like_lists(std::string_view text) {
    size_t at = 0;
    const auto skip = [&] {
        while (at < text.size() && (text[at] == '\n' || text[at] == '\r' || skip_space(text, at)))
            if (text[at] == '\n' || text[at] == '\r') ++at;
    };
    skip();
    if (text.substr(at).starts_with("Parameter containing")) return true;
    while (at < text.size() && is_name_character(text[at])) ++at;
    skip();
    if (at >= text.size()) return false;
    return text[at] == '[' || text[at] == '(' || text[at] == '=';
}

/// The fewest digits that give the same float32, without an exponent where people rather read 100000 than 1e+05.
void append_value(std::string& text, float value) {
    if (std::isnan(value)) {
        text += "nan";  // to_chars would keep its sign
        return;
    }
    char digits[64];
    const float size = std::abs(value);
    const bool fixed = size == 0 || (size >= 1e-4f && size < 1e9f);
    const auto [end, wrong] =
        fixed ? std::to_chars(digits, digits + sizeof digits, value, std::chars_format::fixed)
              : std::to_chars(digits, digits + sizeof digits, value);
    if (wrong == std::errc()) text.append(digits, end);
}

}  // namespace

std::optional<double> read_number(std::string_view token) {
    const std::optional<std::string> text = plain(token);
    if (!text) return std::nullopt;
    std::string_view number = *text;
    const bool negative = number.starts_with('-');
    if (negative || number.starts_with('+')) number.remove_prefix(1);
    if (number.empty()) return std::nullopt;
    double value = 0;
    if (is_digit(number[0]) || number[0] == '.') {
        const auto [end, wrong] =
            std::from_chars(number.data(), number.data() + number.size(), value);
        if (end != number.data() + number.size() || wrong == std::errc::invalid_argument)
            return std::nullopt;
        if (wrong == std::errc::result_out_of_range)
            value = is_tiny(number) ? 0.0 : std::numeric_limits<double>::max();
    } else if (const std::optional<double> word = read_word(number)) {
        value = *word;
    } else {
        return std::nullopt;
    }
    return negative ? -value : value;
}

std::optional<float> as_float(double value) {
    // Halfway between float32's largest and 2^128: from there on PyTorch rounds to infinity.
    constexpr double kTooLarge = 0x1.ffffffp127;
    constexpr double kLargest = std::numeric_limits<float>::max();
    if (std::isfinite(value) && std::abs(value) >= kTooLarge) return std::nullopt;
    if (std::isfinite(value) && std::abs(value) > kLargest)
        return std::copysign(std::numeric_limits<float>::max(),
                             static_cast<float>(value < 0 ? -1 : 1));
    return static_cast<float>(value);
}

std::string quoted(std::string_view token) { return fmt::format("“{}”", display_text(token, 20)); }

std::string place_of(std::string_view text, size_t at) {
    size_t line = 1, column = 1;
    for (size_t i = 0; i < std::min(at, text.size());) {
        const bool line_end =
            text[i] == '\n' || (text[i] == '\r' && !text.substr(i + 1).starts_with('\n'));
        next_character(text, i);
        column = line_end ? 1 : column + 1;
        line += line_end ? 1 : 0;
    }
    return fmt::format("Line {}, column {}", line, column);
}

std::string counted(size_t count, std::string_view one, std::string_view many) {
    return fmt::format("{} {}", count, count == 1 ? one : many);
}

PasteResult refused(std::string_view text, size_t at, const std::string& what) {
    return {{}, fmt::format("{}: {}.", place_of(text, at), what)};
}

PasteResult too_many() {
    return {{},
            fmt::format("The text holds more than {} million numbers; that many are read.",
                        kMaxPastedValues / 1'000'000)};
}

bool skip_space(std::string_view text, size_t& at) {
    if (at >= text.size()) return false;
    size_t next = at;
    const char32_t c = next_character(text, next);
    const bool is_space = c == ' ' || c == '\t' || c == '\v' || c == '\f' || c == 0xA0 ||
                          c == 0x202F || c == 0x3000 || (c >= 0x2000 && c <= 0x200B);
    if (is_space) at = next;
    return is_space;
}

PasteResult parse_numbers(std::string_view text) {
    if (text.size() > kMaxPastedBytes)
        return {{},
                fmt::format("The text has {} MB; at most {} are read.", text.size() >> 20,
                            kMaxPastedBytes >> 20)};
    if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    return looks_like_lists(text) ? parse_lists(text) : parse_table(text);
}

std::string to_clipboard_text(const Tensor& tensor, int64_t n, int64_t c) {
    std::string text;
    const Shape shape = tensor.shape();
    if (tensor.empty() || !shape.contains({n, c, 0, 0})) return text;
    for (int64_t h = 0; h < shape.h; ++h) {
        for (int64_t w = 0; w < shape.w; ++w) {
            if (w > 0) text.push_back('\t');
            append_value(text, tensor.at({n, c, h, w}));
        }
        text.push_back('\n');
    }
    return text;
}

}  // namespace convscope
