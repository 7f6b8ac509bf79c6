#include "core/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <tuple>

namespace convscope {
namespace {

/// First and last output place whose window reads no padding; all places when there is none such.
std::pair<int64_t, int64_t> interior(const WindowAxis& axis) {
    if (axis.transposed) return {0, axis.out - 1};
    const int64_t first = (axis.pad_before + axis.stride - 1) / axis.stride;
    const int64_t last = std::min(axis.out - 1, floor_div(axis.in + axis.pad_before - axis.span(), axis.stride));
    return first <= last ? std::pair{first, last} : std::pair{int64_t(0), axis.out - 1};
}

/// Smallest and largest finite value; (0, 0) where there is none. Lanes of their own, so that the loop vectorises.
std::pair<float, float> finite_range(std::span<const float> values) {
    constexpr size_t kLanes = 16;
    constexpr float kMost = std::numeric_limits<float>::max(), kInfinity = std::numeric_limits<float>::infinity();
    float low[kLanes], high[kLanes];
    std::fill_n(low, kLanes, kInfinity);
    std::fill_n(high, kLanes, -kInfinity);
    const auto take = [&](size_t lane, float v) {
        const bool finite = std::abs(v) <= kMost;  // false for NaN
        const float v_low = finite ? v : kInfinity, v_high = finite ? v : -kInfinity;
        low[lane] = v_low < low[lane] ? v_low : low[lane];
        high[lane] = v_high > high[lane] ? v_high : high[lane];
    };
    const size_t whole = values.size() / kLanes * kLanes;
    for (size_t i = 0; i < whole; i += kLanes)
        for (size_t lane = 0; lane < kLanes; ++lane) take(lane, values[i + lane]);
    for (size_t i = whole; i < values.size(); ++i) take(0, values[i]);
    const float least = *std::min_element(low, low + kLanes), most = *std::max_element(high, high + kLanes);
    return least <= most ? std::pair{least, most} : std::pair{0.0f, 0.0f};
}

}  // namespace

PlaneStatistics plane_statistics(const Tensor& output, const Plan& plan, int64_t n, int64_t c) {
    const Shape shape = output.shape();
    const float* plane = output.data() + shape.offset({n, c, 0, 0});
    PlaneStatistics statistics;
    if (shape.plane() == 1) {  // fully connected layers have thousands of such planes
        if (std::isfinite(*plane)) statistics = {*plane, *plane, std::abs(*plane)};
        return statistics;
    }
    std::tie(statistics.low, statistics.high) = finite_range({plane, static_cast<size_t>(shape.plane())});
    std::pair<int64_t, int64_t> rows{0, shape.h - 1}, columns{0, shape.w - 1};
    if (plan.window) rows = interior(plan.window->h), columns = interior(plan.window->w);
    const int64_t cells = (rows.second - rows.first + 1) * (columns.second - columns.first + 1);
    const int64_t width = columns.second - columns.first + 1, stride = std::max<int64_t>(1, cells / 65536);
    std::vector<float> magnitudes;
    magnitudes.reserve(static_cast<size_t>(cells / stride + 1));
    for (int64_t i = 0; i < cells; i += stride) {
        const float v = plane[(rows.first + i / width) * shape.w + columns.first + i % width];
        if (std::isfinite(v)) magnitudes.push_back(std::abs(v));
    }
    if (!magnitudes.empty()) {
        const auto at = magnitudes.begin() +
                        static_cast<std::ptrdiff_t>(0.998 * static_cast<double>(magnitudes.size() - 1));
        std::nth_element(magnitudes.begin(), at, magnitudes.end());
        statistics.range = *at;
    }
    if (statistics.range == 0) statistics.range = std::max(std::abs(statistics.low), std::abs(statistics.high));
    return statistics;
}

}  // namespace convscope
