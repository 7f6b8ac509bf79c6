#include "core/pytorch.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace convscope {
namespace {

constexpr size_t kLineWidth = 34;  // of the panel
constexpr size_t kScriptWidth = 88;

/// An optional without a value is None, and so is what the text leaves out.
bool is_none(const Value& value) {
    return std::visit(
        []<class T>(const T& v) {
            if constexpr (requires { v.has_value(); })
                return !v.has_value();
            else
                return false;
        },
        value);
}

bool is_optional(const Value& value) {
    return std::visit(
        []<class T>(const T& v) {
            return requires { v.has_value(); };
        },
        value);
}

/// Arguments in PyTorch's order: required ones by position as far as they stand first, others by name where they differ
/// from what PyTorch takes without them.
std::vector<std::string> arguments(const Layer& layer) {
    std::vector<std::string> list;
    bool by_position = true;
    for (const std::string& key : layer.op->signature) {
        const int at = field_index(*layer.op, key);
        const Field* field = at < 0 ? nullptr : &layer.op->fields[static_cast<size_t>(at)];
        by_position = by_position && field && !field->has_default && !is_optional(field->standard);
        if (!field) continue;
        const Value& value = layer.params[static_cast<size_t>(at)];
        if (field->has_default ? value == field->standard : is_none(value)) continue;
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

/// "nn.Sequential(\n    nn.Conv2d(…),\n)", further lines behind `margin`.
std::string sequential_text(const Document& document, const std::string& margin) {
    std::string text = "nn.Sequential(\n";
    for (const Layer& layer : document.layers)
        text += margin + "    " + call_text(layer, kScriptWidth, margin + "    ") + ",\n";
    return text + margin + ")";
}

/// Layer whose input the skip connection that ends at layer `k` adds; −1: none ends there, or an impossible one.
int64_t skip_source(const Document& document, size_t k) {
    const int64_t skip = document.layers[k].skip;
    return skip >= 1 && skip <= static_cast<int64_t>(k) + 1 ? static_cast<int64_t>(k) + 1 - skip
                                                            : -1;
}

bool has_skips(const Document& document) {
    for (size_t k = 0; k < document.layers.size(); ++k)
        if (skip_source(document, k) >= 0) return true;
    return false;
}

/// The body of forward: runs of layers between the places where inputs are kept or added.
std::string forward_text(const Document& document) {
    std::set<int64_t> sources;
    for (size_t k = 0; k < document.layers.size(); ++k) sources.insert(skip_source(document, k));
    std::string text;
    size_t run = 0;  // where the layers that are not written yet begin
    const auto write_run = [&](size_t end, const std::string& added) {
        if (run == end) return;
        const std::string range =
            end - run == 1 ? fmt::format("{}", run) : fmt::format("{}:{}", run, end);
        text += fmt::format("        x = self.layers[{}](x){}\n", range, added);
        run = end;
    };
    for (size_t k = 0; k < document.layers.size(); ++k) {
        if (sources.contains(static_cast<int64_t>(k))) {
            write_run(k, "");
            text += fmt::format("        x{} = x\n", k);
        }
        const int64_t source = skip_source(document, k);
        if (source >= 0) write_run(k + 1, fmt::format(" + x{}", source));
    }
    write_run(document.layers.size(), "");
    return text + "        return x\n";
}

}  // namespace

std::string layer_text(const Layer& layer) { return call_text(layer, kLineWidth, ""); }

std::string network_text(const Document& document) {
    if (!has_skips(document)) return sequential_text(document, "");
    return "class Network(nn.Module):\n"
           "    def __init__(self):\n"
           "        super().__init__()\n"
           "        self.layers = " +
           sequential_text(document, "        ") +
           "\n\n"
           "    def forward(self, x):\n" +
           forward_text(document);
}

}  // namespace convscope
