// What the window copies of its ledger.
#pragma once

#include <string>

#include "app/app.h"

namespace convscope {

/// The whole ledger as it is told now, also of a cell that the play head is still adding up; "" when there is none.
std::string ledger_copy(const App& app, bool as_latex);

}  // namespace convscope
