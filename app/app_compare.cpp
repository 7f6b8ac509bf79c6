// Networks beside the edited one.
#include "app/app_compare.h"

#include <algorithm>

#include "app/app_answers.h"
#include "app/app_parts.h"
#include "app/commands_parts.h"
#include "core/resize_convolution.h"

namespace convscope {
namespace {

std::optional<GradientFlow> edited_network(const App& app) { return network_of(app.state.document); }

/// The view in which a resize-convolution stands beside.
constexpr const char* kResizeView = "coverage";

/// It is on the canvas: a network where gradients are, a resize-convolution beside its own layer.
bool looked_at(const App& app, const Network& network) {
    if (network.is_a) return true;
    return network.resizes ? &network == resize_beside(app) : app.evaluating.backward;
}

bool is_finished(const Network& network) { return network.result && network.result->document == network.document; }

/// It is one of the presets, put there as such: a frozen network has a name of its own.
const ComparePreset* preset_of(const Network& network) {
    for (const ComparePreset& preset : compare_presets())
        if (network.document.name == preset.label) return &preset;
    return nullptr;
}

Network made_network(const GradientFlow& flow, const ComparePreset& preset) {
    Network network{gradient_flow(flow), nullptr};
    network.document.name = preset.label;
    return network;
}

/// Depth, width and so on are those of the edited network; what makes it another network it keeps.
void follow_edited(App& app) {
    if (app.state.others.empty()) return;
    const auto edited = edited_network(app);
    if (!edited) return;
    for (Network& network : app.state.others) {
        if (network.resizes || network.is_a) continue;
        const ComparePreset* preset = preset_of(network);
        const auto own = preset ? network_of(network.document) : std::nullopt;
        if (!own) continue;
        const GradientFlow flow = with_preset(*edited, *preset);
        if (flow == *own || gradient_flow_problem(flow)) continue;
        network.document = made_network(flow, *preset).document;
    }
}

/// A document with NaN for a parameter never equals itself: whether its result is there could not be told.
bool can_stand_beside(App& app, const Document& document) {
    if (document == document) return true;
    say(app, "A layer has NaN for a parameter; such a document cannot stand beside another. Change the parameter first.", true);
    return false;
}

void put_beside(App& app, Network network, const char* view_id = "gradients") {
    if (!can_stand_beside(app, network.document)) return;
    std::vector<Network>& others = app.state.others;
    if (others.size() >= kMostBeside) others.pop_back();
    others.push_back(std::move(network));
    if (const View* view = find_view(view_id); view && is_offered(app, *view)) choose_view(app, view->id);
}

/// The resize-convolution of the layer as the picture shows it; the last one stays while there is none.
void follow_layer(App& app) {
    const State& state = app.state;
    for (Network& network : app.state.others) {
        if (!network.resizes || !can_resize_beside(app)) continue;
        const int layer = shown_layer(app);
        if (network.resizes == state.result && network.resized == layer) continue;
        auto document = resize_convolution(*state.result, layer);
        if (!document) continue;
        network = {std::move(*document), nullptr, state.result, layer};
    }
}

}  // namespace

std::optional<Problem> edit_network(App& app, const GradientFlow& flow, const std::string& gesture) {
    if (auto problem = gradient_flow_problem(flow)) return problem;
    // Back at the numbers that the gesture began with: the same document, not an equal one.
    const History& history = app.state.history;
    const Document base = history.is_running(gesture) ? history.before() : app.state.document;
    if (network_of(base) == flow) {
        edit(app, base, gesture);
        return {};
    }
    Document next = gradient_flow(flow);
    next.name = base.name;
    next.training = base.training;
    next.batches = base.batches;
    if (base.start.tensor.empty()) next.start = base.start;
    edit(app, std::move(next), gesture);
    return {};
}

const std::vector<ComparePreset>& compare_presets() {
    static const std::vector<ComparePreset> presets{
        {"Sigmoid", "Xavier", "sigmoid", Initialisation::Kind::xavier, false},
        {"ReLU", "He", "relu", Initialisation::Kind::he, false},
        {"ReLU + batch norm", "He", "relu", Initialisation::Kind::he, true},
    };
    return presets;
}

GradientFlow with_preset(GradientFlow flow, const ComparePreset& preset) {
    flow.activation = preset.activation;
    flow.init.kind = preset.init;
    flow.batch_norm = preset.batch_norm;
    return flow;
}

bool is_edited(const App& app, const ComparePreset& preset) {
    const auto flow = edited_network(app);
    return flow && with_preset(*flow, preset) == *flow;
}

bool is_compared(const App& app, const ComparePreset& preset) {
    return std::ranges::any_of(app.state.others, [&](const Network& network) { return preset_of(network) == &preset; });
}

void toggle_compared(App& app, const ComparePreset& preset) {
    if (is_compared(app, preset)) {
        std::erase_if(app.state.others, [&](const Network& network) { return preset_of(network) == &preset; });
        return;
    }
    if (is_edited(app, preset)) return;
    const GradientFlow flow = with_preset(edited_network(app).value_or(GradientFlow{}), preset);
    if (auto problem = gradient_flow_problem(flow)) {
        say(app, problem->whole(), true);
        return;
    }
    put_beside(app, made_network(flow, preset));
}

void add_compared(App& app) {
    Network network{app.state.document, nullptr};
    if (const auto flow = edited_network(app))
        network.document.name = network_name(*flow) + ", " + initialisation_words(flow->init);
    for (const ComparePreset& preset : compare_presets())  // a frozen network does not follow
        if (network.document.name == preset.label) network.document.name += " as it was";
    put_beside(app, std::move(network));
}

void remove_compared(App& app, size_t at) {
    std::vector<Network>& others = app.state.others;
    if (at < others.size()) others.erase(others.begin() + static_cast<std::ptrdiff_t>(at));
}

bool can_resize_beside(const App& app) {
    const State& state = app.state;
    const View* view = find_view(kResizeView);
    if (!state.result || state.problem || !view || !is_offered(app, *view)) return false;
    const Plan& plan = state.result->layers[static_cast<size_t>(shown_layer(app))].plan;
    return plan.window && plan.window->transposed() && !plan.weights.empty();
}

const Network* resize_beside(const App& app) {
    if (!can_resize_beside(app) || chosen_view(app).id != kResizeView) return nullptr;
    const auto& others = app.state.others;
    const auto found = std::ranges::find_if(others, [](const Network& network) { return network.resizes != nullptr; });
    return found == others.end() ? nullptr : &*found;
}

void toggle_resize_beside(App& app) {
    if (resize_beside(app)) {
        std::erase_if(app.state.others, [](const Network& network) { return network.resizes != nullptr; });
        return;
    }
    if (!can_resize_beside(app)) return;
    std::erase_if(app.state.others, [](const Network& network) { return network.resizes != nullptr; });
    auto document = resize_convolution(*app.state.result, shown_layer(app));
    if (!document) {
        say(app, "No convolution of a resized input has this output size.", true);
        return;
    }
    put_beside(app, {std::move(*document), nullptr, app.state.result, shown_layer(app)}, kResizeView);
}

void toggle_ab(App& app) {
    if (has_ab(app)) {
        std::erase_if(app.state.others, &Network::is_a);
        return;
    }
    if (app.state.problem || !app.state.result || app.state.result->document != app.state.document) return;
    if (!can_stand_beside(app, app.state.document)) return;
    std::vector<Network>& others = app.state.others;
    if (others.size() >= kMostBeside) others.pop_back();
    others.push_back({app.state.document, app.state.result});
    others.back().is_a = true;
    clear_beside(app);   // two documents in one view
    say(app, "This is A now. Change anything: B stands beside it.");
}

void swap_ab(App& app) {
    const auto a = std::ranges::find_if(app.state.others, &Network::is_a);
    if (a == app.state.others.end() || !can_stand_beside(app, app.state.document)) return;
    Document before = std::move(a->document);
    a->document = app.state.document;
    a->result = app.state.result && app.state.result->document == app.state.document ? app.state.result : nullptr;
    edit_as(app, std::move(before), "A and B swapped");
}

bool has_ab(const App& app) { return std::ranges::any_of(app.state.others, &Network::is_a); }

const Network* a_beside(const App& app) {
    if (answers(app)) return nullptr;   // A would tell what B hides
    const auto a = std::ranges::find_if(app.state.others, &Network::is_a);
    if (a == app.state.others.end() || !a->result || a->result->problem || !app.state.result) return nullptr;
    const auto layer = static_cast<size_t>(shown_layer(app));
    const View& view = chosen_view(app);
    if (layer >= a->result->layers.size() || view.backward || view.chains) return nullptr;
    return view.offered(a->result->layers[layer].plan) ? &*a : nullptr;
}

std::string differing_words(const Document& ours, const Document& other, int layer) {
    const auto at = static_cast<size_t>(layer);
    if (at >= ours.layers.size() || at >= other.layers.size()) return "";
    const Layer &a = ours.layers[at], &b = other.layers[at];
    if (a.op != b.op) return a.op->torch_name;
    std::string words;
    const auto add = [&](const std::string& word) { words += (words.empty() ? "" : ", ") + word; };
    for (size_t i = 0; i < a.params.size() && i < b.params.size(); ++i)
        if (a.params[i] != b.params[i]) add(a.op->fields[i].key + " " + to_text(a.params[i]));
    if (ours.input != other.input)
        add(ours.input.tensor.shape() == other.input.tensor.shape() ? "other input" : "input " + to_string(ours.input.tensor.shape()));
    if (a.weights.size() == b.weights.size())
        for (size_t i = 0; i < a.weights.size(); ++i)
            if (a.weights[i] != b.weights[i] && a.weights[i].shape() == b.weights[i].shape()) add("other weights");
    if (ours.training != other.training) add(ours.training ? "train" : "eval");
    return words.empty() ? "the same" : words;
}

void refresh_compared(App& app) {
    if (app.computing || app.state.others.empty()) return;  // the worker is the edited document's
    follow_edited(app);
    follow_layer(app);
    if (auto result = app.evaluator.take())
        for (Network& network : app.state.others)
            if (network.document == result->document) network.result = std::make_shared<const Result>(*result);
    if (app.evaluator.busy()) return;
    for (const Network& network : app.state.others) {
        if (is_finished(network) || !looked_at(app, network)) continue;
        app.evaluator.start(network.document, {.optional_stages = network.is_a, .backward = !network.resizes && !network.is_a},
                            app.host.wake);
        return;
    }
}

bool compared_settled(const App& app) {
    return std::ranges::all_of(app.state.others, [&](const Network& network) {
        return is_finished(network) || !looked_at(app, network);
    });
}

// clang-format off
void add_compare_commands(std::vector<Command>& table) {
    add_commands(table, "View/Comparison", {
        {"Compare: add this network", "", "Puts a copy of the network as it is now beside the edited one.",
         [](const App& app) { return app.state.others.size() < kMostBeside; }, [](App& app) { add_compared(app); }, kOwnKey, kRule},
        {"Compare with resize-convolution", "", "Coverage beside that of upsampling and a convolution: uneven overlap beside even overlap.",
         can_resize_beside, toggle_resize_beside, kOwnKey, false, [](const App& app) { return resize_beside(app) != nullptr; }},
        {"A/B: keep this as A", "Ctrl+B", "The document as it is now stays beside the edited one, under one play head; or goes away again.",
         [](const App& app) { return has_ab(app) || (app.state.result && !app.state.problem); }, toggle_ab, kOwnKey, kRule, has_ab},
        {"A/B: swap", "Ctrl+Shift+B", "A becomes the edited document, and the other way round.", has_ab, swap_ab},
        {"Compare: remove", "", "Takes the last network beside the edited one away.",
         [](const App& app) { return !app.state.others.empty(); },
         [](App& app) { remove_compared(app, app.state.others.size() - 1); }},
    });
    for (const ComparePreset& preset : compare_presets())
        table.push_back({"Compare: " + preset.label, "View/Comparison", "", "Puts this network beside the edited one, or takes it away.",
                         false, true, [&preset](const App& app) { return !is_edited(app, preset); },
                         [&preset](const App& app) { return is_edited(app, preset) || is_compared(app, preset); },
                         [&preset](App& app) { toggle_compared(app, preset); }});
}
// clang-format on

}  // namespace convscope
