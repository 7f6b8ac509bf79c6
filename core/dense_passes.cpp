// B samples in a batch, G groups, N narrow and W wide channels in a group. Every pass is a product of two matrices, and
// add_up makes rows of such a product: out[channel][x] = Σ source[t][x] · weight[channel][t].
#include "core/dense_passes.h"

#include <algorithm>

#include "core/row_sums.h"

namespace convscope {
namespace {

/// `count` terms: their sources `source_step` apart, their weights `weight_step`.
std::vector<Tap> taps_of(int64_t count, int64_t source_step, int64_t weight_step) {
    std::vector<Tap> taps;
    taps.reserve(static_cast<size_t>(count) + 1);
    for (int64_t t = 0; t < count; ++t) taps.push_back({t * source_step, t * weight_step});
    return taps;
}

/// out[b][x] = Σ over `terms` channels t of in[b][t] · rows[t][x], + bias[x], for `cells` values of x.
struct Product {
    int64_t batch = 1, terms = 1, cells = 1;
    int64_t in_step = 1, out_step = 1;  // from one sample to the next
    Meter& meter;

    bool operator()(const float* in, const float* rows, const float* bias, float* out) const {
        std::vector<Tap> taps = taps_of(terms, cells, 1);
        RowSums sums{.source = rows,
                     .weight = in,
                     .weight_step = in_step,
                     .out = out,
                     .out_channel_step = out_step,
                     .channels = batch,
                     .cells = cells};
        if (!bias) {
            sums.taps = taps;
            return add_up_metered(sums, meter);
        }
        // The bias is a further row of the weights, for a further input that is 1.
        std::vector<float> longer_rows(rows, rows + terms * cells);
        longer_rows.insert(longer_rows.end(), bias, bias + cells);
        std::vector<float> longer_in;
        longer_in.reserve(static_cast<size_t>(batch * (terms + 1)));
        for (int64_t b = 0; b < batch; ++b) {
            longer_in.insert(longer_in.end(), in + b * in_step, in + b * in_step + terms);
            longer_in.push_back(1.0f);
        }
        taps.push_back({terms * cells, terms});
        sums.taps = taps;
        sums.source = longer_rows.data();
        sums.weight = longer_in.data();
        sums.weight_step = terms + 1;
        return add_up_metered(sums, meter);
    }
};

}  // namespace

bool is_dense(const ConvGeometry& g) {
    const auto is_one = [](const WindowAxis& axis) {
        return axis.in == 1 && axis.out == 1 && axis.kernel == 1 && axis.pad_before == 0;
    };
    return is_one(g.h) && is_one(g.w);
}

bool gather_dense(const ConvGeometry& g, const Tensor& wide, const Tensor& weight,
                  const Tensor* bias, Tensor& narrow, Meter& meter) {
    const int64_t ins = g.wide_per_group, outs = g.narrow_per_group;
    const Product product{g.batch, ins, outs, g.groups * ins, g.groups * outs, meter};
    std::vector<float> turned(static_cast<size_t>(ins * outs));  // W×N
    float* const out = narrow.mutate().data();
    for (int64_t group = 0; group < g.groups; ++group) {
        const float* const rows = weight.data() + group * outs * ins;
        for (int64_t o = 0; o < outs; ++o)
            for (int64_t i = 0; i < ins; ++i)
                turned[static_cast<size_t>(i * outs + o)] = rows[o * ins + i];
        if (!product(wide.data() + group * ins, turned.data(),
                     bias ? bias->data() + group * outs : nullptr, out + group * outs))
            return false;
    }
    return true;
}

bool spread_dense(const ConvGeometry& g, const Tensor& narrow, const Tensor& weight,
                  const Tensor* bias, Tensor& wide, Meter& meter) {
    const int64_t ins = g.narrow_per_group, outs = g.wide_per_group;
    const Product product{g.batch, ins, outs, g.groups * ins, g.groups * outs, meter};
    float* const out = wide.mutate().data();
    for (int64_t group = 0; group < g.groups; ++group)
        if (!product(narrow.data() + group * ins, weight.data() + group * ins * outs,
                     bias ? bias->data() + group * outs : nullptr, out + group * outs))
            return false;
    return true;
}

bool correlate_dense(const ConvGeometry& g, const Tensor& wide, const Tensor& narrow,
                     Tensor& weight, Meter& meter) {
    const int64_t wides = g.wide_per_group, narrows = g.narrow_per_group;
    const std::vector<Tap> taps = taps_of(g.batch, g.groups * wides, g.groups * narrows);
    float* const out = weight.mutate().data();
    for (int64_t group = 0; group < g.groups; ++group) {
        const RowSums sums{.taps = taps,
                           .source = wide.data() + group * wides,
                           .weight = narrow.data() + group * narrows,
                           .weight_step = 1,
                           .out = out + group * narrows * wides,
                           .out_channel_step = wides,
                           .channels = narrows,
                           .cells = wides};
        if (!add_up_metered(sums, meter)) return false;
    }
    return true;
}

}  // namespace convscope
