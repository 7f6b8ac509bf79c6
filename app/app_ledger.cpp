// The ledger's cell: whose terms are told, in which direction, and how far the play head is with them.
#include <algorithm>

#include "app/app_parts.h"
#include "app/views/story.h"

namespace convscope {
namespace {

/// More terms than that are told by their number.
constexpr int64_t kMostListed = 100'000;

/// The terms in the order in which stamps add them.
void order_by_stamps(const App& app, const LayerResult& layer, LedgerCell& ledger) {
    struct Dated {
        int64_t step;
        Term term;
    };
    std::vector<Dated> dated;
    // What is not stamped (a bias, zeros of the padding) is added when everything is finished.
    for (const Term& term : ledger.explanation.terms)
        dated.push_back(
            {stamp_step(layer.plan, term, app.timeline).value_or(app.timeline.steps()), term});
    std::stable_sort(dated.begin(), dated.end(),
                     [](const Dated& a, const Dated& b) { return a.step < b.step; });
    const int64_t now = app.state.play.step;
    for (size_t t = 0; t < dated.size(); ++t) {
        ledger.explanation.terms[t] = std::move(dated[t].term);
        if (dated[t].step <= now) ledger.done = static_cast<int64_t>(t) + 1;
        if (dated[t].step == now) ledger.current = static_cast<int64_t>(t);
    }
}

int64_t count_of(const std::vector<Term>& terms) { return static_cast<int64_t>(terms.size()); }

const LayerResult& result_of(const App& app, int layer) {
    return app.state.result->layers[static_cast<size_t>(layer)];
}

/// A stage's cell and the layer it is in.
struct StageCell {
    int layer = 0, stage = -1;
    Index cell;
};

bool is_computed(const LayerResult& layer, int stage, Index cell) {
    return stage >= 0 && !layer.stages[static_cast<size_t>(stage)].empty() &&
           layer.plan.stages[static_cast<size_t>(stage)].shape.contains(cell);
}

/// Where the gradient of a cell of that layer stands, as far as the backward pass has been there.
std::optional<StageCell> gradient_of(const App& app, int layer, const Ref& ref) {
    const LayerResult& computed = result_of(app, layer);
    StageCell at{layer, -1, ref.cell};
    if (ref.source == Source::input) at.stage = computed.plan.stage("grad_input");
    if (ref.source == Source::weight && ref.which < static_cast<int>(computed.plan.weights.size()))
        at.stage = computed.plan.stage("grad_" +
                                       computed.plan.weights[static_cast<size_t>(ref.which)].name);
    if (ref.source == Source::stage && ref.which == computed.last_stage() &&
        layer + 1 < static_cast<int>(app.state.result->layers.size()))
        return gradient_of(app, layer + 1, {Source::input, 0, ref.cell});
    if (!is_computed(result_of(app, at.layer), at.stage, at.cell)) return {};
    return at;
}

/// The input or weight cell that a gradient's cell belongs to; else the cell itself.
Ref behind(const Plan& plan, const Ref& ref) {
    if (ref.source != Source::stage) return ref;
    if (ref.which == plan.stage("grad_input")) return {Source::input, 0, ref.cell};
    for (size_t i = 0; i < plan.weights.size(); ++i)
        if (ref.which == plan.stage("grad_" + plan.weights[i].name))
            return {Source::weight, static_cast<int>(i), ref.cell};
    return ref;
}

/// The stage whose terms make the cell up.
std::optional<StageCell> maker_of(const App& app, int layer, const Ref& ref) {
    if (ref.source == Source::stage) return StageCell{layer, ref.which, ref.cell};
    if (ref.source != Source::input || layer == 0) return {};
    return StageCell{layer - 1, result_of(app, layer - 1).last_stage(), ref.cell};
}

bool goes_on(const App& app, int layer, const Ref& ref) {
    if (ref.source != Source::stage)
        return ref.source == Source::input || ref.source == Source::weight;
    const LayerResult& computed = result_of(app, layer);
    if (ref.which == computed.plan.output && computed.plan.skip.sum >= 0) return true;
    return ref.which == computed.last_stage() &&
           layer + 1 < static_cast<int>(app.state.result->layers.size());
}

void tell(const App& app, const StageCell& at, bool gathered, LedgerCell& ledger) {
    ledger.layer = at.layer;
    ledger.stage = at.stage;
    ledger.cell = at.cell;
    const int64_t terms =
        result_of(app, at.layer).plan.stages[static_cast<size_t>(at.stage)].terms(at.cell);
    if (terms > kMostListed) {
        ledger.too_many = terms;
        return;
    }
    const Result& result = *app.state.result;
    ledger.explanation = gathered ? explain_gathered(result, at.layer, at.stage, at.cell)
                                  : explain(result, at.layer, at.stage, at.cell);
    ledger.done = count_of(ledger.explanation.terms);
}

std::shared_ptr<const Uses> known_uses(const App& app, int layer, const Ref& ref) {
    KnownUses& known = app.known_uses;
    if (known.result.lock() != app.state.result || known.layer != layer || known.of != ref ||
        !known.uses)
        known = {app.state.result, layer, ref,
                 std::make_shared<const Uses>(
                     uses_of(*app.state.result, layer, ref, {.listed = kMostListed}))};
    return known.uses;
}

/// The use that the play head shows; −1: none.
int64_t use_at_work(const App& app, int layer, const Uses& uses) {
    const Plan& plan = result_of(app, layer).plan;
    if (!walks_cells(app.timeline) || !plan.window || layer != shown_layer(app)) return -1;
    const Moment now = moment_at(view_input(app, {}, 1), app.state.play.step);
    if (!now.started || now.finishing || !now.output || !now.input) return -1;
    for (size_t i = 0; i < uses.terms.size(); ++i) {
        const Term& term = uses.terms[i];
        const Ref& weight = term.a.source == Source::weight ? term.a : term.b;
        const Ref& input = term.a.source == Source::weight ? term.b : term.a;
        if (uses.cells[i].cell == *now.output && uses.cells[i].stage == plan.output &&
            term.padding.value_or(input.cell) == *now.input &&
            (weight.source != Source::weight || !now.weight || weight.cell == *now.weight))
            return static_cast<int64_t>(i);
    }
    return -1;
}

/// The cell that the person chose: every direction in which it can be told.
LedgerCell ledger_of(const App& app, int layer, const Ref& ref) {
    const Plan& plan = result_of(app, layer).plan;
    const Ref of = behind(plan, ref);
    const auto maker = maker_of(app, layer, of);
    const auto gradient = gradient_of(app, layer, of);
    LedgerCell ledger;
    ledger.of = of;
    if (maker) ledger.choices.push_back(Telling::made_of);
    if (goes_on(app, layer, of)) ledger.choices.push_back(Telling::goes_to);
    if (gradient) ledger.choices.push_back(Telling::gradient);
    const bool is_input = of.source != Source::stage;
    const bool slopes = of != ref || (is_input && chosen_view(app).backward);
    const Telling natural = slopes && gradient ? Telling::gradient
                            : is_input         ? Telling::goes_to
                                               : Telling::made_of;
    ledger.telling = app.state.selection.telling.value_or(natural);
    if (std::ranges::find(ledger.choices, ledger.telling) == ledger.choices.end())
        ledger.telling = natural;
    switch (ledger.telling) {
        case Telling::made_of: tell(app, *maker, false, ledger); break;
        case Telling::gradient: tell(app, *gradient, true, ledger); break;
        case Telling::goes_to:
            ledger.layer = layer;
            ledger.stage = of.source == Source::stage ? of.which : -1;
            ledger.cell = of.cell;
            ledger.uses = known_uses(app, layer, of);
            ledger.done = count_of(ledger.uses->terms);
            ledger.current = use_at_work(app, layer, *ledger.uses);
    }
    return ledger;
}

bool same_product(const Term& a, const Term& b) {
    return a.padding == b.padding && ((a.a == b.a && a.b == b.b) || (a.a == b.b && a.b == b.a));
}

/// The step at which that term of an output cell happens.
std::optional<int64_t> step_of(const App& app, int layer, Index cell, const Term& term,
                               int64_t index) {
    const Timeline& timeline = app.timeline;
    if (timeline.order() == Order::by_output) return timeline.step_of(cell, index);
    if (timeline.order() != Order::by_input) return {};
    const bool is_alone = term.a.source == Source::weight && term.b.source == Source::constant;
    if (is_alone) return timeline.steps();
    return stamp_step(result_of(app, layer).plan, term, timeline);
}

}  // namespace

std::optional<Ref> chosen_cell(const App& app) {
    const State& state = app.state;
    const auto stands = [&](const Ref& ref) {
        const Tensor* tensor = shown_tensor(app, ref);
        return tensor && tensor->shape().contains(ref.cell);
    };
    if (state.selection.pinned && stands(*state.selection.pinned)) return state.selection.pinned;
    if (state.selection.edit && !state.play.playing && stands(state.selection.edit->ref))
        return state.selection.edit->ref;
    return {};
}

std::optional<LedgerCell> ledger(const App& app) {
    const State& state = app.state;
    const LayerResult* layer = layer_result(app);
    if (!layer) return {};
    const int at = shown_layer(app);
    if (const auto ref = chosen_cell(app)) {
        LedgerCell ledger = ledger_of(app, at, *ref);
        ledger.pinned = state.selection.pinned == ref;
        return ledger;
    }
    LedgerCell ledger;
    ledger.choices = {Telling::made_of};
    const Shape shape = layer->output().shape();
    const auto tell_output = [&](Index cell) {
        ledger.of = {Source::stage, layer->plan.output, cell};
        tell(app, {at, layer->plan.output, cell}, false, ledger);
    };
    if (!walks_cells(app.timeline)) {  // no cell is at work: one in the middle of the shown plane
        tell_output({std::clamp<int64_t>(state.shown.n, 0, shape.n - 1),
                     std::clamp<int64_t>(state.shown.out_channel, 0, shape.c - 1), shape.h / 2,
                     shape.w / 2});
        return ledger;
    }
    const Place place = app.timeline.at(state.play.step);
    if (app.timeline.order() == Order::by_output) {
        if (!shape.contains(place.cell)) return {};
        tell_output(place.cell);
        ledger.done = place.started ? place.term + 1 : 0;
        ledger.current = place.started ? place.term : -1;
        return ledger;
    }
    // By input: the cell that the stamp reaches now. A cropped product belongs to none.
    const StampTerm stamp = stamp_term(layer->plan, place.cell, place.term);
    if (!stamp.lands || !shape.contains(stamp.output)) return {};
    tell_output(stamp.output);
    ledger.done = 0;
    order_by_stamps(app, *layer, ledger);
    if (place.finishing) ledger.current = -1;
    return ledger;
}

void choose_telling(App& app, Telling telling) {
    if (const auto told = ledger(app);
        told && std::ranges::find(told->choices, telling) != told->choices.end())
        app.state.selection.telling = telling;
}

bool go_to_term(App& app, const LedgerCell& ledger, size_t index) {
    if (ledger.telling == Telling::gradient) return false;
    const bool uses = ledger.telling == Telling::goes_to;
    const Term term = uses ? ledger.uses->terms[index] : ledger.explanation.terms[index];
    const Use use = uses ? ledger.uses->cells[index] : Use{ledger.layer, ledger.stage, ledger.cell};
    if (use.layer != shown_layer(app)) {
        // The other layer shows the same number: as its input, or as its output.
        const Telling telling = ledger.telling;
        choose_layer(app, use.layer);
        const Ref there =
            uses ? Ref{Source::input, 0, ledger.cell} : Ref{Source::stage, use.stage, use.cell};
        if (pin(app, there)) app.state.selection.telling = telling;
    }
    const LayerResult* layer = layer_result(app);
    if (!layer || use.stage != layer->plan.output || use.layer != shown_layer(app)) return false;
    if (!uses) {
        const auto step = step_of(app, use.layer, use.cell, term, static_cast<int64_t>(index));
        if (step) go_to_step(app, *step);
        return step.has_value();
    }
    const Explanation told = explain(*app.state.result, use.layer, use.stage, use.cell);
    for (size_t i = 0; i < told.terms.size(); ++i) {
        Term asked = term;  // in its own layer the number has another name
        if (asked.a.source == Source::stage) asked.a = {Source::input, 0, ledger.cell};
        Term there = told.terms[i];
        if (told.combine == Combine::mean && there.b.source == Source::constant) asked.b = there.b;
        if (!same_product(asked, there)) continue;
        const auto step = step_of(app, use.layer, use.cell, there, static_cast<int64_t>(i));
        if (step) go_to_step(app, *step);
        return step.has_value();
    }
    return false;
}

}  // namespace convscope
