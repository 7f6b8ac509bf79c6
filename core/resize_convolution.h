// The other way to enlarge: resize first, then convolve with a kernel of the same size. Beside a transposed convolution it
// shows that even overlap is a matter of arithmetic and not of training.
#pragma once

#include <optional>

#include "core/evaluate.h"

namespace convscope {

/// Nearest-neighbour upsampling and a convolution that give the layer's output size from the layer's input: enlarged by the
/// stride where that comes out right, else to the output's size, and the size kept by padding. The kernels are the
/// layer's, turned by 180°: at stride 1 that is the same layer. None where the layer does not stamp a window, or where
/// such a chain is impossible.
std::optional<Document> resize_convolution(const Result& result, int layer);

}  // namespace convscope
