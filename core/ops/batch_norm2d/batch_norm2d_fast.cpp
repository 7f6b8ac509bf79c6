// batch_norm2d: forward and backward over whole tensors, compared with `explain` by the contract test. Everything is
// added up and normalised in double, so that a large mean does not swallow a small variance.
#include <algorithm>
#include <array>

#include "core/conv_passes.h"
#include "core/ops/batch_norm2d/batch_norm2d.h"

namespace convscope {
namespace {

constexpr size_t kLanes = 8;  // sums side by side: a vector's worth, and less rounding
constexpr int64_t kPiece = int64_t(1) << 14;     // cells in one go
constexpr int64_t kAskEvery = int64_t(1) << 16;  // cells between two questions for cancellation

/// Reports progress and asks for cancellation; `all` cells are to be visited, some more than once.
class Pace {
  public:
    Pace(const Progress& progress, int64_t all)
        : progress_(progress), all_(static_cast<double>(std::max<int64_t>(1, all))) {}
    /// False when cancelled.
    bool visit(int64_t cells) {
        unasked_ += cells;
        if (unasked_ < kAskEvery) return true;
        done_ += static_cast<double>(unasked_);
        unasked_ = 0;
        if (progress_.report) progress_.report(std::min(1.0, done_ / all_));
        return !progress_.stop();
    }

  private:
    const Progress& progress_;
    double all_, done_ = 0;
    int64_t unasked_ = 0;
};

/// Calls body(offset, count) for the pieces of a channel in every sample; false when cancelled.
template <class F>
bool for_pieces(Shape shape, int64_t c, Pace& pace, F body) {
    for (int64_t n = 0; n < shape.n; ++n) {
        const int64_t plane = shape.offset({n, c, 0, 0});
        for (int64_t at = 0; at < shape.plane(); at += kPiece) {
            const int64_t count = std::min(kPiece, shape.plane() - at);
            body(plane + at, count);
            if (!pace.visit(count)) return false;
        }
    }
    return true;
}

/// A sum of many numbers value(i), i < count, added to what is there.
struct LaneSum {
    double total = 0;
    template <class F>
    void add(int64_t count, F value) {
        std::array<double, kLanes> lanes{};
        const auto all = static_cast<size_t>(count);
        size_t i = 0;
        for (; i + kLanes <= all; i += kLanes)
            for (size_t lane = 0; lane < kLanes; ++lane) lanes[lane] += value(i + lane);
        for (; i < all; ++i) lanes[0] += value(i);
        for (const double lane : lanes) total += lane;
    }
};

double at(const Tensor& tensor, int64_t c) { return static_cast<double>(tensor.data()[c]); }

struct Statistics {
    double mean = 0, var = 0, inverse = 0;  // inverse: 1 / √(var + eps)
};

/// A channel's mean and biased variance, of the batch or of the buffers. None when cancelled.
std::optional<Statistics> statistics_of(const BatchNorm2d& p, const LayerInputs& inputs,
                                        bool of_batch, int64_t c, Pace& pace) {
    Statistics s;
    if (of_batch) {
        const Shape shape = inputs.input.shape();
        const double values = static_cast<double>(shape.n * shape.plane());
        const float* const x = inputs.input.data();
        LaneSum sum, squares;
        if (!for_pieces(shape, c, pace, [&](int64_t from, int64_t count) {
                sum.add(count, [in = x + from](size_t i) { return static_cast<double>(in[i]); });
            }))
            return {};
        s.mean = sum.total / values;
        if (!for_pieces(shape, c, pace, [&](int64_t from, int64_t count) {
                squares.add(count, [in = x + from, mean = s.mean](size_t i) {
                    const double deviation = static_cast<double>(in[i]) - mean;
                    return deviation * deviation;
                });
            }))
            return {};
        s.var = squares.total / values;
    } else {
        s.mean = at(inputs.buffers[kRunningMean], c);
        s.var = at(inputs.buffers[kRunningVar], c);
    }
    s.inverse = p.inverse_deviation(s.var, of_batch);
    return s;
}

/// Writes out[i] = value(i) for a piece.
template <class F>
void write(float* out, int64_t count, F value) {
    for (size_t i = 0; i < static_cast<size_t>(count); ++i) out[i] = static_cast<float>(value(i));
}

/// Where a stage's values go; null when it is not wanted.
float* target(const Plan& plan, std::span<const int> wanted, std::span<Tensor> stages,
              const char* name) {
    const int stage = plan.stage(name);
    if (stage < 0 || !is_wanted(wanted, stage)) return nullptr;
    return stage_tensor(plan, stages, stage).mutate().data();
}

void put(float* vector, int64_t c, double value) {
    if (vector) vector[c] = static_cast<float>(value);
}

}  // namespace

bool BatchNorm2d::forward(const BatchNorm2d& p, const Plan& plan, const LayerInputs& inputs,
                          std::span<const int> wanted, std::span<Tensor> stages,
                          const Progress& progress) {
    const Shape shape = inputs.input.shape();
    const bool of_batch = p.uses_batch(plan.training);
    const double values = static_cast<double>(shape.n * shape.plane());
    const auto stage = [&](const char* name) { return target(plan, wanted, stages, name); };
    float* const mean = stage("mean");
    float* const var = stage("var");
    float* const centred = stage("centred");
    float* const normalised = stage("normalised");
    // Without a weight the output is "normalised": one tensor serves both.
    const bool is_copied = !p.affine && normalised;
    float* const output = is_copied ? nullptr : stage("output");
    float* const mean_after = stage("running_mean_after");
    float* const var_after = stage("running_var_after");
    const bool is_tracked = plan.stage("num_batches_tracked_after") >= 0;
    const double batches = is_tracked ? at(inputs.buffers[kBatchesTracked], 0) + 1 : 0;
    put(stage("num_batches_tracked_after"), 0, batches);

    Pace pace(progress, shape.count() * (of_batch ? 3 : 1));
    for (int64_t c = 0; c < shape.c; ++c) {
        const auto s = statistics_of(p, inputs, of_batch, c, pace);
        if (!s) return false;
        put(mean, c, s->mean);
        put(var, c, s->var);
        if (is_tracked) {
            const double share = p.factor(batches);
            const double unbiased = s->var * (values / (values - 1));
            put(mean_after, c, (1 - share) * at(inputs.buffers[kRunningMean], c) + share * s->mean);
            put(var_after, c, (1 - share) * at(inputs.buffers[kRunningVar], c) + share * unbiased);
        }
        const double weight = p.affine ? at(inputs.weights[kBatchNormWeight], c) : 1;
        const double bias = p.affine ? at(inputs.weights[kBatchNormBias], c) : 0;
        const auto write_piece = [&](int64_t from, int64_t count) {
            const float* const x = inputs.input.data() + from;
            const auto deviation = [x, m = s->mean](size_t i) {
                return static_cast<double>(x[i]) - m;
            };
            const auto scaled = [deviation, inverse = s->inverse](size_t i) {
                return deviation(i) * inverse;
            };
            if (centred) write(centred + from, count, deviation);
            if (normalised) write(normalised + from, count, scaled);
            if (output)
                write(output + from, count,
                      [scaled, weight, bias](size_t i) { return scaled(i) * weight + bias; });
        };
        if (!for_pieces(shape, c, pace, write_piece)) return false;
    }
    if (is_copied)
        stages[static_cast<size_t>(plan.output)] =
            stages[static_cast<size_t>(plan.stage("normalised"))];
    return true;
}

bool BatchNorm2d::backward(const BatchNorm2d& p, const Plan& plan, const LayerInputs& inputs,
                           const Tensor& grad_output, std::span<const int> wanted,
                           std::span<Tensor> stages, const Progress& progress) {
    const Shape shape = inputs.input.shape();
    const bool of_batch = p.uses_batch(plan.training);
    const double values = static_cast<double>(shape.n * shape.plane());
    const auto stage = [&](const char* name) { return target(plan, wanted, stages, name); };
    float* const sum = stage(p.affine ? "grad_bias" : "grad_sum");
    float* const product_sum = stage(p.affine ? "grad_weight" : "grad_product_sum");
    float* const grad_input = stage("grad_input");
    const bool needs_sums = sum || product_sum || (grad_input && of_batch);

    Pace pace(progress,
              shape.count() * ((of_batch ? 2 : 0) + needs_sums + (grad_input != nullptr)));
    for (int64_t c = 0; c < shape.c; ++c) {
        // Once more, in double: the float32 stages would lose what a large mean leaves of the variance.
        const auto s = statistics_of(p, inputs, of_batch, c, pace);
        if (!s) return false;
        const auto normalised = [&s, x = inputs.input.data()](int64_t from) {
            return [x = x + from, mean = s->mean, inverse = s->inverse](size_t i) {
                return (static_cast<double>(x[i]) - mean) * inverse;
            };
        };
        LaneSum grads, products;
        const auto add_piece = [&](int64_t from, int64_t count) {
            const float* const g = grad_output.data() + from;
            grads.add(count, [g](size_t i) { return static_cast<double>(g[i]); });
            products.add(count, [g, x = normalised(from)](size_t i) {
                return static_cast<double>(g[i]) * x(i);
            });
        };
        if (needs_sums && !for_pieces(shape, c, pace, add_piece)) return false;
        put(sum, c, grads.total);
        put(product_sum, c, products.total);
        if (!grad_input) continue;

        const double weight = p.affine ? at(inputs.weights[kBatchNormWeight], c) : 1;
        const double scale = weight * s->inverse;
        const double mean_grad = grads.total / values, mean_product = products.total / values;
        const auto write_piece = [&](int64_t from, int64_t count) {
            const float* const g = grad_output.data() + from;
            if (of_batch)
                write(grad_input + from, count, [=, x = normalised(from)](size_t i) {
                    return scale * (static_cast<double>(g[i]) - mean_grad - x(i) * mean_product);
                });
            else
                write(grad_input + from, count,
                      [=](size_t i) { return scale * static_cast<double>(g[i]); });
        };
        if (!for_pieces(shape, c, pace, write_piece)) return false;
    }
    return true;
}

}  // namespace convscope
