// Tensors in files, whatever the format: .npy and .safetensors, told by their first bytes, written by their ending.
#pragma once

#include <span>
#include <string>

#include "core/state_dict.h"

namespace convscope {

/// The one tensor of a file. Of several in a .safetensors file one is named behind a colon:
/// "model.safetensors:conv1.weight".
LoadedTensor read_tensor_file(const std::string& path);

/// The document with the weights of a file: the state dict of a .safetensors file, or a .npy file as the weight of the
/// first layer that has one. `told` is a sentence about what became of them; in `error` one that says why not, and the
/// document is as it was.
Document with_weights_file(Document document, const std::string& path, std::string& told,
                           std::string& error);

/// Writes .safetensors, or, for one tensor, .npy. False with a sentence in `error` when it could not, or when the ending
/// is another one.
[[nodiscard]] bool write_tensor_file(const std::string& path, std::span<const NamedTensor> tensors,
                                     std::string& error);

}  // namespace convscope
