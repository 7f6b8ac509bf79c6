// PyTorch by ATen. It allocates its output in every call, as its users see it.
#include <memory>

#include "bench/peers/peers.h"

#ifdef HAVE_TORCH
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

namespace convscope {
namespace {

struct Layer {
    at::Tensor input, weight, bias, mean, var, output;
};

/// Undefined where there are no numbers.
at::Tensor view(float* values, at::IntArrayRef sizes) {
    return values ? at::from_blob(values, sizes, at::kFloat) : at::Tensor();
}

void compute(const BenchShape& s, Layer& l) {
    switch (s.op) {
        case BenchOp::conv:
            l.output = at::conv2d(l.input, l.weight, l.bias, {s.stride, s.stride},
                                  at::IntArrayRef{s.padding, s.padding}, {s.dilation, s.dilation},
                                  s.groups);
            break;
        case BenchOp::conv_transpose:
            l.output = at::conv_transpose2d(l.input, l.weight, l.bias, {s.stride, s.stride},
                                            {s.padding, s.padding});
            break;
        case BenchOp::batch_norm:
            l.output = at::batch_norm(l.input, l.weight, l.bias, l.mean, l.var, s.training, 0.1,
                                      1e-5, false);
            break;
        case BenchOp::max_pool:
            l.output = at::max_pool2d(l.input, {s.kernel, s.kernel}, {s.stride, s.stride});
            break;
        case BenchOp::relu: l.output = at::relu(l.input); break;
    }
}

}  // namespace

void add_torch(const PeerData& data, int threads, Runners& to) {
    const BenchShape& s = data.shape;
    for (const bool channels_last : {false, true}) {
        if (channels_last && s.channels == 1) continue;
        const c10::InferenceMode guard;
        const auto layer = std::make_shared<Layer>();
        layer->input = view(data.input, {1, s.channels, s.height, s.width});
        if (s.op == BenchOp::batch_norm)
            layer->weight = view(data.weight, {s.channels});
        else if (s.op == BenchOp::conv)
            layer->weight =
                view(data.weight, {s.out_channels, s.channels / s.groups, s.kernel, s.kernel});
        else if (s.op == BenchOp::conv_transpose)
            layer->weight = view(data.weight, {s.channels, s.out_channels, s.kernel, s.kernel});
        layer->bias = view(data.bias, {s.out_channels});
        if (s.op == BenchOp::batch_norm) {
            layer->mean = view(data.mean, {s.channels}).clone();  // training writes them
            layer->var = view(data.var, {s.channels}).clone();
        }
        if (channels_last) {
            layer->input = layer->input.contiguous(at::MemoryFormat::ChannelsLast);
            if (layer->weight.defined() && layer->weight.dim() == 4)
                layer->weight = layer->weight.contiguous(at::MemoryFormat::ChannelsLast);
        }
        const auto run = [layer, s, threads] {
            const c10::InferenceMode inside;
            if (at::get_num_threads() != threads) at::set_num_threads(threads);
            compute(s, *layer);
        };
        const auto result = [layer] {
            const at::Tensor rows = layer->output.contiguous(at::MemoryFormat::Contiguous);
            const float* const values = rows.data_ptr<float>();
            return std::vector<float>(values, values + rows.numel());
        };
        to.push_back({"torch", channels_last ? "channels last" : "rows",
                      channels_last ? Kind::layout : Kind::plain, run, result});
    }
}

}  // namespace convscope
#else
void convscope::add_torch(const PeerData&, int, Runners&) {}
#endif
