// Every op, one line each, in the order of menus.
#include "core/make_op.h"
#include "core/op.h"
#include "core/ops/avg_pool2d/avg_pool2d.h"
#include "core/ops/batch_norm2d/batch_norm2d.h"
#include "core/ops/conv2d/conv2d.h"
#include "core/ops/conv_transpose2d/conv_transpose2d.h"
#include "core/ops/gelu/gelu.h"
#include "core/ops/leaky_relu/leaky_relu.h"
#include "core/ops/max_pool2d/max_pool2d.h"
#include "core/ops/relu/relu.h"
#include "core/ops/sigmoid/sigmoid.h"
#include "core/ops/silu/silu.h"
#include "core/ops/tanh/tanh.h"
#include "core/ops/upsample/upsample.h"

namespace convscope {

const std::vector<Op>& all_ops() {
    static const std::vector<Op> ops{
        make_op<Conv2d>(),
        make_op<ConvTranspose2d>(),
        make_op<BatchNorm2d>(),
        make_op<MaxPool2d>(),
        make_op<AvgPool2d>(),
        make_op<Upsample>(),
        make_op<Relu>(),
        make_op<LeakyRelu>(),
        make_op<Sigmoid>(),
        make_op<Tanh>(),
        make_op<Gelu>(),
        make_op<Silu>(),
    };
    return ops;
}

const Op* find_op(std::string_view id) {
    for (const Op& op : all_ops())
        if (op.id == id) return &op;
    return nullptr;
}

Params standard_params(const Op& op) {
    Params params;
    for (const Field& field : op.fields) params.push_back(field.standard);
    return params;
}

int field_index(const Op& op, std::string_view key) {
    for (size_t i = 0; i < op.fields.size(); ++i)
        if (op.fields[i].key == key) return static_cast<int>(i);
    return -1;
}

}  // namespace convscope
