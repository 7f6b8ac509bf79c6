// Loads an image in three steps (recognise, decode, make a tensor) and writes PNG.
#include "core/io/image.h"

#include <new>

#include <fmt/format.h>
#define STBI_WRITE_NO_STDIO
#include <stb_image_write.h>

#include "core/io/files.h"
#include "core/io/image_formats.h"

namespace convscope {
namespace {

std::string decode(Bytes bytes, std::string_view name, DecodedImage& picture) {
    ImageFormat format{};
    std::string otherwise;
    if (!recognise_format(bytes, name, format, otherwise)) return otherwise;
    if (static_cast<int64_t>(bytes.size()) > kMaxImageBytes)
        return fmt::format("has {} MB; at most {} are read", bytes.size() >> 20,
                           kMaxImageBytes >> 20);
    if (format == ImageFormat::pnm) return decode_pnm(bytes, picture);
    if (format == ImageFormat::hdr) return decode_hdr(bytes, picture);
    return decode_with_stb(bytes, format, picture);
}

std::string too_large(const std::string& shown) {
    return fmt::format("{} needs more memory than there is.", shown);
}

void append(void* to, void* bytes, int size) {
    static_cast<std::string*>(to)->append(static_cast<const char*>(bytes),
                                          static_cast<size_t>(size));
}

}  // namespace

ImageResult load_image(const std::string& path, const ImageOptions& options) {
    ImageResult result;
    FileResult file = read_file(path, kMaxImageBytes);
    if (!file.ok()) {
        result.error = std::move(file.error);
        return result;
    }
    return load_image_bytes(bytes_of(file.bytes), display_name(path), options);
}

DecodeResult decode_image(std::span<const unsigned char> bytes, std::string_view name) {
    DecodeResult result;
    const std::string shown = display_name(name);
    try {
        auto image = std::make_shared<DecodedImage>();
        const std::string wrong = decode(bytes, name, *image);
        if (!wrong.empty()) {
            result.error = fmt::format("{} {}.", shown, wrong);
            return result;
        }
        const bool swapped = image->orientation >= 5;
        result.width = swapped ? image->height : image->width;
        result.height = swapped ? image->width : image->height;
        result.image = std::move(image);
    } catch (const std::bad_alloc&) {
        result.error = too_large(shown);
    }
    return result;
}

ImageResult image_tensor(const DecodedImage& image, const ImageOptions& options) {
    ImageResult result;
    result.tensor = picture_to_tensor(image, options, result.note);
    return result;
}

ImageResult load_image_bytes(std::span<const unsigned char> bytes, std::string_view name,
                             const ImageOptions& options) {
    ImageResult result;
    const DecodeResult decoded = decode_image(bytes, name);
    result.error = decoded.error;
    if (!decoded.ok()) return result;
    try {
        return image_tensor(*decoded.image, options);
    } catch (const std::bad_alloc&) {
        result.error = too_large(display_name(name));
    }
    return result;
}

std::string encode_png(int width, int height, std::span<const unsigned char> rgba) {
    std::string bytes;
    if (width < 1 || height < 1 || int64_t(width) > kMaxImagePixels / height) return bytes;
    if (rgba.size() != size_t(4) * static_cast<size_t>(width) * static_cast<size_t>(height))
        return bytes;
    if (stbi_write_png_to_func(append, &bytes, width, height, 4, rgba.data(), 4 * width) == 0)
        bytes.clear();
    return bytes;
}

bool save_png(const std::string& path, int width, int height, std::span<const unsigned char> rgba,
              std::string& error) {
    const std::string bytes = encode_png(width, height, rgba);
    if (!bytes.empty()) return write_file_atomically(path, bytes, error);
    error = fmt::format("{} could not be written: a picture of {}×{} pixels cannot be made.",
                        display_name(path), width, height);
    return false;
}

}  // namespace convscope
