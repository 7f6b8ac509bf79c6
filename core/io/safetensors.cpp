// The safetensors format (https://github.com/huggingface/safetensors): the header's length in eight bytes, the header in
// JSON, the values.
#include "core/io/safetensors.h"

#include <algorithm>
#include <array>
#include <exception>
#include <new>
#include <optional>
#include <unordered_set>

#include <fmt/format.h>

#include "core/io/files.h"
#include "core/io/npy.h"
#include "core/io/number_types.h"
#include "core/json_text.h"
#include "core/number_text.h"

namespace convscope {
namespace {

constexpr size_t kLengthBytes = 8;
constexpr size_t kMaxAxes = 32;  // that are listed
constexpr int64_t kMaxFileBytes = kMaxNpyValues * 8 + kMaxSafetensorsHeader + 8;

/// The file's words and the types' names.
constexpr std::array<std::pair<std::string_view, std::string_view>, 13> kTypes{{
    {"F32", "float32"},
    {"F64", "float64"},
    {"F16", "float16"},
    {"BF16", "bfloat16"},
    {"BOOL", "bool"},
    {"I8", "int8"},
    {"U8", "uint8"},
    {"I16", "int16"},
    {"U16", "uint16"},
    {"I32", "int32"},
    {"U32", "uint32"},
    {"I64", "int64"},
    {"U64", "uint64"},
}};

const NumberType* stored_type(std::string_view word) {
    for (const auto& [known, name] : kTypes)
        if (known == word) return find_number_type(name);
    return nullptr;
}

uint64_t header_length(std::string_view bytes) {
    uint64_t length = 0;
    for (size_t i = 0; i < kLengthBytes; ++i)
        length |= static_cast<uint64_t>(static_cast<unsigned char>(bytes[i])) << 8 * i;
    return length;
}

std::string shown(std::string_view name) { return display_text(name, 60); }

/// Takes the header from the parser event by event and keeps nothing but the tensors, so that no header, however wild,
/// costs more memory than its own size. A false return ends the parse.
class HeaderReader : public nlohmann::json_sax<Json> {
  public:
    HeaderReader(std::vector<StoredTensor>& tensors, size_t data_bytes)
        : tensors_(tensors), data_bytes_(data_bytes) {}

    /// What is wrong, as the end of a sentence; "" for a good header.
    const std::string& wrong() const { return wrong_; }

    bool null() override { return plain("null"); }
    bool boolean(bool value) override { return plain(value ? "true" : "false"); }
    bool number_float(double, const std::string& text) override { return plain(text); }
    bool number_integer(int64_t value) override { return plain(std::to_string(value)); }
    bool number_unsigned(uint64_t value) override {
        if (skips()) return true;
        if (depth_ != 3 || !in_list_) return plain(std::to_string(value));
        if (member_ == Member::shape) {
            if (tensors_.back().dims.size() == kMaxAxes)
                return fail(fmt::format("{} has more than {} axes", which(), kMaxAxes));
            tensors_.back().dims.push_back(
                static_cast<int64_t>(std::min<uint64_t>(value, INT64_MAX)));
            return true;
        }
        if (offsets_ == 2)
            return fail(fmt::format("data_offsets of {} has more than two numbers", which()));
        if (value > data_bytes_)
            return fail(fmt::format("{} ends at byte {} of the values, {} are there", which(),
                                    value, data_bytes_));
        (offsets_++ == 0 ? tensors_.back().begin : tensors_.back().end) =
            static_cast<size_t>(value);
        return true;
    }
    bool string(std::string& value) override {
        if (skips()) return true;
        if (depth_ != 2 || member_ != Member::dtype) return plain("\"" + shown(value) + "\"");
        tensors_.back().type = value.substr(0, 20);
        return true;
    }
    bool binary(nlohmann::json::binary_t&) override { return false; }  // JSON has none

    bool start_object(size_t) override {
        ++depth_;
        if (skips() || depth_ == 1 || (depth_ == 2 && !in_list_)) return true;
        return fail("an object stands where a plain value belongs");
    }
    bool key(std::string& value) override {
        if (depth_ == 1) return start_tensor(value);
        if (in_metadata_ || depth_ > 2) return true;
        member_ = value == "dtype"          ? Member::dtype
                  : value == "shape"        ? Member::shape
                  : value == "data_offsets" ? Member::data_offsets
                                            : Member::other;
        const auto bit = 1u << static_cast<unsigned>(member_);
        if (member_ != Member::other && (seen_ & bit) != 0)
            return fail(fmt::format("{} has {} twice", which(), value));
        seen_ |= bit;
        return true;
    }
    bool end_object() override {
        const bool ends_tensor = depth_ == 2 && !in_metadata_;
        --depth_;
        return ends_tensor ? finish_tensor() : true;
    }
    bool start_array(size_t) override {
        ++depth_;
        if (skips()) return true;
        if (depth_ != 3 || (member_ != Member::shape && member_ != Member::data_offsets))
            return fail("a list stands where none belongs");
        in_list_ = true;
        return true;
    }
    bool end_array() override {
        --depth_;
        in_list_ = false;
        return true;
    }
    bool parse_error(size_t, const std::string&,
                     const nlohmann::detail::exception& error) override {
        // "[json.exception.parse_error.101] parse error at line 1, column 5: syntax error …"
        std::string_view reason = error.what();
        if (const size_t at = reason.find("] "); at != std::string_view::npos)
            reason.remove_prefix(at + 2);
        return fail("its header is no JSON: " + display_text(reason, 120));
    }

  private:
    enum class Member : unsigned { dtype, shape, data_offsets, other };

    /// Inside "__metadata__" or a member that nobody asked for.
    bool skips() const { return depth_ > 1 && (in_metadata_ || member_ == Member::other); }
    std::string which() const { return shown(tensors_.back().name); }
    bool fail(std::string reason) {
        if (wrong_.empty()) wrong_ = std::move(reason);
        return false;
    }
    bool plain(std::string_view text) {
        if (skips()) return true;
        if (depth_ == 0) return fail("its header is no JSON object");
        if (depth_ == 1)
            return in_metadata_ || fail(fmt::format("{} is {}, which is no tensor", which(), text));
        const std::string_view words[] = {"dtype", "shape", "data_offsets"};
        return fail(fmt::format("{} of {} is wrong: {}", words[static_cast<size_t>(member_)],
                                which(), text));
    }
    bool start_tensor(const std::string& name) {
        in_metadata_ = name == "__metadata__";
        member_ = Member::dtype;
        seen_ = 0;
        offsets_ = 0;
        if (in_metadata_) return true;
        if (tensors_.size() == kMaxStoredTensors)
            return fail(
                fmt::format("it has more than {} tensors", grouped_text(kMaxStoredTensors)));
        if (!names_.insert(name).second) return fail(fmt::format("{} is there twice", shown(name)));
        tensors_.push_back({name, "", {}, 0, 0});
        return true;
    }
    bool finish_tensor() {
        const StoredTensor& tensor = tensors_.back();
        if ((seen_ & 7u) != 7u || offsets_ != 2)
            return fail(fmt::format("{} lacks dtype, shape or data_offsets", which()));
        if (tensor.begin > tensor.end)
            return fail(fmt::format("{} ends before it begins", which()));
        return true;
    }

    std::vector<StoredTensor>& tensors_;
    size_t data_bytes_;
    std::unordered_set<std::string> names_;
    int depth_ = 0;
    bool in_metadata_ = false, in_list_ = false;
    Member member_ = Member::dtype;
    unsigned seen_ = 0;
    int offsets_ = 0;
    std::string wrong_;
};

/// Values of those axes; none where they are more than any file holds.
std::optional<int64_t> count_of(std::span<const int64_t> dims) {
    if (std::ranges::find(dims, 0) != dims.end()) return 0;
    int64_t count = 1;
    for (const int64_t extent : dims) {
        if (extent > kMaxFileBytes / count) return std::nullopt;
        count *= extent;
    }
    return count;
}

/// "" or what is wrong with the sizes: each tensor has the bytes its shape needs, and none shares another's.
std::string check_sizes(std::vector<StoredTensor>& tensors) {
    for (const StoredTensor& tensor : tensors) {
        const NumberType* type = stored_type(tensor.type);
        if (type == nullptr) continue;  // refused when it is asked for
        const std::optional<int64_t> count = count_of(tensor.dims);
        const size_t has = tensor.end - tensor.begin;
        if (!count)
            return fmt::format("{} has {} bytes, far fewer than its shape needs",
                               shown(tensor.name), has);
        if (static_cast<size_t>(*count) * type->size != has)
            return fmt::format("{} has {} bytes, its shape and type ({}, {}) need {}",
                               shown(tensor.name), has, dims_text(tensor.dims), tensor.type,
                               static_cast<size_t>(*count) * type->size);
    }
    std::ranges::stable_sort(tensors, [](const StoredTensor& a, const StoredTensor& b) {
        return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
    });
    for (size_t i = 1; i < tensors.size(); ++i)
        if (tensors[i].begin < tensors[i - 1].end)
            return fmt::format("{} and {} share bytes", shown(tensors[i - 1].name),
                               shown(tensors[i].name));
    return "";
}

/// "" or what is wrong.
std::string read_header(SafetensorsFile& file) {
    const std::string_view bytes = file.bytes;
    if (bytes.empty()) return "it is empty";
    if (bytes.size() < kLengthBytes) return "it ends early, inside the length of its header";
    const uint64_t length = header_length(bytes);
    if (bytes.size() > kLengthBytes && bytes[kLengthBytes] != '{') {
        if (bytes.starts_with("PK\x03\x04") || bytes.starts_with("\x80\x02"))
            return "it is an archive of PyTorch or NumPy, which may hold code and is not read; "
                   "save the "
                   "tensors with safetensors.torch.save_file";
        return "it is not a safetensors file";
    }
    if (length > static_cast<uint64_t>(kMaxSafetensorsHeader))
        return fmt::format("its header claims {} bytes; at most {} are read", length,
                           grouped_text(kMaxSafetensorsHeader));
    if (length > bytes.size() - kLengthBytes) return "it ends early, inside its header";
    const size_t data_at = kLengthBytes + static_cast<size_t>(length);

    HeaderReader reader(file.tensors, bytes.size() - data_at);
    const std::string_view header = bytes.substr(kLengthBytes, static_cast<size_t>(length));
    const bool whole = Json::sax_parse(header.begin(), header.end(), &reader);
    if (!whole) return reader.wrong().empty() ? "its header is damaged" : reader.wrong();
    if (std::string wrong = check_sizes(file.tensors); !wrong.empty()) return wrong;
    for (StoredTensor& tensor : file.tensors) {
        tensor.begin += data_at;
        tensor.end += data_at;
    }
    return "";
}

std::string fill(LoadedTensor& loaded, const SafetensorsFile& file, const StoredTensor& stored) {
    const NumberType* type = stored_type(stored.type);
    if (type == nullptr)
        return fmt::format("its numbers are {}; F64, F32, F16, BF16, integers and BOOL are read",
                           display_text(stored.type, 20));
    if (stored.dims.size() > 4)
        return fmt::format("it has {} axes; up to 4 are read", stored.dims.size());
    int64_t extents[4] = {1, 1, 1, 1};
    std::ranges::copy(stored.dims, extents + 4 - stored.dims.size());
    const Shape shape{extents[0], extents[1], extents[2], extents[3]};
    const std::optional<int64_t> count =
        count_of(stored.dims);  // they were checked against the bytes
    if (count == 0) return "one of its axes has no values";
    if (!count || *count > kMaxNpyValues)
        return fmt::format("it is too large; at most {} values are read",
                           grouped_text(kMaxNpyValues));
    const auto* bytes = reinterpret_cast<const unsigned char*>(file.bytes.data()) + stored.begin;
    loaded.tensor = read_numbers(bytes, *type, shape, false, false);
    loaded.note = conversion_note(*type);
    return "";
}

}  // namespace

SafetensorsFile read_safetensors(const std::string& path) {
    FileResult file = read_file(path, kMaxFileBytes);
    if (file.ok()) return parse_safetensors(std::move(file.bytes), display_name(path));
    SafetensorsFile result;
    result.name = display_name(path);
    result.error = std::move(file.error);
    return result;
}

SafetensorsFile parse_safetensors(std::string bytes, std::string_view name) {
    SafetensorsFile file{display_name(name), std::move(bytes), {}, ""};
    std::string wrong;
    try {
        wrong = read_header(file);
    } catch (const std::bad_alloc&) {
        wrong = "there is not enough memory";
    } catch (const std::exception& error) { wrong = display_text(error.what(), 120); }
    if (!wrong.empty()) {
        file.error = fmt::format("{} could not be read: {}.", file.name, wrong);
        file.tensors.clear();
        file.bytes.clear();
    }
    return file;
}

LoadedTensor load_tensor(const SafetensorsFile& file, size_t which) {
    LoadedTensor loaded;
    CHECK_THAT(which, <, file.tensors.size());
    const StoredTensor& stored = file.tensors[which];
    std::string wrong;
    try {
        wrong = fill(loaded, file, stored);
    } catch (const std::bad_alloc&) { wrong = "there is not enough memory"; }
    if (!wrong.empty())
        loaded.error =
            fmt::format("{} in {} cannot be used: {}.", shown(stored.name), file.name, wrong);
    return loaded;
}

std::string safetensors_bytes(std::span<const NamedTensor> tensors) {
    Json header = Json::object();
    header["__metadata__"]["format"] = "pt";  // what PyTorch's readers ask for
    size_t at = 0;
    // push_back: setting a key would look for it among all the others.
    auto& members = header.get_ref<Json::object_t&>();
    for (const NamedTensor& named : tensors) {
        const size_t end = at + named.tensor.values().size_bytes();
        Json entry;
        entry["dtype"] = "F32";
        entry["shape"] = Json::array();
        for (const int64_t extent : named.dims) entry["shape"].push_back(extent);
        entry["data_offsets"] = {at, end};
        members.Container::push_back({named.name, std::move(entry)});
        at = end;
    }
    std::string text = header.dump(-1, ' ', false, Json::error_handler_t::replace);
    text.append((8 - text.size() % 8) % 8, ' ');  // the values start at a multiple of 8
    std::string bytes;
    bytes.reserve(kLengthBytes + text.size() + at);
    for (size_t i = 0; i < kLengthBytes; ++i)
        bytes.push_back(static_cast<char>(static_cast<uint64_t>(text.size()) >> 8 * i & 255));
    bytes += text;
    for (const NamedTensor& named : tensors) append_floats(bytes, named.tensor.values());
    return bytes;
}

bool looks_like_safetensors(std::string_view bytes) {
    return bytes.size() > kLengthBytes && bytes[kLengthBytes] == '{' &&
           header_length(bytes) <= static_cast<uint64_t>(kMaxSafetensorsHeader);
}

std::string dims_text(std::span<const int64_t> dims) {
    if (dims.empty()) return "a single number";
    if (dims.size() == 1) return dims[0] == 1 ? "1 value" : fmt::format("{} values", dims[0]);
    return fmt::format("{}", fmt::join(dims, "×"));
}

}  // namespace convscope
