// Document → Result, inline: the plans along the chain, the batches, the forward pass, the backward pass.
#include "core/evaluate.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <stdexcept>

#include <fmt/format.h>

#include "core/backward_start.h"
#include "core/conv_passes.h"
#include "core/following.h"
#include "core/layer_reader.h"
#include "core/map_statistics.h"
#include "core/number_text.h"
#include "core/skips.h"
#include "core/trouble.h"

namespace convscope {
namespace {

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

/// Buffers may be absent: then they are fresh.
std::optional<Problem> buffer_problem(const Layer& layer, const Plan& plan) {
    if (layer.buffers.empty()) return {};
    bool fits = layer.buffers.size() == plan.buffers.size();
    for (size_t i = 0; fits && i < plan.buffers.size(); ++i)
        fits = !layer.buffers[i].empty() && layer.buffers[i].shape() == plan.buffers[i].shape;
    if (fits) return {};
    return Problem{"The layer's buffers do not have the shapes that its parameters ask for.", "",
                   "", {}};
}

/// Stages that `want` asks for, forward or backward ones; optional ones only where they are not too large.
std::vector<int> wanted_stages(const Plan& plan, Want want, bool backward) {
    std::vector<int> wanted;
    for (size_t i = 0; i < plan.stages.size(); ++i) {
        const StageSpec& stage = plan.stages[i];
        if (stage.backward != backward || is_skip_stage(plan, static_cast<int>(i))) continue;
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

LayerInputs inputs_of(const Document& document, const LayerResult& layer, size_t k,
                      std::span<const Tensor> buffers) {
    return {layer.input, document.layers[k].weights, buffers, document.training};
}

/// The last layer whose buffers change from batch to batch; −1: none.
int last_folding_layer(const Result& result) {
    int last = -1;
    for (size_t k = 0; k < result.layers.size(); ++k)
        for (const BufferSpec& spec : result.layers[k].plan.buffers)
            if (spec.next >= 0) last = static_cast<int>(k);
    return last;
}

/// Runs one pass, telling its part of the whole work.
struct Pass {
    Result& result;
    Want want;
    const Progress& progress;
    double total = 1, done = 0;  // multiply-adds

    const Document& document() const { return result.document; }

    /// Layers 0…last on that batch. With `statistics` also those of the outputs' planes. False when cancelled.
    bool forward(int64_t batch, int last, bool statistics) {
        Tensor flowing = batch_input(document().input, batch);
        if (statistics && !keep_levels(flowing)) return false;
        for (size_t k = 0, next; static_cast<int>(k) <= last; k = next) {
            if (progress.stop()) return false;
            Following after;
            if (want.output_only) after = following(document(), result.layers, k);
            next = k + 1 + after.count;
            LayerResult& layer = result.layers[k];
            double share = 0;
            for (size_t i = k; i < next; ++i) share += work_of(result.layers[i].plan, false) / total;
            layer.input = flowing;
            layer.stages.assign(layer.plan.stages.size(), {});
            const auto& described = document().layers[k];
            LayerInputs inputs = inputs_of(document(), layer, k, layer.buffers.back());
            const bool takes_then = after.count > 0 && described.op->takes_then;
            if (takes_then) inputs.then = &after.apply;
            if (!described.op->forward(described.params, layer.plan, inputs,
                                       wanted_stages(layer.plan, want, false), layer.stages,
                                       part_of(progress, done, share)))
                return false;
            if (after.count > 0 && !takes_then &&
                !apply(after.apply, layer.stages[static_cast<size_t>(layer.plan.output)],
                       part_of(progress, done + share, 0)))
                return false;
            if (layer.plan.skip.sum >= 0) add_skipped_input(layer);
            keep_buffers(layer);
            flowing = layer.output();
            if (want.output_only) {
                layer.input = {};
                layer.stages.assign(layer.plan.stages.size(), {});
            } else if (statistics && !measure(layer)) {
                return false;
            }
            done += share;
        }
        if (want.output_only) {
            LayerResult& layer = result.layers[static_cast<size_t>(last)];
            layer.stages.assign(layer.plan.stages.size(), {});
            layer.stages[static_cast<size_t>(layer.plan.output)] = std::move(flowing);
        }
        return true;
    }

    bool backward() {
        Tensor flowing = start_gradient(document().start, result.layers.back().output());
        for (size_t k = result.layers.size(); k-- > 0;) {
            if (progress.stop()) return false;
            LayerResult& layer = result.layers[k];
            const double share = work_of(layer.plan, true) / total;
            layer.grad_output = flowing;
            const auto& described = document().layers[k];
            if (!described.op->backward(described.params, layer.plan,
                                        inputs_of(document(), layer, k, layer.buffers_before()),
                                        flowing,
                                        wanted_stages(layer.plan, want, true), layer.stages,
                                        part_of(progress, done, share)))
                return false;
            done += share;
            const int grad_input = layer.plan.stage("grad_input");
            if (grad_input < 0) break;
            flowing = layer.stages[static_cast<size_t>(grad_input)];
            if (layer.plan.skip.grad_total >= 0) flowing = add_skipped_gradients(layer);
        }
        return true;
    }

  private:
    /// Statistics of the output's planes, and its levels.
    bool measure(LayerResult& layer) {
        const Progress untold{
            .report = {}, .cancelled = progress.cancelled, .workers = progress.workers};
        return map_statistics(layer.output(), layer.plan, untold, layer.statistics) &&
               keep_levels(layer.output());
    }

    bool keep_levels(const Tensor& tensor) {
        const Shape shape = tensor.shape();
        if (!want.levels || shape.plane() < kLevelsFrom) return true;
        for (const TensorLevels& kept : result.levels)
            if (kept.tensor.same_as(tensor)) return true;
        TensorLevels levels{tensor, std::vector<PlaneLevels>(static_cast<size_t>(shape.n * shape.c))};
        const auto part = [&](int64_t plane) {
            levels.planes[static_cast<size_t>(plane)] =
                plane_levels(tensor, plane / shape.c, plane % shape.c);
        };
        if (!each_plane(shape, part)) return false;
        result.levels.push_back(std::move(levels));
        return true;
    }

    /// On all threads where the planes are large enough to be worth it. False when cancelled.
    template <class Part>
    bool each_plane(Shape shape, const Part& part) {
        constexpr int64_t kWorthThreads = int64_t(1) << 15;
        Progress quiet;
        quiet.cancelled = progress.cancelled;
        quiet.workers = shape.count() >= kWorthThreads ? progress.workers : nullptr;
        return run_parts(quiet, shape.n * shape.c, part);
    }

    void add_skipped_input(LayerResult& layer) {
        const auto from = static_cast<size_t>(layer.plan.skip.from);
        const Tensor* const both[]{&layer.stages[static_cast<size_t>(layer.plan.output)],
                                   &result.layers[from].input};
        Tensor sum = added(both);
        layer.stages[static_cast<size_t>(layer.plan.skip.sum)] = std::move(sum);
    }

    const Tensor& add_skipped_gradients(LayerResult& layer) {
        std::vector<const Tensor*> all{
            &layer.stages[static_cast<size_t>(layer.plan.stage("grad_input"))]};
        for (const int end : layer.plan.skip.ends)
            all.push_back(&result.layers[static_cast<size_t>(end)].grad_output);
        return layer.stages[static_cast<size_t>(layer.plan.skip.grad_total)] = added(all);
    }

    void keep_buffers(LayerResult& layer) {
        if (layer.plan.buffers.empty() || !document().training) return;
        std::vector<Tensor> next = layer.buffers.back();
        for (size_t i = 0; i < next.size(); ++i)
            if (const int stage = layer.plan.buffers[i].next; stage >= 0)
                next[i] = layer.stages[static_cast<size_t>(stage)];
        layer.buffers.push_back(std::move(next));
    }
};

/// All passes over a Result whose plans stand. False when cancelled.
bool compute(Result& result, Want want, const Progress& progress) {
    if (result.layers.empty()) return true;
    const int64_t last_batch = std::max<int64_t>(1, result.document.batches);
    result.batch = want.batch == 0 ? last_batch : std::clamp<int64_t>(want.batch, 1, last_batch);
    const int last = static_cast<int>(result.layers.size()) - 1;
    const int folding = result.document.training ? last_folding_layer(result) : -1;

    Pass pass{result, want, progress};
    for (size_t k = 0; k < result.layers.size(); ++k) {
        LayerResult& layer = result.layers[k];
        layer.buffers = {buffers_at_start(result.document.layers[k], layer.plan)};
        const double forward = work_of(layer.plan, false);
        const auto earlier = static_cast<double>(result.batch - 1);
        pass.total += forward + (want.backward ? work_of(layer.plan, true) : 0) +
                      (static_cast<int>(k) <= folding ? forward * earlier : 0);
    }
    for (int64_t batch = 1; batch < result.batch && folding >= 0; ++batch)
        if (!pass.forward(batch, folding, false)) return false;
    if (!pass.forward(result.batch, last, true)) return false;
    if (result.problem) return true;  // layers before the impossible one can be looked at
    result.loss = start_problem(result.document.start, result.layers.back().output().shape())
                      ? std::nullopt
                      : start_loss(result.document.start, result.layers.back().output());
    return !want.backward || pass.backward();
}

/// Bytes of the tensors that `want` makes of each layer; optional stages only with `optional`.
std::vector<int64_t> layer_bytes(const Result& result, Want want, bool optional) {
    want.optional_stages = want.optional_stages && optional;
    std::vector<int64_t> bytes;
    for (const LayerResult& layer : result.layers) {
        int64_t values = 0;
        for (const bool backward : {false, true}) {
            if (backward && !want.backward) continue;
            for (const int stage : wanted_stages(layer.plan, want, backward))
                values += layer.plan.stages[static_cast<size_t>(stage)].shape.count();
            if (backward && &layer == &result.layers.back())  // the gradient that it starts from
                values += layer.plan.output_stage().shape.count();
        }
        bytes.push_back(values * static_cast<int64_t>(sizeof(float)));
    }
    return bytes;
}

/// Bytes that are taken while each layer is computed, the input's among them.
std::vector<int64_t> taken_bytes(const Result& result, Want want, bool optional) {
    const int64_t input =
        result.document.input.tensor.shape().count() * static_cast<int64_t>(sizeof(float));
    std::vector<int64_t> taken = layer_bytes(result, want, optional);
    if (!want.output_only) {
        int64_t all = input;
        for (int64_t& bytes : taken) bytes = all += bytes;
        return taken;
    }
    int64_t before = 0;  // of the layer before, whose output is read
    for (size_t k = 0; k < taken.size();) {
        const size_t next = k + 1 + following(result.document, result.layers, k).count;
        const int64_t here = taken[k];
        for (; k < next; ++k) taken[k] = input + before + here;
        before = here;
    }
    return taken;
}

int64_t most_of(const std::vector<int64_t>& bytes) {
    return bytes.empty() ? 0 : *std::ranges::max_element(bytes);
}

/// "2.2 GB", "640 MB": in units of 1024.
std::string bytes_text(int64_t bytes) {
    const double mega = static_cast<double>(bytes) / (1 << 20);
    return mega < 1000 ? fmt::format("{:.0f} MB", std::ceil(mega)) : fmt::format("{:.1f} GB", mega / 1024);
}

/// The first thing that `want` would need too much memory for. Optional stages are left out of `want` when they alone do not fit.
std::optional<std::pair<size_t, Problem>> memory_problem(const Result& result, Want& want) {
    for (size_t k = 0; k < result.layers.size(); ++k) {
        const Plan& plan = result.layers[k].plan;
        for (const bool backward : {false, true}) {
            if (backward && !want.backward) continue;
            for (const int stage : wanted_stages(plan, want, backward)) {
                const StageSpec& spec = plan.stages[static_cast<size_t>(stage)];
                if (auto problem = computed_size_problem(spec.shape, "The stage " + spec.name))
                    return std::pair{k, *problem};
            }
        }
    }
    if (most_of(taken_bytes(result, want, true)) <= want.most_bytes) return {};
    want.optional_stages = false;
    const std::vector<int64_t> taken = taken_bytes(result, want, false);
    const int64_t all = most_of(taken);
    const auto spent = std::ranges::find_if(
        taken, [&](int64_t bytes) { return bytes > want.most_bytes; });
    if (spent == taken.end()) return {};
    Problem problem;
    problem.sentence = fmt::format("Computing this takes {} of memory; the budget is {}.", bytes_text(all),
                                   bytes_text(want.most_bytes));
    problem.advice = fmt::format("Choose a smaller input or fewer channels, or start with --memory {}G.",
                                 all / (int64_t(1) << 30) + 1);
    // It belongs to the layer at which the memory is spent.
    return std::pair{static_cast<size_t>(spent - taken.begin()), problem};
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
    if (document.batches < 1 || document.batches > kMaxBatches) {
        stop_at(result, 0,
                {fmt::format("{} batches are asked for.", to_text(Value(document.batches))),
                 fmt::format("Choose 1 to {}.", grouped_text(kMaxBatches)),
                 "",
                 {}});
        return result;
    }
    std::vector<Shape> inputs;
    for (size_t k = 0; k < document.layers.size(); ++k) {
        const Layer& layer = document.layers[k];
        inputs.push_back(shape);
        Plan plan = layer.op->plan(layer.params, shape, document.training);
        if (plan.problem) {
            stop_at(result, k, *plan.problem);
            return result;
        }
        shape = plan.output_stage().shape;
        if (auto problem = computed_size_problem(shape, "The output")) {
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
        if (auto problem = buffer_problem(layer, plan)) {
            stop_at(result, k, *problem);
            return result;
        }
        result.layers.push_back({std::move(plan), {}, {}, {}, {}, {}});
        if (layer.skip == 0) continue;
        std::vector<Plan*> plans;
        for (LayerResult& planned : result.layers) plans.push_back(&planned.plan);
        if (auto problem = plan_skip(layer, static_cast<int>(k), plans, inputs)) {
            stop_at(result, k, *problem);
            return result;
        }
    }
    return result;
}

std::optional<Result> evaluate(const Document& document, Want want, const Progress& progress) {
    Result result;
    try {
        result = plan_only(document);
        const auto has_skip = [](const Layer& layer) { return layer.skip != 0; };
        if (want.backward || std::ranges::any_of(document.layers, has_skip)) want.output_only = false;
        if (want.output_only) want.optional_stages = false;
        // A backward pass that cannot start stops at the last layer, after all forward ones.
        const size_t last = result.layers.size();
        if (!result.problem && want.backward) {
            if (auto problem =
                    start_problem(document.start, result.layers.back().plan.output_stage().shape)) {
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

int64_t needed_bytes(const Document& document, Want want) {
    const Result planned = plan_only(document);
    return planned.problem ? 0 : most_of(taken_bytes(planned, want, false));
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
    read.buffers = computed.buffers_before();
    read.stages = computed.stages;
    read.grad_output = &computed.grad_output;
    read.missing = [&](int other, Index at) {
        return static_cast<double>(static_cast<float>(explain(result, layer, other, at).value));
    };
    read.layer_input = [&](int other) -> const Tensor& {
        return result.layers.at(static_cast<size_t>(other)).input;
    };
    read.layer_grad_output = [&](int other) -> const Tensor& {
        return result.layers.at(static_cast<size_t>(other)).grad_output;
    };
    if (is_skip_stage(computed.plan, stage)) return explain_skip(computed.plan, stage, cell, read);
    return described.op->explain(described.params, computed.plan, stage, cell, read);
}

}  // namespace convscope
