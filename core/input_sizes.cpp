#include "core/input_sizes.h"

#include <algorithm>

#include "core/trouble.h"

namespace convscope {
namespace {

/// Impossible sizes that are passed over, at most.
constexpr int64_t kMostTried = 64;

int64_t& extent(Shape& shape, Axis axis) { return axis == Axis::height ? shape.h : shape.w; }
int64_t extent(const Shape& shape, Axis axis) { return axis == Axis::height ? shape.h : shape.w; }
int64_t& extent(Pair& pair, Axis axis) { return axis == Axis::height ? pair.h : pair.w; }

Shape with_extent(Shape shape, Axis axis, int64_t size) {
    extent(shape, axis) = size;
    return shape;
}

/// The line that tells that axis; null where the formula tells nothing.
const SizeFormula* line_of(const std::vector<SizeFormula>& lines, Axis axis) {
    if (lines.size() <= 1) return lines.empty() ? nullptr : &lines.front();
    return axis == Axis::height ? &lines[0] : &lines[1];
}

std::vector<SizeFormula> formula(const Op& op, const Params& params, Shape input) {
    return op.size_formula(params, Plan{}, input);
}

/// The smallest input size that gives `wanted` or more, or that is too large for the formula to tell. Sizes never shrink
/// when the input grows.
int64_t first_giving(const Op& op, const Params& params, Shape input, Axis axis, int64_t wanted) {
    int64_t low = 1, high = kMaxSide + 1;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        const auto out = size_from(op, params, with_extent(input, axis, middle), axis);
        if (!out || *out >= wanted)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

std::optional<SizePair> pair_at(const Op& op, const Params& params, Shape input, Axis axis,
                                int64_t in) {
    if (in < 1 || in > kMaxSide) return {};
    const Shape shape = with_extent(input, axis, in);
    const auto out = size_from(op, params, shape, axis);
    if (!out || *out < 1 || op.plan(params, shape, true).problem) return {};
    return SizePair{in, *out};
}

/// `params` with `key` set to `size` on that axis and to 0 on the other.
Params with_choice(const Op& op, Params params, const std::string& key, Axis axis, int64_t size) {
    Pair pair;
    extent(pair, axis) = size;
    params[static_cast<size_t>(field_index(op, key))] = pair;
    return params;
}

/// What `key` must be so that `op` makes `out` of `in`; none where it may not be that. A choice adds its cells to the size.
std::optional<int64_t> choice_for(const Op& op, const Params& params, const std::string& key,
                                  Shape input, Axis axis, int64_t in, int64_t out) {
    const Shape shape = with_extent(input, axis, in);
    const auto least = size_from(op, with_choice(op, params, key, axis, 0), shape, axis);
    if (!least || *least > out) return {};
    const int64_t choice = out - *least;
    const Params chosen = with_choice(op, params, key, axis, choice);
    if (size_from(op, chosen, shape, axis) != out) return {};
    const Plan plan = op.plan(chosen, shape, true);
    if (plan.problem && plan.problem->key == key) return {};
    return choice;
}

/// The parameter of the layer itself that chooses between sizes: the way back from its way back says so.
std::string own_choice(const std::optional<Layer>& back) {
    return back && back->op->way_back ? back->op->way_back(back->params).chooses : "";
}

void find_nearest(InputSizes& sizes, const Layer& layer, Shape input, Axis axis, int64_t wanted) {
    const Op& op = *layer.op;
    sizes.below = pair_at(op, layer.params, input, axis, sizes.first - 1);
    sizes.above = pair_at(op, layer.params, input, axis, sizes.first);
    const std::string key = own_choice(layer_back(layer));
    if (key.empty() || field_index(op, key) < 0) return;
    const Params least = with_choice(op, layer.params, key, axis, 0);
    const int64_t in = first_giving(op, least, input, axis, wanted + 1) - 1;
    if (in < 1) return;
    sizes.choice = choice_for(op, layer.params, key, input, axis, in, wanted);
    sizes.choice_in = in;
}

/// What layer `layer` gets on that axis from an input of that size, as the formulas tell it (below 1: impossible); none where
/// one on the way tells nothing.
std::optional<int64_t> size_at(const Document& document, int layer, Axis axis, int64_t in) {
    Shape shape = with_extent(document.input.tensor.shape(), axis, in);
    for (int k = 0; k < layer; ++k) {
        const Layer& on_way = document.layers[static_cast<size_t>(k)];
        const auto out = size_from(*on_way.op, on_way.params, shape, axis);
        if (!out || *out < 1 || *out > kMaxSide) return out;
        shape = with_extent(shape, axis, *out);
    }
    return extent(shape, axis);
}

/// Every layer up to that one can be on such an input.
bool is_possible(const Document& document, int layer, Shape shape) {
    for (int k = 0; k <= layer; ++k) {
        const Layer& on_way = document.layers[static_cast<size_t>(k)];
        const Plan plan = on_way.op->plan(on_way.params, shape, document.training);
        if (plan.problem) return false;
        shape = plan.output_stage().shape;
    }
    return true;
}

}  // namespace

ChainInput chain_input(const Document& document, int layer, Axis axis, int64_t wanted) {
    const Shape now = document.input.tensor.shape();
    // Sizes never shrink when the input grows: the inputs that give one are neighbours.
    const auto first_at_least = [&](int64_t size) {
        int64_t low = 1, high = kMaxSide + 1;
        while (low < high) {
            const int64_t middle = low + (high - low) / 2;
            const auto got = size_at(document, layer, axis, middle);
            if (!got || *got >= size) high = middle;
            else low = middle + 1;
        }
        return low;
    };
    ChainInput found;
    wanted = std::min(wanted, kMaxSide);
    if (wanted < 1 || !size_at(document, layer, axis, extent(now, axis))) return found;
    const int64_t first = first_at_least(wanted), last = first_at_least(wanted + 1) - 1;
    const int64_t near = std::clamp(extent(now, axis), first, std::max(first, last));
    for (int64_t off = 0; first <= last && off < kMostTried && !found.in; ++off)
        for (const int64_t in : {near - off, near + off})
            if (!found.in && in >= first && in <= last && is_possible(document, layer, with_extent(now, axis, in))) found.in = in;
    if (found.in) return found;
    const auto pair = [&](int64_t in) -> std::optional<SizePair> {
        const auto got = in < 1 || in > kMaxSide ? std::nullopt : size_at(document, layer, axis, in);
        if (!got || *got < 1) return {};
        return SizePair{in, *got};
    };
    found.below = pair(first - 1);
    found.above = pair(last + 1);
    return found;
}

std::optional<int64_t> size_from(const Op& op, const Params& params, Shape input, Axis axis) {
    const std::vector<SizeFormula> lines = formula(op, params, input);
    const SizeFormula* line = line_of(lines, axis);
    return line ? std::optional(line->out) : std::nullopt;
}

std::optional<Layer> layer_back(const Layer& layer) {
    if (!layer.op->way_back) return {};
    const WayBack way = layer.op->way_back(layer.params);
    Layer back{.op = find_op(way.op)};
    CHECK_THAT(back.op != nullptr, ==, true);
    back.params = standard_params(*back.op);
    for (const auto& [key, value] : way.params)
        back.params.at(static_cast<size_t>(field_index(*back.op, key))) = value;
    return back;
}

InputSizes input_sizes(const Layer& layer, Shape input, bool training, Axis axis, int64_t wanted) {
    const Op& op = *layer.op;
    InputSizes sizes;
    if (!size_from(op, layer.params, input, axis)) return sizes;
    wanted = std::min(wanted, kMaxSide);
    sizes.first = first_giving(op, layer.params, input, axis, std::max<int64_t>(1, wanted));
    sizes.last = wanted < 1 ? sizes.first - 1
                            : first_giving(op, layer.params, input, axis, wanted + 1) - 1;
    sizes.is_open = !pair_at(op, layer.params, input, axis, sizes.last + 1);
    const std::optional<Layer> back = layer_back(layer);
    const std::string key = back ? layer.op->way_back(layer.params).chooses : "";
    // Some of the smallest may be impossible: a mirror needs cells to copy.
    const int64_t end = std::min(sizes.last, sizes.first + kMostTried - 1);
    for (int64_t in = sizes.first; in <= end && sizes.listed.size() < kMostListed; ++in) {
        const Shape shape = with_extent(input, axis, in);
        const Plan plan = op.plan(layer.params, shape, training);
        if (plan.problem) continue;
        const std::vector<SizeFormula> lines = formula(op, layer.params, shape);
        InputSize size{.in = in, .leftover = line_of(lines, axis)->leftover};
        if (!key.empty())
            size.chooses = choice_for(*back->op, back->params, key,
                                      {1, plan.output_stage().shape.c, 1, 1}, axis, wanted, in);
        sizes.listed.push_back(size);
    }
    if (sizes.last < sizes.first) find_nearest(sizes, layer, input, axis, wanted);
    return sizes;
}

bool keeps_size(const Layer& layer, Shape input) {
    for (const Axis axis : {Axis::height, Axis::width})
        for (const int64_t more : {0, 1}) {
            const int64_t in = extent(input, axis) + more;
            const auto out = size_from(*layer.op, layer.params, with_extent(input, axis, in), axis);
            if (out.value_or(in) != in) return false;
        }
    return true;
}

}  // namespace convscope
