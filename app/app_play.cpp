// The play head: steps, motion and rest, the chosen view and layer.
#include <algorithm>
#include <cmath>
#include <limits>

#include "app/app_compare.h"
#include "app/app_parts.h"
#include "app/app_work.h"
#include "core/block_flow.h"

namespace convscope {
namespace {

constexpr double kSlowest = 0.25, kFastest = 16;
/// From this speed on steps jump without travelling.
constexpr double kJumps = 4;
/// Larger planes open as pictures, smaller ones as numbers.
constexpr int64_t kLargestNumberPlane = 40;

/// As a term number: Timeline takes the cell's last.
constexpr int64_t kLastTerm = std::numeric_limits<int64_t>::max();

bool offers(const std::vector<Unit>& units, Unit unit) {
    return std::find(units.begin(), units.end(), unit) != units.end();
}

/// Time of a move, and from its beginning to the next at 1×.
struct Pace {
    double move_s, period_s;
};
Pace pace(Unit unit) {
    switch (unit) {
        case Unit::term: return {0.120, 0.500};
        case Unit::channel:
        case Unit::window: return {0.180, 0.700};
        case Unit::row:
        case Unit::map:
        case Unit::layer:
        case Unit::batch:
        case Unit::pass: break;
    }
    return {0.180, 1.200};
}

double move_seconds(const State& state) {
    const PlayHead& play = state.play;
    if (state.settings.reduce_motion || (play.playing && play.speed >= kJumps)) return 0;
    return pace(play.moved).move_s / (play.playing ? play.speed : 1);
}

double rest_seconds(const State& state) {
    const PlayHead& play = state.play;
    const Pace one = pace(play.moved);
    const bool jumps = play.speed >= kJumps && !state.settings.reduce_motion;
    return (one.period_s - (jumps ? 0 : one.move_s)) / play.speed;
}

bool moving(const State& state) {
    return state.play.from_step != state.play.step && state.play.moving_s < move_seconds(state);
}

/// The shown sample and channels are those of the play head.
void follow_head(App& app) {
    State& state = app.state;
    const LayerResult* layer = layer_result(app);
    if (!layer) return;
    const Place place = app.timeline.at(state.play.step);
    if (place.finishing || !walks_cells(app.timeline)) return;
    Index output = place.cell;
    if (app.timeline.order() == Order::by_input)
        output = stamp_term(layer->plan, place.cell, place.term).output;
    state.shown = {output.n, output.c};
}

void stand_at(App& app, int64_t step) {
    PlayHead& play = app.state.play;
    play.step = play.from_step = std::clamp<int64_t>(step, 0, app.timeline.steps());
    play.moving_s = play.resting_s = 0;
    follow_head(app);
    refresh_wants(app);
}

void begin_move(App& app, int64_t step, Unit unit) {
    PlayHead& play = app.state.play;
    play.from_step = play.step;
    play.step = step;
    play.moved = unit;
    play.moving_s = play.resting_s = 0;
    follow_head(app);
    refresh_wants(app);
}

/// The offered view that shows a result best: stamps for a transposed layer, maps for images.
const View* suiting_view(const LayerResult& layer) {
    const Shape in = layer.input.shape();
    if (std::max(in.h, in.w) > kLargestNumberPlane)
        if (const View* maps = find_view("maps"); maps && maps->offered(layer.plan)) return maps;
    const Order order = layer.plan.window && layer.plan.window->transposed() ? Order::by_input
                                                                            : Order::by_output;
    for (const View& view : all_views())
        if (view.order == order && view.offered(layer.plan)) return &view;
    return nullptr;
}

void keep_unit_offered(App& app) {
    const std::vector<Unit> units = step_units(app);
    if (!offers(units, app.state.play.unit)) app.state.play.unit = units.front();
}

}  // namespace

bool walks_cells(const Timeline& timeline) {
    return timeline.order() == Order::by_output || timeline.order() == Order::by_input;
}

int shown_layer(const App& app) {
    const auto& result = app.state.result;
    const int last = result ? static_cast<int>(result->layers.size()) - 1 : 0;
    return std::clamp(app.state.layer, 0, std::max(0, last));
}

const Layer* chosen_layer(const App& app) {
    const State& state = app.state;
    const auto layer = static_cast<size_t>(state.layer);
    return state.layer >= 0 && layer < state.document.layers.size() && state.document.layers[layer].op
               ? &state.document.layers[layer]
               : nullptr;
}

const Plan* chosen_plan(const App& app) {
    return is_op_shown(app.state)
               ? &app.state.result->layers[static_cast<size_t>(app.state.layer)].plan
               : nullptr;
}

const LayerResult* layer_result(const App& app) {
    const State& state = app.state;
    if (!state.result || state.result->layers.empty()) return nullptr;
    return &state.result->layers[static_cast<size_t>(shown_layer(app))];
}

PlaceMark mark_place(const App& app) {
    const int64_t step = app.state.play.step;
    return {app.timeline.at(step), step > 0 && step == app.timeline.steps(), app.timeline.order()};
}

void return_to(App& app, const PlaceMark& mark) {
    const Place& place = mark.place;
    int64_t step = 0;
    if (mark.at_end || place.finishing)
        step = app.timeline.steps();
    else if (place.started)
        step = app.timeline.step_of(
            place.cell, place.window_done() ? kLastTerm : place.term);
    // A move under way goes on when nothing changed for it.
    if (step == app.state.play.step) {
        app.state.play.from_step = std::min(app.state.play.from_step, app.timeline.steps());
        follow_head(app);
        return;
    }
    stand_at(app, step);
}

/// What the words call a layer: in a view of gradients a block of the chain, unless there is only one.
int64_t layers_back(const App& app) {
    const auto blocks = static_cast<int64_t>(blocks_of(app.state.result->document).size());
    if (chosen_view(app).backward && blocks > 1) return blocks;
    return static_cast<int64_t>(app.state.result->layers.size());
}

void refresh_timeline(App& app) {
    const LayerResult* layer = layer_result(app);
    if (!layer) {
        app.timeline = {};
        return;
    }
    switch (const Order order = chosen_view(app).order) {
        case Order::by_layer:
            app.timeline = Timeline::counted(order, layers_back(app));
            break;
        case Order::by_batch:
            app.timeline = Timeline::counted(order, app.state.result->document.batches);
            break;
        default: app.timeline = Timeline(layer->plan, order, layer->plan.output);
    }
    keep_unit_offered(app);
}

void open_picture(App& app) {
    app.opens = false;
    if (app.returns) return return_to_stand(app, Stand(*app.returns));
    const LayerResult* layer = layer_result(app);
    if (!layer) return;
    const View* view = network_of(app.state.result->document) ? find_view("gradients") : suiting_view(*layer);
    if (view) app.state.view = view->id;
    refresh_timeline(app);
    for (const Unit unit : {Unit::layer, Unit::map, Unit::term})  // the last that is offered
        if (offers(step_units(app), unit)) app.state.play.unit = unit;
    go_to_step(app, opening_step(app));
}

int64_t opening_step(const App& app) {
    const Timeline& timeline = app.timeline;
    if (!walks_cells(timeline)) return timeline.steps();
    const Shape cells = timeline.cells();
    const Index first = timeline.first();
    // Right of the middle, where a window shows padding too.
    Index cell{0, cells.c / 2, (cells.h - 1) / 2, cells.w * 3 / 4};
    if (timeline.order() == Order::by_input)  // the middle, where stamps overlap
        cell = {0, cells.c / 2, first.h + cells.h / 2, first.w + cells.w / 2};
    if (!offers(step_units(app), Unit::term))  // an image: the first map, a place near its middle
        return timeline.step_of({0, 0, cells.h * 2 / 5, cells.w / 2}, kLastTerm);
    if (!timeline.has_windows()) return timeline.step_of(cell, kLastTerm);
    const int64_t terms = timeline.step_of(cell, kLastTerm) - timeline.step_of(cell, 0) + 1;
    return timeline.step_of(cell, (terms - 1) / 2);
}

std::optional<int64_t> stamp_step(const Plan& plan, const Term& term, const Timeline& by_input) {
    if (!plan.window || term.a.source != Source::input || term.b.source != Source::weight) return {};
    const Index source = term.padding.value_or(term.a.cell);
    // Term numbers run over output channels, rows and columns of the kernel.
    const int64_t within = term.b.cell.h * plan.window->w.kernel + term.b.cell.w;
    const Index first = stamp_term(plan, source, within).weight;
    const int64_t out = term.b.cell.n - first.n + (term.b.cell.c - first.c);
    const int64_t k = out * plan.window->h.kernel * plan.window->w.kernel + within;
    if (out < 0 || out >= plan.window->out_per_group || stamp_term(plan, source, k).weight != term.b.cell)
        return {};
    return by_input.step_of(source, k);
}

int64_t same_term(const App& app, const Timeline& from, int64_t step, const Timeline& to) {
    const LayerResult* layer = layer_result(app);
    const Place place = from.at(step);
    if (!walks_cells(to)) return to.steps();  // all layers, all batches
    if (!walks_cells(from)) return opening_step(app);
    if (!layer || !place.started) return 0;
    if (place.finishing || step == from.steps()) return to.steps();
    if (from.order() == to.order()) return to.step_of(place.cell, place.term);
    if (!layer->plan.window) return 0;
    const Plan& plan = layer->plan;

    if (from.order() == Order::by_output) {
        const Explanation told = explain(*app.state.result, shown_layer(app), plan.output, place.cell);
        // A bias or a zero of the padding has no stamp: the term before it does.
        for (int64_t t = std::min(place.term, static_cast<int64_t>(told.terms.size()) - 1); t >= 0; --t)
            if (const auto there = stamp_step(plan, told.terms[static_cast<size_t>(t)], to))
                return *there;
        return to.step_of(place.cell, 0);
    }
    // A cropped product has no output: the one before it in its stamp does.
    for (int64_t k = place.term; k >= 0; --k) {
        const StampTerm stamp = stamp_term(plan, place.cell, k);
        if (!stamp.lands) continue;
        const Explanation told = explain(*app.state.result, shown_layer(app), plan.output, stamp.output);
        for (size_t t = 0; t < told.terms.size(); ++t)
            if (told.terms[t].b.source == Source::weight && told.terms[t].b.cell == stamp.weight &&
                told.terms[t].padding.value_or(told.terms[t].a.cell) == place.cell)
                return to.step_of(stamp.output, static_cast<int64_t>(t));
    }
    return to.step_of(place.cell, 0);
}

const View& chosen_view(const App& app) {
    const View* wanted = find_view(app.state.view);
    const LayerResult* layer = layer_result(app);
    if (wanted && (!layer || is_offered(app, *wanted))) return *wanted;
    for (const View& view : all_views())
        if (!layer || is_offered(app, view)) return view;
    return all_views().front();
}

bool is_offered(const App& app, const View& view) {
    const LayerResult* layer = layer_result(app);
    return layer && view.offered(layer->plan) &&
           (!view.chains || app.state.result->layers.size() > 1);
}

bool can_show(const App& app, const View& view) {
    const auto walks = [](const View& v) {
        return v.order == Order::by_output || v.order == Order::by_input;
    };
    return is_offered(app, view) && walks(view) == walks(chosen_view(app));
}

void clear_beside(App& app) {
    app.state.beside.clear();
    app.state.camera = {};
    refresh_wants(app);
}

std::vector<const View*> shown_views(const App& app) {
    std::vector<const View*> views{&chosen_view(app)};
    for (const std::string& id : app.state.beside) {
        const View* view = find_view(id);
        if (view && can_show(app, *view) && std::ranges::find(views, view) == views.end()) views.push_back(view);
    }
    return views;
}

void toggle_beside(App& app, const std::string& id) {
    State& state = app.state;
    if (!find_view(id)) return;
    state.camera = {};
    if (id == state.view) {  // the leading one goes; the next leads
        if (state.beside.empty()) return;
        const std::string next = state.beside.front();
        state.beside.erase(state.beside.begin());
        choose_view(app, next);
    } else if (std::erase(state.beside, id) == 0) {
        if (state.beside.size() == kMostBeside) state.beside.pop_back();
        state.beside.push_back(id);
    }
    refresh_wants(app);
}

void choose_view(App& app, const std::string& id) {
    if (!find_view(id) || id == app.state.view) return;
    std::erase(app.state.beside, id);
    const Timeline before = app.timeline;
    const bool was_end = app.state.play.step > 0 && app.state.play.step == before.steps();
    app.state.view = id;
    app.state.camera = {};
    refresh_timeline(app);
    refresh_wants(app);
    if (before.order() == app.timeline.order()) return;
    stand_at(app, was_end ? app.timeline.steps()
                          : same_term(app, before, app.state.play.step, app.timeline));
}

void choose_layer(App& app, int layer) {
    const int last = static_cast<int>(app.state.document.layers.size()) - 1;
    layer = std::clamp(layer, 0, std::max(0, last));
    if (layer == app.state.layer) return;
    app.state.layer = layer;
    app.state.wanted_output.reset();
    app.state.camera = {};
    select_nothing(app);
    refresh_timeline(app);
    go_to_step(app, opening_step(app));
}

void step(App& app, int units) { step_unit(app, app.state.play.unit, units); }

void step_unit(App& app, Unit unit, int units) {
    int64_t target = app.state.play.step;
    for (int i = 0; i < std::abs(units); ++i) {
        const int64_t next =
            units > 0 ? app.timeline.forward(target, unit) : app.timeline.back(target, unit);
        if (next == target) break;
        target = next;
    }
    if (target == app.state.play.step) return;
    begin_move(app, target, unit);
}

void go_to_step(App& app, int64_t step) { stand_at(app, step); }

void go_to_cell(App& app, const CellRef& output) {
    const LayerResult* layer = layer_result(app);
    if (!layer || !walks_cells(app.timeline)) return;
    const Index cell{app.state.shown.n, app.state.shown.out_channel, output.row, output.column};
    if (!layer->output().shape().contains(cell)) return;
    if (app.timeline.order() == Order::by_output) {
        go_to_step(app, app.timeline.step_of(cell, kLastTerm));
        return;
    }
    // By input: when the last of its products has been added.
    int64_t done = 0;
    const Explanation told = explain(*app.state.result, shown_layer(app), layer->plan.output, cell);
    for (const Term& term : told.terms)
        done = std::max(done, stamp_step(layer->plan, term, app.timeline).value_or(0));
    go_to_step(app, done);
}

void set_playing(App& app, bool playing) {
    PlayHead& play = app.state.play;
    if (playing == play.playing || (playing && app.timeline.steps() == 0)) return;
    if (playing) {
        if (play.step == app.timeline.steps()) stand_at(app, 0);
        if (!moving(app.state)) play.resting_s = std::numeric_limits<double>::infinity();
    }
    play.playing = playing;
}

std::vector<Unit> step_units(const App& app) {
    const std::vector<Unit>& told = chosen_view(app).units;
    std::vector<Unit> units;
    for (const Unit unit : app.timeline.units())
        if (offers(told, unit)) units.push_back(unit);
    return units.empty() ? std::vector<Unit>{Unit::layer} : units;
}

void set_unit(App& app, Unit unit) {
    app.state.play.unit = unit;
    keep_unit_offered(app);
}

void set_speed(App& app, float speed) {
    if (std::isnan(speed)) return;
    app.state.play.speed = std::clamp(speed, static_cast<float>(kSlowest), static_cast<float>(kFastest));
}

void show_channel(App& app, int64_t out_channel) {
    const LayerResult* layer = layer_result(app);
    if (!layer || out_channel < 0 || out_channel >= layer->output().shape().c) return;
    app.state.shown.out_channel = out_channel;
    const Place place = app.timeline.at(app.state.play.step);
    if (app.timeline.order() != Order::by_output) return;
    stand_at(app, app.timeline.step_of({place.cell.n, out_channel, place.cell.h, place.cell.w},
                                       place.window_done() ? kLastTerm : place.term));
}

void advance_play(App& app, double dt_s) {
    PlayHead& play = app.state.play;
    for (;;) {
        if (moving(app.state)) {
            const double left = move_seconds(app.state) - play.moving_s;
            if (dt_s < left) {
                play.moving_s += dt_s;
                return;
            }
            play.moving_s = move_seconds(app.state);
            dt_s -= left;
        }
        const double rest = play.playing ? rest_seconds(app.state) - play.resting_s
                                         : std::numeric_limits<double>::infinity();
        if (dt_s < rest) {
            play.resting_s += dt_s;
            return;
        }
        dt_s -= std::max(rest, 0.0);
        const int64_t next = app.timeline.forward(play.step, play.unit);
        if (next != play.step) begin_move(app, next, play.unit);
        if (next == app.timeline.steps()) play.playing = false;
    }
}

float fraction(const App& app) {
    if (!moving(app.state)) return 1;
    const double t = app.state.play.moving_s / move_seconds(app.state);
    const double rest = 1 - t;
    if (app.state.play.moved == Unit::term) return static_cast<float>(1 - rest * rest * rest);
    return static_cast<float>(t < 0.5 ? 4 * t * t * t : 1 - 4 * rest * rest * rest);
}

bool animating(const App& app) { return app.state.play.playing || moving(app.state); }

double seconds_to_next_change(const App& app) {
    const State& state = app.state;
    if (moving(state)) return 0;
    double wait = 1e9;
    const auto soon = [&](double seconds) { wait = std::min(wait, std::max(0.0, seconds)); };
    if (state.play.playing) soon(rest_seconds(state) - state.play.resting_s);
    if (app.computing || !state.loading.empty()) soon(0.1);
    if (state.selection.hover && state.mouse.hover_s < kTooltipSeconds)
        soon(kTooltipSeconds - std::max(0.0, state.mouse.hover_s));
    for (const Message& message : state.messages)
        if (!message.error && message.offers.empty()) soon(kMessageSeconds - message.shown_s);
    return wait;
}

void update(App& app, double dt_s) {
    if (!(dt_s >= 0)) dt_s = 0;
    dt_s = std::min(dt_s, 3600.0);
    State& state = app.state;
    take_finished(app, dt_s);
    refresh_compared(app);
    advance_play(app, dt_s);
    state.mouse.hover_s = state.mouse.hover_s < 0 ? 0 : state.mouse.hover_s + dt_s;
    state.mouse.wheel_s += dt_s;
    for (Message& message : state.messages) message.shown_s += dt_s;
    std::erase_if(state.messages, [](const Message& message) {
        return !message.error && message.offers.empty() && message.shown_s >= kMessageSeconds;
    });
}

}  // namespace convscope
