// The chain forward and backward against the reference, worked examples and finite differences; the worker.
#include "core/evaluate.h"

#include <atomic>
#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "core/presets.h"

namespace convscope {
namespace {

std::vector<float> list(const Tensor& tensor) {
    return {tensor.values().begin(), tensor.values().end()};
}

Document preset(std::string_view name) {
    for (const DocumentPreset& preset : document_presets())
        if (preset.name == name) return preset.make();
    ADD_FAILURE() << "no preset " << name;
    return standard_document();
}

/// Three layers with fractions in every weight.
Document random_chain(uint64_t seed) {
    Document document;
    document.input = generated_input("normal", seed, {2, 2, 6, 5});
    Shape shape = document.input.tensor.shape();
    for (const char* id : {"conv2d", "conv_transpose2d", "conv2d"}) {
        document.layers.push_back(make_layer(*find_op(id), shape, seed));
        const int last = static_cast<int>(document.layers.size()) - 1;
        document = with_param(document, last, "out_channels", int64_t(2 + last));
        document = with_param(document, last, "bias", true);
        if (last == 1) document = with_param(document, last, "stride", Pair{2, 1});
        const Result planned = plan_only(document);
        for (size_t w = 0; w < document.layers.back().weights.size(); ++w)
            document = with_weight(
                document, last, static_cast<int>(w),
                generate("normal", seed + 10 * w, document.layers.back().weights[w].shape()));
        shape = planned.layers.back().plan.output_stage().shape;
    }
    document = with_param(document, 2, "padding_mode", Choice{"reflect"});
    return with_param(document, 2, "padding", Padding{Padding::Kind::pair, {1, 2}});
}

double difference(const Tensor& a, const DoubleTensor& b) {
    double largest = 0;
    EXPECT_EQ(a.shape(), b.shape());
    for (size_t i = 0; i < a.values().size(); ++i)
        largest = std::max(largest, std::abs(static_cast<double>(a.values()[i]) - b.values()[i]) /
                                        (1 + std::abs(b.values()[i])));
    return largest;
}

// PyTorch 1.13's answer.
TEST(Evaluate, StandardDocument) {
    const auto result = evaluate(standard_document());
    ASSERT_TRUE(result && !result->problem);
    EXPECT_EQ(list(result->layers[0].output()),
              (std::vector<float>{20, 17, 39, 0, 20, -1, 10, -20, 23, 10, -3, -7, 4, 6, -24, -10}));
}

// Worked by hand.
TEST(Evaluate, WorkedExamples) {
    const auto output = [](std::string_view name) {
        return list(evaluate(preset(name))->layers.back().output());
    };
    EXPECT_EQ(output("Transposed 2×2, separate stamps"),
              (std::vector<float>{2, 3, 0, 0, 4, 5, 0, 0, 4, 6, 6, 9, 8, 10, 12, 15}));
    EXPECT_EQ(output("Transposed 2×2, overlapping stamps"),
              (std::vector<float>{2, 3, 0, 8, 17, 9, 8, 22, 15}));
    EXPECT_EQ(output("The same 2×2, not transposed"), (std::vector<float>{25}));
    EXPECT_EQ(output("The same at stride 1"), (std::vector<float>{35, 49, 77, 91}));
    EXPECT_EQ(output("Stride 2 leaves a row over"), (std::vector<float>{35}));
    EXPECT_EQ(output("Output padding uncovers sums"), (std::vector<float>{5, 6, 8, 9}));
    EXPECT_EQ(output("There and back"),
              (std::vector<float>{70, 203, 147, 294, 784, 518, 308, 749, 455}));
    EXPECT_EQ(evaluate(preset("Padded twice"))->layers[0].output().shape(), (Shape{1, 1, 3, 3}));
    EXPECT_EQ(evaluate(preset("Padding 1 and stride 2"))->layers[0].output().shape(),
              (Shape{1, 1, 2, 2}));
}

TEST(Evaluate, ChainEqualsTheReference) {
    for (uint64_t seed = 1; seed <= 6; ++seed) {
        const Document document = random_chain(seed);
        const auto result = evaluate(document, {true, true});
        ASSERT_TRUE(result);
        ASSERT_FALSE(result->problem) << result->problem->whole();
        const Reference reference = evaluate_reference(document, true);
        ASSERT_EQ(result->layers.size(), 3u);
        for (size_t k = 0; k < 3; ++k)
            for (size_t s = 0; s < reference.layers[k].size(); ++s)
                EXPECT_LT(difference(result->layers[k].stages[s], reference.layers[k][s]), 1e-4)
                    << "layer " << k << " " << result->layers[k].plan.stages[s].name;
    }
}

/// Σ output · grad_output of the reference, in double.
double loss(const Document& document) {
    const Result planned = plan_only(document);
    const Reference reference = evaluate_reference(document, false);
    const DoubleTensor& output =
        reference.layers.back()[static_cast<size_t>(planned.layers.back().plan.output)];
    double sum = 0;
    for (size_t i = 0; i < output.values().size(); ++i)
        sum += output.values()[i] * static_cast<double>(document.start.tensor.values()[i]);
    return sum;
}

TEST(Evaluate, BackwardThroughTheChainIsTheSlopeOfTheLoss) {
    Document document = random_chain(7);
    const Shape out = plan_only(document).layers.back().plan.output_stage().shape;
    document.start.kind = BackwardStart::Kind::given;
    document.start.tensor = generate("normal", 70, out);
    const auto result = evaluate(document, {true, true});
    const auto slope_along = [&](Tensor& tensor, size_t at) {
        const float value = tensor.values()[at],
                    step = 0.25f;  // the loss is linear in each value: any step is exact
        tensor.mutate()[at] = value + step;
        const double above = loss(document);
        tensor.mutate()[at] = value - step;
        const double below = loss(document);
        tensor.mutate()[at] = value;
        return (above - below) / 2 / static_cast<double>((value + step) - value);
    };
    const auto gradient = [&](size_t layer, std::string_view name) {
        return result->layers[layer]
            .stages[static_cast<size_t>(result->layers[layer].plan.stage(name))];
    };
    std::mt19937 random(5);
    for (int i = 0; i < 12; ++i) {
        const size_t at = random() % document.input.tensor.values().size();
        EXPECT_NEAR(gradient(0, "grad_input").values()[at], slope_along(document.input.tensor, at),
                    1e-2);
        const size_t layer = random() % 3, w = random() % 2;
        Tensor& weight = document.layers[layer].weights[w];
        const size_t cell = random() % weight.values().size();
        const double slope = slope_along(weight, cell);
        EXPECT_NEAR(gradient(layer, w == 0 ? "grad_weight" : "grad_bias").values()[cell], slope,
                    1e-3 * (1 + std::abs(slope)));
    }
}

TEST(Evaluate, ARandomGradientHasRmsOne) {
    Document document = standard_document();
    const auto rms = [](const Tensor& tensor) {
        double squares = 0;
        for (const float v : tensor.values()) squares += double(v) * v;
        return std::sqrt(squares / static_cast<double>(tensor.values().size()));
    };
    const auto one = evaluate(document, {true, true});
    EXPECT_NEAR(rms(one->layers[0].grad_output), 1, 1e-6);
    EXPECT_EQ(list(evaluate(document, {true, true})->layers[0].grad_output),
              list(one->layers[0].grad_output));
    document.start.seed = 2;
    EXPECT_NE(list(evaluate(document, {true, true})->layers[0].grad_output),
              list(one->layers[0].grad_output));
    EXPECT_TRUE(evaluate(document)->layers[0].grad_output.empty());
}

TEST(Evaluate, StopsWithASentenceAtTheImpossibleLayer) {
    Document document = preset("There and back");
    document = with_param(document, 1, "kernel_size", Pair{0, 2});
    const auto result = evaluate(document, {true, true});
    ASSERT_TRUE(result && result->problem);
    EXPECT_EQ(result->problem_layer, 1);
    EXPECT_EQ(result->problem->key, "kernel_size");
    ASSERT_EQ(result->layers.size(), 1u);
    EXPECT_EQ(list(result->layers[0].output()), (std::vector<float>{35, 49, 77, 91}));
    EXPECT_EQ(work(document), 0);
    EXPECT_GT(work(preset("There and back")), 0);
}

TEST(Evaluate, HostileDocumentsGiveSentences) {
    const auto problem_of = [](const Document& document) {
        const auto result = evaluate(document, {true, true});
        EXPECT_TRUE(result && result->problem);
        return result && result->problem ? result->problem->whole() : std::string();
    };
    EXPECT_EQ(problem_of({}), "The document has no layer. Add one.");
    Document document = standard_document();
    document.input = {};
    EXPECT_NE(problem_of(document).find("holds no values"), std::string::npos);

    document = standard_document();
    document.layers[0].weights.clear();
    EXPECT_NE(problem_of(document).find("weight tensors"), std::string::npos);
    document = standard_document();
    document.layers[0].weights[0] = Tensor({1, 1, 2, 2}, 1.0f);
    EXPECT_EQ(problem_of(document), "weight is 1×1×2×2, the parameters ask for 1×1×3×3.");
    document = standard_document();
    document.start = {BackwardStart::Kind::given, 1, Tensor({1, 1, 2, 2}, 1.0f)};
    EXPECT_EQ(problem_of(document),
              "grad_output is 1×1×2×2, the output is 1×1×4×4. Give it the shape of the output.");

    const int64_t most = std::numeric_limits<int64_t>::max();
    for (const int64_t huge : {most, most / 2, int64_t(1) << 40, int64_t(1) << 31, -most}) {
        EXPECT_FALSE(problem_of(with_param(standard_document(), 0, "out_channels", huge)).empty());
        EXPECT_FALSE(problem_of(with_param(standard_document(), 0, "padding",
                                           Padding{Padding::Kind::pair, {huge, huge}}))
                         .empty());
        EXPECT_FALSE(
            problem_of(with_param(standard_document(), 0, "kernel_size", Pair{huge, 3})).empty());
        EXPECT_FALSE(
            problem_of(with_param(standard_document(), 0, "dilation", Pair{huge, huge})).empty());
    }
}

TEST(Evaluate, NaNAndInfinityFlow) {
    Document document = standard_document();
    document.input.tensor.set({0, 0, 0, 0}, std::nanf(""));
    document.input.tensor.set({0, 0, 6, 6}, std::numeric_limits<float>::infinity());
    const auto result = evaluate(document, {true, true});
    ASSERT_TRUE(result && !result->problem);
    const Tensor& output = result->layers[0].output();
    EXPECT_TRUE(std::isnan(output.at({0, 0, 0, 0})));
    EXPECT_TRUE(std::isinf(output.at({0, 0, 3, 3})));
    EXPECT_EQ(output.at({0, 0, 1, 1}), -1);
}

TEST(Evaluate, ExplainReadsTheResultAndWhatItDidNotKeep) {
    for (const Want want : {Want{true, true}, Want{false, true}}) {
        const auto result = evaluate(preset("Doubling without a checkerboard"), want);
        const LayerResult& layer = result->layers[0];
        for (size_t s = 0; s < layer.stages.size(); ++s) {
            const Shape shape = layer.plan.stages[s].shape;
            EXPECT_EQ(layer.stages[s].empty(),
                      layer.plan.stages[s].optional && !want.optional_stages);
            for (int64_t i = 0; i < shape.count(); ++i) {
                const Explanation e = explain(*result, 0, static_cast<int>(s), shape.index(i));
                double sum = 0;
                for (const Term& term : e.terms) sum += term.product;
                EXPECT_DOUBLE_EQ(e.value, sum);
                if (layer.stages[s].empty()) continue;
                EXPECT_NEAR(e.value, static_cast<double>(layer.stages[s].at(shape.index(i))), 1e-4);
            }
        }
    }
}

/// An image of noise behind eight 7×7 filters, so large that it takes a while.
Document slow_document() { return image_document(generated_input("uniform", 1, {1, 3, 700, 700})); }

TEST(Evaluate, ReportsProgressAndStops) {
    double last = 0;
    Progress progress;
    progress.report = [&](double f) {
        EXPECT_GE(f, last - 1e-9);
        EXPECT_LE(f, 1 + 1e-9);
        last = f;
    };
    Document two_layers = image_document(generated_input("uniform", 1, {1, 1, 300, 300}));
    two_layers.layers.push_back(make_layer(*find_op("conv2d"), {1, 8, 300, 300}));
    ASSERT_TRUE(evaluate(two_layers, {true, true}, progress));
    EXPECT_GT(last, 0.9);
    progress.cancelled = [] { return true; };
    EXPECT_FALSE(evaluate(slow_document(), {}, progress));
    int asked = 0;
    progress.report = {};
    progress.cancelled = [&] { return ++asked > 2; };
    EXPECT_FALSE(evaluate(slow_document(), {}, progress));
}

TEST(Evaluator, GivesTheNewestDocumentOnce) {
    Evaluator evaluator;
    EXPECT_FALSE(evaluator.busy());
    EXPECT_FALSE(evaluator.take());
    std::atomic<int> finished{0};
    const Document slow = slow_document();
    for (int i = 0; i < 20; ++i) evaluator.start(slow, {}, [&] { finished += 100; });
    Document last = standard_document();
    last.name = "the newest";
    evaluator.start(last, {true, true}, [&] { ++finished; });
    evaluator.wait();
    EXPECT_EQ(finished, 1);
    EXPECT_FALSE(evaluator.busy());
    const auto result = evaluator.take();
    ASSERT_TRUE(result);
    EXPECT_EQ(result->document.name, "the newest");
    EXPECT_EQ(result->layers[0].output().at({0, 0, 0, 0}), 20);
    EXPECT_FALSE(evaluator.take());
}

TEST(Evaluator, ACancelledDocumentHasNoResult) {
    Evaluator evaluator;
    std::atomic<int> finished{0};
    evaluator.start(slow_document(), {}, [&] { ++finished; });
    evaluator.cancel();
    evaluator.wait();
    EXPECT_FALSE(evaluator.take());
    EXPECT_EQ(finished, 0);
    evaluator.start(standard_document(), {});
    evaluator.wait();
    EXPECT_TRUE(evaluator.take());
    evaluator.start(standard_document(), {});
    evaluator.wait();
    evaluator.cancel();
    EXPECT_FALSE(evaluator.take());
}

TEST(Evaluator, EndsWhileItWorks) {
    Evaluator evaluator;
    evaluator.start(slow_document(), {});
}

}  // namespace
}  // namespace convscope
