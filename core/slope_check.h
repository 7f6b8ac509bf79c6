// The gradient of one weight measured instead of derived: the loss a little above and a little below it.
#pragma once

#include <optional>

#include "core/document.h"

namespace convscope {

/// L(w + h) and L(w − h), computed by definition in double. L is the loss of the backward start; where that has none
/// (random, given) it is Σ output · grad_output, whose gradient the same pass computes.
struct SlopeCheck {
    double above = 0, below = 0;   // the two losses
    double distance = 0;           // between the two weights, 2h as float32 has them
    double slope() const { return (above - below) / distance; }
};

/// Terms that one check may add up; larger documents are not checked.
inline constexpr double kMostCheckTerms = 150'000;

/// Terms that the check of a weight would add up.
double slope_check_terms(const Document& document);
/// `cell` of weight number `weight` of layer `layer`. None where the document has a problem or is too large, or the weight
/// has no neighbours (NaN, ∞).
std::optional<SlopeCheck> slope_check(const Document& document, int layer, int weight, Index cell);

}  // namespace convscope
