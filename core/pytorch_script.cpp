// Document → a script that runs it in PyTorch and compares, with a tolerance that rounding errors account for.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/pytorch.h"
#include "core/pytorch_tolerance.h"

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
        if (layer.turned)
            text += "    # Turned 180 degrees: this layer computes with the chosen kernel upside down.\n";
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
    std::optional<ScriptTolerance> tolerance;
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
