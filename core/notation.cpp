#include "core/notation.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/trouble.h"

namespace convscope {
namespace {

bool has_words(const Field& field, Writing writing) {
    return writing.keras && field.notation.only_words;
}

/// Rows and columns of a parameter that counts cells of a side; none for words and other types.
std::optional<Pair> pair_in(const Value& value) {
    if (const auto* pair = std::get_if<Pair>(&value)) return *pair;
    if (const auto* padding = std::get_if<Padding>(&value))
        if (padding->kind == Padding::Kind::pair) return padding->pair;
    return {};
}

Value with_pair(const Value& like, Pair pair) {
    if (std::holds_alternative<Padding>(like)) return Padding{Padding::Kind::pair, pair};
    return pair;
}

/// 1 − m without the dust of binary fractions: 0.9 and not 0.90000000000000002.
double complement(double m) {
    if (!std::isfinite(m)) return m;
    const double other = 1 - m;
    for (const double rounded : {std::round(other * 1e6) / 1e6, std::round(other * 1e12) / 1e12})
        if (std::abs(other - rounded) <= 1e-15 * std::max(1.0, std::abs(other))) return rounded;
    return other;
}

Value complement_of(const Value& value) {
    if (const auto* number = std::get_if<double>(&value)) return complement(*number);
    if (const auto* number = std::get_if<std::optional<double>>(&value))
        return *number ? std::optional(complement(**number)) : *number;
    return value;
}

Sides sides_of(const WindowAxis& axis) { return {axis.pad_before, axis.pad_after}; }

/// Every cell of the window's axis stands where Keras' 'same' puts it.
bool is_keras_same(const Window& window) {
    const auto agrees = [](const WindowAxis& axis) {
        const int64_t out = axis.transposed ? axis.in * axis.stride : -floor_div(-axis.in, axis.stride);
        return axis.out == out && (axis.transposed ? axis.pad_before == keras_same(axis).before
                                                   : sides_of(axis) == keras_same(axis));
    };
    return agrees(window.h) && agrees(window.w);
}

std::string sides_text(Sides sides) {
    return fmt::format("{} before, {} behind", sides.before, sides.behind);
}

/// What 'same' means as a number of cells a side; a sentence where PyTorch cannot say it.
TypedValue same_value(const Value& like, const Plan* plan) {
    if (std::holds_alternative<Padding>(like)) return {Padding{Padding::Kind::same, {}}, ""};
    if (!plan || !plan->window) return {{}, "'same' can be worked out once the layer is possible."};
    Pair pair;
    for (const auto& [axis, member] : {std::pair(&plan->window->h, &Pair::h), {&plan->window->w, &Pair::w}}) {
        const Sides sides = keras_same(*axis);
        if (sides.before != sides.behind)
            return {{}, fmt::format("Keras' 'same' is {} here; PyTorch's padding is the same on both sides.",
                                    sides_text(sides))};
        pair.*member = sides.before;
    }
    return {with_pair(like, pair), ""};
}

std::string words_note(const Value& stored, const Plan* plan) {
    const auto pair = pair_in(stored);
    if (!plan || !plan->window) return "Keras has 'valid' and 'same' only.";
    const Window& window = *plan->window;
    const bool is_valid = !pair || *pair == Pair{0, 0};
    if (is_valid && window.transposed())
        for (const WindowAxis* axis : {&window.h, &window.w}) {
            const int64_t out = axis->in * axis->stride + std::max<int64_t>(0, axis->span() - axis->stride);
            if (axis->out != out) return fmt::format("In Keras 'valid' gives {}, not {}.", out, axis->out);
        }
    if (is_valid) return "";
    if (is_keras_same(window)) return "Keras has no numbers; 'same' does this here.";
    const Sides sides = keras_same(window.h);
    return fmt::format("Keras has no numbers: {} a layer of its own. 'same' would {} {}.",
                       window.transposed() ? "Cropping2D," : "ZeroPadding2D,",
                       window.transposed() ? "crop" : "pad", sides_text(sides));
}

}  // namespace

Sides keras_same(const WindowAxis& axis) {
    int64_t all = 0;
    if (axis.transposed)
        all = std::max<int64_t>(0, axis.span() - axis.stride);
    else
        all = std::max<int64_t>(0, (-floor_div(-axis.in, axis.stride) - 1) * axis.stride + axis.span() - axis.in);
    return {all / 2, all - all / 2};
}

const std::string& shown_name(const Field& field, Writing writing) {
    return writing.keras && !field.notation.keras.empty() ? field.notation.keras : field.key;
}

const std::string& shown_name(const Op& op, Writing writing) {
    return writing.keras && !op.keras_name.empty() ? op.keras_name : op.torch_name;
}

Value shown_value(const Field& field, const Value& stored, Writing writing) {
    const Notation& notation = field.notation;
    if (writing.keras && notation.complement) return complement_of(stored);
    const auto pair = pair_in(stored);
    if (pair == Pair{0, 0} && has_words(field, writing)) return Padding{Padding::Kind::valid, {}};
    if (!pair || !writing.total || !notation.per_side) return stored;
    // Nothing so large is possible; it stays as it was typed.
    if (std::max(std::abs(pair->h), std::abs(pair->w)) > kMaxSide) return stored;
    return with_pair(stored, {2 * pair->h, 2 * pair->w});
}

TypedValue read_value(const Field& field, std::string_view typed, const Value& stored, Writing writing,
                      const Plan* plan) {
    const Notation& notation = field.notation;
    if (has_words(field, writing)) {
        const auto word = parse_value(typed, Value(Padding{}), {});
        const auto* padding = word ? std::get_if<Padding>(&*word) : nullptr;
        if (padding && padding->kind == Padding::Kind::same) return same_value(stored, plan);
        if (padding && padding->kind == Padding::Kind::valid)
            return {with_pair(stored, {0, 0}), ""};
    }
    const auto read = parse_value(typed, stored, field.choices);
    if (!read) return {};
    if (writing.keras && notation.complement) return {complement_of(*read), ""};
    const auto pair = pair_in(*read);
    if (!pair || !writing.total || !notation.per_side) return {read, ""};
    if (std::max(std::abs(pair->h), std::abs(pair->w)) > kMaxSide) return {read, ""};
    if (pair->h % 2 != 0 || pair->w % 2 != 0)
        return {{}, fmt::format("{} in total is not as many on both sides, as PyTorch's {} has to be.",
                                to_text(Value(*pair)), field.key)};
    return {with_pair(*read, {pair->h / 2, pair->w / 2}), ""};
}

std::string notation_note(const Field& field, const Value& stored, Writing writing, const Plan* plan) {
    if (!writing.keras) return "";
    return has_words(field, writing) ? words_note(stored, plan) : field.notation.keras_note;
}

}  // namespace convscope
