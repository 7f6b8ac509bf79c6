#include "app/finder.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "app/app_parts.h"
#include "app/commands.h"
#include "app/views/story.h"
#include "core/notation.h"
#include "core/pytorch_read.h"

namespace convscope {
namespace {

constexpr const char* kDo = "Do";

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return result;
}

/// In small letters, apart by spaces.
std::vector<std::string> words_of(std::string_view typed) {
    std::vector<std::string> words;
    std::string word;
    for (const char c : lower(typed) + " ") {
        if (c != ' ') {
            word += c;
        } else if (!word.empty()) {
            words.push_back(std::move(word));
            word.clear();
        }
    }
    return words;
}

/// All words occur, in the label or what stands beside it; sets where in the label.
bool matches(Found& row, const std::vector<std::string>& words) {
    const std::string label = lower(row.label), beside = lower(row.hint + " " + row.group);
    for (const std::string& word : words) {
        const size_t at = label.find(word);
        if (at != std::string::npos)
            row.matches.emplace_back(at, word.size());
        else if (beside.find(word) == std::string::npos)
            return false;
    }
    std::sort(row.matches.begin(), row.matches.end());
    return true;
}

Writing writing(const App& app) { return {app.state.settings.keras_names, app.state.settings.padding_total}; }

void add_commands(std::vector<Found>& rows, const App& app) {
    for (const Command& command : all_commands()) {
        if (command.lecture && !app.state.lecture.on) continue;
        const size_t slash = command.menu.find('/');
        rows.push_back({slash == std::string::npos ? "Commands" : command.menu.substr(slash + 1), command.label,
                        command.menu.substr(0, slash), command.key, is_enabled(command, app),
                        [&command](App& a) { run(command, a); }});
    }
}

void add_parameters(std::vector<Found>& rows, const App& app) {
    const Layer* layer = chosen_layer(app);
    if (!layer) return;
    for (size_t i = 0; i < layer->op->fields.size(); ++i) {
        const Field& field = layer->op->fields[i];
        Found row{"Parameters", shown_name(field, writing(app)),
                  fmt::format("{}, now {}", shown_name(*layer->op, writing(app)),
                              to_text(shown_value(field, layer->params[i], writing(app))))};
        row.field = field.key;
        rows.push_back(std::move(row));
    }
}

void add_recent(std::vector<Found>& rows, const App& app) {
    for (const std::string& path : app.state.settings.recent)
        rows.push_back({"Recent documents", "Open " + display_name(path), path, "", true,
                        [path](App& a) { open_file(a, path); }});
}

/// "stride 2", "stride=2", "padding same", "kernel 5": the first words begin a parameter's name, the rest is its value.
void add_settings(std::vector<Found>& rows, const App& app, std::string typed) {
    const Layer* layer = chosen_layer(app);
    if (!layer) return;
    std::ranges::replace(typed, '=', ' ');
    const std::vector<std::string> words = words_of(typed);
    if (words.size() < 2) return;
    std::string value;
    for (size_t i = 1; i < words.size(); ++i) value += (i > 1 ? " " : "") + words[i];
    for (size_t i = 0; i < layer->op->fields.size(); ++i) {
        const Field& field = layer->op->fields[i];
        const std::string name = shown_name(field, writing(app));
        if (!lower(name).starts_with(words[0]) && !field.key.starts_with(words[0])) continue;
        const Value& now = layer->params[i];
        std::optional<Value> read = read_value(field, value, now, writing(app), chosen_plan(app)).value;
        if (const auto* on = std::get_if<bool>(&now); on && (value == "on" || value == "off")) read = value == "on";
        if (!read) continue;
        const bool same = *read == now;
        rows.push_back({kDo, fmt::format("Set {} to {}", name, to_text(shown_value(field, *read, writing(app)))),
                        same ? "it is" : "now " + to_text(shown_value(field, now, writing(app))), "", !same,
                        [key = field.key, set = *read](App& a) {
                            edit(a, with_param(a.state.document, a.state.layer, key, set));
                        }});
    }
}

/// The whole numbers in it, apart by anything but letters; none when there is something else.
std::optional<std::vector<int64_t>> numbers_of(std::string_view text) {
    std::vector<int64_t> numbers;
    while (!text.empty()) {
        if (text.find_first_of(" ,()[]×x") == 0 || text.starts_with("×")) {
            text.remove_prefix(1);
            continue;
        }
        int64_t number = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error != std::errc()) return {};
        numbers.push_back(number);
        text.remove_prefix(static_cast<size_t>(end - text.data()));
    }
    return numbers;
}

struct NamedTensor {
    std::string name;
    Ref ref;
    Shape shape;
};
std::vector<NamedTensor> tensors(const App& app) {
    std::vector<NamedTensor> all;
    const LayerResult* layer = layer_result(app);
    if (!layer) return all;
    all.push_back({"input", {Source::input, 0, {}}, layer->input.shape()});
    const Plan& plan = layer->plan;
    for (size_t i = 0; i < plan.weights.size(); ++i) {
        const bool kernel = i == 0 && plan.weights[i].rank == 4;
        all.push_back({kernel ? "kernel" : plan.weights[i].name, {Source::weight, static_cast<int>(i), {}}, plan.weights[i].shape});
    }
    for (size_t i = 0; i < plan.stages.size(); ++i)
        if (!layer->stages[i].empty())
            all.push_back({plan.stages[i].name, {Source::stage, static_cast<int>(i), {}}, plan.stages[i].shape});
    return all;
}

/// "output 1,3", "kernel 2 0 1 1": a cell that stays in the ledger.
void add_cells(std::vector<Found>& rows, const App& app, std::string_view typed) {
    const size_t end = typed.find_first_of(" (,");
    if (end == std::string_view::npos || end == 0 || app.state.problem) return;
    const std::string name = lower(typed.substr(0, end));
    const auto numbers = numbers_of(typed.substr(end));
    if (!numbers || numbers->empty() || numbers->size() > 4) return;
    for (const NamedTensor& tensor : tensors(app)) {
        if (!tensor.name.starts_with(name)) continue;
        const bool vector = tensor.shape.h * tensor.shape.w == 1 && tensor.ref.source == Source::weight;
        if (!vector && numbers->size() < 2) continue;
        Ref ref = tensor.ref;
        ref.cell = {app.state.shown.n, app.state.shown.out_channel, 0, 0};
        if (tensor.ref.source != Source::stage) ref.cell.c = 0;
        if (tensor.ref.source == Source::weight) ref.cell.n = 0;
        int64_t* const axes[] = {&ref.cell.n, &ref.cell.c, &ref.cell.h, &ref.cell.w};
        if (vector && numbers->size() == 1)
            ref.cell = {0, numbers->front(), 0, 0};
        else
            for (size_t i = 0; i < numbers->size(); ++i) *axes[4 - numbers->size() + i] = (*numbers)[i];
        const bool inside = tensor.shape.contains(ref.cell);
        const std::string place = place_text(ref.cell, tensor.shape.c > 1 || numbers->size() > 2);
        const std::string outside = inside ? "" : fmt::format("outside: it is {}", to_string(tensor.shape));
        rows.push_back({kDo, fmt::format("Pin {} {}", tensor.name, place), inside ? "ledger" : outside, "", inside, [ref](App& a) {
                            select_nothing(a);
                            if (ref.source == Source::stage) a.state.shown = {ref.cell.n, ref.cell.c};
                            pin(a, ref);
                        }});
        const LayerResult* layer = layer_result(app);
        if (ref.source == Source::stage && ref.which == layer->plan.output && walks_cells(app.timeline))
            rows.push_back({kDo, fmt::format("Play up to {} {}", tensor.name, place), inside ? "play head" : outside, "", inside, [ref](App& a) {
                                a.state.shown = {ref.cell.n, ref.cell.c};
                                go_to_cell(a, {"output", ref.cell.h, ref.cell.w});
                            }});
    }
}

/// "step 12", "layer 3", "channel 2".
void add_places(std::vector<Found>& rows, const App& app, std::string_view typed) {
    const std::vector<std::string> words = words_of(typed);
    if (words.size() != 2) return;
    const auto numbers = numbers_of(words[1]);
    if (!numbers || numbers->size() != 1) return;
    const int64_t number = numbers->front();
    const auto row = [&](const char* word, int64_t least, int64_t most, std::function<void(App&)> go) {
        if (words[0] != word || most < least) return;
        const bool inside = number >= least && number <= most;
        rows.push_back({kDo, fmt::format("Go to {} {}", word, number), fmt::format("{} to {}", least, most), "", inside, std::move(go)});
    };
    row("step", 0, app.timeline.steps(), [number](App& a) { go_to_step(a, number); });
    row("layer", 1, static_cast<int64_t>(app.state.document.layers.size()),
        [number](App& a) { choose_layer(a, static_cast<int>(number - 1)); });
    const LayerResult* layer = layer_result(app);
    if (layer) row("channel", 0, layer->op_output().shape().c - 1, [number](App& a) { show_channel(a, number); });
}

void add_pytorch(std::vector<Found>& rows, const std::string& typed) {
    if (!looks_like_pytorch(typed)) return;
    rows.push_back({kDo, "Open this PyTorch text", "document", "", true, [typed](App& a) { open_pytorch(a, typed); }});
}

}  // namespace

std::vector<Found> find_everything(const App& app, const std::string& typed) {
    std::vector<Found> all;
    add_commands(all, app);
    add_parameters(all, app);
    add_recent(all, app);
    const std::vector<std::string> words = words_of(typed);
    std::vector<Found> found;
    for (Found& row : all)
        if (matches(row, words)) found.push_back(std::move(row));
    add_settings(found, app, typed);
    add_cells(found, app, typed);
    add_places(found, app, typed);
    add_pytorch(found, typed);
    // Groups together: what the text itself says, commands, parameters, then the others as they first appear.
    std::vector<std::string> groups{kDo, "Commands", "Parameters"};
    for (const Found& row : found)
        if (std::ranges::find(groups, row.group) == groups.end()) groups.push_back(row.group);
    const auto rank = [&](const Found& row) { return std::ranges::find(groups, row.group) - groups.begin(); };
    std::ranges::stable_sort(found, [&](const Found& a, const Found& b) {
        if (rank(a) != rank(b)) return rank(a) < rank(b);
        if (a.group == kDo && a.enabled != b.enabled) return a.enabled;
        return !words.empty() && a.matches.size() > b.matches.size();
    });
    return found;
}

}  // namespace convscope
