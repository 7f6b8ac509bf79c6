// What is shown: the input of the chosen view, and its scene.
#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "app/app_answers.h"
#include "app/app_compare.h"
#include "app/app_parts.h"

namespace convscope {
namespace {

std::string stale_reason(const App& app) {
    const State& state = app.state;
    if (state.problem) return state.problem->sentence;
    if (state.stopped) return "Computing was stopped: the picture is the one before the last change.";
    return "Computing the change.";
}

/// Nothing was computed yet: the reason in words.
Scene empty_scene(const App& app, Point size_px, float scale) {
    Scene scene;
    scene.size_px = size_px;
    scene.content = {0, 0, size_px.x, size_px.y};
    const std::optional<Problem>& problem = app.state.problem;
    const std::string first = problem ? problem->sentence : stale_reason(app);
    scene.caption.runs = {{first, Font::inter, Tone::ink}};
    scene.caption.second = problem ? problem->advice : "";
    const Point middle{size_px.x / 2, size_px.y / 2};
    scene.labels.push_back({middle, Align::center, 15 * scale, scene.caption.runs});
    scene.labels.push_back({{middle.x, middle.y + 28 * scale},
                            Align::center,
                            13.5f * scale,
                            {{scene.caption.second, Font::inter, Tone::ink2}}});
    return scene;
}

}  // namespace

ViewInput view_input(const App& app, Point size_px, float scale) {
    const State& state = app.state;
    ViewInput in;
    in.result = state.result.get();
    in.layer = shown_layer(app);
    in.timeline = &app.timeline;
    in.step = state.play.step;
    in.from_step = state.play.from_step;
    in.fraction = fraction(app);
    in.unit = state.play.unit;
    in.shown = state.shown;
    in.corner_weights = state.settings.corner_weights;
    in.shared_range = state.settings.shared_range;
    in.hover = state.selection.hover;
    in.pinned = chosen_cell(app);
    in.hover_action = state.selection.hover_action;
    in.stale = is_greyed(state);
    if (in.stale) in.stale_reason = stale_reason(app);
    in.size_px = size_px;
    in.scale = scale;
    in.camera = state.camera;
    in.lecture = state.lecture.on;
    if (auto hidden = answers(app); hidden && !in.stale) in.answers = std::make_shared<const Answers>(std::move(*hidden));
    for (const Network& network : state.others)
        if (network.result && !network.resizes) in.others.push_back(network.result.get());
    return in;
}

Scene build_scene(const App& app, Point size_px, float scale) {
    return app.state.lecture.on ? build_lecture(app, size_px) : build_views(app, size_px, scale);
}

Scene build_views(const App& app, Point size_px, float scale) {
    if (!layer_result(app)) return empty_scene(app, size_px, scale);
    const ViewInput in = view_input(app, size_px, scale);
    const std::vector<const View*> views = shown_views(app);
    const Network* const resize = resize_beside(app);
    if (!resize || !resize->result || resize->result->problem)
        return views.size() == 1 ? views[0]->build(in) : build_panes(in, views);
    // The same play head: the same output cell, in the terms of the other layer.
    OtherPane other{views[0], in, "resize", "Resize-convolution", resize->document.name};
    other.in.answers.reset();   // of the other layer's outputs nothing is asked
    other.in.result = resize->result.get();
    other.in.layer = static_cast<int>(resize->result->layers.size()) - 1;
    const Plan& plan = resize->result->layers.back().plan;
    const Timeline timeline(plan, app.timeline.order(), plan.output);
    other.in.timeline = &timeline;
    const auto step_there = [&](int64_t step) {
        if (step == app.timeline.steps()) return timeline.steps();
        const Place place = app.timeline.at(step);
        return place.started ? timeline.step_of(place.cell, std::numeric_limits<int64_t>::max()) : 0;
    };
    other.in.step = step_there(in.step);
    other.in.from_step = step_there(in.from_step);
    ViewInput compared = in;
    compared.compared = other.in.compared = true;
    return build_panes(compared, views, other);
}

}  // namespace convscope
