// How a chain changes and what follows: channels, weights, skip connections.
#include "core/chain_edits.h"

#include <algorithm>
#include <optional>

#include "core/evaluate.h"

namespace convscope {
namespace {

/// Where a skip connection starts and ends; they are kept by place while layers move.
struct Skip {
    int64_t from = 0, end = 0;
};

std::vector<Skip> skips_of(const Document& document) {
    std::vector<Skip> skips;
    for (size_t k = 0; k < document.layers.size(); ++k) {
        const auto end = static_cast<int64_t>(k);
        const int64_t skip = document.layers[k].skip;
        // An impossible number stays with its layer: its sentence is already told.
        if (skip > 0 && skip <= end + 1) skips.push_back({end + 1 - skip, end});
    }
    return skips;
}

void set_skips(Document& document, const std::vector<Skip>& skips) {
    for (size_t k = 0; k < document.layers.size(); ++k) {
        const int64_t skip = document.layers[k].skip;
        if (skip > 0 && skip <= static_cast<int64_t>(k) + 1) document.layers[k].skip = 0;
    }
    for (const Skip& skip : skips)
        document.layers[static_cast<size_t>(skip.end)].skip = skip.end + 1 - skip.from;
}

void make_room(std::vector<Skip>& skips, int64_t at) {
    for (Skip& skip : skips) {
        if (skip.from >= at) ++skip.from;
        if (skip.end >= at) ++skip.end;
    }
}

void close_gap(std::vector<Skip>& skips, int64_t at) {
    std::erase_if(skips, [at](const Skip& skip) { return skip.end == at; });
    for (Skip& skip : skips) {
        if (skip.from > at) --skip.from;
        if (skip.end > at) --skip.end;
    }
}

int clamped(int layer, size_t count) {
    return std::clamp(layer, 0, std::max(0, static_cast<int>(count) - 1));
}

/// The shape that reaches layer `at`; none when a layer before it is impossible.
std::optional<Shape> shape_before(const Document& document, size_t at) {
    Shape shape = document.input.tensor.shape();
    for (size_t k = 0; k < at; ++k) {
        const Layer& layer = document.layers[k];
        const Plan plan = layer.op->plan(layer.params, shape, document.training);
        if (plan.problem) return {};
        shape = plan.output_stage().shape;
    }
    return shape;
}

void set_value(Params& params, const Op& op, std::string_view key, const Value& value) {
    const int field = field_index(op, key);
    if (field < 0) return;
    Value& held = params[static_cast<size_t>(field)];
    if (held.index() == value.index()) held = value;
}

/// A layer that can stand where that shape arrives, if the op knows how.
Layer fitting_layer(const Op& op, Shape shape, bool training, uint64_t seed) {
    constexpr int kMostRemedies = 8;
    constexpr int64_t kMostChannels = 1024;  // weights grow with the square
    Params params = op.fit_channels(standard_params(op), shape.c);
    const auto problem = [&](const Params& tried) { return op.plan(tried, shape, training).problem; };
    if (shape.c <= kMostChannels) {
        Params wider = params;
        set_value(wider, op, "out_channels", shape.c);
        if (!problem(wider) || problem(params)) params = std::move(wider);
    }
    Params cured = params;
    for (int i = 0; i < kMostRemedies; ++i) {
        const auto wrong = problem(cured);
        if (!wrong || wrong->remedies.empty()) break;
        set_value(cured, op, wrong->remedies[0].key, wrong->remedies[0].value);
    }
    if (!problem(cured)) params = std::move(cured);
    Layer layer = make_layer(op, shape, seed);
    if (params != layer.params) {
        layer.params = std::move(params);
        layer.weights.clear();  // fitted with the chain, from the same kind of numbers
    }
    return layer;
}

/// Puts it at `at` and lets channels and weights follow.
Document inserted(Document document, size_t at, Layer layer) {
    std::vector<Skip> skips = skips_of(document);
    std::vector<int64_t> before = channels_along(document);
    // The new layer's channels are right already: they are those that reach the place.
    before.insert(before.begin() + static_cast<std::ptrdiff_t>(at), before[at]);
    document.layers.insert(document.layers.begin() + static_cast<std::ptrdiff_t>(at),
                           std::move(layer));
    make_room(skips, static_cast<int64_t>(at));
    set_skips(document, skips);
    follow(document, before, at);
    return document;
}

}  // namespace

Document with_layer_added(Document document, int at, const Op& op) {
    const size_t count = document.layers.size();
    if (count >= kMaxLayers) return document;
    const auto place = static_cast<size_t>(std::clamp(at, 0, static_cast<int>(count)));
    const auto shape = shape_before(document, place);
    // Behind an impossible layer no shape arrives: standard parameters, and weights once there is one.
    Layer layer{&op, standard_params(op), {}, {}};
    if (shape) layer = fitting_layer(op, *shape, document.training, 1 + 16 * count);
    return inserted(std::move(document), place, std::move(layer));
}

Document with_layer_duplicated(Document document, int layer) {
    const size_t count = document.layers.size();
    if (count == 0 || count >= kMaxLayers) return document;
    const auto place = static_cast<size_t>(clamped(layer, count));
    Layer copy = document.layers[place];
    copy.skip = 0;
    const auto shape = shape_before(document, place + 1);
    if (shape) copy.params = copy.op->fit_channels(copy.params, shape->c);
    return inserted(std::move(document), place + 1, std::move(copy));
}

Document with_layer_removed(Document document, int layer) {
    if (document.layers.size() < 2) return document;
    const auto place = static_cast<size_t>(clamped(layer, document.layers.size()));
    std::vector<Skip> skips = skips_of(document);
    std::vector<int64_t> before = channels_along(document);
    before.erase(before.begin() + static_cast<std::ptrdiff_t>(place));
    document.layers.erase(document.layers.begin() + static_cast<std::ptrdiff_t>(place));
    // The layer behind now gets what reached the removed one.
    close_gap(skips, static_cast<int64_t>(place));
    set_skips(document, skips);
    follow(document, before, place);
    return document;
}

Document with_layer_moved(Document document, int from, int to) {
    const size_t count = document.layers.size();
    if (count == 0) return document;
    const auto source = static_cast<size_t>(clamped(from, count)),
               target = static_cast<size_t>(clamped(to, count));
    if (source == target) return document;
    const auto low = static_cast<int64_t>(std::min(source, target)),
               high = static_cast<int64_t>(std::max(source, target));
    std::vector<Skip> inside, others;
    for (const Skip& skip : skips_of(document))
        (skip.from <= low && high <= skip.end ? inside : others).push_back(skip);
    close_gap(others, static_cast<int64_t>(source));
    make_room(others, static_cast<int64_t>(target));
    others.insert(others.end(), inside.begin(), inside.end());

    std::vector<int64_t> before = channels_along(document);
    const auto rotate = [&](auto& list) {
        const auto first = list.begin() + static_cast<std::ptrdiff_t>(low),
                   last = list.begin() + static_cast<std::ptrdiff_t>(high) + 1;
        if (source < target)
            std::rotate(first, first + 1, last);
        else
            std::rotate(first, last - 1, last);
    };
    rotate(before);
    rotate(document.layers);
    set_skips(document, others);
    follow(document, before, static_cast<size_t>(low));
    return document;
}

Document with_skip(Document document, int layer, int64_t skip) {
    document.layers.at(static_cast<size_t>(layer)).skip = skip;
    return document;
}

Document with_buffer(Document document, int layer, int buffer, Tensor tensor) {
    document.layers.at(static_cast<size_t>(layer)).buffers.at(static_cast<size_t>(buffer)) =
        std::move(tensor);
    return document;
}

std::vector<int64_t> possible_skips(const Document& document, int layer) {
    std::vector<int64_t> possible;
    std::vector<Shape> shapes{document.input.tensor.shape()};
    for (int k = 0; k <= layer; ++k) {
        const Layer& at = document.layers.at(static_cast<size_t>(k));
        const Plan plan = at.op->plan(at.params, shapes.back(), document.training);
        if (plan.problem) return {};
        shapes.push_back(plan.output_stage().shape);
    }
    for (int64_t skip = 1; skip <= layer + 1; ++skip)
        if (shapes[static_cast<size_t>(layer + 1 - skip)] == shapes.back())
            possible.push_back(skip);
    return possible;
}

std::vector<int64_t> channels_along(const Document& document) {
    std::vector<int64_t> channels(document.layers.size() + 1, -1);
    Shape shape = document.input.tensor.shape();
    channels[0] = shape.c;
    for (size_t k = 0; k < document.layers.size(); ++k) {
        const Plan plan =
            document.layers[k].op->plan(document.layers[k].params, shape, document.training);
        if (plan.problem) break;
        shape = plan.output_stage().shape;
        channels[k + 1] = shape.c;
    }
    return channels;
}

void follow(Document& document, const std::vector<int64_t>& before, size_t first) {
    Shape shape = document.input.tensor.shape();
    for (size_t k = 0; k < document.layers.size(); ++k) {
        Layer& layer = document.layers[k];
        const int64_t known = k < before.size() ? before[k] : -1;
        if (k >= first && known != shape.c)
            layer.params = layer.op->fit_channels(layer.params, shape.c);
        const Plan plan = layer.op->plan(layer.params, shape, document.training);
        if (plan.problem) break;
        shape = plan.output_stage().shape;
    }
    fit_weights(document);
}

}  // namespace convscope
