// What the image loader's parts hand to each other: decoded samples, one function a format. Internal to core/io.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/io/image.h"

namespace convscope {

using Bytes = std::span<const unsigned char>;

enum class ImageFormat { png, jpeg, bmp, tga, psd, gif, pnm, hdr };

/// Decoded samples, rows from the top, channels interleaved: grey, grey + alpha, RGB or RGBA.
struct DecodedImage {
    enum class Depth { bits8, bits16, real };
    int64_t width = 0, height = 0;
    int channels = 0;
    Depth depth = Depth::bits8;
    double white = 255;                 // the sample that becomes 1
    int orientation = 1;                // EXIF: how it must be turned to stand upright
    std::string kind;                   // said instead of "RGB" and so on; "" : the usual word
    std::shared_ptr<const void> owner;  // keeps `samples` alive
    const void* samples = nullptr;      // width·height·channels of uint8_t, uint16_t or float
};

/// Recognises a file by its first bytes (TGA, which has no mark, by its name or its end). False with what it is instead,
/// as a sentence's rest ("is a WebP image, which is not read; …"), when it is none of ours.
bool recognise_format(Bytes bytes, std::string_view name, ImageFormat& format,
                      std::string& otherwise);

// Each of these gives "" when it worked, or the rest of a sentence that starts with the file's name: "is damaged: it ends
// early".

/// "claims 100000×100000 pixels; at most 64 million are read".
std::string check_size(int64_t width, int64_t height);
/// Walks a PNG's chunks: order, lengths, checksums. stb_image checks none of them.
std::string check_png(Bytes bytes);
/// Walks a JPEG's segments: lengths, Huffman tables, number of scans, end; finds the EXIF orientation.
std::string check_jpeg(Bytes bytes, int& orientation);

std::string decode_with_stb(Bytes bytes, ImageFormat format, DecodedImage& picture);
/// PBM, PGM and PPM, text and binary, up to 16 bits: stb_image reads some of them, with wrong maxima and byte order.
std::string decode_pnm(Bytes bytes, DecodedImage& picture);
/// Radiance RGBE: stb_image 2.27 (Debian 12) never returns from a truncated file.
std::string decode_hdr(Bytes bytes, DecodedImage& picture);

/// The picture as a 1×C×H×W tensor: over white, upright, grey if asked, scaled down; `note` says what was done.
Tensor picture_to_tensor(const DecodedImage& picture, const ImageOptions& options, std::string& note);

}  // namespace convscope
