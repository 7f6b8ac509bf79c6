#include "app/report.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/document_json.h"

#ifndef CONVSCOPE_VERSION
#define CONVSCOPE_VERSION ""
#endif

namespace convscope {
namespace {

constexpr size_t kMostDocumentBytes = 64 << 10;
constexpr size_t kMostLines = 20;
constexpr int64_t kMostValues = 1 << 20;

}  // namespace

std::string report(const App& app) {
    const State& state = app.state;
    std::string text = fmt::format("Convscope {}\n", CONVSCOPE_VERSION);
    text += fmt::format("Graphics: {}\n", app.host.graphics.empty() ? "none" : app.host.graphics);
    text += fmt::format("Interface: {} at {:.0f} %\n", is_dark(state.settings.theme) ? "dark" : "light",
                        static_cast<double>(state.settings.interface_scale) * 100);
    text += fmt::format("Shown: {}, layer {} of {}, step {} of {}\n", chosen_view(app).label, state.layer + 1,
                        state.document.layers.size(), state.play.step, app.timeline.steps());
    if (state.problem) text += "Impossible: " + state.problem->whole() + "\n";
    text += "\nSaid:\n";
    const size_t first = state.log.size() - std::min(state.log.size(), kMostLines);
    for (size_t i = first; i < state.log.size(); ++i)
        text += fmt::format("{} {}{}\n", state.log[i].at, state.log[i].error ? "(error) " : "", state.log[i].text);
    if (state.log.empty()) text += "nothing\n";
    text += "\nDocument:\n";
    const std::string document =
        state.document.input.tensor.shape().count() <= kMostValues ? to_json(state.document) : "";
    text += !document.empty() && document.size() <= kMostDocumentBytes ? document : "too large to stand here; save it and send the file";
    return text + "\n";
}

}  // namespace convscope
