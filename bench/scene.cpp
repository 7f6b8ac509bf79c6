// Building scenes: what a step of the play costs before anything is painted.
#include <benchmark/benchmark.h>

#include "bench/window_case.h"

namespace convscope {
namespace {

void build(benchmark::State& state, const std::string& view) {
    App app(grid_document(state.range(0)));
    open_case(app, view);
    for (auto _ : state) benchmark::DoNotOptimize(build_scene(app, {1280, 800}, 1));
}

#define SCENE_BENCH(view)                                                       \
    BENCHMARK_CAPTURE(build, view, #view)                                       \
        ->Name("scene/" #view)                                                  \
        ->Arg(7)                                                                \
        ->Arg(32)                                                               \
        ->Arg(64)                                                               \
        ->Arg(4096)                                                             \
        ->Unit(benchmark::kMicrosecond)

SCENE_BENCH(slide);
SCENE_BENCH(scatter);
SCENE_BENCH(stretch);
SCENE_BENCH(matrix);
SCENE_BENCH(coverage);
SCENE_BENCH(maps);

}  // namespace
}  // namespace convscope
