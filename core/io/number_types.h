// Number types of tensor files (.npy, .safetensors): how one value becomes a float32, and what is lost.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/tensor.h"

namespace convscope {

/// IEEE 754 half precision: 1 sign, 5 exponent, 10 fraction bits. Exact; a NaN keeps its payload.
float half_to_float(uint16_t bits);
/// bfloat16: the upper half of a float32. Exact.
float bfloat16_to_float(uint16_t bits);
/// To the nearest float32, ties to even; beyond the range it becomes infinite, as in PyTorch and NumPy.
float double_to_float(double value);

struct NumberType {
    std::string_view name;  // "float16"
    size_t size;            // bytes of a value
    float (*read)(const unsigned char* bytes, bool swapped);
};

/// The type of that name: float16, bfloat16, float32, float64, int8 … int64, uint8 … uint64, bool;
/// else null.
const NumberType* find_number_type(std::string_view name);

/// What was done to the values, for the person: "float64, rounded to float32"; "" for float32.
std::string conversion_note(const NumberType& type);

/// The values at `bytes`, which must hold as many as `shape` has, row after row or, in Fortran
/// order, with the first axis fastest.
Tensor read_numbers(const unsigned char* bytes, const NumberType& type, Shape shape,
                    bool is_big_endian, bool fortran_order);
/// Appends them as little-endian float32, bit for bit.
void append_floats(std::string& bytes, std::span<const float> values);

}  // namespace convscope
