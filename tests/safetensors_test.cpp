// safetensors files against PyTorch's numbers: every type is read, what is written is the format, and no header, however
// hostile, gets through or costs memory.
#include "core/io/safetensors.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>

#include "core/io/files.h"
#include "core/io/npy.h"
#include "core/io/number_types.h"
#include "core/sha256.h"
#include "tests/counted_memory.h"

namespace convscope {
namespace {

SafetensorsFile from_python(const std::string& name) {
    return read_safetensors(CONVSCOPE_SOURCE_DIR "/tests/safetensors/" + name + ".safetensors");
}

/// A file with that header and so many zero bytes of values.
std::string with_header(std::string_view header, size_t value_bytes) {
    std::string bytes;
    for (size_t i = 0; i < 8; ++i) bytes.push_back(static_cast<char>(header.size() >> 8 * i & 255));
    return bytes.append(header).append(value_bytes, '\0');
}

SafetensorsFile parsed(std::string_view header, size_t value_bytes) {
    return parse_safetensors(with_header(header, value_bytes), "a.safetensors");
}

std::string tensor_header(std::string_view dtype, std::string_view shape,
                          std::string_view offsets) {
    return fmt::format(R"({{"w":{{"dtype":"{}","shape":[{}],"data_offsets":[{}]}}}})", dtype, shape,
                       offsets);
}

LoadedTensor load(const SafetensorsFile& file, std::string_view name) {
    for (size_t i = 0; i < file.tensors.size(); ++i)
        if (file.tensors[i].name == name) return load_tensor(file, i);
    ADD_FAILURE() << "no tensor " << name;
    return {};
}

void expect_error(const SafetensorsFile& file, std::string_view part) {
    EXPECT_NE(file.error.find(part), std::string::npos) << file.error << "\nlacks: " << part;
    EXPECT_TRUE(file.error.starts_with("a.safetensors could not be read: ")) << file.error;
    EXPECT_TRUE(file.error.ends_with('.')) << file.error;
    EXPECT_TRUE(file.tensors.empty());
}

TEST(Safetensors, EveryTypeOfPyTorch) {
    const SafetensorsFile file = from_python("types");
    ASSERT_EQ(file.error, "");
    ASSERT_EQ(file.tensors.size(), 10u);
    const std::string_view notes[][2] = {
        {"F32", ""},
        {"F64", "float64, rounded to float32"},
        {"F16", "float16, converted to float32"},
        {"BF16", "bfloat16, converted to float32"},
        {"I64", "int64, rounded to float32"},
        {"I32", "int32, rounded to float32"},
        {"I16", "int16, converted to float32"},
        {"I8", "int8, converted to float32"},
        {"U8", "uint8, converted to float32"},
        {"BOOL", "bool, converted to float32"},
    };
    for (const auto& [type, note] : notes) {
        const LoadedTensor loaded = load(file, type);
        ASSERT_EQ(loaded.error, "");
        EXPECT_EQ(loaded.note, note);
        ASSERT_EQ(loaded.tensor.shape(), (Shape{1, 2, 3, 4})) << type;
        for (int i = 0; i < 24; ++i) {
            const float number = static_cast<float>(i);
            const float expected = type == "BOOL"                 ? static_cast<float>(i % 2)
                                   : type.find('F') < type.size() ? number / 2 - 3
                                                                  : number;
            EXPECT_EQ(loaded.tensor.values()[static_cast<size_t>(i)], expected) << type << " " << i;
        }
    }
}

TEST(Safetensors, Axes) {
    const SafetensorsFile file = from_python("axes");
    ASSERT_EQ(file.error, "");
    EXPECT_EQ(load(file, "axes0").tensor.shape(), (Shape{1, 1, 1, 1}));
    EXPECT_EQ(load(file, "axes1").tensor.shape(), (Shape{1, 1, 1, 2}));
    EXPECT_EQ(load(file, "axes2").tensor.shape(), (Shape{1, 1, 2, 2}));
    EXPECT_EQ(load(file, "axes3").tensor.shape(), (Shape{1, 2, 2, 2}));
    EXPECT_EQ(load(file, "axes4").tensor.shape(), (Shape{2, 2, 2, 2}));
    EXPECT_EQ(load(file, "axes4").tensor.values()[15], 15.0f);
    EXPECT_EQ(load(file, "axes5").error,
              "axes5 in axes.safetensors cannot be used: it has 5 axes; up to 4 are read.");
    EXPECT_EQ(load(file, "empty").error,
              "empty in axes.safetensors cannot be used: one of its axes has no values.");
}

/// All 65,536 halves and bfloat16s, NaNs as one pattern: the hashes are NumPy's and PyTorch's (make_safetensors.py).
template <class Read>
std::string hash_of_all(Read read, int64_t& nans) {
    std::vector<float> values;
    for (uint32_t bits = 0; bits < 65536; ++bits) {
        float value = read(static_cast<uint16_t>(bits));
        if (std::isnan(value)) {
            ++nans;
            const uint32_t pattern = 0x7FC00000;
            std::memcpy(&value, &pattern, 4);
        }
        values.push_back(value);
    }
    std::string bytes;
    append_floats(bytes, values);
    return sha256(bytes);
}

TEST(NumberTypes, EveryHalfAndBfloat16) {
    int64_t nans = 0;
    EXPECT_EQ(hash_of_all(half_to_float, nans),
              "385ff5fe69182797cda5f1827e20cf423f4416bc9246f27d0eec27cac9039259");
    EXPECT_EQ(nans, 2046);
    nans = 0;
    EXPECT_EQ(hash_of_all(bfloat16_to_float, nans),
              "f12e27efe34841dfd6391497b86f389096b03a376586e1d9691bba0a8de3980a");
    EXPECT_EQ(nans, 254);
}

TEST(NumberTypes, DoublesRoundToTheNearest) {
    const double halfway =
        0x1.ffffffp127;  // between the largest float32 and 2^128; the even one is 2^128
    EXPECT_EQ(double_to_float(halfway), INFINITY);
    EXPECT_EQ(double_to_float(-halfway), -INFINITY);
    EXPECT_EQ(double_to_float(std::nextafter(halfway, 0)), 0x1.fffffep127f);
    EXPECT_EQ(double_to_float(std::nextafter(-halfway, 0)), -0x1.fffffep127f);
    EXPECT_EQ(double_to_float(0x1p-149), 0x1p-149f);
    EXPECT_EQ(double_to_float(0x1p-150), 0.0f);
    EXPECT_TRUE(std::isnan(double_to_float(std::nan(""))));
    EXPECT_EQ(double_to_float(16777217), 16777216.0f);
}

TEST(Safetensors, WritesTheFormat) {
    // By hand: 3 and 5 values, the header padded to a multiple of 8.
    const NamedTensor tensors[] = {{"0.weight", {1, 1, 1, 3}, Tensor({1, 1, 1, 3}, {1, -2, 0.5f})},
                                   {"0.bias", {1}, Tensor({1, 1, 1, 1}, {3})},
                                   {"1.num_batches_tracked", {}, Tensor({1, 1, 1, 1}, {7})}};
    std::string header =
        R"({"__metadata__":{"format":"pt"},)"
        R"("0.weight":{"dtype":"F32","shape":[1,1,1,3],"data_offsets":[0,12]},)"
        R"("0.bias":{"dtype":"F32","shape":[1],"data_offsets":[12,16]},)"
        R"("1.num_batches_tracked":{"dtype":"F32","shape":[],"data_offsets":[16,20]}})";
    while (header.size() % 8 != 0) header += ' ';
    std::string expected = with_header(header, 0);
    for (const std::string_view value :
         {"\0\0\x80\x3F", "\0\0\0\xC0", "\0\0\0\x3F", "\0\0\x40\x40", "\0\0\xE0\x40"})
        expected.append(value.data(), 4);
    EXPECT_EQ(safetensors_bytes(tensors), expected);
    for (size_t length = 1; length <= 8; ++length) {  // no more spaces than it takes
        const NamedTensor named{std::string(length, 'a'), {1}, Tensor({1, 1, 1, 1})};
        const std::string bytes = safetensors_bytes({&named, 1});
        const auto header_bytes = static_cast<unsigned char>(bytes[0]);
        EXPECT_EQ(header_bytes % 8, 0);
        EXPECT_EQ(bytes.size(), 8u + header_bytes + 4u);
        EXPECT_EQ(bytes.find("}}        "), bytes.npos);
    }
    EXPECT_TRUE(looks_like_safetensors(expected));
    EXPECT_FALSE(looks_like_safetensors("{\"convscope\": 1}"));
    EXPECT_TRUE(parse_safetensors(safetensors_bytes({}), "none").ok());
}

TEST(Safetensors, RoundTripKeepsEveryBit) {
    std::mt19937 random(1);
    std::vector<NamedTensor> tensors;
    for (int i = 0; i < 200; ++i) {
        const Shape shape{1, 1, 1 + int64_t(random() % 4), 1 + int64_t(random() % 4)};
        Tensor tensor(shape);
        for (float& value : tensor.mutate()) {
            const uint32_t bits = static_cast<uint32_t>(random());
            std::memcpy(&value, &bits, 4);
        }
        tensors.push_back({fmt::format("größe \"{}\"\n.weight", i), {shape.h, shape.w}, tensor});
    }
    const SafetensorsFile file = parse_safetensors(safetensors_bytes(tensors), "a.safetensors");
    ASSERT_EQ(file.error, "");
    ASSERT_EQ(file.tensors.size(), tensors.size());
    for (size_t i = 0; i < tensors.size(); ++i) {
        EXPECT_EQ(file.tensors[i].name, tensors[i].name);
        EXPECT_EQ(file.tensors[i].dims, tensors[i].dims);
        const Tensor back = load_tensor(file, i).tensor;
        ASSERT_EQ(back.shape(), tensors[i].tensor.shape());
        EXPECT_EQ(std::memcmp(back.data(), tensors[i].tensor.data(), back.values().size_bytes()),
                  0);
    }
}

TEST(Safetensors, ReadsWhatOtherWritersWrite) {
    // Metadata of any kind, members nobody asked for, any order of members, gaps, spaces behind the header.
    const SafetensorsFile file =
        parsed(R"({"b":{"data_offsets":[8,12],"x":{"dtype":[1,{"a":2}]},"shape":[],"dtype":"F32"},)"
               R"("__metadata__":{"format":"pt","deep":{"dtype":"F32"},"list":[{"a":[1]}]},)"
               R"("a":{"dtype":"I32","shape":[1],"data_offsets":[0,4]}}    )",
               16);
    ASSERT_EQ(file.error, "");
    ASSERT_EQ(file.tensors.size(), 2u);
    EXPECT_EQ(file.tensors[0].name, "a");  // in the order of their bytes
    EXPECT_EQ(load_tensor(file, 0).tensor.shape(), (Shape{1, 1, 1, 1}));
    EXPECT_TRUE(load_tensor(file, 1).ok());
    // Types that are not read are listed, and refused when asked for.
    const SafetensorsFile odd = parsed(tensor_header("F8_E4M3", "2, 2", "0, 4"), 4);
    ASSERT_EQ(odd.error, "");
    EXPECT_EQ(load_tensor(odd, 0).error,
              "w in a.safetensors cannot be used: its numbers are F8_E4M3; F64, F32, F16, BF16, "
              "integers and "
              "BOOL are read.");
}

TEST(Safetensors, RefusesByName) {
    const auto parse = [](std::string bytes) {
        return parse_safetensors(std::move(bytes), "a.safetensors");
    };
    expect_error(parse(""), "it is empty");
    expect_error(parse("abc"), "ends early, inside the length");
    expect_error(parse("hello, this is text"), "it is not a safetensors file");
    expect_error(parse("PK\x03\x04 and so on, a zip"), "safetensors.torch.save_file");
    expect_error(parse("\x80\x02 and so on, a pickle"), "safetensors.torch.save_file");
    expect_error(parse(std::string("\xFF\0\0\0\0\0\0\0{}", 10)), "ends early, inside its header");
    expect_error(parse("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF{}"),
                 "its header claims 18446744073709551615 bytes; at most 33,554,432 are read");
    expect_error(parsed("{\"w\":5}", 0), "w is 5, which is no tensor");
    expect_error(parsed("{\"w\":[1]}", 0), "a list stands where none belongs");
    expect_error(parsed("{\"w\":{\"dtype\":\"F32\"}}", 0), "w lacks dtype, shape or data_offsets");
    expect_error(parsed("{\"w\":", 0), "its header is no JSON: parse error");
    expect_error(parsed("{} x", 0), "its header is no JSON");
    expect_error(parsed("{\"\xFF\":{}}", 0), "its header is no JSON");
    expect_error(parsed(tensor_header("F32", "1e999", "0, 4"), 4), "its header is no JSON");
    expect_error(parsed(tensor_header("F32", "1.5", "0, 4"), 4), "shape of w is wrong: 1.5");
    expect_error(parsed(tensor_header("F32", "-1", "0, 4"), 4), "shape of w is wrong: -1");
    expect_error(parsed(tensor_header("F32", "[1]", "0, 4"), 4),
                 "a list stands where none belongs");
    expect_error(parsed(tensor_header("F32", "{\"a\":1}", "0, 4"), 4), "an object stands where");
    expect_error(parsed(tensor_header("F32", "1", "0, 4, 8"), 8), "more than two numbers");
    expect_error(parsed(tensor_header("F32", "1", "4"), 8), "w lacks dtype, shape or data_offsets");
    expect_error(parsed(tensor_header("F32", "1", "4, 0"), 8), "w ends before it begins");
    expect_error(parsed(tensor_header("F32", "2", "0, 8"), 7),
                 "w ends at byte 8 of the values, 7 are there");
    expect_error(parsed(tensor_header("F32", "3", "0, 8"), 8),
                 "w has 8 bytes, its shape and type (3 values, F32) need 12");
    expect_error(parsed(tensor_header("F32", "2", "0, 12"), 12), "(2 values, F32) need 8");
    expect_error(parsed(tensor_header("F64", "2, 2", "0, 16"), 16), "(2×2, F64) need 32");
    expect_error(parsed(tensor_header("F32", "4294967296, 4294967296", "0, 8"), 8),
                 "far fewer than its shape needs");
    expect_error(parsed(tensor_header("F32", "99999999999999999999", "0, 8"), 8),
                 "shape of w is wrong");
    expect_error(parsed(tensor_header("F32", "18446744073709551615", "0, 8"), 8),
                 "far fewer than its shape needs");
    expect_error(parsed(tensor_header("F32", "1", "0, 4") + "{", 4), "its header is no JSON");
    expect_error(parsed(R"({"w":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1),
                 "has dtype twice");
    expect_error(parsed(R"({"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                        R"("w":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
                        2),
                 "w is there twice");
    expect_error(parsed(R"({"v":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
                        R"("w":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
                        3),
                 "v and w share bytes");
    std::string axes = "1";
    for (int i = 0; i < 40; ++i) axes += ",1";
    expect_error(parsed(tensor_header("F32", axes, "0, 4"), 4), "more than 32 axes");
    EXPECT_EQ(read_safetensors("missing.safetensors").error, "missing.safetensors does not exist.");
}

TEST(Safetensors, HostileHeadersCostNoMoreThanTheirSize) {
    const size_t size = size_t(4) << 20;
    const auto filled = [&](std::string_view start, std::string_view piece) {
        std::string header(start);
        while (header.size() < size) header += piece;
        return header;
    };
    std::string many = "{";
    for (int i = 0; many.size() < size; ++i)
        many += fmt::format(R"("{}":{{"dtype":"F32","shape":[],"data_offsets":[0,0]}},)", i);
    for (const std::string& header :
         {filled("{\"w\":", "["), filled("{\"__metadata__\":{\"a\":", "[[{\"a\":"),
          filled("{\"__metadata__\":[", "1,"), filled("{\"w\":{\"x\":[", "{},"),
          filled("{\"w\":{\"shape\":[", "1,"), filled("{\"", "a"), many}) {
        const CountedMemory memory;
        const SafetensorsFile file = parsed(header, 0);
        EXPECT_LT(memory.bytes(), 32 * size) << header.substr(0, 40);
        EXPECT_NE(file.error, "") << header.substr(0, 40);
    }
    std::string crowd = "{";
    for (size_t i = 0; i <= kMaxStoredTensors; ++i)
        crowd += fmt::format(R"("{}":{{"dtype":"F8","shape":[],"data_offsets":[0,0]}},)", i);
    expect_error(parsed(crowd, 0), "it has more than 100,000 tensors");
}

TEST(Safetensors, MutatedFilesNeverCrashNorAllocateMuch) {
    std::mt19937 random(7);
    const std::string seeds[] = {
        read_file(CONVSCOPE_SOURCE_DIR "/tests/safetensors/types.safetensors", 1 << 20).bytes,
        read_file(CONVSCOPE_SOURCE_DIR "/tests/safetensors/axes.safetensors", 1 << 20).bytes};
    int refused = 0, loaded = 0;
    for (int round = 0; round < 20000; ++round) {
        std::string bytes = seeds[random() % 2];
        for (uint32_t change = 0; change <= random() % 3; ++change) {
            const size_t at = random() % std::min<size_t>(bytes.size(), 840);
            const auto kind = random() % 5;
            if (kind == 0) bytes[at] = static_cast<char>(random());
            if (kind == 1) bytes[at] = "0123456789{}[]:,\"FIU-e."[random() % 23];
            if (kind == 2) bytes.erase(at, 1 + random() % 8);
            if (kind == 3) bytes.insert(at, bytes.substr(random() % bytes.size(), 9));
            // Repair the length, so that the header itself is tried.
            if (kind == 4)
                if (const size_t end = bytes.rfind("}}"); end != std::string::npos && end > 8) {
                    const size_t length = end + 2 - 8;
                    for (size_t i = 0; i < 8; ++i)
                        bytes[i] = static_cast<char>(length >> 8 * i & 255);
                }
        }
        const CountedMemory memory;
        const SafetensorsFile file = parse_safetensors(bytes, "a.safetensors");
        for (size_t i = 0; i < file.tensors.size(); ++i) {
            const LoadedTensor tensor = load_tensor(file, i);
            EXPECT_EQ(tensor.ok(), !tensor.tensor.empty());
            loaded += tensor.ok() ? 1 : 0;
        }
        EXPECT_LT(memory.bytes(), 100'000u);
        EXPECT_EQ(file.ok(), file.error.empty());
        refused += file.ok() ? 0 : 1;
    }
    EXPECT_GT(refused, 5000);
    EXPECT_GT(loaded, 5000);
}

TEST(Npy, WritesFewerAxes) {
    const Tensor three({1, 1, 1, 3}, {1, 2, 3});
    const int64_t vector[] = {3}, matrix[] = {3, 1};
    EXPECT_EQ(parse_npy(bytes_of(npy_bytes(three, vector)), "a").dims, (std::vector<int64_t>{3}));
    EXPECT_EQ(parse_npy(bytes_of(npy_bytes(three, matrix)), "a").dims,
              (std::vector<int64_t>{3, 1}));
    EXPECT_EQ(
        parse_npy(bytes_of(npy_bytes(Tensor({1, 1, 1, 1}, 5), std::vector<int64_t>())), "a").dims,
        (std::vector<int64_t>{}));
    // numpy.save of arrays of 0 to 3 axes makes the same files to the byte.
    for (size_t axes = 0; axes < 4; ++axes) {
        const std::string path = fmt::format("{}/tests/npy/axes{}.npy", CONVSCOPE_SOURCE_DIR, axes);
        const std::vector<int64_t> dims(axes, 2);
        EXPECT_EQ(npy_bytes(read_npy(path).tensor, dims), read_file(path, 1 << 20).bytes);
    }
}

}  // namespace
}  // namespace convscope
