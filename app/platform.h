// What differs between operating systems, for the window program. Every function has a portable fallback.
#pragma once

#include <string>

namespace convscope {

/// A screen can be reached. Where that is not known without trying: true.
bool has_display();

/// A file that one process holds, until it lets go or ends, however it ends. The file is made when it is not there.
class FileLock {
public:
    /// Does not wait.
    explicit FileLock(const std::string& path);
    ~FileLock();
    FileLock(const FileLock&) = delete;
    FileLock& operator=(const FileLock&) = delete;
    /// False: another process holds it, or its folder is not there.
    bool held() const { return file_ >= 0; }

private:
    int file_ = -1;
};

}  // namespace convscope
