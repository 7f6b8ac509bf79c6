// Reading, replacing and listing files with std::filesystem; every failure becomes a sentence.
#include "core/io/files.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <random>
#include <system_error>

#include <fmt/format.h>

#include "core/io/utf8.h"
#include "core/platform.h"

namespace convscope {
namespace {

namespace fs = std::filesystem;

/// Why the system refused, as the end of a sentence.
std::string reason(std::error_code error) {
    if (error == std::errc::no_such_file_or_directory) return "there is no such folder";
    if (error == std::errc::permission_denied) return "permission denied";
    if (error == std::errc::operation_not_permitted) return "permission denied";
    if (error == std::errc::no_space_on_device) return "the disk is full";
    if (error == std::errc::read_only_file_system) return "the disk is read-only";
    if (error == std::errc::filename_too_long) return "the name is too long";
    if (error == std::errc::not_a_directory) return "part of its path is a file, not a folder";
    if (error == std::errc::too_many_symbolic_link_levels) return "its links run in a circle";
    if (error == std::errc::too_many_files_open) return "too many files are open";
    return error ? error.message() : "the system gave no reason";
}

std::error_code last_error() { return {errno, std::generic_category()}; }

/// "999 bytes", "12 kB", "640 MB".
std::string size_text(int64_t bytes) {
    if (bytes < 1000) return fmt::format("{} bytes", bytes);
    if (bytes < 1000 * 1000) return fmt::format("{} kB", bytes / 1000);
    return fmt::format("{} MB", bytes / 1000 / 1000);
}

/// Why `path` cannot be read as an ordinary file; "" when it can be tried.
std::string why_unreadable(const fs::path& path, const std::string& name) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (status.type() == fs::file_type::not_found) return fmt::format("{} does not exist.", name);
    if (status.type() == fs::file_type::directory)
        return fmt::format("{} is a folder, not a file.", name);
    if (status.type() == fs::file_type::none || status.type() == fs::file_type::unknown)
        return fmt::format("{} could not be read: {}.", name, reason(error));
    if (status.type() != fs::file_type::regular)
        return fmt::format("{} is a pipe or a device, not an ordinary file.", name);
    return "";
}

/// Follows symbolic links, also to a file that does not exist yet; stops at a circle.
fs::path link_target(fs::path path) {
    std::error_code error;
    for (int hops = 0; hops < 40 && fs::is_symlink(fs::symlink_status(path, error)); ++hops) {
        const fs::path next = fs::read_symlink(path, error);
        if (error) break;
        path = next.is_absolute() ? next : path.parent_path() / next;
    }
    return path;
}

/// A new name in the same folder, short enough for every file system.
fs::path name_beside(const fs::path& path) {
    std::random_device random;
    return path.parent_path() / fmt::format(".convscope-{:08x}{:08x}.part", random(), random());
}

/// Writes a new file. The error is that of the first step that failed.
std::error_code write_new_file(const fs::path& path, std::span<const unsigned char> bytes, Flush flush) {
    errno = 0;
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    if (!file) return last_error();
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    file.close();
    if (!file) return errno != 0 ? last_error() : make_error_code(std::errc::io_error);
    errno = 0;
    if (flush == Flush::yes && !sync_to_disk(path) && errno != EINVAL && errno != ENOTSUP) return last_error();
    return {};
}

bool replace_file(const fs::path& target, std::span<const unsigned char> bytes,
                  const std::string& name, std::string& error, Flush flush) {
    std::error_code code;
    const fs::file_status status = fs::status(target, code);
    if (status.type() == fs::file_type::none) {
        error = fmt::format("{} could not be written: {}.", name, reason(code));
        return false;
    }
    if (status.type() == fs::file_type::directory) {
        error = fmt::format("{} could not be written: it is a folder.", name);
        return false;
    }
    if (fs::exists(status) && status.type() != fs::file_type::regular) {
        error = fmt::format("{} could not be written: it is a pipe or a device.", name);
        return false;
    }
    if (fs::exists(status) && (status.permissions() & fs::perms::owner_write) == fs::perms::none) {
        error = fmt::format("{} could not be written: it is write-protected.", name);
        return false;
    }
    const fs::path beside = name_beside(target);
    code = write_new_file(beside, bytes, flush);
    std::error_code ignored;
    if (!code) {
        if (fs::exists(status)) fs::permissions(beside, status.permissions(), ignored);
        fs::rename(beside, target, code);
    }
    if (code) {
        fs::remove(beside, ignored);
        error = fmt::format("{} could not be written: {}.", name, reason(code));
        return false;
    }
    if (flush == Flush::yes) sync_to_disk(target.has_parent_path() ? target.parent_path() : fs::path("."));
    return true;
}

bool without_case(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    for (size_t i = 0; i < std::min(a.size(), b.size()); ++i)
        if (lower(a[i]) != lower(b[i]))
            return static_cast<unsigned char>(lower(a[i])) <
                   static_cast<unsigned char>(lower(b[i]));
    return a.size() != b.size() ? a.size() < b.size() : a < b;
}

/// "~" and "~/…" are the home folder; everything becomes absolute and loses its "." and "..".
fs::path folder_path(const std::string& path) {
    const bool at_home = path == "~" || path.starts_with("~/") || path.starts_with("~\\");
    fs::path folder =
        at_home ? home_directory() /
                      to_path(std::string_view(path).substr(std::min<size_t>(2, path.size())))
                : to_path(path.empty() ? "." : path);
    std::error_code error;
    const fs::path absolute = fs::absolute(folder, error);
    if (!error) folder = absolute;
    folder = folder.lexically_normal();
    // "a/b/" normalises to "a/b/" with an empty last part, whose parent would be "a/b" itself.
    return folder.has_filename() || folder == folder.root_path() ? folder : folder.parent_path();
}

/// Seconds since 1970 for a file's clock, whose zero the standard leaves open: both clocks' "now"
/// give the distance.
struct FileClock {
    fs::file_time_type file_now = fs::file_time_type::clock::now();
    std::chrono::system_clock::time_point now = std::chrono::system_clock::now();
    int64_t seconds(fs::file_time_type time) const {
        using std::chrono::duration_cast, std::chrono::milliseconds;
        const int64_t since = duration_cast<milliseconds>(time - file_now).count();
        const int64_t base = duration_cast<milliseconds>(now.time_since_epoch()).count();
        return (since + base + 500) / 1000;
    }
};

DirectoryEntry describe(const fs::directory_entry& entry, const FileClock& clock) {
    DirectoryEntry result;
    result.name = to_utf8(entry.path().filename());
    result.hidden = result.name.starts_with(".");
    std::error_code error;
    const fs::file_type type = entry.status(error).type();
    using Kind = DirectoryEntry::Kind;
    result.kind = type == fs::file_type::directory ? Kind::directory
                  : type == fs::file_type::regular ? Kind::file
                                                   : Kind::other;
    if (result.kind == Kind::file) {
        const auto size = entry.file_size(error);
        if (!error) result.size = static_cast<int64_t>(size);
    }
    const fs::file_time_type time = entry.last_write_time(error);
    if (!error) result.modified = clock.seconds(time);
    return result;
}

}  // namespace

// ---- Names

fs::path to_path(std::string_view utf8) {
    // A NUL would end the name early for the system: "a.png\0.txt" would open a.png.
    if (utf8.find('\0') != std::string_view::npos) return {};
    try {
        return fs::path(std::u8string(utf8.begin(), utf8.end()));
    } catch (const std::exception&) { return {}; }
}

std::string to_utf8(const fs::path& path) {
    try {
        const std::u8string text = path.generic_u8string();
        return std::string(text.begin(), text.end());
    } catch (const std::exception&) { return {}; }
}

std::string display_text(std::string_view text, int max_characters) {
    std::string result;
    int characters = 0;
    for (size_t at = 0; at < text.size(); ++characters) {
        if (characters >= max_characters) return result + "…";
        const char32_t c = next_character(text, at);
        const bool control = c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029;
        const bool turns_text = c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) ||
                                (c >= 0x2066 && c <= 0x2069);
        append_character(result, control || turns_text ? kBrokenCharacter : c);
    }
    return result;
}

std::string display_name(std::string_view path) {
    while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
    const size_t slash = path.find_last_of('/');
    if (slash != std::string_view::npos && path.size() > 1) path = path.substr(slash + 1);
    return display_text(path, 80);
}

// ---- Whole files

FileResult read_file(const std::string& path, int64_t limit) {
    FileResult result;
    if (path.empty()) {
        result.error = "No file name was given.";
        return result;
    }
    const std::string name = display_name(path);
    const fs::path file_path = to_path(path);
    if (file_path.empty()) {
        result.error = fmt::format("{} is not a possible file name.", name);
        return result;
    }
    result.error = why_unreadable(file_path, name);
    if (!result.ok()) return result;
    std::error_code code;
    const auto size = static_cast<int64_t>(fs::file_size(file_path, code));
    const auto too_large = [&](const std::string& has) {
        return fmt::format("{} has {}; at most {} are read.", name, has, size_text(limit));
    };
    if (!code && size > limit) {
        result.error = too_large(size_text(size));
        return result;
    }
    errno = 0;
    std::ifstream file(file_path, std::ios::binary);
    // The size is only a hint: some files of the system say 0, and a file may grow meanwhile.
    result.bytes.resize(static_cast<size_t>(code ? 0 : size));
    size_t used = 0;
    while (file) {
        if (used == result.bytes.size()) {
            if (file.peek() == std::ifstream::traits_type::eof()) break;
            result.bytes.resize(std::max<size_t>(2 * used, 65536));
        }
        file.read(result.bytes.data() + used,
                  static_cast<std::streamsize>(result.bytes.size() - used));
        used += static_cast<size_t>(file.gcount());
        if (static_cast<int64_t>(used) > limit) break;
    }
    if (!file.is_open() || file.bad()) {
        result.error = fmt::format("{} could not be read: {}.", name, reason(last_error()));
    } else if (static_cast<int64_t>(used) > limit) {
        result.error = too_large("more");
    }
    result.bytes.resize(result.ok() ? used : 0);
    return result;
}

bool write_file_atomically(const std::string& path, std::span<const unsigned char> bytes,
                           std::string& error, Flush flush) {
    const fs::path file_path = to_path(path);
    if (file_path.empty() || !file_path.has_filename()) {
        error = path.empty() ? "No file name was given."
                             : fmt::format("{} is not a possible file name.", display_name(path));
        return false;
    }
    return replace_file(link_target(file_path), bytes, display_name(path), error, flush);
}

bool write_file_atomically(const std::string& path, std::string_view bytes, std::string& error, Flush flush) {
    return write_file_atomically(path, bytes_of(bytes), error, flush);
}

bool make_directories(const std::string& path, std::string& error) {
    const fs::path folder = to_path(path);
    std::error_code code;
    if (!folder.empty()) fs::create_directories(folder, code);
    if (!folder.empty() && !code && fs::is_directory(folder, code)) return true;
    error = fmt::format("The folder {} could not be made: {}.", display_name(path),
                        folder.empty() ? "its name is empty or impossible" : reason(code));
    return false;
}

// ---- Folders

DirectoryListing list_directory(const std::string& path, size_t max_count) {
    DirectoryListing listing;
    const fs::path folder = folder_path(path);
    listing.path = to_utf8(folder);
    if (folder.has_parent_path() && folder.parent_path() != folder)
        listing.parent = to_utf8(folder.parent_path());
    const std::string name = display_name(listing.path);
    std::error_code error;
    const fs::file_status status = fs::status(folder, error);
    if (!fs::exists(status)) {
        listing.error = fmt::format("The folder {} does not exist.", name);
        return listing;
    }
    if (!fs::is_directory(status)) {
        listing.error = fmt::format("{} is a file, not a folder.", name);
        return listing;
    }
    const FileClock clock;
    fs::directory_iterator entry(folder, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
        if (listing.entries.size() >= max_count) {
            listing.complete = false;
            break;
        }
        listing.entries.push_back(describe(*entry, clock));
    }
    if (error)
        listing.error = fmt::format("The folder {} could not be read: {}.", name, reason(error));
    std::sort(listing.entries.begin(), listing.entries.end(), [](const auto& a, const auto& b) {
        const bool a_folder = a.kind == DirectoryEntry::Kind::directory;
        const bool b_folder = b.kind == DirectoryEntry::Kind::directory;
        return a_folder != b_folder ? a_folder : without_case(a.name, b.name);
    });
    return listing;
}

}  // namespace convscope
