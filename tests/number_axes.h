// Numbers of a picture that no source tells: what a list leaves out, which layer is meant, where an axis's numbers stand.
#pragma once

#include "tests/number_words.h"

namespace convscope {

/// "and 3 more" below a list: of a legend the counts that are not listed, of a gradient's terms those that are not.
bool leaves_out(const Told& told, const Scene& scene, const Witness& witness, int64_t count);

/// "layer 3" is one that the text's values are of.
bool is_layer_told(const Told& told, const Scene& scene, const Witness& witness, int64_t number);

/// Powers of ten stand evenly, and bars reach from 10⁰ to their value on that scale.
void expect_axis(const Scene& scene, const Witness& witness);

}  // namespace convscope
