#include "core/statistics.h"

#include <algorithm>
#include <cmath>

namespace convscope {
namespace {

/// First and last output place whose window reads no padding; all places when there is none such.
std::pair<int64_t, int64_t> interior(const WindowAxis& axis) {
    if (axis.transposed) return {0, axis.out - 1};
    const int64_t first = (axis.pad_before + axis.stride - 1) / axis.stride;
    const int64_t last = std::min(axis.out - 1, floor_div(axis.in + axis.pad_before - axis.span(), axis.stride));
    return first <= last ? std::pair{first, last} : std::pair{int64_t(0), axis.out - 1};
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
    bool any = false;
    for (int64_t i = 0; i < shape.plane(); ++i) {
        const float v = plane[i];
        if (!std::isfinite(v)) continue;
        statistics.low = any ? std::min(statistics.low, v) : v;
        statistics.high = any ? std::max(statistics.high, v) : v;
        any = true;
    }
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
