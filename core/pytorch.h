// Document → PyTorch text: the line that makes a layer, the network, and a script that runs the document with its numbers.
// The way back is core/pytorch_read.h.
#pragma once

#include <string>

#include "core/evaluate.h"

namespace convscope {

/// "nn.Conv2d(1, 1, 3, stride=2,\n    padding=1, bias=False)": parameters equal to PyTorch's defaults are left out, lines
/// are at most 34 characters where names allow, for the panel.
std::string layer_text(const Layer& layer);

/// The chain as "nn.Sequential(…)"; with skip connections as the class "Network", an nn.Module with a forward.
std::string network_text(const Document& document);

/// Tensors with more values are not written into a script, nor tensors with more values together.
inline constexpr int64_t kMaxScriptValues = 200'000;
inline constexpr int64_t kMaxScriptTotal = 1'000'000;

/// A script for python3 that builds the layers, gives them these weights, buffers and this batch's input, and asserts that
/// PyTorch's output is the one in `result`, and in train mode the buffers after it. Whole numbers must be equal; else the
/// tolerance is what rounding errors make of this very document. Where the document has a problem the script says so and
/// lets PyTorch say it too; where the tensors are too large it uses random ones of the same shape and asserts the shape.
std::string script_text(const Document& document, const Result& result);

}  // namespace convscope
