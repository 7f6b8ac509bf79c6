// Reads large files and decodes photographs on a thread of its own; a photograph first comes small, then as large as is asked.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/io/image.h"
#include "core/newest_job.h"

namespace convscope {

/// What the loader has to tell.
struct Loaded {
    std::string path;
    bool is_image = false;
    std::string bytes;                            // of any other file
    ImageResult image;
    std::shared_ptr<const DecodedImage> decoded;  // of an image that was scaled down: ask for more of it
    int64_t height = 0, width = 0;                // of the whole image
    bool again = false;                           // the larger one that was asked for
    std::string error;                            // the file could not be read
};

class FileLoader {
public:
    /// Starts on this file; what was under way is dropped. `is_image` is asked with the first bytes.
    void start(std::string path, ImageOptions options, bool (*is_image)(std::string_view bytes, std::string_view path),
               std::function<void()> finished);
    /// The same image in another size.
    void again(Loaded coarse, ImageOptions options, std::function<void()> finished);
    /// What is finished, once.
    std::optional<Loaded> take() { return job_.take(); }
    void cancel() { job_.cancel(); }
    void wait() { job_.wait(); }                  // until nothing is under way

private:
    NewestJob<Loaded> job_;                       // its end waits for what is being decoded, below a second
};

/// What is read, and what for.
struct Reading {
    /// An input that is read in another size or other colours.
    struct Again {
        Tensor of;
        ImageOptions options;
        std::string gesture;
    };
    Tensor coarse;                                // the small photograph of which more is being made
    std::optional<Again> again;
    std::vector<Tensor> unfinished;               // small photographs that others replaced before the rest was there
};

}  // namespace convscope
