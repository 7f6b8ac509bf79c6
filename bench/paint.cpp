// Painting by headless EGL: one canvas, and one whole frame of the window with its panels.
#include <benchmark/benchmark.h>

#include "app/cli/frame.h"
#include "app/window/headless.h"
#include "bench/window_case.h"

namespace convscope {
namespace {

/// A canvas of that size, batch built and drawn, until the pixels are there.
void canvas(benchmark::State& state, const std::string& view, int width_px, int height_px) {
    std::string error;
    const auto context = HeadlessContext::make(error);
    if (!context) return state.SkipWithError(error.c_str());
    App app(grid_document(state.range(0)));
    open_case(app, view);
    const Scene scene =
        build_scene(app, {static_cast<float>(width_px), static_cast<float>(height_px)}, 1);
    GlPainter painter;
    Target target;
    for (auto _ : state) {
        painter.paint(scene, Theme::light, 1, target);
        finish_gl();
    }
    const GlPainter::Stats stats = painter.stats();
    state.counters["quads"] = static_cast<double>(stats.instances);
    state.counters["draws"] = static_cast<double>(stats.draw_calls);
    state.SetLabel(gl_description());
}

/// One frame of a window of that size: input, panels, scene, canvas, screen.
void frame(benchmark::State& state, int width_px, int height_px, bool steps) {
    WindowOptions options;
    options.width_px = width_px;
    options.height_px = height_px;
    std::string error;
    const auto window = HeadlessWindow::make(options, error);
    if (!window) return state.SkipWithError(error.c_str());
    App app(grid_document(state.range(0)));
    open_case(app, "slide");
    Frame turn(*window, app);
    turn.settle();
    int64_t step = app.timeline.steps() / 2;
    for (auto _ : state) {
        if (steps) go_to_step(app, step++);
        turn.draw();
        finish_gl();
    }
}

#define CANVAS_BENCH(view, width, height)                                       \
    BENCHMARK_CAPTURE(canvas, view##width, #view, width, height)                \
        ->Name("canvas/" #view "/" #width "x" #height)                          \
        ->Arg(7)                                                                \
        ->Arg(32)                                                               \
        ->Arg(64)                                                               \
        ->Unit(benchmark::kMillisecond)                                         \
        ->UseRealTime()
#define FRAME_BENCH(what, width, height, steps)                                 \
    BENCHMARK_CAPTURE(frame, what##width, width, height, steps)                 \
        ->Name("frame/" #what "/" #width "x" #height)                           \
        ->Arg(7)                                                                \
        ->Arg(32)                                                               \
        ->Arg(64)                                                               \
        ->Unit(benchmark::kMillisecond)                                         \
        ->UseRealTime()

CANVAS_BENCH(slide, 1280, 800);
CANVAS_BENCH(slide, 3840, 2160);
FRAME_BENCH(step, 1280, 800, true);
FRAME_BENCH(rest, 1280, 800, false);
FRAME_BENCH(step, 3840, 2160, true);
FRAME_BENCH(rest, 3840, 2160, false);

}  // namespace
}  // namespace convscope
