#include "app/ledger_copy.h"

#include "app/ledger_latex.h"
#include "app/ledger_text.h"

namespace convscope {

std::string ledger_copy(const App& app, bool as_latex) {
    if (app.state.problem || !app.state.result) return "";
    const auto told = ledger(app);
    if (!told || told->too_many > 0) return "";
    const Result& result = *app.state.result;
    if (told->uses)
        return as_latex ? uses_latex(result, told->layer, told->of, *told->uses)
                        : uses_text(result, told->layer, told->of, *told->uses);
    return as_latex ? ledger_latex(result, told->layer, told->stage, told->cell, told->explanation)
                    : ledger_text(result, told->layer, told->stage, told->cell, told->explanation);
}

}  // namespace convscope
