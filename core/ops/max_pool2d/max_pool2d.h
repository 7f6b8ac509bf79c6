// max_pool2d: a window slides over the padded input; every output cell is the largest value under it.
#pragma once

#include "core/make_op.h"
#include "core/pool_parts.h"

namespace convscope {

struct MaxPool2d {
    static constexpr const char* kId = "max_pool2d";
    static constexpr const char* kTorchName = "MaxPool2d";
    static constexpr const char* kKerasName = "MaxPooling2D";
    static constexpr const char* kSummary =
        "Slides a window over the input and keeps the largest value under it.";

    Pair kernel_size{2, 2};
    std::optional<Pair> stride;
    Pair padding{0, 0}, dilation{1, 1};
    bool ceil_mode = false;

    static const std::vector<TypedField<MaxPool2d>>& fields();
    static std::vector<std::string> signature() {
        return {"kernel_size", "stride", "padding", "dilation", "return_indices", "ceil_mode"};
    }

    static std::optional<Trouble> find_trouble(const MaxPool2d&, Shape input);
    static Plan plan(const MaxPool2d&, Shape input);
    static Explanation explain(const MaxPool2d&, const Plan&, int stage, Index cell, const Reader&);
    static std::pair<Index, Index> reach(const MaxPool2d&, const Plan&, int stage, Index cell);
    static bool forward(const MaxPool2d&, const Plan&, const LayerInputs&,
                        std::span<const int> wanted, std::span<Tensor> stages, const Progress&);
    static bool backward(const MaxPool2d&, const Plan&, const LayerInputs&,
                         const Tensor& grad_output, std::span<const int> wanted,
                         std::span<Tensor> stages, const Progress&);
    static std::vector<SizeFormula> size_formula(const MaxPool2d&, const Plan&, Shape input);
    static std::string card(const MaxPool2d& p) { return pool_card(p.pooling()); }
    static MaxPool2d fit_channels(MaxPool2d p, int64_t) { return p; }

    Pooling pooling() const {
        return {.kernel_size = kernel_size,
                .stride = stride.value_or(kernel_size),
                .padding = padding,
                .dilation = dilation,
                .ceil_mode = ceil_mode,
                .has_dilation = true};
    }
};

}  // namespace convscope
