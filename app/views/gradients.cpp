// The gradients view: a chain of blocks as bars, a single one cell by cell.
#include "app/views/gradients_parts.h"

namespace convscope {

bool shows_bars(const ViewInput& in) { return blocks_of(in.result->document).size() >= 2; }

Scene build_gradients(const ViewInput& in) { return shows_bars(in) ? build_gradient_bars(in) : build_layer_gradients(in); }

}  // namespace convscope
