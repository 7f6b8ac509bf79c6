#include "core/pytorch_tolerance.h"

#include <algorithm>
#include <cmath>

#include "core/skips.h"

namespace convscope {
namespace {

constexpr double kShake = 0x1p-21;      // of inputs, weights and buffers: as if rounded a few times
constexpr double kRoundings = 0x1p-22;  // of what each layer makes
constexpr double kLimit = 0x1p24;       // whole numbers below are exact in float32

bool are_whole(std::span<const float> values) {
    return std::ranges::all_of(values, [](float v) { return v == std::trunc(v); });
}

double largest_of(std::span<const float> values) {
    double largest = 0;
    for (const float v : values)
        if (std::isfinite(v)) largest = std::max(largest, static_cast<double>(std::abs(v)));
    return largest;
}

/// How a layer's op computes, told by cells spread over its output.
struct Manner {
    bool whole = true;  // sums or maxima of inputs times whole numbers
    bool formula = false;
    bool fractions = false;  // inputs are weighed by fractions of a cell: bilinear upsampling
    double terms = 0;        // most behind one cell
};

Manner manner_of(const Result& result, size_t k) {
    constexpr int64_t kSamples = 100;
    const Plan& plan = result.layers[k].plan;
    const Shape out = plan.output_stage().shape;
    Manner manner;
    for (int64_t i = 0, step = out.count() / kSamples + 1; i < out.count(); i += step) {
        const Explanation e = explain(result, static_cast<int>(k), plan.output, out.index(i));
        manner.formula = manner.formula || e.combine == Combine::formula;
        manner.whole = manner.whole && (e.combine == Combine::sum || e.combine == Combine::max);
        manner.terms = std::max(manner.terms, static_cast<double>(e.terms.size()));
        for (const Term& term : e.terms) {
            if (term.b_value == std::trunc(term.b_value)) continue;
            manner.whole = false;
            if (term.b.source == Source::constant) manner.fractions = true;
        }
    }
    return manner;
}

/// Every value times 1 ± strength, the sign by the seed.
Tensor shaken(const Tensor& tensor, uint64_t seed, double strength) {
    if (tensor.empty() || tensor.shape().count() == 0) return tensor;
    const Tensor signs = generate("uniform", seed, tensor.shape());
    const auto change = static_cast<float>(strength);
    Tensor result = tensor;
    const auto values = result.mutate();
    for (size_t i = 0; i < values.size(); ++i)
        values[i] *= signs.values()[i] < 0.5f ? 1 - change : 1 + change;
    return result;
}

/// Adds ± size to every value.
void add_noise(Tensor& tensor, uint64_t seed, double size) {
    const Tensor signs = generate("uniform", seed, tensor.shape());
    const auto values = tensor.mutate();
    for (size_t i = 0; i < values.size(); ++i)
        values[i] += static_cast<float>(signs.values()[i] < 0.5f ? -size : size);
}

double distance(const Tensor& one, const Tensor& other) {
    double largest = 0;
    for (size_t i = 0; i < one.values().size() && i < other.values().size(); ++i) {
        const double d =
            std::abs(static_cast<double>(one.values()[i]) - static_cast<double>(other.values()[i]));
        if (std::isfinite(d)) largest = std::max(largest, d);
    }
    return largest;
}

}  // namespace

bool is_exact(const Result& result) {
    for (size_t k = 0; k < result.layers.size(); ++k) {
        const LayerResult& layer = result.layers[k];
        const Tensor& own = layer.stages[static_cast<size_t>(layer.plan.output)];
        if (!are_whole(layer.input.values()) || !are_whole(own.values())) return false;
        double weights = 0;
        for (const Tensor& weight : result.document.layers[k].weights) {
            if (!are_whole(weight.values())) return false;
            for (const float v : weight.values()) weights += static_cast<double>(std::abs(v));
        }
        const Manner manner = manner_of(result, k);
        const double largest = std::max(1.0, largest_of(layer.input.values()));
        if (!manner.whole || largest * std::max(weights, manner.terms) >= kLimit) return false;
    }
    const Tensor& output = result.layers.back().output();
    return are_whole(output.values()) && largest_of(output.values()) < kLimit;
}

ScriptTolerance::ScriptTolerance(const Result& result)
    : result_(result), one_(shake(result, 1)), other_(shake(result, 1'000'001)) {}

/// The batch of `result` again, layer by layer, with every number a little off.
std::optional<ScriptTolerance::Shaken> ScriptTolerance::shake(const Result& result, uint64_t seed) {
    Shaken all;
    std::vector<Tensor> inputs;
    Tensor flowing = result.layers[0].input;
    for (size_t k = 0; k < result.layers.size(); ++k) {
        const LayerResult& layer = result.layers[k];
        const Manner manner = manner_of(result, k);
        double strength = k == 0 ? kShake : kRoundings;
        // The place in the input is computed in float32: its error grows with the input's size.
        const Shape in = flowing.shape();
        if (manner.fractions)
            strength =
                std::max(strength, kRoundings / 2 * static_cast<double>(std::max(in.h, in.w)));
        inputs.push_back(shaken(flowing, ++seed, strength));

        Document document;
        document.training = result.document.training;
        document.input.tensor = inputs.back();
        document.layers.push_back(result.document.layers[k]);
        Layer& alone = document.layers.back();
        alone.skip = 0;
        for (Tensor& weight : alone.weights) weight = shaken(weight, ++seed, kShake);
        const auto before = layer.buffers_before();
        alone.buffers.assign(before.begin(), before.end());
        for (Tensor& buffer : alone.buffers) buffer = shaken(buffer, ++seed, kShake);
        auto again = evaluate(document, Want{.optional_stages = false, .backward = false});
        if (!again || again->problem) return {};

        flowing = again->layers[0].output();
        // A formula adds to numbers of size 1 on its way: gelu(−4) = −2·(1 + erf(−2.83)).
        if (manner.formula)
            add_noise(flowing, ++seed,
                      2 * kRoundings * std::min(1.0, largest_of(inputs.back().values())));
        if (layer.plan.skip.sum >= 0) {
            const Tensor* const both[] = {&flowing,
                                          &inputs[static_cast<size_t>(layer.plan.skip.from)]};
            flowing = added(both);
        }
        all.buffers.push_back(again->layers[0].buffers.empty() ? std::vector<Tensor>()
                                                               : again->layers[0].buffers.back());
    }
    all.output = flowing;
    return all;
}

double ScriptTolerance::of_output() const {
    const double size = 0x1p-18 * largest_of(result_.layers.back().output().values());
    return size + (one_ && other_ ? 4 * distance(one_->output, other_->output) : 0);
}

double ScriptTolerance::of_buffer(size_t layer, size_t buffer) const {
    const double size = 0x1p-18 * largest_of(result_.layers[layer].buffers.back()[buffer].values());
    if (!one_ || !other_) return size;
    return size + 4 * distance(one_->buffers[layer][buffer], other_->buffers[layer][buffer]);
}

}  // namespace convscope
