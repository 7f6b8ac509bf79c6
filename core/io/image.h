// Image files as tensors (PNG, JPEG, BMP, TGA, PSD, GIF, PNM, HDR), and PNG writing.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/tensor.h"

namespace convscope {

struct ImageOptions {
    bool grey = false;     // one channel: 0.299 R + 0.587 G + 0.114 B
    int64_t max_side = 0;  // scaled down (area average) so that neither side is longer; 0: as it is
};

/// Either a tensor (1×C×H×W in [0, 1], C = 1 or 3) and a note on what was done to get it
/// ("4000×3000 RGB, scaled to 1600×1200, divided by 255"), or one sentence that names the file and
/// the reason.
struct ImageResult {
    Tensor tensor;
    std::string note;
    std::string error;
    bool ok() const { return error.empty(); }
};

/// Larger files and pictures are refused before they are read or decoded.
inline constexpr int64_t kMaxImageBytes = int64_t(512) << 20;
inline constexpr int64_t kMaxImagePixels = 64'000'000;
inline constexpr int64_t kMaxImageSide = 65535;

/// Reads the image file at the UTF-8 `path`. Never blocks on a pipe or device.
ImageResult load_image(const std::string& path, const ImageOptions& options = {});
/// The same from memory; `name` is what sentences call it.
ImageResult load_image_bytes(std::span<const unsigned char> bytes, std::string_view name,
                             const ImageOptions& options = {});

/// Decoded samples, of which tensors of several sizes can be made. Other threads may read it too.
struct DecodedImage;
struct DecodeResult {
    std::shared_ptr<const DecodedImage> image;
    int64_t width = 0, height = 0;  // upright
    std::string error;
    bool ok() const { return error.empty(); }
};
DecodeResult decode_image(std::span<const unsigned char> bytes, std::string_view name);
ImageResult image_tensor(const DecodedImage& image, const ImageOptions& options);

/// A PNG file's bytes for 8-bit RGBA rows from the top, width·height·4 of them. Empty when that is
/// impossible.
std::string encode_png(int width, int height, std::span<const unsigned char> rgba);
/// Writes such a PNG, beside and renamed. False with a sentence in `error` when it could not.
[[nodiscard]] bool save_png(const std::string& path, int width, int height,
                            std::span<const unsigned char> rgba, std::string& error);

}  // namespace convscope
