// relu, leaky_relu, sigmoid, tanh, gelu, silu: PyTorch's numbers, tails in long double, slopes as differences.
// Their words are in activation_words_test.cpp.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <random>

#include "tests/layer_case.h"

namespace convscope {
namespace {

constexpr int kOutput = 0, kSlope = 1, kGradInput = 2;
using Function = long double (*)(long double x, long double a);

// ---- Second algorithms: as the books write the functions, in long double, a branch for each tail.

long double logistic(long double x) { return std::exp(-std::log1p(std::exp(-x))); }

long double normal_share(long double x) {
    const long double z = std::abs(x) / std::numbers::sqrt2_v<long double>;
    return x < 0 ? std::erfc(z) / 2 : (1 + std::erf(z)) / 2;
}

long double gelu_by_tanh(long double x, long double) {
    const long double u =
        std::sqrt(2 / std::numbers::pi_v<long double>) * (x + 0.044715L * std::pow(x, 3.0L));
    return u > 0 ? x * (1 + std::tanh(u)) / 2 : x * std::exp(2 * u) / (1 + std::exp(2 * u));
}

struct Activation {
    const char* id;
    Params params;
    Function function;
    bool is_smooth = true;

    const Op& op() const { return *find_op(id); }
    long double exact(double x) const {
        const double* a = params.empty() ? nullptr : std::get_if<double>(&params[0]);
        return function(x, a ? *a : 0);
    }
    std::string name() const {
        return id + (params.empty() ? std::string() : " " + to_text(params[0]));
    }
};

std::vector<Activation> activations() {
    const Function relu = [](long double x, long double) { return x > 0 ? x : 0; };
    const Function leaky = [](long double x, long double a) { return x > 0 ? x : a * x; };
    const Function sigmoid = [](long double x, long double) { return logistic(x); };
    const Function tanh = [](long double x, long double) {
        const long double e = std::expm1(2 * std::abs(x));
        return std::copysign(std::isinf(e) ? 1 : e / (e + 2), x);
    };
    const Function gelu = [](long double x, long double) { return x * normal_share(x); };
    const Function silu = [](long double x, long double) { return x * logistic(x); };
    return {{"relu", {}, relu, false},
            {"leaky_relu", {0.01}, leaky, false},
            {"leaky_relu", {0.0}, leaky, false},
            {"leaky_relu", {-0.5}, leaky, false},
            {"leaky_relu", {2.5}, leaky, false},
            {"sigmoid", {}, sigmoid},
            {"tanh", {}, tanh},
            {"gelu", {Choice{"none"}}, gelu},
            {"gelu", {Choice{"tanh"}}, gelu_by_tanh},
            {"silu", {}, silu}};
}

// ---- One layer by hand: the passes in float32, and explain over double tensors.

struct Tensors : Reader {
    DoubleTensor input, grad_output;
    std::vector<DoubleTensor> stages;
    double operator()(const Ref& ref) const override {
        switch (ref.source) {
            case Source::input: return input.at(ref.cell);
            case Source::grad_output: return grad_output.at(ref.cell);
            case Source::stage: return stages.at(static_cast<size_t>(ref.which)).at(ref.cell);
            default: throw std::logic_error("an activation has no weights and no buffers");
        }
    }
};

struct Answers {
    Plan plan;
    std::vector<Tensor> fast;           // float32
    std::vector<DoubleTensor> defined;  // explain, looped
};

Answers answers(const Op& op, const Params& params, const Tensor& input, const Tensor& grad) {
    Answers a;
    a.plan = op.plan(params, input.shape(), true);
    EXPECT_FALSE(a.plan.problem);
    const LayerInputs inputs{input, {}, {}, true};
    const std::vector<int> forward{kOutput}, backward{kSlope, kGradInput};
    a.fast.resize(3);
    EXPECT_TRUE(op.forward(params, a.plan, inputs, forward, a.fast, {}));
    EXPECT_TRUE(op.backward(params, a.plan, inputs, grad, backward, a.fast, {}));
    Tensors read;
    read.input = to_double(input);
    read.grad_output = to_double(grad);
    for (int s = 0; s < 3; ++s) {
        DoubleTensor values(input.shape());
        for (int64_t i = 0; i < input.shape().count(); ++i) {
            const Explanation e = op.explain(params, a.plan, s, input.shape().index(i), read);
            values.mutate()[static_cast<size_t>(i)] = e.value;
        }
        read.stages.push_back(values);
    }
    a.defined = read.stages;
    return a;
}

Tensor row(std::vector<float> values) {
    const auto count = static_cast<int64_t>(values.size());
    return {Shape{1, 1, 1, count}, std::move(values)};
}

/// A grid over everything float32 can hold, both signs, denormals and the places where functions bend.
std::vector<float> all_sizes(float most) {
    std::vector<float> xs{0.0f};
    for (float x = 1e-45f; x <= most; x *= x < 1e-3f ? 7.3f : 1.021f)
        for (const float sign : {1.0f, -1.0f}) xs.push_back(sign * x);
    return xs;
}

/// Float32 nearest to `exact`, give or take: half of it lies below, the rest is for two roundings.
double two_ulp(long double exact) {
    const auto size = static_cast<float>(std::abs(exact));
    return 2.0 * (static_cast<double>(std::nextafter(size, INFINITY)) - static_cast<double>(size));
}

// ---- PyTorch

double number(const nlohmann::json& value) {
    if (value == "NaN") return NAN;
    if (value == "Infinity") return INFINITY;
    if (value == "-Infinity") return -INFINITY;
    return value.get<double>();
}

struct Golden {
    std::string id;
    const Op* op = nullptr;
    Params params;
    Tensor input, grad_output;
    std::vector<double> output, grad_input;
};

std::vector<Golden> golden(const std::string& name) {
    std::vector<Golden> cases;
    for (const nlohmann::json& line : golden_lines(name)) {
        Golden g;
        g.id = line.at("id");
        g.op = find_op(line.at("op").get<std::string>());
        EXPECT_NE(g.op, nullptr) << g.id;
        g.params = params_from(*g.op, line.at("params"));
        const auto shape = line.at("input").at("shape").get<std::vector<int64_t>>();
        const auto numbers = [&](const char* key) {
            std::vector<double> values;
            for (const nlohmann::json& v : line.at(key).at("data")) values.push_back(number(v));
            return values;
        };
        const auto tensor = [&](const char* key) {
            const std::vector<double> values = numbers(key);
            return Tensor({shape[0], shape[1], shape[2], shape[3]},
                          std::vector<float>(values.begin(), values.end()));
        };
        g.input = tensor("input");
        g.grad_output = tensor("grad_output");
        g.output = numbers("output");
        g.grad_input = numbers("grad_input");
        cases.push_back(std::move(g));
    }
    return cases;
}

/// Equal class (NaN, ±∞, a sign at ±∞) and close.
void expect_close(double ours, double theirs, double bound, const std::string& where) {
    if (std::isnan(theirs) || std::isinf(theirs)) {
        EXPECT_EQ(std::isnan(ours), std::isnan(theirs)) << where << ": " << ours;
        if (std::isinf(theirs)) { EXPECT_EQ(ours, theirs) << where; }
    } else {
        EXPECT_NEAR(ours, theirs, bound) << where;
    }
}

void expect_golden(const Golden& g) {
    const Answers a = answers(*g.op, g.params, g.input, g.grad_output);
    for (size_t i = 0; i < g.output.size(); ++i) {
        const auto x = static_cast<double>(g.input.values()[i]);
        const std::string where =
            g.id + " " + g.op->id + " x = " + std::to_string(x) + " cell " + std::to_string(i);
        const auto grad = static_cast<double>(g.grad_output.values()[i]);
        // PyTorch takes slopes from outputs that it has rounded to double: its tails end at 2^-53 of what was added.
        const double theirs_off = std::isfinite(x) && std::isfinite(grad)
                                      ? 1e-15 * (1 + std::min(std::abs(x), 100.0)) * std::abs(grad)
                                      : 0;
        const auto check = [&](int stage, double theirs, const char* name) {
            const auto s = static_cast<size_t>(stage);
            expect_close(a.defined[s].values()[i], theirs, theirs_off + 1e-14 * std::abs(theirs),
                         std::string("explain ") + name + " " + where);
            const auto rounded =
                static_cast<double>(static_cast<float>(theirs));  // ∞ beyond float32
            expect_close(static_cast<double>(a.fast[s].values()[i]),
                         std::isinf(rounded) ? rounded : theirs, theirs_off + two_ulp(theirs),
                         std::string("fast ") + name + " " + where);
        };
        check(kOutput, g.output[i], "output");
        check(kGradInput, g.grad_input[i], "grad_input");
    }
}

TEST(Activation, pytorch_gives_the_same_numbers) {
    const std::vector<Golden> cases = golden("activation.jsonl");
    ASSERT_GE(cases.size(), 15u);
    for (const Golden& g : cases) expect_golden(g);
}

TEST(Activation, pytorch_gives_the_same_numbers_at_zeros_infinities_and_denormals) {
    const std::vector<Golden> cases = golden("activation_edges.jsonl");
    ASSERT_EQ(cases.size(), 11u);
    for (const Golden& g : cases) {
        expect_golden(g);
        const Answers a = answers(*g.op, g.params, g.input, g.grad_output);
        for (size_t i = 0; i < g.output.size(); ++i)
            if (g.output[i] == 0) {
                EXPECT_EQ(std::signbit(a.fast[kOutput].values()[i]), std::signbit(g.output[i]))
                    << g.id << " " << g.op->id << " of " << g.input.values()[i];
            }
    }
}

// ---- Long double

TEST(Activation, every_tail_is_as_long_as_float32) {
    for (const Activation& f : activations()) {
        SCOPED_TRACE(f.name());
        const Tensor input = row(all_sizes(3e38f));
        const Answers a = answers(f.op(), f.params, input, Tensor(input.shape(), 1.0f));
        for (size_t i = 0; i < input.values().size(); ++i) {
            const auto x = static_cast<double>(input.values()[i]);
            const long double exact = f.exact(x);
            const double defined = a.defined[kOutput].values()[i];
            EXPECT_NEAR(defined, static_cast<double>(exact),
                        4e-13 * static_cast<double>(std::abs(exact)) + 1e-300)
                << x;
            const float fast = a.fast[kOutput].values()[i];
            if (std::abs(exact) < 3.4e38L)
                EXPECT_NEAR(static_cast<double>(fast), static_cast<double>(exact), two_ulp(exact))
                    << x;
            else
                EXPECT_EQ(static_cast<long double>(fast), std::copysign(INFINITY, exact)) << x;
        }
    }
}

TEST(Activation, slopes_are_differences_of_the_function) {
    for (const Activation& f : activations()) {
        SCOPED_TRACE(f.name());
        const Tensor input = row(all_sizes(104));
        const Answers a = answers(f.op(), f.params, input, Tensor(input.shape(), 1.0f));
        for (size_t i = 0; i < input.values().size(); ++i) {
            const auto x = static_cast<double>(input.values()[i]);
            if (!f.is_smooth && x == 0) continue;  // known_values
            const long double step = 1e-5L;
            const long double difference =
                f.is_smooth ? (f.function(x + step, 0) - f.function(x - step, 0)) / (2 * step)
                            : f.exact(x) / static_cast<long double>(x);  // a straight line from 0
            const double defined = a.defined[kSlope].values()[i];
            // A difference sees nothing below the rounding of 1, where tanh and the like are ±1; so tails are told by
            // relative errors only where the function itself goes to 0.
            const double seen = std::abs(static_cast<double>(f.exact(x))) * 1e-13;
            EXPECT_NEAR(defined, static_cast<double>(difference),
                        seen + 2e-6 * static_cast<double>(std::abs(difference)) + 1e-300)
                << x;
            const float fast = a.fast[kSlope].values()[i];
            EXPECT_NEAR(static_cast<double>(fast), defined, two_ulp(defined)) << x;
        }
    }
}

TEST(Activation, saturated_slopes_live_on) {
    const auto slope = [](const char* id, float x) {
        const Op& op = *find_op(id);
        const Tensor input = row({x});
        return static_cast<double>(
            answers(op, standard_params(op), input, row({1})).fast[kSlope].values()[0]);
    };
    // e⁻ˣ, 4·e⁻²ˣ to the first order.
    EXPECT_NEAR(slope("sigmoid", 40), std::exp(-40), 1e-6 * std::exp(-40));
    EXPECT_NEAR(slope("sigmoid", -40), std::exp(-40), 1e-6 * std::exp(-40));
    EXPECT_NEAR(slope("tanh", 30), 4 * std::exp(-60), 1e-6 * 4 * std::exp(-60));
    EXPECT_NEAR(slope("tanh", -30), 4 * std::exp(-60), 1e-6 * 4 * std::exp(-60));
    // And under the smallest float32 it is 0, not hidden.
    EXPECT_EQ(slope("sigmoid", 105), 0);
    EXPECT_EQ(slope("tanh", 60), 0);
    EXPECT_GT(slope("sigmoid", 103), 0);
}

TEST(Activation, known_values) {
    const auto at = [](const char* id, const Params& params, float x) {
        const Tensor input = row({x});
        const Answers a = answers(*find_op(id), params, input, row({-2}));
        return std::array{a.fast[0].values()[0], a.fast[1].values()[0], a.fast[2].values()[0]};
    };
    using Three = std::array<float, 3>;
    EXPECT_EQ(at("relu", {}, 3), (Three{3, 1, -2}));
    EXPECT_EQ(at("relu", {}, 0), (Three{0, 0, 0}));
    EXPECT_EQ(at("relu", {}, -3), (Three{0, 0, 0}));
    EXPECT_EQ(at("leaky_relu", {0.25}, -3), (Three{-0.75f, 0.25f, -0.5f}));
    EXPECT_EQ(at("leaky_relu", {0.25}, 0), (Three{0, 0.25f, -0.5f}));
    EXPECT_EQ(at("sigmoid", {}, 0), (Three{0.5f, 0.25f, -0.5f}));
    EXPECT_EQ(at("tanh", {}, 0), (Three{0, 1, -2}));
    EXPECT_EQ(at("gelu", {Choice{"none"}}, 0), (Three{0, 0.5f, -1}));
    EXPECT_EQ(at("gelu", {Choice{"tanh"}}, 0), (Three{0, 0.5f, -1}));
    EXPECT_EQ(at("silu", {}, 0), (Three{0, 0.5f, -1}));
}

// ---- The rest of the contract

TEST(Activation, a_cell_is_one_term_of_its_own_place) {
    const Shape shape{2, 3, 4, 5};
    const Index cell{1, 2, 3, 4};
    for (const Activation& f : activations()) {
        SCOPED_TRACE(f.name());
        const Plan plan = f.op().plan(f.params, shape, true);
        ASSERT_EQ(plan.stages.size(), 3u);
        EXPECT_EQ(plan.stage("output"), kOutput);
        EXPECT_EQ(plan.stage("slope"), kSlope);
        EXPECT_EQ(plan.stage("grad_input"), kGradInput);
        EXPECT_TRUE(plan.weights.empty() && plan.buffers.empty() && !plan.window);
        Tensors read;
        read.input = read.grad_output = DoubleTensor(shape, 2.0);
        read.input.set(cell, -0.5);
        read.grad_output.set(cell, 3);
        read.stages.assign(2, DoubleTensor(shape, 9.0));
        read.stages[kSlope].set(cell, 0.25);
        for (int s = 0; s < 3; ++s) {
            EXPECT_EQ(plan.stages[static_cast<size_t>(s)].shape, shape);
            EXPECT_EQ(plan.stages[static_cast<size_t>(s)].backward, s != kOutput);
            const Explanation e = f.op().explain(f.params, plan, s, cell, read);
            ASSERT_EQ(e.terms.size(), 1u);
            EXPECT_EQ(e.terms[0].a.cell, cell);
            const auto [first, last] = f.op().reach(f.params, plan, s, cell);
            if (s == kGradInput) {
                EXPECT_EQ(e.combine, Combine::sum);
                EXPECT_EQ(e.terms[0].a.source, Source::grad_output);
                EXPECT_EQ(e.terms[0].b, (Ref{Source::stage, kSlope, cell}));
                EXPECT_EQ(e.value, 0.75);
                EXPECT_LT(last.n, first.n);
            } else {
                EXPECT_EQ(e.combine, Combine::formula);
                EXPECT_EQ(e.terms[0].a.source, Source::input);
                EXPECT_EQ(e.terms[0].a_value, -0.5);
                EXPECT_EQ(e.terms[0].product, -0.5);
                EXPECT_EQ(first, cell);
                EXPECT_EQ(last, cell);
            }
        }
    }
}

TEST(Activation, passes_fill_what_is_wanted_and_can_be_cancelled) {
    const Shape shape{1, 2, 300, 300};
    Tensor input(shape), grad(shape);
    std::mt19937_64 random(2);
    std::normal_distribution<float> normal;
    for (float& v : input.mutate()) v = normal(random);
    for (float& v : grad.mutate()) v = normal(random);
    for (const Activation& f : activations()) {
        SCOPED_TRACE(f.name());
        const Op& op = f.op();
        const Plan plan = op.plan(f.params, shape, true);
        const LayerInputs inputs{input, {}, {}, true};
        const auto backward = [&](std::vector<int> wanted, const Progress& progress = {}) {
            std::vector<Tensor> stages(3);
            EXPECT_EQ(op.backward(f.params, plan, inputs, grad, wanted, stages, progress),
                      !progress.cancelled);
            return stages;
        };
        const auto both = backward({kSlope, kGradInput}), slope = backward({kSlope}),
                   grad_input = backward({kGradInput});
        EXPECT_TRUE(slope[kGradInput].empty() && grad_input[kSlope].empty());
        EXPECT_TRUE(std::ranges::equal(both[kSlope].values(), slope[kSlope].values()));
        EXPECT_TRUE(std::ranges::equal(both[kGradInput].values(), grad_input[kGradInput].values()));
        for (size_t i = 0; i < both[kSlope].values().size(); ++i)
            ASSERT_EQ(both[kGradInput].values()[i], grad.values()[i] * both[kSlope].values()[i]);

        int asked = 0;
        const Progress cancel{.report = {}, .cancelled = [&] { return ++asked > 1; }};
        backward({kSlope, kGradInput}, cancel);
        EXPECT_EQ(asked, 2);
        asked = 0;
        std::vector<Tensor> stages(3);
        EXPECT_FALSE(op.forward(f.params, plan, inputs, std::vector{kOutput}, stages, cancel));
        EXPECT_EQ(asked, 2);
    }
}

TEST(Activation, every_cell_of_a_large_tensor_is_computed_from_itself) {
    const Shape shape{2, 3, 90, 101};  // several runs and a part of one
    Tensor input(shape);
    std::mt19937_64 random(3);
    std::normal_distribution<float> normal;
    for (float& v : input.mutate()) v = normal(random);
    for (const Activation& f : activations()) {
        SCOPED_TRACE(f.name());
        const Plan plan = f.op().plan(f.params, shape, true);
        const LayerInputs inputs{input, {}, {}, true};
        std::vector<Tensor> stages(3);
        ASSERT_TRUE(f.op().forward(f.params, plan, inputs, std::vector{kOutput}, stages, {}));
        ASSERT_TRUE(f.op().backward(f.params, plan, inputs, input, std::vector{kSlope, kGradInput},
                                    stages, {}));
        Tensors read;
        read.input = to_double(input);
        for (const int stage : {kOutput, kSlope})
            for (int64_t i = 0; i < shape.count(); i += 37) {
                const Explanation e = f.op().explain(f.params, plan, stage, shape.index(i), read);
                const float fast =
                    stages[static_cast<size_t>(stage)].values()[static_cast<size_t>(i)];
                ASSERT_NEAR(static_cast<double>(fast), e.value, two_ulp(e.value)) << i;
            }
    }
}

TEST(Activation, a_factor_at_the_end_of_double) {
    const Answers a = answers(*find_op("leaky_relu"), {1e308}, row({-1e30f, 0, 5}), row({1, 1, 1}));
    EXPECT_EQ(a.fast[kOutput].values()[0], -INFINITY);
    EXPECT_EQ(a.fast[kOutput].values()[2], 5);
}

}  // namespace
}  // namespace convscope
