// Weights as torch.nn.init fills them: how large random weights are, so that signals neither fade nor explode.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/document.h"

namespace convscope {

/// How random weights are drawn. fan_in and fan_out are PyTorch's (core/initialise.cpp).
struct Initialisation {
    /// std = gain / √fan_in; gain · √(2 / (fan_in + fan_out)), xavier_normal_; gain · √(2 / fan_in), kaiming_normal_.
    enum class Kind { gain, xavier, he };
    Kind kind = Kind::he;
    double gain = 1;
    bool uniform = false;  // in ±√3·std, xavier_uniform_ and kaiming_uniform_; else normal
    bool operator==(const Initialisation&) const = default;
};

/// "gain", "xavier", "he".
const std::vector<std::string>& initialisation_names();
std::optional<Initialisation::Kind> initialisation_kind(std::string_view name);

/// A gain that is no number, negative or above kMaxGain.
inline constexpr double kMaxGain = 1e6;
std::optional<Problem> initialisation_problem(const Initialisation&);

/// Standard deviation of a weight of that shape. The initialisation has no problem.
double initial_std(const Initialisation&, Shape weight);
/// A weight with mean 0 and that standard deviation (of the distribution; the values' own differs a little). The same for
/// the same arguments on every machine.
Tensor initialised(const Initialisation&, Shape weight, uint64_t seed);

/// The document with fresh kernels in layer `layer`, or in all for −1; each takes a seed of its own. Biases, γ and β stay.
Document with_initialised_weights(Document document, int layer, const Initialisation&, uint64_t seed);

}  // namespace convscope
