// The settings that a document's gradient-flow network is made from, read back from its layers and its input: no document
// can say other settings than it has.
#pragma once

#include <optional>
#include <string>

#include "core/gradient_flow.h"

namespace convscope {

/// None where the document is no such network. Of every weight some values are compared with what the settings would make;
/// `is_made_from` compares all.
std::optional<GradientFlow> network_of(const Document& document);
bool is_made_from(const Document& document, const GradientFlow& flow);

/// "Sigmoid", "ReLU + batch norm", "ReLU + skips".
std::string network_name(const GradientFlow& flow);
/// "Xavier initialisation", "He initialisation, gain 1.5".
std::string initialisation_words(const Initialisation& init);
/// "Xavier normal", "He uniform".
std::string initialisation_name(const Initialisation& init);
/// How two networks differ: "depth 20 → 30". Empty: not at all.
std::string network_change(const GradientFlow& before, const GradientFlow& after);

}  // namespace convscope
