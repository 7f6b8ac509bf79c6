// PyTorch's numbers for batch_norm2d in every mode: the fast passes, the definition, and whole documents.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include <nlohmann/json.hpp>

#include "tests/batch_norm_case.h"

namespace convscope {
namespace {

using nlohmann::json;

Tensor tensor_of(const json& tensor, Shape shape) {
    std::vector<float> values;
    for (const double value : tensor.at("data").get<std::vector<double>>())
        values.push_back(static_cast<float>(value));
    return {shape, std::move(values)};
}

Case case_of(const json& line) {
    Case c;
    for (const auto& item : line.at("params").items()) {
        const json& value = item.value();
        if (item.key() == "training")
            c.training = value.get<bool>();
        else if (item.key() == "momentum")
            set_param(
                c.params, "momentum",
                value.is_null() ? std::optional<double>() : std::optional(value.get<double>()));
        else if (value.is_boolean())
            set_param(c.params, item.key().c_str(), value.get<bool>());
        else if (value.is_number_integer())
            set_param(c.params, item.key().c_str(), value.get<int64_t>());
        else
            set_param(c.params, item.key().c_str(), value.get<double>());
    }
    const auto s = line.at("input").at("shape").get<std::vector<int64_t>>();
    c.input = tensor_of(line.at("input"), {s[0], s[1], s[2], s[3]});
    c.grad_output = tensor_of(line.at("grad_output"), c.input.shape());
    c.plan = batch_norm().plan(c.params, c.input.shape(), c.training);
    for (const WeightSpec& spec : c.plan.weights)
        c.weights.push_back(tensor_of(line.at(spec.name), spec.shape));
    for (const BufferSpec& spec : c.plan.buffers) {
        const auto values = line.contains(spec.name)
                                ? line.at(spec.name).at("data").get<std::vector<double>>()
                                : std::vector<double>{0};
        c.exact_buffers.emplace_back(spec.shape, values);
        c.buffers.push_back(to_float(c.exact_buffers.back()));
    }
    c.make_plan();
    return c;
}

/// What rounding in double may cost a value, in units of it: subtracting the mean cancels, and all else follows from that.
struct Sizes {
    explicit Sizes(const Case& c) : shape(c.input.shape()), channels(static_cast<size_t>(shape.c)) {
        const bool has_weight = !c.weights.empty();
        const auto eps = std::get<double>(c.params[1]);
        const double values = static_cast<double>(shape.n * shape.plane());
        for (int64_t i = 0; i < shape.count(); ++i) {
            const Index at = shape.index(i), channel{0, at.c, 0, 0};
            const double mean = c.truth[0].at(channel);
            const double var = c.truth[static_cast<size_t>(c.plan.stage("var"))].at(channel);
            const double inverse = var + eps > 0 ? 1 / std::sqrt(var + eps) : 0;
            const double g = std::abs(static_cast<double>(c.grad_output.at(at)));
            Channel& sums = channels[static_cast<size_t>(at.c)];
            sums.weight = has_weight ? std::abs(static_cast<double>(c.weights[0].at(channel))) : 1;
            sums.scale = sums.weight * inverse;
            sums.x = std::max(
                sums.x, (std::abs(static_cast<double>(c.input.at(at))) + std::abs(mean)) * inverse);
            sums.grads += g;
            sums.mean_grad += g / values;
        }
    }
    double of(const std::string& name, Index cell) const {
        const Channel& c = channels[static_cast<size_t>(cell.c)];
        if (name == "output") return c.x * c.weight;
        if (name == "grad_input") return c.scale * c.mean_grad * (1 + c.x * c.x);
        if (name == "grad_weight") return c.grads * c.x;
        return c.grads;
    }
    struct Channel {
        double weight = 0, scale = 0, x = 0, grads = 0, mean_grad = 0;
    };
    Shape shape;
    std::vector<Channel> channels;
};

void expect_evaluate_gives_the_same(const Case& c) {
    const auto result = evaluate(document_of(c), {.optional_stages = true, .backward = true});
    ASSERT_TRUE(result && !result->problem);
    const LayerResult& layer = result->layers[0];
    for (size_t s = 0; s < c.stages.size(); ++s)
        EXPECT_EQ(Case::list(layer.stages[s]), Case::list(c.stages[s])) << c.plan.stages[s].name;
    const std::vector<Tensor> after = c.buffers_after();
    ASSERT_EQ(layer.buffers.back().size(), after.size());
    for (size_t b = 0; b < after.size(); ++b)
        EXPECT_EQ(Case::list(layer.buffers.back()[b]), Case::list(after[b]));
}

void expect_golden(const std::string& name, size_t at_least) {
    std::ifstream file(CONVSCOPE_SOURCE_DIR "/tests/golden/" + name);
    size_t lines = 0;
    for (std::string text; std::getline(file, text); ++lines) {
        const json line = json::parse(text);
        SCOPED_TRACE(line.at("id").get<std::string>());
        Case c = case_of(line);
        c.run();
        c.define();
        expect_evaluate_gives_the_same(c);
        const Sizes sizes(c);
        size_t compared = 0;
        for (const auto& item : line.items()) {
            const std::string& key = item.key();
            if (key != "output" && !key.ends_with("_after") && !key.starts_with("grad_")) continue;
            if (key == "grad_output") continue;
            SCOPED_TRACE(key);
            ++compared;
            const auto expected = item.value().at("data").get<std::vector<double>>();
            const std::vector<float> fast = c.values(key);
            ASSERT_EQ(fast.size(), expected.size());
            const int stage = c.plan.stage(key);
            for (size_t i = 0; i < expected.size(); ++i) {
                ASSERT_NEAR(static_cast<double>(fast[i]), expected[i],
                            1e-5 * (1 + std::abs(expected[i])))
                    << "cell " << i;
                if (stage < 0) continue;
                const DoubleTensor& defined = c.truth[static_cast<size_t>(stage)];
                const double size = std::abs(expected[i]) +
                                    sizes.of(key, defined.shape().index(static_cast<int64_t>(i)));
                ASSERT_NEAR(defined.values()[i], expected[i], 1e-12 * (1 + size)) << "cell " << i;
            }
        }
        const size_t running =
            std::min<size_t>(c.plan.buffers.size(), line.contains("num_batches_tracked") ? 3 : 2);
        ASSERT_EQ(compared, 2 + running + c.plan.weights.size());
    }
    EXPECT_GE(lines, at_least);
}

TEST(BatchNormGolden, pytorchs_functional_form) { expect_golden("batch_norm2d.jsonl", 30); }

TEST(BatchNormGolden, pytorchs_module_without_momentum_or_statistics) {
    expect_golden("batch_norm2d_more.jsonl", 30);
}

}  // namespace
}  // namespace convscope
