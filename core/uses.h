// The other direction of explain: where a number goes. Every cell that reads it, and what it is multiplied by there.
#pragma once

#include "core/evaluate.h"

namespace convscope {

/// One cell that reads the number.
struct Use {
    int layer = 0, stage = 0;
    Index cell;
    double value = 0;     // the cell's own
    bool chosen = false;  // the number is the cell's maximum
    bool operator==(const Use&) const = default;
};

/// One entry a term: a cell that reads the number twice (padding that copies it) stands there twice.
struct Uses {
    std::vector<Term> terms;  // a: the number, b: what it is multiplied by there (a mean: 1 / its divisor)
    std::vector<Use> cells;   // of each term
    bool adds = true;         // the readers are sums and means: a product is what the number gives to them
    int64_t total = 0;        // terms, listed or not, as far as they are known
    bool complete = true;     // all are listed
    bool empty() const { return terms.empty(); }
};

/// Whose they are.
struct KnownUses {
    std::weak_ptr<const Result> result;
    int layer = 0;
    Ref of;
    std::shared_ptr<const Uses> uses;
};

struct UsesLimits {
    int64_t listed = 100'000;         // terms of the answer
    int64_t looked_at = 16'000'000;   // terms of all cells that might read the number
};

/// Terms of one stage that read a cell of the layer's input: `explain` over the box that `reach` gives.
Uses uses_in_stage(const Result& result, int layer, int stage, Index input_cell, const UsesLimits& limits = {});

/// Where a number of a computed layer goes. `of` is a cell of its input (the output reads it, or else the stages on the
/// way; and skip connections that start here), of a weight (every output cell that its gradient's terms name), or of the
/// layer's output (what the next layer makes of it, or the skip connection that ends here). Empty for anything else.
Uses uses_of(const Result& result, int layer, const Ref& of, const UsesLimits& limits = {});

/// explain; but a cell that only gathers cells of another stage (a crop, a fold of the padding) is told by their terms:
/// those of the gradient of an input are then the same pairs of weight and output cell as its uses.
Explanation explain_gathered(const Result& result, int layer, int stage, Index cell);

}  // namespace convscope
