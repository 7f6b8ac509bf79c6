// oneDNN 2 by its C++ interface. Primitives, scratch memory and packed weights are made before the clock starts.
#include <memory>

#include "bench/peers/peers.h"

#ifdef HAVE_ONEDNN
#include <omp.h>

#include <dnnl.hpp>
#include <unordered_map>

namespace convscope {
namespace {

using dnnl::memory;
using Tag = memory::format_tag;

/// One primitive with its re-orders from and to rows.
struct Call {
    dnnl::stream stream;
    memory rows_in, rows_out, in, out;
    dnnl::primitive primitive;
    dnnl::reorder reorder_in, reorder_out;
    bool reorders_in = false, reorders_out = false;
    std::unordered_map<int, memory> arguments;
    int threads = 1;

    explicit Call(const dnnl::engine& on) : stream(on) {}
    void run() {
        omp_set_num_threads(threads);
        if (reorders_in) reorder_in.execute(stream, rows_in, in);
        primitive.execute(stream, arguments);
        if (reorders_out) reorder_out.execute(stream, out, rows_out);
        stream.wait();
    }
};

memory::desc desc(const memory::dims& dims, Tag tag) { return {dims, memory::data_type::f32, tag}; }

struct Maker {
    const PeerData& data;
    int threads;
    Runners& to;
    const BenchShape& s = data.shape;
    dnnl::engine engine{dnnl::engine::kind::cpu, 0};
    memory::dims in_dims{1, s.channels, s.height, s.width},
        out_dims{1, s.out_channels, data.out_height, data.out_width};
    memory::desc in = desc(in_dims, Tag::nchw), out = desc(out_dims, Tag::nchw);

    /// Input and output of that primitive: the rows themselves, or memory in its own layout.
    template <class Description>
    std::shared_ptr<Call> call(const Description& description, bool reorders) const {
        auto call = std::make_shared<Call>(engine);
        call->threads = threads;
        call->rows_in = memory(in, engine, data.input);
        call->rows_out = memory(out, engine, data.output);
        const bool own_in = description.src_desc() != in, own_out = description.dst_desc() != out;
        call->in = own_in ? memory(description.src_desc(), engine) : call->rows_in;
        call->out = own_out ? memory(description.dst_desc(), engine) : call->rows_out;
        if (own_in) {
            call->reorder_in = dnnl::reorder(call->rows_in, call->in);
            call->reorder_in.execute(call->stream, call->rows_in, call->in);
            call->stream.wait();
        }
        if (own_out) call->reorder_out = dnnl::reorder(call->out, call->rows_out);
        call->reorders_in = own_in && reorders;
        call->reorders_out = own_out && reorders;
        call->arguments = {{DNNL_ARG_SRC, call->in}, {DNNL_ARG_DST, call->out}};
        return call;
    }

    void add(std::shared_ptr<Call> call, const std::string& mode, Kind kind) const {
        const auto result = [call, &data = data] {
            if (!(call->out == call->rows_out))
                call->reorder_out.execute(call->stream, call->out, call->rows_out);
            call->stream.wait();
            return data.result();
        };
        to.push_back({"onednn", mode, kind, [call] { call->run(); }, result});
    }

    /// A convolution either way; nothing where oneDNN has none for these layouts.
    template <class Primitive>
    void conv(const std::string& mode, Kind kind, bool any_in, bool any_out,
              dnnl::algorithm algorithm) const {
        const bool transpose = s.op == BenchOp::conv_transpose;
        const int64_t g = s.groups, k = s.kernel;
        const memory::dims dims = g > 1 ? memory::dims{g, s.out_channels / g, s.channels / g, k, k}
                                        : memory::dims{s.out_channels, s.channels, k, k};
        const memory::desc rows = desc(dims, g > 1       ? Tag::goihw
                                             : transpose ? Tag::iohw
                                                         : Tag::oihw);
        const memory::dims stride{s.stride, s.stride}, dilation{s.dilation - 1, s.dilation - 1},
            pad{s.padding, s.padding};
        try {
            const typename Primitive::primitive_desc description(
                {dnnl::prop_kind::forward_inference, algorithm,
                 any_in ? desc(in_dims, Tag::any) : in, desc(dims, Tag::any),
                 desc({s.out_channels}, Tag::x), any_out ? desc(out_dims, Tag::any) : out, stride,
                 dilation, pad, pad},
                engine);
            if (kind == Kind::layout && description.src_desc() == in &&
                description.dst_desc() == out)
                return;
            auto made = call(description, kind != Kind::layout);
            memory weight(rows, engine, data.weight), packed = weight;
            if (description.weights_desc() != rows) {
                packed = memory(description.weights_desc(), engine);
                dnnl::reorder(weight, packed).execute(made->stream, weight, packed);
                made->stream.wait();
            }
            made->arguments.insert({DNNL_ARG_WEIGHTS, packed});
            made->arguments.insert(
                {DNNL_ARG_BIAS, memory(desc({s.out_channels}, Tag::x), engine, data.bias)});
            made->primitive = Primitive(description);
            add(made, mode + " " + description.impl_info_str(), kind);
        } catch (const dnnl::error&) {}
    }

    template <class Primitive>
    void convs(dnnl::algorithm direct) const {
        conv<Primitive>("rows", Kind::plain, false, false, direct);
        conv<Primitive>("rows in", Kind::plain, false, true, direct);
        conv<Primitive>("re-ordered", Kind::plain, true, true, direct);
        conv<Primitive>("own layout", Kind::layout, true, true, direct);
    }

    void norm() const {
        auto flags = dnnl::normalization_flags::use_scale | dnnl::normalization_flags::use_shift;
        if (!s.training) flags = flags | dnnl::normalization_flags::use_global_stats;
        const auto kind =
            s.training ? dnnl::prop_kind::forward_training : dnnl::prop_kind::forward_inference;
        const dnnl::batch_normalization_forward::primitive_desc description(
            {kind, in, 1e-5f, flags}, engine);
        auto made = call(description, true);
        const auto channel = [&](float* values) {
            return memory(desc({s.channels}, Tag::x), engine, values);
        };
        const auto statistics = [&](float* values) {  // of the batch: oneDNN's to write
            return s.training ? memory(desc({s.channels}, Tag::x), engine) : channel(values);
        };
        made->arguments.insert({{DNNL_ARG_SCALE, channel(data.weight)},
                                {DNNL_ARG_SHIFT, channel(data.bias)},
                                {DNNL_ARG_MEAN, statistics(data.mean)},
                                {DNNL_ARG_VARIANCE, statistics(data.var)}});
        made->primitive = dnnl::batch_normalization_forward(description);
        add(made, "rows", Kind::plain);
    }

    template <class Primitive, class... Arguments>
    void simple(const Arguments&... arguments) const {
        const typename Primitive::primitive_desc description(
            {dnnl::prop_kind::forward_inference, arguments...}, engine);
        auto made = call(description, true);
        made->primitive = Primitive(description);
        add(made, "rows", Kind::plain);
    }
};

}  // namespace

void add_onednn(const PeerData& data, int threads, Runners& to) {
    omp_set_num_threads(threads);
    const Maker maker{data, threads, to};
    const BenchShape& s = data.shape;
    switch (s.op) {
        case BenchOp::conv:
            maker.convs<dnnl::convolution_forward>(dnnl::algorithm::convolution_direct);
            if (s.kernel == 3 && s.stride == 1 && s.groups == 1 && s.channels >= 16)
                maker.conv<dnnl::convolution_forward>("Winograd", Kind::trick, true, true,
                                                      dnnl::algorithm::convolution_winograd);
            break;
        case BenchOp::conv_transpose:
            maker.convs<dnnl::deconvolution_forward>(dnnl::algorithm::deconvolution_direct);
            break;
        case BenchOp::batch_norm: maker.norm(); break;
        case BenchOp::max_pool: {
            const memory::dims stride{s.stride, s.stride}, kernel{s.kernel, s.kernel}, none{0, 0};
            maker.simple<dnnl::pooling_forward>(dnnl::algorithm::pooling_max, maker.in, maker.out,
                                                stride, kernel, none, none);
            break;
        }
        case BenchOp::relu:
            maker.simple<dnnl::eltwise_forward>(dnnl::algorithm::eltwise_relu, maker.in, 0.f, 0.f);
            break;
    }
}

}  // namespace convscope
#else
void convscope::add_onednn(const PeerData&, int, Runners&) {}
#endif
