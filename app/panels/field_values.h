// Values of parameters in fields: their text, what − and + make of them, and what "none" comes to.
#pragma once

#include <optional>
#include <string>

#include "app/app.h"
#include "core/notation.h"

namespace convscope {

/// What values without a number of their own come to, as far as the picture knows: where + starts from.
struct Resolved {
    Pair padding, stride{1, 1}, size{1, 1};
    Scale scale{1, 1};
};
Resolved resolved_values(const App& app);

/// "3 × 1", "1e-05", "none": what stands in a field, as it may be typed.
std::string field_text(const Value& value);
/// What − (−1) and + (1) make of a value; none for values that have no next one. Below the least number of an optional
/// stands none.
std::optional<Value> stepped(const Value& value, int step, const Field& field,
                             const Resolved& resolved);
/// What the parameter does to the chosen layer as it is: "Now the output is 4×4; 1 makes it 7×7, 3 makes it 3×3." "" where
/// the next values leave its size as it is. Values as that notation counts them.
std::string effect_text(const App& app, const Field& field, const Value& value, Writing writing);
/// "a whole number", "a number or none".
std::string expected_text(const Value& value);
bool is_optional(const Value& value);

}  // namespace convscope
