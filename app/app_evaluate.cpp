// From an edited document to a picture: small ones at once, large ones on the worker while the last picture stays.
#include <algorithm>

#include <fmt/format.h>

#include "app/app_compare.h"
#include "app/app_parts.h"
#include "core/io/files.h"

namespace convscope {
namespace {

/// Multiply-adds that are computed within a frame.
constexpr double kAtOnce = 2e7;
/// While a gesture goes on, a computation under way is let finish this long, so that the picture follows.
constexpr double kLetFinishSeconds = 0.5;
/// What takes longer is told.
constexpr double kPatienceSeconds = 0.25;

void start_worker(App& app) {
    app.computing = true;
    app.next_waits = false;
    app.state.computing_s = 0;
    app.terms = work(app.state.document);
    app.evaluator.start(app.state.document, app.evaluating, app.host.wake);
}

void stop_worker(App& app) {
    if (app.computing) app.evaluator.cancel();
    app.computing = app.next_waits = false;
    app.state.computing_s = 0;
}

/// The time before its start does not count.
void count_time(double& seconds, double dt_s) { seconds += seconds == 0 ? std::min(dt_s, 1.0 / 30) : dt_s; }

void take_problem(State& state, const Result& result) {
    state.problem = result.problem;
    state.problem_layer = result.problem ? result.problem_layer : -1;
}

/// "820 thousand", "1.3 billion".
std::string short_count(double count) {
    if (count < 999.5e3) return fmt::format("{:.0f} thousand", count / 1e3);
    if (count < 999.5e6) return fmt::format("{:.0f} million", count / 1e6);
    return fmt::format("{:.1f} billion", count / 1e9);
}

/// What the views on the canvas need.
Want wanted(const App& app) {
    Want want;
    want.levels = true;
    want.most_bytes = app.memory_bytes;
    for (const View* view : shown_views(app)) {
        want.backward = want.backward || view->backward;
        if (view->order == Order::by_batch && view == &chosen_view(app))
            want.batch = std::max<int64_t>(1, app.state.play.step);
    }
    return want;
}

/// The result has all of that.
bool gives(const Result& result, const Want& want) {
    const int64_t last = result.document.batches;
    const bool gradients = !result.layers.empty() && !result.layers.back().grad_output.empty();
    return (gradients || !want.backward) &&
           result.batch == (want.batch == 0 ? last : std::min(want.batch, last));
}

/// Of the edited document, with all that is wanted.
bool is_up_to_date(const App& app) {
    return !is_stale(app.state) && gives(*app.state.result, app.evaluating);
}

/// A finished result becomes the picture; the play head stays on its cell.
void accept(App& app, Result result) {
    State& state = app.state;
    if (result.problem) {
        if (result.document == state.document) take_problem(state, result);
        return;
    }
    const PlaceMark mark = mark_place(app);
    state.result = std::make_shared<const Result>(std::move(result));
    state.refining = state.refining && is_stale(state);
    refresh_timeline(app);
    if (app.opens && !is_stale(state))
        open_picture(app);
    else
        return_to(app, mark);
}

/// The worker rests: its result becomes the picture, and it starts again when the document has moved on.
void take_result(App& app, Result result) {
    app.computing = false;
    app.state.computing_s = 0;
    accept(app, std::move(result));
    if (!is_up_to_date(app) && !app.state.problem) start_worker(app);
}

/// The picture stays, but the layer chosen may be another one of it.
void keep_picture(App& app) {
    const PlaceMark mark = mark_place(app);
    refresh_timeline(app);
    return_to(app, mark);
}

}  // namespace

void refresh_wants(App& app) {
    const Want want = wanted(app);
    if (want == app.evaluating || !app.state.result) return;
    app.evaluating = want;
    if (!app.state.problem && !is_up_to_date(app)) compute(app, false);
}

void compute(App& app, bool in_gesture) {
    State& state = app.state;
    state.stopped = false;
    if (is_up_to_date(app)) {
        stop_worker(app);
        take_problem(state, *state.result);
        if (app.opens) open_picture(app);
        return;
    }
    const Result plans = plan_only(state.document);
    take_problem(state, plans);
    if (plans.problem) {
        stop_worker(app);
        // A number typed digit by digit ("1", "11") passes through others: the last picture is the one before all of it.
        if (in_gesture && app.before_gesture) state.result = app.before_gesture;
        keep_picture(app);
        return;
    }
    if (work(state.document) <= kAtOnce) {
        stop_worker(app);
        const Progress helped{.report = {}, .cancelled = {}, .workers = &app.evaluator.workers()};
        if (auto result = evaluate(state.document, app.evaluating, helped))
            accept(app, std::move(*result));
        return;
    }
    keep_picture(app);
    if (in_gesture && app.computing && state.computing_s < kLetFinishSeconds)
        app.next_waits = true;
    else
        start_worker(app);
}

void take_finished(App& app, double dt_s) {
    take_loaded(app, dt_s);
    if (!app.computing) return;
    State& state = app.state;
    count_time(state.computing_s, dt_s);
    if (auto result = app.evaluator.take())
        take_result(app, std::move(*result));
    else if (app.next_waits && state.computing_s >= kLetFinishSeconds)
        start_worker(app);
}

bool settled(const App& app) {
    return !app.computing && app.state.loading.empty() && !app.previewer.busy() && compared_settled(app);
}

void wait_until_settled(App& app) {
    while (!app.state.loading.empty() || app.computing) {
        if (!app.state.loading.empty()) {
            app.loader.wait();
            take_loaded(app, 0);
            continue;
        }
        app.evaluator.wait();
        auto result = app.evaluator.take();
        if (!result) break;  // cannot be: nothing was cancelled
        take_result(app, std::move(*result));
    }
    app.computing = false;
    app.previewer.wait();
    for (refresh_compared(app); !compared_settled(app); refresh_compared(app)) app.evaluator.wait();
}

bool is_busy(const App& app) {
    const State& state = app.state;
    return state.computing_s > kPatienceSeconds || state.loading_s > kPatienceSeconds;
}

void stop_computing(App& app) {
    State& state = app.state;
    const bool was_computing = app.computing;
    stop_loading(app);
    stop_worker(app);
    state.refining = false;
    state.stopped = was_computing && is_stale(state);
}

void compute_again(App& app) { compute(app, false); }

ProgressTold progress_told(const App& app) {
    const State& state = app.state;
    if (!app.computing) {
        if (state.loading.empty()) return {};
        return {{}, fmt::format("Reading {}", display_name(state.loading))};
    }
    const double fraction = std::clamp(app.evaluator.fraction(), 0.0, 1.0);
    ProgressTold told{fraction, fmt::format("Computing {:.0f} %", 100 * fraction)};
    if (fraction < 0.02 || state.computing_s < 0.1) return told;
    told.text += fmt::format(" · {} products a second", short_count(fraction * app.terms / state.computing_s));
    const double left_s = state.computing_s * (1 - fraction) / fraction;
    told.text += left_s < 60 ? fmt::format(" · {:.{}f} s left", left_s, left_s < 10 ? 1 : 0)
                             : fmt::format(" · {:.0f} min left", std::ceil(left_s / 60));
    return told;
}

}  // namespace convscope
