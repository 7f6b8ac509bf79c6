// The presets of batch norm, activations, pooling, chains and gradient flow.
#pragma once

#include <vector>

#include "core/presets.h"

namespace convscope {

std::vector<DocumentPreset> chain_presets();

}  // namespace convscope
