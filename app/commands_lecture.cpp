// Commands of a lecture, and of predicting outputs.
#include "app/app_answers.h"
#include "app/commands_parts.h"

namespace convscope {
namespace {

bool in_lecture(const App& app) { return app.state.lecture.on; }
/// Esc frees a cell before it leaves.
bool can_leave(const App& app) {
    const Selection& selection = app.state.selection;
    return in_lecture(app) && !selection.edit && !selection.pinned;
}
bool has_marks(const App& app) { return in_lecture(app) && !app.state.lecture.marker.empty(); }
bool predicts(const App& app) { return app.state.prediction.on && !app.state.lecture.on; }

template <bool Lecture::*kMember>
void toggle(App& app) {
    app.state.lecture.*kMember = !(app.state.lecture.*kMember);
}

template <bool Lecture::*kMember>
bool is_on(const App& app) {
    return app.state.lecture.*kMember;
}

void toggle_hiding(App& app) {
    toggle<&Lecture::hides>(app);
    app.state.lecture.answered = -1;
}

}  // namespace

// clang-format off
void add_lecture_commands(std::vector<Command>& table) {
    constexpr bool kLecture = true;
    add_commands(table, "View", {
        {"Lecture mode", "F5", "Only the picture and its sentence, in large type on a light ground.", nullptr,
         [](App& app) { set_lecture(app, !app.state.lecture.on); }, kOwnKey, kRule, in_lecture},
        {"Full screen", "F11", "The window fills the screen it is on, or is a window again.",
         [](const App& app) { return app.host.set_full_screen != nullptr; },
         [](App& app) { app.host.set_full_screen(!app.host.full_screen()); }, kOwnKey, false,
         [](const App& app) { return app.host.full_screen && app.host.full_screen(); }},
        {"Fill the other monitor", "Shift+F11", "Puts the window on the next monitor, as large as that is: for a projector. There must be two.",
         [](const App& app) { return app.host.has_other_monitor && app.host.has_other_monitor(); },
         [](App& app) { app.host.fill_other_monitor(); }},
    });
    add_commands(table, "View/Lecture", {
        {"Next", "PageDown|Right|Space|Enter", "Shows the answer where one is hidden, else goes one step on.", in_lecture,
         lecture_forward, kCellsKey, false, nullptr, kLecture},
        {"Back", "PageUp|Left|Backspace", "Hides the answer again, then goes one step back.", in_lecture, lecture_back, kCellsKey,
         false, nullptr, kLecture},
        {"Hide answers", "H", "Each step's results are question marks until asked for.", in_lecture, toggle_hiding, kOwnKey, kRule,
         is_on<&Lecture::hides>, kLecture},
        {"Blank screen", "B|Period", "Empties the screen, or brings the picture back.", in_lecture, toggle<&Lecture::blank>,
         kOwnKey, false, is_on<&Lecture::blank>, kLecture},
        {"Laser pointer", "L", "While the key is held the pointer is a red dot.", in_lecture, toggle<&Lecture::laser>, kOwnKey, kRule,
         is_on<&Lecture::laser>, kLecture},
        {"Marker", "D", "While the key is held the pointer draws; the next step wipes it off.", in_lecture, toggle<&Lecture::draws>,
         kOwnKey, false, is_on<&Lecture::draws>, kLecture},
        {"Wipe marks off", "E", "Takes away what the marker drew.", has_marks,
         [](App& app) { app.state.lecture.marker.clear(); }, kCellsKey, false, nullptr, kLecture},
        {"Leave the lecture", "Esc", "Back to the window.", can_leave, [](App& app) { set_lecture(app, false); }, kOwnKey, kRule,
         nullptr, kLecture},
    });
}

void add_predict_commands(std::vector<Command>& table) {
    add_commands(table, "Step", {
        {"Predict outputs", "Q", "Hides the outputs: type what a cell will be, and see where a wrong number comes from.",
         [](const App& app) { return can_predict(app) || app.state.prediction.on; },
         [](App& app) { set_predicting(app, !app.state.prediction.on); }, kOwnKey, kRule,
         [](const App& app) { return app.state.prediction.on; }},
        {"Show the answer", "A", "Uncovers the number that is asked for.",
         [](const App& app) { return (predicts(app) || in_lecture(app)) && has_hidden_answer(app); }, show_answer},
    });
}
// clang-format on

}  // namespace convscope
