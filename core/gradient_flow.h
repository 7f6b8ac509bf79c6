// The gradient-flow network: a deep fully connected network as a chain of 1×1 convolutions, batch norms and activations.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/document.h"

namespace convscope {

/// "identity" and the ids of all ops that apply a function to every cell, in the order of menus.
std::vector<std::string> activation_names();

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
std::variant<FlowAnswer, Problem> gradient_flow_answer(const Document& document);

}  // namespace convscope
