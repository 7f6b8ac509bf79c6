#include "core/guess.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <limits>

#include <fmt/format.h>

#include "core/number_text.h"
#include "core/other_mode.h"
#include "core/presets.h"

namespace convscope {
namespace {

struct TypedNumber {
    double value = 0;
    int decimals = 0;
};

std::optional<TypedNumber> read_typed(std::string_view text) {
    std::string plain(text);
    if (const size_t minus = plain.find("−"); minus == 0) plain.replace(0, std::string_view("−").size(), "-");
    if (plain.starts_with('+')) plain.erase(0, 1);
    TypedNumber typed;
    const auto [end, error] = std::from_chars(plain.data(), plain.data() + plain.size(), typed.value);
    if (error != std::errc() || end != plain.data() + plain.size()) return {};
    if (const size_t point = plain.find('.'); point != std::string::npos)
        typed.decimals = static_cast<int>(plain.find_first_not_of("0123456789", point + 1) == std::string::npos
                                              ? plain.size() - point - 1
                                              : 0);
    return typed;
}

std::string place(Index cell) { return fmt::format("({}, {})", cell.h, cell.w); }
/// "1 column to the right" of where `other` lies, seen from `cell`.
std::string way_to(Index cell, Index other) {
    const auto part = [](int64_t by, const char* one, const char* before, const char* after) -> std::string {
        if (by == 0) return "";
        return fmt::format("{} {}{} {}", std::abs(by), one, std::abs(by) == 1 ? "" : "s", by < 0 ? before : after);
    };
    const std::string rows = part(other.h - cell.h, "row", "above", "below");
    const std::string columns = part(other.w - cell.w, "column", "to the left", "to the right");
    return rows + (rows.empty() || columns.empty() ? "" : " and ") + columns;
}

/// One layer, worked out again in some wrong way.
class Judge {
public:
    Judge(const Result& result, int layer, Index cell, std::string_view typed)
        : result_(result),
          layer_(layer),
          described_(result.document.layers[static_cast<size_t>(layer)]),
          computed_(result.layers[static_cast<size_t>(layer)]),
          cell_(cell),
          typed_(typed),
          right_(static_cast<double>(computed_.op_output().at(cell))) {}

    Verdict verdict() {
        Verdict verdict;
        const std::optional<TypedNumber> number = read_typed(typed_);
        std::string shown(typed_);
        if (shown.starts_with('-')) shown.replace(0, 1, "−");
        verdict.right = says(typed_, right_);
        if (verdict.right) {
            verdict.told = shown + " is right.";
            return verdict;
        }
        std::string source;
        if (number && computed_.input.shape().count() <= kMostGuessed && computed_.op_output().shape().count() <= kMostGuessed) {
            const std::function<std::string()> ways[] = {
                [&] { return turned(); },    [&] { return forgotten(); },  [&] { return other_mode(); },
                [&] { return terms(); },     [&] { return channels(); },   [&] { return matrix_product(); },
                [&] { return one_term(); },  [&] { return transposed(); }, [&] { return neighbour(); },
            };
            for (const auto& way : ways)
                if (source = way(); !source.empty()) break;
        }
        verdict.known = !source.empty();
        verdict.told = verdict.known ? fmt::format("{} is {}.", shown, source) : fmt::format("Not {}.", shown);
        verdict.leads_on = question();
        return verdict;
    }

private:
    /// A wrong way gives the typed number where the right one does not.
    bool gives(double value) const { return std::isfinite(value) && says(typed_, value) && !says(typed_, right_); }

    /// The same cell of the layer with other parameters or weights; none where it is not there.
    std::optional<double> output_with(const Params& params, std::span<const Tensor> weights) const {
        const Plan plan = described_.op->plan(params, computed_.input.shape(), computed_.plan.training);
        if (plan.problem || !plan.output_stage().shape.contains(cell_) || plan.weights.size() != weights.size()) return {};
        if (plan.output_stage().shape.count() > 16 * kMostGuessed) return {};
        for (size_t i = 0; i < weights.size(); ++i)
            if (!(plan.weights[i].shape == weights[i].shape())) return {};
        std::vector<Tensor> stages(plan.stages.size());
        const int wanted[] = {plan.output};
        if (!described_.op->forward(params, plan, {computed_.input, weights, computed_.buffers_before(), plan.training},
                                    wanted, stages, {}))
            return {};
        return static_cast<double>(stages[static_cast<size_t>(plan.output)].at(cell_));
    }

    bool has_kernel() const {
        return computed_.plan.window && !described_.weights.empty() && computed_.plan.weights[0].rank == 4;
    }
    std::string with_kernel(Tensor kernel, const char* words) const {
        std::vector<Tensor> weights = described_.weights;
        weights[0] = std::move(kernel);
        const auto value = output_with(described_.params, weights);
        return value && gives(*value) ? words : "";
    }
    std::string turned() const {
        if (!has_kernel()) return "";
        return with_kernel(turned_180(described_.weights[0]), "what the kernel turned by 180° gives: a layer does not turn it");
    }
    std::string transposed() const {
        if (!has_kernel()) return "";
        const Tensor& kernel = described_.weights[0];
        const Shape shape = kernel.shape();
        if (shape.h != shape.w) return "";
        Tensor swapped = kernel;
        for (int64_t i = 0; i < shape.count(); ++i) {
            const Index at = shape.index(i);
            swapped.set(at, kernel.at({at.n, at.c, at.w, at.h}));
        }
        return with_kernel(std::move(swapped), "what the kernel gives with its rows taken for columns");
    }

    /// A parameter left as it is in a fresh layer, or a vector of weights (bias) left out.
    std::string forgotten() const {
        const Params standard = standard_params(*described_.op);
        for (size_t f = 0; f < standard.size() && f < described_.params.size(); ++f) {
            if (described_.params[f] == standard[f]) continue;
            Params params = described_.params;
            params[f] = standard[f];
            const auto value = output_with(params, described_.weights);
            if (value && gives(*value)) {
                const Field& field = described_.op->fields[f];
                return fmt::format("what {} {} gives here, not {}", field.key, to_text(standard[f]),
                                   to_text(described_.params[f]));
            }
        }
        for (size_t w = 1; w < described_.weights.size(); ++w) {
            std::vector<Tensor> weights = described_.weights;
            weights[w] = Tensor(weights[w].shape(), 0);
            const auto value = output_with(described_.params, weights);
            if (value && gives(*value)) return fmt::format("the sum without the {}", computed_.plan.weights[w].name);
        }
        return "";
    }

    std::string other_mode() const {
        const auto other = in_mode(result_, layer_, !computed_.plan.training);
        if (!other || !other->plan.output_stage().shape.contains(cell_)) return "";
        if (!gives(static_cast<double>(other->output().at(cell_)))) return "";
        return computed_.plan.training ? "what eval mode gives: it normalises by the running statistics"
                                       : "what train mode gives: it normalises by this batch's own statistics";
    }

    const Explanation& explained() {
        if (!explanation_) explanation_ = explain(result_, layer_, computed_.plan.output, cell_);
        return *explanation_;
    }
    bool is_weighted(const Term& term) const { return term.b.source == Source::weight; }

    /// All terms, combined in another way.
    std::string terms() {
        const Explanation& all = explained();
        if (all.combine == Combine::formula || all.terms.empty()) return "";
        double sum = 0, inputs = 0, weights = 0, largest = -std::numeric_limits<double>::infinity();
        int64_t products = 0;
        const bool weighted = std::ranges::any_of(all.terms, [&](const Term& term) { return is_weighted(term); });
        for (const Term& term : all.terms) {
            if (weighted && !is_weighted(term)) {
                if (term.a.source == Source::weight && gives(term.product)) return "the bias alone";
                continue;
            }
            sum += term.product;
            largest = std::max(largest, term.product);
            inputs += term.a_value;
            weights += term.b_value;
            ++products;
        }
        const double count = static_cast<double>(products);
        if (!computed_.plan.window) return weighted && gives(inputs) ? "the number before its weight and bias" : "";
        if (all.combine != Combine::sum && gives(sum)) return "the sum of the window's numbers";
        if (all.combine != Combine::max && count > 1 && gives(largest))
            return weighted ? "the largest of the products: they are added up" : "the largest of the window's numbers";
        if (all.combine != Combine::mean && count > 1 && gives(sum / count))
            return weighted ? "the mean of the products: they are added up" : "the mean of the window's numbers";
        if (weighted && gives(inputs))
            return products > 1 ? "the sum of the inputs, each without its weight" : "the input alone, without its weight";
        if (weighted && gives(weights))
            return products > 1 ? "the sum of the weights, each without its input" : "the weight alone, without its input";
        return "";
    }

    /// One input channel alone, or left out.
    std::string channels() {
        const Explanation& all = explained();
        if (all.combine != Combine::sum) return "";
        std::vector<std::pair<int64_t, double>> sums;
        double total = 0;
        for (const Term& term : all.terms) {
            total += term.product;
            if (!is_weighted(term)) continue;
            const int64_t channel = term.padding ? term.padding->c : term.a.cell.c;
            const auto at = std::ranges::find(sums, channel, &std::pair<int64_t, double>::first);
            if (at == sums.end())
                sums.emplace_back(channel, term.product);
            else
                at->second += term.product;
        }
        if (sums.size() < 2) return "";
        for (const auto& [channel, sum] : sums) {
            if (gives(sum)) return fmt::format("the sum over input channel {} alone", channel);
            if (gives(total - sum)) return fmt::format("the sum without input channel {}", channel);
        }
        return "";
    }

    std::string product(const Term& term) const {
        const Index at = term.padding.value_or(term.a.cell);
        const std::string where = computed_.input.shape().c > 1 ? fmt::format("({}, {}, {})", at.c, at.h, at.w) : place(at);
        return fmt::format("{} × {}, input {} times weight {}", number_text(term.a_value), number_text(term.b_value), where,
                           place(term.b.cell));
    }

    /// One product alone, left out, or with the other sign.
    std::string one_term() {
        const Explanation& all = explained();
        int64_t products = 0;
        for (const Term& term : all.terms) products += is_weighted(term) ? 1 : 0;
        if (all.combine != Combine::sum || products < 2 || products > 128) return "";
        for (const Term& term : all.terms)
            if (is_weighted(term) && gives(term.product)) return fmt::format("one product alone, {}", product(term));
        for (const Term& term : all.terms)
            if (is_weighted(term) && gives(all.value - term.product))
                return fmt::format("the sum without {}", product(term));
        for (const Term& term : all.terms)
            if (is_weighted(term) && gives(all.value - 2 * term.product))
                return fmt::format("the sum with the sign of {} turned", product(term));
        if (gives(-all.value)) return "the sum with its sign turned";
        return "";
    }

    /// One entry of the kernel's matrix times the input's, or its transpose.
    std::string matrix_product() const {
        if (!has_kernel()) return "";
        const Shape k = described_.weights[0].shape(), x = computed_.input.shape();
        if (k.n * k.c * x.n * x.c != 1 || std::max({k.h, k.w, x.h, x.w}) > 16) return "";
        const auto kernel = [&](int64_t r, int64_t c) { return static_cast<double>(described_.weights[0].at({0, 0, r, c})); };
        const auto input = [&](int64_t r, int64_t c) { return static_cast<double>(computed_.input.at({0, 0, r, c})); };
        const auto entry = [&](int64_t rows, int64_t inner, int64_t columns, auto left, auto right, const char* words,
                               const char* name) -> std::string {
            for (int64_t i = 0; i < rows; ++i)
                for (int64_t j = 0; j < columns; ++j) {
                    double sum = 0;
                    std::string worked;
                    for (int64_t m = 0; m < inner; ++m) {
                        sum += left(i, m) * right(m, j);
                        worked += fmt::format("{}{}·{}", m ? " + " : "", number_text(left(i, m)), number_text(right(m, j)));
                    }
                    if (gives(sum))
                        return (inner <= 4 ? worked + ": " : "") + fmt::format(fmt::runtime(words), i, j) +
                               ", one entry of the matrix product " + name;
                }
            return "";
        };
        std::string found;
        if (k.w == x.w)
            found = entry(k.h, k.w, x.h, kernel, [&](int64_t m, int64_t j) { return input(j, m); },
                          "row {} of the kernel times row {} of the input", "K times X transposed");
        if (found.empty() && k.w == x.h)
            found = entry(k.h, k.w, x.w, kernel, input, "row {} of the kernel times column {} of the input", "K times X");
        if (found.empty() && x.w == k.h)
            found = entry(x.h, x.w, k.w, input, kernel, "row {} of the input times column {} of the kernel", "X times K");
        return found;
    }

    /// The nearest other output of the plane that is the number.
    std::string neighbour() const {
        const Shape shape = computed_.op_output().shape();
        std::optional<Index> nearest;
        const auto distance = [&](Index at) { return std::abs(at.h - cell_.h) + std::abs(at.w - cell_.w); };
        for (int64_t h = 0; h < shape.h; ++h)
            for (int64_t w = 0; w < shape.w; ++w) {
                const Index at{cell_.n, cell_.c, h, w};
                if (at == cell_ || distance(at) > 3 || !gives(static_cast<double>(computed_.op_output().at(at)))) continue;
                if (!nearest || distance(at) < distance(*nearest)) nearest = at;
            }
        return nearest ? fmt::format("output {}, {}", place(*nearest), way_to(cell_, *nearest)) : "";
    }

    std::string question() const {
        if (!computed_.plan.window) return "Which numbers stand in its formula?";
        if (computed_.plan.window->transposed())
            return fmt::format("Which inputs write to cell {}, and which weight meets each of them there?", place(cell_));
        return fmt::format("Which input cells does the window of {} read, and what happens to them?", place(cell_));
    }

    const Result& result_;
    int layer_;
    const Layer& described_;
    const LayerResult& computed_;
    Index cell_;
    std::string_view typed_;
    double right_;
    std::optional<Explanation> explanation_;
};

}  // namespace

bool says(std::string_view typed, double value) {
    const std::optional<TypedNumber> number = read_typed(typed);
    if (std::isnan(value)) return number && std::isnan(number->value);
    if (std::isinf(value)) return typed == number_text(value) || (number && number->value == value);
    if (!number || !std::isfinite(number->value)) return false;
    const double off = std::abs(number->value - value);
    if (value == std::round(value)) return off <= 1e-6 * std::max(1.0, std::abs(value));
    if (off <= 5e-3 * std::abs(value)) return true;
    return number->decimals >= 2 && number->value != 0 && off <= 0.5 * std::pow(10, -number->decimals) * (1 + 1e-9);
}

Verdict judge_guess(const Result& result, int layer, Index cell, std::string_view typed) {
    return Judge(result, layer, cell, typed).verdict();
}

}  // namespace convscope
