// Under the ledger: a formula with its numbers, and the stages on the way that a value was made from.
#include <algorithm>
#include <cmath>
#include <deque>

#include <fmt/format.h>

#include "app/panels/ledger_table.h"
#include "core/number_text.h"

namespace convscope {
namespace {

using ui::px;

constexpr float kLinePx = 19, kNamePx = 24;
/// A stage with more terms than that is told by their number.
constexpr int64_t kMostTold = 16;
constexpr size_t kMostOrigins = 4;

/// How one stage's cell came about.
struct Behind {
    std::string name, text;
    double value = 0;
};

const LayerResult& layer_of(const App& app, const LedgerTable& table) {
    return app.state.result->layers[static_cast<size_t>(table.cell.layer)];
}

/// "mean of 2,048 values", "(3 − 1.5) / 2".
std::string told_text(const Explanation& e) {
    const auto count = static_cast<int64_t>(e.terms.size());
    switch (e.combine) {
        case Combine::formula: return e.formula;
        case Combine::mean: return fmt::format("mean of {} values", grouped_text(count));
        case Combine::max: return fmt::format("largest of {} values", grouped_text(count));
        case Combine::sum: break;
    }
    std::string text;
    for (const Term& term : e.terms) {
        const std::string number = number_text(term.product);
        text += text.empty() ? number : " + " + in_sum(number);
    }
    return text;
}

std::optional<Behind> behind_of(const App& app, const LedgerTable& table, const Ref& ref,
                                std::deque<Ref>& next) {
    const LayerResult& layer = layer_of(app, table);
    const auto stage = static_cast<size_t>(ref.which);
    if (ref.source != Source::stage || stage >= layer.stages.size() || ref.which >= table.cell.stage)
        return {};
    const StageSpec& spec = layer.plan.stages[stage];
    if (!spec.shape.contains(ref.cell)) return {};
    Behind origin{ref_text(layer, ref), "", 0};
    const Tensor& values = layer.stages[stage];
    if (spec.terms(ref.cell) > kMostTold) {
        if (values.empty()) return {};
        origin.value = static_cast<double>(values.at(ref.cell));
        origin.text = fmt::format("from {} values", grouped_text(spec.terms(ref.cell)));
        return origin;
    }
    const Explanation e = explain(*app.state.result, table.cell.layer, ref.which, ref.cell);
    origin.value = values.empty() ? e.value : static_cast<double>(values.at(ref.cell));
    if (e.terms.size() == 1 && e.combine == Combine::sum)
        origin.text = ref_text(layer, e.terms[0].a);
    else
        origin.text = told_text(e);
    // What one of many values came from tells nothing.
    if (e.combine == Combine::formula || e.terms.size() <= 2)
        for (const Term& term : e.terms) next.push_back(term.a);
    return origin;
}

/// The stages behind the ledger's terms, nearest first, each once.
std::vector<Behind> origins_of(const App& app, const LedgerTable& table) {
    std::vector<Behind> origins;
    if (table.is_uses()) return origins;
    if (table.terms().size() > static_cast<size_t>(kMostTold)) return origins;
    std::deque<Ref> next;
    std::vector<Ref> seen;
    for (const Term& term : table.terms()) {
        next.push_back(term.a);
        next.push_back(term.b);
    }
    while (!next.empty() && origins.size() < kMostOrigins) {
        const Ref ref = next.front();
        next.pop_front();
        if (std::find(seen.begin(), seen.end(), ref) != seen.end()) continue;
        seen.push_back(ref);
        if (auto origin = behind_of(app, table, ref, next)) origins.push_back(std::move(*origin));
    }
    return origins;
}

std::vector<std::string> formula_lines(const PanelContext& context, const LedgerTable& table,
                                       float width) {
    return ui::wrapped(context.fonts.mono, table.cell.explanation.formula, width);
}

/// A name at the left and its number at the right.
void number_line(const PanelContext& context, Column& column, const std::string& name, Tone tone,
                 const std::string& number, ImFont* font, Tone number_tone) {
    const float y = column.y + px(context, kNamePx) / 2, right = column.x1 - px(context, 8);
    ui::text(context, context.fonts.body, tone, {column.x0 + px(context, 8), y},
             ui::fitted(context.fonts.body, name, column.width() * 0.6f));
    ui::text(context, font, number_tone, {right, y}, number, Align::right);
    column.y += px(context, kNamePx);
}

}  // namespace

void formula_rows(PanelContext& context, Column& column, const LedgerTable& table) {
    const LayerResult& layer = layer_of(context.app, table);
    column.y += column.row_px / 2 - px(context, 8);
    for (size_t i = 0; i < std::min<size_t>(table.terms().size(), 12); ++i) {
        const Term& term = table.terms()[i];
        const Tone tone = term.a.source == Source::input    ? Tone::input_text
                          : term.a.source == Source::weight ? Tone::kernel_text
                                                            : Tone::ink2;
        number_line(context, column, ref_text(layer, term.a), tone,
                    number_text_short(term.a_value), context.fonts.mono, tone);
    }
    ui::rule(context, column.x0, column.x1, column.y + px(context, 4));
    column.y += px(context, 10);
    const bool is_done = table.is_done();
    for (const std::string& line : formula_lines(context, table, column.width() - px(context, 16))) {
        ui::text(context, context.fonts.mono, is_done ? Tone::ink : Tone::ink3,
                 {column.x0 + px(context, 8), column.y + px(context, kLinePx) / 2}, line);
        column.y += px(context, kLinePx);
    }
    column.y += px(context, 2);
    const float y = column.y;
    number_line(context, column, "=", Tone::ink2,
                is_done ? number_text_short(table.result, 6) : "·", context.fonts.total,
                Tone::output_text);
    if (table.skip) {
        number_line(context, column, table.skip->name, Tone::ink2,
                    number_text_short(table.skip->value), context.fonts.mono, Tone::ink2);
        number_line(context, column, "With it", Tone::ink,
                    is_done ? number_text_short(table.skip->sum, 6) : "·", context.fonts.total,
                    Tone::output_text);
    }
    ui::hover_help(context, {column.x0, y, column.width(), px(context, kNamePx)},
                   "The layer's own float32 number: " +
                       full_text(static_cast<float>(table.result)));
    column.y += px(context, 4);
}

float origin_height(const PanelContext& context, const LedgerTable& table) {
    const size_t count = origins_of(context.app, table).size();
    return count == 0 ? 0 : px(context, 10) + px(context, kNamePx + kLinePx) * static_cast<float>(count);
}

void origin_rows(PanelContext& context, Column& column, const LedgerTable& table) {
    const std::vector<Behind> origins = origins_of(context.app, table);
    if (origins.empty()) return;
    ui::rule(context, column.x0, column.x1, column.y + px(context, 6));
    column.y += px(context, 10);
    for (const Behind& origin : origins) {
        number_line(context, column, origin.name, Tone::ink, number_text_short(origin.value),
                    context.fonts.mono, Tone::ink);
        const float x = column.x0 + px(context, 8);
        ImFont* font = context.fonts.mono_small;
        ui::text(context, font, Tone::ink3, {x, column.y + px(context, kLinePx) / 2 - px(context, 4)},
                 ui::fitted(font, origin.text, column.x1 - px(context, 8) - x));
        ui::hover_help(context, {x, column.y - px(context, kNamePx), column.width(),
                                 px(context, kNamePx + kLinePx)},
                       origin.text);
        column.y += px(context, kLinePx);
    }
}

}  // namespace convscope
