// conv2d: a kernel slides over the padded input; every output cell is the sum of the products under it, plus a bias.
#pragma once

#include "core/make_op.h"
#include "core/trouble.h"

namespace convscope {

struct Conv2d {
    static constexpr const char* kId = "conv2d";
    static constexpr const char* kTorchName = "Conv2d";
    static constexpr const char* kKerasName = "Conv2D";
    static constexpr const char* kSummary =
        "Slides a kernel over the input and adds up the products under it.";

    static constexpr bool kStartsBlock = true;
    static constexpr bool kTakesThen = true;

    int64_t in_channels = 1, out_channels = 1;
    Pair kernel_size{3, 3}, stride{1, 1};
    Padding padding;
    Pair dilation{1, 1};
    int64_t groups = 1;
    Choice padding_mode{"zeros"};
    bool bias = true;

    static const std::vector<TypedField<Conv2d>>& fields();
    static std::vector<std::string> signature() {
        return {"in_channels", "out_channels", "kernel_size", "stride",      "padding",
                "dilation",    "groups",       "bias",        "padding_mode"};
    }

    static std::optional<Trouble> find_trouble(const Conv2d&, Shape input);
    static Plan plan(const Conv2d&, Shape input);
    static Explanation explain(const Conv2d&, const Plan&, int stage, Index cell, const Reader&);
    static std::pair<Index, Index> reach(const Conv2d&, const Plan&, int stage, Index cell);
    static bool forward(const Conv2d&, const Plan&, const LayerInputs&, std::span<const int> wanted,
                        std::span<Tensor> stages, const Progress&);
    static bool backward(const Conv2d&, const Plan&, const LayerInputs&, const Tensor& grad_output,
                         std::span<const int> wanted, std::span<Tensor> stages, const Progress&);
    static std::vector<SizeFormula> size_formula(const Conv2d&, const Plan&, Shape input);
    static WayBack way_back(const Conv2d&);
    static std::string card(const Conv2d&);
    static Conv2d fit_channels(Conv2d, int64_t channels);

    /// One axis: cells, kernel, and the padding resolved ('same' puts the odd cell on the far side). `out` may be < 1.
    WindowAxis axis(int64_t in, int64_t kernel, int64_t stride, int64_t dilation,
                    int64_t padding) const;
    WindowAxis rows(Shape input) const;
    WindowAxis columns(Shape input) const;
    PaddingMode mode() const;
    /// Sizes with which an output size can be computed, if not a possible one.
    bool has_sane_sizes(Shape input) const;
};

}  // namespace convscope
