// Derivation: walks from the output's explanation back through the stages that stand in it.
#include "app/views/derivation.h"

#include <algorithm>
#include <cmath>

#include "app/scene/numbers.h"
#include "app/views/story.h"
#include "core/number_text.h"

namespace convscope {
namespace {

constexpr int64_t kMostAdded = 4096;   // terms that are added up for a line; of more only the number is told
constexpr size_t kMostWritten = 4;     // terms that are written out

Tone tone_of(const Ref& ref) {
    return ref.source == Source::input    ? Tone::input_text
           : ref.source == Source::weight ? Tone::kernel_text
                                          : Tone::ink;
}

Run mono(std::string text, Tone tone = Tone::ink, std::vector<NumberSource> from = {}) {
    return {std::move(text), Font::mono, tone, std::move(from)};
}

/// Where the numbers of a text stand, without their signs.
struct Span {
    size_t at = 0, size = 0;
};
std::vector<Span> numbers_in(const std::string& text) {
    const auto digit = [&](size_t i) { return i < text.size() && text[i] >= '0' && text[i] <= '9'; };
    constexpr std::string_view kPower = "e−";
    std::vector<Span> spans;
    for (size_t i = 0; i < text.size(); ++i) {
        if (const std::string_view rest = std::string_view(text).substr(i); rest.starts_with("NaN") || rest.starts_with("∞")) {
            spans.push_back({i, 3});   // ∞ has three bytes
            i += 2;
            continue;
        }
        if (!digit(i)) continue;
        size_t end = i;
        while (digit(end) || (end < text.size() && text[end] == '.' && digit(end + 1))) ++end;
        if (text.compare(end, kPower.size(), kPower) == 0 && digit(end + kPower.size())) end += kPower.size();
        else if (end < text.size() && text[end] == 'e' && digit(end + 1)) ++end;
        while (digit(end)) ++end;
        spans.push_back({i, end - i});
        i = end - 1;
    }
    return spans;
}

/// Gives every term a number that tells which one it is, with the sign of its own.
class Marker : public Reader {
public:
    explicit Marker(const std::vector<Term>& terms) : terms_(terms) {}
    static constexpr int kFirst = 7001;
    double operator()(const Ref& ref) const override {
        for (size_t i = 0; i < terms_.size(); ++i)
            if (terms_[i].a == ref) return std::copysign(kFirst + static_cast<double>(i), terms_[i].a_value);
        return 1;
    }

private:
    const std::vector<Term>& terms_;
};

/// The formula in runs: the numbers of input and weights in their colours. Which number is whose is seen by filling in others:
/// the 0 of max(0, 0) may be either.
/// Numbers of the formula's own are told by where they stand in it: `first` of `cell`'s, counted from 0.
std::vector<Run> colored(const std::string& formula, const std::string& marked, const std::vector<Term>& terms, const Ref& cell) {
    constexpr std::string_view kMinus = "−";
    const std::vector<Span> numbers = numbers_in(formula), marks = numbers_in(marked);
    std::vector<Run> runs;
    size_t done = 0;
    const auto add = [&](size_t end, Tone tone, std::vector<NumberSource> from) {
        if (end > done) runs.push_back(mono(formula.substr(done, end - done), tone, std::move(from)));
        done = end;
    };
    for (size_t i = 0; i < numbers.size(); ++i) {
        const size_t end = numbers[i].at + numbers[i].size;
        const std::string mark = numbers.size() == marks.size() ? marked.substr(marks[i].at, marks[i].size) : "";
        const auto is_marked = [&](size_t t) { return mark == std::to_string(Marker::kFirst + static_cast<int>(t)); };
        size_t t = 0;
        while (t < terms.size() && !is_marked(t)) ++t;
        if (t == terms.size()) {
            NumberSource own{"in the formula", cell};
            own.first = static_cast<int64_t>(i);
            add(numbers[i].at, Tone::ink, {});
            add(end, Tone::ink, {own});
            continue;
        }
        size_t from = numbers[i].at;
        const bool minus = from >= done + kMinus.size() && formula.compare(from - kMinus.size(), kMinus.size(), kMinus) == 0;
        if (terms[t].a_value < 0 && minus) from -= kMinus.size();
        NumberSource source = value_at(terms[t].a);
        source.negative = minus != (terms[t].a_value < 0);   // exp(−x)
        add(from, Tone::ink, {});
        add(end, tone_of(terms[t].a), {source});
    }
    add(formula.size(), Tone::ink, {});
    return runs;
}

/// "0.4472 × 1.5 + 0.2".
std::vector<Run> written_sum(const Explanation& e, const Ref& cell) {
    std::vector<Run> runs;
    for (size_t i = 0; i < e.terms.size(); ++i) {
        const Term& term = e.terms[i];
        if (!runs.empty()) runs.push_back(mono(" + ", Tone::ink2));
        const std::string a = number_text_short(term.a_value);
        runs.push_back(mono(runs.empty() ? a : in_sum(a), tone_of(term.a), {value_at(term.a)}));
        if (term.b.source == Source::constant && term.b_value == 1) continue;
        runs.push_back(mono(" × ", Tone::ink2));
        NumberSource factor = value_at(term.b);
        if (term.b.source == Source::constant) {   // it belongs to the layer
            factor = {"factor of term", cell};
            factor.first = static_cast<int64_t>(i);
        }
        runs.push_back(mono(in_sum(number_text_short(term.b_value)), tone_of(term.b), {factor}));
    }
    return runs;
}

/// "(1 + 2 + 3 + 4) ÷ 4", "40 ÷ 16".
std::vector<Run> written_mean(const Explanation& e, const Ref& cell) {
    std::string sum;
    std::vector<NumberSource> from;
    if (e.terms.size() <= kMostWritten)
        for (const Term& term : e.terms) {
            const std::string product = number_text_short(term.product);
            sum += sum.empty() ? product : " + " + in_sum(product);
            from.push_back(product_of(term));
        }
    if (e.terms.size() > 1 && !sum.empty()) sum = "(" + sum + ")";
    if (sum.empty()) {
        sum = number_text_short(e.value * e.divisor);
        from = {{"sum of terms", cell}};
    }
    const bool of_input = !e.terms.empty() && e.terms[0].a.source == Source::input;
    return {mono(sum, of_input ? Tone::input_text : Tone::ink, std::move(from)), mono(" ÷ ", Tone::ink2), mono(number_text_short(e.divisor), Tone::ink, {{"divisor", cell}})};
}

struct Walk {
    const ViewInput& in;
    const LayerResult& layer;
    Derivation& out;

    std::vector<Run> written(const Explanation& e, int stage, Index cell) const {
        if (e.combine == Combine::formula) return formula_runs(in, e, stage, cell);
        if (e.combine == Combine::mean) return written_mean(e, {Source::stage, stage, cell});
        const Term* only = e.terms.size() == 1 && e.terms[0].b.source == Source::constant && e.terms[0].b_value == 1
                               ? &e.terms[0]
                               : nullptr;
        if (!only) return written_sum(e, {Source::stage, stage, cell});
        switch (only->a.source) {
            case Source::buffer: return {mono(layer.plan.buffers[static_cast<size_t>(only->a.which)].name)};
            case Source::stage: return {mono(layer.plan.stages[static_cast<size_t>(only->a.which)].name)};
            default: return {mono("input " + place_text(only->a.cell, layer.input.shape().c > 1), Tone::input_text)};
        }
    }

    void note_read(const Term& term) {
        if (term.a.source != Source::input || (term.b.source == Source::constant && term.b_value == 0)) return;
        for (ReadCell& read : out.read)
            if (read.cell == term.a.cell) {
                if (term.b.source == Source::constant && out.told.combine == Combine::sum) read.factor += term.b_value;
                return;
            }
        out.read.push_back({term.a.cell, term.b.source == Source::constant ? term.b_value : 1});
    }

    void visit(int stage, Index cell) {
        if (std::ranges::any_of(out.lines, [&](const DerivationLine& line) { return line.stage == stage; })) return;
        const StageSpec& spec = layer.plan.stages[static_cast<size_t>(stage)];
        const Tensor& values = layer.stages[static_cast<size_t>(stage)];
        DerivationLine line{stage, spec.name, {}, cell, 0};
        const int64_t terms = spec.terms(cell);
        if (terms > kMostAdded) {
            if (values.empty()) return;
            line.made_of = {mono(fmt::format("from {} numbers", grouped_text(terms)), Tone::ink2)};
            line.value = static_cast<double>(values.at(cell));
            note_group(spec, terms);
            out.lines.push_back(std::move(line));
            return;
        }
        const Explanation e = explain(*in.result, in.layer, stage, cell);
        line.made_of = written(e, stage, cell);
        line.value = values.empty() ? e.value : static_cast<double>(values.at(cell));
        out.lines.push_back(std::move(line));
        if (stage == layer.plan.output) out.told = e;
        if (e.combine == Combine::mean) return note_group(spec, terms);
        for (const Term& term : e.terms) {
            note_read(term);
            if (term.a.source == Source::buffer)
                out.kept.push_back(layer.plan.buffers[static_cast<size_t>(term.a.which)].name);
            for (const Ref& ref : {term.a, term.b})
                if (ref.source == Source::stage) visit(ref.which, ref.cell);
        }
    }

    void note_group(const StageSpec& spec, int64_t terms) {
        out.statistics.push_back(spec.name);
        out.group = terms;
    }
};

}  // namespace

std::vector<Run> formula_runs(const ViewInput& in, const Explanation& e, int stage, Index cell) {
    const Layer& described = in.result->document.layers[static_cast<size_t>(in.layer)];
    const Plan& plan = in.result->layers[static_cast<size_t>(in.layer)].plan;
    const Explanation marked = described.op->explain(described.params, plan, stage, cell, Marker(e.terms));
    return colored(e.formula, marked.formula, e.terms, {Source::stage, stage, cell});
}

Derivation derive(const ViewInput& in, Index cell) {
    Derivation derivation;
    const LayerResult& layer = in.result->layers[static_cast<size_t>(in.layer)];
    Walk{in, layer, derivation}.visit(layer.plan.output, cell);
    // Stages stand in the plan in the order in which they are computed.
    std::ranges::sort(derivation.lines, {}, &DerivationLine::stage);
    return derivation;
}

}  // namespace convscope
