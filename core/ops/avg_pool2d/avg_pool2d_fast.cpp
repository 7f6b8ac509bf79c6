// avg_pool2d: forward and backward, compared with `explain` by the contract test. First the sum of each row of a window,
// once for all windows on that row, then the sum of the rows; backward the other way round. All in double, rounded once.
#include "core/conv_passes.h"
#include "core/ops/avg_pool2d/avg_pool2d.h"

namespace convscope {
namespace {

/// An addition in double costs about as much as this many of a convolution's products.
constexpr int64_t kProductsPerCell = 64;

int64_t column_of(const WindowAxis& axis, int64_t o, int64_t s) {
    return o * axis.stride - axis.pad_before + s;
}

void add_row(const double* row, std::vector<double>& sums) {
    for (size_t i = 0; i < sums.size(); ++i) sums[i] += row[i];
}

/// Work of one row, all kernel cells of a row and of a column once.
int64_t row_products(const Window& window, int64_t width) {
    return width * (window.h.kernel + window.w.kernel) * kProductsPerCell;
}

}  // namespace

bool AvgPool2d::forward(const AvgPool2d& p, const Plan& plan, const LayerInputs& inputs,
                        std::span<const int>, std::span<Tensor> stages, const Progress& progress) {
    const Window& window = *plan.window;
    const Shape shape = plan.output_stage().shape, input = inputs.input.shape();
    const int64_t products = row_products(window, shape.w);
    Meter meter(progress,
                static_cast<double>(shape.n * shape.c * shape.h) * static_cast<double>(products));
    float* output = stage_tensor(plan, stages, plan.output).mutate().data();
    RowCache<double> rows(std::min(window.h.kernel, input.h), shape.w);
    std::vector<double> sums(static_cast<size_t>(shape.w));
    for (int64_t plane = 0; plane < shape.n * shape.c; ++plane) {
        rows.clear();
        const float* const values = inputs.input.data() + plane * input.plane();
        const auto sum_row = [&](int64_t h, double* cells) {
            std::fill_n(cells, shape.w, 0.0);
            for (int64_t s = 0; s < window.w.kernel; ++s) {
                const auto [first, last] = outputs_inside(window.w, s);
                for (int64_t o = first; o <= last; ++o)
                    cells[o] +=
                        static_cast<double>(values[h * input.w + column_of(window.w, o, s)]);
            }
        };
        for (int64_t o = 0; o < shape.h; ++o) {
            std::ranges::fill(sums, 0.0);
            for (int64_t r = 0; r < window.h.kernel; ++r)
                if (const int64_t h = column_of(window.h, o, r); h >= 0 && h < input.h)
                    add_row(rows.row(h, sum_row), sums);
            for (int64_t w = 0; w < shape.w; ++w)
                *output++ =
                    static_cast<float>(sums[static_cast<size_t>(w)] / p.divisor(window, o, w));
            if (!meter.spend(products)) return false;
        }
    }
    return true;
}

bool AvgPool2d::backward(const AvgPool2d& p, const Plan& plan, const LayerInputs& inputs,
                         const Tensor& grad_output, std::span<const int> wanted,
                         std::span<Tensor> stages, const Progress& progress) {
    const int stage = plan.stage("grad_input");
    if (!is_wanted(wanted, stage)) return true;
    const Window& window = *plan.window;
    const Shape shape = plan.output_stage().shape, input = inputs.input.shape();
    const int64_t products = row_products(window, input.w);
    Meter meter(progress,
                static_cast<double>(input.n * input.c * input.h) * static_cast<double>(products));
    float* grad_input = stage_tensor(plan, stages, stage).mutate().data();
    RowCache<double> rows(std::min(window.h.kernel, shape.h), input.w);
    std::vector<double> sums(static_cast<size_t>(input.w));
    for (int64_t plane = 0; plane < input.n * input.c; ++plane) {
        rows.clear();
        const float* const grad = grad_output.data() + plane * shape.plane();
        const auto spread_row = [&](int64_t o, double* cells) {
            std::fill_n(cells, input.w, 0.0);
            for (int64_t w = 0; w < shape.w; ++w) {
                const double share =
                    static_cast<double>(grad[o * shape.w + w]) / p.divisor(window, o, w);
                const int64_t start = column_of(window.w, w, 0);
                const int64_t end = std::min(start + window.w.kernel, input.w);
                for (int64_t at = std::max<int64_t>(0, start); at < end; ++at) cells[at] += share;
            }
        };
        for (int64_t h = 0; h < input.h; ++h) {
            std::ranges::fill(sums, 0.0);
            for (const Reading& reading : readings_of(h, window.h))
                add_row(rows.row(reading.output, spread_row), sums);
            for (const double sum : sums) *grad_input++ = static_cast<float>(sum);
            if (!meter.spend(products)) return false;
        }
    }
    return true;
}

}  // namespace convscope
