// Right panel: size formula, ledger, PyTorch text; over a map the pixels under the window instead.
#include "app/panels/sections.h"

namespace convscope {

void inspector_panel(PanelContext& context, const Box& panel, bool low) {
    const State& state = context.app.state;
    Column column = make_column(context, panel, low);
    const bool has_layer = state.layer >= 0 && static_cast<size_t>(state.layer) < state.document.layers.size() &&
                           state.document.layers[static_cast<size_t>(state.layer)].op;
    if (has_layer) {
        if (!cursor_section(context, column)) {
            formula_section(context, column);
            ledger_section(context, column, panel.bottom() - code_height(context, column));
        }
        code_section(context, column);
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
