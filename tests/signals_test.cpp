// Sizes of a chain's signals, layer by layer, and the blocks that repeat: by hand, and by second algorithms.
#include "core/signals.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace convscope {
namespace {

using Kind = BackwardStart::Kind;

Layer conv(int64_t in, int64_t out, std::vector<float> weight, std::vector<float> bias = {}) {
    const Op& op = *find_op("conv2d");
    Layer layer{&op, standard_params(op), {}, {}};
    const auto set = [&](const char* key, Value value) {
        layer.params[static_cast<size_t>(field_index(op, key))] = std::move(value);
    };
    set("in_channels", in);
    set("out_channels", out);
    set("kernel_size", Pair{1, 1});
    set("bias", !bias.empty());
    layer.weights.emplace_back(Shape{out, in, 1, 1}, std::move(weight));
    if (!bias.empty()) layer.weights.emplace_back(Shape{1, out, 1, 1}, std::move(bias));
    return layer;
}

Layer plain(const char* id) {
    const Op& op = *find_op(id);
    return {&op, standard_params(op), {}, {}};
}

std::vector<LayerSignals> signals_of(const Document& document, bool backward = true) {
    const auto result = evaluate(document, {.optional_stages = true, .backward = backward});
    EXPECT_TRUE(result && !result->problem);
    return signals(*result);
}

// ---- Sizes

TEST(Signals, a_small_chain_by_hand) {
    // x = (1, −2); h = (3x₀ + 1, 4x₁) = (4, −8); a = relu(h) = (4, 0); y = 2a₀ − a₁ = 8.
    Document document;
    document.input.tensor = Tensor({1, 2, 1, 1}, {1.0f, -2.0f});
    document.layers = {conv(2, 2, {3, 0, 0, 4}, {1, 0}), plain("relu"), conv(2, 1, {2, -1})};
    document.start = {Kind::given, 1, Tensor({1, 1, 1, 1}, 5.0f)};
    const std::vector<LayerSignals> all = signals_of(document);
    ASSERT_EQ(all.size(), 3u);
    EXPECT_DOUBLE_EQ(all[0].output_mean, -2);
    EXPECT_DOUBLE_EQ(all[0].output_rms, std::sqrt(40));
    EXPECT_DOUBLE_EQ(all[0].output_largest, 8);
    EXPECT_DOUBLE_EQ(all[1].output_mean, 2);
    EXPECT_DOUBLE_EQ(all[1].output_rms, std::sqrt(8));
    EXPECT_DOUBLE_EQ(all[2].output_rms, 8);
    // dy = 5; da = (10, −5); dh = (10, 0).
    EXPECT_DOUBLE_EQ(all[2].signal_rms, 5);
    EXPECT_DOUBLE_EQ(all[1].signal_rms, std::sqrt(62.5));
    EXPECT_DOUBLE_EQ(all[1].signal_largest, 10);
    EXPECT_DOUBLE_EQ(all[0].signal_rms, std::sqrt(50));
    // dW₂ = 5·a = (20, 0); dW₁ = dh·x = (10, −20; 0, 0); db₁ = dh.
    ASSERT_EQ(all[2].weights.size(), 1u);
    EXPECT_DOUBLE_EQ(all[2].weights[0].norm, 20);
    EXPECT_DOUBLE_EQ(all[2].weights[0].rms, std::sqrt(200));
    EXPECT_TRUE(all[1].weights.empty());
    ASSERT_EQ(all[0].weights.size(), 2u);
    EXPECT_EQ(all[0].weights[0].name, "weight");
    EXPECT_DOUBLE_EQ(all[0].weights[0].norm, std::sqrt(500));
    EXPECT_DOUBLE_EQ(all[0].weights[0].rms, std::sqrt(125));
    EXPECT_DOUBLE_EQ(all[0].weights[0].largest, 20);
    EXPECT_EQ(all[0].weights[1].name, "bias");
    EXPECT_DOUBLE_EQ(all[0].weights[1].norm, 10);
    EXPECT_DOUBLE_EQ(all[0].weights[1].rms, std::sqrt(50));
}

TEST(Signals, without_a_backward_pass_gradients_are_absent) {
    Document document;
    document.input.tensor = Tensor({1, 1, 1, 1}, 3.0f);
    document.layers = {conv(1, 1, {2})};
    const std::vector<LayerSignals> all = signals_of(document, false);
    ASSERT_EQ(all.size(), 1u);
    EXPECT_EQ(all[0].output_rms, 6);
    EXPECT_TRUE(std::isnan(all[0].signal_rms) && std::isnan(all[0].signal_largest));
    EXPECT_TRUE(all[0].weights.empty());
    EXPECT_TRUE(signals(plan_only(document)).empty());
}

/// A result of one layer with these numbers as output and gradient.
LayerSignals sizes_of(std::vector<float> values) {
    const auto count = static_cast<int64_t>(values.size());
    Result result;
    LayerResult layer;
    layer.plan.stages.push_back({.name = "output", .shape = {1, 1, 1, count}});
    layer.stages = {Tensor({1, 1, 1, count}, values)};
    layer.grad_output = layer.stages[0];
    result.layers.push_back(layer);
    return signals(result).at(0);
}

TEST(Signals, no_square_is_lost) {
    const float least = 1.401298464324817e-45f, most = 3.4028234663852886e38f;
    EXPECT_DOUBLE_EQ(sizes_of({least, least, 0, 0}).signal_rms,
                     static_cast<double>(least) / std::sqrt(2));
    EXPECT_NEAR(sizes_of(std::vector<float>(1000, -most)).signal_rms / static_cast<double>(most), 1,
                1e-13);
    EXPECT_EQ(sizes_of({0, -0.0f}).signal_rms, 0);
}

TEST(Signals, nan_and_infinity_are_seen) {
    EXPECT_EQ(sizes_of({1, INFINITY}).signal_rms, INFINITY);
    EXPECT_EQ(sizes_of({1, -INFINITY}).output_largest, INFINITY);
    EXPECT_EQ(sizes_of({1, -INFINITY}).output_mean, -INFINITY);
    for (const std::vector<float>& values :
         {std::vector<float>{NAN, 1, 2}, {1, NAN, 2}, {1, 2, NAN}, {NAN, INFINITY, 3}}) {
        const LayerSignals sizes = sizes_of(values);
        EXPECT_TRUE(std::isnan(sizes.output_rms) && std::isnan(sizes.output_largest) &&
                    std::isnan(sizes.output_mean) && std::isnan(sizes.signal_largest));
    }
}

TEST(Signals, random_numbers_by_hypotenuses) {
    std::mt19937_64 random(1);
    for (int round = 0; round < 200; ++round) {
        std::vector<float> values(1 + random() % 500);
        std::normal_distribution<double> normal(
            0, std::pow(10, static_cast<double>(random() % 70) - 38));
        for (float& v : values) v = static_cast<float>(normal(random));
        long double norm = 0, sum = 0, largest = 0;
        for (const float v : values) {
            norm = std::hypot(norm, static_cast<long double>(v));
            sum += v;
            largest = std::max<long double>(largest, v < 0 ? -v : v);
        }
        const auto count = static_cast<long double>(values.size());
        const LayerSignals sizes = sizes_of(values);
        const auto rms = static_cast<double>(norm / std::sqrt(count));
        EXPECT_NEAR(sizes.output_rms, rms, 1e-13 * rms);
        EXPECT_NEAR(sizes.signal_rms, rms, 1e-13 * rms);
        EXPECT_NEAR(sizes.output_mean, static_cast<double>(sum / count), 1e-13 * rms);
        EXPECT_EQ(sizes.output_largest, static_cast<double>(largest));
    }
}

TEST(Signals, a_skip_connection_counts_with_the_output_it_ends_at) {
    Document document;
    document.input.tensor = Tensor({1, 1, 1, 1}, 4.0f);
    document.layers = {conv(1, 1, {2})};
    document.layers[0].skip = 1;
    document.start = {Kind::given, 1, Tensor({1, 1, 1, 1}, 1.0f)};
    EXPECT_EQ(signals_of(document)[0].output_rms, 12);
}

TEST(Signals, layers_agree_with_blocks) {
    Document document;
    document.input = generated_input("normal", 3, {4, 3, 1, 1});
    document.start = {Kind::random, 5, {}};
    for (uint64_t depth = 0; depth < 4; ++depth) {
        const Tensor kernel = generate("normal", depth, {3, 3, 1, 1});
        document.layers.push_back(conv(3, 3, {kernel.values().begin(), kernel.values().end()}));
        document.layers.push_back(plain("tanh"));
    }
    const auto result = evaluate(document, {.optional_stages = true, .backward = true});
    ASSERT_TRUE(result && !result->problem);
    const std::vector<LayerSignals> all = signals(*result);
    const std::vector<BlockFlow> flows = flow_of(*result);
    ASSERT_EQ(flows.size(), 4u);
    for (size_t b = 0; b < flows.size(); ++b) {
        EXPECT_DOUBLE_EQ(flows[b].activation_rms, all[2 * b + 1].output_rms);
        EXPECT_DOUBLE_EQ(flows[b].signal_rms.value(), all[2 * b + 1].signal_rms);
        EXPECT_DOUBLE_EQ(flows[b].weight_norm.value(), all[2 * b].weights.at(0).norm);
        EXPECT_DOUBLE_EQ(flows[b].weight_rms.value(), all[2 * b].weights.at(0).rms);
    }
}

// ---- Blocks that repeat

/// One block a letter: a convolution, its skip told by the letter.
Document chain(const std::string& letters) {
    Document document;
    for (const char letter : letters) {
        document.layers.push_back(conv(1, 1, {static_cast<float>(document.layers.size())}));
        document.layers.back().skip = letter - 'a';
        document.layers.push_back(plain("relu"));
    }
    return document;
}

std::vector<Repeat> repeats(const std::string& letters) { return repeats_of(chain(letters)); }

TEST(Repeats, repeats_collapse) {
    using Found = std::vector<Repeat>;
    EXPECT_EQ(repeats(""), Found{});
    EXPECT_EQ(repeats("a"), (Found{{0, 1, 1}}));
    EXPECT_EQ(repeats("aaaa"), (Found{{0, 1, 4}}));
    EXPECT_EQ(repeats("abc"), (Found{{0, 1, 1}, {1, 1, 1}, {2, 1, 1}}));
    EXPECT_EQ(repeats("abbbc"), (Found{{0, 1, 1}, {1, 1, 3}, {4, 1, 1}}));
    EXPECT_EQ(repeats("ababab"), (Found{{0, 2, 3}}));
    EXPECT_EQ(repeats("ababa"), (Found{{0, 2, 2}, {4, 1, 1}}));
    EXPECT_EQ(repeats("caabaab"), (Found{{0, 1, 1}, {1, 3, 2}}));
    EXPECT_EQ(repeats(std::string(100, 'a')), (Found{{0, 1, 100}}));
    EXPECT_EQ((Repeat{3, 2, 4}.last_block()), 10);
}

TEST(Repeats, what_makes_blocks_equal) {
    Document document = chain("aaa");
    EXPECT_EQ(repeats_of(document).size(), 1u);
    Document other = document;
    other.layers[2].params[static_cast<size_t>(field_index(*other.layers[2].op, "bias"))] = true;
    EXPECT_EQ(repeats_of(other).size(), 3u);
    other = document;
    other.layers[3] = plain("tanh");
    EXPECT_EQ(repeats_of(other).size(), 3u);
    other = document;
    other.layers.pop_back();  // the last block has no activation
    EXPECT_EQ(repeats_of(other), (std::vector<Repeat>{{0, 1, 2}, {2, 1, 1}}));
    other = document;
    other.layers[5].skip = 2;
    EXPECT_EQ(repeats_of(other), (std::vector<Repeat>{{0, 1, 2}, {2, 1, 1}}));
    other.layers[0].weights[0] = Tensor({1, 1, 1, 1}, 99.0f);
    EXPECT_EQ(repeats_of(other), (std::vector<Repeat>{{0, 1, 2}, {2, 1, 1}}));
}

TEST(Repeats, random_chains_by_comparing_letters) {
    std::mt19937_64 random(2);
    for (int round = 0; round < 500; ++round) {
        std::string letters(random() % 14, 'a');
        for (char& letter : letters) letter = static_cast<char>('a' + random() % 2);
        const std::vector<Repeat> found = repeats(letters);
        size_t at = 0;
        for (const Repeat& repeat : found) {
            ASSERT_EQ(static_cast<size_t>(repeat.first_block), at) << letters;
            const auto length = static_cast<size_t>(repeat.blocks_per_repeat);
            const std::string unit = letters.substr(at, length);
            std::string repeated;
            for (int i = 0; i < repeat.times; ++i) repeated += unit;
            ASSERT_EQ(letters.substr(at, repeated.size()), repeated) << letters;
            // No other repeat from here holds more, none as many with a shorter unit.
            for (size_t other = 1; at + 2 * other <= letters.size(); ++other) {
                size_t times = 1;
                while (letters.compare(at + times * other, other, letters, at, other) == 0) ++times;
                if (times == 1) continue;
                ASSERT_LE(times * other, repeated.size()) << letters;
                if (times * other == repeated.size()) { ASSERT_GE(other, length) << letters; }
            }
            at += repeated.size();
        }
        ASSERT_EQ(at, letters.size()) << letters;
    }
}

}  // namespace
}  // namespace convscope
