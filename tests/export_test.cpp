// convscope export and --weights: PyTorch's models through the command line and back into files.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <sstream>

#include "app/cli/cli.h"
#include "core/io/files.h"
#include "core/io/npy.h"
#include "core/tensor_files.h"

namespace convscope {
namespace {

const std::string kFolder = CONVSCOPE_SOURCE_DIR "/tests/safetensors/";
const std::string kBlock =
    "nn.Sequential(nn.ConvTranspose2d(2, 3, 4, stride=2, padding=1, bias=False), "
    "nn.BatchNorm2d(3), nn.ReLU(), "
    "nn.Conv2d(3, 2, 3), nn.BatchNorm2d(2)).eval()";

struct Ran {
    int code = -1;
    std::string out, err;
};

Ran run(std::vector<std::string> arguments) {
    std::ostringstream out, err;
    arguments.insert(arguments.begin(), "export");
    const int code = run_command_line(std::move(arguments), {out, err});
    return {code, out.str(), err.str()};
}

/// A file in the working directory, gone afterwards.
struct Scratch {
    explicit Scratch(std::string file) : name(std::move(file)) {}
    ~Scratch() { std::filesystem::remove(to_path(name)); }
    std::string name;
};

TEST(Export, PytorchsWeightsGivePytorchsOutput) {
    const Scratch file("export_test.npy");
    const Ran ran =
        run({kBlock, "--weights", kFolder + "block.safetensors", "--input",
             kFolder + "block.safetensors:input", "--tensor", "output", "--out", file.name});
    EXPECT_EQ(ran.out, "export_test.npy is written: output (2×2×4×4)\n");
    EXPECT_EQ(ran.err,
              "convscope: 13 tensors of block.safetensors are in the chain now. Not used: input, "
              "output.\n");
    ASSERT_EQ(ran.code, kDone);
    const NpyResult got = read_npy(file.name);
    const LoadedTensor expected = read_tensor_file(kFolder + "block.safetensors:output");
    ASSERT_EQ(got.tensor.shape(), expected.tensor.shape());
    for (size_t i = 0; i < got.tensor.values().size(); ++i)
        EXPECT_NEAR(got.tensor.values()[i], expected.tensor.values()[i],
                    1e-5 * (1 + std::abs(expected.tensor.values()[i])));
}

TEST(Export, WeightsGoOutAsTheyCameIn) {
    const Scratch file("export_test.safetensors");
    const Ran ran = run({kBlock, "--weights", kFolder + "block.safetensors", "-o", file.name});
    ASSERT_EQ(ran.code, kDone) << ran.err;
    EXPECT_TRUE(
        ran.out.starts_with("export_test.safetensors is written: 13 tensors, 0.weight (2×3×4×4), "
                            "1.weight (3 values), "))
        << ran.out;
    for (const auto& [ours, theirs] :
         {std::pair("0.weight", "up.weight"), std::pair("1.running_var", "bn_up.running_var"),
          std::pair("4.num_batches_tracked", "bn_conv.num_batches_tracked")}) {
        const LoadedTensor a = read_tensor_file(file.name + ":" + ours);
        const LoadedTensor b = read_tensor_file(kFolder + "block.safetensors:" + theirs);
        ASSERT_TRUE(a.ok() && b.ok()) << a.error << b.error;
        EXPECT_TRUE(std::ranges::equal(a.tensor.values(), b.tensor.values())) << ours;
    }
}

TEST(Export, StagesGradientsAndSingleWeights) {
    const Scratch file("export_test.safetensors"), bias("export_test.npy");
    std::string error;
    ASSERT_TRUE(write_npy(bias.name, Tensor({1, 1, 1, 2}, {5, 6}), error)) << error;
    const Ran ran =
        run({"nn.Conv2d(1, 2, 3)", "--weights", kFolder + "../npy/i1.npy", "-o", file.name});
    EXPECT_EQ(ran.code, kFailed);
    EXPECT_EQ(ran.err, "convscope: i1.npy: The tensor is 1×2×3×4, 0.weight needs 2×1×3×3.\n");
    const Ran all = run({"nn.Conv2d(1, 2, 3)", "--bias", bias.name, "--tensor", "0.grad_weight",
                         "--tensor", "0.bias", "--tensor", "layers.0.bias", "-o", file.name});
    ASSERT_EQ(all.out,
              "export_test.safetensors is written: 0.grad_weight (2×1×3×3), 0.bias (2 values)\n")
        << all.err;
    EXPECT_EQ(read_tensor_file(file.name + ":0.bias").tensor.values()[1], 6);
}

TEST(Export, ASingleWeightGoesBeforeThoseOfTheFile) {
    const Scratch file("export_test.safetensors"), out("export_test.npy");
    const NamedTensor both[] = {{"a.weight", {1, 1, 1, 1}, Tensor({1, 1, 1, 1}, 3)},
                                {"a.bias", {1}, Tensor({1, 1, 1, 1}, 4)}};
    std::string error;
    ASSERT_TRUE(write_tensor_file(file.name, both, error)) << error;
    const auto value = [&](const std::string& tensor) {
        const Ran ran = run({"nn.Conv2d(1, 1, 1)", "--weights", file.name, "--weight", "[[7]]",
                             "--tensor", tensor, "-o", out.name});
        EXPECT_EQ(ran.code, kDone) << ran.err;
        const Tensor read = read_npy(out.name).tensor;
        return read.empty() ? NAN : read.values()[0];
    };
    EXPECT_EQ(value("0.weight"), 7);
    EXPECT_EQ(value("0.bias"), 4);
}

TEST(Export, RefusesInSentences) {
    const auto error = [](std::vector<std::string> arguments) {
        arguments.insert(arguments.end(), {"-o", "export_test.npy"});
        const Ran ran = run(std::move(arguments));
        EXPECT_EQ(ran.code, kFailed);
        EXPECT_EQ(ran.out, "");
        EXPECT_FALSE(std::filesystem::exists("export_test.npy"));
        return ran.err;
    };
    EXPECT_EQ(error({"nn.ReLU()"}),
              "convscope: No layer of this chain has weights; name what is written by --tensor.\n");
    EXPECT_EQ(error({"nn.Conv2d(1, 1, 9)", "--input", "3x3"}).substr(0, 60),
              "convscope: The kernel (9×9) is larger than the input (3×3)");
    EXPECT_EQ(error({"nn.Sequential(nn.Conv2d(1, 3, 3), nn.MaxPool2d(5))", "--input", "4x4",
                     "--tensor", "output"})
                  .substr(0, 69),
              "convscope: Layer 1, nn.MaxPool2d(5): The kernel (5×5) is larger than");
    EXPECT_EQ(error({"nn.Conv2d(1, 1, 3)", "--tensor", ""}),
              "convscope: There is no tensor without a name; there are input, output, 0.weight, "
              "0.output and so on.\n");
    EXPECT_EQ(error({"nn.Conv2d(1, 1, 3)", "--tensor", "1.weight"}),
              "convscope: There is no layer 1; the chain has 1, counted from 0.\n");
    EXPECT_EQ(error({"nn.Conv2d(1, 1, 3)"}),
              "convscope: export_test.npy was not written: a .npy file holds one tensor, these are "
              "2; end the name in "
              ".safetensors.\n");
    EXPECT_EQ(error({"nn.Conv2d(1, 1, 3)", "--weights", "missing.safetensors"}),
              "convscope: missing.safetensors does not exist.\n");
    EXPECT_NE(error({"nn.Conv2d(1, 1, 3)", "--input", kFolder + "../npy/archive.npz"})
                  .find("is a .npz archive"),
              std::string::npos);
    EXPECT_EQ(run({"nn.ReLU()"}).code, kWrongUsage);
}

}  // namespace
}  // namespace convscope
