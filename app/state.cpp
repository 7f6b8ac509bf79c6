// Questions about the state.
#include "app/state.h"

namespace convscope {
namespace {

/// A short computation does not flash grey.
constexpr double kPatienceSeconds = 0.25;

}  // namespace

Theme shown_theme(const State& state) {
    const Theme theme = state.lecture.on ? Theme::light : state.settings.theme;
    return state.settings.high_contrast ? contrasted(theme) : theme;
}

bool is_stale(const State& state) {
    return !state.result || state.result->document != state.document;
}

bool is_greyed(const State& state) {
    if (!is_stale(state)) return false;
    if (state.problem || state.stopped) return true;
    return state.computing_s > kPatienceSeconds && !state.refining;
}

bool is_changed(const State& state) { return state.document != state.saved; }

bool keeps_layers(const State& state) { return is_changed(state) || !state.file.empty(); }

}  // namespace convscope
