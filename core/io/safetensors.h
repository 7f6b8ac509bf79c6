// The safetensors format: many named tensors in one file. Read from every plain number type, written as float32.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/tensor.h"

namespace convscope {

/// A tensor with the name and the axes it has in PyTorch.
struct NamedTensor {
    std::string name;           // "0.weight", "features.3.running_mean"
    std::vector<int64_t> dims;  // 0 (a single number) to 4; they hold as many values as the tensor
    Tensor tensor;
};

/// A tensor as the file's header lists it; its values are read when they are asked for.
struct StoredTensor {
    std::string name;
    std::string type;           // the file's word: "F32"
    std::vector<int64_t> dims;  // any number of axes
    size_t begin = 0, end = 0;  // its bytes in the file
};

/// Either a list of tensors, in the order of their bytes, or one sentence that names the file and the
/// reason.
struct SafetensorsFile {
    std::string name;  // what sentences call it
    std::string bytes;
    std::vector<StoredTensor> tensors;
    std::string error;
    bool ok() const { return error.empty(); }
};

/// Largest header and number of tensors that are read. No header makes the reader allocate more than a small multiple
/// of its size.
inline constexpr int64_t kMaxSafetensorsHeader = int64_t(32) << 20;
inline constexpr size_t kMaxStoredTensors = 100'000;

SafetensorsFile read_safetensors(const std::string& path);
/// The same from memory; `name` is what sentences call it.
SafetensorsFile parse_safetensors(std::string bytes, std::string_view name);

/// Either a tensor or one sentence that names the file, the tensor and the reason.
struct LoadedTensor {
    Tensor tensor;     // missing leading axes are 1
    std::string note;  // what was lost ("float64, rounded to float32"); "" for float32
    std::string error;
    bool ok() const { return error.empty(); }
};
/// The values of one of the file's tensors: F32, F64, F16, BF16, signed and unsigned integers of 8 to 64 bits and BOOL,
/// with up to four axes.
LoadedTensor load_tensor(const SafetensorsFile& file, size_t which);

/// The file's bytes: float32, in this order. The same tensors always give the same bytes. Names must differ.
std::string safetensors_bytes(std::span<const NamedTensor> tensors);

/// True for bytes that start like a safetensors file: the length of a header, and its "{".
bool looks_like_safetensors(std::string_view bytes);

/// "64×3×7×7", "64 values", "a single number".
std::string dims_text(std::span<const int64_t> dims);

}  // namespace convscope
