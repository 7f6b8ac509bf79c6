// Recognising image files, and checks of PNG and JPEG files that stb_image does not make.
#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "core/io/image_formats.h"

namespace convscope {
namespace {

constexpr std::string_view kOurFormats = "PNG, JPEG, BMP, TGA, PSD, GIF, PNM and HDR";
const std::string kEndsEarly = "is damaged: it ends early";
// Progressive JPEGs have about ten. Each costs a pass over the whole picture, for as little as ten bytes.
constexpr int kMaxScans = 100;

std::string_view text_of(Bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool ends_with_ignoring_case(std::string_view text, std::string_view end) {
    if (text.size() < end.size()) return false;
    return std::equal(end.begin(), end.end(), text.end() - static_cast<ptrdiff_t>(end.size()),
                      [](char a, char b) { return (b >= 'A' && b <= 'Z' ? b + 32 : b) == a; });
}

uint32_t big_endian(Bytes bytes, size_t at, size_t count) {
    uint32_t value = 0;
    for (size_t i = 0; i < count; ++i) value = value << 8 | bytes[at + i];
    return value;
}

struct Mark {
    std::string_view start;
    size_t at;  // where the mark stands
    std::string_view what;
};

using namespace std::string_view_literals;

/// Files people may well try, and what they are.
constexpr Mark kOtherKinds[] = {
    {"WEBP"sv, 8, "a WebP image"},
    {"ftypavif"sv, 4, "an AVIF image"},
    {"ftyphei"sv, 4, "a HEIC image"},
    {"ftypmif1"sv, 4, "a HEIC image"},
    {"ftyp"sv, 4, "a video"},
    {"II*\0"sv, 0, "a TIFF image"},
    {"MM\0*"sv, 0, "a TIFF image"},
    {"\0\0\1\0"sv, 0, "a Windows icon"},
    {"\xFF\x0A"sv, 0, "a JPEG XL image"},
    {"\0\0\0\x0CJXL "sv, 0, "a JPEG XL image"},
    {"\0\0\0\x0CjP  "sv, 0, "a JPEG 2000 image"},
    {"v/1\1"sv, 0, "an OpenEXR image"},
    {"P7\n"sv, 0, "a PAM image"},
    {"<svg"sv, 0, "an SVG drawing"},
    {"%PDF"sv, 0, "a PDF document"},
    {"\x93NUMPY"sv, 0, "a NumPy array"},
    {"PK\3\4"sv, 0, "a zip archive"},
};

// ---- PNG

/// Table k: the checksum of a byte with k zero bytes behind it, so that eight bytes are taken at once.
using CrcTables = std::array<std::array<uint32_t, 256>, 8>;

constexpr CrcTables make_crc_tables() {
    CrcTables tables{};
    for (uint32_t n = 0; n < 256; ++n) {
        uint32_t c = n;
        for (int bit = 0; bit < 8; ++bit) c = c & 1 ? 0xEDB88320u ^ c >> 1 : c >> 1;
        tables[0][n] = c;
    }
    for (size_t k = 1; k < tables.size(); ++k)
        for (size_t n = 0; n < 256; ++n) tables[k][n] = tables[0][tables[k - 1][n] & 255] ^ tables[k - 1][n] >> 8;
    return tables;
}

uint32_t crc32(Bytes bytes) {
    static constexpr CrcTables kTables = make_crc_tables();
    uint32_t crc = 0xFFFFFFFFu;
    for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
        uint32_t next = 0;
        for (size_t i = 0; i < 4; ++i)
            next ^= kTables[7 - i][(crc >> 8 * i & 255) ^ bytes[i]] ^ kTables[3 - i][bytes[4 + i]];
        crc = next;
    }
    for (const unsigned char byte : bytes) crc = kTables[0][(crc ^ byte) & 255] ^ crc >> 8;
    return ~crc;
}

// ---- JPEG

/// The orientation tag (0x0112) in the first folder of an EXIF block, or 1. `tiff` starts with "II" or "MM".
int exif_orientation(Bytes tiff) {
    if (tiff.size() < 8) return 1;
    const bool little = tiff[0] == 'I';
    const auto number = [&](size_t at, size_t count) {
        uint32_t value = 0;
        for (size_t i = 0; i < count; ++i)
            value |= uint32_t(tiff[at + i]) << 8 * (little ? i : count - 1 - i);
        return value;
    };
    if (number(2, 2) != 42) return 1;
    const size_t folder = number(4, 4);
    if (folder > tiff.size() - 2) return 1;
    const size_t entries = number(folder, 2);
    for (size_t i = 0; i < entries; ++i) {
        const size_t entry = folder + 2 + 12 * i;
        if (entry + 12 > tiff.size()) return 1;
        // tag, type (3: 16 bits), how many, value
        if (number(entry, 2) != 0x0112 || number(entry + 2, 2) != 3) continue;
        const uint32_t value = number(entry + 8, 2);
        return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
    }
    return 1;
}

/// Huffman tables: 17 bytes of class, name and counts, then as many values. stb_image 2.27 (Debian 12) writes past its
/// tables when the counts add up to more than 256.
bool tables_fit(Bytes segment) {
    size_t at = 0;
    while (at < segment.size()) {
        if (segment.size() - at < 17) return false;
        size_t values = 0;
        for (size_t i = 1; i <= 16; ++i) values += segment[at + i];
        if (values > 256 || segment.size() - at - 17 < values) return false;
        at += 17 + values;
    }
    return true;
}

/// Where the next marker's 0xFF stands behind coded data, in which 0xFF is followed by 0 or a restart marker.
size_t end_of_scan(Bytes bytes, size_t at) {
    for (; at + 1 < bytes.size(); ++at) {
        const unsigned char next = bytes[at + 1];
        if (bytes[at] == 0xFF && next != 0 && next != 0xFF && (next < 0xD0 || next > 0xD7))
            return at;
    }
    return bytes.size();
}

}  // namespace

bool recognise_format(Bytes bytes, std::string_view name, ImageFormat& format,
                      std::string& otherwise) {
    const std::string_view text = text_of(bytes);
    const auto starts = [&](std::string_view mark) { return text.starts_with(mark); };
    const bool is_pnm = bytes.size() > 2 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '6' &&
                        (std::string_view(" \t\r\n\v\f#").find(text[2]) != std::string_view::npos);
    if (starts("\x89PNG\r\n\x1A\n")) return format = ImageFormat::png, true;
    if (starts("\xFF\xD8\xFF")) return format = ImageFormat::jpeg, true;
    if (starts("GIF87a") || starts("GIF89a")) return format = ImageFormat::gif, true;
    if (starts("8BPS")) return format = ImageFormat::psd, true;
    if (starts("#?RADIANCE") || starts("#?RGBE")) return format = ImageFormat::hdr, true;
    if (is_pnm) return format = ImageFormat::pnm, true;
    for (const Mark& other : kOtherKinds) {
        if (text.size() <= other.at || !text.substr(other.at).starts_with(other.start)) continue;
        otherwise = fmt::format("is {}, which is not read; {} are", other.what, kOurFormats);
        return false;
    }
    if (starts("BM")) return format = ImageFormat::bmp, true;
    const bool named_tga = ends_with_ignoring_case(name, ".tga");
    if (named_tga || text.ends_with("TRUEVISION-XFILE.\0"sv))
        return format = ImageFormat::tga, true;
    otherwise =
        bytes.empty() ? "is empty" : fmt::format("is not an image; {} are read", kOurFormats);
    return false;
}

std::string check_size(int64_t width, int64_t height) {
    if (width < 1 || height < 1)
        return fmt::format("is damaged: it claims {}×{} pixels", width, height);
    if (width > kMaxImagePixels / height)
        return fmt::format("claims {}×{} pixels; at most {} million are read", width, height,
                           kMaxImagePixels / 1'000'000);
    if (width > kMaxImageSide || height > kMaxImageSide)
        return fmt::format("claims {}×{} pixels; sides of at most {} are read", width, height,
                           kMaxImageSide);
    return "";
}

std::string check_png(Bytes bytes) {
    size_t at = 8;
    for (bool first = true;; first = false) {
        if (bytes.size() - at < 12) return kEndsEarly;
        const uint32_t length = big_endian(bytes, at, 4);
        const std::string_view kind = text_of(bytes).substr(at + 4, 4);
        if (first != (kind == "IHDR") || (first && length != 13))
            return "is damaged: its header is wrong";
        if (first)
            if (std::string wrong =
                    check_size(big_endian(bytes, at + 8, 4), big_endian(bytes, at + 12, 4));
                !wrong.empty())
                return wrong;
        if (length > bytes.size() - at - 12) return kEndsEarly;
        const auto is_letter = [](char c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; };
        if (!std::all_of(kind.begin(), kind.end(), is_letter))
            return "is damaged: its parts do not fit together";
        // Comments may be wrong (first letter small), what makes the picture may not.
        const bool matters = (kind[0] & 32) == 0 || kind == "tRNS";
        if (matters &&
            crc32(bytes.subspan(at + 4, length + 4)) != big_endian(bytes, at + 8 + length, 4))
            return fmt::format("is damaged: the checksum of its {} part is wrong", kind);
        if (kind == "IEND") return "";
        at += 12 + size_t(length);
    }
}

std::string check_jpeg(Bytes bytes, int& orientation) {
    const std::string damaged = "is damaged: its parts do not fit together";
    int scans = 0, frames = 0;
    size_t least_bytes = 0;
    size_t at = 2;
    while (true) {
        while (at < bytes.size() && bytes[at] != 0xFF) ++at;
        while (at < bytes.size() && bytes[at] == 0xFF) ++at;
        if (at >= bytes.size()) return kEndsEarly;
        const unsigned char marker = bytes[at++];
        if (marker == 0xD9)  // end of image
            return scans > 0 && bytes.size() >= least_bytes ? "" : kEndsEarly;
        if (marker == 0 || marker == 0xD8) return damaged;
        if (marker == 1 || (marker >= 0xD0 && marker <= 0xD7)) continue;
        if (bytes.size() - at < 2) return kEndsEarly;
        const size_t length = big_endian(bytes, at, 2);
        if (length < 2) return damaged;
        if (length > bytes.size() - at) return kEndsEarly;
        const Bytes segment = bytes.subspan(at + 2, length - 2);
        at += length;
        const bool frame =
            marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
        if (frame && ++frames > 1) return damaged;
        if (frame && marker > 0xC2)
            return "is a lossless or arithmetic coded JPEG, which is not read; baseline and "
                   "progressive are";
        if (frame && segment.size() >= 5 && segment[0] != 8)
            return fmt::format("is a JPEG of {} bits, which is not read; 8 bits are", segment[0]);
        if (frame && segment.size() >= 5) {
            const uint32_t height = big_endian(segment, 1, 2), width = big_endian(segment, 3, 2);
            if (std::string wrong = check_size(width, height); !wrong.empty()) return wrong;
            // Every block takes at least two bits, one for its mean and one for "no more"; a
            // progressive one at least the first.
            const size_t blocks = (size_t(width) + 7) / 8 * ((size_t(height) + 7) / 8);
            least_bytes = blocks / (marker == 0xC2 ? 8 : 4);
        }
        if (marker == 0xC4 && !tables_fit(segment)) return damaged;
        if (marker == 0xE1 && text_of(segment).starts_with("Exif\0\0"sv) && orientation == 1)
            orientation = exif_orientation(segment.subspan(6));
        if (marker != 0xDA) continue;
        if (++scans > kMaxScans)
            return fmt::format("is damaged: it has more than {} scans", kMaxScans);
        at = end_of_scan(bytes, at);
    }
}

}  // namespace convscope
