// What − and + do to each kind of parameter.
#include "app/panels/field_values.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include <fmt/format.h>

namespace convscope {
namespace {

/// Below this − goes to 0 at once, if that is allowed.
constexpr double kSmallest = 1e-12;
/// Up to here − and + divide and multiply by ten: eps 1e-05.
constexpr double kTenfold = 1e-3;

int64_t stepped_int(int64_t value, int step, const Field& field) {
    const auto low = static_cast<int64_t>(field.low), high = static_cast<int64_t>(field.high);
    if (step < 0) return value > high ? high : std::max(low, value - (value > low ? 1 : 0));
    return value < low ? low : std::min(high, value + (value < high ? 1 : 0));
}

Pair stepped_pair(Pair pair, int step, const Field& field) {
    return {stepped_int(pair.h, step, field), stepped_int(pair.w, step, field)};
}

/// Without the dust of binary fractions: 0.1 + 0.2 is 0.3.
double rounded(double value) { return std::strtod(fmt::format("{:.12g}", value).c_str(), nullptr); }

/// The standard of a number's field; 0 where it is none.
double standard_of(const Field& field) {
    if (const auto* number = std::get_if<double>(&field.standard)) return *number;
    if (const auto* number = std::get_if<std::optional<double>>(&field.standard))
        return number->value_or(0);
    return 0;
}

double stepped_double(double value, int step, const Field& field) {
    if (!std::isfinite(value)) return field.low;
    const double size = std::abs(value);
    double next = 0;
    if (size == 0) {
        const double standard = std::abs(standard_of(field));
        next = step * (standard > 0 ? standard : 0.1);
    } else if (size < kTenfold || (size == kTenfold && (step > 0) != (value > 0))) {
        const bool grows = (step > 0) == (value > 0);
        next = grows ? value * 10 : size <= kSmallest ? 0 : value / 10;
    } else {
        // The place of the leading digit: 0.1 → 0.2, 0.03 → 0.04.
        next = value + step * std::min(1.0, std::pow(10.0, std::floor(std::log10(size) + 1e-9)));
    }
    return std::clamp(rounded(next), std::min(field.low, value), std::max(field.high, value));
}

/// To the next whole factor.
double stepped_factor(double value, int step, const Field& field) {
    if (!std::isfinite(value)) return field.low;
    const double next = step > 0 ? std::floor(value) + 1 : std::ceil(value) - 1;
    return std::clamp(next, std::min(field.low, value), std::max(field.high, value));
}

int64_t next_of(int64_t value, int step, const Field& field) {
    return stepped_int(value, step, field);
}
Pair next_of(Pair value, int step, const Field& field) { return stepped_pair(value, step, field); }
double next_of(double value, int step, const Field& field) {
    return stepped_double(value, step, field);
}
Scale next_of(Scale value, int step, const Field& field) {
    return {stepped_factor(value.h, step, field), stepped_factor(value.w, step, field)};
}

int64_t first_of(int64_t, const Field& field, const Resolved&) {
    return std::max<int64_t>(1, static_cast<int64_t>(field.low));
}
Pair first_of(Pair, const Field& field, const Resolved& resolved) {
    return field.key == "stride" ? resolved.stride : resolved.size;
}
double first_of(double, const Field& field, const Resolved&) {
    const double standard = standard_of(field);
    return standard != 0 ? standard : std::min(0.1, field.high);
}
Scale first_of(Scale, const Field&, const Resolved& resolved) { return resolved.scale; }

/// none + is a number; a number that has no lower one − is none.
template <class T>
Value stepped_optional(const std::optional<T>& value, int step, const Field& field,
                       const Resolved& resolved) {
    if (!value) return step > 0 ? std::optional<T>(first_of(T{}, field, resolved)) : value;
    const T next = next_of(*value, step, field);
    return step < 0 && next == *value ? std::optional<T>() : std::optional<T>(next);
}

}  // namespace

Resolved resolved_values(const App& app) {
    Resolved resolved;
    const Plan* plan = chosen_plan(app);
    if (!plan) return resolved;
    const Shape out = plan->output_stage().shape;
    const Shape in = app.state.result->layers[static_cast<size_t>(app.state.layer)].input.shape();
    resolved.size = {out.h, out.w};
    if (in.h > 0 && in.w > 0)
        resolved.scale = {rounded(static_cast<double>(out.h) / static_cast<double>(in.h)),
                          rounded(static_cast<double>(out.w) / static_cast<double>(in.w))};
    if (!plan->window) return resolved;
    resolved.padding = {plan->window->h.pad_before, plan->window->w.pad_before};
    resolved.stride = {plan->window->h.stride, plan->window->w.stride};
    return resolved;
}

std::string field_text(const Value& value) {
    std::string text = to_text(value);
    for (size_t at = 0; (at = text.find("×", at)) != std::string::npos; at += 4)
        text.replace(at, 2, " × ");
    // A field holds what is typed: 1e-05 (look: section 6).
    for (size_t at = 0; (at = text.find("−", at)) != std::string::npos; ++at) text.replace(at, 3, "-");
    return text;
}

std::optional<Value> stepped(const Value& value, int step, const Field& field,
                             const Resolved& resolved) {
    if (const auto* whole = std::get_if<int64_t>(&value)) return stepped_int(*whole, step, field);
    if (const auto* pair = std::get_if<Pair>(&value)) return stepped_pair(*pair, step, field);
    if (const auto* number = std::get_if<double>(&value)) return stepped_double(*number, step, field);
    if (const auto* padding = std::get_if<Padding>(&value)) {
        const Pair from = padding->kind == Padding::Kind::pair ? padding->pair : resolved.padding;
        return Padding{Padding::Kind::pair, stepped_pair(from, step, field)};
    }
    if (const auto* whole = std::get_if<std::optional<int64_t>>(&value))
        return stepped_optional(*whole, step, field, resolved);
    if (const auto* pair = std::get_if<std::optional<Pair>>(&value))
        return stepped_optional(*pair, step, field, resolved);
    if (const auto* number = std::get_if<std::optional<double>>(&value))
        return stepped_optional(*number, step, field, resolved);
    if (const auto* scale = std::get_if<std::optional<Scale>>(&value))
        return stepped_optional(*scale, step, field, resolved);
    return {};
}

std::string effect_text(const App& app, const Field& field, const Value& value, Writing writing) {
    const Layer* layer = chosen_layer(app);
    const Plan* plan = chosen_plan(app);
    if (!layer || !plan || app.state.problem) return "";
    const int index = field_index(*layer->op, field.key);
    const Shape now = plan->output_stage().shape;
    const Shape input = app.state.result->layers[static_cast<size_t>(app.state.layer)].input.shape();
    if (index < 0 || layer->params[static_cast<size_t>(index)] != value) return "";
    const auto size = [&](Shape shape) {
        return shape.c == now.c ? fmt::format("{}×{}", shape.h, shape.w) : to_string(shape);
    };
    const Resolved resolved = resolved_values(app);
    std::string others;
    bool differs = false;
    for (const int step : {-1, 1}) {
        const auto other = stepped(value, step, field, resolved);
        if (!other || *other == value) continue;
        Params params = layer->params;
        params[static_cast<size_t>(index)] = *other;
        const Plan there = layer->op->plan(params, input, plan->training);
        const std::string told = to_text(shown_value(field, *other, writing));
        const bool same = !there.problem && there.output_stage().shape == now;
        differs = differs || !same;
        others += fmt::format("{}{} {}", others.empty() ? "" : ", ", told,
                              there.problem ? "is impossible here"
                              : same        ? "leaves it"
                                            : "makes it " + size(there.output_stage().shape));
    }
    return differs ? fmt::format("Now the output is {}; {}.", size(now), others) : "";
}

std::string expected_text(const Value& value) {
    if (std::holds_alternative<int64_t>(value)) return "a whole number";
    if (std::holds_alternative<Pair>(value)) return "a whole number, or two such as 3 × 1";
    if (std::holds_alternative<Padding>(value))
        return "a whole number, two such as 1 × 0, same or valid";
    if (std::holds_alternative<std::optional<int64_t>>(value)) return "a whole number or none";
    if (std::holds_alternative<std::optional<Pair>>(value))
        return "a whole number, two such as 3 × 1, or none";
    if (std::holds_alternative<std::optional<double>>(value)) return "a number such as 0.1, or none";
    if (std::holds_alternative<std::optional<Scale>>(value))
        return "a number, two such as 2 × 1.5, or none";
    return "a number";
}

bool is_optional(const Value& value) {
    return std::holds_alternative<std::optional<int64_t>>(value) ||
           std::holds_alternative<std::optional<Pair>>(value) ||
           std::holds_alternative<std::optional<double>>(value) ||
           std::holds_alternative<std::optional<Scale>>(value);
}

}  // namespace convscope
