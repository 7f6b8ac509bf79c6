// The state as JSON text. Numbers are written in the fewest digits that give the same float32 again.
#include "app/cli/dump.h"

#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/document_json.h"
#include "core/io/files.h"

namespace convscope {
namespace {

using Json = nlohmann::ordered_json;

std::string quoted(const std::string& text) {
    return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string trimmed(std::string text) {
    while (text.ends_with('\n')) text.pop_back();
    return text;
}

void append_number(std::string& out, float value) {
    if (std::isnan(value)) out += "\"NaN\"";
    else if (std::isinf(value)) out += value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
    else fmt::format_to(std::back_inserter(out), "{}", value);
}

std::string output_text(const Tensor& tensor) {
    const Shape s = tensor.shape();
    std::string out = fmt::format("{{\"shape\": [{}, {}, {}, {}], \"data\": [", s.n, s.c, s.h, s.w);
    out.reserve(out.size() + tensor.values().size() * 8);
    bool first = true;
    for (const float value : tensor.values()) {
        if (!first) out += ", ";
        first = false;
        append_number(out, value);
    }
    return out + "]}";
}

std::string play_head_text(const App& app) {
    const State& state = app.state;
    const Place place = app.timeline.at(state.play.step);
    Json head;
    head["layer"] = state.layer;
    head["step"] = state.play.step;
    head["steps"] = app.timeline.steps();
    head["order"] = app.timeline.order() == Order::by_input ? "by_input" : "by_output";
    head["unit"] = unit_name(state.play.unit, app.timeline.order());
    head["playing"] = state.play.playing;
    head["speed"] = state.play.speed;
    head["started"] = place.started;
    head["finishing"] = place.finishing;
    head["cell"] = {place.cell.n, place.cell.c, place.cell.h, place.cell.w};
    head["term"] = place.term;
    head["terms"] = place.terms;
    return head.dump();
}

Json cell_json(const std::optional<CellRef>& cell) {
    if (!cell) return nullptr;
    return {{"grid", cell->grid}, {"row", cell->row}, {"column", cell->column}};
}

/// The pinned cell by its tensor's name.
Json pinned_json(const App& app) {
    const auto& pinned = app.state.selection.pinned;
    const auto& result = app.state.result;
    if (!pinned || !result || result->layers.empty()) return nullptr;
    const Plan& plan = result->layers[static_cast<size_t>(shown_layer(app))].plan;
    const auto which = static_cast<size_t>(pinned->which);
    std::string grid = "input";
    if (pinned->source == Source::weight && which < plan.weights.size()) grid = plan.weights[which].name;
    if (pinned->source == Source::stage && which < plan.stages.size()) grid = plan.stages[which].name;
    return {{"grid", grid}, {"row", pinned->cell.h}, {"column", pinned->cell.w}};
}

/// What is not in the document: for tests and for people who look into a script.
std::string window_text(const App& app, const Scene& scene) {
    const State& state = app.state;
    Json window;
    window["caption"] = scene.caption.text();
    window["theme"] = state.settings.theme == Theme::dark ? "dark" : "light";
    window["zoom"] = state.camera.zoom;
    window["pan"] = {state.camera.pan_px.x, state.camera.pan_px.y};
    window["hover"] = cell_json(state.selection.hover);
    window["pinned"] = pinned_json(app);
    window["selected"] = state.selection.edit ? cell_json(state.selection.edit->cell) : Json();
    window["undo"] = state.history.can_undo() ? Json(state.history.undo_label()) : Json();
    window["redo"] = state.history.can_redo() ? Json(state.history.redo_label()) : Json();
    window["messages"] = Json::array();
    for (const Message& message : state.messages) window["messages"].push_back(message.text);
    return window.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string shown_error(const App& app) {
    if (app.state.problem) return app.state.problem->whole();
    const auto& messages = app.state.messages;
    return !messages.empty() && messages.back().error ? messages.back().text : "";
}

std::string dump_text(const App& app, const Scene& scene) {
    const auto& result = app.state.result;
    const bool has_output = result && !result->layers.empty() && !app.state.problem;
    const std::string error = shown_error(app);
    std::string out = "{\n\"document\": ";
    out += trimmed(to_json(app.state.document));
    out += ",\n\"view\": " + quoted(chosen_view(app).id);
    out += ",\n\"play_head\": " + play_head_text(app);
    out += ",\n\"output\": " + (has_output ? output_text(result->layers.back().output()) : "null");
    out += ",\n\"error\": " + (error.empty() ? "null" : quoted(error));
    out += ",\n\"window\": " + window_text(app, scene);
    out += "\n}\n";
    return out;
}

std::string write_dump(const App& app, const Scene& scene, const std::string& path) {
    const auto& result = app.state.result;
    if (result && !result->layers.empty()) {
        const Shape shape = result->layers.back().output().shape();
        if (shape.count() > kMaxDumped)
            return fmt::format("the output {} has {} values; at most {} are written", to_string(shape),
                               shape.count(), kMaxDumped);
    }
    std::string error;
    if (write_file_atomically(path, dump_text(app, scene), error)) return {};
    while (error.ends_with('.')) error.pop_back();
    return error;
}

}  // namespace convscope
