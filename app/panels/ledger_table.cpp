// Groups, sums and column widths of the ledger.
#include "app/panels/ledger_table.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace convscope {
namespace {

using ui::px;

/// Decimals that tell all numbers of the table apart; of very long tables the first ones decide.
int table_decimals(const LedgerTable& table) {
    constexpr size_t kMost = 1500;
    std::vector<float> values;
    for (size_t i = 0; i < std::min(table.terms().size(), kMost); ++i) {
        const Term& term = table.terms()[i];
        for (const double v : {term.a_value, term.b_value, term.product, table.sums[i]})
            values.push_back(static_cast<float>(v));
    }
    values.push_back(static_cast<float>(table.result));
    if (table.skip) values.push_back(static_cast<float>(table.skip->sum));
    return decimals_for(values);
}

/// What the numbers of one column span. Extremes are as wide as anything between them, but for exponents.
struct Range {
    double low = 0, high = 0;
    bool has_exponents = false;
    void add(double v) {
        has_exponents |= !std::isfinite(v) || (v != 0 && std::abs(v) < 0.001);
        if (std::isfinite(v)) low = std::min(low, v), high = std::max(high, v);
    }
    float width(int decimals, float digit_px) const {
        const size_t most =
            std::max(glyphs(number_text(low, decimals)), glyphs(number_text(high, decimals)));
        return static_cast<float>(has_exponents ? std::max<size_t>(most, 7) : most) * digit_px;
    }
};

/// The colour of numbers from there.
Tone tone_of_source(const LayerResult& layer, const Ref& ref) {
    switch (ref.source) {
        case Source::input: return Tone::input_text;
        case Source::weight: return Tone::kernel_text;
        case Source::grad_output: return Tone::gradient_text;
        case Source::stage: {
            const Role role = layer.plan.stages[static_cast<size_t>(ref.which)].role;
            return role == Role::neutral ? Tone::ink2 : tone_of(role, Part::text);
        }
        default: return Tone::ink2;
    }
}

/// What sums, means and the largest are so far: after each term.
double combined(Combine combine, double so_far, const Term& term, bool is_first) {
    if (combine != Combine::max) return so_far + term.product;
    if (is_first || std::isnan(term.product)) return term.product;
    return std::isnan(so_far) ? so_far : std::max(so_far, term.product);
}

/// Heads of the columns: the tensors that the numbers come from.
void name_columns(LedgerTable& table, const LayerResult& layer) {
    const Term* first = nullptr;
    const Term* factor = nullptr;
    for (const Term& term : table.terms()) {
        if (is_alone(term)) continue;
        if (term.b.source != Source::constant || term.b_value != 1) table.has_factors = true;
        if (!factor && term.b.source != Source::constant) factor = &term;
        if (term.a.source == Source::constant) continue;
        if (!first) first = &term;
        table.has_names |= first->a.source != term.a.source || first->a.which != term.a.which;
    }
    if (first && !table.has_names) {
        table.head = source_name(layer, first->a);
        table.head_tone = tone_of_source(layer, first->a);
    } else if (table.has_names) {
        table.head = "of";
        table.head_tone = Tone::ink2;
        for (const Term& term : table.terms()) table.names.push_back(ref_text(layer, term.a));
    }
    if (factor) {
        table.factor_head = source_name(layer, factor->b);
        table.factor_tone = tone_of_source(layer, factor->b);
    } else {
        table.factor_head = "factor";
        table.factor_tone = Tone::ink2;
    }
}

/// A way to set the table; the first that fits is taken.
struct Setting {
    ImFont *font, *bold;
    int decimals;
    bool tight;  // less air, and no channel where the group's head tells it
    bool has_places = true;
};

std::vector<Setting> settings_of(const PanelContext& context, int decimals) {
    const UiFonts& fonts = context.fonts;
    std::vector<Setting> all;
    for (int d = decimals; d >= std::min(decimals, 2); --d)
        for (const bool tight : {false, true}) {
            all.push_back({fonts.mono, fonts.mono_bold, d, tight});
            all.push_back({fonts.mono_small, fonts.mono_small_bold, d, tight});
        }
    all.push_back({fonts.mono_index, fonts.mono_small_bold, std::min(decimals, 2), true});
    all.push_back({fonts.mono_index, fonts.mono_index, std::min(decimals, 2), true, false});
    return all;
}

}  // namespace

bool is_alone(const Term& term) {
    return term.a.source == Source::weight && term.b.source == Source::constant;
}

Index place_of(const Term& term) { return term.padding ? *term.padding : term.a.cell; }

std::string place_text(const LedgerTable& table, size_t index, bool with_channel) {
    const Term& term = table.terms()[index];
    if (term.padding && term.a.source == Source::constant) return "padding";
    if (table.has_names) return table.names[index];
    const Index& at = term.a.cell;
    if (with_channel) return fmt::format("({}, {}, {})", at.c, at.h, at.w);
    return fmt::format("({}, {})", at.h, at.w);
}

std::string source_name(const LayerResult& layer, const Ref& ref) {
    const auto named = [&](const auto& specs) {
        const auto i = static_cast<size_t>(ref.which);
        return ref.which >= 0 && i < specs.size() ? specs[i].name : std::string("value");
    };
    switch (ref.source) {
        case Source::input: return "input";
        case Source::weight: return named(layer.plan.weights);
        case Source::buffer: return named(layer.plan.buffers);
        case Source::stage: return named(layer.plan.stages);
        case Source::grad_output: return "grad_output";
        case Source::layer_input: return fmt::format("input of layer {}", ref.which + 1);
        case Source::layer_grad_output: return fmt::format("gradient of layer {}", ref.which + 1);
        case Source::constant: break;
    }
    return "value";
}

std::string ref_text(const LayerResult& layer, const Ref& ref) {
    const auto which = static_cast<size_t>(ref.which);
    const bool is_vector =
        ref.source == Source::weight || ref.source == Source::buffer ||
        (ref.source == Source::stage && layer.plan.stages[which].shape.plane() == 1 &&
         layer.input.shape().plane() > 1);
    const std::string name = source_name(layer, ref);
    return is_vector ? fmt::format("{}[{}]", name, ref.cell.c)
                     : fmt::format("{} ({}, {})", name, ref.cell.h, ref.cell.w);
}

std::string cell_text(Shape shape, Index at) {
    if (shape.n > 1) return fmt::format("({}, {}, {}, {})", at.n, at.c, at.h, at.w);
    if (shape.c > 1) return fmt::format("({}, {}, {})", at.c, at.h, at.w);
    return fmt::format("({}, {})", at.h, at.w);
}

LedgerTable make_ledger_table(const App& app, LedgerCell cell) {
    LedgerTable table;
    table.cell = std::move(cell);
    const LayerResult& layer = app.state.result->layers[static_cast<size_t>(table.cell.layer)];
    const Tensor& stage = layer.stages[static_cast<size_t>(table.cell.stage)];
    table.result = stage.shape().contains(table.cell.cell)
                       ? static_cast<double>(stage.at(table.cell.cell))
                       : table.cell.explanation.value;
    const std::vector<Term>& terms = table.terms();
    double sum = 0;
    int64_t channels_seen = 0;
    for (size_t i = 0; i < terms.size(); ++i) {
        sum = combined(table.combine(), sum, terms[i], i == 0);
        table.sums.push_back(sum);
        if (is_alone(terms[i])) {
            table.bias = i;
            continue;
        }
        const int64_t channel = place_of(terms[i]).c;
        if (table.groups.empty() || table.groups.back().channel != channel) {
            table.groups.push_back({.channel = channel, .first = i});
            channels_seen = std::max(channels_seen, channel);
        }
        Group& group = table.groups.back();
        ++group.count;
        if (static_cast<int64_t>(i) < table.cell.done) group.subtotal += terms[i].product;
    }
    const int64_t in_channels = layer.input.shape().c;
    for (const Term& term : terms)
        table.wide_places |= !is_alone(term) && place_of(term).c != table.cell.cell.c;
    table.has_heads =
        table.groups.size() > 1 && static_cast<int64_t>(table.groups.size()) <= in_channels;
    if (!table.has_heads && table.groups.size() > 1) {  // stamps of several channels by turns
        Group all{.first = 0, .count = static_cast<size_t>(table.products())};
        table.groups = {all};
    }
    name_columns(table, layer);
    const SkipPlan& skip = layer.plan.skip;
    if (skip.sum >= 0 && table.cell.stage == layer.plan.output) {
        const Tensor& brought = app.state.result->layers[static_cast<size_t>(skip.from)].input;
        const Tensor& total = layer.stages[static_cast<size_t>(skip.sum)];
        if (brought.shape().contains(table.cell.cell) && total.shape().contains(table.cell.cell))
            table.skip = SkippedIn{source_name(layer, {Source::layer_input, skip.from, {}}),
                                   static_cast<double>(brought.at(table.cell.cell)),
                                   static_cast<double>(total.at(table.cell.cell))};
    }
    table.decimals = table_decimals(table);
    return table;
}

Columns fit_columns(const PanelContext& context, LedgerTable& table, float width) {
    std::array<Range, 4> ranges;
    for (size_t i = 0; i < table.terms().size(); ++i) {
        const Term& term = table.terms()[i];
        ranges[0].add(term.a_value), ranges[1].add(term.b_value), ranges[2].add(term.product),
            ranges[3].add(table.sums[i]);
    }
    if (!table.has_factors) ranges[1] = ranges[2] = {};
    const auto& terms = table.terms();
    const auto longest_place = [&](bool with_channel) {
        size_t most = 0;
        for (size_t i = 0; i < terms.size(); i += std::max<size_t>(1, terms.size() / 200))
            most = std::max(most, glyphs(place_text(table, i, with_channel)));
        return static_cast<float>(
            std::max(most, glyphs(place_text(table, terms.size() - 1, with_channel))));
    };
    const std::vector<Setting> settings = settings_of(context, table.decimals);
    for (const Setting& way : settings) {
        const float digit = ui::width_of(way.font, "0");
        std::array<float, 4> need{};
        for (size_t c = 0; c < 4; ++c)
            if (table.has_factors || c == 0 || c == 3)
                need[c] = ranges[c].width(way.decimals, digit);
        const bool with_channel = table.wide_places && !(way.tight && table.has_heads);
        const float left = px(context, table.has_heads && !way.tight ? 26 : 8),
                    right = width - px(context, 8);
        const float place = way.has_places ? longest_place(with_channel) * digit : 0;
        const float sign = table.has_factors ? px(context, way.tight ? 14 : 24) : 0, gap = px(context, way.tight ? 6 : 10);
        const float spare =
            right - left -
            (place + gap + need[0] + sign + need[1] + sign + need[2] + gap + need[3]);
        if (spare < 0 && &way != &settings.back()) continue;
        table.decimals = way.decimals;
        table.wide_places = with_channel;
        // Spare room goes between place and value first, then between product and sum (look: 01).
        const float share = std::max(0.0f, spare) / 5;
        Columns columns{way.font, way.bold, way.has_places};
        columns.place = left;
        columns.value = left + place + gap + need[0] + share * 1.6f;
        columns.weight = columns.value + sign + need[1] + share;
        columns.product = columns.weight + sign + need[2] + share;
        columns.sum = right;
        columns.times = columns.value + px(context, way.tight ? 7 : 13);
        columns.equals = columns.weight + px(context, way.tight ? 7 : 14);
        return columns;
    }
    return {};
}

std::optional<int64_t> step_of_term(const App& app, const LedgerTable& table, size_t index) {
    const Timeline& timeline = app.timeline;
    if (timeline.order() != Order::by_output && timeline.order() != Order::by_input) return {};
    if (timeline.order() == Order::by_output)
        return timeline.step_of(table.cell.cell, static_cast<int64_t>(index));
    if (timeline.order() != Order::by_input) return {};
    const Term& term = table.terms()[index];
    if (is_alone(term)) return timeline.steps();
    const Plan& plan = app.state.result->layers[static_cast<size_t>(table.cell.layer)].plan;
    const Index source = place_of(term);
    const int64_t terms = timeline.at(timeline.step_of(source, 0)).terms;
    for (int64_t t = 0; t < terms; ++t) {
        const StampTerm stamp = stamp_term(plan, source, t);
        if (stamp.exists && stamp.output == table.cell.cell && stamp.weight == term.b.cell)
            return timeline.step_of(source, t);
    }
    return {};
}

}  // namespace convscope
