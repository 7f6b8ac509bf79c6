// Parameters in other words and counts than PyTorch's: Keras' names, padding of both sides together. What is stored stays
// PyTorch's; what a person types in another notation is turned into it.
#pragma once

#include <optional>
#include <string>

#include "core/op.h"

namespace convscope {

struct Writing {
    bool keras = false;  // Keras' names and conventions
    bool total = false;  // padding counts both sides together
    bool operator==(const Writing&) const = default;
};

/// "kernel_size", or what Keras calls it; PyTorch's name where Keras has none.
const std::string& shown_name(const Field& field, Writing writing);
/// "Conv2d", or "Conv2D".
const std::string& shown_name(const Op& op, Writing writing);
/// The value as it counts there: momentum 0.1 is 0.9 in Keras, padding 1 is 2 in total. Words stay words.
Value shown_value(const Field& field, const Value& stored, Writing writing);

/// A typed value, or why it has no counterpart in PyTorch.
struct TypedValue {
    std::optional<Value> value;
    std::string problem;  // "": it could not be read
};
/// Reads what is typed in that notation. `plan` tells what 'same' comes to; null while the layer is impossible.
TypedValue read_value(const Field& field, std::string_view typed, const Value& stored, Writing writing,
                      const Plan* plan);

/// What has to be said beside the parameter in that notation: what Keras lacks, or counts in another way; mostly "".
std::string notation_note(const Field& field, const Value& stored, Writing writing, const Plan* plan);

/// Padding (transposed: cropped cells) before and behind, where Keras says 'same'.
struct Sides {
    int64_t before = 0, behind = 0;
    bool operator==(const Sides&) const = default;
};
/// Keras' rule for one axis: as many as make ⌈n/s⌉ cells of n, transposed n·s cells; the odd one behind.
Sides keras_same(const WindowAxis& axis);

}  // namespace convscope
