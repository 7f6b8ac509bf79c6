#include "bench/layer.h"

#include "core/presets.h"

namespace convscope {
namespace {

const Op& op_of(BenchOp op) {
    static constexpr const char* kIds[] = {"conv2d", "conv_transpose2d", "batch_norm2d",
                                           "max_pool2d", "relu"};
    return *find_op(kIds[static_cast<size_t>(op)]);
}

/// Sets the fields that the op has.
Params params_of(const BenchShape& shape) {
    const Op& op = op_of(shape.op);
    Params params = standard_params(op);
    const auto set = [&](const char* key, int64_t value) {
        const int at = field_index(op, key);
        if (at < 0) return;
        const auto i = static_cast<size_t>(at);
        params[i] = *parse_value(std::to_string(value), params[i], op.fields[i].choices);
    };
    set("in_channels", shape.channels);
    set("num_features", shape.channels);
    set("out_channels", shape.out_channels);
    set("kernel_size", shape.kernel);
    set("stride", shape.stride);
    set("padding", shape.padding);
    set("dilation", shape.dilation);
    set("groups", shape.groups);
    return params;
}

/// Uniform numbers from `low` to `high`.
Tensor random_tensor(Shape shape, uint64_t seed, float low, float high) {
    std::vector<float> values(static_cast<size_t>(shape.count()));
    uint64_t state = seed * 0x9E3779B97F4A7C15u + 1;
    for (float& value : values) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        value = low + (high - low) * static_cast<float>(state >> 40) * 0x1p-24f;
    }
    return Tensor(shape, std::move(values));
}

}  // namespace

BenchLayer::BenchLayer(const BenchShape& shape, int threads)
    : op(op_of(shape.op)), params(params_of(shape)), workers_(threads) {
    input = random_tensor({1, shape.channels, shape.height, shape.width}, 1, -1, 1);
    plan = op.plan(params, input.shape(), shape.training);
    CHECK_THAT(plan.problem.has_value(), ==, false);
    const bool is_norm = shape.op == BenchOp::batch_norm;
    for (const WeightSpec& spec : plan.weights) {
        const bool is_factor = is_norm && spec.name == "weight";
        weights.push_back(random_tensor(spec.shape, 2 + weights.size(), is_factor ? 0.5f : -1,
                                        is_factor ? 1.5f : 1));
    }
    if (shape.separable) weights[0] = kernel_preset("Gaussian blur", {shape.kernel, shape.kernel});
    for (const BufferSpec& spec : plan.buffers)
        buffers.push_back(random_tensor(spec.shape, 6 + buffers.size(), 0.25f, 1));
    progress_.workers = &workers_;
    grad_output = random_tensor(plan.output_stage().shape, 5, -1, 1);
    spare = Tensor(grad_output.shape());
    stages.resize(plan.stages.size());
    forward_ = {plan.output};
    backward_ = {plan.stage("grad_input")};
    for (const WeightSpec& spec : plan.weights)
        backward_.push_back(plan.stage("grad_" + spec.name));
}

void BenchLayer::forward() {
    const LayerInputs inputs{input, weights, buffers, plan.training};
    op.forward(params, plan, inputs, forward_, stages, progress_);
}

void BenchLayer::backward() {
    const LayerInputs inputs{input, weights, buffers, plan.training};
    op.backward(params, plan, inputs, grad_output, backward_, stages, progress_);
}

const Tensor& BenchLayer::buffer(std::string_view name) const {
    for (size_t i = 0; i < plan.buffers.size(); ++i)
        if (plan.buffers[i].name == name) return buffers[i];
    static const Tensor kNone;
    return kNone;
}

}  // namespace convscope
