#include "core/plane_levels.h"

#include <algorithm>

namespace convscope {
namespace {

constexpr int64_t kSmallestSide = 32;

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// Means of blocks along one row of blocks; columns are added up row by row, which vectorises.
void direct_means(const float* plane, int64_t h, int64_t w, int64_t block, int64_t row, int64_t first,
                  std::span<float> out) {
    const int64_t y0 = row * block, y1 = std::min(h, y0 + block);
    const int64_t x0 = first * block, x1 = std::min(w, x0 + static_cast<int64_t>(out.size()) * block);
    std::vector<float> columns(plane + y0 * w + x0, plane + y0 * w + x1);
    for (int64_t y = y0 + 1; y < y1; ++y) {
        const float* from = plane + y * w + x0;
        for (size_t i = 0; i < columns.size(); ++i) columns[i] += from[i];
    }
    const float* sums = columns.data();
    const auto rows = static_cast<float>(y1 - y0);
    for (size_t i = 0; i < out.size(); ++i) {
        const int64_t left = static_cast<int64_t>(i) * block, right = std::min(x1 - x0, left + block);
        float sum = 0;
        for (int64_t x = left; x < right; ++x) sum += sums[x];
        out[i] = sum / (rows * static_cast<float>(right - left));
    }
}

/// A row of blocks of level 0, in two loops that vectorise: four rows added up, then four columns. `sums` has w places.
void first_means(const float* rows, int64_t w, std::span<float> sums, std::span<float> out) {
    const float *r0 = rows, *r1 = r0 + w, *r2 = r1 + w, *r3 = r2 + w;
    float* const sum = sums.data();
    for (int64_t x = 0; x < w; ++x) sum[x] = (r0[x] + r1[x]) + (r2[x] + r3[x]);
    const int64_t whole = w / kFirstBlock, left = w % kFirstBlock;
    constexpr float kShare = 1.0f / (kFirstBlock * kFirstBlock);
    for (int64_t i = 0; i < whole; ++i)
        out[static_cast<size_t>(i)] = ((sum[4 * i] + sum[4 * i + 1]) + (sum[4 * i + 2] + sum[4 * i + 3])) * kShare;
    if (left == 0) return;
    float last = 0;
    for (int64_t x = whole * kFirstBlock; x < w; ++x) last += sum[x];
    out[static_cast<size_t>(whole)] = last / static_cast<float>(kFirstBlock * left);
}

/// The next level: blocks at the far edges stand for fewer cells and count less.
Tensor halved(const Tensor& level, int64_t block, Shape plane) {
    const Shape from = level.shape();
    Tensor made(Shape{1, 1, ceil_div(from.h, 2), ceil_div(from.w, 2)}, kUnfilled);
    const auto cells = [&](int64_t i, int64_t extent) {
        return static_cast<float>(std::min(block, extent - i * block));
    };
    const float* source = level.data();
    float* to = made.mutate().data();
    const int64_t whole_h = (plane.h / block) / 2, whole_w = (plane.w / block) / 2;  // of four full blocks each
    for (int64_t r = 0; r < made.shape().h; ++r) {
        const float* above = source + 2 * r * from.w;
        const int64_t simple = r < whole_h ? whole_w : 0;
        for (int64_t c = 0; c < simple; ++c)
            to[c] = ((above[2 * c] + above[2 * c + 1]) + (above[from.w + 2 * c] + above[from.w + 2 * c + 1])) * 0.25f;
        to += simple;
        for (int64_t c = simple; c < made.shape().w; ++c) {
            float sum = 0, count = 0;
            for (int64_t y = 2 * r; y < std::min(from.h, 2 * r + 2); ++y)
                for (int64_t x = 2 * c; x < std::min(from.w, 2 * c + 2); ++x) {
                    const float weight = cells(y, plane.h) * cells(x, plane.w);
                    sum += weight * source[y * from.w + x];
                    count += weight;
                }
            *to++ = sum / count;
        }
    }
    return made;
}

}  // namespace

PlaneLevels plane_levels(const Tensor& tensor, int64_t n, int64_t c) {
    const Shape shape = tensor.shape();
    PlaneLevels levels;
    Tensor first(Shape{1, 1, ceil_div(shape.h, kFirstBlock), ceil_div(shape.w, kFirstBlock)}, kUnfilled);
    const Shape blocks = first.shape();
    const std::span<float> values = first.mutate();
    const float* const plane = tensor.data() + shape.offset({n, c, 0, 0});
    std::vector<float> sums(static_cast<size_t>(shape.w));
    for (int64_t row = 0; row < blocks.h; ++row) {
        const auto out = values.subspan(static_cast<size_t>(row * blocks.w), static_cast<size_t>(blocks.w));
        if ((row + 1) * kFirstBlock <= shape.h)
            first_means(plane + row * kFirstBlock * shape.w, shape.w, sums, out);
        else
            direct_means(plane, shape.h, shape.w, kFirstBlock, row, 0, out);
    }
    levels.means.push_back(std::move(first));
    for (int64_t block = kFirstBlock;; block *= 2) {
        const Shape last = levels.means.back().shape();
        if (last.h <= kSmallestSide && last.w <= kSmallestSide) return levels;
        levels.means.push_back(halved(levels.means.back(), block, shape));
    }
}

void block_means(const Tensor& tensor, int64_t n, int64_t c, const PlaneLevels* levels, int64_t block, int64_t row,
                 int64_t first, std::span<float> out) {
    const Shape shape = tensor.shape();
    if (block == 1) {
        std::copy_n(tensor.data() + shape.offset({n, c, row, first}), out.size(), out.begin());
        return;
    }
    if (levels)
        for (size_t k = 0; k < levels->means.size(); ++k) {
            if (kFirstBlock << k != block) continue;
            const Tensor& means = levels->means[k];
            std::copy_n(means.data() + means.shape().offset({0, 0, row, first}), out.size(), out.begin());
            return;
        }
    direct_means(tensor.data() + shape.offset({n, c, 0, 0}), shape.h, shape.w, block, row, first, out);
}

}  // namespace convscope
