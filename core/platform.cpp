// The core's only source that may ask which operating system this is.
#include "core/platform.h"

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <new>
#include <string>

#if defined(_WIN32)
#include <fcntl.h>
#include <io.h>
#elif defined(__unix__) || defined(__APPLE__)
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace convscope {
namespace {

namespace fs = std::filesystem;

/// An environment variable that holds an absolute path; anything else counts as not set.
fs::path path_variable(const char* name) {
#if defined(_WIN32)
    const std::wstring wide_name(name, name + std::char_traits<char>::length(name));
    const wchar_t* value = _wgetenv(wide_name.c_str());
#else
    const char* value = std::getenv(name);
#endif
    if (value == nullptr) return {};
    fs::path path(value);
    return path.is_absolute() ? path : fs::path();
}

/// `variable`/convscope, or else ~/`below_home`/convscope.
fs::path own_directory(const char* variable, const char* below_home) {
    if (const fs::path base = path_variable(variable); !base.empty()) return base / "convscope";
    const fs::path home = home_directory();
    return home.empty() ? fs::path() : home / below_home / "convscope";
}

}  // namespace

#if defined(_WIN32)

fs::path home_directory() { return path_variable("USERPROFILE"); }
fs::path config_directory() { return own_directory("APPDATA", "AppData/Roaming"); }
fs::path cache_directory() { return own_directory("LOCALAPPDATA", "AppData/Local") / "cache"; }
fs::path state_directory() { return own_directory("LOCALAPPDATA", "AppData/Local") / "state"; }

int64_t machine_memory() { return 0; }

bool sync_to_disk(const fs::path& path) {
    const int file = _wopen(path.c_str(), _O_RDWR | _O_BINARY);
    if (file < 0) return false;
    const bool done = _commit(file) == 0;
    _close(file);
    return done;
}

#else

fs::path home_directory() { return path_variable("HOME"); }
fs::path config_directory() { return own_directory("XDG_CONFIG_HOME", ".config"); }
fs::path cache_directory() { return own_directory("XDG_CACHE_HOME", ".cache"); }
fs::path state_directory() { return own_directory("XDG_STATE_HOME", ".local/state"); }

#if defined(__unix__) || defined(__APPLE__)
int64_t machine_memory() {
    const int64_t pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);
    const int64_t machine = pages > 0 && page_bytes > 0 ? pages * page_bytes : 0;
    // A container may be allowed less (Linux control groups; "max" is no number and leaves 0).
    int64_t allowed = 0;
    std::ifstream("/sys/fs/cgroup/memory.max") >> allowed;
    return allowed > 0 && (machine == 0 || allowed < machine) ? allowed : machine;
}

bool sync_to_disk(const fs::path& path) {
    const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return false;
    const bool done = fsync(file) == 0;
    close(file);
    return done;
}
#else
int64_t machine_memory() { return 0; }
bool sync_to_disk(const fs::path&) { return true; }
#endif

#endif

#if defined(__unix__) && !defined(__EMSCRIPTEN__)
void* map_pages(size_t bytes) {
    // The system gives huge pages only to whole, aligned ones: one more is asked for, and what stands over is given back.
    constexpr size_t kHuge = size_t(2) << 20;
    const size_t spare = bytes >= kHuge ? kHuge : 0;
    void* const all = mmap(nullptr, bytes + spare, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED) return nullptr;
    if (spare == 0) return all;
    char* const start = static_cast<char*>(all);
    const size_t before = (kHuge - reinterpret_cast<uintptr_t>(start) % kHuge) % kHuge;
    if (before > 0) munmap(start, before);
    if (spare > before) munmap(start + before + bytes, spare - before);
#if defined(MADV_HUGEPAGE)
    madvise(start + before, bytes, MADV_HUGEPAGE);
#endif
    return start + before;
}
void unmap_pages(void* pages, size_t bytes) noexcept { munmap(pages, bytes); }
#else
void* map_pages(size_t bytes) {
    return ::operator new(bytes, std::align_val_t(64), std::nothrow);
}
void unmap_pages(void* pages, size_t) noexcept {
    ::operator delete(pages, std::align_val_t(64));
}
#endif

}  // namespace convscope
