// .npy files. The format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
#include "core/io/npy.h"

#include <bit>
#include <optional>

#include <fmt/format.h>

#include "core/io/files.h"
#include "core/io/number_types.h"

namespace convscope {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
// NumPy's headers are a hundred bytes; the format allows 4 GB.
constexpr size_t kMaxHeader = 65536;
constexpr int64_t kMaxNpyFileBytes = kMaxNpyValues * 8 + int64_t(kMaxHeader) + 12;

/// What the header says.
struct Header {
    std::string descr;
    bool fortran_order = false;
    std::vector<int64_t> dims;
};

/// Reads the header, a Python dictionary of three entries, and nothing else that Python allows.
class HeaderReader {
  public:
    explicit HeaderReader(std::string_view text) : text_(text) {}

    /// "" or what is wrong, as the end of a sentence.
    std::string read(Header& header) {
        bool has_descr = false, has_order = false, has_shape = false;
        if (!take('{')) return "its header is no Python dictionary";
        while (!take('}')) {
            const std::optional<std::string> key = quoted();
            if (!key || !take(':')) return "its header is damaged";
            if (*key == "descr" && !has_descr) {
                has_descr = true;
                if (peek('[')) return "it holds records of several fields, not plain numbers";
                const auto descr = quoted();
                if (!descr) return "its header names no number type";
                header.descr = *descr;
            } else if (*key == "fortran_order" && !has_order) {
                has_order = true;
                if (word("True")) {
                    header.fortran_order = true;
                } else if (!word("False")) {
                    return "its fortran_order is neither True nor False";
                }
            } else if (*key == "shape" && !has_shape) {
                has_shape = true;
                if (std::string wrong = shape(header.dims); !wrong.empty()) return wrong;
            } else {
                return fmt::format("its header has the entry '{}'", display_text(*key, 20));
            }
            if (!take(',') && !peek('}')) return "its header is damaged";
        }
        if (!has_descr || !has_order || !has_shape)
            return "its header lacks descr, fortran_order or shape";
        return "";
    }

  private:
    void spaces() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
    }
    bool peek(char c) {
        spaces();
        return at_ < text_.size() && text_[at_] == c;
    }
    bool take(char c) {
        const bool found = peek(c);
        if (found) ++at_;
        return found;
    }
    bool word(std::string_view expected) {
        spaces();
        if (!text_.substr(at_).starts_with(expected)) return false;
        at_ += expected.size();
        return true;
    }
    std::optional<std::string> quoted() {
        const char quote = peek('"') ? '"' : '\'';
        if (!take(quote)) return std::nullopt;
        const size_t end = text_.find(quote, at_);
        if (end == std::string_view::npos) return std::nullopt;
        const std::string result(text_.substr(at_, end - at_));
        at_ = end + 1;
        return result;
    }
    /// "(3, 4)", "(3,)", "()"; Python 2 wrote "3L".
    std::string shape(std::vector<int64_t>& dims) {
        if (!take('(')) return "its shape is no tuple";
        while (!take(')')) {
            spaces();
            int64_t extent = 0;
            const size_t start = at_;
            for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
                extent = extent * 10 + (text_[at_] - '0');
                if (extent > kMaxNpyValues)
                    return fmt::format("its shape is too large; at most {} values are read",
                                       kMaxNpyValues);
            }
            if (at_ == start) return "its shape holds something else than numbers";
            take('L');
            dims.push_back(extent);
            if (dims.size() > 4) return "it has more than 4 axes";
            if (!take(',') && !peek(')')) return "its shape is damaged";
        }
        return "";
    }

    std::string_view text_;
    size_t at_ = 0;
};

/// NumPy's letter and size, and the type's name.
struct NumpyType {
    std::string_view code, name;
};

constexpr NumpyType kNumpyTypes[] = {
    {"f4", "float32"}, {"f8", "float64"}, {"f2", "float16"}, {"b1", "bool"},
    {"i1", "int8"},    {"u1", "uint8"},   {"i2", "int16"},   {"u2", "uint16"},
    {"i4", "int32"},   {"u4", "uint32"},  {"i8", "int64"},   {"u8", "uint64"},
};

/// What a type that is not read is called.
std::string refused_type(std::string_view descr) {
    const char kind = descr.size() > 1 ? descr[1] : '?';
    if (kind == 'c') return "complex numbers";
    if (kind == 'O') return "Python objects, which are never run";
    if (kind == 'S' || kind == 'U') return "text";
    if (kind == 'M' || kind == 'm') return "dates or times";
    return fmt::format("the type '{}'", display_text(descr, 20));
}

/// The header's text, and where the values start. "" or what is wrong.
std::string find_header(std::span<const unsigned char> bytes, std::string_view& header,
                        size_t& values_at) {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    if (text.empty()) return "it is empty";
    if (text.starts_with("PK\x03\x04") || text.starts_with("PK\x05\x06"))
        return "it is a .npz archive, several arrays in one, which is not read; save a single one "
               "with numpy.save";
    if (!text.starts_with(kMagic)) return "it is not a .npy file";
    if (bytes.size() < 12) return "it ends early";
    const unsigned char version = bytes[6];
    if (version < 1 || version > 3)
        return fmt::format("its format has version {}; 1, 2 and 3 are read", version);
    const size_t start = version == 1 ? 10 : 12;
    size_t length = static_cast<size_t>(bytes[8]) | static_cast<size_t>(bytes[9]) << 8;
    if (version > 1)
        length |= static_cast<size_t>(bytes[10]) << 16 | static_cast<size_t>(bytes[11]) << 24;
    if (length > kMaxHeader)
        return fmt::format("its header claims {} bytes; at most {} are read", length, kMaxHeader);
    if (length > bytes.size() - start) return "it ends early, inside its header";
    header = text.substr(start, length);
    values_at = start + length;
    return "";
}

std::string fill(NpyResult& result, std::span<const unsigned char> bytes) {
    std::string_view header_text;
    size_t values_at = 0;
    if (std::string wrong = find_header(bytes, header_text, values_at); !wrong.empty())
        return wrong;
    Header header;
    if (std::string wrong = HeaderReader(header_text).read(header); !wrong.empty()) return wrong;

    const std::string_view descr = header.descr;
    const NumberType* type = nullptr;
    const bool has_order = !descr.empty() && std::string_view("<>|=").find(descr[0]) < 4;
    for (const NumpyType& known : kNumpyTypes)
        if (has_order && descr.substr(1) == known.code) type = find_number_type(known.name);
    if (type == nullptr)
        return fmt::format("it holds {}; integers, bool and float16 to float64 are read",
                           refused_type(descr));
    const bool is_big_endian =
        descr[0] == '>' || (descr[0] != '<' && std::endian::native == std::endian::big);

    int64_t count = 1;
    int64_t extents[4] = {1, 1, 1, 1};
    for (size_t i = 0; i < header.dims.size(); ++i) {
        const int64_t extent = header.dims[i];
        extents[4 - header.dims.size() + i] = extent;
        if (extent == 0) return "one of its axes has no values";
        if (count > kMaxNpyValues / extent)
            return fmt::format("its shape is too large; at most {} values are read", kMaxNpyValues);
        count *= extent;
    }
    const size_t needed = static_cast<size_t>(count) * type->size;
    if (bytes.size() - values_at < needed)
        return fmt::format("it ends early: its shape needs {} bytes, {} are there", needed,
                           bytes.size() - values_at);
    const Shape shape{extents[0], extents[1], extents[2], extents[3]};
    result.tensor = read_numbers(bytes.data() + values_at, *type, shape, is_big_endian,
                                 header.fortran_order);
    result.dims = header.dims;
    result.note = conversion_note(*type);
    return "";
}

}  // namespace

NpyResult read_npy(const std::string& path) {
    NpyResult result;
    FileResult file = read_file(path, kMaxNpyFileBytes);
    if (!file.ok()) {
        result.error = std::move(file.error);
        return result;
    }
    return parse_npy(bytes_of(file.bytes), display_name(path));
}

NpyResult parse_npy(std::span<const unsigned char> bytes, std::string_view name) {
    NpyResult result;
    const std::string wrong = fill(result, bytes);
    if (!wrong.empty())
        result.error = fmt::format("{} could not be read: {}.", display_name(name), wrong);
    return result;
}

std::string npy_bytes(const Tensor& tensor) {
    const Shape shape = tensor.shape();
    const int64_t dims[] = {shape.n, shape.c, shape.h, shape.w};
    return npy_bytes(tensor, dims);
}

std::string npy_bytes(const Tensor& tensor, std::span<const int64_t> dims) {
    // Python's tuples: (), (3,), (3, 4).
    std::string header =
        fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}{}), }}",
                    fmt::join(dims, ", "), dims.size() == 1 ? "," : "");
    // The values start at a multiple of 64; the header ends with a newline.
    const size_t before = kMagic.size() + 4;
    header.append(63 - (before + header.size()) % 64, ' ');
    header.push_back('\n');
    std::string bytes(kMagic);
    bytes.append({'\x01', '\x00', static_cast<char>(header.size() & 255),
                  static_cast<char>(header.size() >> 8)});
    bytes += header;
    append_floats(bytes, tensor.values());
    return bytes;
}

bool write_npy(const std::string& path, const Tensor& tensor, std::string& error) {
    return write_file_atomically(path, npy_bytes(tensor), error);
}

}  // namespace convscope
