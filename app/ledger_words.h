// What the ledger's texts (ledger_text.cpp, ledger_latex.cpp) share: names of cells, numbers, channels; nobody else includes it.
#pragma once

#include <string>

#include "core/uses.h"

namespace convscope {

/// Names and places of a layer's tensors.
struct LedgerNames {
    const Result& result;
    int layer;

    const LayerResult& computed() const { return result.layers[static_cast<size_t>(layer)]; }
    const Plan& plan() const { return computed().plan; }

    /// "input (1, 2)", "weight (0, 0, 1, 2)", "bias (1)".
    std::string of(const Ref& ref) const;
    /// The tensor of a stage and its cell.
    std::string stage(int which, Index cell) const;
    /// The term's numbers: "input (1, 2)", "padding (−1, 0)", "padding (−1, 0) = input (1, 0)". What was read from padding
    /// is the first, but the second of a weight's uses.
    std::string first(const Term& term) const;
    std::string second(const Term& term) const;

  private:
    std::string padded(const Term& term, const Ref& ref) const;
};

bool has_factor(const Term& term);
/// Channel of the cell or padding that a product reads; −1 for what is added alone.
int64_t channel_of(const Term& term);
/// Sums with products of several channels that follow each other: those get a subtotal each.
bool has_subtotals(const Explanation& e, const Shape& input);
/// With which all numbers of the ledger are told apart.
int decimals_of(const Explanation& e, double own);
int decimals_of(const Uses& uses);
/// In a table a value that would only round to zero is written out.
std::string in_table(double value, int decimals);

}  // namespace convscope
