// batch_norm2d: shifts and scales every channel to mean 0 and variance 1, then by a learned weight and bias.
#pragma once

#include "core/make_op.h"
#include "core/trouble.h"

namespace convscope {

struct BatchNorm2d {
    static constexpr const char* kId = "batch_norm2d";
    static constexpr const char* kTorchName = "BatchNorm2d";
    static constexpr const char* kKerasName = "BatchNormalization";
    static constexpr const char* kSummary =
        "Brings every channel to mean 0 and variance 1, then scales and shifts it.";

    int64_t num_features = 1;
    double eps = 1e-5;
    std::optional<double> momentum = 0.1;
    bool affine = true, track_running_stats = true;
    bool training = true;  // the mode it is planned for; not a parameter, as in torch.nn

    static const std::vector<TypedField<BatchNorm2d>>& fields();
    static std::vector<std::string> signature() {
        return {"num_features", "eps", "momentum", "affine", "track_running_stats"};
    }

    static std::optional<Trouble> find_trouble(const BatchNorm2d&, Shape input);
    static Plan plan(const BatchNorm2d&, Shape input, bool training);
    static Explanation explain(const BatchNorm2d&, const Plan&, int stage, Index cell,
                               const Reader&);
    static std::pair<Index, Index> reach(const BatchNorm2d&, const Plan&, int stage, Index cell);
    static bool forward(const BatchNorm2d&, const Plan&, const LayerInputs&,
                        std::span<const int> wanted, std::span<Tensor> stages, const Progress&);
    static Pointwise pointwise(const BatchNorm2d&, const Plan&, const LayerInputs&);
    static bool backward(const BatchNorm2d&, const Plan&, const LayerInputs&,
                         const Tensor& grad_output, std::span<const int> wanted,
                         std::span<Tensor> stages, const Progress&);
    static std::vector<SizeFormula> size_formula(const BatchNorm2d&, const Plan&, Shape input);
    static std::string card(const BatchNorm2d&);
    static BatchNorm2d fit_channels(BatchNorm2d, int64_t channels);

    /// Mean and variance are the batch's own; else those of the buffers.
    bool uses_batch(bool in_training) const { return in_training || !track_running_stats; }
    /// 1 / √(var + eps). PyTorch takes it for 0 where a batch has variance 0 and eps is 0.
    double inverse_deviation(double var, bool of_batch) const;
    /// How much of the running statistics the batch replaces, when it is batch number `batches`.
    double factor(double batches) const { return momentum ? *momentum : 1 / batches; }
};

/// Indices among the weights and the buffers.
inline constexpr int kBatchNormWeight = 0, kBatchNormBias = 1;
inline constexpr int kRunningMean = 0, kRunningVar = 1, kBatchesTracked = 2;

}  // namespace convscope
