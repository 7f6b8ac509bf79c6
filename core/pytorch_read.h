// PyTorch text → Document. A reader of layers and numbers, not of programs: nothing is executed, and what it does not
// know is refused by name with its line and column.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/document.h"

namespace convscope {

/// Larger texts are refused before they are read.
inline constexpr size_t kMaxPytorchBytes = size_t(1) << 20;
inline constexpr size_t kMaxTensorTextBytes = size_t(16) << 20;
/// Most layers of one text, and most numbers written out in one tensor's text.
inline constexpr size_t kMaxPytorchLayers = 1000;
inline constexpr int64_t kMaxLiteralValues = 1'000'000;
/// Most values that are filled in for what a text leaves open: all weights together, or the input.
inline constexpr int64_t kMaxFilledValues = int64_t(1) << 26;

/// Numbers that go with the text. Each is the text of a tensor (see read_tensor_text), "" for the default, or what `load`
/// can read. `input` may also be "7x7", "3x32x32" or "1x3x32x32": that shape, filled as by default.
struct PytorchOptions {
    std::string input;   // H×W, C×H×W or N×C×H×W
    std::string weight;  // of the first layer that has one: in its shape, or H×W for a single kernel
    std::string bias;    // of the first layer that has one: one number a channel
    /// Reads a file; none and a sentence in `error` when it could not. Without it, paths are refused.
    std::function<std::optional<Tensor>(const std::string& path, std::string& error)> load;
};

/// Either a document or one sentence that says where, what was found and what was expected.
struct PytorchResult {
    Document document;
    std::string error;       // "Line 1, column 14: …"; of an option's text: "input: Line 1, column 5: …"
    std::string option;      // which text `line` and `column` belong to: "" (the layers), "input", "weight", "bias"
    int line = 0, column = 0;  // from 1, in characters; 0: nowhere in particular
    bool ok() const { return error.empty(); }
};

/// Reads "nn.Conv2d(1, 1, 3, stride=2)", "nn.Sequential(…)", what print shows of such a network, with imports, a name in
/// front, comments, .eval() or .train(). What is not given: weights seeded whole numbers −2…2, bias 0, input seeded whole
/// numbers 0…9 in the smallest of a few sizes that makes the chain possible. The same every time. A chain that cannot be
/// is a document too: evaluate says why.
PytorchResult read_pytorch(std::string_view text, const PytorchOptions& options = {});

/// The document with the options' numbers in place of its own: what is not given stays. `input` replaces the tensor; a
/// layer that cannot take it is not changed.
PytorchResult with_numbers(Document document, const PytorchOptions& options);

/// True for text that is meant for read_pytorch: "nn.…(", "Conv2d(", "import torch". False for JSON, numbers, tables.
bool looks_like_pytorch(std::string_view text);

/// Either a tensor with the number of axes that its text had (0–4; missing leading axes are 1), or a sentence.
struct TensorText {
    Tensor tensor;
    int rank = 0;
    std::string error;
    int line = 0, column = 0;
    bool ok() const { return error.empty(); }
};

/// Reads a number, nested lists, torch.tensor([…]), torch.zeros/ones/full/arange/eye(…), with .reshape(…), .view(…) or a
/// factor ("/ 9") behind.
TensorText read_tensor_text(std::string_view text);

/// "3x32x32" as its extents (1 to 4 of them); none for any other text.
std::optional<std::vector<int64_t>> read_extents(std::string_view text);

/// The line of `text` that an error is in, and a caret under the column: for a terminal. "" where line is 0.
std::string caret_lines(std::string_view text, int line, int column);

}  // namespace convscope
