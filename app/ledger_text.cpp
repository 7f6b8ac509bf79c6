#include "app/ledger_text.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "app/ledger_words.h"
#include "app/scene/numbers.h"
#include "app/text_table.h"
#include "core/number_text.h"
#include "core/pytorch.h"

namespace convscope {
namespace {

const char* column_of_terms(const Explanation& e) {
    switch (e.combine) {
        case Combine::max: return "";
        case Combine::formula: return "";
        default: return "sum";
    }
}

void add_terms(TextTable& table, const LedgerNames& names, const Explanation& e, int decimals) {
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

std::string problem_line(const Result& result) {
    const std::vector<Layer>& layers = result.document.layers;
    std::string text = result.problem->whole();
    if (layers.size() < 2 || result.problem_layer < 0) return text;
    return fmt::format("Layer {}, {}: {}", result.problem_layer,
                       layer_line(layers[static_cast<size_t>(result.problem_layer)]), text);
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
    return ledger_text(result, layer, stage, cell, explain(result, layer, stage, cell));
}

std::string ledger_text(const Result& result, int layer, int stage, Index cell,
                        const Explanation& e) {
    const LedgerNames names{result, layer};
    const Tensor& tensor = names.computed().stages[static_cast<size_t>(stage)];
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

std::string uses_text(const Result& result, int layer, const Uses& uses) {
    if (uses.empty()) return "";
    const int decimals = decimals_of(uses);
    const bool products = std::ranges::any_of(uses.terms, has_factor);
    TextTable table("<<>><>>><");
    if (products)
        table.row({"goes to", "as", "value", "×", "factor", "value", "=", "product"});
    else
        table.row({"goes to", "as", "value"});
    const LedgerNames own{result, layer};
    for (size_t i = 0; i < uses.terms.size(); ++i) {
        const Use& use = uses.cells[i];
        const Term& term = uses.terms[i];
        const LedgerNames names{result, use.layer};
        std::string reader = names.stage(use.stage, use.cell);
        if (use.layer != layer) reader += fmt::format(" of layer {}", use.layer);
        // In the layer that reads it the number is an input.
        std::vector<std::string> row{reader,
                                     (term.a.source == Source::stage ? own : names).first(term),
                                     in_table(term.a_value, decimals)};
        if (has_factor(term))
            row.insert(row.end(), {"×", names.second(term), in_table(term.b_value, decimals), "=",
                                   in_table(term.product, decimals)});
        if (use.chosen) {
            row.resize(8);
            row.push_back("← the largest");
        }
        table.row(std::move(row));
    }
    return table.text();
}

std::string uses_text(const Result& result, int layer, const Ref& of, const Uses& uses) {
    const LedgerNames names{result, layer};
    const Layer& described = result.document.layers[static_cast<size_t>(layer)];
    return fmt::format("{} of {}\n\n{}\n{} {}{}\n", names.of(of), layer_line(described),
                       uses.empty() ? "No cell reads it.\n" : uses_text(result, layer, uses),
                       grouped_text(uses.total), uses.total == 1 ? "term" : "terms",
                       uses.complete ? "" : ", and more that are not listed");
}

}  // namespace convscope
