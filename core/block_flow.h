// How a signal runs through a chain, block by block: sizes of activations, of gradients and of weight gradients.
#pragma once

#include <optional>
#include <vector>

#include "core/evaluate.h"

namespace convscope {

/// Layers [first, last] of a document that belong together.
struct Block {
    int first = 0, last = 0;
    bool operator==(const Block&) const = default;
};

/// A block starts at the first layer and at each one whose op says so (Op::starts_block).
std::vector<Block> blocks_of(const Document& document);

/// Sizes in one block, added up in double. Gradients are absent where the backward pass did not run.
struct BlockFlow {
    Block block;
    double activation_rms = 0;               // of the block's output
    std::optional<double> signal_rms;        // of the gradient that reaches the block's output
    std::optional<double> weight_rms;        // of the gradients of its kernels together; absent without kernels
    std::optional<double> weight_norm;       // their Frobenius norm
};

/// Of the values in float32, as a GPU would have them: what underflows reads 0. Blocks that were not computed are left
/// out.
std::vector<BlockFlow> flow_of(const Result& result);
/// Of the double values of the reference, whose backward pass ran when `backward`.
std::vector<BlockFlow> flow_of(const Document& document, const Reference& reference);

/// Terms that evaluate_reference would list for that document, forward and backward; 0 when it has a problem.
double reference_terms(const Document& document);

}  // namespace convscope
