// The definition itself, run slowly: every stage of every layer as explain looped over its cells, in double.
#include "core/backward_start.h"
#include "core/evaluate.h"
#include "core/layer_reader.h"
#include "core/skips.h"

namespace convscope {
namespace {

/// One batch of a document whose plans stand.
struct ReferencePass {
    const Document& document;
    const Result& planned;
    std::vector<std::vector<DoubleTensor>> stages;   // [layer][stage]
    std::vector<std::vector<DoubleTensor>> buffers;  // [layer][buffer], as the batch found them
    std::vector<DoubleTensor> inputs, grad_outputs;  // of each layer

    ReferencePass(const Document& d, const Result& p)
        : document(d),
          planned(p),
          stages(p.layers.size()),
          buffers(p.layers.size()),
          inputs(p.layers.size()),
          grad_outputs(p.layers.size()) {}

    const Plan& plan(size_t k) const { return planned.layers[k].plan; }

    const DoubleTensor& output(size_t k) const {
        const int at = plan(k).skip.sum >= 0 ? plan(k).skip.sum : plan(k).output;
        return stages[k][static_cast<size_t>(at)];
    }

    void fill(size_t k, bool backward) {
        const Layer& layer = document.layers[k];
        stages[k].resize(plan(k).stages.size());
        for (size_t s = 0; s < plan(k).stages.size(); ++s) {
            if (plan(k).stages[s].backward != backward) continue;
            LayerReader<double> read;
            read.input = &inputs[k];
            read.weights = layer.weights;
            read.buffers = buffers[k];
            read.stages = stages[k];
            read.grad_output = &grad_outputs[k];
            read.layer_input = [&](int other) -> const DoubleTensor& {
                return inputs[static_cast<size_t>(other)];
            };
            read.layer_grad_output = [&](int other) -> const DoubleTensor& {
                return grad_outputs[static_cast<size_t>(other)];
            };
            const Shape shape = plan(k).stages[s].shape;
            std::vector<double> values(static_cast<size_t>(shape.count()));
            const int stage = static_cast<int>(s);
            for (int64_t i = 0; i < shape.count(); ++i) {
                const Index cell = shape.index(i);
                values[static_cast<size_t>(i)] =
                    is_skip_stage(plan(k), stage)
                        ? explain_skip(plan(k), stage, cell, read).value
                        : layer.op->explain(layer.params, plan(k), stage, cell, read).value;
            }
            stages[k][s] = DoubleTensor(shape, std::move(values));
        }
    }

    void forward(int64_t batch) {
        DoubleTensor flowing = to_double(batch_input(document.input, batch));
        for (size_t k = 0; k < planned.layers.size(); ++k) {
            inputs[k] = std::move(flowing);
            fill(k, false);
            flowing = output(k);
        }
    }

    void backward() {
        DoubleTensor flowing = start_gradient(document.start, output(planned.layers.size() - 1));
        for (size_t k = planned.layers.size(); k-- > 0;) {
            grad_outputs[k] = std::move(flowing);
            fill(k, true);
            const int total = plan(k).skip.grad_total;
            const int passed_on = total >= 0 ? total : plan(k).stage("grad_input");
            if (passed_on < 0) break;
            flowing = stages[k][static_cast<size_t>(passed_on)];
        }
    }

    void start_buffers() {
        for (size_t k = 0; k < buffers.size(); ++k) {
            const Layer& layer = document.layers[k];
            for (const Tensor& buffer : layer.buffers) buffers[k].push_back(to_double(buffer));
            if (!layer.buffers.empty()) continue;
            for (const BufferSpec& spec : plan(k).buffers)
                buffers[k].emplace_back(spec.shape, static_cast<double>(spec.initial));
        }
    }

    void next_buffers() {
        for (size_t k = 0; k < buffers.size(); ++k)
            for (size_t i = 0; i < buffers[k].size(); ++i)
                if (const int stage = plan(k).buffers[i].next; stage >= 0)
                    buffers[k][i] = stages[k][static_cast<size_t>(stage)];
    }
};

}  // namespace

Reference evaluate_reference(const Document& document, bool backward) {
    const Result planned = plan_only(document);
    CHECK_THAT(planned.problem.has_value(), ==, false);
    ReferencePass pass(document, planned);
    pass.start_buffers();
    for (int64_t batch = 1; batch <= document.batches; ++batch) {
        if (batch > 1 && document.training) pass.next_buffers();
        pass.forward(batch);
    }
    if (backward) {
        const Shape output = planned.layers.back().plan.output_stage().shape;
        CHECK_THAT(start_problem(document.start, output).has_value(), ==, false);
        pass.backward();
    }
    return {std::move(pass.stages)};
}

}  // namespace convscope
