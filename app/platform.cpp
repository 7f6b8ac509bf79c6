// Linux and the BSDs name their screen in the environment; elsewhere there always is one.
#include "app/platform.h"

#include <cstdlib>

#include "core/io/files.h"

#if defined(_WIN32)
#include <fcntl.h>
#include <io.h>
#include <share.h>
#include <sys/stat.h>
#elif defined(__unix__) || defined(__APPLE__)
#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>
#endif

namespace convscope {

bool has_display() {
#if defined(_WIN32) || defined(__APPLE__) || defined(__EMSCRIPTEN__)
    return true;
#else
    const auto is_set = [](const char* name) {
        const char* value = std::getenv(name);
        return value && *value;
    };
    return is_set("DISPLAY") || is_set("WAYLAND_DISPLAY") || is_set("WAYLAND_SOCKET");
#endif
}

#if defined(_WIN32)

FileLock::FileLock(const std::string& path) {
    // Nobody else can open it meanwhile.
    if (_wsopen_s(&file_, to_path(path).c_str(), _O_RDWR | _O_CREAT | _O_NOINHERIT, _SH_DENYRW, _S_IREAD | _S_IWRITE) != 0)
        file_ = -1;
}
FileLock::~FileLock() {
    if (held()) _close(file_);
}

#elif (defined(__unix__) || defined(__APPLE__)) && !defined(__EMSCRIPTEN__)

FileLock::FileLock(const std::string& path)
    : file_(open(to_path(path).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    // A file system without locks gives another error: then nobody can be kept out.
    if (file_ >= 0 && flock(file_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        close(file_);
        file_ = -1;
    }
}
FileLock::~FileLock() {
    if (held()) close(file_);
}

#else

FileLock::FileLock(const std::string&) : file_(0) {}
FileLock::~FileLock() = default;

#endif

}  // namespace convscope
