// batch_norm2d: parameters, shapes, and the definition of every stage.
#include "core/ops/batch_norm2d/batch_norm2d.h"

#include <cmath>

#include <fmt/format.h>

#include "core/conv_parts.h"
#include "core/number_text.h"
#include "core/ops/cure.h"

// Letters: n sample, c channel, (h, w) a cell; M = N·H·W values of a channel; g a cell of grad_output; x̂ one of
// "normalised".

namespace convscope {
namespace {

int64_t values_per_channel(Shape input) { return input.n * input.plane(); }

Index channel_cell(Index cell) { return {0, cell.c, 0, 0}; }

/// A number as it stands in a formula: a negative one in brackets.
std::string in_formula(double value) {
    const std::string text = number_text(value);
    return text.starts_with("−") ? "(" + text + ")" : text;
}

Ref stage_ref(const Plan& plan, std::string_view name, Index cell) {
    return {Source::stage, plan.stage(name), cell};
}

/// Adds the number at `a`, alone or times the number at `b`; returns a's value.
double add_number(Explanation& e, const Reader& read, Ref a, std::optional<Ref> b = {}) {
    Term term;
    term.a = a;
    term.a_value = read(a);
    if (b) {
        term.b = *b;
        term.b_value = read(*b);
    }
    add_term(e, term);
    return term.a_value;
}

/// Adds the number at `a` times `factor`.
void add_scaled(Explanation& e, const Reader& read, Ref a, double factor) {
    Term term;
    term.a = a;
    term.a_value = read(a);
    term.b_value = factor;
    add_term(e, term);
}

/// Every cell (n, h, w) of a channel, in that order.
template <class F>
void for_channel(Shape shape, int64_t c, F body) {
    for (int64_t n = 0; n < shape.n; ++n)
        for (int64_t h = 0; h < shape.h; ++h)
            for (int64_t w = 0; w < shape.w; ++w) body(Index{n, c, h, w});
}

/// What the definitions of all stages share.
struct Explainer {
    const BatchNorm2d& p;
    const Plan& plan;
    const Reader& read;
    Explanation& e;

    Shape shape() const { return plan.output_stage().shape; }
    bool of_batch() const { return p.uses_batch(plan.training); }
    double values() const { return static_cast<double>(values_per_channel(shape())); }

    double number(Ref a) { return add_number(e, read, a); }
    double stage_number(std::string_view name, Index cell) {
        return number(stage_ref(plan, name, cell));
    }
    void formula(double value, std::string text) {
        e.combine = Combine::formula;
        e.value = value;
        e.formula = std::move(text);
    }
    void divide_by_values() {
        e.combine = Combine::mean;
        e.divisor = values();
        e.value /= e.divisor;
    }

    void mean(Index cell) {
        if (!of_batch()) return (void)number({Source::buffer, kRunningMean, cell});
        for_channel(shape(), cell.c, [&](Index at) { number({Source::input, 0, at}); });
        divide_by_values();
    }

    void centred(Index cell) {
        number({Source::input, 0, cell});
        add_scaled(e, read, stage_ref(plan, "mean", channel_cell(cell)), -1);
    }

    /// Biased: divided by M, not M − 1.
    void var(Index cell) {
        if (!of_batch()) return (void)number({Source::buffer, kRunningVar, cell});
        const int stage = plan.stage("centred");
        for_channel(shape(), cell.c, [&](Index at) {
            const Ref deviation{Source::stage, stage, at};
            add_number(e, read, deviation, deviation);
        });
        divide_by_values();
    }

    void normalised(Index cell) {
        const double x = number({Source::input, 0, cell});
        const double mean = stage_number("mean", channel_cell(cell));
        const double var = stage_number("var", channel_cell(cell));
        const double inverse = p.inverse_deviation(var, of_batch());
        formula((x - mean) * inverse,
                fmt::format("({} − {}) / {}", number_text(x), in_formula(mean), deviation(var)));
    }

    /// √(var + eps), filled in.
    std::string deviation(double var) const {
        const std::string text = fmt::format("√({} + {})", number_text(var), in_formula(p.eps));
        const bool is_taken_for_0 = var == 0 && p.eps == 0 && of_batch();
        return is_taken_for_0 ? text + " (1 / √0 is taken for 0)" : text;
    }

    void output(Index cell) {
        const Ref x = stage_ref(plan, "normalised", cell);
        if (!p.affine) return (void)number(x);
        add_number(e, read, x, Ref{Source::weight, kBatchNormWeight, channel_cell(cell)});
        number({Source::weight, kBatchNormBias, channel_cell(cell)});
    }

    void batches_after(Index) {
        const double batches = number({Source::buffer, kBatchesTracked, {}});
        formula(batches + 1, number_text(batches) + " + 1");
    }

    /// The running mean or variance after the batch; `correction` turns the biased variance into the unbiased one.
    void running_after(int buffer, std::string_view statistic, Index cell, double correction,
                       const std::string& correction_text) {
        const Ref before{Source::buffer, buffer, cell}, now = stage_ref(plan, statistic, cell);
        if (p.momentum) {
            add_scaled(e, read, before, 1 - *p.momentum);
            add_scaled(e, read, now, *p.momentum * correction);
            return;
        }
        const double batches = stage_number("num_batches_tracked_after", {});
        const double share = p.factor(batches), old = number(before), fresh = number(now);
        formula((1 - share) * old + share * fresh * correction,
                fmt::format("(1 − 1/{0}) · {1} + 1/{0} · {2}{3}", in_formula(batches),
                            in_formula(old), in_formula(fresh), correction_text));
    }

    void running_mean_after(Index cell) { running_after(kRunningMean, "mean", cell, 1, ""); }

    void running_var_after(Index cell) {
        running_after(kRunningVar, "var", cell, values() / (values() - 1),
                      fmt::format(" · {}/{}", values(), values() - 1));
    }

    void grad_sum(Index cell) {
        for_channel(shape(), cell.c, [&](Index at) { number({Source::grad_output, 0, at}); });
    }

    void grad_product_sum(Index cell) {
        const int normalised = plan.stage("normalised");
        for_channel(shape(), cell.c, [&](Index at) {
            add_number(e, read, {Source::grad_output, 0, at}, Ref{Source::stage, normalised, at});
        });
    }

    /// A batch's mean and variance move with the cell: what they carry to all other cells comes off again.
    void grad_input(Index cell) {
        const Index channel = channel_cell(cell);
        const double weight = p.affine ? number({Source::weight, kBatchNormWeight, channel}) : 1.0;
        const double var = stage_number("var", channel);
        const double scale = weight * p.inverse_deviation(var, of_batch());
        const double g = number({Source::grad_output, 0, cell});
        const std::string scale_text = fmt::format("{} / {}", in_formula(weight), deviation(var));
        if (!of_batch())
            return formula(g * scale, fmt::format("{} · {}", in_formula(g), scale_text));
        const double sum = stage_number(p.affine ? "grad_bias" : "grad_sum", channel);
        const double x = stage_number("normalised", cell);
        const double products =
            stage_number(p.affine ? "grad_weight" : "grad_product_sum", channel);
        formula(
            scale * (g - sum / values() - x * products / values()),
            fmt::format("{} · ({} − {} / {} − {} · {} / {})", scale_text, number_text(g),
                        in_formula(sum), values(), in_formula(x), in_formula(products), values()));
    }
};

struct StageRow {
    const char* name;
    void (Explainer::*explain)(Index);
};

constexpr StageRow kStages[] = {
    {"mean", &Explainer::mean},
    {"centred", &Explainer::centred},
    {"var", &Explainer::var},
    {"normalised", &Explainer::normalised},
    {"output", &Explainer::output},
    {"num_batches_tracked_after", &Explainer::batches_after},
    {"running_mean_after", &Explainer::running_mean_after},
    {"running_var_after", &Explainer::running_var_after},
    {"grad_bias", &Explainer::grad_sum},
    {"grad_sum", &Explainer::grad_sum},
    {"grad_weight", &Explainer::grad_product_sum},
    {"grad_product_sum", &Explainer::grad_product_sum},
    {"grad_input", &Explainer::grad_input},
};

SizeFormula same_size(const char* letter, int64_t size, const char* axis) {
    SizeFormula f;
    f.numerator = fmt::format("[i{}]", letter);
    f.numerator_numbers = fmt::format("[i{}]", size);
    f.result = fmt::format("[o{}]", size);
    f.out = size;
    f.axis = axis;
    return f;
}

}  // namespace

const std::vector<TypedField<BatchNorm2d>>& BatchNorm2d::fields() {
    using P = BatchNorm2d;
    // key, standard (from the struct), PyTorch has a default, panel's range, choices, help
    // clang-format off
    static const std::vector<TypedField<P>> rows{
        {{"num_features",        {}, false, 1, 512, {}, "Channels of the input; each is normalised on its own.", {"", "Not in Keras: it sees the channels of its input."}}, &P::num_features},
        {{"eps",                 {}, true,  0, 1,   {}, "Added to the variance before the root, so that a constant channel is not divided by 0.", {"epsilon"}}, &P::eps},
        {{"momentum",            {}, true,  0, 1,   {}, "How much of the running statistics each batch replaces: PyTorch's 0.1 is Keras' 0.9. None averages all batches alike.", {.keras = "momentum", .keras_note = "What stays of the old value: 1 − PyTorch's.", .complement = true}}, &P::momentum},
        {{"affine",              {}, true,  0, 1,   {}, "Multiplies each normalised channel by a weight and adds a bias, both learned.", {"center, scale"}}, &P::affine},
        {{"track_running_stats", {}, true,  0, 1,   {}, "Keeps a running mean and variance for eval mode; without them eval mode uses the batch's own.", {"", "Not in Keras: it always keeps moving statistics."}}, &P::track_running_stats},
    };
    // clang-format on
    return rows;
}

double BatchNorm2d::inverse_deviation(double var, bool of_batch) const {
    if (of_batch && var == 0 && eps == 0) return 0;
    return 1 / std::sqrt(var + eps);
}

std::optional<Trouble> BatchNorm2d::find_trouble(const BatchNorm2d& p, Shape input) {
    if (auto t = input_trouble(input)) return t;
    if (p.num_features != input.c)
        return Trouble{"num_features",
                       fmt::format("num_features is {}, but the input has {} {}.",
                                   to_text(Value(p.num_features)), input.c,
                                   input.c == 1 ? "channel" : "channels"),
                       {cure("num_features", input.c)}};
    if (!p.uses_batch(p.training) || values_per_channel(input) > 1) return {};
    Trouble trouble{.key = p.training ? "" : "track_running_stats"};
    trouble.sentence = fmt::format(
        "The variance of a batch needs more than one value per channel; an input of {} has one.",
        to_string(input));
    if (!p.training) trouble.cures = {cure("track_running_stats", true)};
    return trouble;
}

Plan BatchNorm2d::plan(const BatchNorm2d& params, Shape input, bool training) {
    BatchNorm2d p = params;
    p.training = training;
    Plan plan;
    plan.training = training;
    plan.problem = find_problem(p, input);
    if (plan.problem) {
        // No parameter cures a batch of one value.
        if (plan.problem->advice.empty() && bounded_count(input) == input.c)
            plan.problem->advice = p.track_running_stats
                                       ? "Choose more rows, columns or samples, or eval mode."
                                       : "Choose more rows, columns or samples.";
        return plan;
    }

    const Shape vector{1, input.c, 1, 1}, one{1, 1, 1, 1};
    const int64_t values = values_per_channel(input);
    const bool of_batch = p.uses_batch(training), is_tracked = training && p.track_running_stats;
    if (p.affine) plan.weights = {{"weight", vector, 1, "out"}, {"bias", vector, 1, "out"}};

    const auto add = [&](const char* name, Shape shape, Role role, int64_t terms) -> StageSpec& {
        plan.stages.push_back({.name = name, .shape = shape, .role = role, .per_cell = terms});
        return plan.stages.back();
    };
    add("mean", vector, Role::neutral, of_batch ? values : 1);
    add("centred", input, Role::neutral, 2).optional = true;
    add("var", vector, Role::neutral, of_batch ? values : 1);
    add("normalised", input, Role::neutral, 3);
    add("output", input, Role::output, 1).extra = p.affine;
    plan.output = plan.stage("output");
    if (is_tracked) {
        const int64_t terms = p.momentum ? 2 : 3;
        add("num_batches_tracked_after", one, Role::neutral, 1);
        add("running_mean_after", vector, Role::neutral, terms);
        add("running_var_after", vector, Role::neutral, terms);
    }
    if (p.track_running_stats)
        plan.buffers = {
            {"running_mean", vector, 1, 0, plan.stage("running_mean_after")},
            {"running_var", vector, 1, 1, plan.stage("running_var_after")},
            {"num_batches_tracked", one, 0, 0, plan.stage("num_batches_tracked_after")}};

    // Sums over a channel come first: grad_input reads them.
    if (p.affine || of_batch) {
        add(p.affine ? "grad_bias" : "grad_sum", vector, Role::gradient, values).backward = true;
        add(p.affine ? "grad_weight" : "grad_product_sum", vector, Role::gradient, values)
            .backward = true;
    }
    add("grad_input", input, Role::gradient, (of_batch ? 5 : 2) + p.affine).backward = true;
    return plan;
}

Explanation BatchNorm2d::explain(const BatchNorm2d& p, const Plan& plan, int stage, Index cell,
                                 const Reader& read) {
    const StageSpec& spec = plan.stages[static_cast<size_t>(stage)];
    Explanation e;
    e.terms.reserve(static_cast<size_t>(spec.terms(cell)));
    Explainer explainer{p, plan, read, e};
    for (const StageRow& row : kStages)
        if (spec.name == row.name) (explainer.*row.explain)(cell);
    return e;
}

std::pair<Index, Index> BatchNorm2d::reach(const BatchNorm2d& p, const Plan& plan, int stage,
                                           Index cell) {
    const std::string& name = plan.stages[static_cast<size_t>(stage)].name;
    if (name == "centred" || name == "normalised" || name == "output") return {cell, cell};
    if (name == "mean" && p.uses_batch(plan.training))
        return {channel_cell(cell), channel_cell(cell)};
    return {{0, 0, 0, 0}, {-1, -1, -1, -1}};
}

std::vector<SizeFormula> BatchNorm2d::size_formula(const BatchNorm2d&, const Plan&, Shape input) {
    if (input.h == input.w) return {same_size("H", input.h, "height = width")};
    return {same_size("H", input.h, "height"), same_size("W", input.w, "width")};
}

std::string BatchNorm2d::card(const BatchNorm2d& p) {
    return to_text(Value(p.num_features)) + (p.num_features == 1 ? " channel" : " channels");
}

BatchNorm2d BatchNorm2d::fit_channels(BatchNorm2d p, int64_t channels) {
    p.num_features = channels;
    return p;
}

}  // namespace convscope
