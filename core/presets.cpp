// Documents to start from: worked examples whose numbers fit on a blackboard.
#include "core/presets.h"

#include "core/build_layer.h"
#include "core/chain_presets.h"
#include "core/io/files.h"

namespace convscope {
namespace {

Tensor square(int64_t size, std::vector<float> values) {
    return {{1, 1, size, size}, std::move(values)};
}

/// The worked examples' kernel.
Tensor two_by_two() { return square(2, {2, 3, 4, 5}); }

Value pair(int64_t h, int64_t w) { return Pair{h, w}; }
Value same_padding() { return Padding{Padding::Kind::same, {}}; }

Document transposed(std::string_view name, int64_t stride) {
    Document document = started(name, square(2, {1, 0, 2, 3}));
    add_layer(document, "conv_transpose2d",
              {{"kernel_size", both(2)}, {"stride", both(stride)}, {"bias", false}}, two_by_two());
    return document;
}

Document separate_stamps() { return transposed("Transposed 2×2, separate stamps", 2); }
Document overlapping_stamps() { return transposed("Transposed 2×2, overlapping stamps", 1); }

Document not_transposed() {
    Document document = started("The same 2×2, not transposed", square(2, {1, 0, 2, 3}));
    add_layer(document, "conv2d", {{"kernel_size", both(2)}, {"bias", false}}, two_by_two());
    return document;
}

Document leftover() {
    Document document = started("Stride 2 leaves a row over", counted({1, 1, 3, 3}, 0));
    add_layer(document, "conv2d", {{"kernel_size", both(2)}, {"stride", both(2)}, {"bias", false}},
              two_by_two());
    return document;
}

Document stride_one() {
    Document document = started("The same at stride 1", counted({1, 1, 3, 3}, 0));
    add_layer(document, "conv2d", {{"kernel_size", both(2)}, {"bias", false}}, two_by_two());
    return document;
}

Document padding_one() {
    Document document = started("Padding 1 keeps 3×3", counted({1, 1, 3, 3}, 1));
    add_layer(document, "conv2d", {{"padding", pad(1)}, {"bias", false}},
              Tensor({1, 1, 3, 3}, 1.0f));
    return document;
}

Document padding_and_stride() {
    Document document = started("Padding 1 and stride 2", counted({1, 1, 3, 3}, 1));
    add_layer(document, "conv2d", {{"stride", both(2)}, {"padding", pad(1)}, {"bias", false}},
              Tensor({1, 1, 3, 3}, 1.0f));
    return document;
}

Document padded_twice() {
    Document document = started("Padded twice", square(5, {0, 0, 0, 0, 0, 0, 1, 2, 3, 0, 0, 4, 5,
                                                           6, 0, 0, 7, 8, 9, 0, 0, 0, 0, 0, 0}));
    add_layer(document, "conv2d", {{"stride", both(2)}, {"padding", pad(1)}, {"bias", false}},
              Tensor({1, 1, 3, 3}, 1.0f));
    return document;
}

Document same_keeps_the_size() {
    Document document = started("Same padding with an even kernel",
                                generated_input("integers 0–9", 1, {1, 1, 6, 6}));
    add_layer(document, "conv2d",
              {{"kernel_size", both(4)}, {"padding", same_padding()}, {"bias", false}},
              Tensor({1, 1, 4, 4}, 1.0f));
    return document;
}

Document reflected() {
    Document document =
        started("Reflected padding", generated_input("integers 0–9", 2, {1, 1, 5, 5}));
    add_layer(document, "conv2d",
              {{"padding", pad(2)},
               {"kernel_size", both(5)},
               {"padding_mode", Choice{"reflect"}},
               {"bias", false}},
              kernel_preset("Gaussian blur", {5, 5}));
    return document;
}

Document dilated() {
    Document document = started("Dilation 2", generated_input("integers 0–9", 3, {1, 1, 7, 7}));
    add_layer(document, "conv2d", {{"dilation", both(2)}, {"bias", false}},
              kernel_preset("Sobel x", {3, 3}));
    return document;
}

Document rectangular() {
    Document document =
        started("Rectangular everything", generated_input("integers 0–9", 4, {1, 1, 6, 9}));
    add_layer(document, "conv2d",
              {{"kernel_size", pair(2, 3)}, {"stride", pair(1, 2)}, {"bias", false}});
    return document;
}

Document channels() {
    Document document =
        started("Three channels in, four out", generated_input("integers 0–9", 5, {1, 3, 5, 5}));
    add_layer(document, "conv2d",
              {{"in_channels", int64_t(3)},
               {"out_channels", int64_t(4)},
               {"padding", pad(1)},
               {"bias", true}},
              {}, {1, -2, 0, 3});
    return document;
}

Document depthwise() {
    Document document = started("Depthwise", generated_input("integers 0–9", 6, {1, 3, 5, 5}));
    const auto sobel = kernel_preset("Sobel x", {3, 3}), blur = kernel_preset("Sobel y", {3, 3});
    const auto laplace = kernel_preset("Laplacian", {3, 3});
    std::vector<float> weight;
    for (const Tensor& kernel : {sobel, blur, laplace})
        weight.insert(weight.end(), kernel.values().begin(), kernel.values().end());
    add_layer(document, "conv2d",
              {{"in_channels", int64_t(3)},
               {"out_channels", int64_t(3)},
               {"groups", int64_t(3)},
               {"padding", pad(1)},
               {"bias", false}},
              Tensor({3, 1, 3, 3}, std::move(weight)));
    document.layers.back().channel_names = {"Sobel x", "Sobel y", "Laplacian"};
    return document;
}

Document ones_transposed(std::string_view name, int64_t kernel, int64_t padding) {
    Document document = started(name, generated_input("ones", 0, {1, 1, 4, 4}));
    add_layer(document, "conv_transpose2d",
              {{"kernel_size", both(kernel)},
               {"stride", both(2)},
               {"padding", both(padding)},
               {"bias", false}},
              Tensor({1, 1, kernel, kernel}, 1.0f));
    return document;
}

Document checkerboard() { return ones_transposed("Checkerboard", 3, 0); }
Document doubling() { return ones_transposed("Doubling without a checkerboard", 4, 1); }

Document uncovered() {
    Document document = started("Output padding uncovers sums", square(1, {1}));
    add_layer(
        document, "conv_transpose2d",
        {{"stride", both(2)}, {"padding", both(1)}, {"output_padding", both(1)}, {"bias", false}},
        counted({1, 1, 3, 3}, 1));
    return document;
}

Document there_and_back() {
    Document document = started("There and back", counted({1, 1, 3, 3}, 0));
    add_layer(document, "conv2d", {{"kernel_size", both(2)}, {"bias", false}}, two_by_two());
    add_layer(document, "conv_transpose2d", {{"kernel_size", both(2)}, {"bias", false}},
              two_by_two());
    return document;
}

constexpr const char* kConvolution = "Convolution";
constexpr const char* kTransposed = "Transposed convolution";

}  // namespace

const std::vector<DocumentPreset>& document_presets() {
    static const std::vector<DocumentPreset> presets = [] {
        std::vector<DocumentPreset> all{
            {kConvolution, "Emboss on random integers",
             "A 3×3 kernel slides over 7×7 with stride 2 and padding 1.", standard_document},
            {kTransposed, "Transposed 2×2, separate stamps",
             "Stride 2 puts four stamps side by side: 2×2 becomes 4×4.", separate_stamps},
            {kTransposed, "Transposed 2×2, overlapping stamps",
             "At stride 1 the stamps overlap and their sums are 3×3.", overlapping_stamps},
            {kTransposed, "The same 2×2, not transposed",
             "An ordinary convolution of the same numbers: one window, 25.", not_transposed},
            {kConvolution, "Stride 2 leaves a row over",
             "No second window fits: five of nine cells are never read.", leftover},
            {kConvolution, "The same at stride 1", "Four windows fit, so the output is 2×2.",
             stride_one},
            {kConvolution, "Padding 1 keeps 3×3",
             "16 zeros around nine cells; corners are read four times, the middle nine.",
             padding_one},
            {kConvolution, "Padding 1 and stride 2",
             "Padding enlarges to 5×5, yet the output is 2×2.", padding_and_stride},
            {kConvolution, "Padded twice",
             "An input that was padded by hand is padded again: 3×3 instead of 2×2.", padded_twice},
            {kConvolution, "Same padding with an even kernel",
             "Three extra cells: one before, two after.", same_keeps_the_size},
            {kConvolution, "Reflected padding",
             "Cells outside copy those inside, mirrored at the edge.", reflected},
            {kConvolution, "Dilation 2", "A 3×3 kernel with holes spans 5×5.", dilated},
            {kConvolution, "Rectangular everything", "Height and width have settings of their own.",
             rectangular},
            {kConvolution, "Three channels in, four out",
             "Every output channel sums a kernel over each input channel, plus a bias.", channels},
            {kConvolution, "Depthwise",
             "groups = channels: every channel has a kernel of its own, nothing is summed across.",
             depthwise},
            {kTransposed, "Checkerboard",
             "Kernel 3 at stride 2 covers cells one, two or four times.", checkerboard},
            {kTransposed, "Doubling without a checkerboard",
             "Kernel 4, stride 2, padding 1: inside, every cell is covered alike.", doubling},
            {kTransposed, "Output padding uncovers sums",
             "One input cell; output_padding 1 shows sums that padding had cropped.", uncovered},
            {kTransposed, "There and back",
             "A convolution and its transposed: the shape comes back, the values do not.",
             there_and_back},
        };
        const std::vector<DocumentPreset> chains = chain_presets();
        all.insert(all.end(), chains.begin(), chains.end());
        return all;
    }();
    return presets;
}

Document image_document(Input input) {
    Document document;
    document.name = "Classic filters";
    if (const auto* image = std::get_if<FromImage>(&input.origin))
        document.name += " on " + display_name(image->path);
    const int64_t channels = input.tensor.shape().c;
    document.input = std::move(input);
    add_layer(document, "conv2d",
              {{"in_channels", channels},
               {"out_channels", static_cast<int64_t>(filter_bank_names().size())},
               {"kernel_size", both(7)},
               {"padding", pad(3)},
               {"bias", false}},
              filter_bank(channels, 7));
    document.layers.back().channel_names = filter_bank_names();
    return document;
}

}  // namespace convscope
