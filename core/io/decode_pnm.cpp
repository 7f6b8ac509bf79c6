// Portable bitmaps, greymaps and pixmaps (netpbm's pbm(5), pgm(5), ppm(5)), text and binary.
#include <fmt/format.h>

#include "core/io/image_formats.h"

namespace convscope {
namespace {

const std::string kEndsEarly = "is damaged: it ends early";

class Reader {
  public:
    explicit Reader(Bytes bytes) : bytes_(bytes) {}

    /// The next number of at most 9 digits behind spaces and comments; −1 when there is none.
    int64_t number() {
        skip_spaces();
        int64_t value = 0;
        const size_t start = at_;
        for (; at_ < bytes_.size() && is_digit(bytes_[at_]); ++at_) {
            if (at_ - start >= 9) return -1;
            value = value * 10 + (bytes_[at_] - '0');
        }
        return at_ == start ? -1 : value;
    }
    /// The next digit 0 or 1, which needs no space around it; −1 when there is none.
    int64_t bit() {
        skip_spaces();
        if (at_ >= bytes_.size() || (bytes_[at_] != '0' && bytes_[at_] != '1')) return -1;
        return bytes_[at_++] - '0';
    }
    /// Binary samples start behind a single space.
    void skip_one() { at_ = std::min(at_ + 1, bytes_.size()); }
    Bytes rest() const { return bytes_.subspan(at_); }

  private:
    static bool is_digit(unsigned char c) { return c >= '0' && c <= '9'; }
    void skip_spaces() {
        for (; at_ < bytes_.size(); ++at_) {
            const unsigned char c = bytes_[at_];
            if (c == '#') {
                while (at_ < bytes_.size() && bytes_[at_] != '\n' && bytes_[at_] != '\r') ++at_;
            } else if (c != ' ' && (c < '\t' || c > '\r')) {
                return;
            }
        }
    }

    Bytes bytes_;
    size_t at_ = 2;  // behind "P5"
};

/// Every sample in turn, from whichever of the six layouts.
struct Layout {
    bool text = false, bits = false;
    int64_t width = 0, channels = 1, maximum = 1;

    int64_t row_bytes() const {
        if (bits) return (width + 7) / 8;
        return width * channels * (maximum > 255 ? 2 : 1);
    }
    /// The least number of bytes that `height` rows take.
    int64_t least_bytes(int64_t height) const {
        if (!text) return row_bytes() * height;
        return bits ? width * height : width * channels * height * 2 - 1;
    }
    int64_t sample(Reader& reader, Bytes rest, int64_t row, int64_t i) const {
        if (text && bits) return reader.bit();
        if (text) return reader.number();
        const auto start = static_cast<size_t>(row * row_bytes());
        const auto place = static_cast<size_t>(i);
        if (bits) return rest[start + place / 8] >> (7 - place % 8) & 1;
        if (maximum <= 255) return rest[start + place];
        return rest[start + 2 * place] << 8 | rest[start + 2 * place + 1];
    }
};

template <class T>
std::string read_samples(Reader& reader, const Layout& layout, DecodedImage& picture) {
    const Bytes rest = reader.rest();
    const int64_t row_samples = layout.width * layout.channels;
    auto samples =
        std::make_shared<std::vector<T>>(static_cast<size_t>(row_samples * picture.height));
    T* next = samples->data();
    for (int64_t row = 0; row < picture.height; ++row) {
        for (int64_t i = 0; i < row_samples; ++i) {
            const int64_t value = layout.sample(reader, rest, row, i);
            if (value < 0) return kEndsEarly;
            if (value > layout.maximum)
                return fmt::format("is damaged: it holds {}, more than its maximum {}", value,
                                   layout.maximum);
            // Bitmaps write 1 for ink.
            *next++ = static_cast<T>(layout.bits ? 1 - value : value);
        }
    }
    picture.samples = samples->data();
    picture.owner = std::move(samples);
    return "";
}

}  // namespace

std::string decode_pnm(Bytes bytes, DecodedImage& picture) {
    const int kind = bytes[1] - '0';  // 1–3 text, 4–6 binary; bitmap, grey, colour
    Reader reader(bytes);
    picture.width = reader.number();
    picture.height = reader.number();
    Layout layout;
    layout.text = kind <= 3;
    layout.bits = kind == 1 || kind == 4;
    layout.channels = kind == 3 || kind == 6 ? 3 : 1;
    layout.width = picture.width;
    if (!layout.bits) layout.maximum = reader.number();
    if (picture.width < 0 || picture.height < 0 || layout.maximum < 0)
        return "is damaged: its header is wrong";
    if (std::string wrong = check_size(picture.width, picture.height); !wrong.empty()) return wrong;
    if (layout.maximum < 1 || layout.maximum > 65535)
        return fmt::format("is damaged: its maximum is {}; 1 to 65535 is possible", layout.maximum);
    reader.skip_one();
    if (static_cast<int64_t>(reader.rest().size()) < layout.least_bytes(picture.height))
        return kEndsEarly;

    picture.channels = static_cast<int>(layout.channels);
    picture.white = static_cast<double>(layout.maximum);
    if (layout.bits) picture.kind = "black and white";
    picture.depth = layout.maximum > 255 ? DecodedImage::Depth::bits16 : DecodedImage::Depth::bits8;
    return layout.maximum > 255 ? read_samples<uint16_t>(reader, layout, picture)
                                : read_samples<uint8_t>(reader, layout, picture);
}

}  // namespace convscope
