// Commands of the menu View, Ledger: what the ledger tells, which of its channels show their rows, and copies of it.
#include <algorithm>

#include "app/app_answers.h"
#include "app/commands_parts.h"
#include "app/ledger_copy.h"

namespace convscope {
namespace {

/// Sums of the chosen layer run over several channels.
bool has_channels(const App& app) {
    const Plan* plan = chosen_plan(app);
    return plan && !app.state.problem && plan->window && plan->window->in_per_group > 1;
}

/// All of them open, or none; a second time they open and fold by themselves again.
Action folding(bool open) {
    return [open](App& app) {
        LedgerFolds& folds = app.state.folds;
        const bool again = folds.all == open && folds.by_hand.empty();
        folds = {};
        if (!again) folds.all = open;
    };
}

bool are_folded(const App& app) { return app.state.folds.all == false; }
bool are_open(const App& app) { return app.state.folds.all == true; }

bool has_directions(const App& app) {
    if (app.state.problem || !app.state.result) return false;
    const auto told = ledger(app);
    return told && told->choices.size() > 1;
}

/// The next of the directions in which the cell can be told.
void turn_over(App& app) {
    const auto told = ledger(app);
    if (!told) return;
    const auto at = std::ranges::find(told->choices, told->telling) - told->choices.begin();
    choose_telling(app, told->choices[static_cast<size_t>(at + 1) % told->choices.size()]);
}

bool has_selected(const App& app) { return app.state.selection.edit.has_value(); }
void keep_selected(App& app) {
    const Ref ref = app.state.selection.edit->ref;
    pin(app, ref);
}

bool has_ledger(const App& app) {
    if (answers(app)) return false;   // it tells what is to be guessed
    if (app.state.problem || !app.state.result) return false;
    const auto told = ledger(app);
    return told && told->too_many == 0;
}

void copy_ledger(App& app, bool as_latex) {
    if (app.host.set_clipboard) app.host.set_clipboard(ledger_copy(app, as_latex));
    say(app, as_latex ? "Copied the ledger as LaTeX." : "Copied the ledger.");
}

}  // namespace

// clang-format off
void add_ledger_commands(std::vector<Command>& table) {
    add_commands(table, "View/Ledger", {
        {"Turn ledger over", "L", "What the cell is made of, where it goes, or its gradient.", has_directions, turn_over, kCellsKey},
        {"Keep in ledger", "Ctrl+K", "The selected cell stays in the ledger, whatever is clicked or played; Esc frees it.", has_selected, keep_selected},
        {"Copy ledger", "Ctrl+L", "Copies the cell's terms, subtotals and total as text.", has_ledger,
         [](App& app) { copy_ledger(app, false); }, kOwnKey, kRule},
        {"Copy ledger as LaTeX", "Ctrl+Shift+L", "Copies the cell's sum as an align* environment, with many channels as subtotals.",
         has_ledger, [](App& app) { copy_ledger(app, true); }},
        {"Fold channels", "F", "The ledger shows each channel's subtotal alone; again: the channel at work opens.",
         has_channels, folding(false), kCellsKey, kRule, are_folded},
        {"Unfold channels", "Shift+F", "The ledger shows the rows of every channel; again: only of the one at work.",
         has_channels, folding(true), kCellsKey, false, are_open},
    });
}
// clang-format on

}  // namespace convscope
