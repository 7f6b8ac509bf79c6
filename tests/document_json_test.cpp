// Documents as JSON: round trips, files beside, and hostile text.
#include "core/document_json.h"

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "core/evaluate.h"
#include "core/io/files.h"
#include "core/io/image.h"
#include "core/json_text.h"
#include "core/presets.h"
#include "core/sha256.h"

namespace convscope {
namespace {

/// An empty folder of its own, removed at the end.
struct Folder {
    std::filesystem::path path;
    Folder() {
        path = std::filesystem::temp_directory_path() /
               ("convscope-json-" + std::to_string(std::random_device()()));
        std::filesystem::create_directories(path);
    }
    ~Folder() { std::filesystem::remove_all(path); }
    std::string operator/(const std::string& name) const { return (path / name).string(); }
};

/// The same bits: NaN equals NaN, −0 differs from 0.
void expect_same(const Tensor& a, const Tensor& b) {
    ASSERT_EQ(a.shape(), b.shape());
    ASSERT_EQ(a.values().size(), b.values().size());
    EXPECT_TRUE(a.values().empty() ||
                std::memcmp(a.data(), b.data(), a.values().size_bytes()) == 0);
}

void expect_same(const Document& a, const Document& b) {
    EXPECT_EQ(a.name, b.name);
    expect_same(a.input.tensor, b.input.tensor);
    EXPECT_EQ(a.input.origin, b.input.origin);
    EXPECT_EQ(a.start.kind, b.start.kind);
    EXPECT_EQ(a.start.seed, b.start.seed);
    EXPECT_EQ(a.training, b.training);
    EXPECT_EQ(a.batches, b.batches);
    expect_same(a.start.tensor, b.start.tensor);
    ASSERT_EQ(a.layers.size(), b.layers.size());
    for (size_t k = 0; k < a.layers.size(); ++k) {
        EXPECT_EQ(a.layers[k].op, b.layers[k].op);
        EXPECT_EQ(a.layers[k].params, b.layers[k].params);
        EXPECT_EQ(a.layers[k].channel_names, b.layers[k].channel_names);
        EXPECT_EQ(a.layers[k].skip, b.layers[k].skip);
        ASSERT_EQ(a.layers[k].buffers.size(), b.layers[k].buffers.size());
        for (size_t i = 0; i < a.layers[k].buffers.size(); ++i)
            expect_same(a.layers[k].buffers[i], b.layers[k].buffers[i]);
        ASSERT_EQ(a.layers[k].weights.size(), b.layers[k].weights.size());
        for (size_t w = 0; w < a.layers[k].weights.size(); ++w)
            expect_same(a.layers[k].weights[w], b.layers[k].weights[w]);
    }
}

// FIPS 180-4's examples, and lengths around a block's end as sha256sum prints them.
TEST(Sha256, PublishedDigests) {
    EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    EXPECT_EQ(sha256(std::string(1000000, 'a')),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    EXPECT_EQ(sha256(std::string(55, 'x')),
              "d5e285683cd4efc02d021a5c62014694958901005d6f71e89e0989fac77e4072");
    EXPECT_EQ(sha256(std::string(56, 'x')),
              "04c26261370ee7541549d16dee320c723e3fd14671e66a099afe0a377c16888e");
    EXPECT_EQ(sha256(std::string(64, 'x')),
              "7ce100971f64e7001e8fe5a51973ecdfe1ced42befe7ee8d5fd6219506b5393c");
}

TEST(DocumentJson, EveryPresetComesBack) {
    for (const DocumentPreset& preset : document_presets()) {
        SCOPED_TRACE(preset.name);
        const Document document = preset.make();
        // In a file, because large weights stand beside the text.
        const Folder folder;
        const std::string path = (folder.path / "preset.json").string();
        std::string error;
        ASSERT_TRUE(save_document(path, document, error)) << error;
        const DocumentResult read = load_document(path);
        ASSERT_TRUE(read.ok()) << read.error;
        expect_same(read.document, document);
        EXPECT_EQ(to_json(read.document), to_json(document));
    }
}

TEST(DocumentJson, AbsentWeightsAreMadeUpToAnImpossibleLayer) {
    const DocumentResult read = from_json(
        R"({"convscope": 1, "input": {"generator": "normal", "shape": [1, 1, 1, 9], "seed": 1}, "layers": [)"
        R"({"op": "conv2d", "params": {"kernel_size": 1}}, {"op": "conv2d", "params": {"kernel_size": 3}}]})",
        "");
    ASSERT_TRUE(read.ok()) << read.error;
    const Result planned = plan_only(read.document);
    ASSERT_TRUE(planned.problem);
    EXPECT_EQ(planned.problem_layer, 1);
    EXPECT_TRUE(planned.problem->sentence.starts_with("The kernel (3×3) is larger than the input (1×9)"))
        << planned.problem->whole();
}

TEST(DocumentJson, EveryValueComesBack) {
    Document document = standard_document();
    document.name = "Grüße \"×\" ∞";
    const float denormal = std::numeric_limits<float>::denorm_min();
    Tensor input({1, 1, 3, 4}, {NAN, INFINITY, -INFINITY, -0.0f, 0.1f, 16777217.0f, 3.4028235e38f,
                                denormal, 1e-45f, -1.5f, 0.333333343f, 123456.789f});
    document = with_input(document, {input, {}});
    document = with_param(document, 0, "padding", Padding{Padding::Kind::same, {}});
    document = with_param(document, 0, "stride", Pair{1, 1});
    document = with_param(document, 0, "padding_mode", Choice{"replicate"});
    document.start = {BackwardStart::Kind::given, std::numeric_limits<uint64_t>::max(),
                      generate("normal", 4, {1, 1, 3, 4})};
    const DocumentResult read = from_json(to_json(document), "");
    ASSERT_TRUE(read.ok()) << read.error;
    expect_same(read.document, document);

    document.training = false;
    document.batches = 12;
    document.start.kind = BackwardStart::Kind::squared_distance;
    document.layers[0].skip = 1;
    const DocumentResult again = from_json(to_json(document), "");
    ASSERT_TRUE(again.ok()) << again.error;
    expect_same(again.document, document);

    std::mt19937 random(1);
    std::vector<float> values(4096);
    for (float& v : values) {
        const uint32_t bits = random();
        std::memcpy(&v, &bits, sizeof v);
        if (std::isnan(v)) v = NAN;
    }
    document = with_input(standard_document(), {Tensor({1, 1, 64, 64}, values), {}});
    const DocumentResult any_bits = from_json(to_json(document), "");
    ASSERT_TRUE(any_bits.ok()) << any_bits.error;
    expect_same(any_bits.document.input.tensor, document.input.tensor);
}

TEST(DocumentJson, AnImpossibleDocumentComesBack) {
    const Document document = with_param(standard_document(), 0, "kernel_size", Pair{-4, 99});
    const DocumentResult read = from_json(to_json(document), "");
    ASSERT_TRUE(read.ok()) << read.error;
    expect_same(read.document, document);
    EXPECT_TRUE(plan_only(read.document).problem);
}

TEST(DocumentJson, GeneratedInputsAreStoredByNameUnlessEdited) {
    Document document =
        with_input(standard_document(), generated_input("normal", 8, {2, 1, 300, 300}));
    EXPECT_LT(to_json(document).size(), 2000u);
    const DocumentResult read = from_json(to_json(document), "");
    ASSERT_TRUE(read.ok()) << read.error;
    expect_same(read.document, document);

    document = with_input(standard_document(), generated_input("ones", 8, {1, 1, 5, 5}));
    document.input.tensor.set({0, 0, 1, 1}, 7);
    const DocumentResult edited = from_json(to_json(document), "");
    ASSERT_TRUE(edited.ok()) << edited.error;
    EXPECT_EQ(edited.document.input.tensor.at({0, 0, 1, 1}), 7);
    EXPECT_EQ(edited.document.input.origin, Origin());
}

TEST(DocumentJson, AShortTextIsADocument) {
    const DocumentResult read = from_json(
        R"({"convscope": 1,
            "input": {"shape": [1, 1, 2, 2], "data": [1, "NaN", 2.5, "-Infinity"]},
            "layers": [{"op": "conv_transpose2d", "params": {"kernel_size": 2, "stride": [2, 1], "bias": false}}]})",
        "");
    ASSERT_TRUE(read.ok()) << read.error;
    EXPECT_FALSE(plan_only(read.document).problem);
    EXPECT_EQ(read.document.layers[0].weights[0].shape(), (Shape{1, 1, 2, 2}));
    EXPECT_TRUE(std::isnan(read.document.input.tensor.at({0, 0, 0, 1})));
}

std::string error_of(std::string_view text) {
    const DocumentResult read = from_json(text, "", "lesson.json");
    EXPECT_FALSE(read.ok()) << text;
    EXPECT_TRUE(read.document.layers.empty());
    return read.error;
}

/// A document's text with one piece replaced.
std::string with_piece(const std::string& from, const std::string& to) {
    std::string text = to_json(standard_document());
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from << " is not in " << text;
    return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

TEST(DocumentJson, ErrorsNameFileKeyAndReason) {
    EXPECT_EQ(error_of(with_piece("\"stride\"", "\"strid\"")),
              "lesson.json: layers[0].params.strid is no key of a document; \"stride\" is.");
    EXPECT_EQ(error_of(with_piece("\"input\"", "\"imput\"")),
              "lesson.json: imput is no key of a document; \"input\" is.");
    EXPECT_EQ(
        error_of(with_piece("\"stride\": [2, 2]", "\"stride\": \"two\"")),
        "lesson.json: layers[0].params.stride must be a whole number or two of them, not \"two\".");
    EXPECT_EQ(
        error_of(with_piece("\"stride\": [2, 2]", "\"stride\": [2, 2, 2]")),
        "lesson.json: layers[0].params.stride must be a whole number or two of them, not [2,2,2].");
    EXPECT_EQ(
        error_of(with_piece("\"stride\": [2, 2]", "\"stride\": 99999999999999999999")),
        "lesson.json: layers[0].params.stride must be a whole number or two of them, not 1e+20.");
    EXPECT_EQ(error_of(with_piece("\"bias\": false", "\"bias\": 0")),
              "lesson.json: layers[0].params.bias must be true or false, not 0.");
    EXPECT_EQ(error_of(with_piece("\"zeros\"", "\"mirror\"")),
              "lesson.json: layers[0].params.padding_mode must be one of zeros, reflect, "
              "replicate, circular, not \"mirror\".");
    std::string ids;
    for (const Op& op : all_ops()) ids += op.id + ", ";
    EXPECT_EQ(error_of(with_piece("\"conv2d\"", "\"conv3d\"")),
              "lesson.json: layers[0].op must be one of " + ids + "not \"conv3d\".");
    EXPECT_EQ(error_of(with_piece("[1, 1, 7, 7]", "[1, 1, 7, 8]")),
              "lesson.json: input.data has 49 values, its shape 1×1×7×8 asks for 56.");
    EXPECT_EQ(error_of(with_piece("[1, 1, 3, 3]", "[1, 1, 1, 9]")),
              "lesson.json: layers[0].weights[0] is 1×1×1×9, the parameters ask for 1×1×3×3.");
    EXPECT_EQ(error_of(with_piece("\"convscope\": 1", "\"convscope\": 2")),
              "lesson.json: It was written by a newer Convscope (format 2; this one reads format 1). Open it with that version.");
    EXPECT_EQ(error_of("[1, 2]"),
              "lesson.json: This is JSON, but not a Convscope document: the key \"convscope\" is "
              "missing.");
    EXPECT_EQ(error_of("{\"convscope\": 1"),
              "lesson.json: This is not JSON: line 1, column 16: syntax error while parsing object "
              "- unexpected end of "
              "input; expected '}'.");
    EXPECT_EQ(
        error_of(
            R"({"convscope": 1, "input": {"generator": "zeros", "shape": [1,1,3,3]}, "layers": []})"),
        "lesson.json: layers must be a list of 1 to 1000 layers, not [].");
    EXPECT_EQ(
        error_of(
            R"({"convscope": 1, "input": {"generator": "noise", "shape": [1,1,3,3]}, "layers": []})"),
        "lesson.json: input.generator must be one of integers 0–9, integers −2–2, uniform, normal, "
        "zeros, ones, "
        "impulse, gradient, checkerboard, arange, not \"noise\".");
    EXPECT_NE(
        error_of(R"({"convscope": 1, "input": {"image": "/nowhere/at all.png"}, "layers": []})")
            .find("at all.png"),
        std::string::npos);
}

TEST(DocumentJson, HostileTextGivesSentences) {
    for (const char* shape :
         {"[1, 1, 100000, 100000]", "[9223372036854775807, 9223372036854775807, 2, 2]",
          "[0, 1, 1, 1]", "[-1, -1, 7, 7]", "[1, 1, 7.5, 7]", "[1, 1, 7]", "7", "null",
          "[1, 1, \"7\", 7]", "[18446744073709551615, 1, 1, 1]"}) {
        EXPECT_FALSE(error_of(with_piece("[1, 1, 7, 7]", shape)).empty());
        EXPECT_FALSE(
            error_of(std::string(R"({"convscope": 1, "input": {"generator": "zeros", "shape": )") +
                     shape + R"(}, "layers": [{"op": "conv2d"}]})")
                .empty());
    }
    const std::string deep(1'000'000, '[');
    EXPECT_NE(error_of(deep).find("too deeply"), std::string::npos);
    EXPECT_NE(
        error_of("{\"convscope\": " + std::string(100000, '[') + std::string(100000, ']') + "}")
            .find("too deeply"),
        std::string::npos);
    EXPECT_FALSE(error_of(std::string(static_cast<size_t>(kMaxDocumentBytes) + 1, ' ')).empty());
    // Ours, not the library's words.
    EXPECT_EQ(error_of(R"({"convscope": 1, "input": 1e999})"),
              "lesson.json: A number in it is larger than a computer's numbers go: '1e999'.");
    error_of("");
    error_of(std::string("\0\0\0", 3));
    error_of("\xFF\xFE{");
    error_of("{\"convscope\": 1, \"\xC3\x28\": 2}");
    const std::string long_key(100000, 'k');
    EXPECT_LT(error_of("{\"convscope\": 1, \"" + long_key + "\": 1}").size(), 400u);

    // Every text that is a document with a piece cut out or turned into another type.
    const std::string good = to_json(document_presets()[13].make());
    for (size_t at = 0; at < good.size(); at += 7) {
        from_json(good.substr(0, at), "");
        std::string broken = good;
        broken[at] = "{}[],:\"0ex-"[at % 11];
        const DocumentResult read = from_json(broken, "");
        EXPECT_TRUE(!read.ok() || evaluate(read.document));
    }
}

TEST(DocumentJson, AWeirdButValidDocumentIsComputed) {
    const DocumentResult read = from_json(
        R"({"convscope": 1, "name": "a\u0000b\nc", "input": {"generator": "ones", "shape": [1, 2, 3, 3]},
            "layers": [{"op": "conv2d", "params": {"in_channels": 9223372036854775807, "kernel_size": -1,
                        "stride": 0, "padding": [4611686018427387904, 0], "groups": 0}, "weights": []}]})",
        "");
    ASSERT_TRUE(read.ok()) << read.error;
    EXPECT_EQ(read.document.name.find('\n'), std::string::npos);
    EXPECT_TRUE(evaluate(read.document)->problem);
}

TEST(DocumentFiles, LargeTensorsStandBeside) {
    const Folder folder;
    Document document =
        with_input(standard_document(), {generate("normal", 2, {1, 1, 65, 64}), {}});
    std::string error;
    ASSERT_TRUE(save_document(folder / "big.json", document, error)) << error;
    int tensors = 0;
    std::string tensor_path;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path))
        if (entry.path().extension() == ".npy") ++tensors, tensor_path = entry.path().string();
    EXPECT_EQ(tensors, 1);
    const DocumentResult read = load_document(folder / "big.json");
    ASSERT_TRUE(read.ok()) << read.error;
    expect_same(read.document, document);
    ASSERT_TRUE(save_document(folder / "again.json", read.document, error)) << error;
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path), {}), 3);

    std::fstream(tensor_path, std::ios::in | std::ios::out | std::ios::binary).seekp(500).put('!');
    EXPECT_NE(
        load_document(folder / "big.json").error.find("has changed since the document was saved"),
        std::string::npos);
    std::filesystem::remove(tensor_path);
    const std::string missing = load_document(folder / "big.json").error;
    EXPECT_TRUE(missing.starts_with("big.json: input.file: ")) << missing;
}

TEST(DocumentFiles, NamesLeadNowhereElse) {
    for (const char* name :
         {"../secret.npy", "/etc/passwd", "", ".", "..", "a\\\\b.npy", "C:x.npy"}) {
        const DocumentResult read = from_json(
            std::string(
                R"({"convscope": 1, "input": {"shape": [1,1,2,2], "sha256": "00", "file": ")") +
                name + R"("}, "layers": [{"op": "conv2d"}]})",
            "/tmp");
        EXPECT_NE(read.error.find("must be the name of a file beside the document"),
                  std::string::npos)
            << read.error;
    }
}

TEST(DocumentFiles, ImagesKeepTheirPathAndScaling) {
    const Folder folder;
    std::string error;
    std::vector<unsigned char> rgba;
    for (int i = 0; i < 8 * 6; ++i)
        rgba.insert(rgba.end(), {static_cast<unsigned char>(i * 5), 100, 200, 255});
    ASSERT_TRUE(save_png(folder / "photo.png", 8, 6, rgba, error)) << error;
    const ImageResult image = load_image(folder / "photo.png", {false, 4});
    ASSERT_TRUE(image.ok()) << image.error;
    const Document document =
        image_document({image.tensor, FromImage{folder / "photo.png", false, 4, image.note}});
    ASSERT_TRUE(save_document(folder / "filters.json", document, error)) << error;
    const FileResult text = read_file(folder / "filters.json", 1 << 20);
    EXPECT_NE(text.bytes.find("\"image\": \"photo.png\""), std::string::npos) << text.bytes;
    const DocumentResult read = load_document(folder / "filters.json");
    ASSERT_TRUE(read.ok()) << read.error;
    expect_same(read.document, document);
}

TEST(DocumentFiles, WhatCannotBeReadOrWrittenIsASentence) {
    std::string error;
    EXPECT_FALSE(save_document("/nowhere/at/all.json", standard_document(), error));
    EXPECT_FALSE(error.empty());
    EXPECT_NE(load_document("/nowhere/at/all.json").error.find("all.json"), std::string::npos);
    EXPECT_FALSE(load_document("/").ok());
    EXPECT_FALSE(load_document("/dev/zero").ok());
    EXPECT_FALSE(load_document("").ok());
}

TEST(NearestKey, FindsSlips) {
    const std::vector<std::string> keys{"stride", "padding", "padding_mode", "dilation"};
    EXPECT_EQ(nearest_key("Stride", keys), "stride");
    EXPECT_EQ(nearest_key("pading", keys), "padding");
    EXPECT_EQ(nearest_key("padding_mod", keys), "padding_mode");
    EXPECT_EQ(nearest_key("weights", keys), "");
    EXPECT_EQ(nearest_key(std::string(1000, 'x'), keys), "");
}

TEST(JsonText, IsReadable) {
    Json json;
    json["error"] = nullptr;
    json["output"] = tensor_json(Tensor({1, 1, 2, 3}, {1, 2, 3, -0.5f, NAN, 6}));
    EXPECT_EQ(json_text(json),
              "{\n"
              "  \"error\": null,\n"
              "  \"output\": {\n"
              "    \"shape\": [1, 1, 2, 3],\n"
              "    \"data\": [\n"
              "      1, 2, 3,\n"
              "      -0.5, \"NaN\", 6\n"
              "    ]\n"
              "  }\n"
              "}\n");
}

}  // namespace
}  // namespace convscope
