#include "core/conv_passes.h"

#include <algorithm>
#include <vector>

#include "core/kernels/tile_dots.h"

namespace convscope {

bool sum_channels(const Tensor& grad_output, Tensor& grad_bias, const Progress& progress) {
    // Rows of a thousand cells, each multiplied by ones.
    constexpr int64_t kRow = 1024, kPartCells = int64_t(1) << 16;
    static const std::vector<float> ones(kRow, 1.0f);
    const Shape shape = grad_output.shape();
    const int64_t rows = shape.plane() / kRow, rest = shape.plane() % kRow;
    const int64_t together =
        std::clamp<int64_t>(kPartCells / std::max<int64_t>(1, shape.n * shape.plane()), 1, shape.c);
    float* const out = grad_bias.mutate().data();
    return run_parts(progress, (shape.c + together - 1) / together, [&](int64_t part) {
        for (int64_t c = part * together; c < std::min(shape.c, (part + 1) * together); ++c) {
            double sum = 0;
            for (int64_t n = 0; n < shape.n; ++n) {
                const float* const plane = grad_output.data() + shape.offset({n, c, 0, 0});
                const float *const end = plane + rows * kRow, *const by = ones.data();
                const std::span<const float* const> right(&by, 1);
                tile_dots({{&plane, 1}, right, kRow, 0, rows, kRow, &sum});
                tile_dots({{&end, 1}, right, 0, 0, 1, rest, &sum});
            }
            out[c] = static_cast<float>(sum);
        }
    });
}

bool apply(const Pointwise& function, Tensor& tensor, const Progress& progress) {
    constexpr int64_t kPartCells = int64_t(1) << 16;
    const Shape shape = tensor.shape();
    const int64_t pieces = (shape.plane() + kPartCells - 1) / kPartCells;
    float* const values = tensor.mutate().data();
    return run_parts(progress, shape.n * shape.c * pieces, [&](int64_t part) {
        const int64_t plane = part / pieces, first = part % pieces * kPartCells;
        function(plane % shape.c, values + plane * shape.plane() + first,
                 std::min(kPartCells, shape.plane() - first));
    });
}

Tensor& stage_tensor(const Plan& plan, std::span<Tensor> stages, int stage) {
    Tensor& tensor = stages[static_cast<size_t>(stage)];
    const Shape shape = plan.stages[static_cast<size_t>(stage)].shape;
    if (tensor.empty() || tensor.shape() != shape || tensor.is_shared())
        tensor = Tensor(shape, kUnfilled);
    return tensor;
}

bool is_wanted(std::span<const int> wanted, int stage) {
    return std::ranges::find(wanted, stage) != wanted.end();
}

}  // namespace convscope
