// NumPy's .npy files: written as little-endian float32, read from every plain number type.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/tensor.h"

namespace convscope {

/// Either a tensor or one sentence that names the file and the reason.
struct NpyResult {
    Tensor tensor;  // missing leading axes are 1: a vector is 1×1×1×W, a matrix 1×1×H×W
    std::vector<int64_t> dims;  // the axes as the file has them, 0 (a single number) to 4
    std::string note;           // what was lost ("float64, rounded to float32"); "" for float32
    std::string error;
    bool ok() const { return error.empty(); }
};

/// Largest number of values that is read (as core/document.h's kMaxValues).
inline constexpr int64_t kMaxNpyValues = int64_t(1) << 28;

/// Reads float16, float32, float64, 8- to 64-bit integers and bool, either byte order, C or Fortran
/// order.
NpyResult read_npy(const std::string& path);
/// The same from memory; `name` is what sentences call it.
NpyResult parse_npy(std::span<const unsigned char> bytes, std::string_view name);

/// The file's bytes: '<f4', C order, all four axes. The same tensor always gives the same bytes.
std::string npy_bytes(const Tensor& tensor);
/// The same with other axes that hold as many values: {C} for a bias, {} for a single number.
std::string npy_bytes(const Tensor& tensor, std::span<const int64_t> dims);
/// Writes them, beside and renamed. False with a sentence in `error` when it could not.
[[nodiscard]] bool write_npy(const std::string& path, const Tensor& tensor, std::string& error);

}  // namespace convscope
