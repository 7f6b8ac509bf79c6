#include "core/network_of.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

#include <fmt/format.h>

#include "core/number_text.h"

namespace convscope {
namespace {

using Kind = Initialisation::Kind;

constexpr Shape kCorner{2, 4, 1, 1};  // values of each weight that are compared

bool same_bits(std::span<const float> a, std::span<const float> b) {
    return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size_bytes()) == 0);
}

/// The document's layers, weights left out, are what these settings make.
bool same_layers(const Document& document, const GradientFlow& flow) {
    // The structure of a network of width 1 is cheap to make; its channels are replaced by the real ones.
    GradientFlow thin = flow;
    thin.width = 1;
    thin.batch = std::max<int64_t>(2, std::min<int64_t>(flow.batch, 2));
    if (gradient_flow_problem(thin)) return false;
    const Document made = gradient_flow(thin);
    if (made.layers.size() != document.layers.size()) return false;
    for (size_t k = 0; k < made.layers.size(); ++k) {
        const Layer &a = made.layers[k], &b = document.layers[k];
        if (a.op != b.op || a.skip != b.skip || a.weights.size() != b.weights.size() || !b.channel_names.empty()) return false;
        for (size_t i = 0; i < a.params.size(); ++i) {
            const std::string& key = a.op->fields[i].key;
            const bool channels = key == "in_channels" || key == "out_channels" || key == "num_features";
            if (channels ? !(b.params[i] == Value(flow.width)) : !(a.params[i] == b.params[i])) return false;
        }
    }
    return true;
}

/// Place (n, c) of a weight in its corner.
Tensor corner_of(const Tensor& weight) {
    const Shape shape{std::min(kCorner.n, weight.shape().n), std::min(kCorner.c, weight.shape().c), 1, 1};
    Tensor corner(shape);
    for (int64_t i = 0; i < shape.count(); ++i) corner.mutate()[static_cast<size_t>(i)] = weight.at(shape.index(i));
    return corner;
}

/// The settings' corner of that layer, with the standard deviation of the whole weight.
Tensor made_corner(const GradientFlow& flow, size_t layer, Shape corner) {
    // A weight's values depend on their place alone: gain 1 / √fan_in of the corner is made the whole weight's.
    Initialisation init = flow.init;
    const double wanted = initial_std(init, {flow.width, flow.width, 1, 1});
    const uint64_t seed = flow.seed + ((static_cast<uint64_t>(layer) + 1) << 32);
    Tensor values = generate(init.uniform ? "uniform" : "normal", seed, corner);
    const double bound = std::sqrt(3.0) * wanted;
    for (float& v : values.mutate()) {
        const auto drawn = static_cast<double>(v);
        v = static_cast<float>(init.uniform ? (2 * drawn - 1) * bound : drawn * wanted);
    }
    return values;
}

/// The gain with the fewest digits that gives the first weight's corner, and how many digits those are.
std::optional<std::pair<double, int>> gain_of(GradientFlow flow, size_t layer, const Tensor& corner) {
    flow.init.gain = 1;
    const Tensor one = made_corner(flow, layer, corner.shape());
    size_t largest = 0;
    for (size_t i = 0; i < one.values().size(); ++i)
        if (std::abs(one.data()[i]) > std::abs(one.data()[largest])) largest = i;
    if (one.data()[largest] == 0) return {};
    const double ratio = static_cast<double>(corner.data()[largest]) / static_cast<double>(one.data()[largest]);
    if (!std::isfinite(ratio) || ratio < 0) return {};
    for (int digits = 1; digits <= 9; ++digits) {
        const std::string text = fmt::format("{:.{}e}", ratio, digits - 1);
        double gain = 0;
        std::from_chars(text.data(), text.data() + text.size(), gain);
        flow.init.gain = gain;
        if (same_bits(made_corner(flow, layer, corner.shape()).values(), corner.values())) return std::pair{gain, digits};
    }
    return {};
}

/// Reads the initialisation off the first weight: of several that would make it, the one with the roundest gain.
bool find_initialisation(GradientFlow& flow, const Document& document) {
    const Tensor corner = corner_of(document.layers[0].weights[0]);
    std::optional<int> fewest;
    for (const bool uniform : {false, true})
        for (const Kind kind : {Kind::he, Kind::xavier}) {
            GradientFlow tried = flow;
            tried.init = {kind, 1, uniform};
            const auto found = gain_of(tried, 0, corner);
            if (!found || (fewest && found->second >= *fewest)) continue;
            fewest = found->second;
            flow.init = {kind, found->first, uniform};
        }
    return fewest.has_value();
}

std::string kind_word(const Initialisation& init) { return init.kind == Kind::he ? "He" : "Xavier"; }

}  // namespace

std::optional<GradientFlow> network_of(const Document& document) {
    const auto* made = std::get_if<Generated>(&document.input.origin);
    const Shape input = document.input.tensor.shape();
    if (!made || made->kind != "normal" || input.h != 1 || input.w != 1 || document.layers.empty()) return {};
    GradientFlow flow;
    flow.width = input.c;
    flow.batch = input.n;
    flow.seed = made->seed;
    flow.depth = 0;
    flow.activation = "identity";
    const std::vector<std::string> activations = activation_names();
    int64_t first_skip = 0;
    for (const Layer& layer : document.layers) {
        if (!layer.weights.empty() && layer.weights[0].shape() == Shape{flow.width, flow.width, 1, 1}) ++flow.depth;
        if (std::ranges::find(activations, layer.op->id) != activations.end()) flow.activation = layer.op->id;
        if (!layer.buffers.empty()) flow.batch_norm = true;
        if (first_skip == 0 && layer.skip > 0) first_skip = flow.depth;
    }
    flow.skip_every = first_skip;
    if (flow.depth == 0 || document.layers[0].weights.size() != 1 || gradient_flow_problem(flow)) return {};
    if (!same_layers(document, flow) || !find_initialisation(flow, document)) return {};
    for (size_t k = 0; k < document.layers.size(); ++k) {
        const Layer& layer = document.layers[k];
        if (layer.weights.empty()) continue;
        if (layer.weights[0].shape() != Shape{flow.width, flow.width, 1, 1}) return {};
        const Tensor corner = corner_of(layer.weights[0]);
        if (!same_bits(made_corner(flow, k, corner.shape()).values(), corner.values())) return {};
    }
    return flow;
}

bool is_made_from(const Document& document, const GradientFlow& flow) {
    if (gradient_flow_problem(flow)) return false;
    const Document made = gradient_flow(flow);
    if (made.layers.size() != document.layers.size() || !same_bits(made.input.tensor.values(), document.input.tensor.values()))
        return false;
    for (size_t k = 0; k < made.layers.size(); ++k) {
        const Layer &a = made.layers[k], &b = document.layers[k];
        if (a.op != b.op || !(a.params == b.params) || a.skip != b.skip || a.weights.size() != b.weights.size() ||
            a.buffers.size() != b.buffers.size())
            return false;
        for (size_t i = 0; i < a.weights.size(); ++i)
            if (!same_bits(a.weights[i].values(), b.weights[i].values())) return false;
        for (size_t i = 0; i < a.buffers.size(); ++i)
            if (!same_bits(a.buffers[i].values(), b.buffers[i].values())) return false;
    }
    return true;
}

std::string network_name(const GradientFlow& flow) {
    const Op* op = find_op(flow.activation);
    std::string name = op ? op->torch_name : "Linear";
    if (flow.batch_norm) name += " + batch norm";
    if (flow.skip_every > 0) name += " + skips";
    return name;
}

std::string initialisation_words(const Initialisation& init) {
    std::string words = kind_word(init) + " initialisation";
    if (init.uniform) words += ", uniform";
    if (init.gain != 1) words += ", gain " + to_text(Value(init.gain));
    return words;
}

std::string initialisation_name(const Initialisation& init) {
    return kind_word(init) + (init.uniform ? " uniform" : " normal");
}

std::string network_change(const GradientFlow& before, const GradientFlow& after) {
    std::string text;
    const auto add = [&](const char* name, const std::string& was, const std::string& is) {
        if (was != is) text += fmt::format("{}{} {} → {}", text.empty() ? "" : ", ", name, was, is);
    };
    const auto whole = [](int64_t v) { return std::to_string(v); };
    const auto on = [](bool v) { return std::string(v ? "on" : "off"); };
    add("depth", whole(before.depth), whole(after.depth));
    add("width", whole(before.width), whole(after.width));
    add("batch", whole(before.batch), whole(after.batch));
    add("activation", before.activation, after.activation);
    add("init", initialisation_name(before.init), initialisation_name(after.init));
    add("gain", to_text(Value(before.init.gain)), to_text(Value(after.init.gain)));
    add("batch norm", on(before.batch_norm), on(after.batch_norm));
    add("skip_every", whole(before.skip_every), whole(after.skip_every));
    add("seed", std::to_string(before.seed), std::to_string(after.seed));
    return text;
}

}  // namespace convscope
