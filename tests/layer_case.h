// One layer as a test case: read from a golden file or drawn at random, and its definition looped over all cells.
#pragma once

#include <random>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/evaluate.h"

namespace convscope {

/// A document of one layer with its grad_output.
Document one_layer(const Op& op, Params params, Tensor input, std::vector<Tensor> weights,
                   Tensor grad_output);

/// Parameters from JSON as the golden files write them: numbers, pairs as lists, words.
Params params_from(const Op& op, const nlohmann::json& values);
Tensor tensor_from(const nlohmann::json& tensor, Shape shape);
/// The lines of tests/golden/<name>.
std::vector<nlohmann::json> golden_lines(const std::string& name);

/// A possible layer of that op, drawn from its field table: remedies are taken and values lowered until the plan has no
/// problem. With `whole_numbers` all tensors hold integers from −4 to 9.
Document random_layer(const Op& op, std::mt19937_64& random, bool whole_numbers);
Tensor random_tensor(Shape shape, std::mt19937_64& random, bool whole_numbers);
/// "conv2d in_channels=3 …, input 1×3×7×7", to find a failing case again.
std::string describe(const Document& document);

/// Seed of random tests: the environment variable CONVSCOPE_SEED, else `standard`. Prints it.
uint64_t test_seed(uint64_t standard);

/// Reads the tensors of a one-layer document; stages as far as they are filled.
class CaseReader : public Reader {
  public:
    explicit CaseReader(const Document& document);
    double operator()(const Ref& ref) const override;
    DoubleTensor& tensor(const Ref& ref);  // to perturb it; `cell` does not count

    DoubleTensor input, grad_output;
    std::vector<DoubleTensor> weights, buffers, stages;
};

/// Every stage as `explain` looped over its cells, with what error bounds need.
struct Truth {
    Plan plan;
    std::vector<DoubleTensor> values;
    std::vector<DoubleTensor> sizes;   // Σ |terms|, through earlier stages down to inputs; for a formula, how far errors
                                       // of the size of its numbers move it
    std::vector<DoubleTensor> counts;  // of those terms
    std::vector<bool> exact;           // [stage]: sums and maxima of whole numbers only
};
Truth explain_all(const Document& document);

}  // namespace convscope
