// Where a number goes: against a search through every cell, against what changes when the number does, against the backward
// pass, and against hand-worked stamps.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "core/chain_edits.h"
#include "core/presets.h"
#include "core/pytorch_read.h"
#include "core/uses.h"
#include "tests/layer_case.h"

namespace convscope {
namespace {

constexpr int kDocuments = 25, kCellsEach = 6;

std::string describe_use(const Ref& ref, const Document& document) {
    return fmt::format("{} cell ({}, {}, {}, {}) of {}",
                       ref.source == Source::weight ? "weight" : "input", ref.cell.n, ref.cell.c,
                       ref.cell.h, ref.cell.w, document.layers[0].op->id);
}

Ref random_cell(std::mt19937_64& random, Source source, int which, Shape shape) {
    return {source, which,
            shape.index(static_cast<int64_t>(random() % static_cast<uint64_t>(shape.count())))};
}

/// A few cells of the input and of every weight.
std::vector<Ref> some_cells(const Result& result, std::mt19937_64& random) {
    std::vector<Ref> refs;
    const LayerResult& layer = result.layers[0];
    for (int i = 0; i < kCellsEach; ++i) {
        refs.push_back(random_cell(random, Source::input, 0, layer.input.shape()));
        for (size_t w = 0; w < layer.plan.weights.size(); ++w)
            refs.push_back(random_cell(random, Source::weight, static_cast<int>(w),
                                       layer.plan.weights[w].shape));
    }
    return refs;
}

using Entry = std::tuple<int, int64_t, double, double>;  // stage, cell, factor, product

/// A factor of a mean is a quotient either way; both are rounded to be compared.
double rounded(double v) { return std::isfinite(v) ? std::round(v * 1e9) / 1e9 : 1e300; }

std::vector<Entry> listed(const Result& result, const Uses& uses) {
    std::vector<Entry> all;
    for (size_t i = 0; i < uses.terms.size(); ++i) {
        const Use& use = uses.cells[i];
        const Shape shape = result.layers[0].plan.stages[static_cast<size_t>(use.stage)].shape;
        all.emplace_back(use.stage, shape.offset(use.cell), rounded(uses.terms[i].b_value),
                         rounded(uses.terms[i].product));
    }
    std::sort(all.begin(), all.end());
    return all;
}

/// Every term of the stage that names the cell, found without reach and without gradients.
std::vector<Entry> searched(const Result& result, int stage, const Ref& asked) {
    std::vector<Entry> all;
    const Shape shape = result.layers[0].plan.stages[static_cast<size_t>(stage)].shape;
    for (int64_t at = 0; at < shape.count(); ++at) {
        const Explanation e = explain(result, 0, stage, shape.index(at));
        const double divisor = e.combine == Combine::mean ? e.divisor : 1;
        for (const Term& term : e.terms)
            if (term.a == asked || term.b == asked)
                all.emplace_back(stage, at,
                                 rounded((term.a == asked ? term.b_value : term.a_value) / divisor),
                                 rounded(term.product / divisor));
    }
    std::sort(all.begin(), all.end());
    return all;
}

class UsesOf : public testing::TestWithParam<std::string> {
  protected:
    const Op& op() const { return *find_op(GetParam()); }
};

TEST_P(UsesOf, a_search_through_every_cell_finds_the_same) {
    std::mt19937_64 random(test_seed(21));
    for (int i = 0; i < kDocuments; ++i) {
        const Document document = random_layer(op(), random, true);
        const auto result = evaluate(document);
        ASSERT_TRUE(result && !result->problem);
        const Plan& plan = result->layers[0].plan;
        for (const Ref& ref : some_cells(*result, random)) {
            SCOPED_TRACE(describe_use(ref, document));
            std::vector<Entry> truth = searched(*result, plan.output, ref);
            if (truth.empty() && ref.source == Source::input)
                for (int s = 0; s < static_cast<int>(plan.stages.size()); ++s) {
                    const StageSpec& spec = plan.stages[static_cast<size_t>(s)];
                    if (s == plan.output || spec.backward || spec.optional) continue;
                    const auto more = searched(*result, s, ref);
                    truth.insert(truth.end(), more.begin(), more.end());
                }
            std::sort(truth.begin(), truth.end());
            const Uses uses = uses_of(*result, 0, ref);
            EXPECT_TRUE(uses.complete);
            EXPECT_EQ(uses.total, static_cast<int64_t>(truth.size()));
            EXPECT_EQ(listed(*result, uses), truth);
            for (size_t u = 0; u < uses.terms.size(); ++u) {
                EXPECT_EQ(uses.terms[u].a, ref);
                const Use& use = uses.cells[u];
                EXPECT_EQ(
                    use.value,
                    static_cast<double>(
                        result->layers[0].stages[static_cast<size_t>(use.stage)].at(use.cell)));
            }
        }
    }
}

/// Without the number every reader lacks what the list says it gives, and no other cell changes.
TEST_P(UsesOf, setting_the_number_to_zero_takes_away_what_it_gave) {
    std::mt19937_64 random(test_seed(22));
    for (int i = 0; i < kDocuments; ++i) {
        Document document = random_layer(op(), random, true);
        const auto result = evaluate(document);
        const int output = result->layers[0].plan.output;
        for (const Ref& ref : some_cells(*result, random)) {
            const Uses uses = uses_of(*result, 0, ref);
            if (!uses.adds || uses.empty() || uses.cells[0].stage != output) continue;
            SCOPED_TRACE(describe_use(ref, document));
            Document without = document;
            Tensor& tensor = ref.source == Source::input
                                 ? without.input.tensor
                                 : without.layers[0].weights[static_cast<size_t>(ref.which)];
            tensor.set(ref.cell, 0);
            const auto lacking = evaluate(without);
            const Tensor &with = result->layers[0].op_output(),
                         &after = lacking->layers[0].op_output();
            std::map<int64_t, double> given;
            for (size_t u = 0; u < uses.terms.size(); ++u)
                given[with.shape().offset(uses.cells[u].cell)] += uses.terms[u].product;
            for (int64_t at = 0; at < with.shape().count(); ++at) {
                const Index cell = with.shape().index(at);
                const double lost =
                    static_cast<double>(with.at(cell)) - static_cast<double>(after.at(cell));
                ASSERT_NEAR(lost, given.contains(at) ? given[at] : 0, 1e-4) << "output cell " << at;
            }
        }
    }
}

/// The chain rule over the list is the gradient that the backward pass computed, and its terms are the list's.
TEST_P(UsesOf, the_list_gives_the_gradient) {
    std::mt19937_64 random(test_seed(23));
    for (int i = 0; i < kDocuments; ++i) {
        const Document document = random_layer(op(), random, true);
        const auto result = evaluate(document, {.backward = true});
        const LayerResult& layer = result->layers[0];
        for (const Ref& ref : some_cells(*result, random)) {
            const Uses uses = uses_of(*result, 0, ref);
            if (!uses.adds || (!uses.empty() && uses.cells[0].stage != layer.plan.output)) continue;
            const int stage = layer.plan.stage(
                ref.source == Source::input
                    ? "grad_input"
                    : "grad_" + layer.plan.weights[static_cast<size_t>(ref.which)].name);
            ASSERT_GE(stage, 0);
            SCOPED_TRACE(describe_use(ref, document));
            double sum = 0, scale = 1;
            for (size_t u = 0; u < uses.terms.size(); ++u) {
                const double part = uses.terms[u].b_value *
                                    static_cast<double>(layer.grad_output.at(uses.cells[u].cell));
                sum += part;
                scale += std::abs(part);
            }
            EXPECT_NEAR(static_cast<double>(layer.stages[static_cast<size_t>(stage)].at(ref.cell)),
                        sum, 1e-5 * scale);
            if (!layer.plan.window || layer.plan.weights.empty()) continue;
            // Term by term: the same output cells with the same factors.
            std::vector<std::pair<int64_t, double>> left, right;
            const Shape shape = layer.plan.output_stage().shape;
            for (const Term& term : explain_gathered(*result, 0, stage, ref.cell).terms) {
                const bool first = term.a.source == Source::grad_output;
                if (!first && term.b.source != Source::grad_output) continue;
                left.emplace_back(shape.offset(first ? term.a.cell : term.b.cell),
                                  first ? term.b_value : term.a_value);
            }
            for (size_t u = 0; u < uses.terms.size(); ++u)
                right.emplace_back(shape.offset(uses.cells[u].cell), uses.terms[u].b_value);
            std::sort(left.begin(), left.end());
            std::sort(right.begin(), right.end());
            EXPECT_EQ(left, right);
        }
    }
}

std::vector<std::string> ids() {
    std::vector<std::string> all;
    for (const Op& op : all_ops()) all.push_back(op.id);
    return all;
}
INSTANTIATE_TEST_SUITE_P(EveryOp, UsesOf, testing::ValuesIn(ids()),
                         [](const auto& info) { return info.param; });

Document written(const std::string& torch, const std::string& input,
                 const std::string& weight = "") {
    PytorchOptions options;
    options.input = input;
    options.weight = weight;
    PytorchResult read = read_pytorch(torch, options);
    CHECK_THAT(read.error, ==, std::string());
    return read.document;
}

TEST(Uses, a_stamp_worked_by_hand) {
    const auto result = evaluate(
        written("nn.ConvTranspose2d(1, 1, 2, stride=2)", "[[1,0],[2,3]]", "[[2,3],[4,5]]"));
    const Uses uses = uses_of(*result, 0, {Source::input, 0, {0, 0, 1, 1}});
    ASSERT_EQ(uses.total, 4);
    const double products[] = {6, 9, 12, 15};
    const Index cells[] = {{0, 0, 2, 2}, {0, 0, 2, 3}, {0, 0, 3, 2}, {0, 0, 3, 3}};
    for (size_t i = 0; i < 4; ++i) {
        EXPECT_EQ(uses.terms[i].product, products[i]);
        EXPECT_EQ(uses.cells[i].cell, cells[i]);
        EXPECT_EQ(uses.cells[i].value, products[i]);
    }
    // Weight (1, 0) = 4 meets every input once: 1, 0, 2 and 3.
    const Uses weight = uses_of(*result, 0, {Source::weight, 0, {0, 0, 1, 0}});
    ASSERT_EQ(weight.total, 4);
    const double met[] = {1, 0, 2, 3};
    for (size_t i = 0; i < 4; ++i) {
        EXPECT_EQ(weight.terms[i].b_value, met[i]);
        EXPECT_EQ(weight.terms[i].product, 4 * met[i]);
    }
}

TEST(Uses, padding_that_repeats_the_number_counts_each_time) {
    // Reflected by one, row 1 of column 1 stands four times in the corner's window: with w(0,0), w(0,2), w(2,0), w(2,2).
    const auto result =
        evaluate(written("nn.Conv2d(1, 1, 3, padding=1, padding_mode='reflect')",
                         "[[1,2,3],[4,5,6],[7,8,9]]", "[[1,10,100],[1,10,100],[1,10,1000]]"));
    const Uses uses = uses_of(*result, 0, {Source::input, 0, {0, 0, 1, 1}});
    double corner = 0;
    int64_t times = 0;
    for (size_t i = 0; i < uses.terms.size(); ++i)
        if (uses.cells[i].cell == Index{}) corner += uses.terms[i].product, ++times;
    EXPECT_EQ(times, 4);
    EXPECT_EQ(corner, 5 * (1 + 100 + 1 + 1000));
}

TEST(Uses, a_maximum_takes_one_of_its_numbers) {
    const auto result = evaluate(written("nn.MaxPool2d(2)", "[[1,2],[3,9]]"));
    const Uses lost = uses_of(*result, 0, {Source::input, 0, {0, 0, 0, 1}});
    const Uses taken = uses_of(*result, 0, {Source::input, 0, {0, 0, 1, 1}});
    ASSERT_EQ(lost.total, 1);
    EXPECT_FALSE(lost.adds || lost.cells[0].chosen);
    EXPECT_TRUE(taken.cells[0].chosen);
    EXPECT_EQ(taken.cells[0].value, 9);
}

TEST(Uses, an_output_goes_on_into_the_next_layer) {
    const auto result = evaluate(written(
        "nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.ReLU(), nn.Conv2d(2, 3, 3))", "6x6"));
    const Index cell{0, 1, 2, 3};
    const Uses from = uses_of(*result, 1, {Source::stage, result->layers[1].plan.output, cell});
    const Uses into = uses_of(*result, 2, {Source::input, 0, cell});
    EXPECT_EQ(from.total, 27);
    EXPECT_EQ(from.cells, into.cells);
    EXPECT_EQ(from.cells[0].layer, 2);
    EXPECT_TRUE(uses_of(*result, 2, {Source::stage, result->layers[2].plan.output, {}}).empty());
}

TEST(Uses, a_skip_connection_brings_the_number_on) {
    Document document =
        written("nn.Sequential(nn.Conv2d(1, 1, 1), nn.Tanh(), nn.Sigmoid())", "4x4");
    document = with_skip(document, 1, 2);  // the first layer's input is added behind the Tanh
    const auto result = evaluate(document);
    ASSERT_FALSE(result->problem);
    const Index cell{0, 0, 1, 2};
    const Uses start = uses_of(*result, 0, {Source::input, 0, cell});
    ASSERT_EQ(start.total, 2);
    EXPECT_EQ(start.cells[1].layer, 1);
    EXPECT_EQ(start.cells[1].stage, result->layers[1].plan.skip.sum);
    EXPECT_EQ(start.terms[1].product, static_cast<double>(document.input.tensor.at(cell)));
    // The op's own output goes into the sum, the sum into the Sigmoid.
    const Uses own = uses_of(*result, 1, {Source::stage, result->layers[1].plan.output, cell});
    ASSERT_EQ(own.total, 1);
    EXPECT_EQ(own.cells[0].stage, result->layers[1].plan.skip.sum);
    const Uses sum = uses_of(*result, 1, {Source::stage, result->layers[1].plan.skip.sum, cell});
    ASSERT_EQ(sum.total, 1);
    EXPECT_EQ(sum.cells[0].layer, 2);
}

TEST(Uses, what_is_too_much_is_said) {
    const auto result = evaluate(written("nn.Conv2d(1, 4, 3)", "40x40"));
    const Uses few = uses_of(*result, 0, {Source::input, 0, {0, 0, 20, 20}}, {.listed = 10});
    EXPECT_FALSE(few.complete);
    EXPECT_EQ(few.terms.size(), 10u);
    const Uses none = uses_of(*result, 0, {Source::weight, 0, {}}, {.listed = 1000});
    EXPECT_FALSE(none.complete);
    EXPECT_EQ(none.total, 38 * 38);
    EXPECT_TRUE(none.empty());
    const Uses unread = uses_of(*result, 0, {Source::input, 0, {0, 0, 20, 20}}, {.looked_at = 5});
    EXPECT_FALSE(unread.complete);
    for (const Ref& wrong : {Ref{Source::input, 0, {0, 0, 40, 0}}, Ref{Source::weight, 7, {}},
                             Ref{Source::weight, 0, {0, 0, 3, 0}}, Ref{Source::buffer, 0, {}}})
        EXPECT_TRUE(uses_of(*result, 0, wrong).empty());
    EXPECT_TRUE(uses_of(*result, 3, {Source::input, 0, {}}).empty());
}

}  // namespace
}  // namespace convscope
