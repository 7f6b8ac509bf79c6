// Right panel: size formula, ledger, PyTorch text; over a map the pixels under the window instead.
#include "app/panels/network_sections.h"

namespace convscope {
namespace {

/// Sums of the chosen layer run over several input channels.
bool has_channels(const App& app) {
    const State& state = app.state;
    if (state.problem || !state.result ||
        static_cast<size_t>(state.layer) >= state.result->layers.size())
        return false;
    const auto& window = state.result->layers[static_cast<size_t>(state.layer)].plan.window;
    return window && window->in_per_group > 1;
}

}  // namespace

void inspector_panel(PanelContext& context, const Box& panel, bool low) {
    const State& state = context.app.state;
    Column column = make_column(context, panel, low);
    const bool has_layer = state.layer >= 0 &&
                           static_cast<size_t>(state.layer) < state.document.layers.size() &&
                           state.document.layers[static_cast<size_t>(state.layer)].op;
    if (has_layer) {
        if (signal_section(context, column)) {
            code_section(context, column);
            ui::content_ends(column.y + ui::px(context, 8));
            return;
        }
        // What is pinned stays, also over maps.
        const bool over_map = !state.selection.pinned && cursor_section(context, column);
        // The ledger of several channels is long: it comes first then (look: 03).
        const bool ledger_first = !over_map && has_channels(context.app);
        if (!over_map && !ledger_first) formula_section(context, column);
        if (!over_map)
            ledger_section(context, column, panel.bottom() - code_height(context, column));
        code_section(context, column);
        if (ledger_first) formula_section(context, column);
        input_sizes_section(context, column);
    }
    ui::content_ends(column.y + ui::px(context, 8));
}

void draw_inspector(PanelContext& context, const WindowLayout& layout) {
    if (layout.rails) return;  // rails.cpp
    ui::begin_panel(context, "Inspector", layout.right, Tone::panel, ui::Scrolls::yes);
    inspector_panel(context, layout.right, layout.low);
    ui::upright(context, layout.right.x, layout.right.y, layout.right.bottom());
    ui::end_panel();
}

}  // namespace convscope
