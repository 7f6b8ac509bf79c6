#include "core/slope_check.h"

#include <cmath>

#include "core/backward_start.h"
#include "core/evaluate.h"

namespace convscope {
namespace {

constexpr double kHalfStep = 1.0 / 1024;  // times the weight's size, at least times 1

double loss(const Document& document) {
    const Reference reference = evaluate_reference(document, false);
    const Plan plan = plan_only(document).layers.back().plan;
    const int last = plan.skip.sum >= 0 ? plan.skip.sum : plan.output;
    const DoubleTensor& output = reference.layers.back()[static_cast<size_t>(last)];
    const DoubleTensor gradient = start_gradient(document.start, output);
    const bool squares = document.start.kind == BackwardStart::Kind::mean_square ||
                         document.start.kind == BackwardStart::Kind::squared_distance;
    double sum = 0;
    for (size_t i = 0; i < output.values().size(); ++i) {
        const double g = gradient.data()[i];
        // The squares' gradient is the distance / count, and their mean half of its square times the count.
        sum += squares ? g * g * static_cast<double>(output.values().size()) / 2
                       : g * output.data()[i];
    }
    return sum;
}

}  // namespace

double slope_check_terms(const Document& document) {
    const Result planned = plan_only(document);
    double terms = 0;
    for (const LayerResult& layer : planned.layers)
        for (const StageSpec& stage : layer.plan.stages) {
            if (stage.backward) continue;
            int64_t rows = 1, columns = 1;  // at their largest
            for (const int64_t r : stage.rows) rows = std::max(rows, r);
            for (const int64_t c : stage.columns) columns = std::max(columns, c);
            terms += static_cast<double>(stage.shape.count()) *
                     (static_cast<double>(stage.per_cell) * static_cast<double>(rows) *
                          static_cast<double>(columns) +
                      static_cast<double>(stage.extra));
        }
    return 2 * terms * static_cast<double>(document.batches);
}

std::optional<SlopeCheck> slope_check(const Document& document, int layer, int weight, Index cell) {
    const Result planned = plan_only(document);
    if (planned.problem || slope_check_terms(document) > kMostCheckTerms) return {};
    if (start_problem(document.start, planned.layers.back().plan.output_stage().shape)) return {};
    Document moved = document;
    Tensor& tensor =
        moved.layers[static_cast<size_t>(layer)].weights[static_cast<size_t>(weight)];
    const float value = tensor.at(cell);
    if (!std::isfinite(value)) return {};
    const float h = static_cast<float>(kHalfStep) * std::max(1.0f, std::abs(value));
    const float above = value + h, below = value - h;
    SlopeCheck check;
    check.distance = static_cast<double>(above) - static_cast<double>(below);
    if (!std::isfinite(check.distance) || check.distance <= 0) return {};
    tensor.set(cell, above);
    check.above = loss(moved);
    tensor.set(cell, below);
    check.below = loss(moved);
    return check;
}

}  // namespace convscope
