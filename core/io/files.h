// Files and folders with errors as sentences. Paths are UTF-8 everywhere; nothing here throws.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace convscope {

// ---- Names

/// Between our UTF-8 strings and the system's paths. A name the system cannot express becomes an
/// empty path.
std::filesystem::path to_path(std::string_view utf8);
std::string to_utf8(const std::filesystem::path& path);
/// The last part of a path, safe to show: no control characters, no broken UTF-8, at most 80
/// characters.
std::string display_name(std::string_view path);
/// `text` made safe to show in one line; longer than `max_characters`, it ends in "…".
std::string display_text(std::string_view text, int max_characters);
/// The bytes of a string, for functions that take bytes.
inline std::span<const unsigned char> bytes_of(std::string_view text) {
    return {reinterpret_cast<const unsigned char*>(text.data()), text.size()};
}

// ---- Whole files

struct FileResult {
    std::string bytes;
    std::string error;  // one sentence with the file's name and the reason; "" when it was read
    bool ok() const { return error.empty(); }
};

/// Reads an ordinary file of at most `limit` bytes. Folders, pipes and devices are refused without
/// being opened.
FileResult read_file(const std::string& path, int64_t limit);
/// Waiting until the disk has it takes long; without, a file survives the end of the process, but perhaps not a power cut.
enum class Flush { no, yes };
/// Replaces a file in one step: writes beside it, flushes to the disk, renames. What was there
/// stays until then; a symbolic link keeps pointing to the file written. False with a sentence in
/// `error` when it could not.
[[nodiscard]] bool write_file_atomically(const std::string& path,
                                         std::span<const unsigned char> bytes, std::string& error,
                                         Flush flush = Flush::yes);
[[nodiscard]] bool write_file_atomically(const std::string& path, std::string_view bytes,
                                         std::string& error, Flush flush = Flush::yes);
/// Makes a folder and those above it. False with a sentence in `error` when it could not.
[[nodiscard]] bool make_directories(const std::string& path, std::string& error);

// ---- Folders, for the file dialog

struct DirectoryEntry {
    enum class Kind { directory, file, other };  // other: a pipe, a device, a link to nowhere
    std::string name;
    Kind kind = Kind::file;
    bool hidden = false;   // the name starts with a point
    int64_t size = 0;      // bytes; 0 for folders
    int64_t modified = 0;  // seconds since 1970 UTC; 0 where unknown
    bool operator==(const DirectoryEntry&) const = default;
};

struct DirectoryListing {
    std::string path;                     // absolute
    std::string parent;                   // "" at the top
    std::vector<DirectoryEntry> entries;  // folders first, then by name, upper and lower case mixed
    bool complete = true;                 // false: more than max_count entries, the rest left out
    std::string error;  // one sentence; what was read until then stays in `entries`
    bool ok() const { return error.empty(); }
};

/// What is in a folder. `path` may start with "~" for the home folder; "" is the working folder.
DirectoryListing list_directory(const std::string& path, size_t max_count = 20000);

}  // namespace convscope
