#include "core/separable.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>

namespace convscope {
namespace {

constexpr int kWholeBits = 22;  // whole numbers below 2 to this are small
constexpr int kTries = 64;      // lengths of the row, each of which is rounded in another way

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

/// Weights as small whole numbers of one unit; empty where they are not.
std::vector<int64_t> whole_numbers(std::span<const float> weights, int exponent) {
    std::vector<int64_t> numbers;
    for (const float weight : weights) {
        const double number = std::ldexp(static_cast<double>(weight), kWholeBits - exponent);
        if (number != std::round(number)) return {};
        numbers.push_back(static_cast<int64_t>(number));
    }
    return numbers;
}

/// Whole factors of whole numbers; row r0 and column s0 are nowhere 0 but where all others are.
std::optional<Factors> whole_factors(const std::vector<int64_t>& numbers, size_t w, size_t r0,
                                     size_t s0, int exponent) {
    const size_t h = numbers.size() / w;
    int64_t common = 0;
    for (size_t r = 0; r < h; ++r) common = std::gcd(common, numbers[r * w + s0]);
    const int64_t pivot = numbers[r0 * w + s0] / common;
    for (size_t r = 0; r < h; ++r)
        for (size_t s = 0; s < w; ++s)
            if (numbers[r * w + s] * pivot != numbers[r * w + s0] / common * numbers[r0 * w + s])
                return {};
    Factors factors;
    for (size_t r = 0; r < h; ++r)
        factors.column.push_back(static_cast<float>(numbers[r * w + s0] / common));
    for (size_t s = 0; s < w; ++s)
        factors.row.push_back(
            std::ldexp(static_cast<float>(numbers[r0 * w + s] / pivot), exponent - kWholeBits));
    return factors;
}

/// The same with a row whose sizes add up to a half at least, to less than 1; none where a factor leaves the normal numbers.
std::optional<Factors> balanced(Factors factors) {
    double sum = 0;
    for (const float factor : factors.row) sum += std::abs(static_cast<double>(factor));
    int exponent = 0;
    (void)std::frexp(sum, &exponent);
    for (float& factor : factors.row) factor = std::ldexp(factor, -exponent);
    for (float& factor : factors.column) factor = std::ldexp(factor, exponent);
    const auto is_safe = [](float factor) { return factor == 0 || std::isnormal(factor); };
    if (!std::ranges::all_of(factors.row, is_safe) || !std::ranges::all_of(factors.column, is_safe))
        return {};
    return factors;
}

}  // namespace

std::optional<Factors> separate(const float* kernel, int64_t h, int64_t w) {
    const float* const largest = std::max_element(
        kernel, kernel + h * w, [](float a, float b) { return std::abs(a) < std::abs(b); });
    if (!std::all_of(kernel, kernel + h * w, [](float weight) { return std::isfinite(weight); }) ||
        *largest == 0)
        return {};
    const float* const pivot = kernel + (largest - kernel) / w * w;
    int exponent = 0;
    (void)std::frexp(*largest, &exponent);
    const std::vector<int64_t> numbers =
        whole_numbers({kernel, static_cast<size_t>(h * w)}, exponent);
    if (!numbers.empty()) {
        const auto factors = whole_factors(numbers, static_cast<size_t>(w),
                                           static_cast<size_t>((largest - kernel) / w),
                                           static_cast<size_t>((largest - kernel) % w), exponent);
        return factors ? balanced(*factors) : std::nullopt;
    }
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
        if (factors.column.size() == static_cast<size_t>(h)) return balanced(std::move(factors));
    }
    return {};
}

}  // namespace convscope
