// Documents to start from that show more than one convolution: batch norm, activations, whole blocks, gradient flow.
#include "core/chain_presets.h"

#include "core/build_layer.h"
#include "core/gradient_flow.h"

namespace convscope {
namespace {

using Kind = Initialisation::Kind;

constexpr const char* kPooling = "Pooling and upsampling";
constexpr const char* kBatchNorm = "Batch norm";
constexpr const char* kActivations = "Activations";
constexpr const char* kChains = "Chains";
constexpr const char* kGradientFlow = "Gradient flow";

Setting channels_in(int64_t channels) { return {"in_channels", channels}; }
Setting channels_out(int64_t channels) { return {"out_channels", channels}; }
const Setting kNoBias{"bias", false};

void add_batch_norm(Document& document, int64_t channels) {
    add_layer(document, "batch_norm2d", {{"num_features", channels}});
}

/// ConvTranspose2d(in, out, 4, stride, padding, bias=False), as in DCGAN's generator.
void add_transposed(Document& document, int64_t in, int64_t out, int64_t stride, int64_t padding) {
    add_layer(document, "conv_transpose2d",
              {channels_in(in),
               channels_out(out),
               {"kernel_size", both(4)},
               {"stride", both(stride)},
               {"padding", both(padding)},
               kNoBias});
}

// ---- Pooling and upsampling

Document pooled(std::string_view name, std::string_view op_id) {
    Document document = started(name, generated_input("integers 0–9", 12, {1, 1, 6, 6}));
    add_layer(document, op_id);
    return document;
}

Document max_pool() { return pooled("Max pool 2×2", "max_pool2d"); }
Document average_pool() { return pooled("Average pool 2×2", "avg_pool2d"); }

Document enlarged(std::string_view name, std::string_view mode) {
    Document document = started(name, Tensor({1, 1, 2, 2}, {1, 0, 2, 3}));
    add_layer(document, "upsample", {{"mode", Choice{std::string(mode)}}});
    return document;
}

Document nearest() { return enlarged("Upsample, nearest", "nearest"); }
Document bilinear() { return enlarged("Upsample, bilinear", "bilinear"); }

Document resize_convolution() {
    Document document =
        started("Upsample, then convolve", generated_input("ones", 0, {1, 1, 4, 4}));
    add_layer(document, "upsample");
    add_layer(document, "conv2d", {{"padding", pad(1)}, kNoBias}, Tensor({1, 1, 3, 3}, 1.0f));
    return document;
}

// ---- Batch norm

Document four_numbers(std::string_view name) {
    Document document = started(name, counted({4, 1, 1, 1}, 1));
    add_batch_norm(document, 1);
    return document;
}

Document batch_of_four() { return four_numbers("Batch norm of four numbers"); }

Document four_in_eval() {
    Document document = four_numbers("The same four numbers in eval mode");
    document.training = false;
    // What one step in train mode leaves behind.
    document.layers[0].buffers = {Tensor({1, 1, 1, 1}, 0.25f), Tensor({1, 1, 1, 1}, 16.0f / 15),
                                  Tensor({1, 1, 1, 1}, 1.0f)};
    return document;
}

// ---- Activations

Document saturated_sigmoid() {
    Document document = started("Saturated sigmoid", counted({1, 1, 1, 17}, -8));
    add_layer(document, "sigmoid");
    document.start.kind = BackwardStart::Kind::given;
    document.start.tensor = Tensor({1, 1, 1, 17}, 1.0f);
    return document;
}

Document dead_relu() {
    Document document = started("Dead ReLU", generated_input("integers 0–9", 7, {1, 1, 5, 5}));
    add_layer(document, "conv2d", {{"bias", true}}, kernel_preset("Sobel x", {3, 3}), {-50});
    add_layer(document, "relu");
    return document;
}

// ---- Chains

Document conv_norm_relu() {
    Document document =
        started("Convolution, batch norm, ReLU", generated_input("integers 0–9", 8, {2, 1, 6, 6}));
    std::vector<float> weight;
    for (const char* name : {"Sobel x", "Sobel y"}) {
        const Tensor kernel = kernel_preset(name, {3, 3});
        weight.insert(weight.end(), kernel.values().begin(), kernel.values().end());
    }
    add_layer(document, "conv2d", {channels_out(2), {"padding", pad(1)}, kNoBias},
              Tensor({2, 1, 3, 3}, std::move(weight)));
    document.layers.back().channel_names = {"Sobel x", "Sobel y"};
    add_batch_norm(document, 2);
    add_layer(document, "relu");
    return document;
}

Document generator_block() {
    Document document =
        started("DCGAN generator block", generated_input("normal", 9, {1, 4, 4, 4}));
    add_transposed(document, 4, 2, 2, 1);
    add_batch_norm(document, 2);
    add_layer(document, "relu");
    return with_initialised_weights(std::move(document), -1, {Kind::he}, 1);
}

Document generator() {
    Document document =
        started("DCGAN generator, small", generated_input("normal", 10, {1, 100, 1, 1}));
    const int64_t channels[] = {100, 32, 16, 8};
    for (size_t i = 0; i + 1 < std::size(channels); ++i) {
        add_transposed(document, channels[i], channels[i + 1], i == 0 ? 1 : 2, i == 0 ? 0 : 1);
        add_batch_norm(document, channels[i + 1]);
        add_layer(document, "relu");
    }
    add_transposed(document, 8, 3, 2, 1);
    add_layer(document, "tanh");
    return with_initialised_weights(std::move(document), -1, {Kind::he}, 1);
}

Document encoder_decoder() {
    Document document =
        started("Encoder and decoder", generated_input("checkerboard", 0, {1, 1, 16, 16}));
    for (const auto& [in, out] : {std::pair<int64_t, int64_t>{1, 4}, {4, 8}}) {
        add_layer(document, "conv2d",
                  {channels_in(in), channels_out(out), {"stride", both(2)}, {"padding", pad(1)}});
        add_layer(document, "relu");
    }
    add_transposed(document, 8, 4, 2, 1);
    add_layer(document, "relu");
    add_transposed(document, 4, 1, 2, 1);
    add_layer(document, "sigmoid");
    return with_initialised_weights(std::move(document), -1, {Kind::he}, 1);
}

Document residual_block() {
    Document document = started("Residual block", generated_input("normal", 11, {2, 2, 6, 6}));
    const auto add_convolution = [&document] {
        add_layer(document, "conv2d",
                  {channels_in(2), channels_out(2), {"padding", pad(1)}, kNoBias});
        add_batch_norm(document, 2);
    };
    add_convolution();
    add_layer(document, "relu");
    add_convolution();
    document.layers.back().skip = 5;  // the input of the first convolution
    add_layer(document, "relu");
    return with_initialised_weights(std::move(document), -1, {Kind::he}, 1);
}

// ---- Gradient flow: 32 channels are wide enough for the factors to be seen

Document flow(std::string_view name, GradientFlow settings) {
    settings.width = settings.batch = 32;
    Document document = gradient_flow(settings);
    document.name = name;
    return document;
}

Document vanishing() {
    return flow("Vanishing: sigmoid, Xavier",
                {.depth = 80, .activation = "sigmoid", .init = {.kind = Kind::xavier}});
}

Document exploding() {
    return flow("Exploding: batch norm and ReLU", {.depth = 50, .batch_norm = true});
}

Document healthy() { return flow("Healthy: ReLU, He", {.depth = 50}); }

Document skipping() {
    return flow(
        "With skip connections: sigmoid, Xavier",
        {.depth = 50, .activation = "sigmoid", .init = {.kind = Kind::xavier}, .skip_every = 1});
}

}  // namespace

std::vector<DocumentPreset> chain_presets() {
    return {
        {kPooling, "Max pool 2×2",
         "Each window keeps its largest value; only that cell gets a gradient.", max_pool},
        {kPooling, "Average pool 2×2",
         "The same input: each window gives its mean, every cell gets a quarter of the gradient.",
         average_pool},
        {kPooling, "Upsample, nearest", "Every cell is repeated: 2×2 becomes 4×4.", nearest},
        {kPooling, "Upsample, bilinear", "The cells in between are blended from the four nearest.",
         bilinear},
        {kPooling, "Upsample, then convolve",
         "Made larger first: inside all sums have nine terms, unlike in the checkerboard.",
         resize_convolution},
        {kBatchNorm, "Batch norm of four numbers",
         "1, 2, 3, 4 become −1.34 to 1.34: less their mean, divided by their own deviation.",
         batch_of_four},
        {kBatchNorm, "The same four numbers in eval mode",
         "Now the running mean and variance of one earlier batch are used, not the batch's own.",
         four_in_eval},
        {kActivations, "Saturated sigmoid",
         "At both ends the output hardly changes any more: there the gradient is almost 0.",
         saturated_sigmoid},
        {kActivations, "Dead ReLU",
         "A bias of −50 keeps every sum below 0: the output is 0, and so is every gradient.",
         dead_relu},
        {kChains, "Convolution, batch norm, ReLU",
         "The usual block: sums of products, brought to one scale, negative ones cut off.",
         conv_norm_relu},
        {kChains, "DCGAN generator block",
         "A transposed convolution doubles 4×4 to 8×8, then batch norm and ReLU.", generator_block},
        {kChains, "DCGAN generator, small",
         "100 random numbers become a picture of 3×32×32 in four transposed convolutions.",
         generator},
        {kChains, "Encoder and decoder",
         "Strided convolutions shrink 16×16 to 4×4, transposed ones bring the size back.",
         encoder_decoder},
        {kChains, "Residual block",
         "The input of the first convolution is added to the output of the second batch norm.",
         residual_block},
        {kGradientFlow, "Vanishing: sigmoid, Xavier",
         "Each layer leaves about a quarter of the gradient; the first of 80 layers read 0.",
         vanishing},
        {kGradientFlow, "Exploding: batch norm and ReLU",
         "Activations stay alike, yet the gradient grows by a fifth with every layer back.",
         exploding},
        {kGradientFlow, "Healthy: ReLU, He",
         "He's weights keep signal and gradient near their size through 50 layers.", healthy},
        {kGradientFlow, "With skip connections: sigmoid, Xavier",
         "The same sigmoid, with each block's input added to its output: the gradient arrives.",
         skipping},
    };
}

}  // namespace convscope
