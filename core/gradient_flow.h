// The gradient-flow network: a deep fully connected network as a chain of 1×1 convolutions, batch norms and activations.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/initialise.h"

namespace convscope {

/// "identity" and the ids of all ops that apply a function to every cell, in the order of menus.
std::vector<std::string> activation_names();

/// What the network is made from. Layers count from the input's side.
struct GradientFlow {
    int64_t depth = 20, width = 64, batch = 32;
    std::string activation = "relu";  // one of activation_names()
    Initialisation init = {};         // He
    bool batch_norm = false;          // between weights and activation; training statistics, no γ and β
    int64_t skip_every = 0;           // a skip connection around each run of that many blocks; 0: none
    uint64_t seed = 1;
    bool operator==(const GradientFlow&) const = default;
};

inline constexpr int64_t kMaxFlowDepth = 100, kMaxFlowWidth = 1024, kMaxFlowBatch = 4096;
/// Weights of all layers together.
inline constexpr int64_t kMaxFlowWeights = int64_t(1) << 24;

/// Why there is no such network; any values may come in. `key` is the member's name, "gain" or "activation".
std::optional<Problem> gradient_flow_problem(const GradientFlow&);

/// depth times 1×1 conv2d (no bias), batch norm where asked for, activation; the input is normal, batch×width×1×1. A
/// deeper network keeps the weights of a shallower one, another gain scales them. The settings have no problem.
Document gradient_flow(const GradientFlow&);

/// The network with given weights: h ← act(bn?(h·Wᵀ)) a layer. `weights` are out×in×1×1 each, `input` is
/// batch×width×1×1. Batch norm: training statistics, no weight and bias. The backward pass starts from mean_square.
std::variant<Document, Problem> gradient_flow_document(std::vector<Tensor> weights, Tensor input,
                                                       std::string_view activation,
                                                       bool batch_norm);

struct FlowAnswer {
    double loss = 0;
    std::vector<double> activation_rms, grad_weight_norms;  // one a layer of the network
};

/// What `convscope eval` answers for a document of gradient_flow_document: by definition in double where that is quick, else in float32. (A batch norm
/// at the end under mean_square has a gradient that cancels to about eps: in float32 little more of it is left than its
/// size, in PyTorch's too.)
std::variant<FlowAnswer, Problem> gradient_flow_answer(const Document& document,
                                                      const Progress& progress = {});

}  // namespace convscope
