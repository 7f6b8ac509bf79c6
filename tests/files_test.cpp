// Files and folders: whole or not at all, never through a pipe, every failure a sentence, names of every script.
#include "core/io/files.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "core/io/utf8.h"
#include "core/platform.h"

#if defined(__unix__)
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#endif

namespace convscope {
namespace {

namespace fs = std::filesystem;

/// An empty folder for one test.
class Files : public ::testing::Test {
  protected:
    void SetUp() override {
        folder_ = fs::current_path() / "files_test";
        fs::remove_all(folder_);
        fs::create_directory(folder_);
    }
    void TearDown() override { fs::remove_all(folder_); }
    std::string path(std::string_view name) const { return to_utf8(folder_ / to_path(name)); }
    size_t count() const {
        return static_cast<size_t>(
            std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
    }
    fs::path folder_;
    std::string error_;
};

TEST_F(Files, WrittenBytesComeBackAndNothingElseStays) {
    const std::string all_bytes = [] {
        std::string bytes;
        for (int i = 0; i < 70000; ++i) bytes.push_back(static_cast<char>(i * 7));
        return bytes;
    }();
    for (const char* name : {"plain.txt", "Grüße 夜 🙂.txt", "-", "a b\tc"}) {
        ASSERT_TRUE(write_file_atomically(path(name), all_bytes, error_)) << error_;
        EXPECT_EQ(read_file(path(name), 1 << 20).bytes, all_bytes);
        ASSERT_TRUE(write_file_atomically(path(name), "short", error_)) << error_;
        EXPECT_EQ(read_file(path(name), 1 << 20).bytes, "short");
    }
    ASSERT_TRUE(write_file_atomically(path("empty"), "", error_));
    const FileResult empty = read_file(path("empty"), 10);
    EXPECT_TRUE(empty.ok());
    EXPECT_EQ(empty.bytes, "");
    EXPECT_EQ(count(), 5u);
}

TEST_F(Files, ReadLimits) {
    ASSERT_TRUE(write_file_atomically(path("ten"), "0123456789", error_));
    EXPECT_EQ(read_file(path("ten"), 10).bytes, "0123456789");
    EXPECT_EQ(read_file(path("ten"), 9).error, "ten has 10 bytes; at most 9 bytes are read.");
    EXPECT_EQ(read_file(path("ten"), 9).bytes, "");
    fs::resize_file(folder_ / "ten", 3'000'000'000);  // a hole: no bytes on the disk
    EXPECT_EQ(read_file(path("ten"), 512 << 20).error, "ten has 3000 MB; at most 536 MB are read.");
#if defined(__linux__)
    // The system's own files say that they have 0 bytes.
    EXPECT_GT(read_file("/proc/self/maps", 1 << 20).bytes.size(), 100u);
    EXPECT_EQ(read_file("/proc/self/maps", 20).error, "maps has more; at most 20 bytes are read.");
#endif
}

TEST_F(Files, WhatCannotBeReadOrWritten) {
    EXPECT_EQ(read_file("", 10).error, "No file name was given.");
    EXPECT_EQ(read_file(path("none"), 10).error, "none does not exist.");
    EXPECT_EQ(read_file(path(""), 10).error, "files_test is a folder, not a file.");
    EXPECT_FALSE(write_file_atomically("", "x", error_));
    EXPECT_EQ(error_, "No file name was given.");
    EXPECT_FALSE(write_file_atomically(path("none/file"), "x", error_));
    EXPECT_EQ(error_, "file could not be written: there is no such folder.");
    fs::create_directory(folder_ / "sub");
    EXPECT_FALSE(write_file_atomically(path("sub"), "x", error_));
    EXPECT_EQ(error_, "sub could not be written: it is a folder.");
    EXPECT_FALSE(write_file_atomically(std::string("a\0b", 3), "x", error_));
    EXPECT_EQ(error_, "a�b is not a possible file name.");
    EXPECT_FALSE(write_file_atomically(path(std::string(300, 'x')), "x", error_));
    EXPECT_NE(error_.find("the name is too long"), std::string::npos) << error_;
    ASSERT_TRUE(write_file_atomically(path("file"), "x", error_));
    EXPECT_FALSE(write_file_atomically(path("file/below"), "x", error_));
    EXPECT_EQ(error_, "below could not be written: part of its path is a file, not a folder.");
    fs::permissions(folder_ / "file", fs::perms::owner_read);
    EXPECT_FALSE(write_file_atomically(path("file"), "y", error_));
    EXPECT_EQ(error_, "file could not be written: it is write-protected.");
    EXPECT_EQ(count(), 2u) << "a part file stayed";
#if defined(__unix__)
    ASSERT_EQ(::mkfifo((folder_ / "pipe").c_str(), 0600), 0);
    EXPECT_EQ(read_file(path("pipe"), 10).error,
              "pipe is a pipe or a device, not an ordinary file.");
    EXPECT_FALSE(write_file_atomically(path("pipe"), "x", error_));
    EXPECT_EQ(error_, "pipe could not be written: it is a pipe or a device.");
#endif
}

#if defined(__unix__)
TEST_F(Files, DiskFullLeavesTheOldFile) {
    ASSERT_TRUE(write_file_atomically(path("file"), "old", error_));
    // A limit on file sizes stands in for a full disk.
    rlimit before{};
    getrlimit(RLIMIT_FSIZE, &before);
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{1000, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
    const bool written = write_file_atomically(path("file"), std::string(70000, 'x'), error_);
    setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
    EXPECT_FALSE(written);
    EXPECT_EQ(error_, "file could not be written: File too large.");
    EXPECT_EQ(read_file(path("file"), 10).bytes, "old");
    EXPECT_EQ(count(), 1u) << "a part file stayed";
}
#endif

TEST_F(Files, LinksAndPermissionsStay) {
    std::error_code code;
    ASSERT_TRUE(write_file_atomically(path("real"), "old", error_));
    fs::permissions(folder_ / "real", fs::perms::owner_read | fs::perms::owner_write);
    fs::create_symlink("real", folder_ / "link", code);
    if (code) GTEST_SKIP() << "no symbolic links here";
    ASSERT_TRUE(write_file_atomically(path("link"), "new", error_)) << error_;
    EXPECT_TRUE(fs::is_symlink(folder_ / "link"));
    EXPECT_EQ(read_file(path("real"), 10).bytes, "new");
    EXPECT_EQ(fs::status(folder_ / "real").permissions(),
              fs::perms::owner_read | fs::perms::owner_write);
    fs::create_symlink("later", folder_ / "ahead");
    ASSERT_TRUE(write_file_atomically(path("ahead"), "made", error_)) << error_;
    EXPECT_EQ(read_file(path("later"), 10).bytes, "made");
    fs::create_symlink("b", folder_ / "a");
    fs::create_symlink("a", folder_ / "b");
    EXPECT_FALSE(write_file_atomically(path("a"), "x", error_));
    EXPECT_NE(read_file(path("a"), 10).error, "");
}

TEST_F(Files, ListingSortsFoldersFirst) {
    fs::create_directory(folder_ / "zoo");
    fs::create_directory(folder_ / ".git");
    for (const char* name : {"b.png", "A.png", "c.PNG", ".hidden", "ä.png"})
        ASSERT_TRUE(write_file_atomically(path(name), "12345", error_));
    fs::create_symlink("nowhere", folder_ / "dangling");
    const DirectoryListing listing = list_directory(path(""));
    ASSERT_EQ(listing.error, "");
    std::vector<std::string> names;
    for (const DirectoryEntry& entry : listing.entries) names.push_back(entry.name);
    EXPECT_EQ(names, (std::vector<std::string>{".git", "zoo", ".hidden", "A.png", "b.png", "c.PNG",
                                               "dangling", "ä.png"}));
    using Kind = DirectoryEntry::Kind;
    EXPECT_EQ(listing.entries[0].kind, Kind::directory);
    EXPECT_TRUE(listing.entries[0].hidden);
    EXPECT_FALSE(listing.entries[1].hidden);
    EXPECT_EQ(listing.entries[3].kind, Kind::file);
    EXPECT_EQ(listing.entries[3].size, 5);
    EXPECT_EQ(listing.entries[6].kind, Kind::other);
    const int64_t now = std::chrono::duration_cast<std::chrono::seconds>(
                            std::chrono::system_clock::now().time_since_epoch())
                            .count();
    EXPECT_LT(std::abs(listing.entries[3].modified - now), 3600);
    EXPECT_EQ(listing.path, to_utf8(folder_));
    EXPECT_EQ(listing.parent, to_utf8(folder_.parent_path()));
}

TEST_F(Files, ListingIsCappedAndSaysSo) {
    for (int i = 0; i < 12; ++i) std::ofstream(folder_ / std::to_string(i)) << i;
    EXPECT_EQ(list_directory(path(""), 12).entries.size(), 12u);
    EXPECT_TRUE(list_directory(path(""), 12).complete);
    EXPECT_EQ(list_directory(path(""), 11).entries.size(), 11u);
    EXPECT_FALSE(list_directory(path(""), 11).complete);
}

TEST_F(Files, ListingPaths) {
    EXPECT_EQ(list_directory(path("none")).error, "The folder none does not exist.");
    ASSERT_TRUE(write_file_atomically(path("file"), "", error_));
    EXPECT_EQ(list_directory(path("file")).error, "file is a file, not a folder.");
    EXPECT_EQ(list_directory("").path, to_utf8(fs::current_path()));
    EXPECT_EQ(list_directory("files_test/../files_test/.").path, to_utf8(folder_));
    EXPECT_EQ(list_directory(path("") + "/").path, to_utf8(folder_));
    const std::string root = to_utf8(folder_.root_path());
    EXPECT_EQ(list_directory(root).path, root);
    EXPECT_EQ(list_directory(root).parent, "");
    if (const fs::path home = home_directory(); !home.empty()) {
        EXPECT_EQ(fs::path(list_directory("~").path), home.lexically_normal());
        EXPECT_EQ(fs::path(list_directory("~/x").path), (home / "x").lexically_normal());
    }
}

TEST_F(Files, FoldersAreMadeWithThoseAbove) {
    EXPECT_TRUE(make_directories(path("a/b/c"), error_)) << error_;
    EXPECT_TRUE(make_directories(path("a/b/c"), error_));
    EXPECT_TRUE(fs::is_directory(folder_ / "a/b/c"));
    ASSERT_TRUE(write_file_atomically(path("file"), "", error_));
    EXPECT_FALSE(make_directories(path("file/below"), error_));
    EXPECT_NE(error_.find("The folder below could not be made: "), std::string::npos) << error_;
    EXPECT_FALSE(make_directories("", error_));
}

TEST(Names, AreSafeToShow) {
    EXPECT_EQ(display_name("/home/anna/Grüße.png"), "Grüße.png");
    EXPECT_EQ(display_name("/"), "/");
    EXPECT_EQ(display_name("folder/"), "folder");
    EXPECT_EQ(display_name("a\nb\x1B[31m.png"), "a�b�[31m.png");
    EXPECT_EQ(display_name("\xFF\xFE.png"), "��.png");
    EXPECT_EQ(display_name("gnp.\xE2\x80\xAE"
                           "exe"),
              "gnp.�exe");  // would turn the text around
    EXPECT_EQ(display_name(std::string(81, 'x')), std::string(80, 'x') + "…");
    EXPECT_EQ(display_name(std::string(80, 'x')), std::string(80, 'x'));
}

TEST(Names, Utf8OneCharacterAtATime) {
    const std::string text = "a\xC2\xAC\xE2\x88\x92\xF0\x9F\x99\x82";
    std::string back;
    std::u32string characters;
    for (size_t at = 0; at < text.size();) {
        characters.push_back(next_character(text, at));
        append_character(back, characters.back());
    }
    EXPECT_EQ(characters, U"a¬−🙂");
    EXPECT_EQ(back, text);
    // Overlong, surrogate, too large, cut off, lone continuation: each byte for itself.
    for (const std::string_view broken : {"\xC0\x80", "\xE0\x80\x80", "\xF0\x80\x80\x80",
                                          "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x88", "\x80"})
        for (size_t at = 0; at < broken.size();) {
            const size_t before = at;
            EXPECT_EQ(next_character(broken, at), kBrokenCharacter);
            EXPECT_EQ(at, before + 1);
        }
}

#if defined(__linux__)
TEST(Platform, FoldersFollowXdg) {
    const char* names[] = {"XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "HOME"};
    std::vector<std::pair<const char*, std::string>> before;
    for (const char* name : names)
        if (const char* value = std::getenv(name)) before.emplace_back(name, value);
    for (const char* name : names) unsetenv(name);
    EXPECT_TRUE(config_directory().empty());
    setenv("HOME", "/home/anna", 1);
    EXPECT_EQ(config_directory(), "/home/anna/.config/convscope");
    EXPECT_EQ(cache_directory(), "/home/anna/.cache/convscope");
    EXPECT_EQ(state_directory(), "/home/anna/.local/state/convscope");
    setenv("XDG_CONFIG_HOME", "/etc/anna", 1);
    EXPECT_EQ(config_directory(), "/etc/anna/convscope");
    setenv("XDG_CONFIG_HOME", "not/absolute", 1);  // to be ignored, says the specification
    EXPECT_EQ(config_directory(), "/home/anna/.config/convscope");
    for (const char* name : names) unsetenv(name);
    for (const auto& [name, value] : before) setenv(name, value.c_str(), 1);
}
#endif

}  // namespace
}  // namespace convscope
