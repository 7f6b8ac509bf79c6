// Documents written down in code: layers by the id of their op and the parameters that differ from the standard ones.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "core/document.h"

namespace convscope {

/// One parameter: PyTorch's name and a value of the alternative its field holds.
using Setting = std::pair<std::string_view, Value>;

/// A layer without weights. The op and its fields must exist.
Layer build_layer(std::string_view op_id, const std::vector<Setting>& settings = {});

/// Adds such a layer; weights are fresh, but the first one is `weight` and the second `bias` where they are not empty.
void add_layer(Document& document, std::string_view op_id, const std::vector<Setting>& settings = {},
               Tensor weight = {}, std::vector<float> bias = {});

/// A document without layers.
Document started(std::string_view name, Input input);
Document started(std::string_view name, Tensor input);

/// first, first + 1, …
Tensor counted(Shape shape, float first);

/// Values for settings.
inline Value both(int64_t v) { return Pair{v, v}; }
inline Value pad(int64_t v) { return Padding{Padding::Kind::pair, {v, v}}; }

}  // namespace convscope
