// How large the numbers of each layer are, forward and backward; and which blocks of a chain repeat.
#pragma once

#include <string>
#include <vector>

#include "core/block_flow.h"

namespace convscope {

/// The gradient of one weight tensor.
struct WeightSignal {
    std::string name;  // "weight", "bias"
    double rms = 0;
    double norm = 0;     // Frobenius
    double largest = 0;  // |g|
};

/// Sizes of one layer's numbers, added up in double: of float32 values no square is lost. A tensor with a NaN in it has NaN
/// for a size, one that was not computed has NaN too.
struct LayerSignals {
    double output_mean = 0, output_rms = 0, output_largest = 0;  // of what the next layer reads
    double signal_rms = 0,
           signal_largest = 0;  // of the gradient of that; NaN where no backward pass ran
    std::vector<WeightSignal>
        weights;  // in the order of the plan; empty where no backward pass ran
};

/// Of every layer that was computed.
std::vector<LayerSignals> signals(const Result& result);

/// Consecutive blocks of a document that are `times` times the same `blocks`: ops, parameters and skip connections; weights
/// do not count.
struct Repeat {
    int first_block = 0, blocks_per_repeat = 1, times = 1;
    bool operator==(const Repeat&) const = default;
    int last_block() const { return first_block + blocks_per_repeat * times - 1; }
};

/// Longest repeat that is looked for.
inline constexpr int kMostBlocksPerRepeat = 16;

/// All blocks of blocks_of(document), from left to right: where they repeat, the repeat that holds most of them (of
/// those the shortest one, most times); else a block on its own, once.
std::vector<Repeat> repeats_of(const Document& document);

}  // namespace convscope
