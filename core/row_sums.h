// The inner loops of convolutions, for whichever instruction set the machine has: rows of sums of taps, and dot products.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace convscope {

/// One product of every sum of a row: source[x] · weight, both as offsets.
struct Tap {
    int64_t source = 0, weight = 0;
};

/// out[channel][x] = Σ over taps of source[tap.source + x] · weight[channel][tap.weight], plus bias[channel], for
/// 0 ≤ x < cells. Reads nothing beyond that. Error ≤ (4 + 2√n)·2⁻²⁴·Σ|terms|: at most 32 terms are added up in float.
struct RowSums {
    std::span<const Tap> taps{};
    const float* source = nullptr;
    const float* weight = nullptr;
    int64_t weight_step = 0;      // from one channel to the next
    const float* bias = nullptr;  // null: none
    float* out = nullptr;
    int64_t out_step = 1;  // from one cell to the next
    int64_t out_channel_step = 0;
    int64_t channels = 0, cells = 0;
};
void add_up(const RowSums& sums);

/// Σ a[i]·b[i], in double but for runs of a few hundred products.
double dot(const float* a, const float* b, int64_t count);

/// For tests and benchmarks: instruction sets this machine can run, best first, and the choice of one; "" for the best.
std::vector<std::string> instruction_sets();
void use_instruction_set(const std::string& name);

}  // namespace convscope
