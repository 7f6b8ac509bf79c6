// Numbers, tensors and layout of every JSON text the program writes.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "core/tensor.h"

namespace convscope {

/// Keys stay in the order in which they were set.
using Json = nlohmann::ordered_json;

/// The fewest digits that read back as the same float32, a whole number without a point; "NaN", "Infinity",
/// "-Infinity" as strings.
Json number_json(float value);
Json number_json(double value);

/// {"shape": [n, c, h, w], "data": [...]}, whatever the size.
Json tensor_json(const Tensor& tensor);

/// JSON text that people can read: one key a line, an array of plain values in one line, a tensor's data row by row.
std::string json_text(const Json& json);

}  // namespace convscope
