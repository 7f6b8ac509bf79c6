// What the chain bar opens: the kinds of layers, the skip connections of a layer, a layer's menu.
#include <array>

#include <imgui_internal.h>

#include <fmt/format.h>

#include "app/commands.h"
#include "app/panels/chain_cards.h"
#include "app/panels/command_menu.h"
#include "core/chain_edits.h"

namespace convscope {
namespace {

constexpr const char* kLayerMenu = "Layer menu";
constexpr std::array kLayerRows = {"Add layer…", "Duplicate layer", "Remove layer",
                                   static_cast<const char*>(nullptr),
                                   "Move layer left", "Move layer right",
                                   static_cast<const char*>(nullptr), "Skip connection…"};

ImGuiID add_list() { return ImGui::GetID("kinds of layers"); }
ImGuiID skip_list() { return ImGui::GetID("skip connections"); }

void draw_add_list(PanelContext& context, const Box& anchor) {
    if (!ImGui::IsPopupOpen(add_list(), ImGuiPopupFlags_None)) return;
    std::vector<ui::Entry> entries;
    for (const Op& op : all_ops()) entries.push_back({op.torch_name, op.summary, false});
    const auto picked = ui::list_popup(context, add_list(), anchor, entries, -1);
    if (!picked) return;
    const std::string label = "New layer: " + entries[static_cast<size_t>(*picked)].label;
    if (const Command* command = find_command(label)) run(*command, context.app);
}

void draw_skip_list(PanelContext& context, const Box& anchor) {
    if (!ImGui::IsPopupOpen(skip_list(), ImGuiPopupFlags_None)) return;
    App& app = context.app;
    const Layer* layer = chosen_layer(app);
    if (!layer) return;
    std::vector<int64_t> skips{0};
    for (const int64_t skip : possible_skips(app.state.document, app.state.layer))
        skips.push_back(skip);
    std::vector<ui::Entry> entries;
    int chosen = -1;
    for (const int64_t skip : skips) {
        const auto from = static_cast<size_t>(app.state.layer + 1 - skip);
        if (skip == layer->skip) chosen = static_cast<int>(entries.size());
        entries.push_back(
            {skip == 0 ? "No skip connection"
                       : fmt::format("Add the input of {} {}",
                                     app.state.document.layers[from].op->torch_name, from + 1),
             skip == 0 ? "The output is the layer's own"
                       : fmt::format("skip {}: its input and this layer's output have one shape", skip),
             skip == skips[std::min<size_t>(1, skips.size() - 1)] && skip != 0});
    }
    if (const auto picked = ui::list_popup(context, skip_list(), anchor, entries, chosen))
        edit(app, with_skip(app.state.document, app.state.layer, skips[static_cast<size_t>(*picked)]));
}

}  // namespace

void open_add_list() { ImGui::OpenPopup(add_list()); }
void open_layer_menu() { ImGui::OpenPopup(kLayerMenu); }

void chain_lists(PanelContext& context, const Box& add, const Box& chosen) {
    Popups& popups = context.app.state.popups;
    if (popups.add_layer) open_add_list();
    if (popups.skip) ImGui::OpenPopup(skip_list());
    popups.add_layer = popups.skip = false;
    draw_add_list(context, add);
    draw_skip_list(context, chosen);
    command_menu(context, kLayerMenu, kLayerRows);
}

}  // namespace convscope
