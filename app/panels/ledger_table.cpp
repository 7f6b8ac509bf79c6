// Groups, sums and column widths of the ledger.
#include "app/panels/ledger_table.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

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
    size_t tiny = 0, special = 0;   // glyphs of "2.0e−05", "−2.0e−05"; of "−∞", "NaN"
    void add(double v) {
        if (!std::isfinite(v)) special = 3;
        else if (v != 0 && std::abs(v) < 0.001) tiny = std::max<size_t>(tiny, v < 0 ? 8 : 7);
        if (std::isfinite(v)) low = std::min(low, v), high = std::max(high, v);
    }
    float width(int decimals, float digit_px, bool tiny_as_zero) const {
        size_t most = std::max(special, tiny_as_zero ? std::min<size_t>(tiny, 2) : tiny);
        for (const double v : {low, high}) most = std::max(most, glyphs(ledger_number(v, decimals, tiny_as_zero)));
        return static_cast<float>(most) * digit_px;
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
    table.unit = table.has_factors ? "product" : "value";
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
    bool tiny_as_zero = false;   // "~0" for "2.0e−05"
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
    for (const bool has_places : {true, false})
        all.push_back({fonts.mono_index, fonts.mono_index, std::min(decimals, 2), true, has_places, true});
    return all;
}

}  // namespace

std::string ledger_number(double value, int decimals, bool tiny_as_zero) {
    const bool is_tiny = value != 0 && std::abs(value) < 0.5 * std::pow(10, -decimals);
    return tiny_as_zero && is_tiny ? "~0" : number_text(value, decimals);
}

bool is_alone(const Term& term) {
    return term.a.source == Source::weight && term.b.source == Source::constant;
}

Index place_of(const LedgerTable& table, size_t index) {
    if (table.is_uses()) return table.cell.uses->cells[index].cell;
    const Term& term = table.terms()[index];
    return term.padding ? *term.padding : term.a.cell;
}

std::string place_text(const LedgerTable& table, size_t index, bool with_channel) {
    const Term& term = table.terms()[index];
    const bool uses = table.is_uses();
    if (!uses && term.padding && term.a.source == Source::constant) return "padding";
    if (table.has_names) return table.names[index];
    const Index& at = uses ? table.cell.uses->cells[index].cell : term.a.cell;
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

namespace {

/// Channels and samples of a group in one number; a layer has fewer channels.
constexpr int64_t kSampleKey = 1'000'000;

std::string capital(std::string text) {
    if (!text.empty())
        text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
    return text;
}

/// "Output (1, 3)", "Weight (0, 0, 1, 2)", "Bias[1]".
std::string title_of(const LayerResult& layer, const Ref& ref) {
    if (ref.source == Source::input) return "Input " + cell_text(layer.input.shape(), ref.cell);
    if (ref.source != Source::weight) {
        const StageSpec& spec = layer.plan.stages[static_cast<size_t>(ref.which)];
        return capital(spec.name) + " " + cell_text(spec.shape, ref.cell);
    }
    const WeightSpec& spec = layer.plan.weights[static_cast<size_t>(ref.which)];
    if (spec.rank == 1) return fmt::format("{}[{}]", capital(spec.name), ref.cell.c);
    return capital(spec.name) + " " +
           (spec.shape.n * spec.shape.c > 1
                ? fmt::format("({}, {}, {}, {})", ref.cell.n, ref.cell.c, ref.cell.h, ref.cell.w)
                : fmt::format("({}, {})", ref.cell.h, ref.cell.w));
}

void begin_or_continue(LedgerTable& table, size_t i, const Group& like) {
    if (table.groups.empty() || table.groups.back().channel != like.channel ||
        table.groups.back().n != like.n || table.groups.back().padding != like.padding ||
        table.groups.back().layer != like.layer ||
        table.groups.back().stage != like.stage) {
        table.groups.push_back(like);
        table.groups.back().first = i;
    }
    Group& group = table.groups.back();
    ++group.count;
    if (static_cast<int64_t>(i) < table.cell.done) group.subtotal += table.terms()[i].product;
}

bool is_each_once(const std::vector<Group>& groups) {
    std::set<int64_t> keys;
    return std::ranges::all_of(groups, [&](const Group& group) { return keys.insert(group.key).second; });
}

/// By channel and sample; with `apart`, what is padding apart from what is not.
void group_terms(LedgerTable& table, bool apart) {
    table.groups.clear();
    for (size_t i = 0; i < table.terms().size(); ++i) {
        if (is_alone(table.terms()[i])) continue;
        const Index place = place_of(table, i);
        const int64_t key = place.n * kSampleKey + place.c;
        const bool padding = apart && table.terms()[i].padding.has_value();
        begin_or_continue(
            table, i,
            {.channel = place.c, .n = place.n, .padding = padding, .key = padding ? -1 - key : key});
    }
}

/// Heads only over several groups, and not where each has one row; else all rows are one group.
void settle_groups(LedgerTable& table, size_t count) {
    table.has_heads =
        table.has_heads && table.groups.size() > 1 &&
        std::ranges::any_of(table.groups, [](const Group& group) { return group.count > 1; });
    if (table.has_heads) {
        for (const Group& group : table.groups) {
            table.several_channels |= group.channel != table.groups[0].channel;
            table.several_samples |= group.n != table.groups[0].n;
        }
    } else if (table.groups.size() > 1) {
        Group all{.first = 0, .count = count};
        for (const Group& group : table.groups) all.subtotal += group.subtotal;
        table.groups = {all};
    }
}

/// The other direction: the cells that read the number.
void fill_uses(const App& app, LedgerTable& table) {
    const Uses& uses = *table.cell.uses;
    const LayerResult& own = app.state.result->layers[static_cast<size_t>(table.cell.layer)];
    table.title = title_of(own, table.cell.of);
    const Ref& of = table.cell.of;
    table.head_tone = tone_of_source(own, of);
    table.factor_tone = Tone::ink2;
    table.factor_head = "factor";
    table.head = "goes to";
    table.place_tone = Tone::output_text;
    if (!uses.empty())
        table.last_head = app.state.result->layers[static_cast<size_t>(uses.cells[0].layer)]
                              .plan.stages[static_cast<size_t>(uses.cells[0].stage)]
                              .name;
    for (size_t i = 0; i < uses.terms.size(); ++i) {
        const Term& term = uses.terms[i];
        const Use& use = uses.cells[i];
        table.sums.push_back(use.value);
        table.has_factors |= term.b.source != Source::constant || term.b_value != 1 || term.padding;
        table.has_names |= use.stage != uses.cells[0].stage || use.layer != uses.cells[0].layer;
        table.wide_places |= use.cell.c != uses.cells[0].cell.c;
        begin_or_continue(table, i,
                          {.channel = use.cell.c,
                           .n = use.cell.n,
                           .layer = use.layer,
                           .stage = use.stage,
                           .key = use.cell.n * kSampleKey + use.cell.c});
        if (term.b.source == Source::constant || table.factor_head != "factor") continue;
        const LayerResult& reader = app.state.result->layers[static_cast<size_t>(use.layer)];
        table.factor_head = source_name(reader, term.b);
        table.factor_tone = tone_of_source(reader, term.b);
    }
    table.has_heads = !table.has_names;
    if (table.has_names) table.has_factors = false;  // names take the room: the tooltip tells them
    if (table.has_names) table.last_head = "is";
    if (table.has_names)
        for (const Use& use : uses.cells) {
            const LayerResult& reader = app.state.result->layers[static_cast<size_t>(use.layer)];
            table.names.push_back(ref_text(reader, {Source::stage, use.stage, use.cell}));
        }
    settle_groups(table, uses.terms.size());
    table.unit = table.has_factors ? "product" : "cell";
}

}  // namespace

LedgerTable make_ledger_table(const App& app, LedgerCell cell) {
    LedgerTable table;
    table.cell = std::move(cell);
    if (table.is_uses()) {
        fill_uses(app, table);
        table.decimals = table_decimals(table);
        return table;
    }
    const LayerResult& layer = app.state.result->layers[static_cast<size_t>(table.cell.layer)];
    const Tensor& stage = layer.stages[static_cast<size_t>(table.cell.stage)];
    const StageSpec& spec = layer.plan.stages[static_cast<size_t>(table.cell.stage)];
    table.title = title_of(layer, {Source::stage, table.cell.stage, table.cell.cell});
    if (spec.backward) table.last_tone = Tone::gradient_text;
    table.result = stage.shape().contains(table.cell.cell)
                       ? static_cast<double>(stage.at(table.cell.cell))
                       : table.cell.explanation.value;
    const std::vector<Term>& terms = table.terms();
    double sum = 0;
    for (size_t i = 0; i < terms.size(); ++i) {
        sum = combined(table.combine(), sum, terms[i], i == 0);
        table.sums.push_back(sum);
        if (is_alone(terms[i])) {
            table.bias = i;
            continue;
        }
        table.wide_places |= place_of(table, i).c != table.cell.cell.c;
    }
    // Stamps add a channel's zeros of padding when all else is done: then they are a group of their own. A channel that
    // comes again even so takes turns with others, and there are no groups.
    group_terms(table, false);
    if (!is_each_once(table.groups)) group_terms(table, true);
    table.has_heads = is_each_once(table.groups);
    settle_groups(table, static_cast<size_t>(table.products()));
    name_columns(table, layer);
    table.last_head = table.combine() == Combine::max ? "largest" : "sum";
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

std::string group_name(const LedgerTable& table, const Group& group) {
    const char* padding = group.padding ? ", padding" : "";
    if (!table.several_samples) return fmt::format("channel {}{}", group.channel, padding);
    if (!table.several_channels) return fmt::format("sample {}{}", group.n, padding);
    return fmt::format("sample {}, channel {}{}", group.n, group.channel, padding);
}

std::optional<size_t> group_at_work(const LedgerTable& table) {
    if (table.cell.current < 0) return {};
    const auto current = static_cast<size_t>(table.cell.current);
    for (size_t i = 0; i < table.groups.size(); ++i)
        if (current >= table.groups[i].first &&
            current < table.groups[i].first + table.groups[i].count)
            return i;
    return {};
}

void fold_groups(LedgerTable& table, const LedgerFolds& folds) {
    constexpr size_t kHandful = 5;
    constexpr int64_t kFewRows = 9;
    const auto at_work = group_at_work(table);
    // The bias belongs to no channel: the first stays open then. Of many channels at rest only the subtotals are shown.
    const bool shows_first = table.groups.size() <= kHandful || table.cell.current >= 0;
    const bool shows_all = table.cell.current < 0 && table.products() <= kFewRows;
    for (size_t i = 0; i < table.groups.size(); ++i) {
        Group& group = table.groups[i];
        const bool by_itself = at_work ? i == *at_work : shows_all || (i == 0 && shows_first);
        const auto hand = folds.by_hand.find(group.key);
        group.open = !table.has_heads ||
                     (hand != folds.by_hand.end() ? hand->second : folds.all.value_or(by_itself));
    }
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
                need[c] = ranges[c].width(way.decimals, digit, way.tiny_as_zero);
        const bool with_channel = table.wide_places && !(way.tight && table.has_heads);
        const float left = px(context, table.has_heads && !way.tight ? 26 : 8),
                    right = width - px(context, 8);
        const float place = way.has_places ? longest_place(with_channel) * digit : 0;
        const float sign = table.has_factors ? px(context, way.tight ? 14 : 24) : 0,
                    gap = px(context, way.tight ? 6 : 10);
        const float spare =
            right - left -
            (place + gap + need[0] + sign + need[1] + sign + need[2] + gap + need[3]);
        if (spare < 0 && &way != &settings.back()) continue;
        table.decimals = way.decimals;
        table.tiny_as_zero = way.tiny_as_zero;
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

void light_term(App& app, const LedgerTable& table, size_t index) {
    const Term& term = table.terms()[index];
    Selection& selection = app.state.selection;
    const int shown = shown_layer(app);
    const bool uses = table.is_uses();
    selection.lit.clear();
    selection.lit_padding.reset();
    if (uses && table.cell.uses->cells[index].layer != shown) return;
    if (!uses && table.cell.layer != shown) return;
    const Plan& plan = app.state.result->layers[static_cast<size_t>(shown)].plan;
    if (uses) {
        const Use& use = table.cell.uses->cells[index];
        selection.lit.push_back({Source::stage, use.stage, use.cell});
    }
    for (const Ref& ref : {term.a, term.b}) {
        if (ref.source == Source::constant) continue;
        selection.lit.push_back(ref);
        // Where the gradient has no grid, the cell that it belongs to.
        if (ref.source == Source::grad_output)
            selection.lit.push_back({Source::stage, plan.output, ref.cell});
    }
    selection.lit_padding = term.padding;
}

}  // namespace convscope
