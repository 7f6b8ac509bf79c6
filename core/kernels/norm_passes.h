// The inner loops of batch norm, for whichever instruction set the machine has.
#pragma once

#include <cstdint>

namespace convscope {

/// Mean and sum of squared deviations from it, of `count` numbers.
struct Moments {
    double count = 0, mean = 0, squares = 0;
    void add(const Moments& more);
};

/// Of count > 0 cells, in one pass over memory: each piece that the nearest cache holds is visited twice, so that no large
/// mean and no single large number swallows the rest. Float inside a piece: `is_sure` says whether that was good enough.
Moments moments_of(const float* cells, int64_t count);
/// Neither NaN nor so large or small that float lost something. Then the numbers have to be added up in double.
bool is_sure(const Moments& moments);

/// x̂ = (x − mean) · inverse, and with an affine layer's numbers x̂ · weight + bias.
struct Normalisation {
    double mean = 0, inverse = 1, weight = 1, bias = 0;
};

/// Where results of a piece go; null: not wanted. Each is computed in double and rounded once; or in float, with the mean in
/// two parts so that a large one takes nothing away, and at most three roundings. That is faster, and only for numbers that
/// `is_moderate`.
struct Normalised {
    float* centred = nullptr;
    float* normalised = nullptr;
    float* output = nullptr;
    bool is_streamed = false;  // past the caches
    bool in_float = false;
};
bool is_moderate(const Normalisation& by);
void normalise(const float* cells, int64_t count, const Normalisation&, const Normalised& to);

/// Σ grad and Σ grad · x̂.
struct GradientSums {
    double grads = 0, products = 0;
};
GradientSums gradient_sums(const float* grad, const float* cells, int64_t count,
                           const Normalisation&);

/// to = scale · (grad − mean_grad − x̂ · mean_product).
struct GradientMeans {
    double scale = 1, mean_grad = 0, mean_product = 0;
};
void normalise_gradient(const float* grad, const float* cells, int64_t count, const Normalisation&,
                        const GradientMeans&, float* to, bool is_streamed);

}  // namespace convscope
