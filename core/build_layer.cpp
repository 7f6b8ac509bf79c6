#include "core/build_layer.h"

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

}  // namespace convscope
