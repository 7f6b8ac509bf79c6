// The way of a photograph from the file to the screen, part by part and as a whole. CONVSCOPE_PHOTO names a file; else one of
// 12 megapixels is made and compressed as JPEG and as PNG.
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <mutex>

#include <benchmark/benchmark.h>
#define STBI_WRITE_NO_STDIO
#include <stb_image_write.h>

#include "app/app.h"
#include "app/cli/frame.h"
#include "app/paint/picture_textures.h"
#include "app/window/headless.h"
#include "core/build_layer.h"
#include "core/io/files.h"
#include "core/io/image.h"
#include "core/memory.h"
#include "core/statistics.h"
#include "core/workers.h"

namespace convscope {
namespace {

constexpr int64_t kHeight = 3000, kWidth = 4000, kCoarseSide = 1024;

std::vector<unsigned char> made_pixels() {
    std::vector<unsigned char> rgba;
    const Tensor noise = generate("uniform", 1, {1, 1, kHeight, kWidth});
    for (const float v : noise.values()) {
        const auto soft = static_cast<double>(rgba.size()) / (16.0 * kHeight * kWidth);
        for (int c = 0; c < 3; ++c) rgba.push_back(static_cast<unsigned char>(180 * soft + 20 * c + 16 * v));
        rgba.push_back(255);
    }
    return rgba;
}

std::string as_jpeg(const std::vector<unsigned char>& rgba) {
    std::string bytes;
    const auto append = [](void* to, void* from, int size) {
        static_cast<std::string*>(to)->append(static_cast<const char*>(from), static_cast<size_t>(size));
    };
    stbi_write_jpg_to_func(append, &bytes, kWidth, kHeight, 4, rgba.data(), 90);
    return bytes;
}

enum Kind { jpeg, png };

const std::string& photo_file(Kind kind) {
    static const std::string kFiles[2] = {as_jpeg(made_pixels()), encode_png(kWidth, kHeight, made_pixels())};
    static const std::string kNamed = [] {
        const char* path = std::getenv("CONVSCOPE_PHOTO");
        return path ? read_file(path, kMaxImageBytes).bytes : std::string();
    }();
    return kNamed.empty() ? kFiles[kind] : kNamed;
}

const Tensor& photo() {
    static const Tensor kPhoto = load_image_bytes(bytes_of(photo_file(jpeg)), "photo").tensor;
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

void load(benchmark::State& state, Kind kind) {
    const std::string& file = photo_file(kind);
    for (auto _ : state)
        benchmark::DoNotOptimize(load_image_bytes(bytes_of(file), "photo", {false, state.range(0)}));
}
BENCHMARK_CAPTURE(load, jpeg, jpeg)->Name("photo/load_jpeg")->Arg(0)->Arg(kCoarseSide)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(load, png, png)->Name("photo/load_png")->Arg(0)->Arg(kCoarseSide)->Unit(benchmark::kMillisecond);

/// `fresh`: all memory is asked of the system, as the first time.
void maps(benchmark::State& state, bool fresh) {
    const Document document = photo_document();
    Workers workers;
    const Progress helped{.report = {}, .cancelled = {}, .workers = &workers};
    std::optional<Result> last;  // stays while the next one is made, as in the window
    for (auto _ : state) {
        state.PauseTiming();
        if (fresh) last.reset(), trim_memory();
        state.ResumeTiming();
        last = evaluate(document, {.levels = true}, helped);
    }
}
BENCHMARK_CAPTURE(maps, fresh, true)->Name("photo/evaluate_8_maps_fresh")->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(maps, again, false)->Name("photo/evaluate_8_maps")->Unit(benchmark::kMillisecond)->UseRealTime();

/// From the drop to the first maps on the canvas, and to all of them: medians.
void drop(benchmark::State& state, Kind kind) {
    const auto path = std::filesystem::temp_directory_path() / (kind == jpeg ? "convscope_bench.jpg" : "convscope_bench.png");
    std::string error;
    if (!write_file_atomically(path.string(), photo_file(kind), error)) return state.SkipWithError(error.c_str());
    Document document = photo_document();
    document = with_input_shape(document, {1, 3, 16, 16});
    std::vector<double> first_s, all_s;
    for (auto _ : state) {
        const auto window = HeadlessWindow::make({}, error);
        if (!window) return state.SkipWithError(error.c_str());
        App app(document);
        app.state.file = "own.json";  // the layers are the person's own, and stay
        choose_view(app, "maps");
        Frame turn(*window, app);
        turn.settle();
        const auto before = app.state.result;
        trim_memory();
        const auto start = std::chrono::steady_clock::now();
        const auto passed = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); };
        open_file(app, path.string());
        double first = 0;
        // As the window does: a frame when something was finished, else ten a second for the progress.
        std::mutex mutex;
        std::condition_variable woken;
        bool wakes = true;
        app.host.wake = [&] {
            const std::lock_guard lock(mutex);
            wakes = true;
            woken.notify_one();
        };
        while (!settled(app) || is_stale(app.state)) {
            {
                std::unique_lock lock(mutex);
                woken.wait_for(lock, std::chrono::milliseconds(100), [&] { return wakes; });
                wakes = false;
            }
            turn.draw();
            finish_gl();
            if (first == 0 && app.state.result != before && !is_stale(app.state)) first = passed();
        }
        turn.draw();
        finish_gl();
        first_s.push_back(first);
        all_s.push_back(passed());
    }
    std::filesystem::remove(path);
    std::ranges::sort(first_s);
    std::ranges::sort(all_s);
    state.counters["first_ms"] = 1000 * first_s[first_s.size() / 2];
    state.counters["all_ms"] = 1000 * all_s[all_s.size() / 2];
}
BENCHMARK_CAPTURE(drop, jpeg, jpeg)->Name("photo/drop_jpeg")->Iterations(5)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(drop, png, png)->Name("photo/drop_png")->Iterations(5)->Unit(benchmark::kMillisecond)->UseRealTime();

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
