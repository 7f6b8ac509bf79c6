// OpenCV: filters for one channel, layers of cv::dnn for everything.
#include <memory>

#include "bench/peers/peers.h"

#ifdef HAVE_OPENCV
#include <opencv2/core.hpp>
#include <opencv2/dnn.hpp>
#include <opencv2/imgproc.hpp>

namespace convscope {
namespace {

int whole(int64_t value) { return static_cast<int>(value); }

std::vector<float> values_of(const cv::Mat& mat) {
    return {mat.ptr<float>(), mat.ptr<float>() + mat.total()};
}

/// filter2D; and the two passes for a caller who knows the factors.
void add_filters(const PeerData& data, int threads, Runners& to) {
    const BenchShape& s = data.shape;
    const int k = whole(s.kernel);
    const cv::Mat in(whole(s.height), whole(s.width), CV_32F, data.input);
    const cv::Mat kernel(k, k, CV_32F, data.weight);
    const double bias = data.bias[0];
    cv::Mat out(whole(data.out_height), whole(data.out_width), CV_32F, data.output);
    const auto result = [out] { return values_of(out); };
    to.push_back({"opencv", "filter2D", Kind::plain,
                  [=]() mutable {
                      cv::setNumThreads(threads);
                      cv::filter2D(in, out, CV_32F, kernel, {-1, -1}, bias, cv::BORDER_CONSTANT);
                  },
                  result});
    if (!s.separable) return;
    const float middle = kernel.at<float>(k / 2, k / 2);
    const cv::Mat row = kernel.row(k / 2).clone(), column = kernel.col(k / 2) / middle;
    to.push_back(
        {"opencv", "sepFilter2D", Kind::trick,
         [=]() mutable {
             cv::setNumThreads(threads);
             cv::sepFilter2D(in, out, CV_32F, row, column, {-1, -1}, bias, cv::BORDER_CONSTANT);
         },
         result});
}

cv::dnn::LayerParams layer_params(const PeerData& data) {
    const BenchShape& s = data.shape;
    cv::dnn::LayerParams params;
    params.name = "layer";
    const auto blob = [&](float* values, const std::vector<int>& sizes) {
        params.blobs.push_back(cv::Mat(sizes, CV_32F, values).clone());
    };
    for (const char* axis : {"_h", "_w"}) {
        params.set(std::string("kernel") + axis, whole(s.kernel));
        params.set(std::string("stride") + axis, whole(s.stride));
        params.set(std::string("pad") + axis, whole(s.padding));
        params.set(std::string("dilation") + axis, whole(s.dilation));
    }
    const int in = whole(s.channels), out = whole(s.out_channels), k = whole(s.kernel),
              groups = whole(s.groups);
    switch (s.op) {
        case BenchOp::conv:
        case BenchOp::conv_transpose:
            params.type = s.op == BenchOp::conv ? "Convolution" : "Deconvolution";
            params.set("num_output", out);
            params.set("group", groups);
            params.set("bias_term", true);
            blob(data.weight, s.op == BenchOp::conv ? std::vector<int>{out, in / groups, k, k}
                                                    : std::vector<int>{in, out, k, k});
            blob(data.bias, {out});
            break;
        case BenchOp::max_pool:
            params.type = "Pooling";
            params.set("pool", "max");
            params.set("ceil_mode", false);
            break;
        case BenchOp::relu: params.type = "ReLU"; break;
        case BenchOp::batch_norm:
            params.type = "BatchNorm";
            params.set("has_weight", true);
            params.set("has_bias", true);
            params.set("eps", 1e-5f);
            for (float* values : {data.mean, data.var, data.weight, data.bias}) blob(values, {in});
            break;
    }
    return params;
}

}  // namespace

void add_opencv(const PeerData& data, int threads, Runners& to) {
    const BenchShape& s = data.shape;
    if (s.op == BenchOp::conv && s.channels == 1 && s.out_channels == 1)
        add_filters(data, threads, to);
    if (s.training) return;  // cv::dnn only infers
    struct State {
        cv::dnn::Net net;
        cv::Mat in, out;
    };
    const auto state = std::make_shared<State>();
    cv::dnn::LayerParams params = layer_params(data);
    state->net.addLayerToPrev(params.name, params.type, params);
    state->net.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
    state->net.setPreferableTarget(cv::dnn::DNN_TARGET_CPU);
    state->in = cv::Mat(std::vector<int>{1, whole(s.channels), whole(s.height), whole(s.width)},
                        CV_32F, data.input);
    const auto run = [state, threads] {
        cv::setNumThreads(threads);
        state->net.setInput(state->in);
        state->out = state->net.forward();
    };
    to.push_back({"opencv", "dnn", Kind::plain, run, [state] { return values_of(state->out); }});
}

}  // namespace convscope
#else
void convscope::add_opencv(const PeerData&, int, Runners&) {}
#endif
