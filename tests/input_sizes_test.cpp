// The inverse look-up of sizes against PyTorch's table of round trips, its table of output sizes, and a search through all
// input sizes with the plan.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "core/input_sizes.h"
#include "tests/layer_case.h"

namespace convscope {
namespace {

std::vector<std::string> split(const std::string& line, char at) {
    std::vector<std::string> cells;
    std::istringstream stream(line);
    for (std::string cell; std::getline(stream, cell, at);) cells.push_back(cell);
    return cells;
}

Layer layer_of(const char* id, const std::vector<std::pair<const char*, Value>>& values) {
    Layer layer{.op = find_op(id)};
    layer.params = standard_params(*layer.op);
    for (const auto& [key, value] : values)
        layer.params.at(static_cast<size_t>(field_index(*layer.op, key))) = value;
    return layer;
}

std::vector<int64_t> listed(const InputSizes& sizes) {
    std::vector<int64_t> all;
    for (const InputSize& size : sizes.listed) all.push_back(size.in);
    return all;
}

Layer conv(int64_t k, int64_t s, int64_t p, int64_t d = 1) {
    return layer_of("conv2d", {{"kernel_size", Pair{k, k}},
                               {"stride", Pair{s, s}},
                               {"padding", Padding{Padding::Kind::pair, {p, p}}},
                               {"dilation", Pair{d, d}}});
}

InputSizes search(const Layer& layer, Shape input, int64_t wanted, Axis axis = Axis::height) {
    return input_sizes(layer, input, true, axis, wanted);
}

TEST(InputSizes, SevenAndEightGiveFour) {  // teaching row 11: transposed back gives 7 (op 0) or 8 (op 1)
    const InputSizes sizes = search(conv(3, 2, 1), {1, 1, 7, 7}, 4);
    EXPECT_EQ(sizes.listed, (std::vector<InputSize>{{7, 0, 0}, {8, 1, 1}}));
}

TEST(InputSizes, SixteenToEighteenGiveSix) {  // teaching row 14
    const InputSizes sizes = search(conv(5, 3, 2), {1, 1, 16, 16}, 6);
    EXPECT_EQ(sizes.listed, (std::vector<InputSize>{{16, 0, 0}, {17, 1, 1}, {18, 2, 2}}));
}

/// PyTorch's convolution and PyTorch's transposed convolution, a setting a line.
TEST(InputSizes, AllOfPyTorchsRoundTrips) {
    std::ifstream file(CONVSCOPE_SOURCE_DIR "/tests/golden/round_trips.csv");
    int settings = 0, unrestored = 0;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("#")) continue;
        SCOPED_TRACE(line);
        ++settings;
        const std::vector<std::string> cells = split(line, ',');
        ASSERT_EQ(cells.size(), 7u);
        const auto number = [&](size_t i) { return static_cast<int64_t>(std::stoll(cells[i])); };
        const Padding padding = cells[2] == "same"
                                    ? Padding{Padding::Kind::same, {}}
                                    : Padding{Padding::Kind::pair, {number(2), 0}};
        const Layer layer = layer_of("conv2d", {{"kernel_size", Pair{number(0), 1}},
                                                {"stride", Pair{number(1), 1}},
                                                {"padding", padding},
                                                {"dilation", Pair{number(3), 1}}});
        std::vector<int64_t> inputs;
        for (const std::string& size : split(cells[5], ' ')) inputs.push_back(std::stoll(size));
        const InputSizes sizes = search(layer, {1, 1, inputs.front(), 1}, number(4));
        ASSERT_EQ(listed(sizes), inputs);
        for (const InputSize& size : sizes.listed) {
            std::optional<int64_t> restores;
            for (const std::string& trip : split(cells[6], ' ')) {
                const std::vector<std::string> parts = split(trip, ':');
                if (std::stoll(parts[1]) == size.in) restores = std::stoll(parts[0]);
            }
            ASSERT_EQ(size.chooses, restores) << size.in;
            unrestored += !restores;
        }
        // The layer that leads back, back again: the same window.
        const Layer back = *layer_back(layer), again = *layer_back(back);
        ASSERT_EQ(size_from(*again.op, again.params, {1, 1, 40, 1}, Axis::height),
                  cells[2] == "same" && (number(0) - 1) * number(3) % 2 == 1
                      ? 39
                      : *size_from(*layer.op, layer.params, {1, 1, 40, 1}, Axis::height));
    }
    EXPECT_GE(settings, 400);
    EXPECT_GE(unrestored, 10) << "'same' with one more cell behind";
}

/// Every op, random parameters: the sizes are those that the plan gives one after the other.
TEST(InputSizes, AreThoseOfASearchThroughAllSizes) {
    std::mt19937_64 random(test_seed(41));
    int several = 0, none = 0, reached_by_choice = 0;
    for (const Op& op : all_ops())
        for (int i = 0; i < 150; ++i) {
            const Document document = random_layer(op, random, true);
            const Layer& layer = document.layers[0];
            const Shape input = document.input.tensor.shape();
            const Axis axis = i % 2 ? Axis::height : Axis::width;
            const auto out_of = [&](const Params& params, int64_t in) -> int64_t {
                Shape shape = input;
                (axis == Axis::height ? shape.h : shape.w) = in;
                const Plan plan = op.plan(params, shape, document.training);
                if (plan.problem) return 0;
                const Shape out = plan.output_stage().shape;
                return axis == Axis::height ? out.h : out.w;
            };
            const int64_t now = axis == Axis::height ? input.h : input.w;
            const int64_t wanted = i % 3 ? out_of(layer.params, now) : 1 + static_cast<int64_t>(random() % 30);
            SCOPED_TRACE(describe(document) + ", wanted " + std::to_string(wanted));
            std::vector<int64_t> brute;
            for (int64_t in = 1; in <= 60; ++in)
                if (out_of(layer.params, in) == wanted) brute.push_back(in);
            const InputSizes sizes = input_sizes(layer, input, document.training, axis, wanted);
            if (brute.size() > kMostListed) brute.resize(kMostListed);
            std::vector<int64_t> found = listed(sizes);
            while (!found.empty() && found.back() > 60) found.pop_back();
            while (!brute.empty() && found.size() < brute.size() && brute.back() > 54) brute.pop_back();
            ASSERT_EQ(found, brute);
            several += found.size() > 1;
            if (sizes.last >= sizes.first) continue;
            ++none;
            if (sizes.below) {
                ASSERT_LT(sizes.below->out, wanted);
                ASSERT_EQ(out_of(layer.params, sizes.below->in), sizes.below->out);
            }
            if (sizes.above) ASSERT_GT(sizes.above->out, wanted);
            const int field = field_index(op, "output_padding");
            if (field < 0) continue;
            // By another output_padding on that axis.
            std::optional<int64_t> choice, choice_in;
            for (int64_t extra = 0; extra < 40 && !choice; ++extra) {
                Params params = layer.params;
                auto& pair = std::get<Pair>(params[static_cast<size_t>(field)]);
                (axis == Axis::height ? pair.h : pair.w) = extra;
                for (int64_t in = 60; in >= 1 && !choice; --in)
                    if (out_of(params, in) == wanted) choice = extra, choice_in = in;
            }
            ASSERT_EQ(sizes.choice, choice);
            if (choice) ASSERT_EQ(sizes.choice_in, *choice_in);
            reached_by_choice += choice.has_value();
        }
    EXPECT_GE(several, 100);
    EXPECT_GE(none, 30);
    EXPECT_GE(reached_by_choice, 5);
}

TEST(InputSizes, ATransposedLayerHasOneOrNone) {
    const Layer layer = layer_of("conv_transpose2d", {{"stride", Pair{2, 2}}, {"padding", Pair{1, 1}}});
    EXPECT_EQ(listed(search(layer, {1, 1, 4, 4}, 7)), (std::vector<int64_t>{4}));
    const InputSizes even = search(layer, {1, 1, 4, 4}, 8);
    EXPECT_TRUE(even.listed.empty());
    EXPECT_EQ(even.below, (SizePair{4, 7}));
    EXPECT_EQ(even.above, (SizePair{5, 9}));
    EXPECT_EQ(even.choice, 1);  // output_padding 1 makes 8 of 4
    EXPECT_EQ(even.choice_in, 4);
}

TEST(InputSizes, OpsWithoutAWindow) {
    for (const char* id : {"batch_norm2d", "relu", "gelu"}) {
        const Layer layer = layer_of(id, {});
        EXPECT_TRUE(keeps_size(layer, {1, 1, 5, 7})) << id;
        EXPECT_EQ(listed(search(layer, {1, 1, 5, 7}, 9, Axis::width)), (std::vector<int64_t>{9}));
        EXPECT_FALSE(layer_back(layer));
    }
    EXPECT_FALSE(keeps_size(conv(3, 2, 1), {1, 1, 7, 7}));
    const Layer resize = layer_of("upsample", {{"size", std::optional(Pair{8, 8})},
                                               {"scale_factor", std::optional<Scale>()}});
    const InputSizes any = search(resize, {1, 1, 3, 3}, 8);
    EXPECT_EQ(any.first, 1);
    EXPECT_EQ(any.last, int64_t(1) << 20);
    EXPECT_TRUE(any.is_open);
    EXPECT_EQ(any.listed.size(), kMostListed);
    const Layer third = layer_of("upsample", {{"scale_factor", std::optional(Scale{0.3, 0.3})}});
    EXPECT_EQ(listed(search(third, {1, 1, 9, 9}, 2)), (std::vector<int64_t>{7, 8, 9}));  // ⌊0.3·n⌋: 2.1, 2.4, 2.7
}

TEST(InputSizes, HostileWishes) {
    for (const int64_t wanted : {INT64_MIN, int64_t(-1), int64_t(0), INT64_MAX, int64_t(1) << 20}) {
        const InputSizes sizes = search(conv(3, 2, 1), {1, 1, 7, 7}, wanted);
        EXPECT_TRUE(sizes.listed.empty()) << wanted;
        EXPECT_FALSE(sizes.below && sizes.below->out >= wanted);
    }
}

/// Chains of one to four layers; the input that `chain_input` finds against a search through all inputs with the plan.
TEST(InputSizes, OfAChainAreThoseOfASearchThroughAllInputs) {
    std::mt19937_64 random(test_seed(42));
    int found = 0, none = 0, moved = 0;
    for (int i = 0; i < 300; ++i) {
        Document document;
        document.input = generated_input("integers 0–9", 1, {1, 1, 1 + static_cast<int64_t>(random() % 40), 9});
        const int layers = 1 + static_cast<int>(random() % 4);
        for (int k = 0; k < layers; ++k) {
            const int64_t kernel = 1 + static_cast<int64_t>(random() % 3), stride = 1 + static_cast<int64_t>(random() % 2);
            const int64_t padding = static_cast<int64_t>(random() % 2);
            switch (random() % 4) {
                case 0: document.layers.push_back(layer_of("relu", {})); break;
                case 1:
                    document.layers.push_back(layer_of("conv_transpose2d", {{"kernel_size", Pair{kernel, kernel}}, {"stride", Pair{stride, stride}}}));
                    break;
                default: document.layers.push_back(conv(kernel, stride, padding));
            }
        }
        const int layer = layers - 1;
        // Height that the last layer gets from such an input; none: a layer on the way is impossible, or this one.
        const auto gets = [&](int64_t in) -> std::optional<int64_t> {
            Shape shape{1, 1, in, 9};
            for (int k = 0; k <= layer; ++k) {
                const Layer& on_way = document.layers[static_cast<size_t>(k)];
                const Plan plan = on_way.op->plan(on_way.params, shape, true);
                if (plan.problem) return {};
                if (k < layer) shape = plan.output_stage().shape;
            }
            return shape.h;
        };
        const int64_t wanted = 1 + static_cast<int64_t>(random() % 30), now = document.input.tensor.shape().h;
        std::optional<int64_t> nearest;
        for (int64_t in = 560; in >= 1; --in)
            if (gets(in) == wanted && (!nearest || std::abs(in - now) <= std::abs(*nearest - now))) nearest = in;
        const ChainInput told = chain_input(document, layer, Axis::height, wanted);
        SCOPED_TRACE(fmt::format("chain {}, input {}, wanted {}", i, now, wanted));
        ASSERT_EQ(told.in.has_value(), nearest.has_value());
        if (nearest) {
            ASSERT_EQ(gets(*told.in), wanted);
            ASSERT_EQ(std::abs(*told.in - now), std::abs(*nearest - now));
            moved += *told.in != now;
        } else {
            if (told.below) ASSERT_LT(told.below->out, wanted);
            if (told.above) ASSERT_GT(told.above->out, wanted);
        }
        (nearest ? found : none) += 1;
    }
    EXPECT_GT(found, 100);
    EXPECT_GT(none, 30);
    EXPECT_GT(moved, 80);
    Document deep;
    deep.input = generated_input("zeros", 1, {1, 1, 4, 4});
    for (int k = 0; k < 60; ++k) deep.layers.push_back(layer_of("conv_transpose2d", {{"stride", Pair{1000, 1000}}}));
    for (const int64_t wanted : {INT64_MIN, int64_t(0), int64_t(7), INT64_MAX}) EXPECT_FALSE(chain_input(deep, 59, Axis::width, wanted).in);
}

}  // namespace
}  // namespace convscope
