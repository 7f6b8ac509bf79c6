// The contract of every op, on random documents: the fast passes compute what `explain` defines, on every instruction set;
// counts, boxes and gradients agree with it; parameters have their words.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "core/kernels/row_sums.h"
#include "tests/layer_case.h"

namespace convscope {
namespace {

constexpr int kDocuments = 1500;  // of each op
constexpr int kThorough = 300;    // for the tests that loop over all cells for each cell

class Contract : public testing::TestWithParam<std::string> {
  protected:
    const Op& op() const { return *find_op(GetParam()); }
    ~Contract() override { use_instruction_set(""); }
};

std::vector<std::string> ids() {
    std::vector<std::string> names;
    for (const Op& op : all_ops()) names.push_back(op.id);
    return names;
}
INSTANTIATE_TEST_SUITE_P(Ops, Contract, testing::ValuesIn(ids()),
                         [](const auto& id) { return id.param; });

/// Largest error a float32 sum of `count` products of total size `size` may have.
double bound(double count, double size) {
    return (4 + 2 * std::sqrt(count)) * std::ldexp(size, -24) + 0x1p-149;
}

TEST_P(Contract, fast_passes_compute_what_explain_defines_on_every_instruction_set) {
    std::mt19937_64 random(test_seed(1));
    const std::vector<std::string> sets = instruction_sets();
    ASSERT_FALSE(sets.empty());
    for (int i = 0; i < kDocuments; ++i) {
        const Document document = random_layer(op(), random, false);
        SCOPED_TRACE(describe(document));
        const Truth truth = explain_all(document);
        for (const std::string& set : sets) {
            SCOPED_TRACE(set);
            use_instruction_set(set);
            const auto result = evaluate(document, {.optional_stages = true, .backward = true});
            ASSERT_TRUE(result && !result->problem);
            for (size_t s = 0; s < truth.plan.stages.size(); ++s) {
                const auto fast = result->layers[0].stages[s].values();
                ASSERT_EQ(fast.size(), truth.values[s].values().size())
                    << truth.plan.stages[s].name;
                for (size_t at = 0; at < fast.size(); ++at) {
                    const double value = truth.values[s].values()[at];
                    if (std::isinf(value) && static_cast<double>(fast[at]) == value) continue;
                    ASSERT_NEAR(static_cast<double>(fast[at]), value,
                                bound(truth.counts[s].values()[at], truth.sizes[s].values()[at]))
                        << truth.plan.stages[s].name << " cell " << at;
                }
            }
        }
    }
}

TEST_P(Contract, small_integers_are_exact) {
    std::mt19937_64 random(test_seed(2));
    for (int i = 0; i < kThorough; ++i) {
        const Document document = random_layer(op(), random, true);
        SCOPED_TRACE(describe(document));
        const Truth truth = explain_all(document);
        for (const std::string& set : instruction_sets()) {
            use_instruction_set(set);
            const auto result = evaluate(document, {.optional_stages = true, .backward = true});
            for (size_t s = 0; s < truth.plan.stages.size(); ++s) {
                if (!truth.exact[s]) continue;
                const auto fast = result->layers[0].stages[s].values();
                for (size_t at = 0; at < fast.size(); ++at)
                    ASSERT_EQ(static_cast<double>(fast[at]), truth.values[s].values()[at])
                        << set << " " << truth.plan.stages[s].name << " cell " << at;
            }
        }
    }
}

TEST_P(Contract, terms_add_up_and_are_as_many_as_the_plan_says) {
    std::mt19937_64 random(test_seed(3));
    for (int i = 0; i < kThorough; ++i) {
        const Document document = random_layer(op(), random, false);
        SCOPED_TRACE(describe(document));
        const Layer& layer = document.layers[0];
        const Truth truth = explain_all(document);
        CaseReader read(document);
        read.stages = truth.values;
        for (size_t s = 0; s < truth.plan.stages.size(); ++s) {
            const StageSpec& spec = truth.plan.stages[s];
            for (int64_t at = 0; at < spec.shape.count(); ++at) {
                const Index cell = spec.shape.index(at);
                const Explanation e =
                    layer.op->explain(layer.params, truth.plan, static_cast<int>(s), cell, read);
                ASSERT_EQ(static_cast<int64_t>(e.terms.size()), spec.terms(cell))
                    << spec.name << " cell " << at;
                double sum = 0, largest = -HUGE_VAL;
                for (const Term& term : e.terms) {
                    ASSERT_EQ(term.product, term.a_value * term.b_value);
                    for (const auto& [ref, value] :
                         {std::pair{term.a, term.a_value}, std::pair{term.b, term.b_value}}) {
                        if (ref.source != Source::constant)
                            ASSERT_EQ(value, read(ref)) << spec.name;
                        // A term reads tensors and earlier stages only.
                        ASSERT_TRUE(ref.source != Source::stage ||
                                    ref.which < static_cast<int>(s));
                        ASSERT_TRUE(spec.backward || ref.source != Source::grad_output);
                    }
                    if (term.padding && term.a.source == Source::constant)
                        ASSERT_EQ(term.a_value, truth.plan.window->padding_value) << spec.name;
                    sum += term.product;
                    largest = std::max(largest, term.product);
                }
                switch (e.combine) {
                    case Combine::sum: ASSERT_EQ(e.value, sum) << spec.name << " cell " << at; break;
                    case Combine::mean: ASSERT_DOUBLE_EQ(e.value, sum / e.divisor) << spec.name; break;
                    case Combine::max:
                        ASSERT_EQ(e.value, largest) << spec.name << " cell " << at;
                        ASSERT_EQ(e.terms.at(static_cast<size_t>(e.chosen)).product, largest);
                        break;
                    case Combine::formula: ASSERT_FALSE(e.formula.empty()) << spec.name; break;
                }
            }
        }
    }
}

TEST_P(Contract, reach_holds_every_cell_that_reads_an_input) {
    std::mt19937_64 random(test_seed(4));
    for (int i = 0; i < kThorough; ++i) {
        const Document document = random_layer(op(), random, false);
        SCOPED_TRACE(describe(document));
        const Layer& layer = document.layers[0];
        const Shape input = document.input.tensor.shape();
        const Truth truth = explain_all(document);
        CaseReader read(document);
        read.stages = truth.values;
        for (size_t s = 0; s < truth.plan.stages.size(); ++s) {
            const Shape shape = truth.plan.stages[s].shape;
            std::vector<std::pair<Index, Index>> boxes;
            std::vector<Index> lows(static_cast<size_t>(input.count()),
                                    {INT64_MAX, 0, INT64_MAX, INT64_MAX});
            std::vector<Index> highs(lows.size(), {-1, -1, -1, -1});
            for (int64_t cell = 0; cell < input.count(); ++cell) {
                boxes.push_back(layer.op->reach(layer.params, truth.plan, static_cast<int>(s),
                                                input.index(cell)));
                const auto& [first, last] = boxes.back();
                if (last.n < first.n || last.c < first.c || last.h < first.h || last.w < first.w)
                    continue;
                ASSERT_TRUE(shape.contains(first) && shape.contains(last))
                    << truth.plan.stages[s].name;
            }
            for (int64_t at = 0; at < shape.count(); ++at) {
                const Index cell = shape.index(at);
                const Explanation e =
                    layer.op->explain(layer.params, truth.plan, static_cast<int>(s), cell, read);
                for (const Term& term : e.terms)
                    for (const Ref& ref : {term.a, term.b}) {
                        if (ref.source != Source::input) continue;
                        const auto from = static_cast<size_t>(input.offset(ref.cell));
                        const auto& [first, last] = boxes[from];
                        ASSERT_TRUE(first.n <= cell.n && cell.n <= last.n && first.c <= cell.c &&
                                    cell.c <= last.c && first.h <= cell.h && cell.h <= last.h &&
                                    first.w <= cell.w && cell.w <= last.w)
                            << truth.plan.stages[s].name << " cell " << at;
                        lows[from].h = std::min(lows[from].h, cell.h);
                        lows[from].w = std::min(lows[from].w, cell.w);
                        highs[from].h = std::max(highs[from].h, cell.h);
                        highs[from].w = std::max(highs[from].w, cell.w);
                    }
            }
            // And it is no wider than the kernel: a box of the whole stage would pass the search above.
            if (!truth.plan.window || truth.plan.window->mode != PaddingMode::zeros) continue;
            const Window& window = *truth.plan.window;
            for (size_t from = 0; from < boxes.size(); ++from) {
                if (highs[from].h < 0) continue;
                const auto& [first, last] = boxes[from];
                ASSERT_LE(last.h - first.h + 1, std::max(window.h.span(), window.h.kernel));
                ASSERT_LE(last.w - first.w + 1, std::max(window.w.span(), window.w.kernel));
            }
        }
    }
}

/// Σ grad_output · output in double, with the forward stages recomputed by definition. −∞ (a maximum of padding alone)
/// hangs on no input.
double loss(const Document& document, const Plan& plan, CaseReader& read) {
    const Layer& layer = document.layers[0];
    read.stages.assign(plan.stages.size(), {});
    for (size_t s = 0; s < plan.stages.size(); ++s) {
        if (plan.stages[s].backward) continue;
        const Shape shape = plan.stages[s].shape;
        DoubleTensor values(shape);
        for (int64_t at = 0; at < shape.count(); ++at)
            values.mutate()[static_cast<size_t>(at)] =
                layer.op->explain(layer.params, plan, static_cast<int>(s), shape.index(at), read)
                    .value;
        read.stages[s] = std::move(values);
    }
    double sum = 0;
    const auto output = read.stages[static_cast<size_t>(plan.output)].values();
    for (size_t at = 0; at < output.size(); ++at)
        if (!std::isinf(output[at])) sum += output[at] * read.grad_output.values()[at];
    return sum;
}

TEST_P(Contract, gradients_agree_with_finite_differences) {
    std::mt19937_64 random(test_seed(5));
    for (int i = 0; i < kThorough; ++i) {
        const Document document = random_layer(op(), random, false);
        SCOPED_TRACE(describe(document));
        const Truth truth = explain_all(document);
        CaseReader read(document);
        const auto check = [&](Ref place, const std::string& stage_name) {
            const int stage = truth.plan.stage(stage_name);
            ASSERT_GE(stage, 0) << stage_name;
            const Shape shape = read.tensor(place).shape();
            ASSERT_EQ(truth.values[static_cast<size_t>(stage)].shape(), shape) << stage_name;
            for (int probe = 0; probe < 3; ++probe) {
                const auto at =
                    static_cast<size_t>(random() % static_cast<uint64_t>(shape.count()));
                const double was = read.tensor(place).values()[at], step = 1e-5;
                read.tensor(place).mutate()[at] = was + step;
                const double above = loss(document, truth.plan, read);
                read.tensor(place).mutate()[at] = was - step;
                const double below = loss(document, truth.plan, read);
                read.tensor(place).mutate()[at] = was;
                const double size = truth.sizes[static_cast<size_t>(stage)].values()[at];
                ASSERT_NEAR((above - below) / (2 * step),
                            truth.values[static_cast<size_t>(stage)].values()[at],
                            1e-6 * (1 + size + std::abs(above)))
                    << stage_name << " cell " << at;
            }
        };
        check({Source::input, 0, {}}, "grad_input");
        for (size_t w = 0; w < truth.plan.weights.size(); ++w)
            check({Source::weight, static_cast<int>(w), {}}, "grad_" + truth.plan.weights[w].name);
    }
}

TEST_P(Contract, evaluate_reference_is_explain_looped_over_all_cells) {
    std::mt19937_64 random(test_seed(6));
    for (int i = 0; i < 50; ++i) {
        const Document document = random_layer(op(), random, false);
        SCOPED_TRACE(describe(document));
        const Truth truth = explain_all(document);
        const Reference reference = evaluate_reference(document, true);
        for (size_t s = 0; s < truth.plan.stages.size(); ++s) {
            const auto values = reference.layers[0][s].values();
            ASSERT_TRUE(std::ranges::equal(values, truth.values[s].values()))
                << truth.plan.stages[s].name;
        }
    }
}

TEST_P(Contract, a_cancelled_pass_says_so_and_fractions_rise_to_at_most_one) {
    const Shape input{1, 8, 160, 160};
    Params params = op().fit_channels(standard_params(op()), input.c);
    if (const int out = field_index(op(), "out_channels"); out >= 0)
        params[static_cast<size_t>(out)] = int64_t(8);
    std::mt19937_64 random(7);
    const Plan plan = op().plan(params, input, true);
    ASSERT_FALSE(plan.problem);
    std::vector<Tensor> weights, buffers;
    for (const WeightSpec& spec : plan.weights)
        weights.push_back(random_tensor(spec.shape, random, false));
    for (const BufferSpec& spec : plan.buffers) buffers.emplace_back(spec.shape, spec.initial);
    const LayerInputs inputs{random_tensor(input, random, false), weights, buffers, true};
    const Tensor grad = random_tensor(plan.output_stage().shape, random, false);
    std::vector<int> wanted;
    for (size_t s = 0; s < plan.stages.size(); ++s) wanted.push_back(static_cast<int>(s));

    double last = 0;
    Progress listening{.report =
                           [&](double f) {
                               EXPECT_GE(f, last);
                               last = f;
                               EXPECT_LE(f, 1);
                           },
                       .cancelled = {}};
    std::vector<Tensor> stages(plan.stages.size());
    EXPECT_TRUE(op().forward(params, plan, inputs, wanted, stages, listening));
    last = 0;
    EXPECT_TRUE(op().backward(params, plan, inputs, grad, wanted, stages, listening));

    int asked = 0;
    const Progress cancelling{.report = {}, .cancelled = [&] { return ++asked > 1; }};
    EXPECT_FALSE(op().forward(params, plan, inputs, wanted, stages, cancelling));
    asked = 0;
    EXPECT_FALSE(op().backward(params, plan, inputs, grad, wanted, stages, cancelling));
}

TEST_P(Contract, fields_have_words_and_standards_are_possible) {
    std::set<std::string> keys;
    for (const Field& field : op().fields) {
        SCOPED_TRACE(field.key);
        EXPECT_TRUE(keys.insert(field.key).second);
        EXPECT_GT(field.help.size(), 15u);
        EXPECT_TRUE(field.help.ends_with("."));
        EXPECT_LE(field.low, field.high);
        if (const auto* choice = std::get_if<Choice>(&field.standard))
            EXPECT_EQ(std::ranges::count(field.choices, choice->name), 1);
    }
    // Every parameter has a place in PyTorch's signature, those without a default first.
    const std::vector<std::string>& signature = op().signature;
    for (const std::string& key : keys) EXPECT_EQ(std::ranges::count(signature, key), 1) << key;
    EXPECT_FALSE(op().torch_name.empty());
    EXPECT_TRUE(op().summary.ends_with("."));
    EXPECT_FALSE(op().card(standard_params(op())).empty());
    for (int64_t channels = 1; channels <= 12; ++channels) {
        const Plan plan =
            op().plan(op().fit_channels(standard_params(op()), channels), {1, channels, 7, 7}, true);
        EXPECT_FALSE(plan.problem) << channels << " channels: " << plan.problem->whole();
    }
}

TEST_P(Contract, channels_can_follow_any_input) {
    std::mt19937_64 random(test_seed(8));
    for (int i = 0; i < kDocuments; ++i) {
        const Document document = random_layer(op(), random, false);
        Shape input = document.input.tensor.shape();
        input.c = 1 + static_cast<int64_t>(random() % 12);
        const Params params = op().fit_channels(document.layers[0].params, input.c);
        const Plan plan = op().plan(params, input, document.training);
        ASSERT_FALSE(plan.problem)
            << describe(document) << " → " << input.c << ": " << plan.problem->whole();
    }
}

TEST_P(Contract, size_formula_gives_the_planned_size) {
    std::mt19937_64 random(test_seed(9));
    for (int i = 0; i < kDocuments; ++i) {
        const Document document = random_layer(op(), random, false);
        SCOPED_TRACE(describe(document));
        const Shape input = document.input.tensor.shape();
        const Plan plan = op().plan(document.layers[0].params, input, document.training);
        const Shape output = plan.output_stage().shape;
        for (const SizeFormula& line : op().size_formula(document.layers[0].params, plan, input)) {
            if (line.axis != "width") ASSERT_EQ(line.result, "[o" + std::to_string(output.h) + "]");
            if (line.axis != "height")
                ASSERT_EQ(line.result, "[o" + std::to_string(output.w) + "]");
            ASSERT_TRUE(!plan.window || line.axis == "width" ||
                        line.leftover == plan.window->h.leftover());
        }
    }
}

}  // namespace
}  // namespace convscope
