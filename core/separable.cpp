#include "core/separable.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace convscope {
namespace {

constexpr int kTries = 64;  // lengths of the row, each of which is rounded in another way

double ulp(float value) {
    const float size = std::abs(value);
    return static_cast<double>(std::nextafter(size, std::numeric_limits<float>::infinity())) -
           static_cast<double>(size);
}

/// The number that takes `row` to within one unit of `weights`; none when there is no such number.
std::optional<float> factor_for(const float* weights, const std::vector<float>& row) {
    double least = -std::numeric_limits<double>::infinity(), most = -least;
    for (size_t s = 0; s < row.size(); ++s) {
        if (row[s] == 0 && weights[s] != 0) return {};
        if (row[s] == 0) continue;
        const double weight = static_cast<double>(weights[s]), by = static_cast<double>(row[s]);
        const double room = weights[s] == 0 ? 0 : ulp(weights[s]) * 0.75;  // float() takes the rest
        const double one = (weight - room) / by, other = (weight + room) / by;
        least = std::max(least, std::min(one, other));
        most = std::min(most, std::max(one, other));
    }
    const auto factor = static_cast<float>((least + most) / 2);
    for (size_t s = 0; s < row.size(); ++s) {
        const double product = static_cast<double>(factor * row[s]);
        const bool is_near = std::abs(product - static_cast<double>(weights[s])) <= ulp(weights[s]);
        if (weights[s] == 0 ? product != 0 : !is_near) return {};
    }
    return factor;
}

}  // namespace

std::optional<Factors> separate(const float* kernel, int64_t h, int64_t w) {
    const float* const largest = std::max_element(
        kernel, kernel + h * w, [](float a, float b) { return std::abs(a) < std::abs(b); });
    if (!std::all_of(kernel, kernel + h * w, [](float weight) { return std::isfinite(weight); }) ||
        *largest == 0)
        return {};
    const float* const pivot = kernel + (largest - kernel) / w * w;
    // In the pivot's direction, but an average over all rows: the rounding of the weights cancels.
    std::vector<double> mean(static_cast<size_t>(w));
    for (int64_t r = 0; r < h; ++r) {
        double along = 0, square = 0;
        for (int64_t s = 0; s < w; ++s) {
            along += static_cast<double>(kernel[r * w + s]) * static_cast<double>(pivot[s]);
            square += static_cast<double>(pivot[s]) * static_cast<double>(pivot[s]);
        }
        for (int64_t s = 0; s < w; ++s)
            mean[static_cast<size_t>(s)] += static_cast<double>(kernel[r * w + s]) * along / square;
    }
    const double top = std::abs(mean[static_cast<size_t>(largest - pivot)]);
    for (int i = 0; i < kTries; ++i) {
        Factors factors;
        const double length =
            i == 0 ? 1 : std::abs(static_cast<double>(*largest)) / top * (1 + i / 128.0);
        for (int64_t s = 0; s < w; ++s)
            factors.row.push_back(
                i == 0 ? pivot[s] : static_cast<float>(mean[static_cast<size_t>(s)] * length));
        for (int64_t r = 0; r < h; ++r) {
            const auto factor = factor_for(kernel + r * w, factors.row);
            if (!factor) break;
            factors.column.push_back(*factor);
        }
        if (factors.column.size() == static_cast<size_t>(h)) return factors;
    }
    return {};
}

}  // namespace convscope
