#include "core/io/number_types.h"

#include <bit>
#include <cmath>
#include <cstring>

#include <fmt/format.h>

namespace convscope {
namespace {

template <class T>
T load(const unsigned char* bytes, bool swapped) {
    unsigned char ordered[sizeof(T)];
    for (size_t i = 0; i < sizeof(T); ++i) ordered[i] = bytes[swapped ? sizeof(T) - 1 - i : i];
    T value;
    std::memcpy(&value, ordered, sizeof(T));
    return value;
}

template <class T>
float load_integer(const unsigned char* bytes, bool swapped) {
    return static_cast<float>(load<T>(bytes, swapped));
}

const NumberType kNumberTypes[] = {
    {"float32", 4, [](const unsigned char* b, bool s) { return load<float>(b, s); }},
    {"float64", 8,
     [](const unsigned char* b, bool s) { return double_to_float(load<double>(b, s)); }},
    {"float16", 2,
     [](const unsigned char* b, bool s) { return half_to_float(load<uint16_t>(b, s)); }},
    {"bfloat16", 2,
     [](const unsigned char* b, bool s) { return bfloat16_to_float(load<uint16_t>(b, s)); }},
    {"bool", 1, [](const unsigned char* b, bool) { return *b != 0 ? 1.0f : 0.0f; }},
    {"int8", 1, load_integer<int8_t>},
    {"uint8", 1, load_integer<uint8_t>},
    {"int16", 2, load_integer<int16_t>},
    {"uint16", 2, load_integer<uint16_t>},
    {"int32", 4, load_integer<int32_t>},
    {"uint32", 4, load_integer<uint32_t>},
    {"int64", 8, load_integer<int64_t>},
    {"uint64", 8, load_integer<uint64_t>},
};

}  // namespace

float half_to_float(uint16_t bits) {
    const uint32_t sign = static_cast<uint32_t>(bits >> 15) << 31;
    const uint32_t exponent = bits >> 10 & 31, fraction = bits & 1023;
    if (exponent == 31) return std::bit_cast<float>(sign | 0x7F800000u | fraction << 13);
    if (exponent > 0) return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
    const float small = static_cast<float>(fraction) * 0x1p-24f;  // denormal there, normal here
    return sign != 0 ? -small : small;
}

float bfloat16_to_float(uint16_t bits) {
    return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
}

float double_to_float(double value) {
    constexpr double kLargest = 3.4028234663852886e38;  // of float32
    constexpr double kHalfway = 3.4028235677973366e38;  // between that and 2^128; even is 2^128
    // C++ leaves the conversion of what lies outside float32's range undefined.
    if (value >= kHalfway) return HUGE_VALF;
    if (value <= -kHalfway) return -HUGE_VALF;
    if (value > kLargest) return static_cast<float>(kLargest);
    if (value < -kLargest) return -static_cast<float>(kLargest);
    return static_cast<float>(value);
}

const NumberType* find_number_type(std::string_view name) {
    for (const NumberType& type : kNumberTypes)
        if (type.name == name) return &type;
    return nullptr;
}

std::string conversion_note(const NumberType& type) {
    if (type.name == "float32") return "";
    const bool may_round = type.size > 2;
    return fmt::format("{}, {} to float32", type.name, may_round ? "rounded" : "converted");
}

Tensor read_numbers(const unsigned char* bytes, const NumberType& type, Shape shape,
                    bool is_big_endian, bool fortran_order) {
    const bool swapped = is_big_endian != (std::endian::native == std::endian::big);
    const auto count = static_cast<size_t>(shape.count());
    Tensor tensor(shape, kUnfilled);
    const std::span<float> values = tensor.mutate();
    if (!fortran_order) {
        for (size_t i = 0; i < count; ++i) values[i] = type.read(bytes + i * type.size, swapped);
        return tensor;
    }
    const unsigned char* next = bytes;
    for (int64_t w = 0; w < shape.w; ++w)
        for (int64_t h = 0; h < shape.h; ++h)
            for (int64_t c = 0; c < shape.c; ++c)
                for (int64_t n = 0; n < shape.n; ++n, next += type.size)
                    values[static_cast<size_t>(shape.offset({n, c, h, w}))] =
                        type.read(next, swapped);
    return tensor;
}

void append_floats(std::string& bytes, std::span<const float> values) {
    const size_t start = bytes.size();
    bytes.resize(start + values.size() * sizeof(float));
    for (size_t i = 0; i < values.size(); ++i) {
        const auto bits = std::bit_cast<uint32_t>(values[i]);
        for (size_t b = 0; b < 4; ++b)
            bytes[start + 4 * i + b] = static_cast<char>(bits >> 8 * b & 255);
    }
}

}  // namespace convscope
