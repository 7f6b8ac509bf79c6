// Answers: which outputs of the shown layer are hidden until somebody has said them, and a scene without them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/scene/scene.h"

namespace convscope {

/// A number that was said for an output cell and is not right.
struct WrongGuess {
    Index cell;
    std::string text;              // as it was typed
    bool operator==(const WrongGuess&) const = default;
};

inline bool is_answer(CellState state) {
    return state == CellState::hidden || state == CellState::asked || state == CellState::guess_wrong;
}

struct Answers {
    bool hides_all = false;        // every output that is not known; else only those asked for
    bool only_now = false;         // of the products only the one that happens now; the sum of the others is known
    std::vector<Index> asked;      // in order: outputs that the step at the play head adds to
    std::vector<Index> known;      // in order: guessed right, or shown
    std::vector<std::string> told; // their numbers as text, where all others are hidden
    std::optional<WrongGuess> wrong;

    bool is_known(Index cell) const;
    bool asks(Index cell) const;   // it is asked for and not known
    bool hides(Index cell) const;
    bool asks_any() const;
    bool operator==(const Answers&) const = default;
};

/// Puts "?" in place of every number of the scene that is a hidden output of `layer`, or a sum or product on the way to it.
void hide_answers(Scene& scene, const Plan& plan, int layer, const Answers& answers);
void hide_answers(Caption& caption, const Plan& plan, int layer, const Answers& answers);
/// "What is output (2, 1)?" for a step that makes whole outputs. `many_channels`: the channel is said too.
Caption question(const Answers& answers, bool many_channels);

}  // namespace convscope
