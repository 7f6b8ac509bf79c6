#include "core/resize_convolution.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/build_layer.h"
#include "core/presets.h"

namespace convscope {
namespace {

// Letters: i input and o output channel within group g; the stamped weight is (in, out, row, column).

/// The kernels of a stamping layer as those of a sliding one: the first two axes change places within a group.
Tensor sliding_kernels(const Tensor& stamped, const Window& window) {
    const Shape shape = stamped.shape();
    const int64_t ins = window.in_per_group, outs = window.out_per_group;
    Tensor sliding(Shape{outs * window.groups, ins, shape.h, shape.w});
    const auto values = sliding.mutate();
    const auto cells = static_cast<size_t>(shape.plane());
    for (int64_t g = 0; g < window.groups; ++g)
        for (int64_t o = 0; o < outs; ++o)
            for (int64_t i = 0; i < ins; ++i) {
                const auto from = stamped.values().subspan(
                    static_cast<size_t>(shape.offset({g * ins + i, o, 0, 0})), cells);
                std::ranges::copy(from, values.begin() + sliding.shape().offset({g * outs + o, i, 0, 0}));
            }
    return turned_180(std::move(sliding));
}

}  // namespace

std::optional<Document> resize_convolution(const Result& result, int layer) {
    const LayerResult& stamping = result.layers.at(static_cast<size_t>(layer));
    const Layer& source = result.document.layers.at(static_cast<size_t>(layer));
    const auto& window = stamping.plan.window;
    if (!window || !window->transposed() || source.weights.empty()) return {};
    const Shape in = stamping.input.shape(), out = stamping.op_output().shape();
    const Pair enlarged{in.h * window->h.stride, in.w * window->w.stride};
    const bool by_stride = enlarged == Pair{out.h, out.w};

    Document document = started("", Input{stamping.input, {}});
    if (by_stride)
        add_layer(document, "upsample",
                  {{"scale_factor", std::optional(Scale{static_cast<double>(window->h.stride),
                                                        static_cast<double>(window->w.stride)})}});
    else
        add_layer(document, "upsample",
                  {{"size", std::optional(Pair{out.h, out.w})}, {"scale_factor", std::optional<Scale>()}});
    const bool has_bias = source.weights.size() > 1;
    add_layer(document, "conv2d",
              {{"in_channels", window->groups * window->in_per_group},
               {"out_channels", window->groups * window->out_per_group},
               {"kernel_size", Pair{window->h.kernel, window->w.kernel}},
               {"padding", Padding{Padding::Kind::same, {}}},
               {"dilation", Pair{window->h.dilation, window->w.dilation}},
               {"groups", window->groups},
               {"bias", has_bias}});
    if (plan_only(document).problem) return {};
    Layer& sliding = document.layers.back();
    sliding.weights[0] = sliding_kernels(source.weights[0], *window);
    if (has_bias) sliding.weights[1] = source.weights[1];
    document.name = by_stride
                        ? fmt::format("enlarged by {}, then a {}×{} kernel",
                                      to_text(Value(Pair{window->h.stride, window->w.stride})),
                                      window->h.kernel, window->w.kernel)
                        : fmt::format("enlarged to {}×{}, then a {}×{} kernel", out.h, out.w,
                                      window->h.kernel, window->w.kernel);
    return document;
}

}  // namespace convscope
