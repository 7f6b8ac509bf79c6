// batch_norm2d: forward and backward over whole tensors, compared with `explain` by the contract test. A channel is read once
// for its statistics and once to be written; what fits the caches of one core has both done at once. Neither lets a large mean
// swallow a small variance.
#include <algorithm>

#include "core/conv_passes.h"
#include "core/kernels/norm_passes.h"
#include "core/kernels/stream.h"
#include "core/ops/batch_norm2d/batch_norm2d.h"

namespace convscope {
namespace {

constexpr int64_t kPiece =
    int64_t(1) << 14;  // cells in one go: they stay near while several stages are written
constexpr int64_t kSlice = int64_t(1)
                           << 16;  // cells of a part of the work, where a channel has several
constexpr int64_t kAtOnce =
    int64_t(1) << 18;  // cells of a channel that one core keeps between reading and writing
constexpr int64_t kExact =
    int64_t(1) << 14;  // cells of a channel that is computed in double, as `explain` does

/// The cells of every channel, numbered through all samples, in slices and pieces.
struct Channels {
    Shape shape;
    int64_t cells() const { return shape.n * shape.plane(); }
    bool is_at_once() const { return cells() <= kAtOnce; }
    int64_t slices() const { return is_at_once() ? 1 : (cells() + kSlice - 1) / kSlice; }

    /// Calls body(offset, count) for the pieces of one slice of a channel.
    template <class F>
    void for_pieces(int64_t c, int64_t slice, F body) const {
        const int64_t first = is_at_once() ? 0 : slice * kSlice;
        const int64_t last = is_at_once() ? cells() : std::min(cells(), first + kSlice);
        for (int64_t at = first; at < last;) {
            const int64_t n = at / shape.plane(), i = at % shape.plane();
            const int64_t count = std::min({kPiece, shape.plane() - i, last - at});
            body(shape.offset({n, c, 0, 0}) + i, count);
            at += count;
        }
    }

    /// Two passes over every slice, with `between` (of a channel) in the middle. False when cancelled.
    template <class First, class Between, class Second>
    bool run(const Progress& progress, First first, Between between, Second second) const {
        if (is_at_once()) {
            // Small channels share a part, so that there is work in it.
            const int64_t together = std::max<int64_t>(1, kSlice / cells());
            return run_parts(progress, (shape.c + together - 1) / together, [&](int64_t part) {
                for (int64_t c = part * together; c < std::min(shape.c, (part + 1) * together);
                     ++c) {
                    first(c, 0);
                    between(c);
                    second(c, 0);
                }
                finish_stream();
            });
        }
        const int64_t parts = shape.c * slices();
        if (!run_parts(part_of(progress, 0, 0.5), parts,
                       [&](int64_t part) { first(part / slices(), part % slices()); }))
            return false;
        for (int64_t c = 0; c < shape.c; ++c) between(c);
        return run_parts(part_of(progress, 0.5, 0.5), parts, [&](int64_t part) {
            second(part / slices(), part % slices());
            finish_stream();
        });
    }
};

double at(const Tensor& tensor, int64_t c) { return static_cast<double>(tensor.data()[c]); }

struct Statistics {
    double mean = 0, var = 0, inverse = 0;  // inverse: 1 / √(var + eps)
};

/// A vector of the calling thread whose memory serves one pass after the other.
template <class Vector>
Vector& kept() {
    thread_local Vector vector;
    return vector;
}

/// The sum of value(cell) over a channel, in double.
template <class F>
double sum_of(const Channels& channels, int64_t c, F value) {
    double total = 0;
    for (int64_t slice = 0; slice < channels.slices(); ++slice)
        channels.for_pieces(c, slice, [&](int64_t from, int64_t count) {
            double lanes[8] = {};  // side by side: a vector's worth, and less rounding
            int64_t i = 0;
            for (; i + 8 <= count; i += 8)
                for (int64_t lane = 0; lane < 8; ++lane) lanes[lane] += value(from + i + lane);
            for (; i < count; ++i) lanes[0] += value(from + i);
            for (const double lane : lanes) total += lane;
        });
    return total;
}

/// A batch's mean and biased variance, channel by channel, slice by slice.
class BatchStatistics {
  public:
    BatchStatistics(const Channels& channels, const float* cells)
        : channels_(channels), cells_(cells) {
        moments_.assign(static_cast<size_t>(channels.shape.c * channels.slices()), Moments());
    }

    void read(int64_t c, int64_t slice) {
        if (channels_.cells() <= kExact) return;
        Moments& moments = moments_[static_cast<size_t>(c * channels_.slices() + slice)];
        channels_.for_pieces(c, slice, [&](int64_t from, int64_t count) {
            moments.add(moments_of(cells_ + from, count));
        });
    }

    /// After all slices of the channel were read.
    Statistics of(int64_t c) const {
        Moments all;
        for (int64_t slice = 0; slice < channels_.slices(); ++slice)
            all.add(moments_[static_cast<size_t>(c * channels_.slices() + slice)]);
        if (channels_.cells() > kExact && is_sure(all)) return {all.mean, all.squares / all.count};
        const auto values = static_cast<double>(channels_.cells());
        Statistics s;
        s.mean = sum_of(channels_, c, [&](int64_t i) { return static_cast<double>(cells_[i]); }) /
                 values;
        s.var = sum_of(channels_, c,
                       [&](int64_t i) {
                           const double deviation = static_cast<double>(cells_[i]) - s.mean;
                           return deviation * deviation;
                       }) /
                values;
        return s;
    }

  private:
    const Channels& channels_;
    const float* cells_;
    std::vector<Moments>& moments_ = kept<std::vector<Moments>>();
};

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

float* from_cell(float* stage, int64_t offset) { return stage ? stage + offset : nullptr; }

/// Statistics of the batch or of the buffers.
Statistics completed(const BatchNorm2d& p, const LayerInputs& inputs, const BatchStatistics* batch,
                     int64_t c) {
    Statistics s =
        batch ? batch->of(c)
              : Statistics{at(inputs.buffers[kRunningMean], c), at(inputs.buffers[kRunningVar], c)};
    s.inverse = p.inverse_deviation(s.var, batch != nullptr);
    return s;
}

Normalisation normalisation_of(const BatchNorm2d& p, const LayerInputs& inputs, const Statistics& s,
                               int64_t c) {
    return {s.mean, s.inverse, p.affine ? at(inputs.weights[kBatchNormWeight], c) : 1,
            p.affine ? at(inputs.weights[kBatchNormBias], c) : 0};
}

}  // namespace

bool BatchNorm2d::forward(const BatchNorm2d& p, const Plan& plan, const LayerInputs& inputs,
                          std::span<const int> wanted, std::span<Tensor> stages,
                          const Progress& progress) {
    const Channels channels{inputs.input.shape()};
    const bool of_batch = p.uses_batch(plan.training);
    const double values = static_cast<double>(channels.cells());
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

    const float* const cells = inputs.input.data();
    const bool is_streamed = should_stream(channels.shape.count() * int64_t(sizeof(float)));
    BatchStatistics batch(channels, cells);
    auto& statistics = kept<std::vector<Statistics>>();
    statistics.assign(static_cast<size_t>(channels.shape.c), {});
    const auto read_slice = [&](int64_t c, int64_t slice) {
        if (of_batch) batch.read(c, slice);
    };
    const auto finish_statistics = [&](int64_t c) {
        const Statistics s = completed(p, inputs, of_batch ? &batch : nullptr, c);
        statistics[static_cast<size_t>(c)] = s;
        put(mean, c, s.mean);
        put(var, c, s.var);
        if (!is_tracked) return;
        const double share = p.factor(batches);
        const double unbiased = s.var * (values / (values - 1));
        put(mean_after, c, (1 - share) * at(inputs.buffers[kRunningMean], c) + share * s.mean);
        put(var_after, c, (1 - share) * at(inputs.buffers[kRunningVar], c) + share * unbiased);
    };
    const auto write_slice = [&](int64_t c, int64_t slice) {
        const Statistics& s = statistics[static_cast<size_t>(c)];
        const Normalisation by = normalisation_of(p, inputs, s, c);
        const bool in_float = channels.cells() > kExact && is_moderate(by);
        channels.for_pieces(c, slice, [&](int64_t from, int64_t count) {
            normalise(cells + from, count, by,
                      {from_cell(centred, from), from_cell(normalised, from),
                       from_cell(output, from), is_streamed, in_float});
        });
    };
    if (!channels.run(progress, read_slice, finish_statistics, write_slice)) return false;
    if (is_copied)
        stages[static_cast<size_t>(plan.output)] =
            stages[static_cast<size_t>(plan.stage("normalised"))];
    return true;
}

Pointwise BatchNorm2d::pointwise(const BatchNorm2d& p, const Plan& plan,
                                 const LayerInputs& inputs) {
    if (p.uses_batch(plan.training)) return {};
    const Channels channels{plan.output_stage().shape};
    std::vector<Normalisation> by;
    for (int64_t c = 0; c < channels.shape.c; ++c) {
        const Statistics s = completed(p, inputs, nullptr, c);
        by.push_back(normalisation_of(p, inputs, s, c));
    }
    const bool is_large = channels.cells() > kExact;
    return [by = std::move(by), is_large](int64_t channel, float* values, int64_t count) {
        const Normalisation& n = by[static_cast<size_t>(channel)];
        normalise(values, count, n, {nullptr, nullptr, values, false, is_large && is_moderate(n)});
    };
}

bool BatchNorm2d::backward(const BatchNorm2d& p, const Plan& plan, const LayerInputs& inputs,
                           const Tensor& grad_output, std::span<const int> wanted,
                           std::span<Tensor> stages, const Progress& progress) {
    const Channels channels{inputs.input.shape()};
    const bool of_batch = p.uses_batch(plan.training);
    const double values = static_cast<double>(channels.cells());
    const auto stage = [&](const char* name) { return target(plan, wanted, stages, name); };
    float* const sum = stage(p.affine ? "grad_bias" : "grad_sum");
    float* const product_sum = stage(p.affine ? "grad_weight" : "grad_product_sum");
    float* const grad_input = stage("grad_input");
    const bool needs_sums = sum || product_sum || (grad_input && of_batch);

    const float* const cells = inputs.input.data();
    const float* const grad = grad_output.data();
    const bool is_streamed = should_stream(channels.shape.count() * int64_t(sizeof(float)));
    // Once more: the float32 stages would lose what a large mean leaves of the variance.
    BatchStatistics batch(channels, cells);
    std::vector<Statistics> statistics(static_cast<size_t>(channels.shape.c));
    std::vector<GradientSums> sums(static_cast<size_t>(channels.shape.c * channels.slices()));
    std::vector<GradientMeans> means(static_cast<size_t>(channels.shape.c));
    const auto normalisation = [&](int64_t c) {
        const Statistics& s = statistics[static_cast<size_t>(c)];
        return Normalisation{s.mean, s.inverse};
    };
    const auto read_slice = [&](int64_t c, int64_t slice) {
        if (of_batch) batch.read(c, slice);
    };
    const auto finish_statistics = [&](int64_t c) {
        statistics[static_cast<size_t>(c)] = completed(p, inputs, of_batch ? &batch : nullptr, c);
    };
    const auto sum_slice = [&](int64_t c, int64_t slice) {
        if (!needs_sums) return;
        GradientSums& total = sums[static_cast<size_t>(c * channels.slices() + slice)];
        channels.for_pieces(c, slice, [&](int64_t from, int64_t count) {
            const GradientSums more =
                gradient_sums(grad + from, cells + from, count, normalisation(c));
            total.grads += more.grads;
            total.products += more.products;
        });
    };
    const auto finish_sums = [&](int64_t c) {
        GradientSums all;
        for (int64_t slice = 0; slice < channels.slices(); ++slice) {
            all.grads += sums[static_cast<size_t>(c * channels.slices() + slice)].grads;
            all.products += sums[static_cast<size_t>(c * channels.slices() + slice)].products;
        }
        put(sum, c, all.grads);
        put(product_sum, c, all.products);
        const double weight = p.affine ? at(inputs.weights[kBatchNormWeight], c) : 1;
        means[static_cast<size_t>(c)] = {weight * statistics[static_cast<size_t>(c)].inverse,
                                         all.grads / values, all.products / values};
    };
    const auto write_slice = [&](int64_t c, int64_t slice) {
        if (!grad_input) return;
        const GradientMeans& m = means[static_cast<size_t>(c)];
        channels.for_pieces(c, slice, [&](int64_t from, int64_t count) {
            if (of_batch)
                normalise_gradient(grad + from, cells + from, count, normalisation(c), m,
                                   grad_input + from, is_streamed);
            else  // only scaled
                normalise(grad + from, count, {0, m.scale},
                          {.normalised = grad_input + from, .is_streamed = is_streamed});
        });
    };
    const auto nothing = [](int64_t, int64_t) {};
    if (channels.is_at_once())
        return channels.run(
            progress, read_slice,
            [&](int64_t c) {
                finish_statistics(c);
                sum_slice(c, 0);
                finish_sums(c);
            },
            write_slice);
    return channels.run(part_of(progress, 0, 0.4), read_slice, finish_statistics, nothing) &&
           channels.run(part_of(progress, 0.4, 0.6), sum_slice, finish_sums, write_slice);
}

}  // namespace convscope
