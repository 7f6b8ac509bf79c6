// What is shown: the input of the chosen view, and its scene.
#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "app/app_answers.h"
#include "app/app_compare.h"
#include "app/app_parts.h"
#include "app/commands.h"

namespace convscope {
namespace {

std::string stale_reason(const App& app) {
    const State& state = app.state;
    if (state.problem) return state.problem->sentence;
    if (state.stopped) return "Computing was stopped: the picture is the one before the last change.";
    return "Computing the change.";
}

/// What the grey picture is, and what brings colour back.
std::string stale_advice(const State& state) {
    if (state.problem) return "In grey: the last possible picture. Ctrl+Z brings it back.";
    if (state.stopped)
        return fmt::format("In grey: the last picture. {} computes the new one after all, Ctrl+Z takes the change back.",
                           find_command("Compute again")->key);
    return "In grey: the last picture, until the new one is computed.";
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
    if (in.stale) {
        in.stale_reason = stale_reason(app);
        in.stale_advice = stale_advice(state);
    }
    in.size_px = size_px;
    in.scale = scale;
    in.camera = state.camera;
    in.lecture = state.lecture.on;
    if (auto hidden = answers(app); hidden && !in.stale) in.answers = std::make_shared<const Answers>(std::move(*hidden));
    for (const Network& network : state.others)
        if (network.result && !network.resizes && !network.is_a) in.others.push_back(network.result.get());
    return in;
}

Scene build_scene(const App& app, Point size_px, float scale) {
    return app.state.lecture.on ? build_lecture(app, size_px) : build_views(app, size_px, scale);
}

namespace {

/// Cells of A and B at the same place whose numbers differ get a dashed frame.
void mark_differences(Scene& scene, const std::string& ours, const std::string& other) {
    std::vector<Plate> marks;
    for (const Grid& grid : scene.grids) {
        if (!grid.name.starts_with(ours + "/") || grid.role == Role::neutral) continue;
        const Grid* beside = scene.grid(other + grid.name.substr(ours.size()));
        if (!beside || grid.digits_px <= 0 || beside->digits_px <= 0) continue;
        for (int64_t row = grid.first_row; row < grid.first_row + grid.rows; ++row)
            for (int64_t column = grid.first_column; column < grid.first_column + grid.columns; ++column) {
                const Cell *a = grid.cell(row, column), *b = beside->cell(row, column);
                if (!a || !b || a->text.empty() || b->text.empty() || a->value == b->value) continue;
                if (a->state == CellState::running_sum || b->state == CellState::running_sum) continue;   // not done yet
                for (const Grid* at : {&grid, beside}) {
                    Plate mark;
                    mark.box = at->cell_box(row, column).grown(-3);
                    mark.border = Tone::ink2;
                    mark.border_px = 1.5f;
                    mark.radius_px = 3;
                    mark.dash_on = 3;
                    mark.dash_off = 2;
                    marks.push_back(mark);
                }
            }
    }
    scene.plates.insert(scene.plates.end(), marks.begin(), marks.end());
}

/// The step of another layer's timeline that is at the same cell.
int64_t same_place(const Timeline& from, int64_t step, const Timeline& to) {
    if (step == from.steps()) return to.steps();
    const Place place = from.at(step);
    if (!place.started) return 0;
    return to.step_of(place.cell, place.window_done() ? std::numeric_limits<int64_t>::max() : place.term);
}

}  // namespace

Scene build_views(const App& app, Point size_px, float scale) {
    if (!layer_result(app)) return empty_scene(app, size_px, scale);
    const ViewInput in = view_input(app, size_px, scale);
    const std::vector<const View*> views = shown_views(app);
    const Network* const resize = resize_beside(app);
    const Network* const a = a_beside(app);
    const bool has_resize = resize && resize->result && !resize->result->problem;
    if (!has_resize && !a) return views.size() == 1 ? views[0]->build(in) : build_panes(in, views);

    // The same play head: the same output cell, in the terms of the other layer.
    const Network& beside = has_resize ? *resize : *a;
    OtherPane other{views[0], in, "resize", "Resize-convolution", beside.document.name};
    if (!has_resize) {
        other.id = "A";
        other.label = "A";
        other.tells = differing_words(beside.document, app.state.document, shown_layer(app));
        other.own_label = "B, edited";
        other.own_tells = differing_words(app.state.document, beside.document, shown_layer(app));
    }
    other.in.answers.reset();   // of the other layer's outputs nothing is asked
    other.in.result = beside.result.get();
    other.in.layer = has_resize ? static_cast<int>(beside.result->layers.size()) - 1 : in.layer;
    const Plan& plan = beside.result->layers[static_cast<size_t>(other.in.layer)].plan;
    const bool walks = walks_cells(app.timeline);
    const Timeline timeline = walks ? Timeline(plan, app.timeline.order(), plan.output) : app.timeline;
    other.in.timeline = &timeline;
    // Equal layers have equal steps, terms and all.
    const bool same = walks && timeline.steps() == app.timeline.steps() && timeline.cells() == app.timeline.cells();
    other.in.step = same ? in.step : same_place(app.timeline, in.step, timeline);
    other.in.from_step = same ? in.from_step : same_place(app.timeline, in.from_step, timeline);
    ViewInput own = in;
    own.compared = other.in.compared = has_resize;
    if (has_resize) return build_panes(own, views, other);
    Scene scene = build_panes(own, {views[0]}, other);
    mark_differences(scene, views[0]->id, "A");
    return scene;
}

}  // namespace convscope
