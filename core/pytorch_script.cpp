// Document → a script that runs it in PyTorch and compares, with a tolerance that rounding errors account for.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/pytorch.h"

namespace convscope {
namespace {

/// Python's spelling of a float32, as short as it reads back: "3.", "-0.5", "1e-05", "nan".
std::string float_text(float value) {
    if (std::isnan(value)) return "nan";
    if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
    std::string text = fmt::format("{}", value);
    return text.find_first_of(".e") == std::string::npos ? text + "." : text;
}

/// torch.tensor([...]) with one matrix row a line; vectors are kept as 1×C×1×1, single numbers as 1×1×1×1.
std::string tensor_text(const Tensor& tensor, int rank) {
    const Shape shape = tensor.shape();
    const auto values = tensor.values();
    std::string text = "torch.tensor(";
    if (rank == 0) return text + (values.empty() ? "0." : float_text(values[0])) + ")";
    if (rank == 1) {
        text += "[";
        for (size_t i = 0; i < values.size(); ++i)
            text += (i == 0 ? "" : i % 8 == 0 ? ",\n        " : ", ") + float_text(values[i]);
        return text + "])";
    }
    for (int64_t i = 0; i < shape.count(); ++i) {
        const Index at = shape.index(i);
        const bool row = at.w == 0, plane = row && at.h == 0, image = plane && at.c == 0;
        if (i > 0) text += row ? ",\n    " : ", ";
        if (row) text += i == 0 ? "[[[[" : image ? "[[[" : plane ? "[[" : "[";
        text += float_text(values[static_cast<size_t>(i)]);
        const bool row_ends = at.w + 1 == shape.w, plane_ends = row_ends && at.h + 1 == shape.h;
        const bool image_ends = plane_ends && at.c + 1 == shape.c;
        if (row_ends)
            text += i + 1 == shape.count() ? "]]]]" : image_ends ? "]]]" : plane_ends ? "]]" : "]";
    }
    return text + ")";
}

/// A person's words behind a "#": line ends would leave the comment.
std::string comment_text(std::string text) {
    for (char& c : text)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
    return text;
}

// ---- How equal the numbers must be

bool are_whole(std::span<const float> values) {
    return std::ranges::all_of(values, [](float v) { return v == std::trunc(v); });
}

double largest_of(std::span<const float> values) {
    double largest = 0;
    for (const float v : values)
        if (std::isfinite(v)) largest = std::max(largest, static_cast<double>(std::abs(v)));
    return largest;
}

/// True when a layer's numbers are whole and so small that every order of adding is exact in float32 (below 2^24).
bool is_exact(const Result& result, size_t k) {
    constexpr int64_t kSamples = 100;
    const LayerResult& layer = result.layers[k];
    const Tensor& output = layer.stages[static_cast<size_t>(layer.plan.output)];
    if (!are_whole(layer.input.values()) || !are_whole(output.values())) return false;
    double weights = 0;
    for (const Tensor& weight : result.document.layers[k].weights) {
        if (!are_whole(weight.values())) return false;
        for (const float v : weight.values()) weights += static_cast<double>(std::abs(v));
    }
    // Cells spread over the output say how the op computes: whole products that are added, or the largest of them.
    const int64_t count = output.shape().count(), step = count / kSamples + 1;
    double terms = weights;
    for (int64_t i = 0; i < count; i += step) {
        const Explanation e =
            explain(result, static_cast<int>(k), layer.plan.output, output.shape().index(i));
        if (e.combine != Combine::sum && e.combine != Combine::max) return false;
        for (const Term& term : e.terms)
            if (term.b_value != std::trunc(term.b_value)) return false;
        terms = std::max(terms, static_cast<double>(e.terms.size()));
    }
    return std::max(1.0, largest_of(layer.input.values())) * terms < 0x1p24;
}

bool is_exact(const Result& result) {
    for (size_t k = 0; k < result.layers.size(); ++k)
        if (!is_exact(result, k)) return false;
    const Tensor& output = result.layers.back().output();
    return are_whole(output.values()) && largest_of(output.values()) < 0x1p24;
}

/// Every value times 1 ± 2^−21, the sign by the seed: as if it had been rounded a few times.
Tensor shaken(const Tensor& tensor, uint64_t seed) {
    if (tensor.empty() || tensor.shape().count() == 0) return tensor;
    const Tensor signs = generate("uniform", seed, tensor.shape());
    Tensor result = tensor;
    const auto values = result.mutate();
    for (size_t i = 0; i < values.size(); ++i)
        values[i] *= signs.values()[i] < 0.5f ? 1 - 0x1p-21f : 1 + 0x1p-21f;
    return result;
}

/// The batch of `result` again, with every input, weight and buffer a little off.
std::optional<Result> evaluate_shaken(const Result& result, uint64_t seed) {
    Document document = result.document;
    document.input = {shaken(result.layers[0].input, seed), {}};
    document.batches = 1;
    for (size_t k = 0; k < document.layers.size(); ++k) {
        Layer& layer = document.layers[k];
        for (Tensor& weight : layer.weights) weight = shaken(weight, ++seed);
        const auto before = result.layers[k].buffers_before();
        layer.buffers.assign(before.begin(), before.end());
        for (Tensor& buffer : layer.buffers) buffer = shaken(buffer, ++seed);
    }
    auto again = evaluate(document, Want{.optional_stages = false, .backward = false, .batch = 1});
    if (!again || again->problem || again->layers.size() != document.layers.size()) return {};
    return again;
}

/// Largest distance that rounding errors may make: a few times what shaking the numbers in two ways made, and a few units
/// in the last place of the largest number that was added up.
class Tolerance {
  public:
    explicit Tolerance(const Result& result) : result_(result) {
        one_ = evaluate_shaken(result, 1);
        other_ = evaluate_shaken(result, 100'001);
    }

    double of_output() const {
        const LayerResult& last = result_.layers.back();
        double size = largest_of(last.output().values());
        // A formula adds to numbers of size 1 on its way: gelu(−4) = −2·(1 + erf(−2.83)).
        const int layer = static_cast<int>(result_.layers.size()) - 1;
        if (explain(result_, layer, last.plan.output, {}).combine == Combine::formula)
            size = std::max(size, std::min(1.0, largest_of(last.input.values())));
        return distance([](const Result& r) { return r.layers.back().output(); }, size);
    }

    double of_buffer(size_t layer, size_t buffer) const {
        const auto pick = [&](const Result& r) { return r.layers[layer].buffers.back()[buffer]; };
        return distance(pick, largest_of(pick(result_).values()));
    }

  private:
    template <class Pick>
    double distance(Pick pick, double size) const {
        double largest = 0;
        if (one_ && other_) {
            const Tensor one = pick(*one_), other = pick(*other_);
            for (size_t i = 0; i < one.values().size() && i < other.values().size(); ++i) {
                const double d = std::abs(static_cast<double>(one.values()[i]) -
                                          static_cast<double>(other.values()[i]));
                if (std::isfinite(d)) largest = std::max(largest, d);
            }
        }
        return 4 * largest + 0x1p-18 * size;
    }

    const Result& result_;
    std::optional<Result> one_, other_;
};

std::string assert_text(const std::string& name, const std::string& expected, double tolerance,
                        const char* more) {
    return fmt::format("torch.testing.assert_close({}, {}, rtol=0, atol={}, equal_nan=True{})\n",
                       name, expected, tolerance == 0 ? "0" : fmt::format("{:.1e}", tolerance),
                       more);
}

// ---- The script

bool is_computed(const Document& document, const Result& result) {
    return !result.problem && result.layers.size() == document.layers.size() &&
           !result.layers.empty() && !result.layers.back().stages.empty() &&
           !result.layers.back().output().empty();
}

/// True when all numbers that the script needs can be written into it.
bool is_small(const Document& document, const Result& result, bool computed) {
    int64_t total = 0;
    bool small = true;
    const auto add = [&](const Tensor& tensor) {
        small = small && tensor.shape().count() <= kMaxScriptValues;
        total += tensor.shape().count();
    };
    add(document.input.tensor);
    if (computed) add(result.layers.back().output());
    for (const Layer& layer : document.layers) {
        for (const Tensor& weight : layer.weights) add(weight);
        for (const Tensor& buffer : layer.buffers) add(buffer);
    }
    return small && total <= kMaxScriptTotal;
}

/// Lines that give the layers their weights, and the buffers as the batch found them.
std::string numbers_text(const Document& document, const Result& result) {
    std::string text;
    for (size_t k = 0; k < document.layers.size() && k < result.layers.size(); ++k) {
        const Plan& plan = result.layers[k].plan;
        const Layer& layer = document.layers[k];
        for (size_t i = 0; i < plan.weights.size() && i < layer.weights.size(); ++i)
            text += fmt::format("    layers[{}].{}.copy_({})\n", k, plan.weights[i].name,
                                tensor_text(layer.weights[i], plan.weights[i].rank));
        std::span<const Tensor> buffers = result.layers[k].buffers_before();
        if (buffers.empty()) buffers = layer.buffers;
        for (size_t i = 0; i < plan.buffers.size() && i < buffers.size(); ++i)
            text += fmt::format("    layers[{}].{}.copy_({})\n", k, plan.buffers[i].name,
                                tensor_text(buffers[i], plan.buffers[i].rank));
    }
    return text;
}

/// Lines that compare the output, and the buffers where the batch changed them.
std::string assertions_text(const Document& document, const Result& result) {
    const bool exact = is_exact(result);
    std::optional<Tolerance> tolerance;
    if (!exact) tolerance.emplace(result);
    std::string text = "\nexpected = " + tensor_text(result.layers.back().output(), 4) + "\n";
    text += assert_text("y", "expected", exact ? 0 : tolerance->of_output(), "");
    for (size_t k = 0; document.training && k < result.layers.size(); ++k) {
        const LayerResult& layer = result.layers[k];
        for (size_t i = 0; !layer.buffers.empty() && i < layer.plan.buffers.size(); ++i) {
            if (!tolerance) tolerance.emplace(result);
            const BufferSpec& spec = layer.plan.buffers[i];
            text += assert_text(fmt::format("layers[{}].{}", k, spec.name),
                                tensor_text(layer.buffers.back()[i], spec.rank),
                                tolerance->of_buffer(k, i), ", check_dtype=False");
        }
    }
    return text;
}

}  // namespace

std::string script_text(const Document& document, const Result& result) {
    const bool computed = is_computed(document, result);
    const bool whole = is_small(document, result, computed);
    const Tensor& input = result.layers.empty() || result.layers[0].input.empty()
                              ? document.input.tensor
                              : result.layers[0].input;
    std::string text;
    if (!document.name.empty()) text += "# " + comment_text(document.name) + "\n";
    if (document.batches > 1)
        text += fmt::format("# Batch {} of {}, with the running statistics that it found.\n",
                            result.batch, document.batches);
    if (result.problem)
        text += "# PyTorch refuses this: " + comment_text(result.problem->sentence) + "\n";
    text += "import torch\nimport torch.nn as nn\n\n";
    if (whole) {
        text += "nan, inf = float(\"nan\"), float(\"inf\")\n";
        text += "x = " + tensor_text(input, 4) + "\n\n";
    } else {
        const Shape shape = input.shape();
        text += "# The tensors are too large for a script: random ones of the same shapes.\n";
        text +=
            fmt::format("x = torch.rand({}, {}, {}, {})\n\n", shape.n, shape.c, shape.h, shape.w);
    }

    const std::string network = network_text(document);
    const bool is_class = network.starts_with("class");
    text += is_class ? network + "\nnetwork = Network()\nlayers = network.layers\n"
                     : "layers = " + network + "\n";
    if (!document.training) text += "layers.eval()\n";
    text += "with torch.no_grad():\n";
    if (whole) text += numbers_text(document, result);
    text += is_class ? "    y = network(x)\n\nprint(y)\n" : "    y = layers(x)\n\nprint(y)\n";
    if (!computed) return text;
    if (!whole) {
        const Shape out = result.layers.back().output().shape();
        return text +
               fmt::format("assert y.shape == ({}, {}, {}, {})\n", out.n, out.c, out.h, out.w);
    }
    text += assertions_text(document, result);
    return text + "print(\"equal to the output shown\")\n";
}

}  // namespace convscope
