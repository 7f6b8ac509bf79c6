#include "core/build_layer.h"

#include <numeric>

namespace convscope {

Layer build_layer(std::string_view op_id, const std::vector<Setting>& settings) {
    const Op* op = find_op(op_id);
    CHECK_THAT(op != nullptr, ==, true);
    Layer layer{op, standard_params(*op), {}, {}};
    for (const auto& [key, value] : settings) {
        const int field = field_index(*op, key);
        CHECK_THAT(field, >=, 0);
        Value& held = layer.params[static_cast<size_t>(field)];
        CHECK_THAT(held.index(), ==, value.index());
        held = value;
    }
    return layer;
}

void add_layer(Document& document, std::string_view op_id, const std::vector<Setting>& settings,
               Tensor weight, std::vector<float> bias) {
    document.layers.push_back(build_layer(op_id, settings));
    fit_weights(document);
    std::vector<Tensor>& weights = document.layers.back().weights;
    if (!weight.empty()) {
        CHECK_THAT(weights.at(0).shape() == weight.shape(), ==, true);
        weights[0] = std::move(weight);
    }
    if (!bias.empty()) {
        const auto channels = static_cast<int64_t>(bias.size());
        weights.at(1) = Tensor({1, channels, 1, 1}, std::move(bias));
    }
}

Document started(std::string_view name, Input input) {
    Document document;
    document.name = name;
    document.input = std::move(input);
    return document;
}

Document started(std::string_view name, Tensor input) {
    return started(name, Input{std::move(input), {}});
}

Tensor counted(Shape shape, float first) {
    std::vector<float> values(static_cast<size_t>(shape.count()));
    std::iota(values.begin(), values.end(), first);
    return {shape, std::move(values)};
}

}  // namespace convscope
