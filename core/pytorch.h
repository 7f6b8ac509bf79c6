// Document → PyTorch text: the line that makes a layer, and a script that runs the document with its numbers.
#pragma once

#include <string>

#include "core/evaluate.h"

namespace convscope {

/// "nn.Conv2d(1, 1, 3, stride=2,\n    padding=1, bias=False)": parameters equal to PyTorch's defaults are left out, lines
/// are at most 34 characters where names allow, for the panel.
std::string layer_text(const Layer& layer);

/// Tensors with more values are not written into a script.
inline constexpr int64_t kMaxScriptValues = 200'000;

/// A script for python3 that builds the layers, gives them these weights and this input, and asserts that PyTorch's
/// output is the one in `result`. Where the document has a problem the script says so and lets PyTorch say it too; where
/// tensors are larger than kMaxScriptValues it uses random ones of the same shape and asserts the output's shape.
std::string script_text(const Document& document, const Result& result);

}  // namespace convscope
