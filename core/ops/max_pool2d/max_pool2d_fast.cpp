// max_pool2d: forward and backward, compared with `explain` by the contract test. Small windows are searched as they are; of
// large ones first the largest value of each row, once for all windows on that row, then the largest of the rows.
#include <limits>

#include "core/conv_passes.h"
#include "core/kernels/pool_rows.h"
#include "core/kernels/stream.h"
#include "core/ops/max_pool2d/max_pool2d.h"

namespace convscope {
namespace {

struct Best {
    float value = 0;
    int32_t column = -1;  // −1: nothing but padding
};

constexpr int64_t kSharedRows = 4;  // windows one above the other, where their rows are shared

/// One plane after the other, row of windows by row of windows.
class Chooser {
  public:
    /// To go through this plane of the input.
    void start(const Window& window, const Tensor& input, Index plane) {
        window_ = window;
        plane_ = input.data() + input.shape().offset(plane);
        cache_.start(std::min(window.h.span(), window.h.in), window.w.out);
        best_.resize(static_cast<size_t>(window.w.out));
        rows_.resize(best_.size());
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
        const float* const line = plane_ + h * window_.w.in;
        for (int64_t s = 0; s < window_.w.kernel; ++s) {
            const auto [first, last] = outputs_inside(window_.w, s);
            for (int64_t o = first; o <= last; ++o) {
                const int64_t w =
                    o * window_.w.stride - window_.w.pad_before + s * window_.w.dilation;
                if (wins(line[w], cells[o])) cells[o] = {line[w], static_cast<int32_t>(w)};
            }
        }
    }

    Window window_;
    const float* plane_ = nullptr;
    RowCache<Best> cache_;
    std::vector<Best> best_;
    std::vector<int32_t> rows_;
};

bool has_small_windows(const Window& window) {
    return window.h.kernel * window.w.kernel <= kMostPoolTaps;
}

}  // namespace

bool MaxPool2d::forward(const MaxPool2d&, const Plan& plan, const LayerInputs& inputs,
                        std::span<const int> wanted, std::span<Tensor> stages,
                        const Progress& progress) {
    const Window& window = *plan.window;
    const int index_stage = plan.stage("indices");
    const bool has_indices = index_stage >= 0 && is_wanted(wanted, index_stage);
    float* const output = stage_tensor(plan, stages, plan.output).mutate().data();
    float* const indices =
        has_indices ? stage_tensor(plan, stages, index_stage).mutate().data() : nullptr;
    const Shape shape = plan.output_stage().shape, input = inputs.input.shape();
    const bool is_streamed = should_stream(shape.count() * int64_t(sizeof(float)));
    const auto place = [&](int64_t plane, int64_t h, float* stage) {
        return stage ? stage + plane * shape.plane() + h * shape.w : nullptr;
    };

    const auto search = [&](int64_t plane, int64_t first, int64_t last) {
        thread_local std::vector<int64_t> rows;
        for (int64_t h = first; h < last; ++h) {
            collect_rows(window.h, h, rows);
            max_row({window.w, inputs.input.data() + plane * input.plane(), rows,
                     place(plane, h, output), is_streamed},
                    place(plane, h, indices));
        }
    };
    const auto choose = [&](int64_t plane, int64_t first, int64_t last) {
        thread_local Chooser chooser;
        chooser.start(window, inputs.input, {plane / shape.c, plane % shape.c, 0, 0});
        for (int64_t h = first; h < last; ++h) {
            chooser.choose(h);
            for (size_t o = 0; o < chooser.best().size(); ++o) {
                const Best& best = chooser.best()[o];
                place(plane, h, output)[o] = best.value;
                if (indices)
                    place(plane, h, indices)[o] =
                        best.column < 0
                            ? -1.0f
                            : static_cast<float>(chooser.rows()[o] * window.w.in + best.column);
            }
        }
    };
    if (has_small_windows(window)) return run_bands(progress, shape, input.plane(), 1, search);
    return run_bands(progress, shape, input.plane(), kSharedRows * window.h.span(), choose);
}

bool MaxPool2d::backward(const MaxPool2d&, const Plan& plan, const LayerInputs& inputs,
                         const Tensor& grad_output, std::span<const int> wanted,
                         std::span<Tensor> stages, const Progress& progress) {
    const int stage = plan.stage("grad_input");
    if (!is_wanted(wanted, stage)) return true;
    const Window& window = *plan.window;
    const Shape shape = plan.output_stage().shape, input = inputs.input.shape();
    float* const grad_input = stage_tensor(plan, stages, stage).mutate().data();

    // Calls give(output cell of the plane, place it chose) for row h of windows.
    const auto for_chosen = [&](Chooser& chooser, int64_t plane, int64_t h,
                                std::vector<int32_t>& places, std::vector<float>& values,
                                const auto& give) {
        if (has_small_windows(window)) {
            std::vector<int64_t> rows;
            collect_rows(window.h, h, rows);
            max_row({window.w, inputs.input.data() + plane * input.plane(), rows, values.data()},
                    places.data());
            for (int64_t o = 0; o < shape.w; ++o)
                if (const int32_t place = places[static_cast<size_t>(o)]; place >= 0)
                    give(h * shape.w + o, place);
            return;
        }
        chooser.choose(h);
        for (size_t o = 0; o < chooser.best().size(); ++o)
            if (const int64_t column = chooser.best()[o].column; column >= 0)
                give(h * shape.w + static_cast<int64_t>(o),
                     chooser.rows()[o] * window.w.in + column);
    };
    // Sums of a plane in double, so that one cell chosen by many windows is as exact as any. Where windows do not touch, no
    // cell is chosen twice.
    const bool is_apart = window.h.stride >= window.h.span() && window.w.stride >= window.w.span();
    return run_parts(progress, shape.n * shape.c, [&](int64_t plane) {
        Chooser chooser;
        chooser.start(window, inputs.input, {plane / shape.c, plane % shape.c, 0, 0});
        std::vector<int32_t> places(static_cast<size_t>(shape.w));
        std::vector<float> values(places.size());
        const float* const grad = grad_output.data() + plane * shape.plane();
        float* const out = grad_input + plane * input.plane();
        if (is_apart) {
            int64_t cleared = 0;  // rows; just before they are written, so that they are still near
            const auto clear = [&](int64_t rows) {
                rows = std::clamp<int64_t>(rows, cleared, input.h);
                std::fill(out + cleared * input.w, out + rows * input.w, 0.0f);
                cleared = rows;
            };
            for (int64_t h = 0; h < shape.h; ++h) {
                clear(h * window.h.stride - window.h.pad_before + window.h.span());
                for_chosen(chooser, plane, h, places, values,
                           [&](int64_t from, int64_t to) { out[to] += grad[from]; });
            }
            clear(input.h);
            return;
        }
        std::vector<double> sums(static_cast<size_t>(input.plane()));
        for (int64_t h = 0; h < shape.h; ++h)
            for_chosen(chooser, plane, h, places, values, [&](int64_t from, int64_t to) {
                sums[static_cast<size_t>(to)] += static_cast<double>(grad[from]);
            });
        std::ranges::transform(sums, out, [](double sum) { return static_cast<float>(sum); });
    });
}

}  // namespace convscope
