// What an op is: the file to read first. An op is one kind of layer ("conv2d"); it lives in core/ops/<id>/ and has one
// line in core/registry.cpp. It is written as a plain struct of parameters with typed static functions (concept
// OpDefinition); make_op turns that into the record `Op`, which is all that the rest of the program sees.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/explain.h"
#include "core/plan.h"
#include "core/progress.h"

namespace convscope {

/// A function of single values: `count` values of a channel, in place.
using Pointwise = std::function<void(int64_t channel, float* values, int64_t count)>;

/// What an op computes from. Tensors have the shapes of the Plan; absent ones (no bias) are not in the list.
struct LayerInputs {
    Tensor input;
    std::span<const Tensor> weights;
    std::span<const Tensor> buffers;
    bool training = true;
    const Pointwise* then = nullptr;  // what comes of the output, for ops that take it (Op::takes_then)
};

/// One line of the size formula; `text` marks role words by [i…] [k…] [o…] (input, kernel, output), so that they can be
/// coloured: "[i7] + 2·1 − 1·([k3]−1) − 1".
struct SizeFormula {
    std::string numerator, denominator;  // symbols; denominator empty: no fraction, no floor
    std::string rest;                    // "+ 1"
    std::string numerator_numbers, denominator_numbers;
    std::string numerator_total, numerator_numbers_total;  // with the padding of both sides together; empty: the same
    std::string result;                  // "[o4]"
    int64_t out = 0;                     // the number in it
    std::string axis;                    // "height", "width" or "height = width"
    int64_t leftover = 0;                // cells that no window reaches; below 0: the last window hangs over
    bool ceil = false;                   // the fraction is rounded up
};

/// The op that leads from this op's output sizes back to its input sizes, with the parameters that make it do so.
struct WayBack {
    std::string op;                                     // id
    std::vector<std::pair<std::string, Value>> params;  // the others are standard
    std::string chooses;                                // the Pair among them that chooses between several sizes; or ""
};

/// One kind of layer, for everyone outside its folder.
struct Op {
    std::string id;                      // "conv2d"
    std::string torch_name;              // "Conv2d", as in torch.nn
    std::string keras_name;              // "Conv2D"; empty: Keras has no such layer
    std::string summary;                 // one sentence
    std::vector<Field> fields;
    std::vector<std::string> signature;  // PyTorch's argument names in its order; one that is no field changes no number
                                         // ("inplace") and is read past
    bool starts_block = false;           // in a chain, the layers from here to the next such one belong together

    /// Shapes of weights, buffers and stages for an input of that shape in train or eval mode, or the Problem. Any
    /// parameter and any shape may come in.
    std::function<Plan(const Params&, Shape input, bool training)> plan;
    /// The terms behind `cell` of stage `stage`. Backward stages read Source::grad_output.
    std::function<Explanation(const Params&, const Plan&, int stage, Index cell, const Reader&)> explain;
    /// Box [first, last] of cells of `stage` that may read input cell `cell`; last < first in some axis: none.
    std::function<std::pair<Index, Index>(const Params&, const Plan&, int stage, Index cell)> reach;
    /// Fills the forward stages listed in `wanted` (always with the output). False when cancelled.
    std::function<bool(const Params&, const Plan&, const LayerInputs&, std::span<const int> wanted,
                       std::span<Tensor> stages, const Progress&)> forward;
    bool takes_then = false;  // forward applies LayerInputs::then to the output while it is near
    /// The layer as a function of single values, to the bit what `forward` computes; reads no input. None where it is no
    /// such function, as batch norm of a batch. Null: the op never is one.
    std::function<Pointwise(const Params&, const Plan&, const LayerInputs&)> pointwise;
    /// Fills the backward stages listed in `wanted` from the gradient of the output. False when cancelled.
    std::function<bool(const Params&, const Plan&, const LayerInputs&, const Tensor& grad_output,
                       std::span<const int> wanted, std::span<Tensor> stages, const Progress&)> backward;
    /// Output size with the numbers filled in: one line when height and width agree in everything, else two.
    std::function<std::vector<SizeFormula>(const Params&, const Plan&, Shape input)> size_formula;
    /// Null: there is none.
    std::function<WayBack(const Params&)> way_back;
    /// Short text for a card in the chain: "3×3 s2 p1", with the channels when they are not 1→1.
    std::function<std::string(const Params&)> card;
    /// Parameters after the layer's input got `channels` channels (where the op has such a parameter; else unchanged).
    std::function<Params(const Params&, int64_t channels)> fit_channels;
};

/// Every op, in the order of menus. One line an op in registry.cpp.
const std::vector<Op>& all_ops();
/// The op of that id, or null.
const Op* find_op(std::string_view id);

/// A fresh layer's parameters.
Params standard_params(const Op& op);
/// Index of field `key`, or −1.
int field_index(const Op& op, std::string_view key);

}  // namespace convscope
