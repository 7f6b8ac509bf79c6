#include "core/statistics.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "core/kernels/plane_range.h"
#include "core/map_statistics.h"

namespace convscope {
namespace {

constexpr int64_t kSamples = 65536;

/// First and last output place whose window reads no padding; all places when there is none such.
std::pair<int64_t, int64_t> interior(const WindowAxis& axis) {
    if (axis.transposed) return {0, axis.out - 1};
    const int64_t first = (axis.pad_before + axis.stride - 1) / axis.stride;
    const int64_t last = std::min(axis.out - 1, floor_div(axis.in + axis.pad_before - axis.span(), axis.stride));
    return first <= last ? std::pair{first, last} : std::pair{int64_t(0), axis.out - 1};
}

/// The `rank`-th smallest of magnitudes, from 0. Of many: first its leading bits, then it among those that share them.
float ranked(std::vector<float>& magnitudes, int64_t rank) {
    constexpr size_t kFew = 4096;
    if (magnitudes.size() <= kFew) {
        std::nth_element(magnitudes.begin(), magnitudes.begin() + rank, magnitudes.end());
        return magnitudes[static_cast<size_t>(rank)];
    }
    constexpr int kShift = 19;  // sign, exponent and four bits of the number remain
    const auto place = [](float v) { return std::bit_cast<uint32_t>(v) >> kShift; };
    std::array<uint32_t, size_t(1) << (31 - kShift)> counts{};
    for (const float v : magnitudes) ++counts[place(v)];
    uint32_t bin = 0;
    while (rank >= counts[bin]) rank -= counts[bin++];
    std::vector<float> sharing;
    sharing.reserve(counts[bin]);
    for (const float v : magnitudes)
        if (place(v) == bin) sharing.push_back(v);
    std::nth_element(sharing.begin(), sharing.begin() + rank, sharing.end());
    return sharing[static_cast<size_t>(rank)];
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
    if (const FiniteRange range = finite_range(plane, shape.plane()); range.low <= range.high) {
        statistics.low = range.low;
        statistics.high = range.high;
    }
    std::pair<int64_t, int64_t> rows{0, shape.h - 1}, columns{0, shape.w - 1};
    if (plan.window) rows = interior(plan.window->h), columns = interior(plan.window->w);
    const int64_t cells = (rows.second - rows.first + 1) * (columns.second - columns.first + 1);
    const int64_t width = columns.second - columns.first + 1;
    const int64_t stride = std::max<int64_t>(1, cells / kSamples);
    std::vector<float> magnitudes;
    magnitudes.reserve(static_cast<size_t>(cells / stride + 1));
    int64_t row = rows.first, column = 0;
    for (int64_t i = 0; i < cells; i += stride) {
        const float v = plane[row * shape.w + columns.first + column];
        if (std::isfinite(v)) magnitudes.push_back(std::abs(v));
        for (column += stride; column >= width; column -= width) ++row;
    }
    if (!magnitudes.empty())
        statistics.range = ranked(
            magnitudes,
            static_cast<int64_t>(0.998 * static_cast<double>(magnitudes.size() - 1)));
    if (statistics.range == 0) statistics.range = std::max(std::abs(statistics.low), std::abs(statistics.high));
    return statistics;
}

bool map_statistics(const Tensor& output, const Plan& plan, const Progress& progress,
                    std::vector<PlaneStatistics>& statistics) {
    const Shape shape = output.shape();
    const int64_t planes = shape.n * shape.c;
    statistics.resize(static_cast<size_t>(planes));
    const int64_t together = std::clamp<int64_t>(kSamples / shape.plane(), 1, planes);
    return run_parts(progress, (planes + together - 1) / together, [&](int64_t part) {
        for (int64_t i = part * together; i < std::min(planes, (part + 1) * together); ++i)
            statistics[static_cast<size_t>(i)] =
                plane_statistics(output, plan, i / shape.c, i % shape.c);
    });
}

}  // namespace convscope
