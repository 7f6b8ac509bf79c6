// Backward: which gradient of a layer is told, and what it is made of. For gradients_layer.cpp.
#pragma once

#include <optional>

#include "app/views/view.h"

namespace convscope {

/// The cell whose gradient is told, and the planes of all tensors that its terms are in.
struct Backward {
    const ViewInput& in;
    const LayerResult& layer;
    const Layer& described;
    const Plan& plan;
    int stage = -1;                       // −1: nothing is computed yet
    Index cell;
    Explanation told;                     // without the step over the padded input
    bool brief = false;                   // too many terms to write out
    double value = 0;
    Index upstream, input, kernel;        // planes shown
    int input_stage, padded_stage;

    explicit Backward(const ViewInput& view_input);
    bool has(int at) const { return at >= 0 && !layer.stages[static_cast<size_t>(at)].empty(); }
    NumberSource told_source() const { return value_at({Source::stage, stage, cell}); }
    /// Of number `t` of the told cell's terms.
    NumberSource term_source(const char* name, int64_t t) const {
        NumberSource source{name, {Source::stage, stage, cell}};
        source.first = t;
        return source;
    }
    const Tensor& tensor(int at) const { return layer.stages[static_cast<size_t>(at)]; }
    int weight_stage(size_t weight) const { return plan.stage("grad_" + plan.weights[weight].name); }
    /// The weight that the told gradient belongs to.
    std::optional<int> weight() const {
        for (size_t i = 0; i < plan.weights.size(); ++i)
            if (stage >= 0 && weight_stage(i) == stage) return static_cast<int>(i);
        return {};
    }
    /// The pass has been computed, and the play head has come back to this layer.
    bool come_back() const {
        if (layer.grad_output.empty() || !has(input_stage)) return false;
        if (!in.timeline || in.timeline->order() != Order::by_layer || in.step >= in.timeline->steps()) return true;
        return in.step >= static_cast<int64_t>(in.result->layers.size()) - in.layer;
    }

private:
    void tell(int at, Index which);
    /// The pinned or selected one, in whichever grid it was clicked; none where the layer has no gradient of it.
    void pick_pinned();
    /// What is pinned, else what is under the pointer, else the middle of the kernel.
    void pick();
    void explain_pick();
};

}  // namespace convscope
