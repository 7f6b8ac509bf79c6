// Tensors through the window: weights opened and saved, the output saved; with real files.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "app/app.h"
#include "app/commands.h"
#include "core/io/files.h"
#include "core/io/npy.h"
#include "core/presets.h"
#include "core/tensor_files.h"

namespace convscope {
namespace {

/// A folder of its own in the working directory, gone afterwards.
struct Folder {
    std::string path = "tensor files ∑";
    Folder() {
        std::string error;
        EXPECT_TRUE(make_directories(path, error)) << error;
    }
    ~Folder() { std::filesystem::remove_all(to_path(path)); }
    std::string operator/(const std::string& name) const { return path + "/" + name; }
};

void settle(App& app) {
    wait_until_settled(app);
    update(app, 0);
}

TEST(AppTensors, WeightsAreSavedAndOpenedAgain) {
    const Folder folder;
    for (const DocumentPreset& preset : document_presets()) {
        App app(preset.make());
        settle(app);
        if (app.state.document.layers[0].weights.empty()) continue;
        ASSERT_TRUE(save_weights(app, folder / "w.safetensors")) << app.state.messages.back().text;
        EXPECT_EQ(app.state.messages.back().text, "Saved w.safetensors.");
        const Document before = app.state.document;
        Tensor& weight = app.state.document.layers[0].weights[0];
        weight = Tensor(weight.shape(), 9);
        ASSERT_TRUE(open_file(app, folder / "w.safetensors")) << app.state.messages.back().text;
        settle(app);
        const auto now = app.state.document.layers[0].weights[0].values();
        EXPECT_TRUE(std::ranges::equal(now, before.layers[0].weights[0].values())) << preset.name;
        EXPECT_EQ(app.state.history.undo_label(), "Undo weights of w.safetensors");
        EXPECT_NE(app.state.messages.back().text.find("of w.safetensors"), std::string::npos);
        undo(app);
        EXPECT_TRUE(app.state.document == before);
    }
}

TEST(AppTensors, TheOutputIsSavedAsNumbers) {
    const Folder folder;
    App app(standard_document());
    settle(app);
    ASSERT_TRUE(save_output(app, folder / "out.npy"));
    const NpyResult read = read_npy(folder / "out.npy");
    ASSERT_EQ(read.error, "");
    EXPECT_EQ(read.dims, (std::vector<int64_t>{1, 1, 4, 4}));
    EXPECT_TRUE(
        std::ranges::equal(read.tensor.values(), app.state.result->layers[0].output().values()));
    ASSERT_TRUE(save_output(app, folder / "OUT.SafeTensors"));
    EXPECT_EQ(read_safetensors(folder / "OUT.SafeTensors").tensors[0].name, "output");
    EXPECT_FALSE(save_output(app, folder / "out.txt"));
    EXPECT_EQ(app.state.messages.back().text,
              "out.txt was not written: tensors go into .safetensors or .npy files.");
    EXPECT_FALSE(save_output(app, folder / "nowhere/out.npy"));
    EXPECT_TRUE(app.state.messages.back().error);
    // One weight goes into a .npy file, two do not.
    ASSERT_TRUE(save_weights(app, folder / "w.npy"));
    EXPECT_EQ(read_npy(folder / "w.npy").dims, (std::vector<int64_t>{1, 1, 3, 3}));
    edit(app, with_param(app.state.document, 0, "bias", true));
    settle(app);
    EXPECT_FALSE(save_weights(app, folder / "w.npy"));
    EXPECT_EQ(app.state.messages.back().text,
              "w.npy was not written: a .npy file holds one tensor, these are 2; end the name in "
              ".safetensors.");
    // An impossible layer has no output and names no weights.
    edit(app, with_param(app.state.document, 0, "kernel_size", Pair{40, 40}));
    settle(app);
    EXPECT_FALSE(is_enabled(*find_command("Save output"), app));
    EXPECT_FALSE(is_enabled(*find_command("Save weights"), app));
    EXPECT_FALSE(save_output(app, folder / "out.npy"));
    EXPECT_FALSE(save_weights(app, folder / "w.safetensors"));
}

TEST(AppTensors, WhatCannotBeOpenedChangesNothing) {
    const Folder folder;
    App app(standard_document());
    settle(app);
    const Document before = app.state.document;
    const auto refused = [&](const std::string& name, const std::string& bytes) {
        std::string error;
        EXPECT_TRUE(write_file_atomically(folder / name, bytes, error)) << error;
        EXPECT_FALSE(open_file(app, folder / name)) << name;
        EXPECT_TRUE(app.state.document == before) << name;
        return app.state.messages.back().text;
    };
    EXPECT_EQ(refused("a.safetensors", "no header"),
              "a.safetensors could not be read: it is not a safetensors file.");
    EXPECT_NE(
        refused("a.pt", "PK\x03\x04 a zip with a pickle in it").find("safetensors.torch.save_file"),
        std::string::npos);
    EXPECT_NE(refused("a.npz", "PK\x03\x04 a zip").find(".npz archive"), std::string::npos);
    const NamedTensor wrong{"0.weight", {1, 1, 5, 5}, Tensor({1, 1, 5, 5})};
    EXPECT_EQ(refused("b", safetensors_bytes({&wrong, 1})),
              "b: 0.weight is 1×1×5×5, 0.weight of the chain needs 1×1×3×3.");
    EXPECT_FALSE(app.state.history.can_undo());
}

TEST(TensorFiles, OneTensorOfAFile) {
    const Folder folder;
    std::string error;
    const NamedTensor tensors[] = {{"a", {2}, Tensor({1, 1, 1, 2}, {1, 2})},
                                   {"b:c", {}, Tensor({1, 1, 1, 1}, 3)}};
    ASSERT_TRUE(write_tensor_file(folder / "two.safetensors", tensors, error)) << error;
    ASSERT_TRUE(write_tensor_file(folder / "one.safetensors", {tensors, 1}, error)) << error;
    ASSERT_TRUE(write_tensor_file(folder / "one.npy", {tensors, 1}, error)) << error;
    EXPECT_FALSE(write_tensor_file(folder / "none.npy", {}, error));
    EXPECT_EQ(error, "none.npy was not written: there are no tensors.");
    EXPECT_EQ(read_tensor_file(folder / "one.npy").tensor.values()[1], 2);
    EXPECT_EQ(read_tensor_file(folder / "one.safetensors").tensor.values()[1], 2);
    EXPECT_EQ(read_tensor_file(folder / "two.safetensors:b:c").tensor.values()[0], 3);
    EXPECT_EQ(read_tensor_file(folder / "two.safetensors").error,
              "two.safetensors has 2 tensors; name one behind a colon, as in two.safetensors:a.");
    EXPECT_EQ(read_tensor_file(folder / "two.safetensors:x").error,
              "two.safetensors has no tensor x; the first of its 2 is a.");
    EXPECT_EQ(read_tensor_file("missing.safetensors:x").error,
              "missing.safetensors does not exist.");
    EXPECT_EQ(read_tensor_file("missing").error, "missing does not exist.");
}

TEST(TensorFiles, WeightsOfAFile) {
    const Folder folder;
    std::string told, error;
    const NamedTensor kernel{"conv.weight", {1, 1, 3, 3}, Tensor({1, 1, 3, 3}, 4)};
    const NamedTensor wrong{"conv.weight", {2, 2}, Tensor({1, 1, 2, 2}, 4)};
    for (const std::string name : {"w.safetensors", "w.npy"}) {
        ASSERT_TRUE(write_tensor_file(folder / name, {&kernel, 1}, error)) << error;
        const Document next = with_weights_file(standard_document(), folder / name, told, error);
        EXPECT_EQ(error, "");
        EXPECT_EQ(next.layers[0].weights[0].values()[8], 4);
        ASSERT_TRUE(write_tensor_file(folder / name, {&wrong, 1}, error)) << error;
        with_weights_file(standard_document(), folder / name, told, error);
        EXPECT_EQ(told, "");
        EXPECT_TRUE(error.starts_with(name + ": ")) << error;
    }
    EXPECT_EQ(error, "w.npy: The tensor is 1×1×2×2, 0.weight needs 1×1×3×3.");
    with_weights_file(standard_document(), "missing.npy", told, error);
    EXPECT_EQ(error, "missing.npy does not exist.");
}

}  // namespace
}  // namespace convscope
