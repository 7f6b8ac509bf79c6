// Large grids in the window: frames while zooming, moving, hovering, telling of cells, and while a kernel value is dragged.
#include <cmath>

#include <benchmark/benchmark.h>

#include "app/canvas_input.h"
#include "app/cli/frame.h"
#include "app/window/headless.h"
#include "app/window/scripted_input.h"
#include "bench/window_case.h"

namespace convscope {
namespace {

enum class What { zoom, pan_far, pan_near, hover_far, hover_near, explain };

constexpr float kFar = 1;         // all of it on the canvas
constexpr int kZoomSteps = 80;    // of the wheel, until some ten cells fill the canvas

/// Where the last grid's middle stands while all of it is on the canvas, and the zoom that makes its cells 40 pixels wide.
struct Aim {
    Point from_middle;
    float near = 100;
};

Aim aim(const Frame& turn) {
    const Scene& scene = turn.scene();
    if (scene.grids.empty()) return {};
    const Grid& grid = scene.grids.back();
    const Point middle = grid.box.center();
    return {{middle.x - scene.size_px.x / 2, middle.y - scene.size_px.y / 2}, 40 / grid.cell_px};
}

/// That grid's middle in the canvas's.
Camera at_zoom(const Aim& aim, float zoom) { return {zoom, {-zoom * aim.from_middle.x, -zoom * aim.from_middle.y}}; }

void large(benchmark::State& state, const std::string& view, What what) {
    std::string error;
    const auto window = HeadlessWindow::make({}, error);
    if (!window) return state.SkipWithError(error.c_str());
    App app(grid_document(state.range(0)));
    open_case(app, view);
    Frame turn(*window, app);
    turn.settle();
    const Aim target = aim(turn);
    const Box canvas = turn.canvas();
    const Shape output = app.state.result->layers[0].output().shape();
    const bool near = what == What::pan_near || what == What::hover_near || what == What::explain;
    const Camera start = at_zoom(target, near ? target.near : what == What::pan_far ? 3 : kFar);
    app.state.camera = start;
    turn.settle();
    int64_t count = 0;
    if (what == What::hover_far || what == What::hover_near)
        window->on_input = [&] {
            point_at({canvas.x + canvas.w * (0.2f + 0.6f * static_cast<float>(count * 37 % 100) / 100),
                      canvas.y + canvas.h * (0.3f + 0.4f * static_cast<float>(count * 61 % 100) / 100)},
                     false);
        };
    double painted = 0;
    for (auto _ : state) {
        ++count;
        if (what == What::zoom) {
            const auto at = static_cast<float>(count % (2 * kZoomSteps));
            const float share = 1 - std::abs(at / kZoomSteps - 1);
            app.state.camera = at_zoom(target, std::pow(target.near, share));
        } else if (what == What::pan_far || what == What::pan_near) {
            app.state.camera.pan_px = {start.pan_px.x + static_cast<float>(count * 7 % 400),
                                       start.pan_px.y + static_cast<float>(count * 5 % 300)};
        } else if (what == What::explain) {
            pin_output(app, {0, 0, count * 977 % output.h, count * 1433 % output.w});
        }
        const int64_t shown = window->shown();
        turn.draw();
        finish_gl();
        if (window->shown() > shown) painted += static_cast<double>(window->painted_px());
    }
    // Of the window's pixels, a frame.
    state.counters["painted"] = painted / static_cast<double>(count) / (static_cast<double>(window->width_px()) * window->height_px());
}

/// A kernel value is dragged: all of the map follows in every frame.
void drag(benchmark::State& state, const std::string& view) {
    std::string error;
    const auto window = HeadlessWindow::make({}, error);
    if (!window) return state.SkipWithError(error.c_str());
    App app(grid_document(state.range(0)));
    open_case(app, view);
    Frame turn(*window, app);
    turn.settle();
    const Ref weight{Source::weight, 0, {0, 0, 1, 1}};
    int64_t count = 0, followed = 0;
    for (auto _ : state) {
        set_value(app, weight, static_cast<float>(++count % 100) / 10, "drag");
        turn.draw();
        finish_gl();
        followed += is_stale(app.state) ? 0 : 1;
    }
    state.counters["followed"] = static_cast<double>(followed) / static_cast<double>(count);
}

#define LARGE_BENCH(view, what)                                                                    \
    BENCHMARK_CAPTURE(large, view##_##what, #view, What::what)                                     \
        ->Name("large/" #what "/" #view)                                                           \
        ->Arg(4096)                                                                                \
        ->Unit(benchmark::kMillisecond)                                                            \
        ->UseRealTime()
#define LARGE_BENCHES(view)                                                                        \
    LARGE_BENCH(view, zoom);                                                                       \
    LARGE_BENCH(view, pan_far);                                                                    \
    LARGE_BENCH(view, pan_near);                                                                   \
    LARGE_BENCH(view, hover_far);                                                                  \
    LARGE_BENCH(view, hover_near);                                                                 \
    LARGE_BENCH(view, explain)
#define DRAG_BENCH(view)                                                                           \
    BENCHMARK_CAPTURE(drag, view, #view)                                                           \
        ->Name("drag/" #view)                                                                      \
        ->Arg(1024)                                                                                \
        ->Arg(4096)                                                                                \
        ->Unit(benchmark::kMillisecond)                                                            \
        ->UseRealTime()

LARGE_BENCHES(slide);
LARGE_BENCHES(maps);
LARGE_BENCHES(coverage);
DRAG_BENCH(slide);
DRAG_BENCH(maps);

}  // namespace
}  // namespace convscope
