// Functions that are applied to every cell, for whichever instruction set the machine has.
#pragma once

#include <cstdint>

namespace convscope {

enum class Curve { relu, leaky_relu, sigmoid, tanh, silu };

/// to[i] = f(cells[i]) for i < count, computed in double and rounded once; NaN, ±0 and ±∞ as in PyTorch. `parameter` is
/// leaky_relu's slope of negative numbers. Streamed: past the caches.
void curve_values(Curve, double parameter, const float* cells, int64_t count, float* to,
                  bool is_streamed);
/// to[i] = f′(cells[i]).
void curve_slopes(Curve, double parameter, const float* cells, int64_t count, float* to);
/// to[i] = grad[i] · slopes[i]; where `cuts` a slope of 0 gives 0 even for an infinite gradient.
void slope_products(const float* grad, const float* slopes, int64_t count, bool cuts, float* to,
                    bool is_streamed);

}  // namespace convscope
