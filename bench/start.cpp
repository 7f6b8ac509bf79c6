// From nothing to the first frame without a display: context, shaders, fonts, document, panels, pixels.
#include <benchmark/benchmark.h>

#include "app/cli/frame.h"
#include "app/window/headless.h"

namespace convscope {
namespace {

void first_frame(benchmark::State& state) {
    for (auto _ : state) {
        std::string error;
        const auto window = HeadlessWindow::make({}, error);
        if (!window) return state.SkipWithError(error.c_str());
        App app(standard_document());
        Frame frame(*window, app);
        frame.draw();
        finish_gl();
    }
}
BENCHMARK(first_frame)->Name("start/first_frame")->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace convscope
