// Settings: they survive a round trip, and no file stops the program.
#include "app/settings.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "app/recent_names.h"
#include "tests/own_folder.h"

namespace convscope {
namespace {

namespace fs = std::filesystem;

struct Folder : OwnFolder {
    Folder() : OwnFolder("settings_test") {}
    std::string file() const { return OwnFolder::file("deep/settings.json"); }
};

void write(const std::string& path, const std::string& text) {
    fs::create_directories(fs::path(path).parent_path());
    std::ofstream(path, std::ios::binary) << text;
}

Settings unusual() {
    Settings settings;
    settings.theme = Theme::dark;
    settings.interface_scale = 1.25f;
    settings.reduce_motion = true;
    settings.corner_weights = false;
    settings.shared_range = true;
    settings.window_w = 1500;
    settings.window_h = 900;
    settings.maximized = true;
    settings.left_px = 300;
    settings.right_px = 401.5f;
    settings.recent = {"/tmp/a b.json", "/tmp/ü.png"};
    return settings;
}

TEST(Settings, RoundTrip) {
    const Folder folder;
    std::string error;
    ASSERT_TRUE(save_settings(folder.file(), unusual(), error)) << error;
    const LoadedSettings loaded = load_settings(folder.file());
    EXPECT_EQ(loaded.message, "");
    EXPECT_EQ(loaded.settings, unusual());
}

TEST(Settings, NoFileIsNoTrouble) {
    const Folder folder;
    EXPECT_EQ(load_settings(folder.file()).message, "");
    EXPECT_EQ(load_settings(folder.file()).settings, Settings{});
    EXPECT_EQ(load_settings("").settings, Settings{});
}

TEST(Settings, ABrokenFileIsSetAside) {
    const Folder folder;
    for (const std::string text : {"", "{", "[]", "null", "\xff\xfe", "{\"theme\": \"pink\"}",
                                   "{\"interface_scale\": 1e99}", "{\"interface_scale\": \"big\"}"}) {
        write(folder.file(), text);
        const LoadedSettings loaded = load_settings(folder.file());
        EXPECT_NE(loaded.message, "") << text;
        EXPECT_EQ(loaded.settings, Settings{}) << text;
        EXPECT_FALSE(fs::exists(folder.file())) << text;
        EXPECT_TRUE(fs::exists(folder.file() + ".broken")) << text;
        std::ifstream in(folder.file() + ".broken", std::ios::binary);
        EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), text);
    }
}

TEST(Settings, WhatCanBeReadIsKept) {
    const LoadedSettings loaded = parse_settings(R"({"theme": "dark", "interface_scale": 77, "new_in_2030": 1})");
    EXPECT_EQ(loaded.settings.theme, Theme::dark);
    EXPECT_EQ(loaded.settings.interface_scale, 1);
    EXPECT_NE(loaded.message.find("interface_scale"), std::string::npos);
}

TEST(Settings, AFolderInTheWay) {
    const Folder folder;
    fs::create_directories(folder.file());
    EXPECT_NE(load_settings(folder.file()).message, "");
    std::string error;
    fs::create_directories(folder.file() + "/x");
    EXPECT_FALSE(save_settings(folder.file(), {}, error));
    EXPECT_NE(error, "");
}

TEST(Settings, RecentFilesAreFewAndNewestFirst) {
    Settings settings;
    for (int i = 0; i < 30; ++i) remember_file(settings, std::to_string(i % 15));
    EXPECT_EQ(settings.recent.size(), kMostRecent);
    EXPECT_EQ(settings.recent.front(), "14");
    remember_file(settings, "10");
    EXPECT_EQ(settings.recent.front(), "10");
    EXPECT_EQ(std::count(settings.recent.begin(), settings.recent.end(), "10"), 1);
}

TEST(Settings, FilesOfOneNameAreToldApart) {
    EXPECT_EQ(listed_names({"/home/a/week 1/maps/a.json", "/home/a/b.json", "/home/a/week 2/maps/a.json", "/a.json"}),
              (std::vector<std::string>{"a.json (week 1/maps)", "b.json", "a.json (week 2/maps)", "a.json (/)"}));
    EXPECT_EQ(listed_names({"/x/a.json", "/y/x/a.json"}), (std::vector<std::string>{"a.json (/x)", "a.json (y/x)"}));
    EXPECT_TRUE(listed_names({}).empty());
}

}  // namespace
}  // namespace convscope
