// Presets: kernels by name and size, a bank of filters for images, and whole documents to start from.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/document.h"

namespace convscope {

/// A kernel for any size: what is only defined at 3×3 stands in the middle with zeros around.
struct KernelPreset {
    std::string name;  // "Sobel x"
    std::string help;  // one sentence: what it shows
    std::vector<float> (*values)(int64_t rows, int64_t columns);
};

/// In menu order.
const std::vector<KernelPreset>& kernel_presets();
/// The preset of that name as a 1×1×rows×columns tensor; an unknown name gives an empty tensor.
Tensor kernel_preset(std::string_view name, Pair size);
/// Name of the preset whose values stand in the kernel at (n, c) of `plane`; "" for a kernel of one's own.
std::string kernel_name(const Tensor& weight, Index plane);
/// The document with that preset in one kernel of a layer's first weight, or in all of them; where the layer's kernels stand
/// turned, so does the preset.
Document with_kernel(Document document, int layer, Index plane, std::string_view name);
Document with_all_kernels(Document document, int layer, std::string_view name);

/// Every plane turned by 180°: rows and columns reversed.
Tensor turned_180(Tensor weight);
/// The layer's first weight as it was chosen: turned back where it stands turned (Layer::turned).
Tensor chosen_kernels(const Layer& layer);
/// All kernels of the layer turned by 180°; those that stood turned stand as they were chosen again. Correlation with a
/// turned kernel is convolution with the kernel.
Document with_kernels_turned(Document document, int layer);

/// The eight "Classic filters" as a weight of 8×channels×size×size. With 3 channels they see luminance (weights 0.299,
/// 0.587, 0.114), else the mean of the channels.
Tensor filter_bank(int64_t channels, int64_t size);
/// Their names, one an output channel.
const std::vector<std::string>& filter_bank_names();

struct DocumentPreset {
    std::string group;  // the menu it stands in: "Transposed convolution"
    std::string name;
    std::string help;  // one sentence: what there is to see
    Document (*make)();
};

/// In menu order, groups where their first one stands; the first is the standard document.
const std::vector<DocumentPreset>& document_presets();
/// An image behind the eight classic filters, 7×7, padding 3.
Document image_document(Input input);

}  // namespace convscope
