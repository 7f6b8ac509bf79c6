// The terms behind one cell: what the ledger prints, the views light up and the reference computes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/tensor.h"

namespace convscope {

/// Which of a layer's tensors a number is in; the last two are other layers' and come in by skip connections.
enum class Source { input, weight, buffer, stage, grad_output, constant, layer_input, layer_grad_output };

/// A number's place: `which` is the index among the layer's weights, buffers or stages, or the other layer's.
struct Ref {
    Source source = Source::constant;
    int which = 0;
    Index cell;
    bool operator==(const Ref&) const = default;
};

/// One term: `a · b`, or `a` alone where b is the constant 1.
struct Term {
    Ref a;
    double a_value = 0;              // the window's padding_value where `a` is in its padding (the source is then `constant`)
    Ref b;
    double b_value = 1;
    double product = 0;
    std::optional<Index> padding;    // set when `a` was read from padding: the place, outside the input's 0…size−1
};

/// sum: of the products. mean: that sum divided by `divisor`. max: the product of term `chosen`. formula: what `formula`
/// says; the terms are the numbers in it.
enum class Combine { sum, max, mean, formula };

/// Why a cell has its value: the terms, how they combine, and the result in double.
struct Explanation {
    std::vector<Term> terms;
    Combine combine = Combine::sum;
    double divisor = 1;              // for Combine::mean; not always the number of terms (padding may not count)
    int64_t chosen = -1;             // for Combine::max
    std::string formula;             // for Combine::formula, with the numbers filled in: "1 / (1 + exp(−2))"
    double value = 0;
};

/// What explain reads through: the layer's tensors, each as double. The reference hands in double stages, the window the
/// float32 values of a Result.
class Reader {
public:
    virtual ~Reader() = default;
    /// The value at `ref`; `Source::constant` is never asked.
    virtual double operator()(const Ref& ref) const = 0;
};

}  // namespace convscope
