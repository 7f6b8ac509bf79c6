// The numbers of the ledger, before anything is drawn: groups of terms, sums, decimals and where columns stand.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/panels/sections.h"
#include "app/scene/numbers.h"

namespace convscope {

/// Terms of one input channel that follow each other.
struct Group {
    int64_t channel = 0;
    size_t first = 0, count = 0;
    double subtotal = 0;  // of the terms that are done
    bool open = true;
    float y = 0, height = 0;  // in the table
};

/// Where the columns' numbers end, from the table's left edge.
struct Columns {
    ImFont *font = nullptr, *bold = nullptr;
    float place = 0, value = 0, times = 0, weight = 0, equals = 0, product = 0, sum = 0;
};

struct LedgerTable {
    LedgerCell cell;
    std::vector<double> sums;    // after each term
    std::vector<Group> groups;   // one without heads when there is one channel only
    std::optional<size_t> bias;  // index of its term
    bool has_heads = false, wide_places = false;
    int decimals = 0;
    double result = 0;  // the result's own float32 number

    const std::vector<Term>& terms() const { return cell.explanation.terms; }
    int64_t products() const { return static_cast<int64_t>(terms().size()) - (bias ? 1 : 0); }
    bool is_done() const { return cell.done >= static_cast<int64_t>(terms().size()); }
    std::string number(double value) const { return number_text(value, decimals); }
};

/// A term that is one number added: a bias.
bool is_alone(const Term& term);
/// Where the term's input value stands, outside the input where it was read from padding.
Index place_of(const Term& term);
/// "(2, 6)", with the channel "(1, 2, 6)", or "padding".
std::string place_text(const Term& term, bool with_channel);
/// "(1, 3)"; with a channel where there are several, with the sample where there are several of those.
std::string cell_text(Shape shape, Index at);

LedgerTable make_ledger_table(const App& app, LedgerCell cell);
/// Faces, decimals and places with which all columns fit into `width`; sets the table's decimals.
Columns fit_columns(const PanelContext& context, LedgerTable& table, float width);
/// The step that shows this term, in the order of the play; none when no step does.
std::optional<int64_t> step_of_term(const App& app, const LedgerTable& table, size_t index);

}  // namespace convscope
