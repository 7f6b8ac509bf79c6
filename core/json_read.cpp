#include "core/json_read.h"

#include <algorithm>
#include <cmath>
#include <new>

#include <fmt/format.h>

#include "core/io/files.h"
#include "core/number_text.h"

namespace convscope {
namespace {

constexpr int kMaxDepth = 32;  // of brackets; a document needs 7

Pair read_pair(const Json& json, std::string_view key, std::string_view words) {
    if (json.is_number_integer()) {
        const int64_t both = read_whole(json, key);
        return {both, both};
    }
    if (!json.is_array() || json.size() != 2 || !json[0].is_number_integer() ||
        !json[1].is_number_integer())
        fail(key, fmt::format("must be {}, not {}", words, quoted(json)));
    return {read_whole(json[0], key), read_whole(json[1], key)};
}

/// Depth of the deepest bracket, strings aside: cheap, and before any parser allocates.
int bracket_depth(std::string_view text) {
    int depth = 0, deepest = 0;
    bool in_string = false;
    for (size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string && c == '\\')
            ++i;
        else if (c == '"')
            in_string = !in_string;
        else if (in_string)
            continue;
        else if (c == '[' || c == '{')
            deepest = std::max(deepest, ++depth);
        else if (c == ']' || c == '}')
            --depth;
    }
    return deepest;
}

/// "line 3, column 5: unexpected end of input" from nlohmann's message, which starts with its own error number.
std::string parse_reason(const std::string& message) {
    size_t from = message.find("parse error at ");
    if (from == std::string::npos) return display_text(message, 160);
    from += std::string_view("parse error at ").size();
    return display_text(message.substr(from), 160);
}

}  // namespace

void fail(std::string_view key, std::string_view reason) {
    throw BadJson{fmt::format("{} {}.", key, reason)};
}

Json parse_json(std::string_view text) {
    if (bracket_depth(text) > kMaxDepth) throw BadJson{"Its brackets are nested too deeply."};
    return Json::parse(text);
}

std::string json_failure() {
    try {
        throw;
    } catch (const BadJson& bad) { return bad.reason; } catch (const Json::parse_error& error) {
        return fmt::format("This is not JSON: {}.", parse_reason(error.what()));
    } catch (const Json::out_of_range& error) {
        // The only one of parsing: "… number overflow parsing '1e999'".
        const std::string what = error.what();
        const size_t quote = what.find('\'');
        const std::string number = quote == std::string::npos ? "" : what.substr(quote);
        return fmt::format("A number in it is larger than a computer's numbers go: {}.",
                           display_text(number, 60));
    } catch (const std::bad_alloc&) {
        return "There is not enough memory to read it.";
    } catch (const std::exception& error) {
        return fmt::format("It cannot be read: {}.", display_text(error.what(), 160));
    }
}

std::string quoted(const Json& json) {
    if (json.is_object()) return "an object";
    if (json.is_array() && json.size() > 8)
        return fmt::format("a list of {}", grouped_text(static_cast<int64_t>(json.size())));
    return display_text(json.dump(-1, ' ', false, Json::error_handler_t::replace), 40);
}

const Json* find(const Json& object, std::string_view name) {
    const auto it = object.find(name);
    return it == object.end() ? nullptr : &*it;
}

void expect_keys(const Json& json, std::string_view key, const std::vector<std::string>& valid,
                 std::string_view whole) {
    if (!json.is_object())
        fail(key.empty() ? whole : key, "must be an object, not " + quoted(json));
    for (const auto& [name, value] : json.items()) {
        if (std::ranges::find(valid, name) != valid.end()) continue;
        const std::string near = nearest_key(name, valid);
        const std::string path =
            fmt::format("{}{}{}", key, key.empty() ? "" : ".", display_text(name, 40));
        fail(path, near.empty() ? fmt::format("is no key of {}", whole)
                                : fmt::format("is no key of {}; \"{}\" is", whole, near));
    }
}

int64_t read_whole(const Json& json, std::string_view key) {
    if (json.is_number_unsigned() && json.get<uint64_t>() <= static_cast<uint64_t>(INT64_MAX))
        return static_cast<int64_t>(json.get<uint64_t>());
    if (json.is_number_integer() && !json.is_number_unsigned()) return json.get<int64_t>();
    fail(key, "must be a whole number, not " + quoted(json));
}

bool read_bool(const Json& json, std::string_view key) {
    if (!json.is_boolean()) fail(key, "must be true or false, not " + quoted(json));
    return json.get<bool>();
}

const std::string& read_string(const Json& json, std::string_view key) {
    if (!json.is_string()) fail(key, "must be a text, not " + quoted(json));
    return json.get_ref<const std::string&>();
}

double read_number(const Json& json, std::string_view key) {
    if (json.is_number()) return json.get<double>();
    if (json == "NaN") return std::nan("");
    if (json == "Infinity") return HUGE_VAL;
    if (json == "-Infinity") return -HUGE_VAL;
    fail(key, "must be a number, \"NaN\", \"Infinity\" or \"-Infinity\", not " + quoted(json));
}

Value read_value(const Json& json, const Field& field, const std::string& key) {
    const Value& like = field.standard;
    if (std::holds_alternative<int64_t>(like)) return read_whole(json, key);
    if (std::holds_alternative<Pair>(like))
        return read_pair(json, key, "a whole number or two of them");
    if (std::holds_alternative<bool>(like)) return read_bool(json, key);
    if (std::holds_alternative<double>(like)) return read_number(json, key);
    if (std::holds_alternative<Padding>(like)) {
        if (json == "same") return Padding{Padding::Kind::same, {}};
        if (json == "valid") return Padding{Padding::Kind::valid, {}};
        return Padding{Padding::Kind::pair,
                       read_pair(json, key, "a whole number, two of them, \"same\" or \"valid\"")};
    }
    if (std::holds_alternative<std::optional<int64_t>>(like))
        return json.is_null() ? Value(std::optional<int64_t>())
                              : Value(std::optional(read_whole(json, key)));
    if (std::holds_alternative<std::optional<Pair>>(like))
        return json.is_null() ? Value(std::optional<Pair>())
                              : Value(std::optional(
                                    read_pair(json, key, "a whole number, two of them or null")));
    if (std::holds_alternative<std::optional<double>>(like))
        return json.is_null() ? Value(std::optional<double>())
                              : Value(std::optional(read_number(json, key)));
    if (std::holds_alternative<std::optional<Scale>>(like)) {
        if (json.is_null()) return Value(std::optional<Scale>());
        if (!json.is_array()) {
            const double both = read_number(json, key);
            return Value(std::optional(Scale{both, both}));
        }
        if (json.size() != 2)
            fail(key, "must be a number, two of them or null, not " + quoted(json));
        return Value(std::optional(Scale{read_number(json[0], key), read_number(json[1], key)}));
    }
    const std::string& name = read_string(json, key);
    if (std::ranges::find(field.choices, name) == field.choices.end())
        fail(key, fmt::format("must be one of {}, not {}", fmt::join(field.choices, ", "),
                              quoted(json)));
    return Choice{name};
}

}  // namespace convscope
