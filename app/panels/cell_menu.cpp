// The canvas's right-click menu: what the command table offers for the plane under the pointer.
#include <array>

#include <imgui_internal.h>

#include "app/panels/canvas.h"
#include "app/panels/command_menu.h"

namespace convscope {
namespace {

constexpr const char* kMenu = "Cell menu";
constexpr const char* kRuleAbove = nullptr;
constexpr std::array kPlane = {"Zeros",    "Ones",  "Random",     "Impulse",        "Gradient",
                               kRuleAbove, "Copy",  "Paste",      kRuleAbove,       "Keep in ledger",
                               "Turn ledger over", "Copy ledger", "Copy ledger as LaTeX"};
constexpr std::array kCanvas = {"Copy",     "Paste",            "Fit",
                                kRuleAbove, "Turn ledger over", "Copy ledger",
                                "Copy ledger as LaTeX"};

}  // namespace

void open_cell_menu(PanelContext& context, Point p) {
    App& app = context.app;
    const auto under = context.scene.under(p);
    commit_typed(app);
    app.state.selection.edit.reset();
    if (under && under->grid) {
        const CellRef cell{under->grid->name, under->row, under->column};
        const auto ref = cell_ref(context.scene, cell);
        if (editable(context.scene, cell))
            select_cell(app, context.scene, cell);
        else if (ref)
            pin(app, *ref);
    }
    ImGui::OpenPopup(kMenu);
}

void draw_cell_menu(PanelContext& context) {
    if (context.app.state.selection.edit)
        command_menu(context, kMenu, kPlane);
    else
        command_menu(context, kMenu, kCanvas);
}

}  // namespace convscope
