// The size formula read the other way round: which input sizes give an output size, and which layer leads back to each.
#pragma once

#include <optional>
#include <vector>

#include "core/document.h"

namespace convscope {

enum class Axis { height, width };

/// An input size that gives the output size asked for.
struct InputSize {
    int64_t in = 0;
    int64_t leftover = 0;            // trailing cells that no window reaches; below 0: the last window hangs over
    std::optional<int64_t> chooses;  // what WayBack::chooses must be, on this axis, to come back to `in`; none: nothing does
    bool operator==(const InputSize&) const = default;
};

/// An input size and the output size that it gives.
struct SizePair {
    int64_t in = 0, out = 0;
    bool operator==(const SizePair&) const = default;
};

inline constexpr size_t kMostListed = 6;

/// Every input size of one axis that gives an output size.
struct InputSizes {
    int64_t first = 1, last = 0;           // by the formula, 1…kMaxSide; last < first: none
    bool is_open = false;                  // as far as inputs go, every larger one gives it too
    std::vector<InputSize> listed;         // the smallest possible ones of these, at most kMostListed, ascending
    std::optional<SizePair> below, above;  // the nearest outputs there are, where no input gives the one asked for
    /// Where none does, but would with another value of the op's own parameter that chooses between sizes (on this axis).
    std::optional<int64_t> choice;
    int64_t choice_in = 0;
};

/// Searches one axis; the other one stays as it is in `input`. The layer must be possible on that input.
InputSizes input_sizes(const Layer& layer, Shape input, bool training, Axis axis, int64_t wanted);

/// The input of the whole chain from which layer `layer` gets an input of size `wanted` on that axis.
struct ChainInput {
    std::optional<int64_t> in;             // the nearest to the input as it is; none: nothing gives that
    std::optional<SizePair> below, above;  // then: inputs of the chain and what the layer gets, the nearest there are
};
ChainInput chain_input(const Document& document, int layer, Axis axis, int64_t wanted);

/// Output size of one axis for any input size, as the formula tells it (below 1: impossible); none where it tells nothing.
std::optional<int64_t> size_from(const Op& op, const Params& params, Shape input, Axis axis);

/// The layer that leads back from output to input sizes, without weights; none where there is no such op.
std::optional<Layer> layer_back(const Layer& layer);

/// Every input size is its own output size.
bool keeps_size(const Layer& layer, Shape input);

}  // namespace convscope
