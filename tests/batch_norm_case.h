// A layer of batch_norm2d as its tests need it: what it reads, its stages computed and by definition.
#pragma once

#include <gtest/gtest.h>

#include "core/evaluate.h"

namespace convscope {

inline const Op& batch_norm() { return *find_op("batch_norm2d"); }

inline void set_param(Params& params, const char* key, Value value) {
    params.at(static_cast<size_t>(field_index(batch_norm(), key))) = std::move(value);
}

/// One layer with what it reads; `run` fills the stages by the fast passes, `define` by looping explain.
struct Case : Reader {
    Params params = standard_params(batch_norm());
    bool training = true;
    Tensor input, grad_output;
    std::vector<Tensor> weights, buffers;
    std::vector<DoubleTensor> exact_buffers;  // where a golden file has more digits than float32
    Plan plan;
    std::vector<Tensor> stages;
    std::vector<DoubleTensor> truth;

    Case() = default;
    /// A fresh layer for that input.
    Case(Tensor values, bool is_training) : training(is_training), input(std::move(values)) {
        set_param(params, "num_features", input.shape().c);
        make_plan();
    }

    void make_plan() {
        plan = batch_norm().plan(params, input.shape(), training);
        ASSERT_FALSE(plan.problem) << plan.problem->whole();
        while (weights.size() < plan.weights.size())
            weights.emplace_back(plan.weights[weights.size()].shape, weights.empty() ? 1.0f : 0.0f);
        while (buffers.size() < plan.buffers.size())
            buffers.emplace_back(plan.buffers[buffers.size()].shape,
                                 plan.buffers[buffers.size()].initial);
        if (grad_output.empty()) grad_output = Tensor(input.shape(), 1.0f);
    }

    LayerInputs inputs() const { return {input, weights, buffers, training}; }

    std::vector<int> all(bool backward) const {
        std::vector<int> wanted;
        for (size_t s = 0; s < plan.stages.size(); ++s)
            if (plan.stages[s].backward == backward) wanted.push_back(static_cast<int>(s));
        return wanted;
    }

    void run() {
        stages.assign(plan.stages.size(), {});
        EXPECT_TRUE(batch_norm().forward(params, plan, inputs(), all(false), stages, {}));
        EXPECT_TRUE(
            batch_norm().backward(params, plan, inputs(), grad_output, all(true), stages, {}));
    }

    Explanation explained(const char* stage, Index cell) const {
        return batch_norm().explain(params, plan, plan.stage(stage), cell, *this);
    }

    void define() {
        truth.assign(plan.stages.size(), {});
        for (size_t s = 0; s < plan.stages.size(); ++s) {
            DoubleTensor values(plan.stages[s].shape);
            for (int64_t i = 0; i < values.shape().count(); ++i)
                values.mutate()[static_cast<size_t>(i)] =
                    batch_norm()
                        .explain(params, plan, static_cast<int>(s), values.shape().index(i), *this)
                        .value;
            truth[s] = std::move(values);
        }
    }

    double operator()(const Ref& ref) const override {
        const auto which = static_cast<size_t>(ref.which);
        switch (ref.source) {
            case Source::input: return static_cast<double>(input.at(ref.cell));
            case Source::weight: return static_cast<double>(weights.at(which).at(ref.cell));
            case Source::buffer:
                if (!exact_buffers.empty()) return exact_buffers.at(which).at(ref.cell);
                return static_cast<double>(buffers.at(which).at(ref.cell));
            case Source::grad_output: return static_cast<double>(grad_output.at(ref.cell));
            case Source::stage: return truth.at(which).at(ref.cell);
            default: ADD_FAILURE() << "no such number"; return 0;
        }
    }

    /// The stage's float32 values, or the buffer's that stays as it is ("running_mean_after" in eval mode).
    std::vector<float> values(const std::string& name) const {
        const int stage = plan.stage(name);
        if (stage >= 0) return list(stages.at(static_cast<size_t>(stage)));
        for (size_t b = 0; b < plan.buffers.size(); ++b)
            if (plan.buffers[b].name + "_after" == name) return list(buffers[b]);
        ADD_FAILURE() << "no stage " << name;
        return {};
    }
    static std::vector<float> list(const Tensor& t) {
        return {t.values().begin(), t.values().end()};
    }

    /// The buffers after this batch, as the plan says.
    std::vector<Tensor> buffers_after() const {
        std::vector<Tensor> after;
        for (size_t b = 0; b < plan.buffers.size(); ++b)
            after.push_back(plan.buffers[b].next < 0
                                ? buffers[b]
                                : stages.at(static_cast<size_t>(plan.buffers[b].next)));
        return after;
    }
};

/// The same layer as a document.
inline Document document_of(const Case& c) {
    Document document;
    document.input.tensor = c.input;
    document.training = c.training;
    document.start.kind = BackwardStart::Kind::given;
    document.start.tensor = c.grad_output;
    document.layers.push_back({&batch_norm(), c.params, c.weights, {}, c.buffers});
    return document;
}

}  // namespace convscope
