// avg_pool2d: forward and backward, compared with `explain` by the contract test. Small windows are added up as they are; of
// large ones first the sum of each row, once for all windows on that row, then the sum of the rows; backward the other way
// round. All in double, rounded once.
#include "core/conv_passes.h"
#include "core/kernels/pool_rows.h"
#include "core/kernels/stream.h"
#include "core/ops/avg_pool2d/avg_pool2d.h"

namespace convscope {
namespace {

constexpr int64_t kSharedRows = 4;  // windows one above the other, where their rows are shared

int64_t column_of(const WindowAxis& axis, int64_t o, int64_t s) {
    return o * axis.stride - axis.pad_before + s;
}

void add_row(const double* row, std::vector<double>& sums) {
    for (size_t i = 0; i < sums.size(); ++i) sums[i] += row[i];
}

/// Divisors of a row of windows, computed again only where the rows under the windows are fewer or more.
class Divisors {
  public:
    Divisors(const AvgPool2d& p, const Window& window) : p_(p), window_(window) {
        row_.assign(static_cast<size_t>(window.w.out), 0.0);
    }

    const double* of_row(int64_t h) {
        if (const double first = p_.divisor(window_, h, 0); first != row_[0])
            for (int64_t w = 0; w < window_.w.out; ++w)
                row_[static_cast<size_t>(w)] = p_.divisor(window_, h, w);
        return row_.data();
    }

  private:
    static std::vector<double>& memory() {
        thread_local std::vector<double> memory;
        return memory;
    }

    const AvgPool2d& p_;
    const Window& window_;
    std::vector<double>& row_ = memory();  // no divisor is 0
};

}  // namespace

bool AvgPool2d::forward(const AvgPool2d& p, const Plan& plan, const LayerInputs& inputs,
                        std::span<const int>, std::span<Tensor> stages, const Progress& progress) {
    const Window& window = *plan.window;
    const Shape shape = plan.output_stage().shape, input = inputs.input.shape();
    float* const output = stage_tensor(plan, stages, plan.output).mutate().data();
    const bool is_streamed = should_stream(shape.count() * int64_t(sizeof(float)));
    const bool has_small_windows = window.h.kernel * window.w.kernel <= kMostPoolTaps;
    const int64_t least = has_small_windows ? 1 : kSharedRows * window.h.kernel;
    return run_bands(
        progress, shape, input.plane(), least, [&](int64_t plane, int64_t first, int64_t last) {
            const float* const values = inputs.input.data() + plane * input.plane();
            float* out = output + plane * shape.plane() + first * shape.w;
            Divisors divisors(p, window);
            thread_local std::vector<int64_t> under;
            if (has_small_windows) {
                for (int64_t o = first; o < last; ++o, out += shape.w) {
                    collect_rows(window.h, o, under);
                    mean_row({window.w, values, under, out, is_streamed}, divisors.of_row(o));
                }
                return;
            }
            thread_local RowCache<double> rows;
            rows.start(std::min(window.h.kernel, input.h), shape.w);
            thread_local std::vector<double> sums;
            sums.resize(static_cast<size_t>(shape.w));
            const auto sum_row = [&](int64_t h, double* cells) {
                std::fill_n(cells, shape.w, 0.0);
                for (int64_t s = 0; s < window.w.kernel; ++s) {
                    const auto [from, to] = outputs_inside(window.w, s);
                    for (int64_t o = from; o <= to; ++o)
                        cells[o] +=
                            static_cast<double>(values[h * input.w + column_of(window.w, o, s)]);
                }
            };
            for (int64_t o = first; o < last; ++o, out += shape.w) {
                std::ranges::fill(sums, 0.0);
                collect_rows(window.h, o, under);
                for (const int64_t h : under) add_row(rows.row(h, sum_row), sums);
                const double* const divisor = divisors.of_row(o);
                for (int64_t w = 0; w < shape.w; ++w)
                    out[w] = static_cast<float>(sums[static_cast<size_t>(w)] / divisor[w]);
            }
        });
}

bool AvgPool2d::backward(const AvgPool2d& p, const Plan& plan, const LayerInputs& inputs,
                         const Tensor& grad_output, std::span<const int> wanted,
                         std::span<Tensor> stages, const Progress& progress) {
    const int stage = plan.stage("grad_input");
    if (!is_wanted(wanted, stage)) return true;
    const Window& window = *plan.window;
    const Shape shape = plan.output_stage().shape, input = inputs.input.shape();
    float* const grad_input = stage_tensor(plan, stages, stage).mutate().data();
    const int64_t least = kSharedRows * std::max(window.h.kernel, window.h.stride);
    return run_bands(
        progress, input, shape.plane(), least, [&](int64_t plane, int64_t first, int64_t last) {
            const float* const grad = grad_output.data() + plane * shape.plane();
            float* out = grad_input + plane * input.plane() + first * input.w;
            Divisors divisors(p, window);
            RowCache<double> rows;
            rows.start(std::min(window.h.kernel, shape.h), input.w);
            std::vector<double> sums(static_cast<size_t>(input.w));
            const auto spread_row = [&](int64_t o, double* cells) {
                std::fill_n(cells, input.w, 0.0);
                const double* const divisor = divisors.of_row(o);
                for (int64_t w = 0; w < shape.w; ++w) {
                    const double share = static_cast<double>(grad[o * shape.w + w]) / divisor[w];
                    const int64_t start = column_of(window.w, w, 0);
                    const int64_t end = std::min(start + window.w.kernel, input.w);
                    for (int64_t at = std::max<int64_t>(0, start); at < end; ++at)
                        cells[at] += share;
                }
            };
            for (int64_t h = first; h < last; ++h, out += input.w) {
                std::ranges::fill(sums, 0.0);
                for (const Reading& reading : readings_of(h, window.h))
                    add_row(rows.row(reading.output, spread_row), sums);
                for (int64_t w = 0; w < input.w; ++w)
                    out[w] = static_cast<float>(sums[static_cast<size_t>(w)]);
            }
        });
}

}  // namespace convscope
