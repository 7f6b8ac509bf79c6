// Document ⇄ line. The first bytes of the JSON's SHA-256 go before it, so that a line that lost something says so.
#include "core/document_line.h"

#include <array>
#include <optional>

#include <fmt/format.h>

#include "core/document_files.h"
#include "core/document_outline.h"
#include "core/io/deflate.h"
#include "core/json_read.h"
#include "core/number_text.h"
#include "core/sha256.h"

namespace convscope {
namespace {

constexpr std::string_view kMark = "convscope:";
constexpr std::string_view kName = "The document line";
constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr size_t kCheckBytes = 6;
/// Fewer characters after the mark are a word of somebody's sentence.
constexpr size_t kLeastDigits = 40;
/// What a line may unpack to, and the numbers that are worth trying.
constexpr size_t kMostTextBytes = size_t(4) << 20;
constexpr int64_t kMostValues = 1 << 18;

std::string base64(std::string_view bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (size_t at = 0; at < bytes.size(); at += 3) {
        uint32_t group = 0;
        for (size_t i = 0; i < 3; ++i)
            group = group << 8 | (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0u);
        const size_t digits = std::min<size_t>(3, bytes.size() - at) + 1;
        for (size_t i = 0; i < 4; ++i) text += i < digits ? kDigits[group >> (18 - 6 * i) & 63] : '=';
    }
    return text;
}

/// Of digits alone, with or without "=" behind them.
std::string from_base64(std::string_view text) {
    while (text.ends_with('=')) text.remove_suffix(1);
    std::string bytes;
    bytes.reserve(text.size() * 3 / 4);
    uint32_t group = 0;
    int bits = 0;
    for (const char c : text) {
        group = group << 6 | static_cast<uint32_t>(kDigits.find(c));
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        bytes += static_cast<char>(group >> bits & 0xFF);
    }
    return bytes;
}

/// What stands behind the mark.
std::optional<std::string_view> find_digits(std::string_view text) {
    for (size_t at = text.find(kMark); at != std::string_view::npos; at = text.find(kMark, at + 1)) {
        std::string_view rest = text.substr(at + kMark.size());
        size_t end = rest.find_first_not_of(kDigits);
        if (end == std::string_view::npos) end = rest.size();
        if (end < kLeastDigits) continue;
        while (end < rest.size() && rest[end] == '=') ++end;
        return rest.substr(0, end);
    }
    return {};
}

std::string check_of(std::string_view json) { return sha256(json).substr(0, kCheckBytes); }

/// A line's JSON, or one sentence.
struct LineText {
    std::string json, error;
};
LineText refused(std::string reason) { return {"", fmt::format("{} {}", kName, reason)}; }

/// An object that points to a file: somebody else's line must not make this machine open its own.
bool names_a_file(const Json& json) {
    if (json.is_object() && (json.contains("file") || json.contains("image"))) return true;
    if (!json.is_structured()) return false;
    for (const Json& inner : json)
        if (names_a_file(inner)) return true;
    return false;
}

int64_t values_in(const Document& document) {
    int64_t values = 0;
    for (const Tensor* tensor : all_tensors(document))
        if (tensor != &document.input.tensor || !std::holds_alternative<Generated>(document.input.origin))
            values += tensor->shape().count();
    return values;
}

LineText line_text(std::string_view text) {
    const auto digits = find_digits(text);
    if (!digits) return refused("is missing: it begins with “convscope:”.");
    if (digits->size() > kMostLineBytes)
        return refused(fmt::format("has {} kB; at most {} kB are read.", digits->size() >> 10, kMostLineBytes >> 10));
    const std::string bytes = from_base64(*digits);
    auto json = bytes.size() > kCheckBytes
                          ? inflated(std::string_view(bytes).substr(kCheckBytes), kMostTextBytes) : std::nullopt;
    if (!json || check_of(*json) != bytes.substr(0, kCheckBytes))
        return refused("is incomplete or was changed on its way. Copy it again, from “convscope:” to its end.");
    try {
        if (names_a_file(parse_json(*json))) return refused("names a file; a line holds all its numbers.");
    } catch (...) { return {"", fmt::format("{}: {}", kName, json_failure())}; }
    return {std::move(*json), ""};
}

}  // namespace

DocumentLine document_line(const Document& document) {
    const int64_t values = values_in(document);
    const auto too_long = [&](const std::string& how_long) {
        return DocumentLine{"", fmt::format("The document is {} as a line, with its {} numbers; at most {} kB go into one. "
                                            "Save it as a file instead.",
                                            how_long, grouped_text(values), kMostLineBytes >> 10)};
    };
    if (values > kMostValues) return too_long("too long");
    const std::string json = whole_document_tree(document).dump(-1, ' ', false, Json::error_handler_t::replace);
    if (json.size() > kMostTextBytes) return too_long("too long");
    std::string line(kMark);
    line += base64(check_of(json) + deflated(json));
    if (line.size() > kMostLineBytes) return too_long(fmt::format("{} kB", (line.size() + 1023) >> 10));
    return {std::move(line), ""};
}

bool holds_document_line(std::string_view text) { return find_digits(text).has_value(); }

DocumentResult read_document_line(std::string_view text) {
    const LineText line = line_text(text);
    return line.error.empty() ? from_json(line.json, "", kName) : DocumentResult{{}, line.error};
}

DocumentOutline outline_line(std::string_view text) {
    const LineText line = line_text(text);
    return line.error.empty() ? outline_json(line.json, "", kName) : DocumentOutline{{}, {}, line.error};
}

}  // namespace convscope
