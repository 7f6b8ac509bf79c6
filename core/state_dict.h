// PyTorch's state dicts: named tensors onto a chain's weights and buffers, and back.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/evaluate.h"
#include "core/io/safetensors.h"

namespace convscope {

/// Named tensors whose values are read when they are asked for: a file lists them first.
struct StateDict {
    struct Entry {
        std::string name;  // "features.3.running_mean"
        std::vector<int64_t> dims;
    };
    std::string name;  // what sentences call it: the file; may be empty
    std::vector<Entry> entries;
    std::function<LoadedTensor(size_t which)> load;
};
StateDict state_dict_of(SafetensorsFile file);
StateDict state_dict_of(std::vector<NamedTensor> tensors);

/// What became of a state dict.
struct StateDictMatch {
    struct Assigned {
        std::string from;  // "features.3.running_mean"
        std::string to;    // "1.running_mean"
        int layer = 0;
    };
    std::vector<Assigned> assigned;
    std::vector<std::string> unused;   // tensors of the dict that no layer asks for
    std::vector<std::string> missing;  // "1.bias": weights and buffers that keep their values
    std::vector<std::string>
        hints;         // sentences: an unused tensor's shape, and the one that was needed
    std::string note;  // what was lost: "float64, rounded to float32"
    /// A sentence when the dict does not fit: which tensor has which shape, and which was needed. The document is
    /// unchanged then, and nothing is assigned.
    std::string error;
    bool ok() const { return error.empty(); }
};

/// The document with a state dict's values. Tensors with the same prefix ("conv1.") belong to one layer. Where the last
/// part of the prefix is a layer's place in the chain ("3.weight", "features.3.weight") and the shapes fit, it goes there.
/// Otherwise each prefix goes to the first layer in the chain that is still free and asks for tensors of these names and
/// shapes; of these two readings the one that places more tensors is taken. Prefixes count in the order of the dict, or,
/// where it was sorted by name (as Hugging Face's writer does), with their numbers compared as numbers.
Document with_state_dict(Document document, const StateDict& tensors, StateDictMatch& match);

/// "6 tensors of model.safetensors are the weights now. Not used: fc.weight, fc.bias." For the person, in one line.
std::string describe(const StateDict& tensors, const StateDictMatch& match);

/// The state dict of the document's layers as a PyTorch nn.Sequential names it: "0.weight", "0.bias", "1.running_mean".
/// It ends before the first layer that cannot be.
std::vector<NamedTensor> named_tensors(const Document& document);

/// The document with `tensor` as the weight or buffer `name` ("weight", "bias", "running_mean") of a layer, or as it was
/// with a sentence in `error` that says which shape is needed. A vector may lie along any axis.
Document with_weight_tensor(Document document, int layer, std::string_view name,
                            const Tensor& tensor, std::string& error);
/// The document with `tensor` as its input; a sentence in `error` where no tensor may be so large.
Document with_input_tensor(Document document, Tensor tensor, std::string& error);

/// A tensor of a computed document by its name: "input", "output" (of the last layer), "0.weight", "0.running_mean",
/// "2.input", "2.grad_output", "2.grad_input" or any other stage. Layers may be written "layers.0.weight". `error` is a
/// sentence that lists the names there are when it is none.
NamedTensor find_tensor(const Result& result, std::string_view name, std::string& error);

}  // namespace convscope
