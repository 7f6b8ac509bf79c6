// conv_transpose2d: every input cell stamps the whole kernel, times its value, onto the output; overlaps add up, and the
// padding is cropped off.
#pragma once

#include "core/make_op.h"
#include "core/trouble.h"

namespace convscope {

struct ConvTranspose2d {
    static constexpr const char* kId = "conv_transpose2d";
    static constexpr const char* kTorchName = "ConvTranspose2d";
    static constexpr const char* kKerasName = "Conv2DTranspose";
    static constexpr const char* kSummary =
        "Stamps the kernel, times each input value, onto the output and adds up the overlaps.";

    static constexpr bool kStartsBlock = true;

    int64_t in_channels = 1, out_channels = 1;
    Pair kernel_size{3, 3}, stride{1, 1}, padding{0, 0}, output_padding{0, 0}, dilation{1, 1};
    int64_t groups = 1;
    bool bias = true;

    static const std::vector<TypedField<ConvTranspose2d>>& fields();
    static std::vector<std::string> signature() {
        return {"in_channels",    "out_channels", "kernel_size", "stride",   "padding",
                "output_padding", "groups",       "bias",        "dilation"};
    }

    static std::optional<Trouble> find_trouble(const ConvTranspose2d&, Shape input);
    static Plan plan(const ConvTranspose2d&, Shape input);
    static Explanation explain(const ConvTranspose2d&, const Plan&, int stage, Index cell,
                               const Reader&);
    static std::pair<Index, Index> reach(const ConvTranspose2d&, const Plan&, int stage,
                                         Index cell);
    static bool forward(const ConvTranspose2d&, const Plan&, const LayerInputs&,
                        std::span<const int> wanted, std::span<Tensor> stages, const Progress&);
    static bool backward(const ConvTranspose2d&, const Plan&, const LayerInputs&,
                         const Tensor& grad_output, std::span<const int> wanted,
                         std::span<Tensor> stages, const Progress&);
    static std::vector<SizeFormula> size_formula(const ConvTranspose2d&, const Plan&, Shape input);
    static WayBack way_back(const ConvTranspose2d&);
    static std::string card(const ConvTranspose2d&);
    static ConvTranspose2d fit_channels(ConvTranspose2d, int64_t channels);

    /// One axis as a transposed window; `out` may be < 1.
    WindowAxis rows(Shape input) const;
    WindowAxis columns(Shape input) const;
    /// Sizes with which an output size can be computed, if not a possible one.
    bool has_sane_sizes(Shape input) const;
};

}  // namespace convscope
