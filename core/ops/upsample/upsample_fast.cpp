// upsample: forward and backward, compared with `explain` by the contract test. In double, rounded once.
#include <algorithm>

#include "core/conv_passes.h"
#include "core/ops/upsample/upsample.h"
#include "core/pool_parts.h"

namespace convscope {
namespace {

using Tap = ResizeAxis::Tap;

/// The taps of every output: outputs times taps(); in `taps`, whose memory is used again.
const std::vector<Tap>& all_taps(const ResizeAxis& axis, std::vector<Tap>& taps) {
    taps.clear();
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
    thread_local std::vector<Tap> kept;
    const std::vector<Tap>& across = all_taps(columns, kept);
    float* const output = stage_tensor(plan, stages, plan.output).mutate().data();
    return run_bands(progress, shape, input.plane(), 1,
                     [&](int64_t plane, int64_t first, int64_t last) {
                         const float* const values = inputs.input.data() + plane * input.plane();
                         float* out = output + plane * shape.plane() + first * shape.w;
                         for (int64_t h = first; h < last; ++h, out += shape.w) {
                             const auto taps = rows.taps_of(h);
                             const float* const above = values + taps[0].cell * input.w;
                             if (rows.taps() == 1)
                                 repeat_row(above, across, out);
                             else
                                 blend_rows(above, values + taps[1].cell * input.w, taps[0],
                                            taps[1], across, out);
                         }
                     });
}

bool Upsample::backward(const Upsample& p, const Plan& plan, const LayerInputs& inputs,
                        const Tensor& grad_output, std::span<const int> wanted,
                        std::span<Tensor> stages, const Progress& progress) {
    const int stage = plan.stage("grad_input");
    if (!is_wanted(wanted, stage)) return true;
    const Shape shape = plan.output_stage().shape, input = inputs.input.shape();
    const ResizeAxis rows = p.rows(input), columns = p.columns(input);
    std::vector<Tap> columns_taps, rows_taps;
    const std::vector<Tap>&across = all_taps(columns, columns_taps),
          &down = all_taps(rows, rows_taps);
    float* const grad_input = stage_tensor(plan, stages, stage).mutate().data();
    return run_bands(
        progress, input, shape.plane(), 1, [&](int64_t plane, int64_t top, int64_t end) {
            const float* const grad = grad_output.data() + plane * shape.plane();
            float* out = grad_input + plane * input.plane() + top * input.w;
            std::vector<double> sums(static_cast<size_t>(input.w));
            for (int64_t h = top; h < end; ++h, out += input.w) {
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
                }
                std::ranges::transform(sums, out,
                                       [](double sum) { return static_cast<float>(sum); });
            }
        });
}

}  // namespace convscope
