// A folder of a test's own: empty when it begins, gone when it ends.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace convscope {

struct OwnFolder {
    /// In the working directory; no two tests take the same name.
    explicit OwnFolder(const char* name) : path(std::filesystem::absolute(name)) {
        std::filesystem::remove_all(path);
        std::filesystem::create_directories(path);
    }
    ~OwnFolder() { std::filesystem::remove_all(path); }
    OwnFolder(const OwnFolder&) = delete;
    OwnFolder& operator=(const OwnFolder&) = delete;

    std::string file(const std::string& name) const { return (path / name).string(); }
    std::string write(const std::string& name, std::string_view bytes) const {
        std::ofstream(path / name, std::ios::binary) << bytes;
        return file(name);
    }

    std::filesystem::path path;
};

}  // namespace convscope
