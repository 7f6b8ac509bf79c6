// NumberSource: where a number of a picture comes from, exactly enough to work it out again. tests/source_test.cpp does
// so for every number of every view and fails for one that has no source.
#pragma once

#include "core/explain.h"

namespace convscope {

/// By name:
/// "value"        the number at `ref`; a constant is the padding's value
/// "product"      ref × times, a term of an Explanation
/// "sum so far"   the terms of output cell `ref` done at step `last` but not yet at step `first`, as they combine
/// any other      a statistic; tests/number_witness.cpp has the table of their names
struct NumberSource {
    const char* name = "value";
    Ref ref, times;
    int layer = -1;                    // whose tensors `ref` is in; −1: the layer that is shown
    int64_t first = 0, last = 0;       // steps, channels or layers, as the name has them
    double low = 0, high = 0;          // of a histogram's bar
    bool negative = false;             // it is told without its minus
    bool other_mode = false;           // eval where the document trains, train where it does not
    int network = 0;                   // of those that are compared; 0: the edited one
};

inline NumberSource value_at(const Ref& ref, int layer = -1) { return {"value", ref, {}, layer}; }
inline NumberSource product_of(const Term& term) { return {"product", term.a, term.b}; }

}  // namespace convscope
