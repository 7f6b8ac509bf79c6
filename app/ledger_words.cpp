#include "app/ledger_words.h"

#include <algorithm>

#include <fmt/format.h>

#include "app/ledger_text.h"
#include "app/scene/numbers.h"
#include "core/number_text.h"

namespace convscope {
namespace {

/// The gradient of a kernel is indexed as the kernel is.
bool is_kernel(const Plan& plan, const StageSpec& spec) {
    return std::ranges::any_of(plan.weights, [&](const WeightSpec& weight) {
        return weight.rank == 4 && spec.backward && spec.name == "grad_" + weight.name;
    });
}

}  // namespace

std::string LedgerNames::of(const Ref& ref) const {
    const auto which = static_cast<size_t>(ref.which);
    const auto of_layer = [&](const char* what) {
        return fmt::format("{} of layer {} {}", what, ref.which,
                           index_text(computed().input.shape(), ref.cell));
    };
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
        case Source::layer_input: return of_layer("input");
        case Source::layer_grad_output: return of_layer("grad_output");
        case Source::constant: break;
    }
    return "";
}

std::string LedgerNames::stage(int which, Index cell) const {
    const StageSpec& spec = plan().stages[static_cast<size_t>(which)];
    if (spec.shape.count() == 1) return spec.name;
    return spec.name + " " + index_text(spec.shape, cell, is_kernel(plan(), spec));
}

std::string LedgerNames::first(const Term& term) const {
    return term.padding && term.a.source != Source::weight ? padded(term, term.a) : of(term.a);
}

std::string LedgerNames::second(const Term& term) const {
    return term.padding && term.a.source == Source::weight ? padded(term, term.b) : of(term.b);
}

std::string LedgerNames::padded(const Term& term, const Ref& ref) const {
    const std::string place = "padding " + index_text(computed().input.shape(), *term.padding);
    return ref.source == Source::constant ? place : place + " = " + of(ref);
}

bool has_factor(const Term& term) { return term.b.source != Source::constant || term.b_value != 1; }

int64_t channel_of(const Term& term) {
    if (term.a.source == Source::weight && !has_factor(term)) return -1;
    return term.padding ? term.padding->c : term.a.cell.c;
}

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

std::string in_table(double value, int decimals) {
    const std::string text = number_text(value, decimals);
    return text == "~0" ? number_text(value) : text;
}

int decimals_of(const Uses& uses) {
    std::vector<float> values;
    for (const Term& term : uses.terms)
        for (const double v : {term.a_value, term.b_value, term.product})
            values.push_back(static_cast<float>(v));
    return decimals_for(values);
}

}  // namespace convscope
