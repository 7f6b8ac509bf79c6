#include "app/step_count.h"

#include <algorithm>

namespace convscope {
namespace {

/// Channels that share one window's terms.
int64_t channels_of(const App& app) {
    const State& state = app.state;
    if (!state.result || state.result->layers.empty()) return 1;
    const auto& window = state.result->layers[static_cast<size_t>(shown_layer(app))].plan.window;
    if (!window) return 1;
    return std::max<int64_t>(
        1, app.timeline.order() == Order::by_output ? window->in_per_group : window->out_per_group);
}

}  // namespace

StepCount step_count(const App& app) {
    const Place place = app.timeline.at(app.state.play.step);
    const Timeline& timeline = app.timeline;
    const Unit unit = app.state.play.unit;
    const Shape cells = timeline.cells();
    const int64_t windows = timeline.windows();
    const int64_t done = !place.started    ? 0
                         : place.finishing ? windows
                                           : place.window + (place.window_done() ? 1 : 0);
    // Rows and maps count from where they begin: "map 1 of 8" is the first step, not the zeroth.
    const auto whole = [&](int64_t length) {
        return (done + std::max<int64_t>(1, length) - 1) / std::max<int64_t>(1, length);
    };
    const bool walks_whole = timeline.order() == Order::by_layer || timeline.order() == Order::by_batch;
    if (walks_whole && unit != Unit::pass) return {app.state.play.step, timeline.steps()};
    switch (unit) {
        case Unit::term:
            if (!timeline.has_windows()) return {done, windows};
            return {app.state.play.step, timeline.steps()};
        case Unit::channel: {
            if (!timeline.has_windows()) return {whole(cells.plane()), cells.n * cells.c};
            const int64_t channels = channels_of(app);
            const int64_t inside = place.started && !place.window_done() && place.terms > 0
                                       ? (place.term + 1) * channels / place.terms
                                       : 0;
            return {done * channels + inside, windows * channels};
        }
        case Unit::window: return {done, windows};
        case Unit::row: return {whole(cells.w), cells.n * cells.c * cells.h};
        case Unit::map: return {whole(cells.plane()), cells.n * cells.c};
        case Unit::layer:
        case Unit::batch:
        case Unit::pass: return {app.state.play.step >= timeline.steps() ? 1 : 0, 1};
    }
    return {};
}

}  // namespace convscope
