// Reading JSON that people write: what is wrong is thrown as BadJson and becomes a sentence in json_failure. Every file
// that reads JSON keeps the exceptions inside.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/json_text.h"
#include "core/nearest_key.h"
#include "core/params.h"

namespace convscope {

/// What is wrong as one sentence, without the file's name: "layers[0].params.stride must be …."
struct BadJson {
    std::string reason;
};

/// Throws "<key> <reason>.".
[[noreturn]] void fail(std::string_view key, std::string_view reason);

/// The text as JSON. Brackets nested deeper than 32 are refused before anything is allocated.
Json parse_json(std::string_view text);

/// The sentence for the exception being handled: BadJson, the parser's, or no memory. To be called in `catch (...)`.
std::string json_failure();

/// A value as a sentence quotes it, shortened.
std::string quoted(const Json& json);

/// The member, or null where it is absent.
const Json* find(const Json& object, std::string_view name);

/// Fails unless `json` is an object with no other keys than these; a wrong one is named with the nearest valid one.
/// `key` names the object in sentences, "" the outermost one; `whole` is what that is.
void expect_keys(const Json& json, std::string_view key, const std::vector<std::string>& valid,
                 std::string_view whole);

int64_t read_whole(const Json& json, std::string_view key);
bool read_bool(const Json& json, std::string_view key);
const std::string& read_string(const Json& json, std::string_view key);
/// A number, "NaN", "Infinity" or "-Infinity".
double read_number(const Json& json, std::string_view key);
/// A parameter's value: of the alternative that the field holds.
Value read_value(const Json& json, const Field& field, const std::string& key);

}  // namespace convscope
