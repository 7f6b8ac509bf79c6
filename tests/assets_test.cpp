// The embedded files are whole and readable.
#include "assets/embedded.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace {

std::string read(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

TEST(Assets, FontsStartWithTheirSignature) {
    const auto signature = [](std::span<const unsigned char> font) {
        return std::string(font.begin(), font.begin() + 4);
    };
    const std::string true_type("\0\1\0\0", 4);
    EXPECT_EQ(signature(assets::inter_regular()), "OTTO");
    EXPECT_EQ(signature(assets::inter_semibold()), "OTTO");
    EXPECT_EQ(signature(assets::mono_regular()), true_type);
    EXPECT_EQ(signature(assets::mono_bold()), true_type);
    EXPECT_EQ(signature(assets::fontawesome()), true_type);
}

TEST(Assets, FilesEqualThoseOnDisk) {
    const std::filesystem::path root = std::filesystem::path(CONVSCOPE_SOURCE_DIR) / "assets";
    for (const std::string_view path : assets::paths()) {
        const auto bytes = assets::file(path);
        EXPECT_EQ(std::string(bytes.begin(), bytes.end()), read(root / path)) << path;
    }
}

TEST(Assets, ShadersEqualThoseOnDisk) {
    const std::filesystem::path root = std::filesystem::path(CONVSCOPE_SOURCE_DIR) / "shaders";
    if (!std::filesystem::exists(root)) return;
    for (const auto& entry : std::filesystem::directory_iterator(root)) {
        EXPECT_EQ(assets::shader(entry.path().filename().string()), read(entry.path()));
    }
}

TEST(Assets, UnknownNamesAreEmpty) {
    EXPECT_TRUE(assets::shader("nothing.vert").empty());
    EXPECT_TRUE(assets::file("nothing.png").empty());
}

}  // namespace
