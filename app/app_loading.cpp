// Large files, read aside. A photograph first comes small, so that its maps are there at once, then as large as the memory
// budget allows; what was edited in between is kept.
#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "app/app_parts.h"
#include "core/io/files.h"

namespace convscope {
namespace {

/// Of the quick first picture: about as many pixels as the canvas has.
constexpr int64_t kCoarseSide = 1024;

/// The longest side of the whole photograph, or of as much of it as can be computed within the budget; 0: all of it.
int64_t affordable_side(const App& app, const Loaded& coarse) {
    const Document& document = app.state.document;
    const Shape small = coarse.image.tensor.shape();
    const double whole = static_cast<double>(coarse.height) * static_cast<double>(coarse.width);
    const double ratio = whole / static_cast<double>(small.plane());
    double largest = static_cast<double>(small.count());
    for (const LayerResult& layer : plan_only(document).layers)
        largest = std::max(largest, static_cast<double>(layer.plan.output_stage().shape.count()));
    // Each byte of the small one's result stands for `ratio` bytes, and the levels.
    const double bytes = 1.1 * ratio * static_cast<double>(needed_bytes(document, app.evaluating));
    const double fits = std::min(static_cast<double>(app.memory_bytes) / bytes,
                                 static_cast<double>(kMaxValues) / (1.02 * ratio * largest));
    if (fits >= 1) return 0;
    const auto longest = static_cast<double>(std::max(coarse.height, coarse.width));
    return static_cast<int64_t>(longest * std::sqrt(fits));
}

void show_photo(App& app, const Loaded& loaded) {
    const ImageResult& image = loaded.image;
    const bool grey = wants_grey(app.state);
    show_image(app, {image.tensor, FromImage{loaded.path, grey, 0, image.note}}, display_name(loaded.path));
    remember_file(app.state.settings, loaded.path);
}

void tell(App& app, const Loaded& loaded) {
    say(app, fmt::format("{}: {}.", display_name(loaded.path), loaded.image.note));
}

/// The small photograph is shown; more of it, where that fits.
void take_coarse(App& app, Loaded loaded) {
    show_photo(app, loaded);
    if (!loaded.decoded) return tell(app, loaded);
    const int64_t side = affordable_side(app, loaded);
    auto& origin = std::get<FromImage>(app.state.document.input.origin);
    const Shape small = loaded.image.tensor.shape();
    if (side != 0 && side <= std::max(small.h, small.w)) {
        origin.max_side = kCoarseSide;
        return tell(app, loaded);
    }
    app.coarse = loaded.image.tensor;
    app.state.loading = loaded.path;
    app.state.loading_s = 0;
    app.loader.again(std::move(loaded), {origin.grey, side}, app.host.wake);
}

/// More of the photograph that the document has: no edit of its own, so every state of the history gets it.
void take_whole(App& app, const Loaded& loaded, const Tensor& coarse) {
    State& state = app.state;
    if (!state.document.input.tensor.same_as(coarse)) return;  // another input by now
    tell(app, loaded);
    auto origin = std::get<FromImage>(state.document.input.origin);
    const Shape shape = loaded.image.tensor.shape();
    const bool scaled = shape.h != loaded.height || shape.w != loaded.width;
    origin.max_side = scaled ? std::max(shape.h, shape.w) : 0;
    origin.note = loaded.image.note;
    const Input whole{loaded.image.tensor, std::move(origin)};
    const bool untouched = state.play.step == opening_step(app);
    state.history.replace_input(coarse, whole);
    if (state.saved.input.tensor.same_as(coarse)) state.saved.input = whole;
    state.document.input = whole;
    select_nothing(app);
    app.opens = app.opens || untouched;
    state.refining = true;
    compute(app, false);
    if (!app.computing) state.refining = false;
}

}  // namespace

void start_loading(App& app, const std::string& path) {
    stop_loading(app);
    app.state.loading = path;
    app.state.loading_s = 0;
    app.loader.start(path, {wants_grey(app.state), kCoarseSide}, is_image_file, app.host.wake);
}

void stop_loading(App& app) {
    if (app.state.loading.empty()) return;
    app.loader.cancel();
    app.state.loading.clear();
    app.state.loading_s = 0;
    app.coarse = {};
}

void take_loaded(App& app, double dt_s) {
    State& state = app.state;
    if (state.loading.empty()) return;
    state.loading_s += state.loading_s == 0 ? std::min(dt_s, 1.0 / 30) : dt_s;
    std::optional<Loaded> loaded = app.loader.take();
    if (!loaded) return;
    const Tensor coarse = std::exchange(app.coarse, {});
    state.loading.clear();
    state.loading_s = 0;
    if (!loaded->error.empty()) {
        refuse(app, loaded->error);
    } else if (!loaded->is_image) {
        if (open_bytes(app, loaded->path, std::move(loaded->bytes))) remember_file(state.settings, loaded->path);
    } else if (loaded->again) {
        take_whole(app, *loaded, coarse);
    } else {
        take_coarse(app, std::move(*loaded));
    }
}

}  // namespace convscope
