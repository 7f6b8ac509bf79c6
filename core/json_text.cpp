#include "core/json_text.h"

#include <cmath>
#include <cstdlib>

#include <fmt/format.h>

namespace convscope {
namespace {

template <class T>
Json special(T value) {
    if (std::isnan(value)) return "NaN";
    return value < 0 ? "-Infinity" : "Infinity";
}

/// One line, any bytes: broken UTF-8 in a string becomes U+FFFD instead of an exception.
std::string flat(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool is_plain(const Json& array) {
    for (const Json& item : array)
        if (item.is_structured()) return false;
    return true;
}

/// Plain values in lines of `in_line`; 0: all in one.
void print_values(std::string& out, const Json& array, size_t in_line, int indent) {
    const std::string margin = "\n" + std::string(static_cast<size_t>(indent), ' ');
    const bool many = in_line > 0 && array.size() > in_line;
    out += "[";
    for (size_t i = 0; i < array.size(); ++i) {
        if (i > 0) out += many && i % in_line == 0 ? "," : ", ";
        if (many && i % in_line == 0) out += margin + "  ";
        out += flat(array[i]);
    }
    out += many ? margin + "]" : "]";
}

void print(std::string& out, const Json& json, int indent) {
    const std::string margin = "\n" + std::string(static_cast<size_t>(indent), ' ');
    if (!json.is_structured() || json.empty()) {
        out += flat(json);
    } else if (json.is_array() && is_plain(json)) {
        print_values(out, json, 0, indent);
    } else if (json.is_array()) {
        out += "[";
        bool first = true;
        for (const Json& item : json) {
            out += std::exchange(first, false) ? "" : ",";
            out += margin + "  ";
            print(out, item, indent + 2);
        }
        out += margin + "]";
    } else {
        // A tensor's rows are as long as the last number of its shape.
        size_t row = 0;
        if (const auto shape = json.find("shape"); shape != json.end() && shape->is_array() &&
                                                   !shape->empty() &&
                                                   shape->back().is_number_integer())
            row = shape->back().get<size_t>();
        out += "{";
        bool first = true;
        for (const auto& [key, value] : json.items()) {
            out += std::exchange(first, false) ? "" : ",";
            out += margin + "  " + flat(key) + ": ";
            if (key == "data" && value.is_array() && is_plain(value))
                print_values(out, value, row, indent + 2);
            else
                print(out, value, indent + 2);
        }
        out += margin + "}";
    }
}

}  // namespace

Json number_json(float value) {
    if (!std::isfinite(value)) return special(value);
    if (value == std::trunc(value) && std::abs(value) < 0x1p24f &&
        !(value == 0 && std::signbit(value)))
        return static_cast<int64_t>(value);
    // Read as double, the fewest digits of a float32 are a short double that rounds back to it.
    const double shortest = std::strtod(fmt::format("{}", value).c_str(), nullptr);
    return static_cast<float>(shortest) == value ? shortest : static_cast<double>(value);
}

Json number_json(double value) {
    if (!std::isfinite(value)) return special(value);
    if (value == std::trunc(value) && std::abs(value) < 0x1p53 &&
        !(value == 0 && std::signbit(value)))
        return static_cast<int64_t>(value);
    return value;
}

Json tensor_json(const Tensor& tensor) {
    const Shape shape = tensor.shape();
    Json data = Json::array();
    for (const float value : tensor.values()) data.push_back(number_json(value));
    Json json;
    json["shape"] = {shape.n, shape.c, shape.h, shape.w};
    json["data"] = std::move(data);
    return json;
}

std::string json_text(const Json& json) {
    std::string out;
    print(out, json, 0);
    return out + "\n";
}

}  // namespace convscope
