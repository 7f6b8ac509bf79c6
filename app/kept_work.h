// What outlives a picture or a window, as plain values: where it stands, its file, its kept work.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "app/views/view.h"
#include "core/document.h"
#include "core/play_head.h"

namespace convscope {

class FileLock;
struct State;

/// Where the picture stands, for coming back to it.
struct Stand {
    std::string view = "slide";
    std::vector<std::string> beside;
    int layer = 0;
    int64_t step = 0;
    Unit unit = Unit::term;
    float speed = 1;
    Shown shown;
    Camera camera;
    bool operator==(const Stand&) const = default;
};
Stand stand_of(const State& state);

/// A document's file, while another document is edited.
struct OpenedFile {
    std::string file;
    Document saved;
    std::string digest;
};

/// The folder of a window that is gone (work.h); nobody else holds it.
struct KeptWork {
    std::string folder, name;      // the document's name
    bool changed = false;          // it has something that its file has not
    bool closed = false;           // the window was closed; else it was killed
    bool is_large = false;         // reading it takes a while
    int64_t kept_s = 0;            // when, in seconds since 1970
    std::shared_ptr<const FileLock> lock;
};

}  // namespace convscope
