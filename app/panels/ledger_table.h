// The numbers of the ledger, before anything is drawn: groups of terms, sums, decimals and where columns stand.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/panels/sections.h"
#include "app/scene/numbers.h"

namespace convscope {

/// Terms of one input channel that follow each other; of uses, those of one output channel.
struct Group {
    int64_t channel = 0, n = 0;
    int layer = 0, stage = 0;  // of uses: the readers'
    bool padding = false;      // the channel's terms of padding stand apart
    int64_t key = 0;           // what the group is folded by: the channel
    size_t first = 0, count = 0;
    double subtotal = 0;  // of the terms that are done
    bool open = true;
    float y = 0, height = 0;  // in the table
};

/// Where the columns' numbers end, from the table's left edge.
struct Columns {
    ImFont *font = nullptr, *bold = nullptr;
    bool has_places = true;  // else the tooltip tells them
    float place = 0, value = 0, times = 0, weight = 0, equals = 0, product = 0, sum = 0;
};

/// What a skip connection adds to the cell.
struct SkippedIn {
    std::string name;  // "input of layer 2"
    double value = 0, sum = 0;
};

/// A number of the ledger; `tiny_as_zero`: "~0" where there is no room for "2.0e−05".
std::string ledger_number(double value, int decimals, bool tiny_as_zero);

struct LedgerTable {
    LedgerCell cell;
    std::vector<double> sums;    // after each term; of uses: the reading cell's own number
    std::vector<Group> groups;   // one without heads when there is one channel only
    std::optional<size_t> bias;  // index of its term
    bool has_heads = false, wide_places = false;
    bool several_channels = false, several_samples = false;  // over the groups that have heads
    bool has_factors = false;                                // some term is a product
    bool has_names = false;  // terms of several tensors: each place says which
    std::string head = "input", factor_head = "weight";  // over the two columns of factors
    Tone head_tone = Tone::input_text, factor_tone = Tone::kernel_text;
    int decimals = 0;
    bool tiny_as_zero = false;
    double result = 0;  // the result's own float32 number
    std::optional<SkippedIn> skip;
    std::vector<std::string> names;  // of each term's first number, where has_names

    std::string title;  // "Output (1, 3)"
    std::string last_head = "sum";
    Tone last_tone = Tone::output_text, place_tone = Tone::ink2;
    std::string unit = "product";  // what is counted: "product", "value"

    bool is_uses() const { return cell.uses != nullptr; }
    Combine combine() const { return is_uses() ? Combine::sum : cell.explanation.combine; }
    /// The term that a maximum took; −1 elsewhere.
    int64_t chosen() const { return combine() == Combine::max ? cell.explanation.chosen : -1; }
    bool is_chosen(size_t i) const {
        return is_uses() ? cell.uses->cells[i].chosen
                         : is_done() && static_cast<int64_t>(i) == chosen();
    }
    const std::vector<Term>& terms() const {
        return is_uses() ? cell.uses->terms : cell.explanation.terms;
    }
    int64_t products() const { return static_cast<int64_t>(terms().size()) - (bias ? 1 : 0); }
    bool is_done() const { return cell.done >= static_cast<int64_t>(terms().size()); }
    std::string number(double value) const { return ledger_number(value, decimals, tiny_as_zero); }
};

/// A term that is one number added: a bias.
bool is_alone(const Term& term);
/// Where the term's input value stands, outside the input where it was read from padding; of uses, the reading cell.
Index place_of(const LedgerTable& table, size_t index);
/// "(2, 6)", with the channel "(1, 2, 6)", or "padding"; "mean[2]" where the table names its terms.
std::string place_text(const LedgerTable& table, size_t index, bool with_channel);
/// "input", "normalised", "running_mean": the tensor that a number is in.
std::string source_name(const LayerResult& layer, const Ref& ref);
/// "(1, 3)"; with a channel where there are several, with the sample where there are several of those.
std::string cell_text(Shape shape, Index at);

/// "input (2, 6)", "mean[1]".
std::string ref_text(const LayerResult& layer, const Ref& ref);

LedgerTable make_ledger_table(const App& app, LedgerCell cell);
/// "channel 2", "sample 1", "channel 2, padding".
std::string group_name(const LedgerTable& table, const Group& group);
/// The group of the term that happens now; none at rest, and for a bias.
std::optional<size_t> group_at_work(const LedgerTable& table);
/// Opens and folds the groups as the person wants them.
void fold_groups(LedgerTable& table, const LedgerFolds& folds);
/// Faces, decimals and places with which all columns fit into `width`; sets the table's decimals.
Columns fit_columns(const PanelContext& context, LedgerTable& table, float width);
/// A formula in words, and what its numbers are; or the stages that a sum was made from. In rows under the ledger.
void formula_rows(PanelContext& context, Column& column, const LedgerTable& table);
void origin_rows(PanelContext& context, Column& column, const LedgerTable& table);
/// How high both are together.
float origin_height(const PanelContext& context, const LedgerTable& table);

/// The cells that a row is about, lit on the canvas while the pointer is on it.
void light_term(App& app, const LedgerTable& table, size_t index);

}  // namespace convscope
