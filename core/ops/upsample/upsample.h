// upsample: more cells (or fewer) by repeating the nearest one or by blending the nearest four.
#pragma once

#include <array>

#include "core/make_op.h"
#include "core/trouble.h"

namespace convscope {

/// Which input cells an output cell is made of, one axis at a time, with PyTorch's arithmetic.
struct ResizeAxis {
    enum class Mode { nearest, bilinear, bilinear_corners };
    int64_t in = 1, out = 1;
    double scale = 0;  // out / in as the person gave it; 0: the size was given
    Mode mode = Mode::nearest;
    bool one_channel = false;  // PyTorch has a short cut for it
    bool operator==(const ResizeAxis&) const = default;

    struct Tap {
        int64_t cell = 0;
        double weight = 1;
    };
    /// One tap or, bilinear, always two; they may be of the same cell or weigh 0.
    int64_t taps() const { return mode == Mode::nearest ? 1 : 2; }
    std::array<Tap, 2> taps_of(int64_t o) const;
    /// First and last output that has a tap on `cell`; last < first: none.
    std::pair<int64_t, int64_t> outputs_of(int64_t cell) const;
    /// Taps on each input cell.
    std::vector<int64_t> taps_per_input() const;
};

struct Upsample {
    static constexpr const char* kId = "upsample";
    static constexpr const char* kTorchName = "Upsample";
    static constexpr const char* kKerasName = "UpSampling2D";
    static constexpr const char* kSummary =
        "Resizes the input, by repeating its cells or by blending neighbours.";

    std::optional<Pair> size;
    std::optional<Scale> scale_factor{Scale{2, 2}};
    Choice mode{"nearest"};
    bool align_corners = false;

    static const std::vector<TypedField<Upsample>>& fields();
    /// PyTorch's recompute_scale_factor is missing: it would change numbers.
    static std::vector<std::string> signature() {
        return {"size", "scale_factor", "mode", "align_corners"};
    }

    static std::optional<Trouble> find_trouble(const Upsample&, Shape input);
    static Plan plan(const Upsample&, Shape input);
    static Explanation explain(const Upsample&, const Plan&, int stage, Index cell, const Reader&);
    static std::pair<Index, Index> reach(const Upsample&, const Plan&, int stage, Index cell);
    static bool forward(const Upsample&, const Plan&, const LayerInputs&,
                        std::span<const int> wanted, std::span<Tensor> stages, const Progress&);
    static bool backward(const Upsample&, const Plan&, const LayerInputs&,
                         const Tensor& grad_output, std::span<const int> wanted,
                         std::span<Tensor> stages, const Progress&);
    static std::vector<SizeFormula> size_formula(const Upsample&, const Plan&, Shape input);
    static std::string card(const Upsample&);
    static Upsample fit_channels(Upsample p, int64_t) { return p; }

    /// Of parameters that are possible.
    ResizeAxis rows(Shape input) const;
    ResizeAxis columns(Shape input) const;
};

}  // namespace convscope
