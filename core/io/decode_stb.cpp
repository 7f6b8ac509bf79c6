// PNG, JPEG, BMP, TGA, PSD and GIF by stb_image.
#include <algorithm>

#include <fmt/format.h>
// The same switches as in stb_image_impl.cpp, as far as they hide declarations.
#define STBI_NO_STDIO
#define STBI_NO_HDR
#define STBI_NO_LINEAR
#include <stb_image.h>

#include "core/io/image_formats.h"

namespace convscope {
namespace {

std::string failure() {
    const char* reason = stbi_failure_reason();
    // Some loaders give no reason; what is left then is that of the first format that was tried.
    const bool known = reason != nullptr && std::string_view(reason) != "bad png sig";
    if (known && std::string_view(reason) == "outofmem")
        return "needs more memory than a picture of its size should";
    return known ? fmt::format("is damaged ({})", reason) : "is damaged";
}

/// A TGA that is cut off decodes without complaint; uncompressed ones say how long they must be.
std::string check_tga(Bytes bytes, int width, int height) {
    if (bytes.size() < 18) return "is damaged: it ends early";
    const int kind = bytes[2];
    const int64_t palette = (bytes[5] | bytes[6] << 8) * ((bytes[7] + 7) / 8);
    const int64_t pixels = int64_t(width) * height * ((bytes[16] + 7) / 8);
    const int64_t start = 18 + bytes[0] + (bytes[1] != 0 ? palette : 0);
    // Run lengths: at most 128 pixels from one byte and one pixel.
    const int64_t least =
        kind < 8 ? pixels : (int64_t(width) * height + 127) / 128 * (1 + (bytes[16] + 7) / 8);
    return start + least > static_cast<int64_t>(bytes.size()) ? "is damaged: it ends early" : "";
}

/// What decoding reads from: the bytes, and whether it wanted more than there were.
struct Source {
    Bytes bytes;
    size_t at = 0;
    bool past_end = false;
};

int read_source(void* user, char* to, int size) {
    auto& source = *static_cast<Source*>(user);
    const size_t count = std::min(static_cast<size_t>(size), source.bytes.size() - source.at);
    std::copy_n(source.bytes.data() + source.at, count, reinterpret_cast<unsigned char*>(to));
    source.at += count;
    if (count == 0) source.past_end = true;
    return static_cast<int>(count);
}

void skip_source(void* user, int distance) {
    auto& source = *static_cast<Source*>(user);
    if (distance < 0) {  // stb_image takes back what it has read too far
        source.at -= std::min(source.at, static_cast<size_t>(-int64_t(distance)));
        return;
    }
    const size_t left = source.bytes.size() - source.at;
    if (static_cast<size_t>(distance) > left) source.past_end = true;
    source.at += std::min(left, static_cast<size_t>(distance));
}

int source_ended(void* user) {
    const auto& source = *static_cast<Source*>(user);
    return source.at >= source.bytes.size() ? 1 : 0;
}

}  // namespace

std::string decode_with_stb(Bytes bytes, ImageFormat format, DecodedImage& picture) {
    if (format == ImageFormat::png)
        if (std::string wrong = check_png(bytes); !wrong.empty()) return wrong;
    if (format == ImageFormat::jpeg)
        if (std::string wrong = check_jpeg(bytes, picture.orientation); !wrong.empty())
            return wrong;

    const int size = static_cast<int>(bytes.size());  // at most kMaxImageBytes
    int width = 0, height = 0, channels = 0;
    if (stbi_info_from_memory(bytes.data(), size, &width, &height, &channels) == 0)
        return "is damaged: its header is wrong";
    if (std::string wrong = check_size(width, height); !wrong.empty()) return wrong;
    if (format == ImageFormat::tga)
        if (std::string wrong = check_tga(bytes, width, height); !wrong.empty()) return wrong;

    const bool bits16 = stbi_is_16_bit_from_memory(bytes.data(), size) != 0;
    Source source{bytes};
    const stbi_io_callbacks callbacks{read_source, skip_source, source_ended};
    void* samples = nullptr;
    if (bits16)
        samples = stbi_load_16_from_callbacks(&callbacks, &source, &width, &height, &channels, 0);
    else
        samples = stbi_load_from_callbacks(&callbacks, &source, &width, &height, &channels, 0);
    if (samples == nullptr) return source.past_end ? "is damaged: it ends early" : failure();
    picture.owner = std::shared_ptr<const void>(samples, stbi_image_free);
    if (source.past_end) return "is damaged: it ends early";

    picture.samples = samples;
    picture.width = width;
    picture.height = height;
    picture.channels = channels;
    picture.depth = bits16 ? DecodedImage::Depth::bits16 : DecodedImage::Depth::bits8;
    picture.white = bits16 ? 65535 : 255;
    if (format == ImageFormat::gif) picture.kind = "GIF";
    return "";
}

}  // namespace convscope
