// The words around the numbers of a picture: places, sizes, counts and names, each checked against the layer; what is left
// of a text are its values, which need a source.
#pragma once

#include <string>
#include <vector>

#include "tests/number_read.h"
#include "tests/number_witness.h"

namespace convscope {

/// A text of a scene and the sources of its values.
struct Told {
    std::string text;
    std::vector<NumberSource> from;
};

/// Fails where a place, size or count in the text is not so, where a value has no source, or is not what its source gives.
void expect_true(const Told& told, const Scene& scene, const Witness& witness);

}  // namespace convscope
