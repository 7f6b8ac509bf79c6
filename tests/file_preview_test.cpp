// Previews of files: sizes as PIL told them, outlines worked by hand, broken and hostile files, and how the dialog shows them.
#include "app/file_preview.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>

#include <fmt/format.h>
#include <imgui.h>

#include "core/document_json.h"
#include "core/document_line.h"
#include "core/document_outline.h"
#include "core/io/image.h"
#include "core/io/npy.h"
#include "core/presets.h"
#include "tests/counted_memory.h"
#include "tests/panel_bench.h"
#include "tests/own_folder.h"

namespace convscope {
namespace {

namespace fs = std::filesystem;
using testing_ui::PanelBench;

const std::string kTests = std::string(CONVSCOPE_SOURCE_DIR) + "/tests/";

bool has_line(const FilePreview& preview, const std::string& line) {
    return std::ranges::find(preview.lines, line) != preview.lines.end();
}

class FilePreviews : public testing::Test {
protected:
    OwnFolder folder_{"file_preview_test_files"};
};

TEST_F(FilePreviews, AnImagesSizeAndPixelsAreWhatPilReads) {
    int images = 0;
    for (const auto& entry : fs::directory_iterator(kTests + "images")) {
        const std::string path = entry.path().string();
        if (!path.ends_with(".npy")) continue;
        const NpyResult pil = read_npy(path);  // H×W or H×W×3, written beside each image
        ASSERT_TRUE(pil.ok()) << pil.error;
        const bool has_colours = pil.dims.size() == 3;
        const std::string image = path.substr(0, path.size() - 4);
        const FilePreview preview = preview_file(image);
        EXPECT_EQ(preview.error, "") << image;
        const Shape shape = preview.picture.shape();
        EXPECT_TRUE(has_line(preview, fmt::format("{}×{} pixels, {}", pil.dims[1], pil.dims[0], shape.c == 1 ? "grey" : "RGB"))) << image;
        EXPECT_EQ(shape.h, pil.dims[0]) << image;
        EXPECT_EQ(shape.w, pil.dims[1]) << image;
        // Nothing here is larger than the preview, so nothing is scaled. Decoders of JPEG differ by a little.
        for (int64_t h = 0; h < shape.h; ++h)
            for (int64_t w = 0; w < shape.w; ++w)
                for (int64_t c = 0; c < shape.c; ++c)
                    ASSERT_NEAR(pil.tensor.at(has_colours ? Index{0, h, w, c} : Index{0, 0, h, w}), preview.picture.at({0, c, h, w}),
                                3.1f / 255) << image;
        ++images;
    }
    EXPECT_GT(images, 30);
}

TEST_F(FilePreviews, ALargeImageIsMadeSmallAndKeepsItsMean) {
    const int w = 1000, h = 500;
    std::vector<unsigned char> rgba(size_t(4) * w * h, 255);
    for (int y = 0; y < h; ++y)
        for (int x = 0; x < w; ++x) rgba[static_cast<size_t>(4 * (y * w + x))] = x < w / 2 ? 0 : 255;
    const FilePreview preview = preview_file(folder_.write("large.png", encode_png(w, h, rgba)));
    EXPECT_EQ(preview.error, "");
    EXPECT_TRUE(has_line(preview, "1000×500 pixels, RGB"));
    EXPECT_EQ(preview.picture.shape(), (Shape{1, 3, 200, 400}));
    EXPECT_EQ(preview.picture.at({0, 0, 100, 150}), 0);
    EXPECT_EQ(preview.picture.at({0, 0, 100, 250}), 1);
}

TEST_F(FilePreviews, ADocumentIsOutlined) {
    // 7×7 with padding 1 and stride 2: (7 + 2 − 3)/2 + 1 = 4; two channels out; then max pool 2: 2×2.
    const std::string text = R"({"convscope": 1, "name": "Two layers", "input": {"generator": "arange", "shape": [1, 1, 7, 7]},
        "layers": [{"op": "conv2d", "params": {"in_channels": 1, "out_channels": 2, "kernel_size": 3, "stride": 2, "padding": 1}},
                   {"op": "max_pool2d", "params": {"kernel_size": 2}}]})";
    const FilePreview preview = preview_file(folder_.write("two.json", text));
    EXPECT_EQ(preview.error, "");
    EXPECT_EQ(preview.title, "Two layers");
    EXPECT_EQ(preview.lines, (std::vector<std::string>{"2 layers: Conv2d, MaxPool2d", "1×1×7×7 → 1×2×2×2", "Document of format 1"}));
    EXPECT_TRUE(preview.picture.empty());

    const FilePreview line = preview_file(folder_.write("line.txt", "see: " + document_line(from_json(text, "").document).line + " it"));
    EXPECT_EQ(line.error, "");
    EXPECT_EQ(line.title, "Two layers");
    EXPECT_EQ(line.lines[1], "1×1×7×7 → 1×2×2×2");
}

TEST_F(FilePreviews, AnOutlineSaysWhatReadingSays) {
    const char* const kTexts[] = {
        "{}", "{", "[1]", R"({"convscope": 7})", R"({"convscope": 1, "layers": [)",
        R"({"convscope": 1, "input": {"shape": [1, 1, 2, 2], "data": [1, 2, 3]}, "layers": [{"op": "relu"}]})",
        R"({"convscope": 1, "input": {"generator": "waves", "shape": [1, 1, 2, 2]}, "layers": [{"op": "relu"}]})",
        R"({"convscope": 1, "input": {"generator": "ones", "shape": [1, 1, 2, 2]}, "layers": [{"op": "blur"}]})",
        R"({"convscope": 1, "input": {"generator": "ones", "shape": [1, 1, 2, 2]}, "layers": []})",
        R"({"convscope": 1, "input": {"generator": "ones", "shape": [1, 1, 2, 99999999999]}, "layers": [{"op": "relu"}]})"};
    for (const char* text : kTexts) {
        EXPECT_EQ(outline_json(text, "", "a.json").error, from_json(text, "", "a.json").error) << text;
        EXPECT_NE(outline_json(text, "", "a.json").error, "") << text;
        EXPECT_NE(preview_file(folder_.write("a.json", text)).error, "") << text;
    }
    for (const DocumentPreset& preset : document_presets()) {
        const Document document = preset.make();
        const DocumentOutline outline = outline_json(to_json(document), "", "a.json");
        EXPECT_EQ(outline.error, "") << preset.name;
        EXPECT_EQ(outline.input, document.input.tensor.shape()) << preset.name;
        EXPECT_EQ(outline.document.layers.size(), document.layers.size());
    }
}

TEST_F(FilePreviews, WhatIsHugeIsToldWithoutMakingIt) {
    // A gigabyte of input and four megabytes of weights, asked for in a line of text.
    const std::string huge = R"({"convscope": 1, "input": {"generator": "normal", "shape": [1, 1, 16384, 16384]},
        "layers": [{"op": "conv2d", "params": {"in_channels": 1, "out_channels": 400, "kernel_size": 50, "stride": 50}}]})";
    const std::string path = folder_.write("huge.json", huge);
    const CountedMemory memory;
    const FilePreview preview = preview_file(path);
    EXPECT_LT(memory.bytes(), size_t(1) << 20);
    EXPECT_EQ(preview.error, "");
    EXPECT_EQ(preview.lines[1], "1×1×16384×16384 → 1×400×327×327");

    const FilePreview image = preview_file(kTests + "scripts/huge.png");
    EXPECT_NE(image.error.find("100000×100000"), std::string::npos) << image.error;
    EXPECT_TRUE(image.picture.empty());

    std::ofstream(folder_.path / "long.bin.png").put('x');
    fs::resize_file(folder_.path / "long.bin.png", static_cast<std::uintmax_t>(kMostPreviewBytes) + 1);
    const FilePreview large = preview_file(folder_.file("long.bin.png"));
    EXPECT_EQ(large.lines, std::vector<std::string>{"So large a file is read when it is opened."});
    std::ofstream(folder_.path / "long.json") << "{}";
    fs::resize_file(folder_.path / "long.json", static_cast<std::uintmax_t>(kMostPreviewBytes) + 1);
    EXPECT_EQ(preview_file(folder_.file("long.json")).error, "It is larger than 32 MiB.") << "as opening it says";
}

TEST_F(FilePreviews, WhatCannotBeOpenedSaysWhy) {
    for (const char* name : {"cut.png", "empty.png", "words.png", "broken.json"}) {
        const FilePreview preview = preview_file(kTests + "scripts/" + name);
        EXPECT_NE(preview.error.find(name), std::string::npos) << name << ": " << preview.error;
        EXPECT_TRUE(preview.picture.empty());
    }
    EXPECT_NE(preview_file(folder_.file("gone.png")).error, "");
    EXPECT_NE(preview_file(folder_.path.string()).error, "");
    EXPECT_NE(preview_file("").error, "");
}

TEST_F(FilePreviews, DamagedFilesAreToldOrRefused) {
    const char* const chosen = std::getenv("CONVSCOPE_SEED");
    const unsigned seed = chosen ? static_cast<unsigned>(std::strtoul(chosen, nullptr, 10)) : 1;
    std::mt19937 random(seed);
    std::string error;
    ASSERT_TRUE(write_npy(folder_.file("x.npy"), Tensor(Shape{1, 1, 3, 500}, 2.f), error));
    std::vector<std::pair<std::string, std::string>> files = {{"a.json", to_json(standard_document())},
                                                              {"a.txt", document_line(standard_document()).line},
                                                              {"a.csv", "1,2\n3,4\n"}};
    for (const std::string& path : {folder_.file("x.npy"), kTests + "scripts/colour.png", kTests + "scripts/weights.safetensors",
                                    kTests + "images/flat.hdr", kTests + "images/rgb.ppm"})
        files.emplace_back(display_name(path), read_file(path, 1 << 20).bytes);
    for (int turn = 0; turn < 400; ++turn) {
        auto [name, bytes] = files[static_cast<size_t>(turn) % files.size()];
        ASSERT_FALSE(bytes.empty()) << name;
        if (random() % 4 == 0) bytes.resize(1 + random() % bytes.size());
        for (unsigned i = random() % 4; i > 0; --i) bytes[random() % bytes.size()] = static_cast<char>(random());
        const FilePreview preview = preview_file(folder_.write(name, bytes));
        EXPECT_NE(preview.error.empty(), preview.lines.empty()) << name << ", turn " << turn << " of seed " << seed;
        const Shape shape = preview.picture.shape();
        EXPECT_TRUE(preview.picture.empty() || std::max(shape.h, shape.w) <= kPreviewSide);
        for (const Picture& picture : preview_scene(preview, {200, 200}).pictures)
            EXPECT_TRUE(picture.box.x >= 0 && picture.box.y >= 0 && picture.box.right() <= 200 && picture.box.bottom() <= 200 &&
                        picture.box.w >= 1 && picture.box.h >= 1);
    }
}

TEST_F(FilePreviews, NumbersAndWeightsAreCounted) {
    Tensor tensor(Shape{1, 1, 2, 3}, 2.f);
    std::string error;
    const std::string npy = folder_.file("x.npy");
    ASSERT_TRUE(write_npy(npy, tensor, error)) << error;
    const FilePreview numbers = preview_file(npy);
    EXPECT_EQ(numbers.error, "");
    EXPECT_EQ(numbers.picture.shape(), (Shape{1, 1, 2, 3}));
    EXPECT_EQ(preview_file(folder_.write("t.csv", "1,2\n3,4\n5,6\n")).lines, std::vector<std::string>{"Numbers, 1×1×3×2"});
    EXPECT_EQ(preview_file(folder_.write("net.py", "nn.Conv2d(1, 1, 3)\nnn.ReLU()")).lines,
              (std::vector<std::string>{"PyTorch text", "2 lines"}));
    const FilePreview weights = preview_file(kTests + "scripts/weights.safetensors");
    EXPECT_EQ(weights.error, "");
    EXPECT_TRUE(weights.lines[0].starts_with("Weights, ")) << weights.lines[0];
}

TEST_F(FilePreviews, TheNewestFileIsShown) {
    FilePreviewer previewer;
    const std::string one = folder_.write("one.csv", "1"), two = folder_.write("two.csv", "1 2");
    EXPECT_EQ(previewer.shown(), nullptr);
    previewer.ask(one, 1, {});
    EXPECT_TRUE(previewer.busy());
    previewer.ask(two, 1, {});
    previewer.wait();
    ASSERT_NE(previewer.shown(), nullptr);
    EXPECT_EQ(previewer.shown()->path, two);
    EXPECT_FALSE(previewer.busy());
    const FilePreview* before = previewer.shown();
    previewer.ask(two, 1, {});  // the same: not read again
    EXPECT_EQ(previewer.shown(), before);
    folder_.write("two.csv", "1 2 3");
    previewer.ask(two, 2, {});
    const std::vector<std::string> changed{"Numbers, 1×1×1×3"};
    if (const FilePreview* early = previewer.shown())  // on a fast machine it is there already
        EXPECT_EQ(early->lines, changed) << "an old preview must not stand for a file that changed";
    previewer.wait();
    EXPECT_EQ(previewer.shown()->lines, changed);
    previewer.ask("", 0, {});
    previewer.wait();
    EXPECT_EQ(previewer.shown(), nullptr);
}

TEST_F(FilePreviews, TheDialogShowsTheChosenEntry) {
    fs::copy_file(kTests + "scripts/grey.png", folder_.path / "b.png");
    fs::copy_file(kTests + "scripts/cut.png", folder_.path / "c.png");
    folder_.write("a.json", to_json(standard_document()));
    for (const Point size : {Point{1280, 800}, Point{1024, 640}, Point{640, 400}}) {
        PanelBench bench(standard_document(), size);
        bench.frames(2);
        Popups& popups = bench.app().state.popups;
        popups.file.folder = folder_.path.string();
        popups.file_dialog = true;
        bench.frames(4);
        const auto tells = [&](const std::string& words) {
            return std::ranges::any_of(bench.texts(), [&](const ui::DrawnText& drawn) {
                return drawn.window == "Files" && drawn.text.find(words) != std::string::npos;
            });
        };
        EXPECT_TRUE(tells("1×1×7×7 → 1×1×4×4"));
        bench.key(ImGuiKey_DownArrow);
        EXPECT_TRUE(tells("8×6 pixels, grey"));
        bench.key(ImGuiKey_DownArrow);
        EXPECT_FALSE(tells("8×6 pixels, grey"));
        EXPECT_TRUE(tells("c.png is")) << preview_file(folder_.file("c.png")).error;
        EXPECT_TRUE(bench.faults().empty());
    }
}

}  // namespace
}  // namespace convscope
