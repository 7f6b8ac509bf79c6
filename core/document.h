// Document: everything a person edits. A small value: copy, compare, undo, save. Edits are functions from one to the next.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/op.h"

namespace convscope {

/// The input was filled by `generate(kind, seed, shape)`.
struct Generated {
    std::string kind;
    uint64_t seed = 0;
    bool operator==(const Generated&) const = default;
};

/// The input was read from an image file and scaled into [0, 1].
struct FromImage {
    std::string path;
    bool grey = false;
    int64_t max_side = 0;     // scaled down so that neither side is longer; 0: as it is
    std::string note;         // what was done, for the panel: "4000×3000 RGB, scaled to 1600×1200, divided by 255"
    bool operator==(const FromImage&) const = default;
};

/// Typed or painted values have no origin (monostate).
using Origin = std::variant<std::monostate, Generated, FromImage>;

struct Input {
    Tensor tensor;
    Origin origin;
    bool operator==(const Input&) const = default;
};

/// An op with its parameters, weights and buffers.
struct Layer {
    const Op* op = nullptr;
    Params params;
    std::vector<Tensor> weights;              // in the order of Plan::weights
    std::vector<std::string> channel_names;   // of the output, "Sobel x", …; empty, or one a channel
    std::vector<Tensor> buffers = {};         // in the order of Plan::buffers: before the first batch
    int64_t skip = 0;                         // k: the input of the run of k layers that ends here is added to the output
    bool turned = false;                      // the kernels stand turned by 180°: turn them back to get the ones chosen
    bool operator==(const Layer&) const = default;
};

/// Where the backward pass starts: what makes the gradient of the last layer's output.
struct BackwardStart {
    /// random: normal values scaled to RMS 1. mean_square: of the loss mean(output²)/2. squared_distance: of the loss
    /// mean((output − tensor)²)/2. given: `tensor` itself.
    enum class Kind { random, mean_square, squared_distance, given };
    Kind kind = Kind::random;
    uint64_t seed = 1;                        // for random
    Tensor tensor;                            // for squared_distance (the target) and given (grad_output); else empty
    bool operator==(const BackwardStart&) const = default;
};

/// "random", "mean_square", "squared_distance", "given".
const std::vector<std::string>& start_kind_names();
const std::string& start_kind_name(BackwardStart::Kind kind);
std::optional<BackwardStart::Kind> start_kind(std::string_view name);

struct Document {
    std::string name;                         // "Emboss on random integers"; "" : untitled
    Input input;
    std::vector<Layer> layers;                // at least one
    BackwardStart start;
    bool training = true;                     // train mode, else eval mode
    int64_t batches = 1;                      // the buffers are folded through batches 1…batches (see batch_input)
    bool operator==(const Document&) const = default;
};

/// Largest number of values in any one tensor a person can ask for.
inline constexpr int64_t kMaxValues = int64_t(1) << 28;

/// Why no tensor of that shape can be made (an extent below 1, more than kMaxValues values); none when it can. `what`
/// starts the sentence: "The input". Any numbers may come in.
std::optional<Problem> size_problem(Shape shape, std::string_view what);

/// Largest number of batches.
inline constexpr int64_t kMaxBatches = 10'000;

/// The input of batch `batch` (from 1): a generated input takes the seeds that follow, any other repeats.
Tensor batch_input(const Input& input, int64_t batch);

/// Kinds of generated tensors, in menu order: "integers 0–9", "integers −2–2", "uniform", "normal", "zeros", "ones",
/// "impulse", "gradient", "checkerboard", "arange".
const std::vector<std::string>& generator_kinds();
/// Values of that kind: the same for the same arguments on every machine. An unknown kind gives zeros. Random kinds give
/// each place its own number, so a larger shape keeps the values of a smaller one.
Tensor generate(std::string_view kind, uint64_t seed, Shape shape);
/// Generated input, its tensor and its origin.
Input generated_input(std::string_view kind, uint64_t seed, Shape shape);

/// A layer of that op with standard parameters, fitted to the input's channels; weights seeded integers −2…2, bias 0.
Layer make_layer(const Op& op, Shape input, uint64_t seed = 1);
/// The document the window opens on: a 7×7 input of small integers, an emboss kernel, stride 2, padding 1.
Document standard_document();

// ---- Edits. Weights keep their values where shapes allow (kernels around their centre), new cells are zero, new channels
// seeded integers; later layers' channels follow.

/// While the new parameters are impossible, weights stay as they are: going back finds them again.
Document with_param(Document document, int layer, std::string_view key, Value value);
/// Channel names follow: an output channel whose kernel changed is named after the preset it now is, or by its number.
Document with_weight(Document document, int layer, int weight, Tensor tensor);
/// Replaces the input; the first layer's channels follow the new number of channels.
Document with_input(Document document, Input input);
/// Resizes the input: a generated one is generated anew, any other keeps its top left part, new cells zero, and has no
/// origin any more. A shape with a `size_problem` leaves the document as it is: ask first.
Document with_input_shape(Document document, Shape shape);

/// Gives every layer weights and buffers of the shapes its plan asks for (see above), as far as the plans are possible.
void fit_weights(Document& document);

/// A few words on how `after` differs from `before`: "stride 1 → 2", "input (2, 3) 4 → 7", "kernel Emboss → Box blur".
/// Empty when they are equal.
std::string describe_change(const Document& before, const Document& after);

}  // namespace convscope
