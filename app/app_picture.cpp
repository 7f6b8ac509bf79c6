// What is shown: the input of the chosen view, and the ledger's cell.
#include <algorithm>

#include <fmt/format.h>

#include "app/app_parts.h"

namespace convscope {
namespace {

/// The terms in the order in which stamps add them.
void order_by_stamps(const App& app, const LayerResult& layer, LedgerCell& ledger) {
    struct Dated {
        int64_t step;
        Term term;
    };
    std::vector<Dated> dated;
    // What is not stamped (a bias, zeros of the padding) is added when everything is finished.
    for (const Term& term : ledger.explanation.terms)
        dated.push_back({stamp_step(layer.plan, term, app.timeline).value_or(app.timeline.steps()), term});
    std::stable_sort(dated.begin(), dated.end(),
                     [](const Dated& a, const Dated& b) { return a.step < b.step; });
    const int64_t now = app.state.play.step;
    for (size_t t = 0; t < dated.size(); ++t) {
        ledger.explanation.terms[t] = std::move(dated[t].term);
        if (dated[t].step <= now) ledger.done = static_cast<int64_t>(t) + 1;
        if (dated[t].step == now) ledger.current = static_cast<int64_t>(t);
    }
}

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
    in.stale = is_greyed(state);
    if (in.stale) in.stale_reason = stale_reason(app);
    in.size_px = size_px;
    in.scale = scale;
    in.camera = state.camera;
    for (const Network& network : state.others)
        if (network.result) in.others.push_back(network.result.get());
    return in;
}

Scene build_scene(const App& app, Point size_px, float scale) {
    if (!layer_result(app)) return empty_scene(app, size_px, scale);
    const ViewInput in = view_input(app, size_px, scale);
    const std::vector<const View*> views = shown_views(app);
    return views.size() == 1 ? views[0]->build(in) : build_panes(in, views);
}

std::optional<LedgerCell> ledger(const App& app) {
    const State& state = app.state;
    const LayerResult* layer = layer_result(app);
    if (!layer) return {};
    LedgerCell ledger;
    ledger.layer = shown_layer(app);
    ledger.stage = layer->plan.output;
    const Shape shape = layer->output().shape();
    const auto tell = [&] {
        ledger.explanation = explain(*state.result, ledger.layer, ledger.stage, ledger.cell);
    };
    if (state.selection.pinned) {
        ledger.cell = state.selection.pinned_at;
        if (shape.contains(ledger.cell)) {
            tell();
            ledger.done = static_cast<int64_t>(ledger.explanation.terms.size());
            ledger.pinned = true;
            return ledger;
        }
    }
    if (!walks_cells(app.timeline)) {  // no cell is at work: one in the middle of the shown plane
        ledger.cell = {std::clamp<int64_t>(state.shown.n, 0, shape.n - 1),
                       std::clamp<int64_t>(state.shown.out_channel, 0, shape.c - 1), shape.h / 2,
                       shape.w / 2};
        tell();
        ledger.done = static_cast<int64_t>(ledger.explanation.terms.size());
        return ledger;
    }
    const Place place = app.timeline.at(state.play.step);
    if (app.timeline.order() == Order::by_output) {
        ledger.cell = place.cell;
        if (!shape.contains(ledger.cell)) return {};
        tell();
        ledger.done = place.started ? place.term + 1 : 0;
        ledger.current = place.started ? place.term : -1;
        return ledger;
    }
    // By input: the cell that the stamp reaches now. A cropped product belongs to none.
    const StampTerm stamp = stamp_term(layer->plan, place.cell, place.term);
    ledger.cell = stamp.output;
    if (!stamp.lands || !shape.contains(ledger.cell)) return {};
    tell();
    order_by_stamps(app, *layer, ledger);
    if (place.finishing) ledger.current = -1;
    return ledger;
}

}  // namespace convscope
