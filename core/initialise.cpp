// torch.nn.init counts, for every weight: fan_in = shape[1] · kernel cells, fan_out = shape[0] · kernel cells. (For a
// transposed convolution, whose weight is in×out, that is the other way round than its name says; PyTorch does so too.)
#include "core/initialise.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace convscope {
namespace {

/// Far from the seeds of an input's batches, which count from the document's own.
uint64_t weight_seed(uint64_t seed, size_t layer, size_t weight) {
    return seed + ((static_cast<uint64_t>(layer) + 1) << 32) +
           (static_cast<uint64_t>(weight) << 24);
}

}  // namespace

const std::vector<std::string>& initialisation_names() {
    static const std::vector<std::string> names{"gain", "xavier", "he"};
    return names;
}

std::optional<Initialisation::Kind> initialisation_kind(std::string_view name) {
    const auto& names = initialisation_names();
    const auto found = std::ranges::find(names, name);
    if (found == names.end()) return {};
    return static_cast<Initialisation::Kind>(found - names.begin());
}

std::optional<Problem> initialisation_problem(const Initialisation& init) {
    if (init.gain >= 0 && init.gain <= kMaxGain) return {};
    const double near = init.gain > kMaxGain ? kMaxGain : init.gain < 0 ? 0.0 : 1.0;
    return Problem{fmt::format("gain is {}.", to_text(Value(init.gain))),
                   fmt::format("Choose 0 to {}.", to_text(Value(kMaxGain))),
                   "gain",
                   {Remedy{"Use gain " + to_text(Value(near)), "gain", near}}};
}

double initial_std(const Initialisation& init, Shape weight) {
    const auto cells = static_cast<double>(weight.plane());
    const double fan_in = static_cast<double>(weight.c) * cells;
    const double fan_out = static_cast<double>(weight.n) * cells;
    switch (init.kind) {
        case Initialisation::Kind::gain: return init.gain / std::sqrt(fan_in);
        case Initialisation::Kind::xavier: return init.gain * std::sqrt(2 / (fan_in + fan_out));
        case Initialisation::Kind::he: return init.gain * std::sqrt(2 / fan_in);
    }
    return 0;
}

Tensor initialised(const Initialisation& init, Shape weight, uint64_t seed) {
    const double std = initial_std(init, weight);
    Tensor tensor = generate(init.uniform ? "uniform" : "normal", seed, weight);
    const double bound = std::sqrt(3.0) * std;
    for (float& v : tensor.mutate()) {
        const auto drawn = static_cast<double>(v);
        v = static_cast<float>(init.uniform ? (2 * drawn - 1) * bound : drawn * std);
    }
    return tensor;
}

Document with_initialised_weights(Document document, int layer, const Initialisation& init,
                                  uint64_t seed) {
    Shape shape = document.input.tensor.shape();
    for (size_t k = 0; k < document.layers.size(); ++k) {
        const Layer& described = document.layers[k];
        const Plan plan = described.op->plan(described.params, shape, document.training);
        if (plan.problem) break;
        shape = plan.output_stage().shape;
        if (layer >= 0 && k != static_cast<size_t>(layer)) continue;
        document.layers[k].weights.resize(plan.weights.size());
        for (size_t w = 0; w < plan.weights.size(); ++w) {
            const WeightSpec& spec = plan.weights[w];
            if (spec.rank != 4 || size_problem(spec.shape, "")) continue;
            Tensor fresh = initialised(init, spec.shape, weight_seed(seed, k, w));
            if (document.layers[k].channel_names.empty())
                document.layers[k].weights[w] = std::move(fresh);
            else  // their names change too
                document = with_weight(std::move(document), static_cast<int>(k),
                                       static_cast<int>(w), std::move(fresh));
        }
    }
    return document;
}

}  // namespace convscope
