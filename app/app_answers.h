// Answers in the window: predicting outputs, and the lecture whose answers stay hidden until asked for.
#pragma once

#include "app/app.h"

namespace convscope {

/// What the picture hides now; none: nothing.
std::optional<Answers> answers(const App& app);
/// The chosen view steps through cells of a layer small enough to be guessed at.
bool can_predict(const App& app);
/// Hides the outputs, all unknown, or shows them.
void set_predicting(App& app, bool on);
/// The output cell that is asked for: the selected one, the play head's, else the first unknown of the shown plane.
std::optional<Index> asked_output(const App& app);
/// A typed guess at an output cell: right, it is known from now on; wrong, `prediction` says why.
void guess(App& app, Index cell, const std::string& typed);
/// Without a guess: the asked output in a prediction, in a lecture those of the step.
void show_answer(App& app);
bool has_hidden_answer(const App& app);

void set_lecture(App& app, bool on);
/// Shows the step's answers where they are hidden, else goes one step on; back hides them again first.
void lecture_forward(App& app);
void lecture_back(App& app);

}  // namespace convscope
