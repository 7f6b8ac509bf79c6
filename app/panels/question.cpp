// Question: what the hidden output is that was asked for, the guess at it, and where a wrong one comes from.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "app/app_answers.h"
#include "app/canvas_input.h"
#include "app/panels/widgets.h"
#include "app/scene/fonts.h"
#include "app/views/story.h"

namespace convscope {
namespace {

using ui::px;

std::string place_of(const App& app, Index cell) {
    const Plan* plan = chosen_plan(app);
    return place_text(cell, plan && plan->output_stage().shape.c > 1);
}

/// The picture's outputs are the op's own; what a skip connection adds comes after.
bool is_before_skip(const App& app) {
    const Plan* plan = chosen_plan(app);
    return plan && plan->skip.sum >= 0;
}

void head(PanelContext& context, const Box& card, const std::optional<Index>& cell, bool wrong) {
    App& app = context.app;
    Prediction& prediction = app.state.prediction;
    const float y = card.y + px(context, 26), right = card.right() - px(context, 20);
    if (!cell) {
        ui::text(context, context.fonts.reading_bold, Tone::ink, {card.x + px(context, 20), y},
                 "Every output of this map is known");
        const float width = px(context, 120);
        if (ui::button(context, "Hide them again", {right - width, y - px(context, 15), width, px(context, 30)},
                       ui::Weight::primary))
            set_predicting(app, true);
        return;
    }
    const std::vector<ui::TextRun> runs{{context.fonts.reading_bold, Tone::ink, "What is output "},
                                        {context.fonts.mono_bold, Tone::output_text, place_of(app, *cell)},
                                        {context.fonts.reading_bold, Tone::ink, is_before_skip(app) ? ", before the skip?" : "?"}};
    ui::text(context, {card.x + px(context, 20), y}, runs);
    const float check_w = px(context, 96), field_w = px(context, 96), h = px(context, 30);
    const Box button{right - check_w, y - h / 2, check_w, h}, field{button.x - px(context, 8) - field_w, y - h / 2, field_w, h};
    const std::string shown = wrong ? prediction.wrong->text : app.state.selection.edit ? app.state.selection.edit->typed : "";
    const ui::TextEdit edit = ui::text_field(context, "Guess", field, shown, {.hint = "a number", .error = wrong});
    // What is typed here is the guess of the cell, wherever it is typed.
    const bool is_chosen = app.state.selection.edit && app.state.selection.edit->ref.source == Source::stage;
    if (edit.typed) {
        prediction.wrong.reset();
        if (!is_chosen) app.state.selection.edit = CellEdit{{"output", cell->h, cell->w}, {Source::stage, chosen_plan(app)->output, *cell}, "", true};
        app.state.selection.edit->typed = *edit.typed;
        app.state.selection.edit->typing = true;
    }
    const bool pressed = ui::button(context, wrong ? "Try again" : "Check", button, ui::Weight::primary);
    if (pressed && wrong) {
        prediction.wrong.reset();
        ui::focus_item("Question", "Guess");
        return;
    }
    if (pressed || edit.entered) {
        commit_typed(app);
        if (!app.state.prediction.wrong) app.state.selection.edit.reset();
    }
}

void feedback(PanelContext& context, const Box& room, bool asks, bool wrong) {
    const Prediction& prediction = context.app.state.prediction;
    float x = room.x, y = room.y + px(context, 10);
    std::string first = prediction.told, second = prediction.leads_on;
    if (!wrong && prediction.wrong) first.clear();   // it was said of another cell
    if (!wrong && first.empty() && asks) second = "Type into the cell or the field; Enter checks. Every number around it is yours to use.";
    if (wrong) {
        ui::text(context, context.fonts.icons, Tone::error_line, {x + px(context, 7), y}, icon::kWarning, Align::center);
        x += px(context, 24);
    }
    const auto lines = [&](const std::string& text, Tone tone) {
        for (const std::string& line : ui::wrapped(context.fonts.body, text, room.right() - x)) {
            if (text.empty() || y > room.bottom() - px(context, 8)) return;
            ui::text(context, context.fonts.body, tone, {x, y}, line);
            y += px(context, 19);
        }
    };
    lines(first, wrong ? Tone::ink : Tone::output_text);
    lines(second, Tone::ink2);
}

/// A hint, the answer, and how it went so far.
void help(PanelContext& context, const Box& room, const std::optional<Index>& cell) {
    App& app = context.app;
    float y = room.y;
    const auto button = [&](const char* label) {
        const Box box{room.x, y, room.w, px(context, 26)};
        y = box.bottom() + px(context, 6);
        return ui::button(context, label, box);
    };
    if (cell && button("Show its place")) {
        app.state.shown = {cell->n, cell->c};
        go_to_cell(app, {"output", cell->h, cell->w});
    }
    if (cell && button("Show the answer")) show_answer(app);
    const Prediction& prediction = app.state.prediction;
    if (prediction.guesses > 0)
        ui::text(context, context.fonts.mono_small, Tone::ink3, {room.right(), room.bottom() - px(context, 7)},
                 fmt::format("{} of {} right", prediction.right, prediction.guesses), Align::right);
}

}  // namespace

float question_height(const App& app) {
    if (!app.state.prediction.on) return 0;
    return can_predict(app) ? 160 : 76;   // the latter tells why not
}

void draw_question(PanelContext& context, const WindowLayout& layout) {
    App& app = context.app;
    if (!app.state.prediction.on || layout.question.h <= 1) return;
    const Box& place = layout.question;
    ui::begin_panel(context, "Question", place, Tone::canvas);
    const float side = px(context, 16);
    const Box card{place.x + side, place.y, place.w - 2 * side, place.h - px(context, 12)};
    ui::fill(context, card, Tone::panel, 12);
    ui::frame(context, card, Tone::line2, 1, 12);
    if (!can_predict(app)) {
        const char* const why = app.state.problem
                                    ? "Nothing to predict until the layer is possible again."
                                    : "This view has no single outputs to predict, or more than 4096. Choose Slide or Scatter, a smaller input, or press Q.";
        float y = card.y + px(context, 26);
        for (const std::string& line : ui::wrapped(context.fonts.body, why, card.w - px(context, 40))) {
            ui::text(context, context.fonts.body, Tone::ink2, {card.x + px(context, 20), y}, line);
            y += px(context, 19);
        }
        ui::end_panel();
        return;
    }
    const std::optional<Index> cell = asked_output(app);
    const auto& guessed = app.state.prediction.wrong;
    const bool wrong = guessed && cell && guessed->cell == *cell;
    head(context, card, cell, wrong);
    const float left = card.x + px(context, 20), right = card.right() - px(context, 20);
    ui::rule(context, left, right, card.y + px(context, 50));
    const float top = card.y + px(context, 60), high = card.bottom() - px(context, 8) - top, buttons = px(context, 132);
    feedback(context, {left, top, right - buttons - px(context, 16) - left, high}, cell.has_value(), wrong);
    help(context, {right - buttons, top, buttons, high}, cell);
    ui::end_panel();
}

}  // namespace convscope
