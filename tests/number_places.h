// Where a text's numbers say something is: places, spans, sizes and planes, each looked up in the layer. For number_words.cpp.
#pragma once

#include <array>
#include <regex>

#include "tests/number_trace.h"
#include "tests/number_words.h"

namespace convscope {
namespace {

using Match = std::smatch;

/// What a sentence is about.
struct Context {
    const Told& told;
    const Scene& scene;
    const Witness& witness;
    const ViewInput& in() const { return witness.in(); }
    const LayerResult& layer() const { return witness.layer(); }
    const Plan& plan() const { return layer().plan; }
    const Result& result() const { return witness.layers().result(); }
    Shape input() const { return layer().input.shape(); }
    Shape output() const { return layer().op_output().shape(); }
    Place place() const { return in().timeline->at(in().step); }
};

int64_t whole(const std::string& text) {
    static const std::vector<std::string> words{"no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"};
    if (text.empty()) return INT64_MIN;
    const std::string lower = static_cast<char>(std::tolower(text[0])) + text.substr(1);
    for (size_t i = 0; i < words.size(); ++i)
        if (lower == words[i]) return static_cast<int64_t>(i);
    return std::stoll(text.starts_with("−") ? "-" + text.substr(3) : text);
}

/// "10,000".
int64_t ungrouped(std::string text) {
    std::erase(text, ',');
    return whole(text);
}

std::vector<int64_t> wholes(const Match& match) {
    std::vector<int64_t> all;
    for (size_t i = 1; i < match.size(); ++i) all.push_back(match[i].matched ? whole(match[i]) : INT64_MIN);
    return all;
}

/// First and last row and column of the input places that an output cell reads.
std::array<int64_t, 4> span_read(const Context& c, Index cell) {
    std::array<int64_t, 4> span{INT64_MAX, INT64_MIN, INT64_MAX, INT64_MIN};
    const bool weighs = !c.plan().weights.empty();
    for (const Term& term : c.witness.layers().explained(c.in().layer, c.plan().output, cell).terms) {
        if (weighs && term.b.source != Source::weight) continue;
        const Index at = term.padding.value_or(term.a.cell);
        span = {std::min(span[0], at.h), std::max(span[1], at.h), std::min(span[2], at.w), std::max(span[3], at.w)};
    }
    return span;
}

/// How many of the places first … last lie before or behind `extent`.
int64_t outside(int64_t first, int64_t last, int64_t extent) {
    int64_t count = 0;
    for (int64_t i = first; i <= last; ++i) count += i < 0 || i >= extent;
    return count;
}

/// The same of the places that a stamp of the shown output channel is put on.
std::array<int64_t, 4> span_stamped(const Context& c, Index source) {
    std::array<int64_t, 4> span{INT64_MAX, INT64_MIN, INT64_MAX, INT64_MIN};
    const Window& window = *c.plan().window;
    for (int64_t k = 0; k < window.out_per_group * window.h.kernel * window.w.kernel; ++k) {
        const StampTerm stamp = stamp_term(c.plan(), source, k);
        if (!stamp.exists) continue;
        const Index at = stamp.output;
        span = {std::min(span[0], at.h), std::max(span[1], at.h), std::min(span[2], at.w), std::max(span[3], at.w)};
    }
    return span;
}

/// Output cell of the play head; by input, the cell whose stamp it is.
bool spans(const Context& c, const Match& m) {
    const auto n = wholes(m);
    const auto or_first = [](int64_t last, int64_t first) { return last == INT64_MIN ? first : last; };
    const std::array<int64_t, 4> told{n[0], or_first(n[1], n[0]), n[2], or_first(n[3], n[2])};
    const Place place = c.place();
    if (c.in().timeline->order() == Order::by_output) return told == span_read(c, place.cell);
    const StampTerm stamp = stamp_term(c.plan(), place.cell, place.term);
    return told == span_stamped(c, place.cell) || (stamp.lands && told == span_read(c, stamp.output));
}

/// "(2, 6)" is the place of one of the text's values, or of the term that happens.
bool is_place(const Context& c, const Match& m) {
    std::vector<int64_t> n = wholes(m);
    std::erase(n, INT64_MIN);
    const auto is = [&](Index at) {
        const std::vector<int64_t> all{at.n, at.c, at.h, at.w};
        return std::equal(n.rbegin(), n.rend(), all.rbegin());
    };
    for (const NumberSource& source : c.told.from)
        if (is(source.ref.cell) || is(source.times.cell)) return true;
    const Place place = c.place();
    if (is(place.cell)) return true;
    if (c.in().timeline->order() == Order::by_input && is(stamp_term(c.plan(), place.cell, place.term).output)) return true;
    // An input cell that the output is a copy of.
    if (!c.plan().window && place.started && !place.finishing)
        for (const Term& term : c.witness.layers().explained(c.in().layer, c.plan().output, place.cell).terms)
            if (term.a.source == Source::input && is(term.a.cell)) return true;
    for (const Grid& grid : c.scene.grids)
        for (const Cell& cell : grid.cells)
            if (cell.state == CellState::current && is(cell.ref.cell)) return true;
    // The cell that the sentence tells of.
    for (const auto& run : c.scene.caption.runs)
        for (const NumberSource& source : run.from)
            if (is(source.ref.cell)) return true;
    // The heading over the terms of a gradient: the sentence of a grey picture tells of something else. It is the cell under the
    // pointer, or the middle of the plane that is shown.
    if (c.in().stale && !c.in().pinned && c.told.text.starts_with("grad_") && n.size() >= 2)
        for (const StageSpec& stage : c.plan().stages) {
            if (!c.told.text.starts_with(stage.name + " ")) continue;
            const int64_t h = n[n.size() - 2], w = n[n.size() - 1];
            if (h == stage.shape.h / 2 && w == stage.shape.w / 2) return true;
            if (c.in().hover && h == c.in().hover->row && w == c.in().hover->column) return true;
        }
    // The cell under the pointer.
    const auto& hover = c.in().hover;
    if (hover && c.told.text.starts_with(hover->grid + " ") && is({0, 0, hover->row, hover->column}) && n.size() == 2) return true;
    // A row's name in the matrix.
    for (const Grid& grid : c.scene.grids)
        if (grid.name.ends_with("matrix") && n.size() == 2 && grid.holds(n[0] * c.output().w + n[1], grid.first_column)) return true;
    // The cell that a maximum stands at.
    if (c.plan().window && c.told.text.find("stands at") != std::string::npos) {
        const Explanation told = c.witness.layers().explained(c.in().layer, c.plan().output, place.cell);
        return told.chosen >= 0 && is(told.terms[static_cast<size_t>(told.chosen)].a.cell);
    }
    return false;
}

bool is_size(const Context& c, const Match& m) {
    const auto n = wholes(m);
    std::set<std::vector<int64_t>> sizes;
    const auto add = [&](Shape s) {
        sizes.insert({s.h, s.w});
        sizes.insert({s.n, s.c, s.h, s.w});
    };
    for (const LayerResult& layer : c.result().layers) {
        add(layer.input.shape());
        for (const StageSpec& stage : layer.plan.stages) add(stage.shape);
        for (const WeightSpec& weight : layer.plan.weights) add(weight.shape);
        const Shape out = layer.op_output().shape(), input = layer.input.shape();
        sizes.insert({out.plane(), input.plane()});
        if (!layer.plan.window) continue;
        const WindowAxis &h = layer.plan.window->h, &w = layer.plan.window->w;
        for (const auto member : {&WindowAxis::kernel, &WindowAxis::stride, &WindowAxis::pad_before})
            sizes.insert({h.*member, w.*member});
        sizes.insert({h.span(), w.span()});
        sizes.insert({layer.plan.window->in_per_group * h.kernel * w.kernel, out.plane()});
        sizes.insert({h.dilation * (h.kernel - 1) - h.pad_before, w.dilation * (w.kernel - 1) - w.pad_before});
    }
    std::vector<int64_t> told = n;
    std::erase(told, INT64_MIN);
    return sizes.contains(told);
}

/// Channel or sample `k` of an input, a stage or a weight is one of the picture's planes.
bool is_shown(const Context& c, int64_t Index::* which, int64_t k, std::initializer_list<Source> sources) {
    const auto is = [&](const Ref& ref) {
        return std::ranges::find(sources, ref.source) != sources.end() && ref.cell.*which == k;
    };
    return std::ranges::any_of(c.scene.grids, [&](const Grid& grid) {
        return is(grid.origin) || std::ranges::any_of(grid.cells, [&](const Cell& cell) { return is(cell.ref); });
    });
}

}  // namespace
}  // namespace convscope
