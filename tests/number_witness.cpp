#include "tests/number_witness.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "core/backward_start.h"
#include "core/block_flow.h"
#include "core/play_head.h"
#include "tests/number_read.h"

namespace convscope {
namespace {

/// Largest error a float32 sum of `count` products of total size `size` may have.
double bound(double count, double size) {
    // Among the denormals every product may round by half of the least, 2⁻¹⁵⁰; their sums are exact.
    return (4 + 2 * std::sqrt(count)) * std::ldexp(size, -24) + std::max(2.0, count) * 0x1p-150;
}

double as_double(const Tensor& tensor, Index cell) { return static_cast<double>(tensor.at(cell)); }

Known mean_of(const std::vector<Known>& all) {
    Known mean;
    for (const Known& k : all) {
        mean.value += k.value / static_cast<double>(all.size());
        mean.error += k.error / static_cast<double>(all.size());
    }
    return mean;
}

/// Root of the mean square; no value moves it further than its own error.
Known rms_of(const std::vector<Known>& all) {
    double squares = 0, errors = 0;
    for (const Known& k : all) squares += k.value * k.value, errors += k.error * k.error;
    const auto n = static_cast<double>(all.size());
    return {std::sqrt(squares / n), std::sqrt(errors / n)};
}

Known ratio(const Known& above, const Known& below) {
    const double value = above.value / below.value;
    return {value, (above.error + std::abs(value) * below.error) / std::abs(below.value)};
}

/// How many are for certain such, and how many may be.
Known count_of(const std::vector<Known>& all, const std::function<bool(double)>& is) {
    Known count;
    for (const Known& k : all) {
        count.value += is(k.value);
        count.error += is(k.value - k.error) != is(k.value + k.error);
    }
    return count;
}

/// The loss of the backward start at these weights; of a given gradient, the sum that it is the gradient of.
double loss_of(const Document& document) {
    const Reference reference = evaluate_reference(document, false);
    const Plan plan = plan_only(document).layers.back().plan;
    const DoubleTensor& out = reference.layers.back()[static_cast<size_t>(plan.skip.sum >= 0 ? plan.skip.sum : plan.output)];
    double sum = 0;
    const auto n = static_cast<double>(out.values().size());
    using Kind = BackwardStart::Kind;
    const DoubleTensor given = document.start.kind == Kind::random || document.start.kind == Kind::given
                                   ? start_gradient(document.start, out) : DoubleTensor();
    for (size_t i = 0; i < out.values().size(); ++i) {
        const double v = out.values()[i];
        if (!given.empty()) sum += v * given.values()[i];
        else if (document.start.kind == Kind::mean_square) sum += v * v / n / 2;
        else sum += std::pow(v - static_cast<double>(document.start.tensor.values()[i]), 2) / n / 2;
    }
    return sum;
}

}  // namespace

// ---- Layers

KnownLayers::KnownLayers(const Result& result) : result_(result) {
    for (size_t k = 0; k < result.layers.size(); ++k) {
        const LayerResult& layer = result.layers[k];
        documents_.push_back(alone(static_cast<int>(k), layer.plan.training, layer.buffers_before()));
        truths_.push_back(explain_all(documents_.back()));
        if (k == 0) continue;
        // What a layer reads is what the one before it wrote, and its gradient goes back there.
        const LayerResult& before = result.layers[k - 1];
        EXPECT_TRUE(layer.input == before.output());
        const int total = layer.plan.skip.grad_total;
        const int back = total >= 0 ? total : layer.plan.stage("grad_input");
        if (before.grad_output.empty() || back < 0) continue;
        EXPECT_TRUE(before.grad_output == layer.stages[static_cast<size_t>(back)]);
    }
}

Document KnownLayers::alone(int layer, bool training, std::span<const Tensor> buffers) const {
    const LayerResult& computed = result_.layers[static_cast<size_t>(layer)];
    const Layer& described = result_.document.layers[static_cast<size_t>(layer)];
    const Tensor gradient = computed.grad_output.empty() ? Tensor(computed.op_output().shape(), 0.f) : computed.grad_output;
    Document document = one_layer(*described.op, described.params, computed.input, described.weights, gradient);
    document.layers[0].buffers.assign(buffers.begin(), buffers.end());
    document.training = training;
    return document;
}

Known KnownLayers::in_truth(const Truth& truth, int stage, Index cell) const {
    const auto s = static_cast<size_t>(stage);
    const double value = truth.values[s].at(cell);
    if (!std::isfinite(value)) return {value, 0};
    if (truth.exact[s]) return {value, 0};
    const double error = bound(truth.counts[s].at(cell), truth.sizes[s].at(cell));
    return {value, std::isfinite(error) ? error : 0};   // max(0, −∞) is 0
}

Known KnownLayers::at(const Ref& ref, int layer) const {
    const LayerResult& computed = this->layer(layer);
    const auto which = static_cast<size_t>(ref.which);
    switch (ref.source) {
        case Source::input: return {as_double(computed.input, ref.cell)};
        case Source::weight: return {as_double(result_.document.layers[static_cast<size_t>(layer)].weights.at(which), ref.cell)};
        case Source::buffer: return {as_double(computed.buffers_before()[which], ref.cell)};
        case Source::grad_output: return {as_double(computed.grad_output, ref.cell)};
        case Source::constant: return {computed.plan.window ? computed.plan.window->padding_value : 0};
        case Source::layer_input: return {as_double(this->layer(ref.which).input, ref.cell)};
        case Source::layer_grad_output: return {as_double(this->layer(ref.which).grad_output, ref.cell)};
        case Source::stage: break;
    }
    const SkipPlan& skip = computed.plan.skip;
    if (ref.which != skip.sum && ref.which != skip.grad_total)
        return in_truth(truths_[static_cast<size_t>(layer)], ref.which, ref.cell);
    const bool forward = ref.which == skip.sum;
    Known sum = at({Source::stage, forward ? computed.plan.output : computed.plan.stage("grad_input"), ref.cell}, layer);
    double size = std::abs(sum.value);
    const auto add = [&](double v) { sum.value += v, size += std::abs(v); };
    if (forward) add(as_double(this->layer(skip.from).input, ref.cell));
    else
        for (const int end : skip.ends) add(as_double(this->layer(end).grad_output, ref.cell));
    sum.error += bound(1, size);
    return sum;
}

std::vector<Known> KnownLayers::channel(const Ref& ref, int layer, bool other) const {
    const LayerResult& computed = this->layer(layer);
    const Truth* truth = &truths_[static_cast<size_t>(layer)];
    if (other) {
        const auto made = others_.try_emplace(layer);
        if (made.second)
            made.first->second = explain_all(alone(layer, !computed.plan.training,
                computed.buffers.empty() ? std::span<const Tensor>() : std::span<const Tensor>(computed.buffers.back())));
        truth = &made.first->second;
    }
    const Shape shape = ref.source == Source::input ? computed.input.shape()
                                                    : truth->values[static_cast<size_t>(ref.which)].shape();
    std::vector<Known> all;
    for (int64_t n = 0; n < shape.n; ++n)
        for (int64_t i = 0; i < shape.plane(); ++i) {
            const Index cell{n, ref.cell.c, i / shape.w, i % shape.w};
            const Known known = ref.source == Source::input ? at({Source::input, 0, cell}, layer) : in_truth(*truth, ref.which, cell);
            if (std::isfinite(known.value)) all.push_back(known);
        }
    return all;
}

Explanation KnownLayers::explained(int layer, int stage, Index cell) const {
    const Document& document = documents_[static_cast<size_t>(layer)];
    const Truth& truth = truths_[static_cast<size_t>(layer)];
    CaseReader read(document);
    read.stages = truth.values;
    return document.layers[0].op->explain(document.layers[0].params, truth.plan, stage, cell, read);
}

std::vector<Term> KnownLayers::terms(int layer, int stage, Index cell) const {
    const Plan& plan = this->layer(layer).plan;
    const int padded = plan.stage("grad_padded_input");
    std::vector<Term> all;
    for (const Term& term : explained(layer, stage, cell).terms) {
        const bool through = padded >= 0 && term.a.source == Source::stage && term.a.which == padded;
        const std::vector<Term> inner = through ? explained(layer, padded, term.a.cell).terms : std::vector{term};
        all.insert(all.end(), inner.begin(), inner.end());
    }
    return all;
}

// ---- Scenes

Witness::Witness(const ViewInput& in, std::vector<const KnownLayers*> networks) : in_(in), networks_(std::move(networks)) {}

Known Witness::so_far(Index cell, int64_t first, int64_t last, int64_t channel) const {
    const Plan& plan = layer().plan;
    if (in_.timeline->order() == Order::by_output) {
        const Explanation told = layers().explained(in_.layer, plan.output, cell);
        const auto done = [&](int64_t step) {
            const Place place = in_.timeline->at(step);
            if (!place.started || place.cell < cell) return size_t(0);
            return place.cell == cell ? static_cast<size_t>(place.term + 1) : told.terms.size();
        };
        Known sum;
        double largest = -HUGE_VAL;
        for (size_t t = done(first); t < done(last); ++t) {
            const Term& term = told.terms[t];
            if (channel >= 0 && (term.b.source != Source::weight || term.padding.value_or(term.a.cell).c != channel)) continue;
            sum.value += term.product;
            sum.error += std::abs(term.product) * 0x1p-40;
            largest = std::max(largest, term.product);
        }
        if (told.combine == Combine::mean) sum = {sum.value / told.divisor, sum.error / std::abs(told.divisor)};
        if (told.combine == Combine::max) sum = {largest, 0};
        return sum;
    }
    // By input: every stamp's products up to there, where they land.
    const auto made = stamped_.try_emplace({first, last, channel});
    if (made.second)
        for (int64_t step = first + 1; step <= last; ++step) {
            const Place place = in_.timeline->at(step);
            if (place.finishing) continue;
            const StampTerm stamp = stamp_term(plan, place.cell, place.term);
            if (!stamp.exists || (channel >= 0 && stamp.input.c != channel)) continue;
            const double product = as_double(layer().input, stamp.input) * as_double(described().weights[0], stamp.weight);
            Known& sum = made.first->second[stamp.output];
            sum.value += product;
            sum.error += std::abs(product) * 0x1p-40;
        }
    const auto found = made.first->second.find(cell);
    return found == made.first->second.end() ? Known{} : found->second;
}

std::optional<Known> Witness::work_out(const NumberSource& source) const {
    const std::string name = source.name;
    const int at = source.layer >= 0 ? source.layer : in_.layer;
    const Window* window = layer().plan.window ? &*layer().plan.window : nullptr;
    if (name == "value") return layers().at(source.ref, at);
    if (name == "product") {
        const Known a = layers().at(source.ref, at);
        const Known b = source.times.source == Source::constant ? Known{1} : layers().at(source.times, at);
        return Known{a.value * b.value, a.error * std::abs(b.value) + b.error * std::abs(a.value)};
    }
    if (name == "sum so far") return so_far(source.ref.cell, source.first, source.last);
    if (name == "channel's sum so far") return so_far(source.ref.cell, 0, in_.step, source.times.cell.c);
    if (name == "other channels so far") {   // than first … last
        Known rest;
        const int64_t group = source.ref.cell.c / window->out_per_group * window->in_per_group;
        for (int64_t c = group; c < group + window->in_per_group; ++c)
            if (c < source.first || c > source.last) rest.value += so_far(source.ref.cell, 0, in_.step, c).value;
        rest.error = 1e-9 * std::abs(rest.value) + 1e-12;
        return rest;
    }
    if (name == "factor of term" || name == "product of term") {
        const auto terms = layers().terms(in_.layer, source.ref.which, source.ref.cell);
        const Term& term = terms.at(static_cast<size_t>(source.first));
        if (name == "factor of term") return Known{term.b_value, 0};
        const Known a = layers().at(term.a, at), b = term.b.source == Source::constant ? Known{term.b_value} : layers().at(term.b, at);
        return Known{a.value * b.value, a.error * std::abs(b.value) + b.error * std::abs(a.value)};
    }
    if (name == "divisor") return Known{layers().explained(in_.layer, source.ref.which, source.ref.cell).divisor};
    if (name == "sum of terms") {   // that are divided for a mean
        const Known mean = layers().at(source.ref, at);
        const double divisor = layers().explained(in_.layer, source.ref.which, source.ref.cell).divisor;
        return Known{mean.value * divisor, mean.error * std::abs(divisor)};
    }
    if (name == "share of input") {   // of a blend: the factors with which that cell is read
        Known sum;
        for (const Term& term : layers().explained(in_.layer, source.ref.which, source.ref.cell).terms)
            if (term.a == source.times) sum.value += term.b_value;
        return sum;
    }
    if (name == "in the formula") {   // as the definition writes it: number `first`, signs apart
        const auto all = numbers_in(layers().explained(in_.layer, source.ref.which, source.ref.cell).formula);
        return Known{parsed_number(all.at(static_cast<size_t>(source.first)))};
    }
    if (name == "sum of the window") {
        const Known mean = so_far(source.ref.cell, 0, in_.step);
        const double divisor = layers().explained(in_.layer, layer().plan.output, source.ref.cell).divisor;
        return Known{mean.value * divisor, mean.error * std::abs(divisor)};
    }
    if (name == "entry") {   // of the matrix: the weights through which an output reads an input
        Known sum;
        for (const Term& term : layers().explained(in_.layer, layer().plan.output, source.ref.cell).terms)
            if (term.a == source.times && term.b.source == Source::weight) sum.value += term.b_value;
        return sum;
    }
    if (name == "inserted zero") return Known{0};
    if (name == "buffer after") {
        const auto which = static_cast<size_t>(source.ref.which);
        const int next = layer().plan.buffers[which].next;
        if (next < 0 || !layer().plan.training) return layers().at(source.ref, at);
        return layers().at({Source::stage, next, source.ref.cell}, at);
    }
    if (name == "nothing") return Known{0};
    for (const auto& kind : {&Witness::of_maps, &Witness::of_blocks, &Witness::of_coverage, &Witness::of_measured})
        if (const auto known = (this->*kind)(name, source)) return known;
    return statistic_of_channel(name, source);
}

Known Witness::statistic_of_channel(const std::string& name, const NumberSource& source) const {
    const int at = source.layer >= 0 ? source.layer : in_.layer;
    std::vector<Known> all;
    const Shape shape = source.ref.source == Source::input ? layer().input.shape() : layer().op_output().shape();
    for (int64_t c = 0; c < shape.c; ++c)
        if (source.ref.cell.c < 0 || c == source.ref.cell.c) {
            const auto some = layers().channel({source.ref.source, source.ref.which, {0, c, 0, 0}}, at, source.other_mode);
            all.insert(all.end(), some.begin(), some.end());
        }
    const auto n = static_cast<double>(all.size());
    const Known mean = mean_of(all);
    std::vector<Known> centred;
    for (const Known& k : all) centred.push_back({k.value - mean.value, k.error + mean.error});
    const Known deviation = all.empty() ? Known{} : rms_of(centred);
    const Known variance{deviation.value * deviation.value, (2 * deviation.value + deviation.error) * deviation.error};
    if (name == "mean") return {mean.value, mean.error + 1e-6 * deviation.value};   // what rounding leaves of 0 reads 0
    if (name == "deviation") return deviation;
    if (name == "variance") return variance;
    if (name == "variance, n−1") return {variance.value * n / (n - 1), variance.error * n / (n - 1)};
    const auto share = [&](const std::function<bool(double)>& is) {
        if (all.empty()) return Known{};   // of no finite value none is
        const Known count = count_of(all, is);
        return Known{count.value / n, count.error / n};
    };
    if (name == "flat") return share([](double v) { return std::abs(v) < 0.01; });
    if (name == "zeros") {   // float32 may reach 0 before double does
        Known zeros;
        if (all.empty()) return zeros;
        for (const Known& k : all) zeros.value += k.value == 0 ? 1 : 0, zeros.error += k.value != 0 && std::abs(k.value) <= k.error;
        return {zeros.value / n, zeros.error / n};
    }
    if (name == "values between") {   // a bar may be narrower than what float32 rounds
        Known count;
        for (const Known& k : all) {
            count.value += k.value >= source.low && k.value < source.high;
            const bool may = k.value + k.error >= source.low && k.value - k.error < source.high;
            const bool must = k.value - k.error >= source.low && k.value + k.error < source.high;
            count.error += may != must;
        }
        return count;
    }
    ADD_FAILURE() << "no number is called " << name;
    return {};
}

/// Of the maps of channels first … last: how far they reach.
std::optional<Known> Witness::of_maps(const std::string& name, const NumberSource& source) const {
    if (name != "range" && name != "minus range" && name != "range, or 1" && name != "least, at most 0") return {};
    const Plan& plan = layer().plan;
    const Shape shape = layer().output().shape();
    Known range, least;
    for (int64_t c = source.first; c <= source.last; ++c) {
        // The 99.8th percentile of the sizes away from the padding; where all of it reads padding, of all.
        std::vector<Known> inside, all;
        for (int64_t i = 0; i < shape.plane(); ++i) {
            const Index cell{source.ref.cell.n, c, i / shape.w, i % shape.w};
            const Known known = layers().at({Source::stage, layer().last_stage(), cell}, in_.layer);
            if (!std::isfinite(known.value)) continue;
            all.push_back(known);
            const auto clear = [](const WindowAxis& a, int64_t o) {
                return a.transposed || (*a.input_place(o, 0) >= 0 && *a.input_place(o, a.kernel - 1) < a.in);
            };
            const auto any = [&](const WindowAxis& a) {
                for (int64_t o = 0; o < a.out; ++o)
                    if (clear(a, o)) return true;
                return false;
            };
            const auto counts = [&](const WindowAxis& a, int64_t o) { return !any(a) || clear(a, o); };
            if (!plan.window || (counts(plan.window->h, cell.h) && counts(plan.window->w, cell.w))) inside.push_back(known);
        }
        const auto size = [](const Known& k) { return std::abs(k.value); };
        std::ranges::sort(inside, {}, size);
        Known one;
        if (!inside.empty()) one = inside[static_cast<size_t>(0.998 * static_cast<double>(inside.size() - 1))];
        if (size(one) <= one.error)
            for (const Known& k : all)
                if (size(k) > size(one)) one = k;
        if (size(one) > range.value) range.value = size(one);
        for (const Known& k : all) {
            range.error = std::max(range.error, k.error);
            least.value = std::min(least.value, k.value);
            least.error = std::max(least.error, k.error);
        }
    }
    if (name == "least, at most 0") return least;
    if (name == "minus range") return Known{-range.value, range.error};
    if (name == "range, or 1" && static_cast<float>(range.value) == 0) return Known{1};
    return range;
}

// ---- Blocks of a chain

Known Witness::signal(int network, int64_t block) const {
    const KnownLayers& layers = *networks_.at(static_cast<size_t>(network));
    const auto blocks = blocks_of(layers.result().document);
    const int last = blocks.at(static_cast<size_t>(block - 1)).last;
    std::vector<Known> all;
    const Tensor& gradient = layers.layer(last).grad_output;
    for (int64_t i = 0; i < gradient.shape().count(); ++i) {
        const Index cell = gradient.shape().index(i);
        if (last + 1 == static_cast<int>(layers.result().layers.size())) {
            all.push_back({as_double(gradient, cell)});   // where the pass begins
            continue;
        }
        const Plan& next = layers.layer(last + 1).plan;
        const int stage = next.skip.grad_total >= 0 ? next.skip.grad_total : next.stage("grad_input");
        all.push_back(layers.at({Source::stage, stage, cell}, last + 1));
    }
    return rms_of(all);
}

std::optional<Known> Witness::of_blocks(const std::string& name, const NumberSource& source) const {
    const KnownLayers& layers = *networks_.at(static_cast<size_t>(source.network));
    const auto blocks = blocks_of(layers.result().document);
    if (name == "signal") return signal(source.network, source.first);
    if (name == "weight signal") {
        std::vector<Known> all;
        const Block& block = blocks.at(static_cast<size_t>(source.first - 1));
        for (int k = block.first; k <= block.last; ++k) {
            const Plan& plan = layers.layer(k).plan;
            for (const WeightSpec& weight : plan.weights) {
                const int stage = plan.stage("grad_" + weight.name);
                if (weight.rank != 4 || stage < 0) continue;
                for (int64_t i = 0; i < weight.shape.count(); ++i)
                    all.push_back(layers.at({Source::stage, stage, weight.shape.index(i)}, k));
            }
        }
        return rms_of(all);
    }
    if (name == "signal ratio") return ratio(signal(source.network, source.first), signal(source.network, source.last));
    if (name == "signal per layer") {   // the geometric mean of the ratios between blocks first … last
        const Known whole = ratio(signal(source.network, source.first), signal(source.network, source.last));
        const double steps = static_cast<double>(source.last - source.first), value = std::pow(whole.value, 1 / steps);
        return Known{value, value * whole.error / whole.value / steps};
    }
    if (name == "layers to the floor") {
        const auto count = static_cast<int64_t>(blocks.size());
        for (int64_t k = count; k >= 1; --k)
            if (signal(source.network, k).value <= 0x1p-126) return Known{static_cast<double>(count - k)};
        int64_t first = count;
        while (first > 1 && signal(source.network, first - 1).value > 0) --first;
        const double start = signal(source.network, count).value;
        const double factor = std::pow(signal(source.network, first).value / start, 1 / static_cast<double>(count - first));
        return Known{std::log(0x1p-126 / start) / std::log(factor) + 0.5, 0.5};   // rounded up
    }
    return {};
}

// ---- Coverage, and the slope measured by moving a weight

std::optional<Known> Witness::of_coverage(const std::string& name, const NumberSource& source) const {
    if (!layer().plan.window) return {};
    const Shape out = layer().op_output().shape(), input = layer().input.shape();
    const bool reads = name == "times read" || name == "cells read so often";
    if (!reads && name != "inputs" && name != "of ones" && name != "cells made of so many") return {};
    const int64_t channel = source.ref.source == Source::stage ? source.ref.cell.c : 0;
    const auto made = counts_.try_emplace({reads ? "reads" : name == "of ones" ? "ones" : "inputs", channel});
    std::map<Index, double>& counts = made.first->second;
    const auto answer = [&] {
        if (!name.starts_with("cells")) return Known{counts[{0, 0, source.ref.cell.h, source.ref.cell.w}]};
        Known cells;
        for (const auto& [cell, count] : counts) cells.value += count == static_cast<double>(source.first);
        return cells;
    };
    if (!made.second) return answer();
    const Window& window = *layer().plan.window;
    // All channels are read alike: the first of the group, from the first output channel.
    for (int64_t i = 0; reads && i < input.plane(); ++i) counts[{0, 0, i / input.w, i % input.w}] = 0;
    for (int64_t i = 0; i < out.plane(); ++i) {
        const Index cell{0, channel, i / out.w, i % out.w};
        const int64_t from = cell.c / window.out_per_group * window.in_per_group;
        for (const Term& term : layers().explained(in_.layer, layer().plan.output, cell).terms) {
            if (term.a.source == Source::input && term.a.cell.c == from) {
                if (reads) ++counts[{0, 0, term.a.cell.h, term.a.cell.w}];
                else if (name != "of ones" && !term.padding) ++counts[{0, 0, cell.h, cell.w}];
            }
            const bool one = term.a.source == Source::input;   // its padding is 0, as ever
            if (name == "of ones" && one && term.b.source == Source::weight) counts[{0, 0, cell.h, cell.w}] += term.b_value;
        }
        if (!reads) counts.try_emplace({0, 0, cell.h, cell.w}, 0);
    }
    return answer();
}

std::optional<Known> Witness::of_measured(const std::string& name, const NumberSource& source) const {
    if (name != "loss above" && name != "loss below" && name != "distance" && name != "measured slope") return {};
    Document document = layers().result().document;
    Tensor& weight = document.layers[static_cast<size_t>(in_.layer)].weights[static_cast<size_t>(source.ref.which)];
    const float w = weight.at(source.ref.cell), h = std::max(1.f, std::abs(w)) / 1024;
    const auto loss = [&](float moved) {
        weight.set(source.ref.cell, moved);
        return loss_of(document);
    };
    const double distance = static_cast<double>(w + h) - static_cast<double>(w - h);
    if (name == "distance") return Known{distance};
    const double above = loss(w + h), below = loss(w - h);
    const double error = 1e-11 * (1 + std::abs(above) + std::abs(below));
    if (name == "loss above") return Known{above, error};
    if (name == "loss below") return Known{below, error};
    return Known{(above - below) / distance, 2 * error / distance};
}

}  // namespace convscope
