// upsample: forward and backward, compared with `explain` by the contract test. In double, rounded once.
#include <algorithm>

#include "core/conv_passes.h"
#include "core/ops/upsample/upsample.h"

namespace convscope {
namespace {

using Tap = ResizeAxis::Tap;

/// A cell costs about as much as this many of a convolution's products.
constexpr int64_t kProductsPerCell = 64;

/// The taps of every output: outputs times taps().
std::vector<Tap> all_taps(const ResizeAxis& axis) {
    std::vector<Tap> taps;
    taps.reserve(static_cast<size_t>(axis.out * axis.taps()));
    for (int64_t o = 0; o < axis.out; ++o) {
        const auto both = axis.taps_of(o);
        taps.insert(taps.end(), both.begin(), both.begin() + axis.taps());
    }
    return taps;
}

void repeat_row(const float* line, std::span<const Tap> columns, float* out) {
    for (const Tap& tap : columns) *out++ = line[tap.cell];
}

void blend_rows(const float* above, const float* below, const Tap& up, const Tap& down,
                std::span<const Tap> columns, float* out) {
    for (size_t i = 0; i < columns.size(); i += 2) {
        const Tap &left = columns[i], &right = columns[i + 1];
        const auto blend = [&](const float* line) {
            return static_cast<double>(line[left.cell]) * left.weight +
                   static_cast<double>(line[right.cell]) * right.weight;
        };
        *out++ = static_cast<float>(blend(above) * up.weight + blend(below) * down.weight);
    }
}

}  // namespace

bool Upsample::forward(const Upsample& p, const Plan& plan, const LayerInputs& inputs,
                       std::span<const int>, std::span<Tensor> stages, const Progress& progress) {
    const Shape shape = plan.output_stage().shape, input = inputs.input.shape();
    const ResizeAxis rows = p.rows(input), columns = p.columns(input);
    const std::vector<Tap> across = all_taps(columns);
    const int64_t products = shape.w * kProductsPerCell;
    Meter meter(progress,
                static_cast<double>(shape.n * shape.c * shape.h) * static_cast<double>(products));
    float* output = stage_tensor(plan, stages, plan.output).mutate().data();
    for (int64_t plane = 0; plane < shape.n * shape.c; ++plane) {
        const float* const values = inputs.input.data() + plane * input.plane();
        for (int64_t h = 0; h < shape.h; ++h, output += shape.w) {
            const auto taps = rows.taps_of(h);
            const float* const above = values + taps[0].cell * input.w;
            if (rows.taps() == 1)
                repeat_row(above, across, output);
            else
                blend_rows(above, values + taps[1].cell * input.w, taps[0], taps[1], across,
                           output);
            if (!meter.spend(products)) return false;
        }
    }
    return true;
}

bool Upsample::backward(const Upsample& p, const Plan& plan, const LayerInputs& inputs,
                        const Tensor& grad_output, std::span<const int> wanted,
                        std::span<Tensor> stages, const Progress& progress) {
    const int stage = plan.stage("grad_input");
    if (!is_wanted(wanted, stage)) return true;
    const Shape shape = plan.output_stage().shape, input = inputs.input.shape();
    const ResizeAxis rows = p.rows(input), columns = p.columns(input);
    const std::vector<Tap> across = all_taps(columns), down = all_taps(rows);
    const int64_t products = shape.w * kProductsPerCell;
    Meter meter(progress, static_cast<double>(shape.n * shape.c * shape.h * rows.taps()) *
                              static_cast<double>(products));
    float* grad_input = stage_tensor(plan, stages, stage).mutate().data();
    std::vector<double> sums(static_cast<size_t>(input.w));
    for (int64_t plane = 0; plane < input.n * input.c; ++plane) {
        const float* const grad = grad_output.data() + plane * shape.plane();
        for (int64_t h = 0; h < input.h; ++h) {
            std::ranges::fill(sums, 0.0);
            const auto [first, last] = rows.outputs_of(h);
            for (int64_t i = first * rows.taps(); i < (last + 1) * rows.taps(); ++i) {
                const Tap& row = down[static_cast<size_t>(i)];
                if (row.cell != h) continue;
                const float* const line = grad + i / rows.taps() * shape.w;
                for (size_t s = 0; s < across.size(); ++s)
                    sums[static_cast<size_t>(across[s].cell)] +=
                        static_cast<double>(line[static_cast<int64_t>(s) / columns.taps()]) *
                        (row.weight * across[s].weight);
                if (!meter.spend(products)) return false;
            }
            for (const double sum : sums) *grad_input++ = static_cast<float>(sum);
        }
    }
    return true;
}

}  // namespace convscope
