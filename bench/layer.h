// A layer of a shape that is measured, ready to run.
#pragma once

#include "bench/shapes.h"
#include "core/op.h"
#include "core/workers.h"

namespace convscope {

/// A layer of that shape, with numbers that are the same in every run.
struct BenchLayer {
    /// Of `threads` threads the caller is one.
    BenchLayer(const BenchShape& shape, int threads);

    /// Outputs are written to the tensors of the call before, as `evaluate` does where it can.
    void forward();
    void backward();
    const Tensor& output() const { return stages[static_cast<size_t>(plan.output)]; }
    /// The buffer of that name.
    const Tensor& buffer(std::string_view name) const;

    const Op& op;
    Params params;
    Tensor input, grad_output;
    Tensor spare;  // as large as the output: for whoever else computes it
    Plan plan;
    std::vector<Tensor> weights, buffers, stages;

  private:
    Workers workers_;
    Progress progress_;
    std::vector<int> forward_, backward_;  // wanted stages
};

}  // namespace convscope
