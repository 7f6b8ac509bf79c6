// Large files, read aside. A photograph first comes small, so that its maps are there at once, then as large as the memory
// budget allows; what was edited in between is kept.
#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "app/app_parts.h"
#include "app/sample_images.h"
#include "assets/embedded.h"
#include "core/io/files.h"
#include "core/trouble.h"

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
                                 static_cast<double>(kMaxComputed) / (1.02 * ratio * largest));
    if (fits >= 1) return 0;
    const auto longest = static_cast<double>(std::max(coarse.height, coarse.width));
    return static_cast<int64_t>(longest * std::sqrt(fits));
}

/// The document's own input is that photograph as it was read.
FromImage origin_of(const Loaded& loaded, bool grey) {
    const Shape shape = loaded.image.tensor.shape();
    const bool scaled = shape.h != loaded.height || shape.w != loaded.width;
    return {loaded.path, grey, scaled ? std::max(shape.h, shape.w) : 0, loaded.image.note};
}

void tell(App& app, const Loaded& loaded) {
    say(app, fmt::format("{}: {}.", display_name(loaded.path), loaded.image.note));
}

void start_reading(App& app, const std::string& path, ImageOptions options) {
    app.state.loading = path;
    app.state.loading_s = 0;
    app.loader.start(path, options, is_image_file, app.host.wake);
}

/// The document's input is the small photograph `coarse`: more of it is made, where that fits. False: it is all there is.
bool ask_for_more(App& app, Loaded loaded, const Tensor& coarse) {
    if (!loaded.decoded) return false;
    const int64_t side = affordable_side(app, loaded);
    const Shape small = coarse.shape();
    if (side != 0 && side <= std::max(small.h, small.w)) return false;
    const bool grey = std::get<FromImage>(app.state.document.input.origin).grey;
    app.reading.coarse = coarse;
    app.state.loading = loaded.path;
    app.state.loading_s = 0;
    app.loader.again(std::move(loaded), {grey, side}, app.host.wake);
    return true;
}

/// The small photograph is shown; more of it, where that fits.
void take_coarse(App& app, Loaded loaded) {
    show_image(app, {loaded.image.tensor, origin_of(loaded, wants_grey(app.state))}, display_name(loaded.path));
    remember_file(app.state.settings, loaded.path);
    if (!ask_for_more(app, loaded, loaded.image.tensor)) tell(app, loaded);
}

/// It was read before, as far as `coarse`: goes on from there.
void take_coarse_again(App& app, Loaded loaded, const Tensor& coarse) {
    const bool same = app.state.document.input.tensor.same_as(coarse) && loaded.image.tensor.shape() == coarse.shape();
    if (same) ask_for_more(app, std::move(loaded), coarse);
}

/// More of the photograph that the document has, or had: no edit of its own, so every state of the history gets it.
void take_whole(App& app, const Loaded& loaded, const Tensor& coarse) {
    State& state = app.state;
    const bool shown = state.document.input.tensor.same_as(coarse);
    bool grey = false;
    for (const History::Entry& entry : state.history.entries())
        if (entry.document.input.tensor.same_as(coarse)) grey = std::get<FromImage>(entry.document.input.origin).grey;
    const Input whole{loaded.image.tensor, origin_of(loaded, grey)};
    const bool untouched = state.play.step == opening_step(app);
    state.history.replace_input(coarse, whole);
    if (state.saved.input.tensor.same_as(coarse)) state.saved.input = whole;
    if (!shown) return;
    tell(app, loaded);
    state.document.input = whole;
    select_nothing(app);
    app.opens = app.opens || untouched;
    state.refining = true;
    compute(app, false);
    if (!app.computing) state.refining = false;
}

/// The same file in another size or other colours.
void take_again(App& app, ImageResult image, const Reading::Again& again) {
    const Document& document = app.state.document;
    const auto* origin = std::get_if<FromImage>(&document.input.origin);
    if (!origin || !document.input.tensor.same_as(again.of)) return;  // another input by now
    Input input{std::move(image.tensor), FromImage{origin->path, again.options.grey, again.options.max_side, image.note}};
    edit(app, with_input(document, std::move(input)), again.gesture);
}

/// Nobody can come back to it.
bool is_lost(const State& state, const Tensor& input) {
    return std::ranges::none_of(state.history.entries(), [&](const History::Entry& entry) {
        return entry.document.input.tensor.same_as(input);
    });
}

}  // namespace

void start_loading(App& app, const std::string& path) {
    leave_loading(app);
    start_reading(app, path, {wants_grey(app.state), kCoarseSide});
}

void stop_loading(App& app) {
    if (app.state.loading.empty()) return;
    app.loader.cancel();
    app.state.loading.clear();
    app.state.loading_s = 0;
    app.reading.coarse = {};
    app.reading.again.reset();
}

void leave_loading(App& app) {
    std::vector<Tensor>& unfinished = app.reading.unfinished;
    if (!app.reading.coarse.empty()) unfinished.push_back(app.reading.coarse);
    std::erase_if(unfinished, [&](const Tensor& tensor) { return is_lost(app.state, tensor); });
    stop_loading(app);
}

void reread_image(App& app, ImageOptions options, const std::string& gesture) {
    const auto* origin = std::get_if<FromImage>(&app.state.document.input.origin);
    if (!origin) return;
    const Reading::Again again{app.state.document.input.tensor, options, gesture};
    if (is_read_aside(origin->path)) {
        leave_loading(app);
        app.reading.again = again;
        start_reading(app, origin->path, options);
        return;
    }
    const auto sample = std::ranges::find(sample_images(), origin->path, &SampleImage::name);
    ImageResult image = sample == sample_images().end() ? load_image(origin->path, options)
                                                        : load_image_bytes(assets::file(sample->path), sample->name, options);
    if (image.ok())
        take_again(app, std::move(image), again);
    else
        refuse(app, image.error);
}

void finish_reading(App& app) {
    if (!app.state.loading.empty()) return;
    const Input& input = app.state.document.input;
    std::vector<Tensor>& unfinished = app.reading.unfinished;
    const auto found = std::ranges::find_if(unfinished, [&](const Tensor& tensor) { return tensor.same_as(input.tensor); });
    const auto* origin = std::get_if<FromImage>(&input.origin);
    if (found == unfinished.end() || !origin) return;
    app.reading.coarse = std::move(*found);
    unfinished.erase(found);
    start_reading(app, origin->path, {origin->grey, kCoarseSide});
}

void take_loaded(App& app, double dt_s) {
    State& state = app.state;
    if (state.loading.empty()) return;
    state.loading_s += state.loading_s == 0 ? std::min(dt_s, 1.0 / 30) : dt_s;
    std::optional<Loaded> loaded = app.loader.take();
    if (!loaded) return;
    const Tensor coarse = std::exchange(app.reading.coarse, {});
    const auto again = std::exchange(app.reading.again, std::nullopt);
    state.loading.clear();
    state.loading_s = 0;
    if (!loaded->error.empty()) {
        refuse(app, loaded->error);
    } else if (!loaded->is_image && (again || !coarse.empty())) {
        refuse(app, display_name(loaded->path) + " is no image any more.");
    } else if (again) {
        take_again(app, std::move(loaded->image), *again);
    } else if (!loaded->is_image) {
        if (open_bytes(app, loaded->path, std::move(loaded->bytes))) remember_file(state.settings, loaded->path);
    } else if (loaded->again) {
        take_whole(app, *loaded, coarse);
    } else if (!coarse.empty()) {
        take_coarse_again(app, std::move(*loaded), coarse);
    } else {
        take_coarse(app, std::move(*loaded));
    }
    finish_reading(app);
}

}  // namespace convscope
