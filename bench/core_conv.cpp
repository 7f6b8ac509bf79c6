// Convolutions and their transposes, forward and backward, on the shapes of bench/shapes.h, with one thread and with two;
// and whole documents, as the window evaluates them.
#include <algorithm>
#include <string>
#include <string_view>

#include <benchmark/benchmark.h>

#include "bench/layer.h"
#include "core/evaluate.h"
#include "core/presets.h"

namespace convscope {
namespace {

enum class Pass { forward, backward };

void layer(benchmark::State& state, const BenchShape& shape, Pass pass) {
    BenchLayer made(shape, static_cast<int>(state.range(0)));
    for (auto _ : state) pass == Pass::forward ? made.forward() : made.backward();
    state.SetItemsProcessed(state.iterations() * made.plan.output_stage().shape.count() *
                            shape.terms());
}

void document(benchmark::State& state, const DocumentPreset& preset, Want want) {
    Workers workers;
    Progress progress;
    progress.workers = &workers;
    const Document made = preset.make();
    for (auto _ : state) benchmark::DoNotOptimize(evaluate(made, want, progress));
}

bool is_convolution(const BenchShape& shape) {
    return shape.op == BenchOp::conv || shape.op == BenchOp::conv_transpose;
}

bool is_measured(const DocumentPreset& preset) {
    static constexpr std::string_view kNames[] = {"Convolution, batch norm, ReLU",
                                                  "DCGAN generator, small", "Encoder and decoder",
                                                  "Residual block"};
    return std::ranges::find(kNames, preset.name) != std::end(kNames);
}

/// Every convolution's two passes, and a few documents of the menu.
const bool kRegistered = [] {
    for (const BenchShape& shape : bench_shapes()) {
        if (!is_convolution(shape)) continue;
        for (const Pass pass : {Pass::forward, Pass::backward}) {
            const std::string name = shape.id + (pass == Pass::forward ? "" : "/backward");
            benchmark::RegisterBenchmark(name.c_str(), layer, shape, pass)
                ->ArgName("threads")
                ->Arg(1)
                ->Arg(2)
                ->Unit(benchmark::kMillisecond)
                ->UseRealTime();
        }
    }
    for (const DocumentPreset& preset : document_presets()) {
        if (!is_measured(preset)) continue;
        for (const bool backward : {false, true}) {
            const std::string name = "evaluate/" + preset.name + (backward ? "/backward" : "");
            benchmark::RegisterBenchmark(name.c_str(), document, preset, Want{.backward = backward})
                ->Unit(benchmark::kMillisecond)
                ->UseRealTime();
        }
    }
    return true;
}();

}  // namespace
}  // namespace convscope
