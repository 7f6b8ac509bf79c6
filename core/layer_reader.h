// Reads the tensors of one computed layer as doubles: what explain reads through.
#pragma once

#include <cmath>
#include <functional>
#include <span>

#include "core/explain.h"

namespace convscope {

/// `T` is float for a Result, double for the reference. Tensors that are missing read as NaN.
template <class T>
struct LayerReader : Reader {
    const BasicTensor<T>* input = nullptr;
    std::span<const Tensor> weights;
    std::span<const BasicTensor<T>> buffers;
    std::span<const BasicTensor<T>> stages;
    const BasicTensor<T>* grad_output = nullptr;
    /// Gives the value of a stage that was not kept.
    std::function<double(int stage, Index cell)> missing;
    /// Input and grad_output of another layer, for skip connections.
    std::function<const BasicTensor<T>&(int layer)> layer_input, layer_grad_output;

    double operator()(const Ref& ref) const override {
        const auto which = static_cast<size_t>(ref.which);
        switch (ref.source) {
            case Source::input: return value(*input, ref.cell);
            case Source::weight: return static_cast<double>(weights[which].at(ref.cell));
            case Source::buffer: return value(buffers[which], ref.cell);
            case Source::stage:
                if (stages[which].empty() && missing) return missing(ref.which, ref.cell);
                return value(stages[which], ref.cell);
            case Source::grad_output: return value(*grad_output, ref.cell);
            case Source::layer_input: return value(layer_input(ref.which), ref.cell);
            case Source::layer_grad_output: return value(layer_grad_output(ref.which), ref.cell);
            case Source::constant: break;  // never asked
        }
        return 0;
    }

  private:
    static double value(const BasicTensor<T>& tensor, Index cell) {
        return tensor.empty() ? std::nan("") : static_cast<double>(tensor.at(cell));
    }
};

}  // namespace convscope
