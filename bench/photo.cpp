// The way of a photograph from the file to the screen, part by part. CONVSCOPE_PHOTO names a file; else one of 12 megapixels is
// made and compressed as PNG.
#include <cstdlib>

#include <benchmark/benchmark.h>

#include "app/app.h"
#include "app/cli/frame.h"
#include "app/paint/picture_textures.h"
#include "app/window/headless.h"
#include "core/build_layer.h"
#include "core/io/files.h"
#include "core/io/image.h"
#include "core/statistics.h"

namespace convscope {
namespace {

constexpr int64_t kHeight = 3000, kWidth = 4000, kCoarseSide = 1024;

std::string made_photo() {
    std::vector<unsigned char> rgba;
    const Tensor noise = generate("uniform", 1, {1, 1, kHeight, kWidth});
    for (const float v : noise.values()) {
        const auto soft = static_cast<double>(rgba.size()) / (16.0 * kHeight * kWidth);
        for (int c = 0; c < 3; ++c)
            rgba.push_back(static_cast<unsigned char>(180 * soft + 20 * c + 16 * v));
        rgba.push_back(255);
    }
    return encode_png(kWidth, kHeight, rgba);
}

const std::string& photo_file() {
    static const std::string kBytes = [] {
        const char* path = std::getenv("CONVSCOPE_PHOTO");
        return path ? read_file(path, kMaxImageBytes).bytes : made_photo();
    }();
    return kBytes;
}

const Tensor& photo() {
    static const Tensor kPhoto = load_image_bytes(bytes_of(photo_file()), "photo").tensor;
    return kPhoto;
}

/// Eight kernels 3×3 on it.
Document photo_document() {
    Document document = standard_document();
    document.input = {photo(), {}};
    document.layers.clear();
    add_layer(document, "conv2d",
              {{"in_channels", photo().shape().c},
               {"out_channels", int64_t(8)},
               {"kernel_size", Pair{3, 3}},
               {"padding", Padding{}},
               {"bias", false}});
    return document;
}

void load(benchmark::State& state) {
    for (auto _ : state)
        benchmark::DoNotOptimize(
            load_image_bytes(bytes_of(photo_file()), "photo", {false, state.range(0)}));
}
BENCHMARK(load)->Name("photo/load")->Arg(0)->Arg(kCoarseSide)->Unit(benchmark::kMillisecond);

void maps(benchmark::State& state) {
    const Document document = photo_document();
    for (auto _ : state) benchmark::DoNotOptimize(evaluate(document, {}));
}
BENCHMARK(maps)->Name("photo/evaluate_8_maps")->Unit(benchmark::kMillisecond)->UseRealTime();

void statistics(benchmark::State& state) {
    const Plan plan = plan_only(photo_document()).layers[0].plan;
    for (auto _ : state) benchmark::DoNotOptimize(plane_statistics(photo(), plan, 0, 0));
}
BENCHMARK(statistics)->Name("photo/statistics_1_plane")->Unit(benchmark::kMillisecond);

void colours(benchmark::State& state) {
    Picture picture;
    picture.tensor = photo();
    const int64_t factor = state.range(0);
    for (auto _ : state)
        benchmark::DoNotOptimize(tile_colors(picture, Theme::light, factor, 0, 0,
                                             std::min<int64_t>(1024, kHeight / factor),
                                             std::min<int64_t>(1024, kWidth / factor)));
}
BENCHMARK(colours)->Name("photo/tile_colors")->Arg(1)->Arg(4)->Arg(16)->Unit(benchmark::kMillisecond);

/// A frame of the window on the finished maps: still, or zooming.
void frame(benchmark::State& state, bool zooms) {
    std::string error;
    const auto window = HeadlessWindow::make({}, error);
    if (!window) return state.SkipWithError(error.c_str());
    App app(photo_document());
    wait_until_settled(app);
    choose_view(app, "maps");
    Frame turn(*window, app);
    turn.settle();
    int count = 0;
    for (auto _ : state) {
        if (zooms) app.state.camera.zoom = std::pow(1.1f, static_cast<float>(++count % 40));
        turn.draw();
        finish_gl();
    }
}
BENCHMARK_CAPTURE(frame, still, false)->Name("photo/frame_still")->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(frame, zoom, true)->Name("photo/frame_zoom")->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace convscope
