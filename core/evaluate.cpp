// Document → Result, inline: the plans along the chain, the forward pass, the backward pass; and the reference.
#include "core/evaluate.h"

#include <cmath>
#include <new>
#include <stdexcept>

#include <fmt/format.h>

#include "core/number_text.h"

namespace convscope {
namespace {

/// Values that all stages of a document may hold together: 4 GiB.
constexpr int64_t kMaxTotal = int64_t(1) << 30;

/// Reads a layer's tensors as doubles; `T` is float for a Result, double for the reference.
template <class T>
struct LayerReader : Reader {
    const BasicTensor<T>* input = nullptr;
    std::span<const Tensor> weights;
    std::span<const BasicTensor<T>> stages;
    const BasicTensor<T>* grad_output = nullptr;
    /// Gives the value of a stage that was not kept.
    std::function<double(int stage, Index cell)> missing;

    double operator()(const Ref& ref) const override {
        const auto which = static_cast<size_t>(ref.which);
        switch (ref.source) {
            case Source::input: return static_cast<double>(input->at(ref.cell));
            case Source::weight: return static_cast<double>(weights[which].at(ref.cell));
            case Source::grad_output:
                return grad_output->empty() ? std::nan("")
                                            : static_cast<double>(grad_output->at(ref.cell));
            case Source::stage:
                if (stages[which].empty()) return missing(ref.which, ref.cell);
                return static_cast<double>(stages[which].at(ref.cell));
            case Source::buffer: break;    // no op has buffers yet
            case Source::constant: break;  // never asked
        }
        return 0;
    }
};

std::optional<Problem> weight_problem(const Layer& layer, const Plan& plan) {
    if (layer.weights.size() != plan.weights.size()) {
        return Problem{fmt::format("The layer has {} weight tensors, its parameters ask for {}.",
                                   layer.weights.size(), plan.weights.size()),
                       "",
                       "",
                       {}};
    }
    for (size_t i = 0; i < plan.weights.size(); ++i) {
        const Shape has = layer.weights[i].shape(), wanted = plan.weights[i].shape;
        if (has == wanted && !layer.weights[i].empty()) continue;
        return Problem{fmt::format("{} is {}, the parameters ask for {}.", plan.weights[i].name,
                                   to_string(has), to_string(wanted)),
                       "",
                       "",
                       {}};
    }
    return {};
}

/// Stages that `want` asks for, forward or backward ones; optional ones only where they are not too large.
std::vector<int> wanted_stages(const Plan& plan, Want want, bool backward) {
    std::vector<int> wanted;
    for (size_t i = 0; i < plan.stages.size(); ++i) {
        const StageSpec& stage = plan.stages[i];
        if (stage.backward != backward) continue;
        if (stage.optional && (!want.optional_stages || size_problem(stage.shape, ""))) continue;
        wanted.push_back(static_cast<int>(i));
    }
    return wanted;
}

/// Terms of all cells of a stage, about its multiply-adds.
double total_terms(const StageSpec& stage) {
    const auto along = [](const std::vector<int64_t>& counts, int64_t extent) {
        double sum = 0;
        for (const int64_t count : counts) sum += static_cast<double>(count);
        return counts.size() == 1 ? sum * static_cast<double>(extent) : sum;
    };
    return static_cast<double>(stage.shape.n) * static_cast<double>(stage.shape.c) *
           (static_cast<double>(stage.per_cell) * along(stage.rows, stage.shape.h) *
                along(stage.columns, stage.shape.w) +
            static_cast<double>(stage.extra) * static_cast<double>(stage.shape.plane()));
}

double work_of(const Plan& plan, bool backward) {
    double sum = 0;
    for (const StageSpec& stage : plan.stages)
        if (stage.backward == backward && !stage.optional) sum += total_terms(stage);
    return sum;
}

void stop_at(Result& result, size_t layer, Problem problem) {
    result.problem = std::move(problem);
    result.problem_layer = static_cast<int>(layer);
    result.layers.resize(std::min(layer, result.layers.size()));
}

/// The gradient that the backward pass starts from: given, or normal values scaled to RMS 1.
Tensor start_gradient(const BackwardStart& start, Shape output) {
    if (!start.grad_output.empty()) return start.grad_output;
    Tensor gradient = generate("normal", start.seed, output);
    double squares = 0;
    for (const float v : gradient.values())
        squares += static_cast<double>(v) * static_cast<double>(v);
    if (squares == 0) return Tensor(output, 1.0f);
    const double scale = 1 / std::sqrt(squares / static_cast<double>(output.count()));
    for (float& v : gradient.mutate()) v = static_cast<float>(static_cast<double>(v) * scale);
    return gradient;
}

std::optional<Problem> start_problem(const Document& document, Shape output) {
    const Tensor& start = document.start.grad_output;
    if (start.empty() || start.shape() == output) return {};
    return Problem{fmt::format("grad_output is {}, the output is {}.", to_string(start.shape()),
                               to_string(output)),
                   "Give it the shape of the output.",
                   "",
                   {}};
}

/// Progress of a part of the whole: its own 0…1 becomes from…from + share.
Progress part_of(const Progress& progress, double from, double share) {
    Progress part;
    part.cancelled = progress.cancelled;
    if (progress.report)
        part.report = [&progress, from, share](double f) { progress.report(from + share * f); };
    return part;
}

LayerInputs inputs_of(const Document& document, const LayerResult& layer, size_t k) {
    return {layer.input, document.layers[k].weights, {}, true};
}

/// Both passes over a Result whose plans stand. False when cancelled.
bool compute(Result& result, Want want, const Progress& progress) {
    const Document& document = result.document;
    double total = 1;
    for (const LayerResult& layer : result.layers)
        total += work_of(layer.plan, false) + (want.backward ? work_of(layer.plan, true) : 0);
    double done = 0;

    Tensor flowing = document.input.tensor;
    for (size_t k = 0; k < result.layers.size(); ++k) {
        if (progress.stop()) return false;
        LayerResult& layer = result.layers[k];
        const double share = work_of(layer.plan, false) / total;
        layer.input = flowing;
        layer.stages.resize(layer.plan.stages.size());
        if (!document.layers[k].op->forward(document.layers[k].params, layer.plan,
                                            inputs_of(document, layer, k),
                                            wanted_stages(layer.plan, want, false), layer.stages,
                                            part_of(progress, done, share)))
            return false;
        flowing = layer.output();
        for (int64_t plane = 0; plane < flowing.shape().n * flowing.shape().c; ++plane)
            layer.statistics.push_back(plane_statistics(
                flowing, layer.plan, plane / flowing.shape().c, plane % flowing.shape().c));
        done += share;
    }
    if (!want.backward) return true;

    flowing = start_gradient(document.start, flowing.shape());
    for (size_t k = result.layers.size(); k-- > 0;) {
        if (progress.stop()) return false;
        LayerResult& layer = result.layers[k];
        const double share = work_of(layer.plan, true) / total;
        layer.grad_output = flowing;
        if (!document.layers[k].op->backward(document.layers[k].params, layer.plan,
                                             inputs_of(document, layer, k), flowing,
                                             wanted_stages(layer.plan, want, true), layer.stages,
                                             part_of(progress, done, share)))
            return false;
        done += share;
        const int grad_input = layer.plan.stage("grad_input");
        if (grad_input < 0) break;
        flowing = layer.stages[static_cast<size_t>(grad_input)];
    }
    return true;
}

/// The first thing that `want` would need too much memory for.
std::optional<std::pair<size_t, Problem>> memory_problem(const Result& result, Want want) {
    int64_t total = 0;
    for (size_t k = 0; k < result.layers.size(); ++k) {
        const Plan& plan = result.layers[k].plan;
        for (const bool backward : {false, true}) {
            if (backward && !want.backward) continue;
            for (const int stage : wanted_stages(plan, want, backward)) {
                const StageSpec& spec = plan.stages[static_cast<size_t>(stage)];
                if (auto problem = size_problem(spec.shape, "The stage " + spec.name))
                    return std::pair{k, *problem};
                total += spec.shape.count();
            }
        }
        if (total > kMaxTotal) {
            return std::pair{
                k, Problem{fmt::format("All stages up to here hold {} values together.",
                                       grouped_text(total)),
                           fmt::format("{} fit; choose a smaller input or fewer channels.",
                                       grouped_text(kMaxTotal)),
                           "",
                           {}}};
        }
    }
    return {};
}

Problem out_of_memory() {
    return {"There is not enough memory for this document.",
            "Choose a smaller input or fewer channels.",
            "",
            {}};
}

}  // namespace

Result plan_only(const Document& document) {
    Result result;
    result.document = document;
    Shape shape = document.input.tensor.shape();
    if (document.layers.empty()) {
        stop_at(result, 0, {"The document has no layer.", "Add one.", "", {}});
        return result;
    }
    if (auto problem = size_problem(shape, "The input")) {
        stop_at(result, 0, *problem);
        return result;
    }
    for (size_t k = 0; k < document.layers.size(); ++k) {
        const Layer& layer = document.layers[k];
        Plan plan = layer.op->plan(layer.params, shape);
        if (plan.problem) {
            stop_at(result, k, *plan.problem);
            return result;
        }
        shape = plan.output_stage().shape;
        if (auto problem = size_problem(shape, "The output")) {
            stop_at(result, k, *problem);
            return result;
        }
        for (const WeightSpec& spec : plan.weights) {
            if (auto problem = size_problem(spec.shape, spec.name)) {
                stop_at(result, k, *problem);
                return result;
            }
        }
        if (auto problem = weight_problem(layer, plan)) {
            stop_at(result, k, *problem);
            return result;
        }
        result.layers.push_back({std::move(plan), {}, {}, {}, {}});
    }
    return result;
}

std::optional<Result> evaluate(const Document& document, Want want, const Progress& progress) {
    Result result;
    try {
        result = plan_only(document);
        // A backward pass that cannot start stops at the last layer, after all forward ones.
        const size_t last = result.layers.size();
        if (!result.problem && want.backward) {
            if (auto problem =
                    start_problem(document, result.layers.back().plan.output_stage().shape)) {
                stop_at(result, last - 1, *problem);
                want.backward = false;
            }
        }
        if (auto problem = memory_problem(result, want))
            stop_at(result, problem->first, problem->second);
        // Layers before an impossible one are computed: they can still be looked at.
        if (result.problem) want.backward = false;
        if (!compute(result, want, progress)) return {};
    } catch (const std::bad_alloc&) {
        stop_at(result, 0, out_of_memory());
    } catch (const std::length_error&) { stop_at(result, 0, out_of_memory()); }
    return result;
}

double work(const Document& document) {
    const Result planned = plan_only(document);
    if (planned.problem) return 0;
    double sum = 0;
    for (const LayerResult& layer : planned.layers) sum += work_of(layer.plan, false);
    return sum;
}

Explanation explain(const Result& result, int layer, int stage, Index cell) {
    const Layer& described = result.document.layers.at(static_cast<size_t>(layer));
    const LayerResult& computed = result.layers.at(static_cast<size_t>(layer));
    LayerReader<float> read;
    read.input = &computed.input;
    read.weights = described.weights;
    read.stages = computed.stages;
    read.grad_output = &computed.grad_output;
    read.missing = [&](int other, Index at) {
        return static_cast<double>(static_cast<float>(explain(result, layer, other, at).value));
    };
    return described.op->explain(described.params, computed.plan, stage, cell, read);
}

Reference evaluate_reference(const Document& document, bool backward) {
    const Result planned = plan_only(document);
    CHECK_THAT(planned.problem.has_value(), ==, false);
    Reference reference;
    reference.layers.resize(planned.layers.size());

    const auto fill = [&](size_t k, bool backward_stages, const DoubleTensor& input,
                          const DoubleTensor& grad_output) {
        const Layer& layer = document.layers[k];
        const Plan& plan = planned.layers[k].plan;
        std::vector<DoubleTensor>& stages = reference.layers[k];
        stages.resize(plan.stages.size());
        for (size_t s = 0; s < plan.stages.size(); ++s) {
            if (plan.stages[s].backward != backward_stages) continue;
            LayerReader<double> read;
            read.input = &input;
            read.weights = layer.weights;
            read.stages = stages;
            read.grad_output = &grad_output;
            const Shape shape = plan.stages[s].shape;
            std::vector<double> values(static_cast<size_t>(shape.count()));
            for (int64_t i = 0; i < shape.count(); ++i) {
                values[static_cast<size_t>(i)] =
                    layer.op->explain(layer.params, plan, static_cast<int>(s), shape.index(i), read)
                        .value;
            }
            stages[s] = DoubleTensor(shape, std::move(values));
        }
    };

    std::vector<DoubleTensor> inputs{to_double(document.input.tensor)};
    for (size_t k = 0; k < planned.layers.size(); ++k) {
        fill(k, false, inputs[k], {});
        inputs.push_back(reference.layers[k][static_cast<size_t>(planned.layers[k].plan.output)]);
    }
    if (!backward) return reference;
    CHECK_THAT(start_problem(document, inputs.back().shape()).has_value(), ==, false);
    DoubleTensor gradient = to_double(start_gradient(document.start, inputs.back().shape()));
    for (size_t k = planned.layers.size(); k-- > 0;) {
        fill(k, true, inputs[k], gradient);
        const int grad_input = planned.layers[k].plan.stage("grad_input");
        if (grad_input < 0) break;
        gradient = reference.layers[k][static_cast<size_t>(grad_input)];
    }
    return reference;
}

}  // namespace convscope
