// Weights and buffers of a chain as one list of named places; for the state dict's own files.
#pragma once

#include <string>
#include <vector>

#include "core/evaluate.h"

namespace convscope {

/// A weight or buffer of a layer.
struct Slot {
    int layer = 0;
    bool is_buffer = false;
    int which = 0;              // among the layer's weights, or buffers
    std::string name;           // "weight", "running_mean"
    Shape shape;                // as Convscope holds it
    std::vector<int64_t> dims;  // as PyTorch has it
};

/// PyTorch's axes of a tensor that is kept in four: rank 1 as 1×C×1×1, rank 0 as 1×1×1×1.
std::vector<int64_t> dims_of(Shape shape, int rank);

/// In PyTorch's order: each layer's weights, then its buffers.
std::vector<Slot> slots_of(const Result& planned);
/// "3.weight".
std::string full_name(const Slot& slot);
/// Replaces the values; `tensor` has as many as the slot.
void put(Document& document, const Slot& slot, const Tensor& tensor);

}  // namespace convscope
