// The numbers that go with a network read from text: the input, weights and a bias that were given, and defaults.
#include <algorithm>

#include <fmt/format.h>

#include "core/evaluate.h"
#include "core/number_text.h"
#include "core/pytorch_text.h"

namespace convscope {
namespace {

constexpr uint64_t kInputSeed = 1;
constexpr const char* kInputKind = "integers 0–9";
constexpr int64_t kSides[] = {7, 8, 9, 12, 16, 32, 64, 224};

/// What stops the chain on an input of that shape, weights aside.
bool is_possible(const Document& document, Shape shape) {
    if (size_problem(shape, "")) return false;
    for (const Layer& layer : document.layers) {
        const Plan plan = layer.op->plan(layer.params, shape, document.training);
        if (plan.problem || size_problem(plan.output_stage().shape, "")) return false;
        shape = plan.output_stage().shape;
    }
    return true;
}

/// Channels that the first layer with a wish asks for: the parameter that fit_channels sets. 1 where none has one.
int64_t wanted_channels(const Document& document) {
    for (const Layer& layer : document.layers) {
        const Params five = layer.op->fit_channels(layer.params, 5),
                     seven = layer.op->fit_channels(layer.params, 7);
        for (size_t i = 0; i < layer.params.size(); ++i) {
            const auto* now = std::get_if<int64_t>(&layer.params[i]);
            if (now && five[i] == Value(int64_t(5)) && seven[i] == Value(int64_t(7))) return *now;
        }
    }
    return 1;
}

Shape default_shape(const Document& document) {
    int64_t channels = wanted_channels(document);
    if (channels < 1 || channels > kMaxFilledValues / (kSides[0] * kSides[0])) channels = 1;
    for (const int64_t side : kSides) {
        const Shape shape{1, channels, side, side};
        if (is_possible(document, shape) && shape.count() <= kMaxFilledValues) return shape;
    }
    return {1, channels, kSides[0], kSides[0]};
}

/// An option's tensor, with the axes its text had (4 for a file's).
TensorText option_tensor(const std::string& text, const PytorchOptions& options) {
    if (!options.load || is_tensor_text(text)) return read_tensor_text(text);
    TensorText read;
    if (auto tensor = options.load(text, read.error)) {
        read.tensor = std::move(*tensor);
        read.rank = 4;
        if (size_problem(read.tensor.shape(), "")) read.error = "It holds no values.";
    } else if (read.error.empty()) {
        read.error = "It cannot be read.";
    }
    return read;
}

void fail(PytorchResult& result, const char* option, const TensorText& read) {
    result.error = fmt::format("{}: {}", option, read.error);
    result.option = option;
    result.line = read.line;
    result.column = read.column;
}

void fail(PytorchResult& result, const char* option, const std::string& sentence) {
    result.error = fmt::format("{}: {}", option, sentence);
    result.option = option;
}

/// The axes that the text had: "2×2".
std::string axes_text(const TensorText& read) {
    const Shape s = read.tensor.shape();
    const int64_t all[] = {s.n, s.c, s.h, s.w};
    return extents_text({std::end(all) - read.rank, std::end(all)});
}

void fill_input(PytorchResult& result, const PytorchOptions& options) {
    Document& document = result.document;
    if (options.input.empty()) {
        document.input = generated_input(kInputKind, kInputSeed, default_shape(document));
        return;
    }
    if (const auto extents = read_extents(options.input); extents && extents->size() > 1) {
        Shape shape{1, wanted_channels(document), 1, 1};
        shape.w = extents->back();
        shape.h = (*extents)[extents->size() - 2];
        if (extents->size() > 2) shape.c = (*extents)[extents->size() - 3];
        if (extents->size() > 3) shape.n = (*extents)[0];
        if (const auto problem = size_problem(shape, "The input"))
            return fail(result, "input", problem->whole());
        if (shape.count() > kMaxFilledValues)
            return fail(result, "input",
                        fmt::format("{} holds {} values; up to {} are filled in.", to_string(shape),
                                    grouped_text(shape.count()), grouped_text(kMaxFilledValues)));
        document.input = generated_input(kInputKind, kInputSeed, shape);
        return;
    }
    TensorText read = option_tensor(options.input, options);
    if (!read.ok()) return fail(result, "input", read);
    if (read.rank < 2)
        return fail(result, "input",
                    fmt::format("It is {}; H×W, C×H×W or N×C×H×W is needed.",
                                read.rank == 0 ? "a single number" : "a single row"));
    document.input.tensor = std::move(read.tensor);
}

/// `read` in the shape that `spec` asks for; none where it does not fit.
std::optional<Tensor> fitted(const TensorText& read, const WeightSpec& spec) {
    const Shape has = read.tensor.shape();
    if (spec.rank != 4) {  // a vector, kept as 1×C×1×1; a file's may lie along any axis
        const int64_t longest = std::max({has.n, has.c, has.h, has.w});
        const bool vector = (read.rank < 2 || read.rank == 4) && longest == has.count();
        if (!vector || has.count() != spec.shape.count()) return {};
        return Tensor(spec.shape, {read.tensor.values().begin(), read.tensor.values().end()});
    }
    const bool single_kernel = spec.shape.n * spec.shape.c == 1;
    if (has != spec.shape || (read.rank != 4 && !(read.rank == 2 && single_kernel))) return {};
    return read.tensor;
}

/// Puts the option's tensor into the first layer that has a weight of that name.
void fill_weight(PytorchResult& result, const char* name, const std::string& text,
                 const PytorchOptions& options) {
    if (text.empty()) return;
    const TensorText read = option_tensor(text, options);
    if (!read.ok()) return fail(result, name, read);
    Shape shape = result.document.input.tensor.shape();
    for (Layer& layer : result.document.layers) {
        const Plan plan = layer.op->plan(layer.params, shape, result.document.training);
        if (plan.problem) return;  // evaluate says so
        for (size_t i = 0; i < plan.weights.size() && i < layer.weights.size(); ++i) {
            const WeightSpec& spec = plan.weights[i];
            if (spec.name != name) continue;
            if (auto tensor = fitted(read, spec)) {
                layer.weights[i] = std::move(*tensor);
                return;
            }
            return fail(
                result, name,
                fmt::format(
                    "It is {}; the {} of {} is {}.", axes_text(read), name, layer.op->torch_name,
                    spec.rank == 4 ? to_string(spec.shape) : extents_text({spec.shape.count()})));
        }
        shape = plan.output_stage().shape;
    }
    fail(result, name, fmt::format("No layer has a {}; leave it out.", name));
}

/// Values that all weights hold together, as far as the chain is possible.
int64_t weight_values(const Document& document) {
    int64_t total = 0;
    Shape shape = document.input.tensor.shape();
    for (const Layer& layer : document.layers) {
        const Plan plan = layer.op->plan(layer.params, shape, document.training);
        if (plan.problem) break;
        for (const WeightSpec& spec : plan.weights)
            if (!size_problem(spec.shape, "")) total += spec.shape.count();
        shape = plan.output_stage().shape;
    }
    return total;
}

}  // namespace

void fill_in(PytorchResult& result, const PytorchOptions& options) {
    fill_input(result, options);
    if (!result.ok()) return;
    const int64_t values = weight_values(result.document);
    if (values > kMaxFilledValues) {
        result.error = fmt::format(
            "The layers' weights hold {} values together; up to {} are "
            "filled in.",
            grouped_text(values), grouped_text(kMaxFilledValues));
        return;
    }
    fit_weights(result.document);
    fill_weight(result, "weight", options.weight, options);
    if (result.ok()) fill_weight(result, "bias", options.bias, options);
}

PytorchResult with_numbers(Document document, const PytorchOptions& options) {
    PytorchResult result;
    result.document = std::move(document);
    if (!options.input.empty()) {
        result.document.input = {};
        fill_input(result, options);
    }
    if (result.ok()) fill_weight(result, "weight", options.weight, options);
    if (result.ok()) fill_weight(result, "bias", options.bias, options);
    if (!result.ok()) result.document = {};
    return result;
}

}  // namespace convscope
