#include "core/block_flow.h"

#include <cmath>

#include "core/backward_start.h"

namespace convscope {
namespace {

template <class T>
double squares(const BasicTensor<T>& tensor) {
    double sum = 0;
    for (const T v : tensor.values()) sum += static_cast<double>(v) * static_cast<double>(v);
    return sum;
}

/// No square of a float32 leaves the range of double.
template <class T>
double rms(const BasicTensor<T>& tensor) {
    return std::sqrt(squares(tensor) / static_cast<double>(tensor.shape().count()));
}

template <class T>
void add_weights(BlockFlow& flow, const Block& block, std::span<const Plan* const> plans,
                 const auto& stages_of) {
    double sum = 0, count = 0;
    for (int k = block.first; k <= block.last; ++k) {
        const Plan& plan = *plans[static_cast<size_t>(k)];
        for (const WeightSpec& weight : plan.weights) {
            const int stage = plan.stage("grad_" + weight.name);
            if (weight.rank != 4 || stage < 0) continue;
            const BasicTensor<T>& gradient = stages_of(k)[static_cast<size_t>(stage)];
            if (gradient.empty()) continue;
            sum += squares(gradient);
            count += static_cast<double>(gradient.shape().count());
        }
    }
    if (count == 0) return;
    flow.weight_norm = std::sqrt(sum);
    flow.weight_rms = std::sqrt(sum / count);
}

std::vector<const Plan*> plans_of(const Result& result) {
    std::vector<const Plan*> plans;
    for (const LayerResult& layer : result.layers) plans.push_back(&layer.plan);
    return plans;
}

}  // namespace

std::vector<Block> blocks_of(const Document& document) {
    std::vector<Block> blocks;
    for (int k = 0; k < static_cast<int>(document.layers.size()); ++k) {
        if (k == 0 || document.layers[static_cast<size_t>(k)].op->starts_block)
            blocks.push_back({k, k});
        blocks.back().last = k;
    }
    return blocks;
}

std::vector<BlockFlow> flow_of(const Result& result) {
    const std::vector<const Plan*> plans = plans_of(result);
    std::vector<BlockFlow> flows;
    for (const Block& block : blocks_of(result.document)) {
        if (static_cast<size_t>(block.last) >= result.layers.size()) break;
        const LayerResult& last = result.layers[static_cast<size_t>(block.last)];
        if (last.output().empty()) break;
        BlockFlow flow{.block = block, .activation_rms = rms(last.output())};
        if (!last.grad_output.empty()) flow.signal_rms = rms(last.grad_output);
        add_weights<float>(flow, block, plans, [&](int k) -> const std::vector<Tensor>& {
            return result.layers[static_cast<size_t>(k)].stages;
        });
        flows.push_back(flow);
    }
    return flows;
}

std::vector<BlockFlow> flow_of(const Document& document, const Reference& reference) {
    const Result planned = plan_only(document);
    CHECK_THAT(planned.layers.size(), ==, reference.layers.size());
    const std::vector<const Plan*> plans = plans_of(planned);
    const auto stage = [&](size_t k, int at) -> const DoubleTensor& {
        return reference.layers[k][static_cast<size_t>(at)];
    };
    std::vector<BlockFlow> flows;
    for (const Block& block : blocks_of(document)) {
        const auto last = static_cast<size_t>(block.last);
        const SkipPlan& skip = plans[last]->skip;
        const DoubleTensor& output = stage(last, skip.sum >= 0 ? skip.sum : plans[last]->output);
        BlockFlow flow{.block = block, .activation_rms = rms(output)};
        if (last + 1 == plans.size()) {
            if (const int at = plans[last]->stage("grad_input");
                at >= 0 && !stage(last, at).empty())
                flow.signal_rms = rms(start_gradient(document.start, output));
        } else {
            const Plan& next = *plans[last + 1];
            const int total = next.skip.grad_total;
            const int passed_on = total >= 0 ? total : next.stage("grad_input");
            if (passed_on >= 0 && !stage(last + 1, passed_on).empty())
                flow.signal_rms = rms(stage(last + 1, passed_on));
        }
        add_weights<double>(flow, block, plans, [&](int k) -> const std::vector<DoubleTensor>& {
            return reference.layers[static_cast<size_t>(k)];
        });
        flows.push_back(flow);
    }
    return flows;
}

double reference_terms(const Document& document) {
    const Result planned = plan_only(document);
    if (planned.problem) return 0;
    double terms = 0;
    for (const LayerResult& layer : planned.layers)
        for (const StageSpec& stage : layer.plan.stages) {
            // An upper bound: rows and columns at their largest.
            int64_t rows = 1, columns = 1;
            for (const int64_t r : stage.rows) rows = std::max(rows, r);
            for (const int64_t c : stage.columns) columns = std::max(columns, c);
            terms += static_cast<double>(stage.shape.count()) *
                     (static_cast<double>(stage.per_cell) * static_cast<double>(rows) *
                          static_cast<double>(columns) +
                      static_cast<double>(stage.extra));
        }
    return terms;
}

}  // namespace convscope
