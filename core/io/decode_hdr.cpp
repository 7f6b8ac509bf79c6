// Radiance pictures: lines of text, an empty line, "-Y height +X width", rows of RGBE, mostly in runs.
// Format: Greg Ward, "Real Pixels", Graphics Gems II, 1991; https://www.radiance-online.org, file formats.
#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "core/io/image_formats.h"

namespace convscope {
namespace {

const std::string kEndsEarly = "is damaged: it ends early";

/// Takes one line off `text`. False at the end.
bool take_line(std::string_view& text, std::string_view& line) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) return false;
    line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    text.remove_prefix(end + 1);
    return true;
}

bool take_number(std::string_view& line, std::string_view before, int64_t& number) {
    if (!line.starts_with(before)) return false;
    line.remove_prefix(before.size());
    const auto [end, wrong] = std::from_chars(line.data(), line.data() + line.size(), number);
    if (wrong != std::errc() || number < 0) return false;
    line.remove_prefix(static_cast<size_t>(end - line.data()));
    return true;
}

/// One row of four planes, each in runs (128 + n: the next byte n times) and dumps (n bytes). "" or what is wrong.
std::string read_runs(Bytes bytes, size_t& at, std::vector<unsigned char>& row, size_t width) {
    for (size_t plane = 0; plane < 4; ++plane) {
        for (size_t x = 0; x < width;) {
            if (bytes.size() - at < 2) return kEndsEarly;
            const size_t count = bytes[at] > 128 ? bytes[at] - 128u : bytes[at];
            const bool run = bytes[at++] > 128;
            if (count == 0 || count > width - x) return "is damaged: a run does not fit its row";
            if (bytes.size() - at < (run ? 1 : count)) return kEndsEarly;
            for (size_t i = 0; i < count; ++i) row[4 * (x + i) + plane] = bytes[run ? at : at + i];
            at += run ? 1 : count;
            x += count;
        }
    }
    return "";
}

std::string read_row(Bytes bytes, size_t& at, std::vector<unsigned char>& row, size_t width) {
    if (bytes.size() - at < 4) return kEndsEarly;
    const bool runs =
        width >= 8 && width < 32768 && bytes[at] == 2 && bytes[at + 1] == 2 && bytes[at + 2] < 128;
    if (runs) {
        if ((size_t(bytes[at + 2]) << 8 | bytes[at + 3]) != width)
            return "is damaged: a row has another width than the picture";
        at += 4;
        return read_runs(bytes, at, row, width);
    }
    if (bytes.size() - at < 4 * width) return kEndsEarly;
    std::copy_n(bytes.begin() + static_cast<ptrdiff_t>(at), 4 * width, row.begin());
    at += 4 * width;
    return "";
}

}  // namespace

std::string decode_hdr(Bytes bytes, DecodedImage& picture) {
    std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    std::string_view line;
    while (take_line(text, line) && !line.empty())
        if (line.starts_with("FORMAT=") && line != "FORMAT=32-bit_rle_rgbe")
            return "is an HDR picture whose FORMAT is not read; 32-bit_rle_rgbe is";
    if (!take_line(text, line)) return kEndsEarly;
    if (!take_number(line, "-Y ", picture.height) || !take_number(line, " +X ", picture.width) ||
        !line.empty())
        return "is damaged: its size is not written as “-Y height +X width”";
    if (std::string wrong = check_size(picture.width, picture.height); !wrong.empty()) return wrong;

    const auto width = static_cast<size_t>(picture.width);
    const auto height = static_cast<size_t>(picture.height);
    const size_t start = bytes.size() - text.size();
    // A run takes two bytes for at most 127 values; short of that there is no need to make room for the picture.
    if (bytes.size() - start < height * std::min(4 * width, 4 + 8 * ((width + 126) / 127)))
        return kEndsEarly;
    auto samples = std::make_shared<std::vector<float>>(3 * width * height);
    std::vector<unsigned char> row(4 * width);
    size_t at = start;
    float largest = 0;
    float* next = samples->data();
    for (size_t y = 0; y < height; ++y) {
        if (std::string wrong = read_row(bytes, at, row, width); !wrong.empty()) return wrong;
        for (size_t x = 0; x < width; ++x) {
            const unsigned char* rgbe = &row[4 * x];
            // 8-bit mantissas below a shared exponent with offset 128.
            const float scale = rgbe[3] == 0 ? 0.0f : std::ldexp(1.0f, rgbe[3] - 136);
            for (int channel = 0; channel < 3; ++channel) {
                *next = static_cast<float>(rgbe[channel]) * scale;
                largest = std::max(largest, *next++);
            }
        }
    }
    picture.channels = 3;
    picture.depth = DecodedImage::Depth::real;
    picture.white = largest > 0 ? largest : 1;
    picture.kind = "HDR RGB";
    picture.samples = samples->data();
    picture.owner = std::move(samples);
    return "";
}

}  // namespace convscope
