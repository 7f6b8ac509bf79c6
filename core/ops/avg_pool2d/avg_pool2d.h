// avg_pool2d: a window slides over the padded input; every output cell is the mean of the values under it.
#pragma once

#include "core/make_op.h"
#include "core/pool_parts.h"

namespace convscope {

struct AvgPool2d {
    static constexpr const char* kId = "avg_pool2d";
    static constexpr const char* kTorchName = "AvgPool2d";
    static constexpr const char* kKerasName = "AveragePooling2D";
    static constexpr const char* kSummary =
        "Slides a window over the input and takes the mean of the values under it.";

    Pair kernel_size{2, 2};
    std::optional<Pair> stride;
    Pair padding{0, 0};
    bool ceil_mode = false, count_include_pad = true;
    std::optional<int64_t> divisor_override;

    static const std::vector<TypedField<AvgPool2d>>& fields();
    static std::vector<std::string> signature() {
        return {"kernel_size",       "stride",          "padding", "ceil_mode",
                "count_include_pad", "divisor_override"};
    }

    static std::optional<Trouble> find_trouble(const AvgPool2d&, Shape input);
    static Plan plan(const AvgPool2d&, Shape input);
    static Explanation explain(const AvgPool2d&, const Plan&, int stage, Index cell, const Reader&);
    static std::pair<Index, Index> reach(const AvgPool2d&, const Plan&, int stage, Index cell);
    static bool forward(const AvgPool2d&, const Plan&, const LayerInputs&,
                        std::span<const int> wanted, std::span<Tensor> stages, const Progress&);
    static bool backward(const AvgPool2d&, const Plan&, const LayerInputs&,
                         const Tensor& grad_output, std::span<const int> wanted,
                         std::span<Tensor> stages, const Progress&);
    static std::vector<SizeFormula> size_formula(const AvgPool2d&, const Plan&, Shape input);
    static std::string card(const AvgPool2d&);
    static AvgPool2d fit_channels(AvgPool2d p, int64_t) { return p; }

    Pooling pooling() const {
        return {.kernel_size = kernel_size,
                .stride = stride.value_or(kernel_size),
                .padding = padding,
                .ceil_mode = ceil_mode};
    }
    /// What the sum of output cell (h, w) is divided by.
    double divisor(const Window&, int64_t h, int64_t w) const;
};

}  // namespace convscope
