// What the two pictures of the gradients view share: the bars of a chain, and one layer's own backward pass.
#pragma once

#include "app/views/view.h"
#include "core/block_flow.h"

namespace convscope {

/// Smallest float32 above zero that keeps all its digits, and the smallest one at all.
inline constexpr double kSmallestNormal = 0x1p-126, kSmallestAboveZero = 0x1p-149;

/// What the gradient's size does from block to block, going back through one network.
struct SignalPath {
    std::string name, note;                 // "Sigmoid", "Xavier initialisation"
    std::vector<BlockFlow> flows;           // block 1, next to the input, first; with gradients
    double factor = 0;                      // per block, the geometric mean; NaN with one block or without numbers
    int64_t first_alive = 1;                // the first block that still has a signal: the factor is that from the last to it
    /// Blocks to go back until the signal is no larger than the smallest normal float32: counted where it is, else at that factor.
    /// None: it does not shrink, or only after very many.
    std::optional<int64_t> floor_after;
    bool reached = false;                   // it was counted
    int64_t blocks() const { return static_cast<int64_t>(flows.size()); }
    /// Signal of a block, counted from 1.
    double signal(int64_t block) const { return flows[static_cast<size_t>(block - 1)].signal_rms.value_or(0); }
};
/// None while the backward pass is not there.
std::optional<SignalPath> signal_path(const Result& result);

/// "1.3e−12", "1.08", "34.0": three digits.
std::string three_digits(double value);

/// The chain is told by bars, not layer by layer.
bool shows_bars(const ViewInput& in);
Scene build_gradients(const ViewInput& in);
Scene build_gradient_bars(const ViewInput& in);
Scene build_layer_gradients(const ViewInput& in);

}  // namespace convscope
