// .npy files against numpy: what it wrote is read, what we write it would read, and nothing hostile gets through.
#include "core/io/npy.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <random>

#include "core/io/files.h"

namespace convscope {
namespace {

NpyResult from_numpy(const std::string& name) {
    return read_npy(CONVSCOPE_SOURCE_DIR "/tests/npy/" + name);
}

/// A file with that header (padded as the format wants it) and so many zero bytes of values.
std::string with_header(std::string header, size_t value_bytes, char version = 1) {
    header += std::string(63 - (10 + header.size()) % 64, ' ') + "\n";
    std::string bytes = "\x93NUMPY";
    bytes +=
        {version, 0, static_cast<char>(header.size() & 255), static_cast<char>(header.size() >> 8)};
    if (version > 1) bytes += std::string(2, '\0');
    return bytes + header + std::string(value_bytes, '\0');
}

std::string error_of(const std::string& bytes) { return parse_npy(bytes_of(bytes), "a.npy").error; }

TEST(Npy, EveryNumberTypeAndByteOrderOfNumpy) {
    for (const char* name :
         {"f2",     "f4",     "f8",     "i1",     "u1",         "i2",      "u2",     "i4",
          "u4",     "i8",     "u8",     "big_f2", "big_f4",     "big_f8",  "big_i2", "big_u2",
          "big_i4", "big_u4", "big_i8", "big_u8", "fortran_f4", "version2"}) {
        const NpyResult result = from_numpy(std::string(name) + ".npy");
        ASSERT_EQ(result.error, "") << name;
        ASSERT_EQ(result.tensor.shape(), (Shape{1, 2, 3, 4})) << name;
        EXPECT_EQ(result.dims, (std::vector<int64_t>{2, 3, 4})) << name;
        // "f4", "big_f4", "fortran_f4", "version2" hold floats.
        const std::string_view type =
            std::string_view(name).substr(std::string_view(name).size() - 2);
        const bool is_integer = type[0] == 'i' || type[0] == 'u';
        for (int i = 0; i < 24; ++i) {
            const float value = static_cast<float>(i);
            EXPECT_EQ(result.tensor.values()[static_cast<size_t>(i)],
                      is_integer ? value : value / 2 - 3)
                << name;
        }
    }
}

TEST(Npy, BoolFortranAndAxes) {
    const NpyResult odd = from_numpy("bool.npy");
    ASSERT_TRUE(odd.ok()) << odd.error;
    for (size_t i = 0; i < 24; ++i) EXPECT_EQ(odd.tensor.values()[i], static_cast<float>(i % 2));
    const NpyResult four = from_numpy("fortran_4d.npy");
    ASSERT_EQ(four.tensor.shape(), (Shape{2, 3, 4, 5})) << four.error;
    for (size_t i = 0; i < 120; ++i) EXPECT_EQ(four.tensor.values()[i], static_cast<float>(i));
    EXPECT_EQ(from_numpy("axes0.npy").tensor.shape(), (Shape{1, 1, 1, 1}));
    EXPECT_EQ(from_numpy("axes1.npy").tensor.shape(), (Shape{1, 1, 1, 2}));
    EXPECT_EQ(from_numpy("axes2.npy").tensor.shape(), (Shape{1, 1, 2, 2}));
    EXPECT_EQ(from_numpy("axes3.npy").tensor.shape(), (Shape{1, 2, 2, 2}));
    EXPECT_EQ(from_numpy("axes4.npy").tensor.shape(), (Shape{2, 2, 2, 2}));
    EXPECT_EQ(from_numpy("axes5.npy").error,
              "axes5.npy could not be read: it has more than 4 axes.");
}

TEST(Npy, HalvesDoublesAndLongsBecomeTheNearestFloat) {
    const auto halves = from_numpy("halves.npy").tensor;
    const float expected[] = {0,        -0.0f,        1,        -2.5f,    65504,
                              0x1p-24f, 0x1.ff8p-15f, INFINITY, -INFINITY};
    for (size_t i = 0; i < 9; ++i) EXPECT_EQ(halves.values()[i], expected[i]) << i;
    EXPECT_TRUE(std::signbit(halves.values()[1]));
    EXPECT_TRUE(std::isnan(halves.values()[9]));
    const NpyResult doubles = from_numpy("doubles.npy");
    const float rounded[] = {0.1f, INFINITY, -INFINITY, 3.4028235e38f, 0, INFINITY};
    for (size_t i = 0; i < 6; ++i) EXPECT_EQ(doubles.tensor.values()[i], rounded[i]) << i;
    EXPECT_TRUE(std::isnan(doubles.tensor.values()[6]));
    EXPECT_EQ(doubles.tensor.values()[7], 16777216.0f);
    EXPECT_EQ(doubles.note, "float64, rounded to float32");
    const auto longs = from_numpy("longs.npy").tensor;
    EXPECT_EQ(longs.values()[0], 9007199254740992.0f);
    EXPECT_EQ(longs.values()[1], -9223372036854775808.0f);
    EXPECT_EQ(from_numpy("f4.npy").note, "");
}

TEST(Npy, WritesWhatNumpyWrites) {
    // numpy.save of a 2×2×2×2 array makes the same file to the byte.
    const FileResult numpy = read_file(CONVSCOPE_SOURCE_DIR "/tests/npy/axes4.npy", 1 << 20);
    const NpyResult result = from_numpy("axes4.npy");
    EXPECT_EQ(npy_bytes(result.tensor), numpy.bytes);
}

TEST(Npy, RoundTripKeepsEveryBit) {
    std::mt19937 random(1);
    Tensor tensor(Shape{2, 3, 5, 7});
    for (float& value : tensor.mutate()) {
        const uint32_t bits = static_cast<uint32_t>(random());
        std::memcpy(&value, &bits, 4);
    }
    std::string error;
    ASSERT_TRUE(write_npy("round-trip ∑.npy", tensor, error)) << error;
    const NpyResult back = read_npy("round-trip ∑.npy");
    std::filesystem::remove(to_path("round-trip ∑.npy"));
    ASSERT_EQ(back.error, "");
    ASSERT_EQ(back.tensor.shape(), tensor.shape());
    EXPECT_EQ(std::memcmp(back.tensor.data(), tensor.data(), tensor.values().size_bytes()), 0);
}

TEST(Npy, RefusesByName) {
    EXPECT_EQ(from_numpy("complex.npy").error,
              "complex.npy could not be read: it holds complex numbers; integers, bool and float16 "
              "to float64 are "
              "read.");
    EXPECT_NE(from_numpy("text.npy").error.find("it holds text"), std::string::npos);
    EXPECT_NE(from_numpy("objects.npy").error.find("Python objects, which are never run"),
              std::string::npos);
    EXPECT_NE(from_numpy("records.npy").error.find("records of several fields"), std::string::npos);
    EXPECT_NE(from_numpy("empty.npy").error.find("one of its axes has no values"),
              std::string::npos);
    EXPECT_NE(from_numpy("archive.npz").error.find(".npz archive"), std::string::npos);
    EXPECT_EQ(from_numpy("missing.npy").error, "missing.npy does not exist.");
}

TEST(Npy, HostileHeaders) {
    const auto header = [](std::string_view shape, std::string_view descr = "<f4") {
        return "{'descr': '" + std::string(descr) + "', 'fortran_order': False, 'shape': (" +
               std::string(shape) + "), }";
    };
    EXPECT_EQ(error_of(with_header(header("2, 3"), 24)), "");
    EXPECT_EQ(error_of(with_header(header("2, 3"), 23)),
              "a.npy could not be read: it ends early: its shape needs 24 bytes, 23 are there.");
    EXPECT_NE(error_of(with_header(header("99999999999999999999999999"), 4)).find("too large"),
              std::string::npos);
    EXPECT_NE(error_of(with_header(header("100000, 100000"), 4)).find("too large"),
              std::string::npos);
    EXPECT_NE(error_of(with_header(header("268435456, 268435456, 268435456, 268435456"), 4))
                  .find("too large"),
              std::string::npos);
    EXPECT_NE(error_of(with_header(header("-1, 2"), 4)).find("something else than numbers"),
              std::string::npos);
    EXPECT_NE(error_of(with_header(header("0, 268435456"), 4)).find("no values"),
              std::string::npos);
    EXPECT_NE(error_of(with_header(header("2", "<f16"), 4)).find("'<f16'"), std::string::npos);
    EXPECT_NE(error_of(with_header(header("2", ""), 4)).find("''"), std::string::npos);
    EXPECT_NE(error_of(with_header("{'shape': (2,)}", 8)).find("lacks descr"), std::string::npos);
    EXPECT_NE(
        error_of(with_header("__import__('os').system('ls')", 8)).find("no Python dictionary"),
        std::string::npos);
    EXPECT_NE(error_of(with_header(header("2"), 8, 9)).find("version 9"), std::string::npos);
    EXPECT_NE(error_of("").find("it is empty"), std::string::npos);
    EXPECT_NE(error_of("\x93NUMPY").find("ends early"), std::string::npos);
    EXPECT_NE(error_of("hello, this is text").find("not a .npy file"), std::string::npos);
    const std::string claims_4_gb("\x93NUMPY\2\0\xFF\xFF\xFF\xFF{}", 14);
    EXPECT_NE(error_of(claims_4_gb).find("its header claims 4294967295 bytes"), std::string::npos);
}

TEST(Npy, MutatedFilesNeverCrash) {
    std::mt19937 random(7);
    const std::string seeds[] = {
        read_file(CONVSCOPE_SOURCE_DIR "/tests/npy/fortran_4d.npy", 1 << 20).bytes,
        read_file(CONVSCOPE_SOURCE_DIR "/tests/npy/version2.npy", 1 << 20).bytes};
    int refused = 0;
    for (int round = 0; round < 20000; ++round) {
        std::string bytes = seeds[random() % 2];
        for (uint32_t change = 0; change <= random() % 4; ++change) {
            const size_t at = random() % std::min<size_t>(bytes.size(), 140);
            const uint32_t kind = random() % 4;
            if (kind == 0) bytes[at] = static_cast<char>(random());
            if (kind == 1) bytes[at] = "0123456789(),'LTF<>"[random() % 19];
            if (kind == 2) bytes.erase(at, 1 + random() % 8);
            if (kind == 3) bytes.insert(at, bytes.substr(random() % bytes.size(), 5));
        }
        const NpyResult result = parse_npy(bytes_of(bytes), "a.npy");
        EXPECT_EQ(result.ok(), !result.tensor.empty());
        refused += result.ok() ? 0 : 1;
    }
    EXPECT_GT(refused, 5000);
}

}  // namespace
}  // namespace convscope
