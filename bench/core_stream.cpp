// The ops that memory decides: batch norm, pools, activations, statistics of planes; forward and backward, on one and two
// threads. The names are those of the peers' table in README.md.
#include <benchmark/benchmark.h>

#include "core/build_layer.h"
#include "core/evaluate.h"
#include "core/map_statistics.h"
#include "core/workers.h"

namespace convscope {
namespace {

struct Case {
    const Op& op;
    Params params;
    bool training;
    Tensor input, grad_output;
    Plan plan;
    std::vector<Tensor> weights, buffers, stages;

    Case(const char* id, Shape shape, bool trains)
        : op(*find_op(id)),
          params(op.fit_channels(standard_params(op), shape.c)),
          training(trains),
          input(generate("uniform", 1, shape)),
          plan(op.plan(params, shape, trains)),
          stages(plan.stages.size()) {
        for (float& v : input.mutate()) v -= 0.5f;
        for (const WeightSpec& spec : plan.weights)
            weights.push_back(generate("uniform", 2, spec.shape));
        for (const BufferSpec& spec : plan.buffers) buffers.emplace_back(spec.shape, spec.initial);
        grad_output = generate("uniform", 3, plan.output_stage().shape);
    }
    LayerInputs inputs() const { return {input, weights, buffers, training}; }
};

void tell_bytes(benchmark::State& state, const Case& c) {
    const int64_t cells = c.input.shape().count() + c.plan.output_stage().shape.count();
    state.SetBytesProcessed(state.iterations() * cells * int64_t(sizeof(float)));
}

void forward(benchmark::State& state, const char* id, Shape shape, bool trains) {
    Case c(id, shape, trains);
    Workers workers(static_cast<int>(state.range(0)));
    const Progress progress{.report = {}, .cancelled = {}, .workers = &workers};
    const int wanted[]{c.plan.output};
    for (auto _ : state) c.op.forward(c.params, c.plan, c.inputs(), wanted, c.stages, progress);
    tell_bytes(state, c);
}

void backward(benchmark::State& state, const char* id, Shape shape, bool trains) {
    Case c(id, shape, trains);
    Workers workers(static_cast<int>(state.range(0)));
    const Progress progress{.report = {}, .cancelled = {}, .workers = &workers};
    std::vector<int> wanted{c.plan.stage("grad_input")};
    for (const WeightSpec& spec : c.plan.weights)
        wanted.push_back(c.plan.stage("grad_" + spec.name));
    for (auto _ : state)
        c.op.backward(c.params, c.plan, c.inputs(), c.grad_output, wanted, c.stages, progress);
    tell_bytes(state, c);
}

void statistics(benchmark::State& state, Shape shape) {
    const Case c("relu", shape, false);
    Workers workers(static_cast<int>(state.range(0)));
    const Progress progress{.report = {}, .cancelled = {}, .workers = &workers};
    std::vector<PlaneStatistics> all;
    for (auto _ : state) map_statistics(c.input, c.plan, progress, all);
    tell_bytes(state, c);
}

/// The whole document again and again, as an edit of a number does it; the last result stays until the next one is there.
void evaluate_again(benchmark::State& state, const char* id, Shape shape) {
    const Case c(id, shape, false);
    Document document;
    document.input.tensor = c.input;
    document.layers.push_back({&c.op, c.params, c.weights, {}, c.buffers});
    Workers workers(static_cast<int>(state.range(0)));
    const Progress progress{.report = {}, .cancelled = {}, .workers = &workers};
    std::optional<Result> shown;
    for (auto _ : state) shown = evaluate(document, {}, progress);
    tell_bytes(state, c);
}

/// A convolution of a photograph with batch norm and an activation after it: all of them kept, or the output alone.
void evaluate_chain(benchmark::State& state, bool output_only) {
    Document document = started("", Tensor({1, 3, 1080, 1920}, 0.5f));
    document.training = false;
    add_layer(
        document, "conv2d",
        {{"in_channels", int64_t(3)}, {"out_channels", int64_t(16)}, {"kernel_size", both(3)}});
    add_layer(document, "batch_norm2d", {{"num_features", int64_t(16)}});
    add_layer(document, "relu");
    Workers workers(static_cast<int>(state.range(0)));
    const Progress progress{.report = {}, .cancelled = {}, .workers = &workers};
    const Want want{.optional_stages = false, .output_only = output_only};
    std::optional<Result> shown;
    for (auto _ : state) shown = evaluate(document, want, progress);
    if (!shown || shown->problem) state.SkipWithError("the chain has a problem");
}

const int registered = [] {
    constexpr Shape kMaps{1, 64, 256, 256}, kPhoto{1, 3, 1080, 1920}, kWide{1, 16, 1080, 1920};
    struct Row {
        const char* name;
        const char* id;
        Shape shape;
        bool trains;
    };
    for (const Row& row : {Row{"n_bntrain_64x256", "batch_norm2d", kMaps, true},
                           Row{"n_bneval_64x256", "batch_norm2d", kMaps, false},
                           Row{"n_bntrain_3x1080p", "batch_norm2d", kPhoto, true},
                           Row{"n_bneval_3x1080p", "batch_norm2d", kPhoto, false},
                           Row{"o_maxpool_16x1080p", "max_pool2d", kWide, false},
                           Row{"o_avgpool_16x1080p", "avg_pool2d", kWide, false},
                           Row{"o_relu_16x1080p", "relu", kWide, false},
                           Row{"o_leaky_relu_16x1080p", "leaky_relu", kWide, false},
                           Row{"o_tanh_3x1080p", "tanh", kPhoto, false},
                           Row{"o_sigmoid_3x1080p", "sigmoid", kPhoto, false},
                           Row{"o_gelu_3x1080p", "gelu", kPhoto, false},
                           Row{"o_upsample_3x1080p", "upsample", kPhoto, false}}) {
        const std::string name = row.name;
        for (const auto& [suffix, pass] :
             {std::pair{"", &forward}, std::pair{"/backward", &backward}})
            benchmark::RegisterBenchmark((name + suffix).c_str(), pass, row.id, row.shape,
                                         row.trains)
                ->Arg(1)
                ->Arg(2)
                ->ArgName("threads")
                ->UseRealTime()
                ->Unit(benchmark::kMillisecond);
    }
    const auto more = [](const char* name, auto pass, auto... arguments) {
        benchmark::RegisterBenchmark(name, pass, arguments...)
            ->Arg(1)
            ->Arg(2)
            ->ArgName("threads")
            ->UseRealTime()
            ->Unit(benchmark::kMillisecond);
    };
    more("statistics_16x1080p", statistics, kWide);
    more("evaluate_relu_16x1080p", evaluate_again, "relu", kWide);
    more("evaluate_conv_bn_relu_1080p", evaluate_chain, false);
    more("evaluate_conv_bn_relu_1080p/output_only", evaluate_chain, true);
    return 0;
}();

}  // namespace
}  // namespace convscope
