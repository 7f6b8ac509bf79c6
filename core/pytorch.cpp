#include "core/pytorch.h"

#include <cmath>

#include <fmt/format.h>

namespace convscope {
namespace {

constexpr size_t kLineWidth = 34;  // of the panel
constexpr size_t kScriptWidth = 88;

/// Arguments in PyTorch's order: those given by position, then those that differ from their defaults.
std::vector<std::string> arguments(const Layer& layer) {
    std::vector<std::string> list;
    bool by_position = true;  // PyTorch's required ones stand first
    for (const std::string& key : layer.op->signature) {
        const int at = field_index(*layer.op, key);
        if (at < 0) continue;
        const Field& field = layer.op->fields[static_cast<size_t>(at)];
        const Value& value = layer.params[static_cast<size_t>(at)];
        by_position = by_position && !field.has_default;
        if (field.has_default && value == field.standard) continue;
        list.push_back((by_position ? "" : key + "=") + to_python(value));
    }
    return list;
}

/// "nn.Name(a, b, c)" with lines of at most `width` characters.
std::string call_text(const Layer& layer, size_t width, const std::string& margin) {
    std::string text = "nn." + layer.op->torch_name + "(";
    size_t line = margin.size() + text.size();
    const std::vector<std::string> list = arguments(layer);
    for (size_t i = 0; i < list.size(); ++i) {
        const std::string piece = list[i] + (i + 1 < list.size() ? "," : ")");
        if (i > 0 && line + 1 + piece.size() > width) {
            text += "\n" + margin + "    ";
            line = margin.size() + 4;
        } else if (i > 0) {
            text += " ";
            ++line;
        }
        text += piece;
        line += piece.size();
    }
    return list.empty() ? text + ")" : text;
}

/// Python's spelling of a float32, as short as it reads back: "3.", "-0.5", "1e-05", "nan".
std::string float_text(float value) {
    if (std::isnan(value)) return "nan";
    if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
    std::string text = fmt::format("{}", value);
    return text.find_first_of(".e") == std::string::npos ? text + "." : text;
}

/// torch.tensor([...]) with one matrix row a line; rank 1 tensors are kept as 1×C×1×1.
std::string tensor_text(const Tensor& tensor, int rank) {
    const Shape shape = tensor.shape();
    const auto values = tensor.values();
    std::string text = "torch.tensor(";
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

bool is_small(const Tensor& tensor) { return tensor.shape().count() <= kMaxScriptValues; }

/// True when all numbers are whole and so small that every order of adding is exact in float32 (below 2^24).
bool is_exact(const Document& document) {
    if (document.layers.size() != 1) return false;
    double largest_input = 1, weights = 0;
    bool whole = true;
    for (const float v : document.input.tensor.values()) {
        whole = whole && v == std::trunc(v);
        largest_input = std::max(largest_input, static_cast<double>(std::abs(v)));
    }
    for (const Tensor& weight : document.layers[0].weights)
        for (const float v : weight.values()) {
            whole = whole && v == std::trunc(v);
            weights += static_cast<double>(std::abs(v));
        }
    return whole && largest_input * weights < 0x1p24;
}

}  // namespace

std::string layer_text(const Layer& layer) { return call_text(layer, kLineWidth, ""); }

std::string script_text(const Document& document, const Result& result) {
    const bool has_output = !result.problem && result.layers.size() == document.layers.size() &&
                            !result.layers.empty() && !result.layers.back().stages.empty() &&
                            !result.layers.back().output().empty();
    bool whole =
        is_small(document.input.tensor) && (!has_output || is_small(result.layers.back().output()));
    for (const Layer& layer : document.layers)
        for (const Tensor& weight : layer.weights) whole = whole && is_small(weight);

    const Shape shape = document.input.tensor.shape();
    std::string text;
    if (!document.name.empty()) text += "# " + comment_text(document.name) + "\n";
    if (result.problem)
        text += "# PyTorch refuses this: " + comment_text(result.problem->sentence) + "\n";
    text += "import torch\nimport torch.nn as nn\n\n";
    if (whole) {
        text += "nan, inf = float(\"nan\"), float(\"inf\")\n";
        text += "x = " + tensor_text(document.input.tensor, 4) + "\n\n";
    } else {
        text += "# The tensors are too large for a script: random ones of the same shapes.\n";
        text +=
            fmt::format("x = torch.rand({}, {}, {}, {})\n\n", shape.n, shape.c, shape.h, shape.w);
    }

    text += "layers = nn.Sequential(\n";
    for (const Layer& layer : document.layers)
        text += "    " + call_text(layer, kScriptWidth, "    ") + ",\n";
    text += ")\n";

    text += "with torch.no_grad():\n";
    for (size_t k = 0; whole && k < document.layers.size() && k < result.layers.size(); ++k) {
        const std::vector<WeightSpec>& specs = result.layers[k].plan.weights;
        for (size_t i = 0; i < specs.size() && i < document.layers[k].weights.size(); ++i)
            text += fmt::format("    layers[{}].{}.copy_({})\n", k, specs[i].name,
                                tensor_text(document.layers[k].weights[i], specs[i].rank));
    }
    text += "    y = layers(x)\n\nprint(y)\n";
    if (!has_output) return text;

    const Tensor& output = result.layers.back().output();
    if (!whole) {
        const Shape out = output.shape();
        return text +
               fmt::format("assert y.shape == ({}, {}, {}, {})\n", out.n, out.c, out.h, out.w);
    }
    float largest = 0;
    for (const float v : output.values())
        if (std::isfinite(v)) largest = std::max(largest, std::abs(v));
    // Sums of fractions depend on their order: a few units in the last place of the largest value.
    const double tolerance = is_exact(document) ? 0 : 1e-5 * (1 + static_cast<double>(largest));
    text += "\nexpected = " + tensor_text(output, 4) + "\n";
    text +=
        fmt::format("torch.testing.assert_close(y, expected, rtol=0, atol={}, equal_nan=True)\n",
                    tolerance == 0 ? "0" : fmt::format("{:.1e}", tolerance));
    return text + "print(\"equal to the output shown\")\n";
}

}  // namespace convscope
