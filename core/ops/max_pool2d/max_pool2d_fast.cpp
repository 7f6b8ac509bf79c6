// max_pool2d: forward and backward, compared with `explain` by the contract test. First the largest value of each row of a
// window, once for all windows on that row, then the largest of the rows.
#include <limits>

#include "core/conv_passes.h"
#include "core/ops/max_pool2d/max_pool2d.h"

namespace convscope {
namespace {

/// A comparison costs about as much as this many of a convolution's products.
constexpr int64_t kProductsPerCell = 64;

struct Best {
    float value = 0;
    int32_t column = -1;  // −1: nothing but padding
};

/// One plane after the other, row of windows by row of windows.
class Chooser {
  public:
    Chooser(const Window& window, const Tensor& input)
        : window_(window),
          input_(input),
          cache_(std::min(window.h.span(), window.h.in), window.w.out),
          best_(static_cast<size_t>(window.w.out)),
          rows_(best_.size()) {}

    void start(Index plane) {
        plane_ = plane;
        cache_.clear();
    }

    /// Chooses for all windows of row `output`: then best()[o] and rows()[o] tell the value, the column and the row.
    void choose(int64_t output) {
        std::ranges::fill(best_, Best{-std::numeric_limits<float>::infinity(), -1});
        for (int64_t r = 0; r < window_.h.kernel; ++r) {
            const int64_t h = *window_.h.input_place(output, r);
            if (h < 0 || h >= window_.h.in) continue;
            const Best* const row =
                cache_.row(h, [&](int64_t at, Best* cells) { fill(at, cells); });
            for (size_t o = 0; o < best_.size(); ++o)
                if (row[o].column >= 0 && wins(row[o].value, best_[o])) {
                    best_[o] = row[o];
                    rows_[o] = static_cast<int32_t>(h);
                }
        }
    }
    const std::vector<Best>& best() const { return best_; }
    const std::vector<int32_t>& rows() const { return rows_; }

  private:
    static bool wins(float value, const Best& best) {
        return value > best.value || value != value || best.column < 0;
    }

    void fill(int64_t h, Best* cells) const {
        std::fill_n(cells, window_.w.out, Best{-std::numeric_limits<float>::infinity(), -1});
        const float* const line = input_.data() + input_.shape().offset({plane_.n, plane_.c, h, 0});
        for (int64_t s = 0; s < window_.w.kernel; ++s) {
            const auto [first, last] = outputs_inside(window_.w, s);
            for (int64_t o = first; o <= last; ++o) {
                const int64_t w =
                    o * window_.w.stride - window_.w.pad_before + s * window_.w.dilation;
                if (wins(line[w], cells[o])) cells[o] = {line[w], static_cast<int32_t>(w)};
            }
        }
    }

    const Window& window_;
    const Tensor& input_;
    Index plane_;
    RowCache<Best> cache_;
    std::vector<Best> best_;
    std::vector<int32_t> rows_;
};

/// Work of one row of windows.
int64_t row_products(const Window& window) {
    return window.w.out * (window.h.kernel + window.w.kernel) * kProductsPerCell;
}

}  // namespace

bool MaxPool2d::forward(const MaxPool2d&, const Plan& plan, const LayerInputs& inputs,
                        std::span<const int> wanted, std::span<Tensor> stages,
                        const Progress& progress) {
    const Window& window = *plan.window;
    const int index_stage = plan.stage("indices");
    const bool has_indices = index_stage >= 0 && is_wanted(wanted, index_stage);
    const std::span<float> output = stage_tensor(plan, stages, plan.output).mutate();
    const std::span<float> indices =
        has_indices ? stage_tensor(plan, stages, index_stage).mutate() : std::span<float>();
    const Shape shape = plan.output_stage().shape;
    Meter meter(progress, static_cast<double>(shape.n * shape.c * shape.h) *
                              static_cast<double>(row_products(window)));
    Chooser chooser(window, inputs.input);
    size_t at = 0;
    for (int64_t plane = 0; plane < shape.n * shape.c; ++plane) {
        chooser.start({plane / shape.c, plane % shape.c, 0, 0});
        for (int64_t h = 0; h < shape.h; ++h) {
            chooser.choose(h);
            for (size_t o = 0; o < chooser.best().size(); ++o, ++at) {
                const Best& best = chooser.best()[o];
                output[at] = best.value;
                if (has_indices)
                    indices[at] =
                        best.column < 0
                            ? -1.0f
                            : static_cast<float>(chooser.rows()[o] * window.w.in + best.column);
            }
            if (!meter.spend(row_products(window))) return false;
        }
    }
    return true;
}

bool MaxPool2d::backward(const MaxPool2d&, const Plan& plan, const LayerInputs& inputs,
                         const Tensor& grad_output, std::span<const int> wanted,
                         std::span<Tensor> stages, const Progress& progress) {
    const int stage = plan.stage("grad_input");
    if (!is_wanted(wanted, stage)) return true;
    const Window& window = *plan.window;
    const Shape shape = plan.output_stage().shape;
    const std::span<float> grad_input = stage_tensor(plan, stages, stage).mutate();
    Meter meter(progress, static_cast<double>(shape.n * shape.c * shape.h) *
                              static_cast<double>(row_products(window)));
    Chooser chooser(window, inputs.input);
    // Sums of a plane in double, so that one cell chosen by many windows is as exact as any.
    std::vector<double> sums(static_cast<size_t>(window.h.in * window.w.in));
    const float* grad = grad_output.data();
    for (int64_t plane = 0; plane < shape.n * shape.c; ++plane) {
        chooser.start({plane / shape.c, plane % shape.c, 0, 0});
        std::ranges::fill(sums, 0.0);
        for (int64_t h = 0; h < shape.h; ++h) {
            chooser.choose(h);
            for (size_t o = 0; o < chooser.best().size(); ++o, ++grad) {
                const int64_t column = chooser.best()[o].column;
                if (column >= 0)
                    sums[static_cast<size_t>(chooser.rows()[o] * window.w.in + column)] +=
                        static_cast<double>(*grad);
            }
            if (!meter.spend(row_products(window))) return false;
        }
        std::ranges::transform(sums, grad_input.begin() + plane * window.h.in * window.w.in,
                               [](double sum) { return static_cast<float>(sum); });
    }
    return true;
}

}  // namespace convscope
