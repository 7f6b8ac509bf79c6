// The peers' numbers, and what everyone's results are held against.
#include <algorithm>
#include <cmath>
#include <random>
#include <set>

#include "bench/layer.h"
#include "bench/peers/peers.h"

namespace convscope {
namespace {

/// Adds products in double.
struct Sum {
    double value = 0, magnitude = 0;
    void add(double a, double b) {
        value += a * b;
        magnitude += std::abs(a * b);
    }
};

struct Definition {
    const PeerData& data;
    const BenchShape& s = data.shape;

    float input(int64_t c, int64_t h, int64_t w) const {
        return data.input[(c * s.height + h) * s.width + w];
    }
    float weight(int64_t a, int64_t b, int64_t planes, int64_t r, int64_t q) const {
        return data.weight[((a * planes + b) * s.kernel + r) * s.kernel + q];
    }

    void conv(Index cell, Sum& sum) const {
        const int64_t planes = s.channels / s.groups,
                      first = cell.c / (s.out_channels / s.groups) * planes;
        for (int64_t c = 0; c < planes; ++c)
            for (int64_t r = 0; r < s.kernel; ++r)
                for (int64_t q = 0; q < s.kernel; ++q) {
                    const int64_t h = cell.h * s.stride - s.padding + r * s.dilation;
                    const int64_t w = cell.w * s.stride - s.padding + q * s.dilation;
                    if (h >= 0 && w >= 0 && h < s.height && w < s.width)
                        sum.add(input(first + c, h, w), weight(cell.c, c, planes, r, q));
                }
    }

    void transpose(Index cell, Sum& sum) const {
        for (int64_t c = 0; c < s.channels; ++c)
            for (int64_t r = 0; r < s.kernel; ++r)
                for (int64_t q = 0; q < s.kernel; ++q) {
                    const int64_t h = cell.h + s.padding - r, w = cell.w + s.padding - q;
                    if (h < 0 || w < 0 || h % s.stride || w % s.stride) continue;
                    if (h / s.stride < s.height && w / s.stride < s.width)
                        sum.add(input(c, h / s.stride, w / s.stride),
                                weight(c, cell.c, s.out_channels, r, q));
                }
    }

    void max(Index cell, Sum& sum) const {
        double most = -INFINITY;
        for (int64_t r = 0; r < s.kernel; ++r)
            for (int64_t q = 0; q < s.kernel; ++q)
                most = std::max<double>(
                    most, input(cell.c, cell.h * s.stride + r, cell.w * s.stride + q));
        sum.add(most, 1);
    }

    /// Mean and variance of each channel.
    std::vector<std::pair<double, double>> statistics() const {
        std::vector<std::pair<double, double>> all;
        const int64_t plane = s.height * s.width;
        for (int64_t c = 0; c < s.channels; ++c) {
            all.emplace_back(data.mean[c], data.var[c]);
            if (!s.training) continue;
            const float* const x = data.input + c * plane;
            double sum = 0, squares = 0;
            for (int64_t i = 0; i < plane; ++i) sum += x[i];
            const double mean = sum / static_cast<double>(plane);
            for (int64_t i = 0; i < plane; ++i) squares += (x[i] - mean) * (x[i] - mean);
            all.back() = {mean, squares / static_cast<double>(plane)};
        }
        return all;
    }
};

std::set<size_t> sampled_places(Shape out) {
    constexpr size_t kInside = 4000, kBorder = 400;
    const auto all = static_cast<size_t>(out.count());
    std::set<size_t> places;
    std::mt19937_64 random(7);
    for (size_t i = 0; i < std::min(all, kInside); ++i)
        places.insert(all <= kInside ? i : random() % all);
    for (size_t i = 0; i < kBorder; ++i) {
        Index cell = out.index(static_cast<int64_t>(random() % all));
        (i % 2 ? cell.h : cell.w) = 0;
        places.insert(static_cast<size_t>(out.offset(cell)));
        (i % 2 ? cell.h : cell.w) = (i % 2 ? out.h : out.w) - 1;
        places.insert(static_cast<size_t>(out.offset(cell)));
    }
    return places;
}

/// For interfaces that do not say that they only read.
float* numbers(const Tensor& tensor) { return const_cast<float*>(tensor.data()); }

float* weights(const BenchLayer& layer, size_t i) {
    return i < layer.weights.size() ? numbers(layer.weights[i]) : nullptr;
}

}  // namespace

PeerData::PeerData(const BenchShape& described, BenchLayer& layer)
    : shape(described),
      out_height(layer.spare.shape().h),
      out_width(layer.spare.shape().w),
      input(numbers(layer.input)),
      weight(weights(layer, 0)),
      bias(weights(layer, 1)),
      mean(numbers(layer.buffer("running_mean"))),
      var(numbers(layer.buffer("running_var"))),
      output(layer.spare.mutate().data()) {}

std::vector<Sample> reference(const PeerData& data) {
    const Definition definition{data};
    const BenchShape& s = data.shape;
    const auto statistics = s.op == BenchOp::batch_norm ? definition.statistics()
                                                        : std::vector<std::pair<double, double>>();
    const Shape out{1, s.out_channels, data.out_height, data.out_width};
    std::vector<Sample> samples;
    for (const size_t place : sampled_places(out)) {
        const Index cell = out.index(static_cast<int64_t>(place));
        const auto c = static_cast<size_t>(cell.c);
        Sum sum;
        switch (s.op) {
            case BenchOp::conv: definition.conv(cell, sum); break;
            case BenchOp::conv_transpose: definition.transpose(cell, sum); break;
            case BenchOp::max_pool: definition.max(cell, sum); break;
            case BenchOp::relu: sum.add(std::max(0.f, data.input[place]), 1); break;
            case BenchOp::batch_norm: {
                const auto [mean, var] = statistics[c];
                const double factor = data.weight[c] / std::sqrt(var + 1e-5);
                sum.add(data.input[place], factor);
                sum.add(-mean, factor);
                break;
            }
        }
        if (s.op != BenchOp::max_pool && s.op != BenchOp::relu) sum.add(data.bias[c], 1);
        samples.push_back({place, sum.value, sum.magnitude});
    }
    return samples;
}

double scaled_error(const std::vector<Sample>& samples, const std::vector<float>& output) {
    double most = 0;
    for (const Sample& sample : samples) {
        const double got = sample.place < output.size() ? output[sample.place] : NAN;
        const double error = std::abs(got - sample.value) / (0x1p-24 * sample.magnitude + 1e-30);
        if (!(error <= most)) most = error;  // NaN stays
        if (std::isnan(most)) return most;
    }
    return most;
}

double allowed_error(const BenchShape& shape) {
    return 4 + 2 * std::sqrt(static_cast<double>(shape.terms()));
}

}  // namespace convscope
