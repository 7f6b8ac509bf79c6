#include "app/file_loader.h"

#include <new>
#include <utility>

#include "core/io/files.h"

namespace convscope {
namespace {

ImageResult sized(const DecodedImage& image, const ImageOptions& options, const std::string& path) {
    try {
        return image_tensor(image, options);
    } catch (const std::bad_alloc&) {
        ImageResult result;
        result.error = display_name(path) + " needs more memory than there is.";
        return result;
    }
}

Loaded load(const std::string& path, const ImageOptions& options,
            bool (*is_image)(std::string_view, std::string_view)) {
    Loaded loaded;
    loaded.path = path;
    FileResult file = read_file(path, kMaxImageBytes);
    loaded.error = std::move(file.error);
    if (!loaded.error.empty()) return loaded;
    loaded.is_image = is_image(file.bytes, path);
    if (!loaded.is_image) {
        loaded.bytes = std::move(file.bytes);
        return loaded;
    }
    DecodeResult decoded = decode_image(bytes_of(file.bytes), display_name(path));
    loaded.error = std::move(decoded.error);
    if (!loaded.error.empty()) return loaded;
    file.bytes = {};
    loaded.image = sized(*decoded.image, options, path);
    loaded.error = loaded.image.error;
    loaded.height = decoded.height;
    loaded.width = decoded.width;
    const Shape shape = loaded.image.tensor.shape();
    if (shape.h != loaded.height || shape.w != loaded.width) loaded.decoded = std::move(decoded.image);
    return loaded;
}

}  // namespace

void FileLoader::start(std::string path, ImageOptions options,
                       bool (*is_image)(std::string_view, std::string_view),
                       std::function<void()> finished) {
    job_.start([path = std::move(path), options, is_image](const std::atomic<bool>&) { return load(path, options, is_image); },
               std::move(finished));
}

void FileLoader::again(Loaded coarse, ImageOptions options, std::function<void()> finished) {
    const auto work = [coarse = std::move(coarse), options](const std::atomic<bool>&) {
        Loaded loaded = coarse;
        loaded.image = sized(*coarse.decoded, options, coarse.path);
        loaded.error = loaded.image.error;
        loaded.decoded.reset();
        loaded.again = true;
        return loaded;
    };
    job_.start(work, std::move(finished));
}

}  // namespace convscope
