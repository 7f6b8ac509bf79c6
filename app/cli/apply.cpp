// Options and script lines as calls on the app, with sentences that name what there is.
#include "app/cli/apply.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/io/files.h"
#include "core/presets.h"

namespace convscope {
namespace {

/// Letter case, and in names "-" and "_" for a space, do not matter.
std::string folded(std::string_view text) {
    std::string out;
    for (const char c : text)
        out += c == '-' || c == '_' ? ' ' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return out;
}

std::string joined(const std::vector<std::string>& names) {
    std::string out;
    for (const auto& name : names) out += (out.empty() ? "" : ", ") + name;
    return out;
}

const char* key_of(Unit unit) {
    switch (unit) {
        case Unit::term: return "term";
        case Unit::channel: return "channel";
        case Unit::window: return "window";
        case Unit::row: return "row";
        case Unit::map: return "map";
        case Unit::layer: return "layer";
    }
    return "";
}

std::string read_unit(const App& app, std::string_view name, Unit& unit) {
    unit = Unit::term;
    if (name.empty()) return {};
    const Order order = app.timeline.order();
    std::vector<std::string> names;
    for (const Unit candidate : {Unit::term, Unit::channel, Unit::window, Unit::row, Unit::map, Unit::layer}) {
        const std::string said = unit_name(candidate, order);
        names.push_back(said);
        if (folded(name) != said && folded(name) != key_of(candidate)) continue;
        unit = candidate;
        return {};
    }
    return fmt::format("there is no unit “{}”; there are {}", display_text(name, 40), joined(names));
}

}  // namespace

std::string apply_set(App& app, std::string_view assignment) {
    const size_t sign = assignment.find('=');
    if (sign == std::string_view::npos || sign == 0)
        return fmt::format("“{}” is not written as key=value", display_text(assignment, 60));
    const std::string_view key = assignment.substr(0, sign), text = assignment.substr(sign + 1);
    const int layer = app.state.layer;
    const Layer& chosen = app.state.document.layers[static_cast<size_t>(layer)];
    const int at = field_index(*chosen.op, key);
    if (at < 0) {
        std::vector<std::string> keys;
        for (const Field& field : chosen.op->fields) keys.push_back(field.key);
        return fmt::format("{} has no parameter “{}”; it has {}", chosen.op->torch_name,
                           display_text(key, 40), joined(keys));
    }
    const Field& field = chosen.op->fields[static_cast<size_t>(at)];
    const auto value = parse_value(text, chosen.params[static_cast<size_t>(at)], field.choices);
    if (!value)
        return fmt::format("“{}” is no value of {}{}{}", display_text(text, 40), field.key,
                           field.choices.empty() ? "" : "; there are ", joined(field.choices));
    edit(app, with_param(app.state.document, layer, field.key, *value));
    return {};
}

namespace {

/// One more view beside the chosen one.
std::string apply_beside(App& app, std::string_view name) {
    for (const View& view : all_views()) {
        if (folded(view.id) != folded(name) && folded(view.label) != folded(name)) continue;
        const auto before = shown_views(app);
        if (std::ranges::find(before, &view) != before.end()) return {};
        if (app.state.beside.size() == kMostBeside) return "at most three views stand side by side";
        toggle_beside(app, view.id);
        if (shown_views(app).size() > before.size()) return {};
        std::erase(app.state.beside, view.id);
        return fmt::format("“{}” cannot stand beside “{}” for this layer", view.id, before[0]->id);
    }
    return fmt::format("there is no view “{}”", display_text(name, 40));
}

}  // namespace

std::string apply_view(App& app, std::string_view name) {
    if (const size_t comma = name.find(','); comma != std::string_view::npos) {
        app.state.beside.clear();
        std::string error = apply_view(app, name.substr(0, comma));
        for (std::string_view rest = name.substr(comma + 1); error.empty() && !rest.empty();) {
            const size_t end = rest.find(',');
            error = apply_beside(app, rest.substr(0, end));
            rest = end == std::string_view::npos ? "" : rest.substr(end + 1);
        }
        return error;
    }
    std::vector<std::string> names;
    for (const View& view : all_views()) {
        names.push_back(view.id);
        if (folded(view.id) != folded(name) && folded(view.label) != folded(name)) continue;
        choose_view(app, view.id);
        if (chosen_view(app).id != view.id)
            return fmt::format("this layer has no view “{}”", view.id);
        return {};
    }
    return fmt::format("there is no view “{}”; there are {}", display_text(name, 40), joined(names));
}

std::string apply_unit(App& app, std::string_view unit) {
    Unit chosen = Unit::term;
    if (auto error = read_unit(app, unit, chosen); !error.empty()) return error;
    if (!unit.empty()) set_unit(app, chosen);
    return {};
}

std::string apply_step(App& app, int64_t number, std::string_view unit) {
    Unit counted = Unit::term;
    if (auto error = read_unit(app, unit, counted); !error.empty()) return error;
    if (!unit.empty()) set_unit(app, counted);
    go_to_step(app, step_after(app.timeline, counted, number));
    return {};
}

std::string apply_theme(App& app, std::string_view name) {
    if (name != "light" && name != "dark")
        return fmt::format("there is no theme “{}”; there are light, dark", display_text(name, 40));
    app.state.settings.theme = name == "dark" ? Theme::dark : Theme::light;
    return {};
}

std::string apply_example(App& app, std::string_view name) {
    std::vector<std::string> names;
    for (const DocumentPreset& preset : document_presets()) {
        names.push_back(fmt::format("“{}”", preset.name));
        if (folded(preset.name) != folded(name)) continue;
        show_document(app, preset.make(), preset.name);
        return {};
    }
    return fmt::format("there is no example “{}”; there are {}", display_text(name, 60), joined(names));
}

std::string apply_pin(App& app, const std::string& grid, const std::vector<int64_t>& indices) {
    const auto& result = app.state.result;
    if (!result || result->layers.empty()) return "nothing has been computed";
    const LayerResult& layer = result->layers[static_cast<size_t>(shown_layer(app))];
    const size_t n = indices.size();
    Index cell{n > 3 ? indices[0] : app.state.shown.n, n > 2 ? indices[n - 3] : app.state.shown.out_channel,
               indices[n - 2], indices[n - 1]};
    std::optional<Ref> ref;
    Shape shape;
    std::string names = "input";
    if (grid == "input") {
        if (n <= 2) cell.c = 0;
        ref = Ref{Source::input, 0, cell};
        shape = layer.input.shape();
    }
    for (size_t i = 0; i < layer.plan.weights.size(); ++i) {
        const WeightSpec& weight = layer.plan.weights[i];
        names += ", " + weight.name;
        if (grid != weight.name && (i != 0 || grid != "kernel")) continue;
        if (n <= 2) cell = {0, 0, cell.h, cell.w};
        ref = Ref{Source::weight, static_cast<int>(i), cell};
        shape = weight.shape;
    }
    for (size_t i = 0; i < layer.plan.stages.size() && i < layer.stages.size(); ++i) {
        if (layer.stages[i].empty()) continue;
        names += ", " + layer.plan.stages[i].name;
        if (grid != layer.plan.stages[i].name) continue;
        ref = Ref{Source::stage, static_cast<int>(i), cell};
        shape = layer.stages[i].shape();
    }
    if (!ref)
        return fmt::format("there is no tensor “{}” with cells to pin; there are {}", display_text(grid, 40), names);
    if (!shape.contains(cell) && n <= 2) ref->cell = cell = {0, 0, cell.h, cell.w};  // a kernel's gradient
    if (!shape.contains(cell))
        return fmt::format("{} has no cell ({}, {}, {}); it is {}", grid, cell.c, cell.h, cell.w, to_string(shape));
    if (n > 2 && ref->source == Source::stage && ref->which == layer.plan.output) show_channel(app, cell.c);
    return pin(app, *ref) ? "" : "it cannot be pinned";
}

std::string apply_layer(App& app, int64_t layer) {
    const auto layers = static_cast<int64_t>(app.state.document.layers.size());
    if (layer < 0 || layer >= layers)
        return fmt::format("there is no layer {}; there are 0 to {}", layer, layers - 1);
    choose_layer(app, static_cast<int>(layer));
    return {};
}

int64_t step_after(const Timeline& timeline, Unit unit, int64_t number) {
    if (number <= 0) return 0;
    const bool counts = timeline.order() == Order::by_layer || timeline.order() == Order::by_batch;
    if (unit == Unit::term || (counts && unit != Unit::pass)) return std::min(number, timeline.steps());
    if (unit == Unit::layer) return timeline.steps();
    const Shape cells = timeline.cells();
    const auto after_windows = [&](int64_t windows) {
        if (windows >= timeline.windows()) return timeline.steps();
        if (windows == 0) return int64_t{0};
        const Index i = cells.index(windows - 1), first = timeline.first();
        const Index cell{i.n + first.n, i.c + first.c, i.h + first.h, i.w + first.w};
        return timeline.step_of(cell, int64_t(1) << 40);  // its last term
    };
    if (unit == Unit::window) return after_windows(std::min(number, timeline.windows()));
    if (unit == Unit::row || unit == Unit::map) {
        const int64_t windows = std::max<int64_t>(unit == Unit::row ? cells.w : cells.plane(), 1);
        return after_windows(number > timeline.windows() / windows ? timeline.windows() : number * windows);
    }
    // Channels: as many in every window as in the first.
    const int64_t first_window = timeline.forward(0, Unit::window);
    int64_t channels = 0;
    for (int64_t step = 0; step < first_window; ++channels) {
        const int64_t next = timeline.forward(step, unit);
        if (next <= step) break;
        step = next;
    }
    if (channels == 0) return 0;
    int64_t step = after_windows(std::min(number / channels, timeline.windows()));
    for (int64_t i = 0; i < number % channels; ++i) step = timeline.forward(step, unit);
    return step;
}

std::string newest_error(const App& app, std::string otherwise) {
    const auto& messages = app.state.messages;
    if (messages.empty() || !messages.back().error) return otherwise;
    std::string text = messages.back().text;
    while (text.ends_with('.')) text.pop_back();
    return text;
}

}  // namespace convscope
