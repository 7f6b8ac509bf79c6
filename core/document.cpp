// Edits: functions from one Document to the next, and how weights follow the shapes that plans ask for.
#include "core/document.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/chain_edits.h"
#include "core/evaluate.h"
#include "core/number_text.h"
#include "core/presets.h"

namespace convscope {
namespace {

constexpr uint64_t kWeightSeed = 1;

/// Which axis of a weight counts the output's channels: 0, 1, or −1 for none ("out, in, row, column").
int output_axis(const WeightSpec& spec) {
    if (spec.rank == 1) return 1;  // a vector is kept as (1, C, 1, 1)
    if (spec.axes.starts_with("out")) return 0;
    return spec.axes.find(", out") != std::string::npos ? 1 : -1;
}

/// A fresh weight: seeded small integers for kernels, γ = 1, biases 0.
Tensor fresh_weight(const WeightSpec& spec, uint64_t seed) {
    if (spec.rank == 4) return generate("integers −2–2", seed, spec.shape);
    return Tensor(spec.shape, spec.name == "weight" ? 1.0f : 0.0f);
}

/// Copies the plane (n, c) of `from` into `to` so that the kernels' centres meet; what lies outside is lost, what is new
/// stays zero. The centre of an even extent is the earlier of its two middle cells.
void copy_centred(const Tensor& from, std::span<float> to, Shape to_shape, int64_t n, int64_t c) {
    const Shape old = from.shape();
    const int64_t shift_h = (to_shape.h - 1) / 2 - (old.h - 1) / 2;
    const int64_t shift_w = (to_shape.w - 1) / 2 - (old.w - 1) / 2;
    for (int64_t h = 0; h < to_shape.h; ++h) {
        for (int64_t w = 0; w < to_shape.w; ++w) {
            const Index source{n, c, h - shift_h, w - shift_w};
            to[static_cast<size_t>(to_shape.offset({n, c, h, w}))] =
                old.contains(source) ? from.at(source) : 0.0f;
        }
    }
}

/// `old` in the shape of `spec`: channels it had keep their values, further ones are fresh.
Tensor fitted_weight(const Tensor& old, const WeightSpec& spec, uint64_t seed) {
    if (!old.empty() && old.shape() == spec.shape) return old;
    Tensor fitted = fresh_weight(spec, seed);
    if (old.empty()) return fitted;
    const std::span<float> values = fitted.mutate();
    for (int64_t n = 0; n < std::min(spec.shape.n, old.shape().n); ++n)
        for (int64_t c = 0; c < std::min(spec.shape.c, old.shape().c); ++c)
            copy_centred(old, values, spec.shape, n, c);
    return fitted;
}

/// `old` with its top left part kept and zeros elsewhere, along all four axes.
Tensor resized(const Tensor& old, Shape shape) {
    Tensor result(shape);
    const std::span<float> values = result.mutate();
    const Shape common{std::min(shape.n, old.shape().n), std::min(shape.c, old.shape().c),
                       std::min(shape.h, old.shape().h), std::min(shape.w, old.shape().w)};
    for (int64_t i = 0; i < common.count(); ++i)
        values[static_cast<size_t>(shape.offset(common.index(i)))] = old.at(common.index(i));
    return result;
}

std::string channel_word(int64_t channel) { return fmt::format("channel {}", channel); }

void fit_buffers(Layer& layer, const Plan& plan) {
    std::vector<Tensor> buffers;
    for (size_t i = 0; i < plan.buffers.size(); ++i) {
        const BufferSpec& spec = plan.buffers[i];
        Tensor fitted(spec.shape, spec.initial);
        if (i < layer.buffers.size() && !layer.buffers[i].empty()) {
            if (layer.buffers[i].shape() == spec.shape)
                fitted = layer.buffers[i];
            else  // channels it had keep their values
                std::ranges::copy(layer.buffers[i].values().first(static_cast<size_t>(std::min(
                                      layer.buffers[i].shape().count(), spec.shape.count()))),
                                  fitted.mutate().begin());
        }
        buffers.push_back(std::move(fitted));
    }
    layer.buffers = std::move(buffers);
}

void fit_layer(Layer& layer, const Plan& plan, uint64_t seed) {
    std::vector<Tensor> weights;
    for (size_t i = 0; i < plan.weights.size(); ++i) {
        const WeightSpec& spec = plan.weights[i];
        if (size_problem(spec.shape, "")) return;  // evaluate says so
        weights.push_back(
            fitted_weight(i < layer.weights.size() ? layer.weights[i] : Tensor(), spec, seed + i));
    }
    layer.weights = std::move(weights);
    fit_buffers(layer, plan);
    const int64_t channels = plan.output_stage().shape.c;
    const auto named = static_cast<int64_t>(layer.channel_names.size());
    if (named == 0 || named == channels) return;
    layer.channel_names.resize(static_cast<size_t>(std::min(named, channels)));
    if (channels > 4096) layer.channel_names.clear();  // nobody reads so many names
    for (int64_t c = named; c < channels && channels <= 4096; ++c)
        layer.channel_names.push_back(channel_word(c));
}

/// Renames the output channels whose kernels differ from `old`.
void rename_channels(Layer& layer, const WeightSpec& spec, const Tensor& old) {
    const Tensor& now = layer.weights[0];
    const int axis = output_axis(spec);
    if (layer.channel_names.empty() || axis < 0 || spec.rank != 4 || old.shape() != now.shape())
        return;
    const int64_t outs = axis == 0 ? now.shape().n : now.shape().c;
    // A grouped transposed weight has several output channels in one place of its axis; they have no names of their own.
    if (outs != static_cast<int64_t>(layer.channel_names.size())) return;
    const int64_t ins = axis == 0 ? now.shape().c : now.shape().n;
    const Tensor chosen = chosen_kernels(layer);
    const auto plane_at = [&](const Tensor& t, int64_t out, int64_t in) {
        const Index corner{axis == 0 ? out : in, axis == 0 ? in : out, 0, 0};
        return t.values().subspan(static_cast<size_t>(t.shape().offset(corner)),
                                  static_cast<size_t>(t.shape().plane()));
    };
    for (int64_t out = 0; out < outs; ++out) {
        bool changed = false;
        for (int64_t in = 0; in < ins && !changed; ++in)
            changed = !std::ranges::equal(plane_at(old, out, in), plane_at(now, out, in));
        if (!changed) continue;
        const std::string name = kernel_name(chosen, axis == 0 ? Index{out, 0} : Index{0, out});
        layer.channel_names[static_cast<size_t>(out)] = name.empty() ? channel_word(out) : name;
    }
}

}  // namespace

std::optional<Problem> size_problem(Shape shape, std::string_view what) {
    int64_t count = 1;
    for (const int64_t extent : {shape.n, shape.c, shape.h, shape.w}) {
        if (extent < 1) {
            return Problem{fmt::format("{} of {} holds no values.", what, to_string(shape)),
                           "Every extent must be 1 or more.",
                           "",
                           {}};
        }
        if (extent > kMaxValues / count) {
            return Problem{
                fmt::format("{} of {} is too large.", what, to_string(shape)),
                fmt::format("One tensor may hold up to {} values.", grouped_text(kMaxValues)),
                "",
                {}};
        }
        count *= extent;
    }
    return {};
}

const std::vector<std::string>& start_kind_names() {
    static const std::vector<std::string> names{"random", "mean_square", "squared_distance",
                                                "given"};
    return names;
}

const std::string& start_kind_name(BackwardStart::Kind kind) {
    return start_kind_names()[static_cast<size_t>(kind)];
}

std::optional<BackwardStart::Kind> start_kind(std::string_view name) {
    const auto& names = start_kind_names();
    const auto found = std::ranges::find(names, name);
    if (found == names.end()) return {};
    return static_cast<BackwardStart::Kind>(found - names.begin());
}

Tensor batch_input(const Input& input, int64_t batch) {
    const auto* made = std::get_if<Generated>(&input.origin);
    if (!made || batch <= 1) return input.tensor;
    return generate(made->kind, made->seed + static_cast<uint64_t>(batch - 1), input.tensor.shape());
}

Layer make_layer(const Op& op, Shape input, uint64_t seed) {
    Layer layer{&op, op.fit_channels(standard_params(op), input.c), {}, {}};
    const Plan plan = op.plan(layer.params, input, false);
    if (!plan.problem) fit_layer(layer, plan, seed);
    return layer;
}

Document standard_document() {
    const Op* conv = find_op("conv2d");
    CHECK_THAT(conv != nullptr, ==, true);
    Document document;
    document.name = "Emboss on random integers";
    // Forty-nine digits of π: as good as random, and easy to check.
    document.input.tensor = Tensor(
        {1, 1, 7, 7}, {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4, 6, 2, 6, 4, 3,
                       3, 8, 3, 2, 7, 9, 5, 0, 2, 8, 8, 4, 1, 9, 7, 1, 6, 9, 3, 9, 9, 3, 7, 5});
    document.layers.push_back(make_layer(*conv, document.input.tensor.shape()));
    document = with_param(std::move(document), 0, "stride", Pair{2, 2});
    document = with_param(std::move(document), 0, "padding", Padding{Padding::Kind::pair, {1, 1}});
    document = with_param(std::move(document), 0, "bias", false);
    return with_weight(std::move(document), 0, 0,
                       Tensor({1, 1, 3, 3}, {-2, -1, 0, -1, 1, 1, 0, 1, 2}));
}

Document with_param(Document document, int layer, std::string_view key, Value value) {
    Layer& edited = document.layers.at(static_cast<size_t>(layer));
    const int field = field_index(*edited.op, key);
    CHECK_THAT(field, >=, 0);
    Value& held = edited.params[static_cast<size_t>(field)];
    CHECK_THAT(held.index(), ==, value.index());
    if (held == value) return document;
    const std::vector<int64_t> before = channels_along(document);
    held = std::move(value);
    follow(document, before, static_cast<size_t>(layer) + 1);
    return document;
}

Document with_weight(Document document, int layer, int weight, Tensor tensor) {
    Layer& edited = document.layers.at(static_cast<size_t>(layer));
    std::swap(edited.weights.at(static_cast<size_t>(weight)), tensor);
    const Result planned = plan_only(document);
    if (weight == 0 && static_cast<size_t>(layer) < planned.layers.size())
        rename_channels(edited, planned.layers[static_cast<size_t>(layer)].plan.weights[0], tensor);
    return document;
}

Document with_input(Document document, Input input) {
    const std::vector<int64_t> before = channels_along(document);
    document.input = std::move(input);
    follow(document, before, 0);
    return document;
}

Document with_input_shape(Document document, Shape shape) {
    if (shape == document.input.tensor.shape() || size_problem(shape, "")) return document;
    Input input;
    if (const auto* made = std::get_if<Generated>(&document.input.origin))
        input = generated_input(made->kind, made->seed, shape);
    else
        input.tensor = resized(document.input.tensor, shape);
    return with_input(std::move(document), std::move(input));
}

void fit_weights(Document& document) {
    Shape shape = document.input.tensor.shape();
    for (size_t k = 0; k < document.layers.size(); ++k) {
        Layer& layer = document.layers[k];
        const Plan plan = layer.op->plan(layer.params, shape, document.training);
        if (plan.problem) return;
        fit_layer(layer, plan, kWeightSeed + 16 * k);
        shape = plan.output_stage().shape;
    }
    Tensor& start = document.start.tensor;
    if (!start.empty() && start.shape() != shape && !size_problem(shape, ""))
        start = resized(start, shape);
}

}  // namespace convscope
