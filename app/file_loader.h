// Reads large files and decodes photographs on a thread of its own; a photograph first comes small, then as large as is asked.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/io/image.h"

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
    FileLoader();
    ~FileLoader();                                // waits for what is being decoded, below a second
    FileLoader(const FileLoader&) = delete;
    FileLoader& operator=(const FileLoader&) = delete;

    /// Starts on this file; what was under way is dropped. `is_image` is asked with the first bytes.
    void start(std::string path, ImageOptions options, bool (*is_image)(std::string_view bytes, std::string_view path),
               std::function<void()> finished);
    /// The same image in another size.
    void again(Loaded coarse, ImageOptions options, std::function<void()> finished);
    /// What is finished, once.
    std::optional<Loaded> take();
    void cancel();
    bool busy() const;                            // something is under way or can be taken
    void wait();                                  // until nothing is under way

private:
    struct Worker;
    std::unique_ptr<Worker> worker_;
};

}  // namespace convscope
