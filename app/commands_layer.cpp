// Commands of the menu Layer: the chain's layers, train and eval mode, batches.
#include <algorithm>

#include "app/commands_parts.h"
#include "core/chain_edits.h"
#include "core/input_sizes.h"

namespace convscope {
namespace {

int last_layer(const App& app) { return static_cast<int>(app.state.document.layers.size()) - 1; }

// ---- When commands apply

bool has_room(const App& app) { return app.state.document.layers.size() < kMaxLayers; }
bool has_several(const App& app) { return last_layer(app) > 0; }
bool has_layer_before(const App& app) { return app.state.layer > 0; }
bool has_layer_after(const App& app) { return app.state.layer < last_layer(app); }
bool has_skip_choice(const App& app) {
    const Layer* layer = chosen_layer(app);
    return layer && (layer->skip != 0 || !possible_skips(app.state.document, app.state.layer).empty());
}

/// Some layer keeps numbers from batch to batch.
bool has_buffers(const App& app) {
    return std::ranges::any_of(app.state.document.layers,
                               [](const Layer& layer) { return !layer.buffers.empty(); });
}
bool is_training(const App& app) { return app.state.document.training; }
bool has_batch_after(const App& app) {
    return has_buffers(app) && is_training(app) && app.state.document.batches < kMaxBatches;
}
bool has_batch_before(const App& app) {
    return has_buffers(app) && is_training(app) && app.state.document.batches > 1;
}

/// The chosen layer is possible and changes sizes.
bool has_input_sizes(const App& app) {
    const Layer* layer = chosen_layer(app);
    const Plan* plan = chosen_plan(app);
    return layer && plan && !app.state.problem &&
           !keeps_size(*layer, app.state.result->layers[static_cast<size_t>(app.state.layer)].input.shape());
}

// ---- What they do

void show_input_sizes(App& app) {
    app.state.popups.input_sizes = true;
    app.state.popups.right_rail_open = true;  // where it is a rail
}

void add_layer(App& app, const Op& op) {
    const int at = std::min(app.state.layer, last_layer(app)) + 1;
    edit_chain(app, with_layer_added(app.state.document, at, op), at);
}

Action moving(int by) {
    return [by](App& app) {
        const int from = app.state.layer, to = std::clamp(from + by, 0, last_layer(app));
        edit_chain(app, with_layer_moved(app.state.document, from, to), to);
    };
}

Action choosing(int by) {
    return [by](App& app) { choose_layer(app, app.state.layer + by); };
}

void change_batches(App& app, int64_t by) {
    Document next = app.state.document;
    next.batches = std::clamp<int64_t>(next.batches + by, 1, kMaxBatches);
    edit(app, std::move(next));
}

void switch_mode(App& app) {
    Document next = app.state.document;
    next.training = !next.training;
    edit(app, std::move(next));
}

/// Every buffer as in a fresh layer, at the first batch.
void reset_statistics(App& app) {
    Document next = app.state.document;
    for (Layer& layer : next.layers) layer.buffers.clear();
    next.batches = 1;
    fit_weights(next);
    // Fresh tensors of the same numbers are no change.
    for (size_t k = 0; k < next.layers.size(); ++k)
        for (size_t i = 0; i < next.layers[k].buffers.size(); ++i) {
            const auto& old = app.state.document.layers[k].buffers;
            if (i < old.size() && std::ranges::equal(old[i].values(), next.layers[k].buffers[i].values()))
                next.layers[k].buffers[i] = old[i];
        }
    edit(app, std::move(next));
}

}  // namespace

// clang-format off
void add_layer_commands(std::vector<Command>& table) {
    add_commands(table, "Layer", {
        {"Add layer…", "Insert", "Lists the kinds of layers; the chosen one comes behind the chosen layer.", has_room,
         [](App& app) { app.state.popups.add_layer = true; }},
    });
    for (const Op& op : all_ops())
        table.push_back({"New layer: " + op.torch_name, "Layer/New layer", "", op.summary, false, true, has_room, nullptr,
                         [&op](App& app) { add_layer(app, op); }});
    add_commands(table, "Layer", {
        {"Duplicate layer", "Ctrl+D", "Puts a copy behind the chosen layer.", has_room,
         [](App& app) { edit_chain(app, with_layer_duplicated(app.state.document, app.state.layer), app.state.layer + 1); }},
        {"Remove layer", "Ctrl+Delete", "Takes the chosen layer out of the chain.", has_several,
         [](App& app) { edit_chain(app, with_layer_removed(app.state.document, app.state.layer), app.state.layer); }},
        {"Move layer left", "Ctrl+Shift+Left", "The chosen layer changes places with the one before it.", has_layer_before, moving(-1)},
        {"Move layer right", "Ctrl+Shift+Right", "The chosen layer changes places with the one behind it.", has_layer_after, moving(1)},
        {"Skip connection…", "", "Adds the input of an earlier layer to the output of the chosen one.", has_skip_choice,
         [](App& app) { app.state.popups.skip = true; }},
        {"Next layer", "Ctrl+Right", "Chooses the layer behind the chosen one.", has_layer_after, choosing(1), kOwnKey, kRule},
        {"Previous layer", "Ctrl+Left", "Chooses the layer before the chosen one.", has_layer_before, choosing(-1)},
        {"First layer", "Ctrl+Home", "Chooses the first layer of the chain.", has_layer_before,
         [](App& app) { choose_layer(app, 0); }},
        {"Last layer", "Ctrl+End", "Chooses the last layer of the chain.", has_layer_after,
         [](App& app) { choose_layer(app, last_layer(app)); }},
        {"Input sizes for an output…", "I", "Looks up which input sizes give an output size, and which layer leads back.", has_input_sizes,
         show_input_sizes},
        {"Train mode", "T", "Layers use the statistics of the batch; off: eval mode, with the running ones.", nullptr,
         switch_mode, kOwnKey, kRule, is_training},
        {"Next batch", "B", "One more batch goes through the layers; running statistics follow.", has_batch_after,
         [](App& app) { change_batches(app, 1); }},
        {"Previous batch", "Shift+B", "Goes back by one batch.", has_batch_before,
         [](App& app) { change_batches(app, -1); }},
        {"Reset running statistics", "", "Back to the first batch and the values of fresh layers.", has_buffers, reset_statistics},
    });
}
// clang-format on

}  // namespace convscope
