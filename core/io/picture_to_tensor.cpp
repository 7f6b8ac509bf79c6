// From decoded samples to a tensor, one row at a time, so that a large picture is never held twice.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/io/image_formats.h"

namespace convscope {
namespace {

/// Reads rows of a picture as doubles in units of its samples: over white, grey if asked.
class RowReader {
  public:
    RowReader(const DecodedImage& picture, bool grey)
        : picture_(picture), grey_(grey), channels_(picture.channels < 3 || grey ? 1 : 3) {}

    int channels() const { return channels_; }
    /// `row` has width · channels() places.
    void read(int64_t y, double* row) const {
        switch (picture_.depth) {
            case DecodedImage::Depth::bits8: read_as<uint8_t>(y, row); break;
            case DecodedImage::Depth::bits16: read_as<uint16_t>(y, row); break;
            case DecodedImage::Depth::real: read_as<float>(y, row); break;
        }
    }

  private:
    template <class T>
    void read_as(int64_t y, double* row) const {
        const int from = picture_.channels;
        const int colours = from < 3 ? 1 : 3;
        const bool has_alpha = from % 2 == 0;
        const T* sample = static_cast<const T*>(picture_.samples) + y * picture_.width * from;
        for (int64_t x = 0; x < picture_.width; ++x, sample += from) {
            double colour[3] = {0, 0, 0};
            for (int c = 0; c < colours; ++c) {
                colour[c] = static_cast<double>(sample[c]);
                if (!has_alpha) continue;
                const double alpha = static_cast<double>(sample[from - 1]) / picture_.white;
                colour[c] = picture_.white + (colour[c] - picture_.white) * alpha;
            }
            if (grey_ && colours == 3)  // ITU-R BT.601, as PIL's "L" and torchvision's Grayscale
                colour[0] = 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2];
            for (int c = 0; c < channels_; ++c) *row++ = colour[c];
        }
    }

    const DecodedImage& picture_;
    bool grey_;
    int channels_;
};

/// True when some pixel is not opaque.
bool is_transparent(const DecodedImage& picture) {
    if (picture.channels % 2 != 0) return false;
    const auto below = [&](const auto* samples) {
        const int64_t count = picture.width * picture.height * picture.channels;
        for (int64_t i = picture.channels - 1; i < count; i += picture.channels)
            if (static_cast<double>(samples[i]) < picture.white) return true;
        return false;
    };
    return picture.depth == DecodedImage::Depth::bits16
               ? below(static_cast<const uint16_t*>(picture.samples))
               : below(static_cast<const uint8_t*>(picture.samples));
}

/// What one output place reads along an axis: sources first … first + weights − 1, with these shares.
struct Share {
    int64_t first = 0;
    std::vector<double> weights;
};

/// Area average: output i covers sources [i·s, (i+1)·s), s = from / to ≥ 1, the ends in part. Shares add up to 1.
std::vector<Share> area_shares(int64_t from, int64_t to) {
    std::vector<Share> shares(static_cast<size_t>(to));
    for (int64_t i = 0; i < to; ++i) {
        // In units of 1/to of a source, so that everything is exact: both counts are below 2^26.
        const int64_t begin = i * from, end = (i + 1) * from;
        Share& share = shares[static_cast<size_t>(i)];
        share.first = begin / to;
        for (int64_t source = share.first; source * to < end; ++source) {
            const int64_t covered = std::min(end, (source + 1) * to) - std::max(begin, source * to);
            share.weights.push_back(static_cast<double>(covered) / static_cast<double>(from));
        }
    }
    return shares;
}

/// Where the picture's (y, x) goes when it is turned upright; `height` and `width` are those it is stored with.
std::pair<int64_t, int64_t> turned(int orientation, int64_t y, int64_t x, int64_t height,
                                   int64_t width) {
    switch (orientation) {
        case 2: return {y, width - 1 - x};
        case 3: return {height - 1 - y, width - 1 - x};
        case 4: return {height - 1 - y, x};
        case 5: return {x, y};
        case 6: return {x, height - 1 - y};
        case 7: return {width - 1 - x, height - 1 - y};
        case 8: return {width - 1 - x, y};
        default: return {y, x};
    }
}

std::string_view colour_word(const DecodedImage& picture) {
    return picture.channels < 3 ? "grey" : "RGB";
}

std::string describe(const DecodedImage& picture, const ImageOptions& options, bool transparent,
                     int64_t width, int64_t height) {
    std::string note = fmt::format("{}×{} ", picture.width, picture.height);
    if (picture.kind.empty() || picture.kind == "GIF") {
        note += fmt::format("{}{}", picture.depth == DecodedImage::Depth::bits16 ? "16-bit " : "",
                            colour_word(picture));
        if (!picture.kind.empty()) note += ", first frame of the GIF";
    } else {
        note += picture.kind;
    }
    if (transparent) note += ", transparent parts over white";
    if (options.grey && picture.channels >= 3) note += ", made grey";
    if (picture.orientation != 1) note += ", turned upright as its EXIF says";
    const bool swapped = picture.orientation >= 5;
    if (width != picture.width || height != picture.height)
        note +=
            fmt::format(", scaled to {}×{}", swapped ? height : width, swapped ? width : height);
    if (picture.depth == DecodedImage::Depth::real) {
        note += fmt::format(", divided by its maximum {:.4g}", picture.white);
    } else if (picture.white != 1) {
        note += fmt::format(", divided by {}", picture.white);
    }
    return note;
}

/// As it is, 8 bits, opaque and upright: photographs are. The same values as the general way, of which there are only 256.
void copy_bytes(const DecodedImage& picture, int64_t channels, std::span<float> values) {
    float scaled[256];
    for (int i = 0; i < 256; ++i)
        scaled[i] = static_cast<float>(std::clamp(i / picture.white, 0.0, 1.0));
    const auto* samples = static_cast<const uint8_t*>(picture.samples);
    const int64_t plane = picture.width * picture.height, from = picture.channels;
    for (int64_t c = 0; c < channels; ++c) {
        const uint8_t* sample = samples + c;
        float* to = values.data() + c * plane;
        for (int64_t i = 0; i < plane; ++i) to[i] = scaled[sample[i * from]];
    }
}

}  // namespace

Tensor picture_to_tensor(const DecodedImage& picture, const ImageOptions& options, std::string& note) {
    const RowReader reader(picture, options.grey);
    const int64_t channels = reader.channels();
    const int64_t longest = std::max(picture.width, picture.height);
    int64_t width = picture.width, height = picture.height;
    if (options.max_side > 0 && longest > options.max_side) {
        const auto scaled = [&](int64_t side) {
            return std::max<int64_t>(1, (side * options.max_side + longest / 2) / longest);
        };
        width = scaled(width);
        height = scaled(height);
    }
    note = describe(picture, options, is_transparent(picture), width, height);

    const bool swapped = picture.orientation >= 5;
    const Shape shape{1, channels, swapped ? width : height, swapped ? height : width};
    Tensor tensor(shape, kUnfilled);
    const std::span<float> values = tensor.mutate();
    const bool as_it_is = width == picture.width && height == picture.height && picture.orientation == 1;
    if (as_it_is && picture.depth == DecodedImage::Depth::bits8 && picture.channels == channels) {
        copy_bytes(picture, channels, values);
        return tensor;
    }
    const std::vector<Share> across = area_shares(picture.width, width);
    const std::vector<Share> down = area_shares(picture.height, height);
    std::vector<double> source(static_cast<size_t>(picture.width * channels));
    std::vector<double> sums(static_cast<size_t>(width * channels));
    for (int64_t y = 0; y < height; ++y) {
        std::fill(sums.begin(), sums.end(), 0.0);
        const Share& rows = down[static_cast<size_t>(y)];
        for (size_t r = 0; r < rows.weights.size(); ++r) {
            reader.read(rows.first + static_cast<int64_t>(r), source.data());
            double* sum = sums.data();
            for (const Share& columns : across)
                for (int64_t c = 0; c < channels; ++c, ++sum) {
                    const double* from = source.data() + columns.first * channels + c;
                    double part = 0;
                    for (const double weight : columns.weights)
                        part += weight * *from, from += channels;
                    *sum += rows.weights[r] * part;
                }
        }
        for (int64_t x = 0; x < width; ++x) {
            const auto [to_y, to_x] = turned(picture.orientation, y, x, height, width);
            for (int64_t c = 0; c < channels; ++c) {
                const double value = sums[static_cast<size_t>(x * channels + c)] / picture.white;
                values[static_cast<size_t>(shape.offset({0, c, to_y, to_x}))] =
                    static_cast<float>(std::clamp(value, 0.0, 1.0));
            }
        }
    }
    return tensor;
}

}  // namespace convscope
