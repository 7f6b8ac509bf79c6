#include "app/app_answers.h"

#include <algorithm>

#include "app/app_parts.h"
#include "app/scene/numbers.h"
#include "app/views/easel.h"
#include "app/views/story.h"
#include "core/guess.h"

namespace convscope {
namespace {

constexpr int64_t kMostTerms = 4096;   // of one step that are looked through for their outputs

bool is_about_this(const App& app) {
    const Prediction& prediction = app.state.prediction;
    return prediction.of.lock() == app.state.result && prediction.layer == shown_layer(app);
}

/// What was known of another picture is forgotten.
void begin_anew(App& app) {
    Prediction& prediction = app.state.prediction;
    if (is_about_this(app)) return;
    const bool on = prediction.on;
    prediction = {};
    prediction.on = on;
    prediction.of = app.state.result;
    prediction.layer = shown_layer(app);
}

/// The outputs that the step at the play head adds to, in order.
std::vector<Index> outputs_of_step(const App& app) {
    const LayerResult* layer = layer_result(app);
    const int64_t step = app.state.play.step;
    if (!layer || step == 0) return {};
    const int64_t from = std::max(app.timeline.back(step, app.state.play.unit), step - kMostTerms);
    ViewInput in;
    in.result = app.state.result.get();
    in.layer = shown_layer(app);
    in.timeline = &app.timeline;
    std::vector<Index> outputs;
    for (int64_t s = from + 1; s <= step; ++s)
        if (const auto output = moment_at(in, s).output) outputs.push_back(*output);
    std::ranges::sort(outputs);
    outputs.erase(std::unique(outputs.begin(), outputs.end()), outputs.end());
    return outputs;
}

}  // namespace

bool can_predict(const App& app) {
    const LayerResult* layer = layer_result(app);
    const std::vector<Unit>& units = chosen_view(app).units;
    const bool tells_cells = std::ranges::find(units, Unit::window) != units.end();
    return layer && tells_cells && !app.state.problem && walks_cells(app.timeline) && app.timeline.steps() > 0 &&
           layer->op_output().shape().count() <= kMostGuessed;
}

std::optional<Answers> answers(const App& app) {
    const State& state = app.state;
    const bool predicts = state.prediction.on && !state.lecture.on;
    const bool hides = state.lecture.on && state.lecture.hides;
    if ((!predicts && !hides) || !can_predict(app)) return {};
    Answers answers;
    answers.hides_all = predicts;
    answers.only_now = hides && state.play.unit == Unit::term;
    if (predicts || state.lecture.answered != state.play.step) answers.asked = outputs_of_step(app);
    if (predicts && is_about_this(app)) {
        answers.known = state.prediction.known;
        const Tensor& output = layer_result(app)->op_output();
        for (const Index cell : answers.known)
            answers.told.push_back(number_text(static_cast<double>(output.at(cell)), plane_decimals(output, cell.n, cell.c)));
        answers.wrong = state.prediction.wrong;
    }
    return answers;
}

void set_predicting(App& app, bool on) {
    app.state.prediction = {};
    app.state.prediction.on = on;
    begin_anew(app);
    select_nothing(app);
}

std::optional<Index> asked_output(const App& app) {
    const auto hidden = answers(app);
    const LayerResult* layer = layer_result(app);
    if (!hidden || !layer) return {};
    const auto& edit = app.state.selection.edit;
    if (edit && edit->ref.source == Source::stage && hidden->hides(edit->ref.cell)) return edit->ref.cell;
    for (const Index cell : hidden->asked)
        if (hidden->hides(cell)) return cell;
    const Shape shape = layer->op_output().shape();
    Index cell{app.state.shown.n, app.state.shown.out_channel, 0, 0};
    for (cell.h = 0; cell.h < shape.h; ++cell.h)
        for (cell.w = 0; cell.w < shape.w; ++cell.w)
            if (shape.contains(cell) && hidden->hides(cell)) return cell;
    return {};
}

void guess(App& app, Index cell, const std::string& typed) {
    begin_anew(app);
    const auto hidden = answers(app);
    if (!hidden || !hidden->hides(cell) || typed.empty()) return;
    Prediction& prediction = app.state.prediction;
    const Verdict verdict = judge_guess(*app.state.result, shown_layer(app), cell, typed);
    ++prediction.guesses;
    prediction.told = verdict.told;
    prediction.leads_on = verdict.leads_on;
    prediction.wrong.reset();
    if (!verdict.right) {
        prediction.wrong = WrongGuess{cell, typed};
        return;
    }
    ++prediction.right;
    prediction.known.insert(std::ranges::upper_bound(prediction.known, cell), cell);
}

bool has_hidden_answer(const App& app) {
    const auto hidden = answers(app);
    return hidden && (hidden->hides_all ? asked_output(app).has_value() : hidden->asks_any());
}

void show_answer(App& app) {
    if (app.state.lecture.on) {
        app.state.lecture.answered = app.state.play.step;
        return;
    }
    begin_anew(app);
    const auto cell = asked_output(app);
    if (!cell) return;
    Prediction& prediction = app.state.prediction;
    prediction.known.insert(std::ranges::upper_bound(prediction.known, *cell), *cell);
    prediction.wrong.reset();
    prediction.told.clear();
    prediction.leads_on.clear();
}

void set_lecture(App& app, bool on) {
    Lecture& lecture = app.state.lecture;
    const bool hides = lecture.hides;
    lecture = {};
    lecture.on = on;
    lecture.hides = hides;
    lecture.answered = app.state.play.step;   // what is on the screen already is no riddle
    select_nothing(app);
    app.state.camera = {};
}

void lecture_forward(App& app) {
    set_playing(app, false);
    if (has_hidden_answer(app))
        show_answer(app);
    else
        step(app, 1);
}

void lecture_back(App& app) {
    Lecture& lecture = app.state.lecture;
    set_playing(app, false);
    if (lecture.hides && lecture.answered == app.state.play.step && can_predict(app) && app.state.play.step > 0) {
        lecture.answered = -1;
        return;
    }
    step(app, -1);
    lecture.answered = app.state.play.step;
}

}  // namespace convscope
