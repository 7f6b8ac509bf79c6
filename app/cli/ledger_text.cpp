#include "app/cli/ledger_text.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "app/cli/text_table.h"
#include "app/scene/numbers.h"
#include "core/number_text.h"
#include "core/pytorch.h"

namespace convscope {
namespace {

/// Terms of all cells that are looked through for one that reads an input cell.
constexpr int64_t kMostLookedAt = 50'000'000;

/// Names and places of a layer's tensors.
struct Names {
    const Result& result;
    int layer;

    const LayerResult& computed() const { return result.layers[static_cast<size_t>(layer)]; }
    const Plan& plan() const { return computed().plan; }

    std::string of(const Ref& ref) const {
        const auto which = static_cast<size_t>(ref.which);
        switch (ref.source) {
            case Source::input: return "input " + index_text(computed().input.shape(), ref.cell);
            case Source::weight: {
                const WeightSpec& spec = plan().weights[which];
                if (spec.rank != 4) return fmt::format("{} ({})", spec.name, ref.cell.c);
                return spec.name + " " + index_text(spec.shape, ref.cell, true);
            }
            case Source::buffer: {
                const BufferSpec& spec = plan().buffers[which];
                return spec.rank == 0 ? spec.name : fmt::format("{} ({})", spec.name, ref.cell.c);
            }
            case Source::stage: return stage(ref.which, ref.cell);
            case Source::grad_output:
                return "grad_output " + index_text(plan().output_stage().shape, ref.cell);
            case Source::layer_input: return of_layer("input", ref);
            case Source::layer_grad_output: return of_layer("grad_output", ref);
            case Source::constant: break;
        }
        return "";
    }

    std::string stage(int which, Index cell) const {
        const StageSpec& spec = plan().stages[static_cast<size_t>(which)];
        if (spec.shape.count() == 1) return spec.name;
        return spec.name + " " + index_text(spec.shape, cell, is_kernel(spec));
    }

    /// The term's first number: "input (1, 2)", "padding (−1, 0)", "padding (−1, 0) = input (1, 0)".
    std::string first(const Term& term) const {
        if (!term.padding) return of(term.a);
        const std::string place = "padding " + index_text(computed().input.shape(), *term.padding);
        return term.a.source == Source::constant ? place : place + " = " + of(term.a);
    }

  private:
    std::string of_layer(const char* what, const Ref& ref) const {
        return fmt::format("{} of layer {} {}", what, ref.which,
                           index_text(computed().input.shape(), ref.cell));
    }

    /// The gradient of a kernel is indexed as the kernel is.
    bool is_kernel(const StageSpec& spec) const {
        return std::ranges::any_of(plan().weights, [&](const WeightSpec& weight) {
            return weight.rank == 4 && spec.backward && spec.name == "grad_" + weight.name;
        });
    }
};

bool has_factor(const Term& term) { return term.b.source != Source::constant || term.b_value != 1; }

/// Channel of the cell or padding that a product reads; −1 for what is added alone.
int64_t channel_of(const Term& term) {
    if (term.a.source == Source::weight && !has_factor(term)) return -1;
    return term.padding ? term.padding->c : term.a.cell.c;
}

/// Sums with products of several channels that follow each other: those get a subtotal each.
bool has_subtotals(const Explanation& e, const Shape& input) {
    if (e.combine != Combine::sum || input.c < 2) return false;
    std::vector<int64_t> channels;
    for (const Term& term : e.terms)
        if (const int64_t c = channel_of(term);
            c >= 0 && (channels.empty() || channels.back() != c))
            channels.push_back(c);
    return channels.size() > 1 && static_cast<int64_t>(channels.size()) <= input.c;
}

int decimals_of(const Explanation& e, double own) {
    std::vector<float> values{static_cast<float>(own)};
    double sum = 0;
    for (const Term& term : e.terms) {
        sum += term.product;
        for (const double v : {term.a_value, term.b_value, term.product, sum})
            values.push_back(static_cast<float>(v));
    }
    return decimals_for(values);
}

/// In a table a value that would only round to zero is written out.
std::string in_table(double value, int decimals) {
    const std::string text = number_text(value, decimals);
    return text == "~0" ? number_text(value) : text;
}

const char* column_of_terms(const Explanation& e) {
    switch (e.combine) {
        case Combine::max: return "";
        case Combine::formula: return "";
        default: return "sum";
    }
}

void add_terms(TextTable& table, const Names& names, const Explanation& e, int decimals) {
    const auto number = [&](double value) { return in_table(value, decimals); };
    const bool adds = e.combine == Combine::sum || e.combine == Combine::mean;
    const bool subtotals = has_subtotals(e, names.computed().input.shape());
    const bool products = std::ranges::any_of(e.terms, has_factor);
    table.row({"term", "value", products ? "×" : "", products ? "factor" : "",
               products ? "value" : "", products ? "=" : "", products ? "product" : "",
               column_of_terms(e)});
    double sum = 0, channel_sum = 0;
    for (size_t i = 0; i < e.terms.size(); ++i) {
        const Term& term = e.terms[i];
        sum += term.product;
        channel_sum += term.product;
        std::vector<std::string> row{names.first(term), number(term.a_value)};
        if (has_factor(term))
            row.insert(row.end(), {"×", term.b.source == Source::constant ? "" : names.of(term.b),
                                   number(term.b_value), "=", number(term.product)});
        else
            row.insert(row.end(), {"", "", "", "", products ? number(term.product) : ""});
        row.push_back(adds                                  ? number(sum)
                      : static_cast<int64_t>(i) == e.chosen ? "← the largest"
                                                            : "");
        table.row(std::move(row));
        const int64_t channel = channel_of(term);
        if (!subtotals || channel < 0) continue;
        if (i + 1 < e.terms.size() && channel_of(e.terms[i + 1]) == channel) continue;
        table.row({fmt::format("channel {}", channel), "", "", "", "", "", number(channel_sum)});
        channel_sum = 0;
    }
}

}  // namespace

std::string layer_line(const Layer& layer) {
    std::string line;
    for (const char c : layer_text(layer)) {
        if (c == '\n')
            line += line.ends_with('(') ? "" : " ";
        else if (c != ' ' || (!line.ends_with(' ') && !line.ends_with('(')))
            line += c;
    }
    return line;
}

std::string index_text(Shape shape, Index cell, bool is_kernel) {
    if (is_kernel || shape.n > 1)
        return fmt::format("({}, {}, {}, {})", cell.n, cell.c, to_text(Value(cell.h)),
                           to_text(Value(cell.w)));
    if (shape.plane() == 1 && cell.h == 0 && cell.w == 0 && shape.c > 1)
        return fmt::format("({})", cell.c);
    if (shape.c > 1)
        return fmt::format("({}, {}, {})", cell.c, to_text(Value(cell.h)), to_text(Value(cell.w)));
    return fmt::format("({}, {})", to_text(Value(cell.h)), to_text(Value(cell.w)));
}

std::string ledger_text(const Result& result, int layer, int stage, Index cell) {
    const Names names{result, layer};
    const Tensor& tensor = names.computed().stages[static_cast<size_t>(stage)];
    const Explanation e = explain(result, layer, stage, cell);
    const double own = static_cast<double>(tensor.at(cell));
    const int decimals = decimals_of(e, own);
    const std::string which =
        result.document.layers.size() > 1 ? fmt::format("layer {}, ", layer) : "";
    std::string out = fmt::format("{} of {}{}\n\n", names.stage(stage, cell), which,
                                  layer_line(result.document.layers[static_cast<size_t>(layer)]));
    if (e.terms.empty()) out += "Nothing is added up here.\n";
    TextTable table(e.combine == Combine::max ? "<>><>>><" : "<>><>>>>");
    if (!e.terms.empty()) add_terms(table, names, e, decimals);
    out += e.terms.empty() ? "" : table.text();
    out += "\n";
    if (e.combine == Combine::formula) out += "formula: " + e.formula + "\n";
    if (e.combine == Combine::mean) {
        double sum = 0;
        for (const Term& term : e.terms) sum += term.product;
        out += fmt::format("mean: {} / {}\n", in_table(sum, decimals), number_text(e.divisor));
    }
    return out +
           fmt::format("{} = {}\n", names.stage(stage, cell), full_text(static_cast<float>(own)));
}

UsesText uses_text(const Result& result, int layer, int stage, Index input_cell) {
    const Names names{result, layer};
    const Layer& described = result.document.layers[static_cast<size_t>(layer)];
    const StageSpec& spec = names.plan().stages[static_cast<size_t>(stage)];
    UsesText uses;
    if (names.plan().skip.sum == stage) return uses;
    const auto [first, last] =
        described.op->reach(described.params, names.plan(), stage, input_cell);
    struct Use {
        Index cell;
        Term term;
        bool chosen = false;
    };
    std::vector<Use> found;
    std::vector<float> values;
    int64_t looked_at = 0;
    for (int64_t n = first.n; n <= last.n; ++n)
        for (int64_t c = first.c; c <= last.c; ++c)
            for (int64_t h = first.h; h <= last.h; ++h)
                for (int64_t w = first.w; w <= last.w; ++w) {
                    const Index cell{n, c, h, w};
                    if (!spec.shape.contains(cell)) continue;
                    looked_at += spec.terms(cell);
                    if (looked_at > kMostLookedAt ||
                        static_cast<int64_t>(found.size()) >= kMaxLedgerTerms) {
                        uses.complete = false;
                        continue;
                    }
                    const Explanation e = explain(result, layer, stage, cell);
                    for (size_t i = 0; i < e.terms.size(); ++i) {
                        const Term& term = e.terms[i];
                        const Ref asked{Source::input, 0, input_cell};
                        if (term.a != asked && term.b != asked) continue;
                        const bool chosen =
                            e.combine == Combine::max && static_cast<int64_t>(i) == e.chosen;
                        found.push_back({cell, term, chosen});
                        for (const double v : {term.a_value, term.b_value, term.product})
                            values.push_back(static_cast<float>(v));
                    }
                }
    uses.uses = static_cast<int64_t>(found.size());
    if (found.empty()) return uses;
    const int decimals = decimals_for(values);
    const bool products =
        std::ranges::any_of(found, [](const Use& use) { return has_factor(use.term); });
    TextTable table("<<>><>>><");
    if (products)
        table.row({"goes to", "as", "value", "×", "factor", "value", "=", "product"});
    else
        table.row({"goes to", "as", "value"});
    for (const auto& [cell, term, chosen] : found) {
        std::vector<std::string> row{names.stage(stage, cell), names.first(term),
                                     in_table(term.a_value, decimals)};
        if (has_factor(term))
            row.insert(row.end(),
                       {"×", term.b.source == Source::constant ? "" : names.of(term.b),
                        in_table(term.b_value, decimals), "=", in_table(term.product, decimals)});
        if (chosen) {
            row.resize(8);
            row.push_back("← the largest");
        }
        table.row(std::move(row));
    }
    uses.text = table.text();
    return uses;
}

}  // namespace convscope
