// expect: compares one number or sentence of the state with what the script says.
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/cli/dump.h"
#include "app/cli/script.h"
#include "app/cli/script_player.h"
#include "app/commands.h"
#include "app/ledger_copy.h"
#include "core/io/files.h"

namespace convscope {
namespace {

using Words = std::vector<std::string>;

std::string rest_of(const Words& words, size_t from) {
    std::string out;
    for (size_t i = from; i < words.size(); ++i) out += (i > from ? " " : "") + words[i];
    return out;
}

/// A tensor of the chosen layer and what a missing leading index means there.
struct Named {
    const Tensor* tensor = nullptr;
    Source source = Source::stage;
    int which = 0;
};

Named find_tensor(const Result& result, int layer, const std::string& name, std::string& names) {
    const LayerResult& at = result.layers[static_cast<size_t>(layer)];
    const Layer& document_layer = result.document.layers[static_cast<size_t>(layer)];
    names = "input, output";
    if (name == "input") return {&at.input, Source::input, 0};
    if (name == "output") return {&at.output(), Source::stage, at.plan.output};
    for (size_t i = 0; i < at.plan.weights.size() && i < document_layer.weights.size(); ++i) {
        const std::string& own = at.plan.weights[i].name;
        names += ", " + own;
        if (name == own || (i == 0 && name == "kernel"))
            return {&document_layer.weights[i], Source::weight, static_cast<int>(i)};
    }
    for (size_t i = 0; i < at.plan.stages.size() && i < at.stages.size(); ++i) {
        names += ", " + at.plan.stages[i].name;
        if (name == at.plan.stages[i].name) return {&at.stages[i], Source::stage, static_cast<int>(i)};
    }
    return {};
}

/// Missing leading indices are the shown ones: those of the grid on the canvas, else of the shown channel.
Index full_index(const App& app, const Scene& scene, const Named& named, const std::vector<int64_t>& given) {
    Index index;
    if (named.source == Source::stage) index = {app.state.shown.n, app.state.shown.out_channel, 0, 0};
    for (const Grid& grid : scene.grids) {
        if (grid.origin.source != named.source || grid.origin.which != named.which) continue;
        index = grid.origin.cell;
        break;
    }
    const size_t n = given.size();
    if (n > 3) index.n = given[0];
    if (n > 2) index.c = given[n - 3];
    index.h = given[n - 2];
    index.w = given[n - 1];
    return index;
}

std::optional<double> parse_value(const std::string& text) {
    if (text == "NaN" || text == "nan") return std::nan("");
    if (text == "Infinity" || text == "inf") return INFINITY;
    if (text == "-Infinity" || text == "-inf") return -INFINITY;
    return parse_number(text);
}

bool agree(double is, double wanted) {
    if (std::isnan(is) || std::isnan(wanted)) return std::isnan(is) && std::isnan(wanted);
    if (std::isinf(is) || std::isinf(wanted)) return is == wanted;
    return std::abs(is - wanted) <= 1e-5 * (1 + std::abs(wanted));
}

/// The result, or why there is none to look at.
std::string computed(const App& app) {
    if (app.state.problem)
        return fmt::format("there are no numbers: {}", app.state.problem->sentence);
    const auto& result = app.state.result;
    if (!result || app.state.layer >= static_cast<int>(result->layers.size()))
        return "nothing has been computed";
    return {};
}

std::string check_value(const App& app, const Scene& scene, const Words& words) {
    const auto indices = words.size() == 3 ? parse_indices(words[1]) : std::nullopt;
    const auto wanted = words.size() == 3 ? parse_value(words[2]) : std::nullopt;
    if (!indices || !wanted) return "expect needs what, where and how much: expect output 0,0 20";
    if (auto error = computed(app); !error.empty()) return error;
    std::string names;
    const Named named = find_tensor(*app.state.result, app.state.layer, words[0], names);
    if (!named.tensor || named.tensor->empty())
        return fmt::format("there is no tensor “{}”; there are {}", display_text(words[0], 40), names);
    const Index index = full_index(app, scene, named, *indices);
    if (!named.tensor->shape().contains(index))
        return fmt::format("{} has no cell {}; it is {}", words[0], words[1],
                           to_string(named.tensor->shape()));
    const double is = named.tensor->at(index);
    if (agree(is, *wanted)) return {};
    return fmt::format("{} {} is {:.9g}, not {}", words[0], words[1], is, words[2]);
}

std::string check_shape(const App& app, const Words& words) {
    if (words.size() != 3) return "a shape is written as: expect shape output 1x1x4x4";
    if (auto error = computed(app); !error.empty()) return error;
    std::string names, wanted;
    const Named named = find_tensor(*app.state.result, app.state.layer, words[1], names);
    if (!named.tensor)
        return fmt::format("there is no tensor “{}”; there are {}", display_text(words[1], 40), names);
    for (const char c : words[2]) wanted += c == 'x' || c == ',' ? "×" : std::string(1, c);
    const std::string is = to_string(named.tensor->shape());
    return is == wanted ? "" : fmt::format("{} is {}, not {}", words[1], is, display_text(wanted, 60));
}

/// The number as it stands on the canvas; "" for a cell without one.
std::string check_shown(const Scene& scene, const Words& words) {
    const auto indices = words.size() == 4 ? parse_indices(words[2]) : std::nullopt;
    if (!indices) return "a shown number is written as: expect shown output 0,0 20";
    Scene::Under found;
    const ScriptTarget target{ScriptTarget::Kind::cell, words[1], *indices, {}};
    if (auto error = find_cell(scene, target, found); !error.empty()) return error;
    const Cell* cell = found.grid->cell(found.row, found.column);
    std::string is = cell ? cell->text : "";
    if (const size_t minus = is.find("\xE2\x88\x92"); minus != std::string::npos) is.replace(minus, 3, "-");
    return is == words[3] ? "" : fmt::format("{} {} shows “{}”, not “{}”", words[1], words[2], is,
                                             display_text(words[3], 40));
}

std::string compare(std::string_view what, const std::string& is, const std::string& wanted) {
    return is == wanted ? "" : fmt::format("{} is “{}”, not “{}”", what, is, display_text(wanted, 80));
}

/// "expect caption contains …" and "expect caption …".
std::string check_sentence(std::string_view what, const std::string& is, const Words& words) {
    if (words.size() > 2 && words[1] == "contains") {
        const std::string part = rest_of(words, 2);
        if (is.find(part) != std::string::npos) return {};
        return fmt::format("{} is “{}”, without “{}”", what, is, display_text(part, 80));
    }
    const std::string wanted = rest_of(words, 1);
    return compare(what, is, wanted == "none" ? "" : wanted);
}

/// "Conv2d, BatchNorm2d, ReLU (skip 2)".
std::string chain_text(const Document& document) {
    std::string text;
    for (const Layer& layer : document.layers) {
        text += (text.empty() ? "" : ", ") + layer.op->torch_name;
        if (layer.skip != 0) text += fmt::format(" (skip {})", layer.skip);
    }
    return text;
}

/// What stands over the window, in a fixed order: "palette, tour".
std::string open_text(const Popups& popups) {
    const std::pair<bool, const char*> kAll[] = {
        {popups.palette, "palette"},   {popups.help, "keys"},           {popups.about, "about"},
        {popups.file_dialog, "files"},
        {popups.history, "history"},   {popups.log, "log"},             {popups.tour >= 0, "tour"}};
    std::string text;
    for (const auto& [is_open, name] : kAll)
        if (is_open) text += (text.empty() ? "" : ", ") + std::string(name);
    return text;
}

/// "expect checked Play yes" and "expect enabled Undo no".
std::string check_command(const App& app, const Words& words) {
    const std::string label = words.size() > 2 ? words[1] : "";
    const Command* command = find_command(label);
    if (!command) return fmt::format("there is no command “{}”", display_text(label, 60));
    const bool is = words[0] == "enabled" ? is_enabled(*command, app) : command->checked && command->checked(app);
    return compare(words[0] + " " + label, is ? "yes" : "no", words[2]);
}

/// "expect zoom 1", "more 1.2", "less 0.9".
std::string check_zoom(float is, const Words& words) {
    const bool more = words[1] == "more", less = words[1] == "less";
    const auto wanted = parse_number(words.back());
    if (!wanted || words.size() != (more || less ? 3u : 2u)) return "a zoom is written as: expect zoom more 1.2";
    const bool holds = more ? is > *wanted : less ? is < *wanted : agree(is, *wanted);
    return holds ? "" : fmt::format("zoom is {:.4g}, not {}", is, rest_of(words, 1));
}

std::string check_pan(Point is, const Words& words) {
    const size_t comma = words[1].find(',');
    const auto x = parse_number(words[1].substr(0, comma));
    const auto y = comma == std::string::npos ? std::nullopt : parse_number(words[1].substr(comma + 1));
    if (!x || !y) return "a pan is written as: expect pan 60,-20";
    const bool holds = std::abs(is.x - *x) < 1.5 && std::abs(is.y - *y) < 1.5;
    return holds ? "" : fmt::format("pan is {:.4g},{:.4g}, not {}", is.x, is.y, words[1]);
}

}  // namespace

std::string check_expectation(const App& app, const Scene& scene, const Words& words) {
    if (words.size() < 2) return "expect needs what and how much: expect output 0,0 20";
    const State& state = app.state;
    const std::string &what = words[0], &wanted = words[1];
    if (what == "shape") return check_shape(app, words);
    if (what == "shown") return check_shown(scene, words);
    if (what == "error") return check_sentence(what, shown_error(app), words);
    if (what == "caption") return check_sentence(what, scene.caption.text(), words);
    if (what == "ledger") return check_sentence(what, ledger_copy(app, false), words);
    if (what == "undo")
        return check_sentence(what, state.history.can_undo() ? state.history.undo_label() : "", words);
    if (what == "redo")
        return check_sentence(what, state.history.can_redo() ? state.history.redo_label() : "", words);
    if (what == "name") return check_sentence(what, state.document.name, words);
    if (what == "view") return compare(what, chosen_view(app).id, wanted);
    if (what == "theme")
        return compare(what, state.settings.theme == Theme::dark ? "dark" : "light", wanted);
    if (what == "zoom") return check_zoom(state.camera.zoom, words);
    if (what == "pan") return check_pan(state.camera.pan_px, words);
    if (what == "step") return compare(what, std::to_string(state.play.step), wanted);
    if (what == "steps") return compare(what, std::to_string(app.timeline.steps()), wanted);
    if (what == "unit") return compare(what, unit_name(state.play.unit, app.timeline), wanted);
    if (what == "playing") return compare(what, state.play.playing ? "yes" : "no", wanted);
    if (what == "layer") return compare(what, std::to_string(state.layer + 1), wanted);
    if (what == "chain") return check_sentence(what, chain_text(state.document), words);
    if (what == "mode") return compare(what, state.document.training ? "train" : "eval", wanted);
    if (what == "batches") return compare(what, std::to_string(state.document.batches), wanted);
    if (what == "layers") return compare(what, std::to_string(state.document.layers.size()), wanted);
    if (what == "checked" || what == "enabled") return check_command(app, words);
    if (what == "open") return check_sentence(what, open_text(state.popups), words);
    if (what == "clipboard") return check_sentence(what, app.host.clipboard ? app.host.clipboard() : "", words);
    if (what == "message") return check_sentence(what, state.messages.empty() ? "" : state.messages.back().text, words);
    if (what == "beside") return check_sentence(what, fmt::format("{}", fmt::join(state.beside, ", ")), words);
    if (what == "compared") return compare(what, std::to_string(state.others.size()), wanted);
    if (what == "scale") return compare(what, fmt::format("{:g}", state.settings.interface_scale), wanted);
    if (what == "speed") return compare(what, fmt::format("{:g}", state.play.speed), wanted);
    return check_value(app, scene, words);
}

}  // namespace convscope
