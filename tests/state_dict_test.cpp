// State dicts onto chains: by place, by name and shape, against PyTorch's own models and outputs.
#include "core/state_dict.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/build_layer.h"
#include "core/chain_edits.h"
#include "core/presets.h"

namespace convscope {
namespace {

SafetensorsFile file_of(const std::string& name) {
    return read_safetensors(CONVSCOPE_SOURCE_DIR "/tests/safetensors/" + name + ".safetensors");
}

Tensor tensor_of(const SafetensorsFile& file, std::string_view name) {
    for (size_t i = 0; i < file.tensors.size(); ++i)
        if (file.tensors[i].name == name) return load_tensor(file, i).tensor;
    ADD_FAILURE() << "no tensor " << name;
    return Tensor({1, 1, 1, 1});
}

Layer conv(int64_t in, int64_t out, int64_t kernel, bool bias = true, int64_t padding = 0) {
    return build_layer("conv2d", {{"in_channels", in},
                                  {"out_channels", out},
                                  {"kernel_size", both(kernel)},
                                  {"padding", pad(padding)},
                                  {"bias", bias}});
}

Document chain(Shape input, std::vector<Layer> layers) {
    Document document;
    document.input.tensor = generate("integers 0–9", 1, input);
    document.layers = std::move(layers);
    document.training = false;
    fit_weights(document);
    return document;
}

/// A tensor whose values are all `value`: to see where it went.
NamedTensor marked(std::string name, std::vector<int64_t> dims, float value) {
    int64_t count = 1;
    for (const int64_t extent : dims) count *= extent;
    return {std::move(name), dims, Tensor({1, 1, 1, count}, value)};
}

float mark(const Document& document, size_t layer, size_t weight = 0) {
    return document.layers.at(layer).weights.at(weight).values()[0];
}

std::vector<std::string> pairs(const StateDictMatch& match) {
    std::vector<std::string> texts;
    for (const auto& assigned : match.assigned)
        texts.push_back(assigned.from + " → " + assigned.to);
    return texts;
}

using Texts = std::vector<std::string>;

void expect_output(Document document, const SafetensorsFile& file) {
    document.input = {tensor_of(file, "input"), {}};
    const Tensor expected = tensor_of(file, "output");
    const auto result = evaluate(document);
    ASSERT_TRUE(result && !result->problem) << (result ? result->problem->whole() : "");
    const Tensor& output = result->layers.back().output();
    ASSERT_EQ(output.shape(), expected.shape());
    for (size_t i = 0; i < output.values().size(); ++i)
        EXPECT_NEAR(output.values()[i], expected.values()[i],
                    1e-5 * (1 + std::abs(expected.values()[i])));
}

TEST(StateDict, ElevenConvolutionsInTheOrderOfTheirNumbers) {
    const SafetensorsFile file = file_of("named");
    ASSERT_EQ(file.error, "");
    Document document = chain({1, 2, 4, 4}, std::vector<Layer>(11, conv(2, 2, 3, true, 1)));
    StateDictMatch match;
    document = with_state_dict(document, state_dict_of(file), match);
    ASSERT_EQ(match.error, "");
    ASSERT_EQ(match.assigned.size(), 22u);
    EXPECT_EQ(pairs(match)[2], "conv2.weight → 1.weight");
    EXPECT_EQ(pairs(match)[19], "conv10.bias → 9.bias");
    EXPECT_EQ(match.unused, (Texts{"input", "output"}));
    EXPECT_EQ(match.missing, Texts{});
    expect_output(document, file);
    EXPECT_EQ(describe(state_dict_of(file), match),
              "22 tensors of named.safetensors are in the chain now. Not used: input, output.");
}

TEST(StateDict, ABlockWithNamesOfItsOwn) {
    const SafetensorsFile file = file_of("block");
    const auto norm = [](int64_t channels) {
        return build_layer("batch_norm2d", {{"num_features", channels}});
    };
    Document document =
        chain({2, 2, 3, 3}, {build_layer("conv_transpose2d", {{"in_channels", int64_t(2)},
                                                              {"out_channels", int64_t(3)},
                                                              {"kernel_size", both(4)},
                                                              {"stride", both(2)},
                                                              {"padding", both(1)},
                                                              {"bias", false}}),
                             norm(3), build_layer("relu"), conv(3, 2, 3), norm(2)});
    StateDictMatch match;
    document = with_state_dict(document, state_dict_of(file), match);
    ASSERT_EQ(match.error, "");
    EXPECT_EQ(pairs(match),
              (Texts{"up.weight → 0.weight", "bn_up.weight → 1.weight", "bn_up.bias → 1.bias",
                     "bn_up.running_mean → 1.running_mean", "bn_up.running_var → 1.running_var",
                     "bn_up.num_batches_tracked → 1.num_batches_tracked", "conv.weight → 3.weight",
                     "conv.bias → 3.bias", "bn_conv.weight → 4.weight", "bn_conv.bias → 4.bias",
                     "bn_conv.running_mean → 4.running_mean", "bn_conv.running_var → 4.running_var",
                     "bn_conv.num_batches_tracked → 4.num_batches_tracked"}));
    EXPECT_EQ(match.missing, Texts{});
    EXPECT_EQ(document.layers[4].buffers[2].values()[0], 7.0f);
    expect_output(document, file);
}

TEST(StateDict, ASequentialByPlace) {
    const SafetensorsFile file = file_of("sequential");
    Document document = chain(
        {1, 2, 5, 5}, {conv(2, 3, 3), build_layer("batch_norm2d", {{"num_features", int64_t(3)}}),
                       build_layer("relu"), conv(3, 3, 1)});
    StateDictMatch match;
    document = with_state_dict(document, state_dict_of(file), match);
    ASSERT_EQ(match.error, "");
    EXPECT_EQ(match.assigned.size(), 9u);
    for (const auto& assigned : match.assigned) EXPECT_EQ(assigned.from, "features." + assigned.to);
    expect_output(document, file);
}

TEST(StateDict, PlaceGoesBeforeOrder) {
    // Both layers have one shape: names that are places may stand in any order and leave a layer out.
    const Document two = chain({1, 1, 5, 5}, {conv(1, 1, 3), conv(1, 1, 3)});
    const std::vector<int64_t> kernel{1, 1, 3, 3};
    StateDictMatch match;
    const Document swapped = with_state_dict(
        two, state_dict_of({marked("1.weight", kernel, 11), marked("0.weight", kernel, 10)}),
        match);
    EXPECT_EQ(mark(swapped, 0), 10);
    EXPECT_EQ(mark(swapped, 1), 11);
    const Document second =
        with_state_dict(two, state_dict_of({marked("net.1.weight", kernel, 11)}), match);
    EXPECT_EQ(mark(second, 1), 11);
    EXPECT_EQ(match.missing, (Texts{"0.weight", "0.bias", "1.bias"}));
    // Names that are no places count in the order of the dict.
    const Document other = with_state_dict(
        two,
        state_dict_of({marked("second.weight", kernel, 20), marked("first.weight", kernel, 21)}),
        match);
    EXPECT_EQ(mark(other, 0), 20);
    EXPECT_EQ(mark(other, 1), 21);
    // Two parents count on: neither alone places as many.
    const Document both_parts =
        with_state_dict(two,
                        state_dict_of({marked("encoder.0.weight", kernel, 30),
                                       marked("decoder.0.weight", kernel, 31)}),
                        match);
    EXPECT_EQ(mark(both_parts, 0), 30);
    EXPECT_EQ(mark(both_parts, 1), 31);
    EXPECT_EQ(match.error, "");
    // A place beyond the chain is not used.
    with_state_dict(
        two,
        state_dict_of({marked("0.weight", kernel, 1), marked("2.weight", {1, 1, 5, 5}, 1),
                       marked("99999999999.weight", {1, 1, 5, 5}, 1)}),
        match);
    EXPECT_EQ(pairs(match), (Texts{"0.weight → 0.weight"}));
    EXPECT_EQ(match.unused, (Texts{"2.weight", "99999999999.weight"}));
}

TEST(StateDict, OnePrefixStaysTogether) {
    // b's kernel would fit the first layer, but its bias does not.
    const Document two = chain({1, 1, 9, 9}, {conv(1, 1, 3, false), conv(1, 1, 3, true)});
    StateDictMatch match;
    const Document next = with_state_dict(
        two,
        state_dict_of({marked("b.weight", {1, 1, 3, 3}, 1), marked("b.bias", {1}, 2),
                       marked("a.weight", {1, 1, 3, 3}, 3)}),
        match);
    EXPECT_EQ(pairs(match),
              (Texts{"a.weight → 0.weight", "b.weight → 1.weight", "b.bias → 1.bias"}));
    EXPECT_EQ(mark(next, 1, 1), 2);
    // A bare layer's own dict, without any prefix; a bias that the layer has not is told.
    const Document one = chain({1, 1, 9, 9}, {conv(1, 1, 3, false)});
    with_state_dict(one, state_dict_of({marked("weight", {1, 1, 3, 3}, 1), marked("bias", {1}, 2)}),
                    match);
    EXPECT_EQ(pairs(match), (Texts{"weight → 0.weight"}));
    EXPECT_EQ(match.unused, (Texts{"bias"}));
}

TEST(StateDict, AWrongShapeSaysWhichWasNeeded) {
    const Document document = chain({1, 3, 5, 5}, {conv(3, 8, 3), conv(8, 4, 1, false)});
    const auto error = [&](std::vector<NamedTensor> tensors) {
        StateDictMatch match;
        StateDict dict = state_dict_of(std::move(tensors));
        dict.name = "m.safetensors";
        EXPECT_TRUE(with_state_dict(document, dict, match) == document);
        EXPECT_TRUE(match.assigned.empty());
        return match.error;
    };
    EXPECT_EQ(error({marked("0.weight", {8, 1, 3, 3}, 1), marked("0.bias", {8}, 1)}),
              "m.safetensors: 0.weight is 8×1×3×3, 0.weight of the chain needs 8×3×3×3.");
    EXPECT_EQ(error({marked("stem.weight", {8, 1, 3, 3}, 1)}),
              "m.safetensors: stem.weight is 8×1×3×3, 0.weight of the chain needs 8×3×3×3.");
    EXPECT_EQ(error({marked("0.bias", {8}, 1), marked("1.weight", {4, 8, 3, 3}, 1)}),
              "m.safetensors: 1.weight is 4×8×3×3, 1.weight of the chain needs 4×8×1×1.");
    EXPECT_EQ(error({marked("fc.weight", {10, 512}, 1)}),
              "m.safetensors: fc.weight is no tensor that a layer of this chain asks for; 0.weight "
              "would be one, "
              "8×3×3×3.");
    EXPECT_EQ(error({}), "m.safetensors: it has no tensors.");
    // Part of a dict that fits is taken; what does not is told.
    StateDictMatch match;
    const StateDict dict =
        state_dict_of({marked("a.weight", {8, 3, 3, 3}, 1), marked("b.weight", {4, 8, 3, 3}, 1)});
    with_state_dict(document, dict, match);
    EXPECT_EQ(describe(dict, match),
              "1 tensor is in the chain now. Not used: b.weight. Kept as they were: 0.bias, "
              "1.weight. b.weight is "
              "4×8×3×3, 1.weight of the chain needs 4×8×1×1.");
    // A chain that cannot be says so by what it lacks.
    Document none = chain({1, 1, 2, 2}, {conv(1, 1, 3)});
    with_state_dict(none, dict, match);
    EXPECT_NE(match.error.find("The kernel (3×3) is larger than the input (2×2)."),
              std::string::npos)
        << match.error;
}

TEST(StateDict, ATensorThatCannotBeReadLeavesEverything) {
    const std::string header =
        R"({"0.bias":{"dtype":"F32","shape":[1],"data_offsets":[9,13]},)"
        R"("0.weight":{"dtype":"F8_E4M3","shape":[1,1,3,3],"data_offsets":[0,9]}})";
    std::string bytes(8, '\0');
    bytes[0] = static_cast<char>(header.size());
    const SafetensorsFile file =
        parse_safetensors(bytes + header + std::string(13, '\1'), "m.safetensors");
    ASSERT_EQ(file.error, "");
    const Document document = chain({1, 1, 5, 5}, {conv(1, 1, 3)});
    StateDictMatch match;
    EXPECT_TRUE(with_state_dict(document, state_dict_of(file), match) == document);
    EXPECT_EQ(match.error,
              "0.weight in m.safetensors cannot be used: its numbers are F8_E4M3; F64, F32, F16, "
              "BF16, integers and "
              "BOOL are read.");
    EXPECT_TRUE(match.assigned.empty());
}

TEST(StateDict, ThereAndBack) {
    for (const DocumentPreset& preset : document_presets()) {
        const Document document = preset.make();
        const std::vector<NamedTensor> tensors = named_tensors(document);
        if (tensors.empty()) continue;  // nothing to learn in it
        StateDictMatch match;
        Document other = document;
        for (Layer& layer : other.layers) layer.weights.clear(), layer.buffers.clear();
        fit_weights(other);
        other = with_state_dict(
            other, state_dict_of(parse_safetensors(safetensors_bytes(tensors), "a.safetensors")),
            match);
        ASSERT_EQ(match.error, "") << preset.name;
        EXPECT_TRUE(match.unused.empty() && match.missing.empty()) << preset.name;
        const std::vector<NamedTensor> back = named_tensors(other);
        ASSERT_EQ(back.size(), tensors.size());
        for (size_t i = 0; i < back.size(); ++i) {
            EXPECT_EQ(back[i].name, tensors[i].name);
            EXPECT_EQ(back[i].dims, tensors[i].dims);
            EXPECT_TRUE(std::ranges::equal(back[i].tensor.values(), tensors[i].tensor.values()))
                << back[i].name;
        }
    }
}

TEST(StateDict, NamesOfASequential) {
    const std::vector<NamedTensor> tensors =
        named_tensors(chain({1, 1, 5, 5}, {conv(1, 2, 3), conv(2, 3, 1, false)}));
    ASSERT_EQ(tensors.size(), 3u);
    EXPECT_EQ(tensors[0].name, "0.weight");
    EXPECT_EQ(tensors[0].dims, (std::vector<int64_t>{2, 1, 3, 3}));
    EXPECT_EQ(tensors[1].name, "0.bias");
    EXPECT_EQ(tensors[1].dims, (std::vector<int64_t>{2}));
    EXPECT_EQ(tensors[2].name, "1.weight");
}

TEST(StateDict, OneTensorIntoOneLayer) {
    const Document document = chain({1, 1, 5, 5}, {conv(1, 2, 3), conv(2, 3, 1, false)});
    std::string error;
    Tensor bias({1, 1, 1, 2}, std::vector<float>{4, 5});  // as .npy gives a vector
    Document next = with_weight_tensor(document, 0, "bias", bias, error);
    EXPECT_EQ(error, "");
    EXPECT_EQ(next.layers[0].weights[1].shape(), (Shape{1, 2, 1, 1}));
    EXPECT_EQ(next.layers[0].weights[1].values()[1], 5);
    const auto refused = [&](int layer, std::string_view name, Shape shape) {
        EXPECT_TRUE(with_weight_tensor(document, layer, name, Tensor(shape), error) == document);
        return error;
    };
    // 2×3×3 values are the same numbers in the same order.
    next = with_weight_tensor(document, 0, "weight", Tensor({1, 2, 3, 3}, 6), error);
    EXPECT_EQ(error, "");
    EXPECT_EQ(mark(next, 0), 6);
    EXPECT_EQ(refused(0, "weight", {1, 1, 3, 3}), "The tensor is 1×1×3×3, 0.weight needs 2×1×3×3.");
    EXPECT_EQ(refused(0, "weight", {1, 3, 2, 3}), "The tensor is 1×3×2×3, 0.weight needs 2×1×3×3.");
    EXPECT_EQ(refused(0, "bias", {1, 1, 1, 3}), "The tensor is 1×1×1×3, 0.bias needs 2 values.");
    EXPECT_EQ(refused(1, "bias", {1, 1, 1, 3}), "There is no 1.bias; that layer has weight.");
    EXPECT_EQ(refused(2, "weight", {1, 1, 1, 3}),
              "There is no layer 2; the chain has 2, counted from 0.");
    EXPECT_EQ(refused(-1, "weight", {1, 1, 1, 3}),
              "There is no layer −1; the chain has 2, counted from 0.");
    // Channels named after kernels are renamed.
    Document named = standard_document();
    named.layers[0].channel_names = {"Emboss"};
    named = with_weight_tensor(named, 0, "weight", kernel_preset("Sobel x", {3, 3}), error);
    EXPECT_EQ(named.layers[0].channel_names, (Texts{"Sobel x"}));
}

TEST(StateDict, OneTensorAsInput) {
    const Document document = chain({1, 1, 5, 5}, {conv(1, 2, 3)});
    std::string error;
    const Document next = with_input_tensor(document, Tensor({2, 3, 6, 7}), error);
    EXPECT_EQ(error, "");
    EXPECT_EQ(next.input.tensor.shape(), (Shape{2, 3, 6, 7}));
    EXPECT_FALSE(plan_only(next).problem);  // the channels followed
    EXPECT_TRUE(with_input_tensor(document, Tensor({1, 0, 6, 7}), error) == document);
    EXPECT_EQ(error, "The input of 1×0×6×7 holds no values. Every extent must be 1 or more.");
}

TEST(StateDict, TensorsOfAResultByName) {
    Document document = chain({1, 1, 5, 5}, {conv(1, 2, 3), conv(2, 3, 1, false)});
    Want want;
    want.backward = true;
    const Result result = *evaluate(document, want);
    std::string error;
    const auto found = [&](std::string_view name) { return find_tensor(result, name, error); };
    EXPECT_TRUE(found("input").tensor.same_as(document.input.tensor));
    EXPECT_TRUE(found("output").tensor.same_as(result.layers[1].output()));
    EXPECT_TRUE(found("0.input").tensor.same_as(document.input.tensor));
    EXPECT_TRUE(found("1.input").tensor.same_as(result.layers[0].output()));
    EXPECT_TRUE(found("layers.0.output").tensor.same_as(result.layers[0].output()));
    EXPECT_EQ(found("layers.0.output").name, "0.output");
    EXPECT_EQ(found("0.bias").dims, (std::vector<int64_t>{2}));
    EXPECT_EQ(found("0.grad_bias").dims, (std::vector<int64_t>{2}));
    EXPECT_EQ(found("0.grad_weight").dims, (std::vector<int64_t>{2, 1, 3, 3}));
    EXPECT_TRUE(found("1.grad_output").tensor.same_as(result.layers[1].grad_output));
    EXPECT_EQ(error, "");
    found("0.weigth");
    EXPECT_TRUE(error.starts_with("There is no tensor 0.weigth; there are input, weight, bias, "))
        << error;
    found("7.weight");
    EXPECT_EQ(error, "There is no layer 7; the chain has 2, counted from 0.");
    for (const char* name :
         {"", "weight", "0", "0.", ".weight", "-1.weight", "99999999999999999999999.weight"}) {
        EXPECT_TRUE(found(name).tensor.empty()) << name;
        EXPECT_NE(error, "") << name;
    }
    const Result forward = *evaluate(document);
    EXPECT_TRUE(find_tensor(forward, "0.grad_weight", error).tensor.empty());
    EXPECT_EQ(error, "0.grad_weight was not computed.");
    Document bad = document;
    bad.input.tensor = Tensor({1, 1, 2, 2});
    EXPECT_TRUE(find_tensor(*evaluate(bad), "output", error).tensor.empty());
    EXPECT_NE(error.find("larger than the input"), std::string::npos) << error;
}

TEST(StateDict, ManyTensorsAndLayersTakeNoAge) {
    // 100,000 names against 1,000 layers that want another shape.
    const Document document = chain({1, 1, 5, 5}, std::vector<Layer>(kMaxLayers, conv(1, 1, 1)));
    StateDict dict;
    for (int i = 0; i < 100'000; ++i)
        dict.entries.push_back({fmt::format("a{}.weight", i), {1, 1, 3, 3}});
    StateDictMatch match;
    with_state_dict(document, dict, match);
    EXPECT_EQ(match.error, "a0.weight is 1×1×3×3, 0.weight of the chain needs 1×1×1×1.");
}

}  // namespace
}  // namespace convscope
