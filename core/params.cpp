#include "core/params.h"

#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "core/number_text.h"

namespace convscope {
namespace {

template <class... Cases>
struct Overloaded : Cases... {
    using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;  // clang before 17 does not deduce it

std::string integer_text(int64_t value) {
    return value < 0 ? "−" + fmt::format("{}", value).substr(1) : fmt::format("{}", value);
}

std::string pair_text(Pair pair) {
    if (pair.h == pair.w) return integer_text(pair.h);
    return integer_text(pair.h) + "×" + integer_text(pair.w);
}

std::string pair_python(Pair pair) {
    return pair.h == pair.w ? fmt::format("{}", pair.h) : fmt::format("({}, {})", pair.h, pair.w);
}

/// Shortest decimal that reads back as the same double.
std::string double_python(double value) {
    if (std::isnan(value)) return "float('nan')";
    if (std::isinf(value)) return value < 0 ? "float('-inf')" : "float('inf')";
    std::string text = fmt::format("{}", value);
    return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

/// A factor without a point where it is whole: 2, 1.5.
std::string factor_python(double factor) {
    const std::string text = double_python(factor);
    return text.ends_with(".0") ? text.substr(0, text.size() - 2) : text;
}

std::string double_text(double value) {
    if (!std::isfinite(value)) return number_text(value);
    std::string text = fmt::format("{}", value);
    for (size_t at; (at = text.find('-')) != std::string::npos;) text.replace(at, 1, "−");
    return text;
}

std::string scale_text(Scale scale) {
    if (scale.h == scale.w) return double_text(scale.h);
    return double_text(scale.h) + "×" + double_text(scale.w);
}

std::string scale_python(Scale scale) {
    if (scale.h == scale.w) return factor_python(scale.h);
    return fmt::format("({}, {})", factor_python(scale.h), factor_python(scale.w));
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
        text.replace(at, from.size(), to);
}

/// Typed text with typographic signs as ASCII, lower case, without brackets, quotes and outer spaces.
std::string plain(std::string_view typed) {
    std::string text(typed);
    replace_all(text, "−", "-");
    replace_all(text, "×", " ");
    for (char& c : text) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        if (c == '(' || c == ')' || c == '[' || c == ']' || c == '\'' || c == '"' || c == '\t')
            c = ' ';
    }
    const size_t first = text.find_first_not_of(' ');
    if (first == std::string::npos) return "";
    return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

/// std::from_chars knows no plus; none where another sign follows it.
std::optional<std::string_view> without_plus(std::string_view text) {
    if (!text.starts_with('+')) return text;
    text.remove_prefix(1);
    return text.starts_with('+') || text.starts_with('-') ? std::nullopt : std::optional(text);
}

std::optional<int64_t> parse_integer(std::string_view typed) {
    const std::string_view text = without_plus(typed).value_or("");
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return {};
    return value;
}

std::optional<double> parse_double(std::string_view typed) {
    const std::string_view text = without_plus(typed).value_or("");
    if (text.empty() || text.find_first_not_of("0123456789.e+-") != std::string_view::npos)
        return {};
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return {};
    return value;
}

/// "3", or two numbers with space, comma or x between.
std::optional<Pair> parse_pair(std::string text) {
    for (char& c : text)
        if (c == ',' || c == 'x' || c == '*') c = ' ';
    text = plain(text);  // a comma at the end, as Python writes a tuple of one, is gone
    const size_t space = text.find(' ');
    if (space == std::string::npos) {
        const auto both = parse_integer(text);
        return both ? std::optional(Pair{*both, *both}) : std::nullopt;
    }
    const auto h = parse_integer(text.substr(0, space));
    const auto w = parse_integer(text.substr(text.find_first_not_of(' ', space)));
    return h && w ? std::optional(Pair{*h, *w}) : std::nullopt;
}

std::optional<Scale> parse_scale(std::string text) {
    for (char& c : text)
        if (c == ',' || c == 'x' || c == '*') c = ' ';
    text = plain(text);
    const size_t space = text.find(' ');
    if (space == std::string::npos) {
        const auto both = parse_double(text);
        return both ? std::optional(Scale{*both, *both}) : std::nullopt;
    }
    const auto h = parse_double(text.substr(0, space));
    const auto w = parse_double(text.substr(text.find_first_not_of(' ', space)));
    return h && w ? std::optional(Scale{*h, *w}) : std::nullopt;
}

/// The alternative T itself, not the optional one.
template <class T>
std::optional<Value> plain_value(const std::optional<T>& read) {
    return read ? std::optional(Value(*read)) : std::nullopt;
}

/// "none", or what `parse` reads.
template <class T, class Parse>
std::optional<Value> parse_optional(const std::string& text, Parse parse) {
    if (text == "none") return Value(std::optional<T>());
    const std::optional<T> read = parse(text);
    return read ? std::optional(Value(read)) : std::nullopt;
}

}  // namespace

std::string to_text(const Value& value) {
    return std::visit(Overloaded{
                          [](int64_t v) { return integer_text(v); },
                          [](const Pair& v) { return pair_text(v); },
                          [](bool v) { return std::string(v ? "on" : "off"); },
                          [](double v) { return double_text(v); },
                          [](const Choice& v) { return v.name; },
                          [](const Padding& v) {
                              if (v.kind == Padding::Kind::same) return std::string("same");
                              if (v.kind == Padding::Kind::valid) return std::string("valid");
                              return pair_text(v.pair);
                          },
                          [](const std::optional<Scale>& v) {
                              return v ? scale_text(*v) : std::string("none");
                          },
                          []<class T>(const std::optional<T>& v) {
                              return v ? to_text(Value(*v)) : std::string("none");
                          },
                      },
                      value);
}

std::string to_python(const Value& value) {
    return std::visit(Overloaded{
                          [](int64_t v) { return fmt::format("{}", v); },
                          [](const Pair& v) { return pair_python(v); },
                          [](bool v) { return std::string(v ? "True" : "False"); },
                          [](double v) { return double_python(v); },
                          [](const Choice& v) { return "'" + v.name + "'"; },
                          [](const Padding& v) {
                              if (v.kind == Padding::Kind::same) return std::string("'same'");
                              if (v.kind == Padding::Kind::valid) return std::string("'valid'");
                              return pair_python(v.pair);
                          },
                          [](const std::optional<Scale>& v) {
                              return v ? scale_python(*v) : std::string("None");
                          },
                          []<class T>(const std::optional<T>& v) {
                              return v ? to_python(Value(*v)) : std::string("None");
                          },
                      },
                      value);
}

std::optional<Value> parse_value(std::string_view typed, const Value& like,
                                 const std::vector<std::string>& choices) {
    const std::string text = plain(typed);
    return std::visit(Overloaded{
                          [&](int64_t) { return plain_value(parse_integer(text)); },
                          [&](const Pair&) { return plain_value(parse_pair(text)); },
                          [&](bool) -> std::optional<Value> {
                              if (text == "true" || text == "on" || text == "yes" || text == "1")
                                  return true;
                              if (text == "false" || text == "off" || text == "no" || text == "0")
                                  return false;
                              return {};
                          },
                          [&](double) { return plain_value(parse_double(text)); },
                          [&](const Choice&) -> std::optional<Value> {
                              for (const std::string& name : choices)
                                  if (plain(name) == text) return Choice{name};
                              return {};
                          },
                          [&](const Padding&) -> std::optional<Value> {
                              if (text == "same") return Padding{Padding::Kind::same, {}};
                              if (text == "valid") return Padding{Padding::Kind::valid, {}};
                              const auto pair = parse_pair(text);
                              return pair
                                         ? std::optional<Value>(Padding{Padding::Kind::pair, *pair})
                                         : std::nullopt;
                          },
                          [&](const std::optional<int64_t>&) {
                              return parse_optional<int64_t>(text, parse_integer);
                          },
                          [&](const std::optional<Pair>&) {
                              return parse_optional<Pair>(text, parse_pair);
                          },
                          [&](const std::optional<double>&) {
                              return parse_optional<double>(text, parse_double);
                          },
                          [&](const std::optional<Scale>&) {
                              return parse_optional<Scale>(text, parse_scale);
                          },
                      },
                      like);
}

}  // namespace convscope
