// What belongs to the cell under the pointer: the cells at the other end, and everything about the cell itself.
#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "app/canvas_input.h"
#include "app/scene/numbers.h"
#include "app/views/story.h"

namespace convscope {
namespace {

/// Terms that are looked through in a frame; beyond it `reach` alone must do.
constexpr int64_t kMostTerms = 60000;
constexpr size_t kMostLinks = 5000;

/// A number's place, or (source constant) a place in the padding of that plane of the input.
struct Target {
    Source source = Source::constant;
    int which = 0;
    Index cell;
    auto operator<=>(const Target&) const = default;
};

Target target_of(const Ref& ref) { return {ref.source, ref.which, ref.cell}; }

/// What stands in a cell of the scene; none for a product, an inserted zero and the like. A grid that is no plane of a
/// tensor (rows of a matrix) has it in its cells.
std::optional<Target> target_in(const Grid& grid, const Cell* cell, int64_t row, int64_t column) {
    Index place = grid.origin.cell;
    place.h = row;
    place.w = column;
    const bool plane = grid.origin.source != Source::constant;
    const bool padding = cell && (cell->state == CellState::padding || cell->state == CellState::padding_read);
    if (padding) return plane ? Target{Source::constant, 0, place} : target_of(cell->ref);
    if (cell && cell->ref.source != Source::constant) return target_of(cell->ref);
    if (!plane || row < 0 || column < 0) return {};
    return Target{grid.origin.source, grid.origin.which, place};
}

/// Boxes of all cells that show one of the (sorted) targets.
void add_places(const Scene& scene, const std::vector<Target>& sorted, std::vector<Link>& links) {
    for (const Grid& grid : scene.grids) {
        if (grid.cells.empty()) {
            if (grid.origin.source == Source::constant) continue;
            for (const Target& target : sorted) {
                Index plane = target.cell;
                plane.h = plane.w = 0;
                Index own = grid.origin.cell;
                own.h = own.w = 0;
                if (target.source == grid.origin.source && target.which == grid.origin.which && plane == own &&
                    grid.holds(target.cell.h, target.cell.w))
                    links.push_back({grid.cell_box(target.cell.h, target.cell.w), grid.role});
            }
            continue;
        }
        for (int64_t r = 0; r < grid.shown_rows; ++r)
            for (int64_t c = 0; c < grid.shown_columns; ++c) {
                const int64_t row = grid.first_row + grid.shown_row + r;
                const int64_t column = grid.first_column + grid.shown_column + c;
                const auto target = target_in(grid, grid.cell(row, column), row, column);
                if (target && links.size() < kMostLinks &&
                    std::binary_search(sorted.begin(), sorted.end(), *target))
                    links.push_back({grid.cell_box(row, column), grid.role});
            }
    }
}

void add_term(const Term& term, std::vector<Target>& targets) {
    if (term.padding) targets.push_back({Source::constant, 0, *term.padding});
    if (term.a.source != Source::constant && !term.padding) targets.push_back(target_of(term.a));
    if (term.b.source != Source::constant) targets.push_back(target_of(term.b));
}

std::vector<Link> found(const Scene& scene, std::vector<Target> targets) {
    std::sort(targets.begin(), targets.end());
    targets.erase(std::unique(targets.begin(), targets.end()), targets.end());
    std::vector<Link> links;
    add_places(scene, targets, links);
    return links;
}

bool same_place(const Ref& a, const Ref& b) { return a.source == b.source && a.cell == b.cell; }

/// The planes of stages that are on the canvas, by their first cell.
std::set<Target> shown_planes(const Scene& scene) {
    std::set<Target> planes;
    const auto add = [&](const Ref& ref) {
        if (ref.source == Source::stage) planes.insert({ref.source, ref.which, {ref.cell.n, ref.cell.c, 0, 0}});
    };
    for (const Grid& grid : scene.grids) {
        add(grid.origin);
        if (grid.origin.source != Source::constant) continue;
        for (const Cell& cell : grid.cells) add(cell.ref);
    }
    return planes;
}

/// Cells of the shown outputs that read the input cell.
std::vector<Target> readers(const App& app, const Scene& scene, const Ref& input) {
    const int layer = app.state.layer;
    const Result& result = *app.state.result;
    const Layer& made = result.document.layers[static_cast<size_t>(layer)];
    const Plan& plan = result.layers[static_cast<size_t>(layer)].plan;
    std::vector<Target> targets;
    for (const Target& shown : shown_planes(scene)) {
        const int stage = shown.which;
        if (stage < 0 || stage >= static_cast<int>(plan.stages.size())) continue;
        const StageSpec& spec = plan.stages[static_cast<size_t>(stage)];
        auto [first, last] = made.op->reach(made.params, plan, stage, input.cell);
        Index cell = shown.cell;
        if (cell.n < first.n || cell.n > last.n || cell.c < first.c || cell.c > last.c) continue;
        const int64_t count = std::max<int64_t>(0, last.h - first.h + 1) * std::max<int64_t>(0, last.w - first.w + 1);
        if (count > static_cast<int64_t>(kMostLinks)) continue;
        for (cell.h = first.h; cell.h <= last.h; ++cell.h)
            for (cell.w = first.w; cell.w <= last.w; ++cell.w) {
                if (!spec.shape.contains(cell)) continue;
                bool reads = count * spec.terms(cell) > kMostTerms;
                if (!reads)
                    for (const Term& term : explain(result, layer, stage, cell).terms)
                        reads = reads || same_place(term.a, input);
                if (reads) targets.push_back({Source::stage, stage, cell});
            }
    }
    return targets;
}

/// Where a tensor's cell lies, counted from 0 as in PyTorch.
std::string whole_place(const Ref& ref, Shape shape) {
    const Index at = ref.cell;
    if (ref.source == Source::weight)
        return fmt::format("[{}, {}, {}, {}] of {}", at.n, at.c, at.h, at.w, to_string(shape));
    std::string text = fmt::format("row {}, column {} of {}×{}", at.h, at.w, shape.h, shape.w);
    if (shape.c > 1) text += fmt::format(", channel {} of {}", at.c, shape.c);
    if (shape.n > 1) text += fmt::format(", sample {} of {}", at.n, shape.n);
    return text;
}

/// "input/1" → "Input"; of panes, "slide/input" → "Input".
std::string spoken_name(const std::string& grid) {
    const size_t slash = grid.find('/');
    std::string name = grid.substr(0, slash);
    if (slash != std::string::npos && (find_view(name) || name == "A" || name == "resize")) return spoken_name(grid.substr(slash + 1));
    if (!name.empty()) name[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(name[0])));
    return name;
}

}  // namespace

std::vector<Link> links(const App& app, const Scene& scene, const CellRef& cell) {
    const Grid* grid = scene.grid(cell.grid);
    const auto& result = app.state.result;
    if (!grid || !result || app.state.layer >= static_cast<int>(result->layers.size())) return {};
    const auto ref = cell_ref(scene, cell);
    if (!ref) return {};
    const LayerResult& layer = result->layers[static_cast<size_t>(app.state.layer)];
    std::vector<Target> targets;
    if (ref->source == Source::stage) {
        const auto stage = static_cast<size_t>(ref->which);
        if (stage >= layer.plan.stages.size() || !layer.plan.stages[stage].shape.contains(ref->cell)) return {};
        if (layer.plan.stages[stage].terms(ref->cell) > kMostTerms) return {};
        for (const Term& term : explain(*result, app.state.layer, ref->which, ref->cell).terms) add_term(term, targets);
    } else if (ref->source == Source::input && layer.input.shape().contains(ref->cell)) {
        targets = readers(app, scene, *ref);
    } else if (ref->source == Source::weight) {
        const auto told = ledger(app);
        if (!told) return {};
        const auto names = [&](const Ref& other) { return same_place(other, *ref) && other.which == ref->which; };
        const std::vector<Term>& terms = told->uses ? told->uses->terms : told->explanation.terms;
        for (size_t i = 0; i < terms.size() && targets.size() < kMostLinks; ++i) {
            if (!names(terms[i].a) && !names(terms[i].b)) continue;
            add_term(terms[i], targets);
            if (!told->uses || told->uses->cells[i].layer != shown_layer(app)) continue;
            targets.push_back({Source::stage, told->uses->cells[i].stage, told->uses->cells[i].cell});
        }
        std::erase(targets, target_of(*ref));
    }
    targets.push_back(target_of(*ref));   // the same number elsewhere: in a column of windows, in another pane
    std::vector<Link> all = found(scene, std::move(targets));
    const Box own = grid->cell_box(cell.row, cell.column);
    std::erase_if(all, [&](const Link& link) { return link.box == own; });
    return all;
}

std::vector<Link> lit_links(const App& app, const Scene& scene) {
    const Selection& selection = app.state.selection;
    std::vector<Target> targets;
    for (const Ref& ref : selection.lit) targets.push_back(target_of(ref));
    if (selection.lit_padding) targets.push_back({Source::constant, 0, *selection.lit_padding});
    return targets.empty() ? std::vector<Link>() : found(scene, std::move(targets));
}

std::optional<CellFacts> cell_facts(const App& app, const Scene& scene, const CellRef& cell) {
    const Grid* grid = scene.grid(cell.grid);
    if (!grid || !grid->holds(cell.row, cell.column)) return {};
    const Cell* shown = grid->cell(cell.row, cell.column);
    const auto ref = cell_ref(scene, cell);
    CellFacts facts;
    if (!ref) {
        if (!shown) return {};
        const bool padding = shown->state == CellState::padding || shown->state == CellState::padding_read;
        facts.title = (padding ? std::string("Padding") : spoken_name(grid->name)) + " " + place_text({0, 0, cell.row, cell.column}, false);
        facts.value = shown->text.empty() && !padding ? "not computed yet" : full_text(shown->value);
        facts.place = padding ? "outside the input" : "";
        return facts;
    }
    const auto& result = app.state.result;
    if (!result || app.state.layer >= static_cast<int>(result->layers.size())) return {};
    const LayerResult& layer = result->layers[static_cast<size_t>(app.state.layer)];
    Shape shape;
    if (ref->source == Source::input) {
        shape = layer.input.shape();
    } else if (ref->source == Source::stage && ref->which < static_cast<int>(layer.plan.stages.size())) {
        shape = layer.plan.stages[static_cast<size_t>(ref->which)].shape;
    } else if (ref->source == Source::weight && ref->which < static_cast<int>(layer.plan.weights.size())) {
        shape = layer.plan.weights[static_cast<size_t>(ref->which)].shape;
    } else {
        return {};
    }
    facts.title = spoken_name(grid->name) + " " + place_text(ref->cell, ref->source != Source::weight && shape.c > 1);
    facts.value = full_text(value_at(app, *ref));
    if (shown && is_answer(shown->state)) facts.value = "hidden until it is guessed or shown";
    if (shown && shown->state == CellState::pending) facts.value = "not computed yet";
    if (shown && shown->state == CellState::running_sum) facts.value = full_text(shown->value) + " so far";
    facts.place = whole_place(*ref, shape);
    return facts;
}

}  // namespace convscope
