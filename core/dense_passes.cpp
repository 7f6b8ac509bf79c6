// B samples in a batch, G groups, N narrow and W wide channels in a group. Every pass is a product of two matrices, and
// add_up makes rows of such a product: out[channel][x] = Σ source[t][x] · weight[channel][t].
#include "core/dense_passes.h"

#include <algorithm>

#include "core/conv_lines.h"

namespace convscope {
namespace {

/// out[a][x] = Σ over `terms` numbers t of weight a, t · rows[t · row_step + x], + bias[x], for the channels `a` of the
/// weights and 0 ≤ x < cells.
struct Product {
    const PackedWeights& weights;
    const float *rows, *bias;
    int64_t terms, row_step, cells;
    float* out;
    int64_t out_step;

    bool run(const Progress& progress) const {
        std::vector<Tap>& taps = conv_scratch().taps;
        taps.clear();
        for (int64_t t = 0; t < terms; ++t) taps.push_back({rows + t * row_step, t});
        if (bias) taps.push_back({bias, terms});
        // Reading a number takes as long as some sixteen products with it.
        const int64_t products = terms * std::max<int64_t>(16, weights.channels());
        const int64_t most = std::max<int64_t>(64, kPartProducts / std::max<int64_t>(1, products));
        const int64_t parts = std::max<int64_t>(1, (cells + most - 1) / most);
        const int64_t together = ((cells + parts - 1) / parts + 63) / 64 * 64;
        const auto make_part = [&](int64_t part) {
            const int64_t x = part * together;
            add_up({.taps = taps,
                    .shift = x,
                    .weights = &weights,
                    .out = out + x,
                    .out_channel_step = out_step,
                    .channels = weights.channels(),
                    .cells = std::min(together, cells - x)});
        };
        return run_parts(progress, (cells + together - 1) / together, make_part);
    }
};

/// The numbers of a layer's input, as weights: in[a · step + t], and a 1 for the bias where there is one.
const PackedWeights& numbers_of(const float* in, int64_t batch, int64_t step, int64_t terms,
                                bool has_bias) {
    ConvScratch& scratch = conv_scratch();
    PackedWeights& numbers = scratch.numbers;
    if (!has_bias) {
        numbers.pack(in, batch, step, terms);
        return numbers;
    }
    hwy::AlignedVector<float>& longer = scratch.sums;
    longer.clear();
    for (int64_t b = 0; b < batch; ++b) {
        longer.insert(longer.end(), in + b * step, in + b * step + terms);
        longer.push_back(1.0f);
    }
    numbers.pack(longer.data(), batch, terms + 1, terms + 1);
    return numbers;
}

}  // namespace

bool is_dense(const ConvGeometry& g) {
    const auto is_one = [](const WindowAxis& axis) {
        return axis.in == 1 && axis.out == 1 && axis.kernel == 1 && axis.pad_before == 0;
    };
    return is_one(g.h) && is_one(g.w);
}

bool is_dense_spread(const ConvGeometry& g) {
    const auto is_stamp = [](const WindowAxis& axis) {
        return axis.out == 1 && axis.in == axis.kernel && axis.span() == axis.in &&
               axis.pad_before == 0;
    };
    return is_stamp(g.h) && is_stamp(g.w);
}

bool gather_dense(const ConvGeometry& g, const Tensor& wide, const Tensor& weight,
                  const Tensor* bias, Tensor& narrow, const Progress& progress) {
    const int64_t ins = g.wide_per_group, outs = g.narrow_per_group;
    hwy::AlignedVector<float>& turned = conv_scratch().lines;  // W×N
    turned.resize(static_cast<size_t>(ins * outs));
    float* const out = narrow.mutate().data();
    for (int64_t group = 0; group < g.groups; ++group) {
        const float* const rows = weight.data() + group * outs * ins;
        for (int64_t o = 0; o < outs; ++o)
            for (int64_t i = 0; i < ins; ++i)
                turned[static_cast<size_t>(i * outs + o)] = rows[o * ins + i];
        const PackedWeights& numbers =
            numbers_of(wide.data() + group * ins, g.batch, g.groups * ins, ins, bias != nullptr);
        const Product product{numbers,
                              turned.data(),
                              bias ? bias->data() + group * outs : nullptr,
                              ins,
                              outs,
                              outs,
                              out + group * outs,
                              g.groups * outs};
        if (!product.run(progress)) return false;
    }
    return true;
}

bool spread_dense(const ConvGeometry& g, const Tensor& narrow, const Tensor& weight,
                  const Tensor* bias, Tensor& wide, const Progress& progress) {
    const int64_t ins = g.narrow_per_group, taps = g.taps(), outs = g.wide_per_group * taps;
    hwy::AlignedVector<float>& biases = conv_scratch().lines;  // of every cell of a channel
    biases.clear();
    for (int64_t c = 0; bias && c < g.groups * g.wide_per_group; ++c)
        biases.insert(biases.end(), static_cast<size_t>(taps), bias->data()[c]);
    float* const out = wide.mutate().data();
    for (int64_t group = 0; group < g.groups; ++group) {
        const PackedWeights& numbers =
            numbers_of(narrow.data() + group * ins, g.batch, g.groups * ins, ins, bias != nullptr);
        const Product product{numbers,
                              weight.data() + group * ins * outs,
                              bias ? biases.data() + group * outs : nullptr,
                              ins,
                              outs,
                              outs,
                              out + group * outs,
                              g.groups * outs};
        if (!product.run(progress)) return false;
    }
    return true;
}

bool correlate_dense(const ConvGeometry& g, const Tensor& wide, const Tensor& narrow,
                     Tensor& weight, const Progress& progress) {
    const int64_t wides = g.wide_per_group, narrows = g.narrow_per_group;
    float* const out = weight.mutate().data();
    for (int64_t group = 0; group < g.groups; ++group) {
        PackedWeights& numbers = conv_scratch().numbers;
        numbers.pack(narrow.data() + group * narrows, narrows, 1, 1, g.batch, g.groups * narrows);
        const Product product{
            numbers, wide.data() + group * wides,   nullptr, g.batch, g.groups * wides,
            wides,   out + group * narrows * wides, wides};
        if (!product.run(progress)) return false;
    }
    return true;
}

}  // namespace convscope
