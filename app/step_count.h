// StepCount: how far the play head is, counted in the chosen unit.
#pragma once

#include "app/app.h"

namespace convscope {

struct StepCount {
    int64_t done = 0, all = 0;
};
StepCount step_count(const App& app);

}  // namespace convscope
