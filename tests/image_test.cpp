// Images against PIL, ImageMagick and numpy (tests/images/make_images.py), a second scaler, and a flood of broken files.
#include "core/io/image.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <random>

#include "core/io/files.h"
#include "core/io/npy.h"

#if defined(__unix__)
#include <sys/stat.h>
#endif

namespace convscope {
namespace {

const std::string kFolder = CONVSCOPE_SOURCE_DIR "/tests/images/";

/// Every picture file beside which there is an expectation.
std::vector<std::string> picture_files() {
    std::vector<std::string> names;
    for (const DirectoryEntry& entry : list_directory(kFolder).entries)
        if (!entry.name.ends_with(".npy") && !entry.name.ends_with(".py"))
            names.push_back(entry.name);
    return names;
}

std::string bytes_of_picture(const std::string& name) {
    return read_file(kFolder + name, 1 << 20).bytes;
}

std::string error_of(std::string_view bytes, std::string_view name) {
    const ImageResult result = load_image_bytes(bytes_of(bytes), name);
    EXPECT_EQ(result.ok(), !result.tensor.empty());
    EXPECT_EQ(result.ok(), !result.note.empty());
    return result.error;
}

std::string big_endian(uint32_t value) {
    return {static_cast<char>(value >> 24), static_cast<char>(value >> 16 & 255),
            static_cast<char>(value >> 8 & 255), static_cast<char>(value & 255)};
}

/// The checksum of PNG, bit by bit (the loader uses a table).
uint32_t slow_crc(std::string_view bytes) {
    uint32_t crc = ~0u;
    for (const char byte : bytes) {
        crc ^= static_cast<unsigned char>(byte);
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc & 1 ? 0xEDB88320u : 0);
    }
    return ~crc;
}

std::string png_part(std::string_view kind, std::string_view data) {
    const std::string body = std::string(kind) + std::string(data);
    return big_endian(static_cast<uint32_t>(data.size())) + body + big_endian(slow_crc(body));
}

const std::string kPngStart = "\x89PNG\r\n\x1A\n";

TEST(Image, EqualsWhatOtherProgramsRead) {
    const std::vector<std::string> names = picture_files();
    ASSERT_GE(names.size(), 35u);
    for (const std::string& name : names) {
        const ImageResult result = load_image(kFolder + name);
        ASSERT_EQ(result.error, "");
        const NpyResult expected = read_npy(kFolder + name + ".npy");
        ASSERT_EQ(expected.error, "");
        const std::vector<int64_t>& dims = expected.dims;
        const int64_t expected_channels = dims.size() == 3 ? dims[2] : 1;
        const Shape shape = result.tensor.shape();
        ASSERT_EQ(shape.h, dims[0]) << name;
        ASSERT_EQ(shape.w, dims[1]) << name;
        ASSERT_TRUE(shape.n == 1 && (shape.c == 1 || shape.c == 3)) << name;
        const float tolerance = name.ends_with(".jpg") ? 2.6f / 255
                                : name == "rgb.psd"    ? 1e-6f
                                                       : 1e-6f;
        for (int64_t i = 0; i < shape.count(); ++i) {
            const Index at = shape.index(i);
            const int64_t channel = std::min(at.c, expected_channels - 1);
            const int64_t place = (at.h * shape.w + at.w) * expected_channels + channel;
            ASSERT_NEAR(result.tensor.at(at), expected.tensor.values()[static_cast<size_t>(place)],
                        tolerance)
                << name << " " << at.c << " " << at.h << " " << at.w;
        }
    }
}

TEST(Image, NotesSayWhatWasDone) {
    const auto note = [](const std::string& name, const ImageOptions& options) {
        return load_image(kFolder + name, options).note;
    };
    EXPECT_EQ(note("rgb.png", {}), "21×13 RGB, divided by 255");
    EXPECT_EQ(note("rgb.png", {.max_side = 21}), "21×13 RGB, divided by 255");
    EXPECT_EQ(note("rgb.png", {.max_side = 10}), "21×13 RGB, scaled to 10×6, divided by 255");
    EXPECT_EQ(note("rgb.png", {.grey = true}), "21×13 RGB, made grey, divided by 255");
    EXPECT_EQ(note("grey.png", {.grey = true}), "21×13 grey, divided by 255");
    EXPECT_EQ(note("rgba.png", {}), "21×13 RGB, transparent parts over white, divided by 255");
    EXPECT_EQ(note("grey16.png", {}), "21×13 16-bit grey, divided by 65535");
    EXPECT_EQ(note("maximum15.pgm", {}), "21×13 grey, divided by 15");
    EXPECT_EQ(note("bits.pbm", {}), "21×13 black and white");
    EXPECT_EQ(note("runs.hdr", {}), "21×13 HDR RGB, divided by its maximum 10.19");
    EXPECT_EQ(note("animated.gif", {}), "21×13 RGB, first frame of the GIF, divided by 255");
    EXPECT_EQ(note("orientation6.jpg", {.max_side = 10}),
              "21×13 RGB, turned upright as its EXIF says, scaled to 6×10, divided by 255");
}

TEST(Image, BytesBecomeExactlyTheirQuotients) {
    // torchvision's to_tensor divides in float32.
    std::string bytes = "P5 256 1 255\n";
    for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
    const ImageResult result = load_image_bytes(bytes_of(bytes), "ramp.pgm");
    ASSERT_EQ(result.error, "");
    for (int i = 0; i < 256; ++i)
        EXPECT_EQ(result.tensor.values()[static_cast<size_t>(i)], static_cast<float>(i) / 255.0f);
}

TEST(Image, GreyWeighsTheColours) {
    const ImageResult colour = load_image(kFolder + "rgb.png");
    const ImageResult grey = load_image(kFolder + "rgb.png", {.grey = true});
    ASSERT_EQ(grey.tensor.shape(), (Shape{1, 1, 13, 21}));
    for (int64_t i = 0; i < 13 * 21; ++i) {
        const Index at = grey.tensor.shape().index(i);
        const float r = colour.tensor.at({0, 0, at.h, at.w}),
                    g = colour.tensor.at({0, 1, at.h, at.w});
        const float b = colour.tensor.at({0, 2, at.h, at.w});
        EXPECT_NEAR(grey.tensor.at(at), 0.299f * r + 0.587f * g + 0.114f * b, 1e-6f);
    }
}

/// Area average by brute force: each output place is cut into to·from little steps an axis, each reads one source.
double area_mean(const Tensor& source, int64_t c, int64_t y, int64_t x, int64_t height,
                 int64_t width) {
    const Shape from = source.shape();
    double sum = 0;
    for (int64_t j = 0; j < from.h; ++j)
        for (int64_t i = 0; i < from.w; ++i)
            sum += static_cast<double>(
                source.at({0, c, (y * from.h + j) / height, (x * from.w + i) / width}));
    return sum / static_cast<double>(from.h * from.w);
}

TEST(Image, ScalingIsTheMeanOfTheArea) {
    const Tensor whole = load_image(kFolder + "rgba.png").tensor;
    for (const int64_t side : {20, 13, 10, 7, 2, 1}) {
        const Tensor scaled = load_image(kFolder + "rgba.png", {.max_side = side}).tensor;
        const Shape shape = scaled.shape();
        EXPECT_EQ(shape.w, side);
        EXPECT_EQ(shape.h,
                  std::max<int64_t>(1, std::lround(13.0 * static_cast<double>(side) / 21)));
        for (int64_t i = 0; i < shape.count(); ++i) {
            const Index at = shape.index(i);
            ASSERT_NEAR(scaled.at(at), area_mean(whole, at.c, at.h, at.w, shape.h, shape.w), 1e-6)
                << side;
        }
    }
}

TEST(Image, SampleImagesAndIcon) {
    const std::string folder = CONVSCOPE_SOURCE_DIR "/assets/";
    const auto check = [&](const std::string& name, Shape shape) {
        const ImageResult result = load_image(folder + name);
        ASSERT_EQ(result.error, "");
        EXPECT_EQ(result.tensor.shape(), shape) << name;
        EXPECT_LT(std::filesystem::file_size(folder + name), 150'000u) << name;
        const auto [least, most] =
            std::minmax_element(result.tensor.values().begin(), result.tensor.values().end());
        EXPECT_LT(*least, 0.15f) << name;
        EXPECT_GT(*most, 0.9f) << name;
    };
    check("images/still-life.png", {1, 3, 152, 152});
    check("images/test-card.png", {1, 1, 160, 192});
    check("images/harbour.png", {1, 3, 152, 208});
    check("icon.png", {1, 3, 64, 64});
}

TEST(Image, SavedPngComesBack) {
    std::vector<unsigned char> rgba(4 * 5 * 3);
    for (size_t i = 0; i < rgba.size(); ++i)
        rgba[i] = static_cast<unsigned char>(i % 4 == 3 ? 255 : i * 37);
    std::string error;
    ASSERT_TRUE(save_png("Zürich 夜.png", 5, 3, rgba, error)) << error;
    const ImageResult back = load_image("Zürich 夜.png");
    std::filesystem::remove(to_path("Zürich 夜.png"));
    ASSERT_EQ(back.error, "");
    ASSERT_EQ(back.tensor.shape(), (Shape{1, 3, 3, 5}));
    for (int64_t i = 0; i < 45; ++i) {
        const Index at = back.tensor.shape().index(i);
        EXPECT_EQ(
            back.tensor.at(at),
            static_cast<float>(rgba[static_cast<size_t>((at.h * 5 + at.w) * 4 + at.c)]) / 255);
    }
    EXPECT_FALSE(save_png("no.png", 5, 3, std::span(rgba).first(8), error));
    EXPECT_EQ(error, "no.png could not be written: a picture of 5×3 pixels cannot be made.");
    EXPECT_FALSE(save_png("no.png", 0, 3, {}, error));
    EXPECT_FALSE(save_png("no.png", 2147483647, 2147483647, {}, error));
    EXPECT_FALSE(save_png("no/such/folder/no.png", 5, 3, rgba, error));
    EXPECT_EQ(error, "no.png could not be written: there is no such folder.");
}

TEST(Image, FilesThatAreNoImage) {
    EXPECT_EQ(load_image("missing.png").error, "missing.png does not exist.");
    EXPECT_EQ(load_image("").error, "No file name was given.");
    EXPECT_EQ(load_image(kFolder).error, "images is a folder, not a file.");
    EXPECT_EQ(load_image(std::string("a.png\0b", 7)).error, "a.png�b is not a possible file name.");
    EXPECT_EQ(
        load_image(kFolder + "make_images.py").error,
        "make_images.py is not an image; PNG, JPEG, BMP, TGA, PSD, GIF, PNM and HDR are read.");
    EXPECT_EQ(error_of("", "empty.png"), "empty.png is empty.");
    EXPECT_EQ(error_of("RIFF\x24\0\0\0WEBPVP8 ", "a.webp").find("a.webp is not an image"), 0u);
    EXPECT_EQ(error_of(std::string("RIFF\x24\0\0\0WEBPVP8 ", 16), "a.webp"),
              "a.webp is a WebP image, which is not read; PNG, JPEG, BMP, TGA, PSD, GIF, PNM and "
              "HDR are.");
    EXPECT_NE(error_of(std::string("II*\0\x08\0\0\0", 8), "scan.tif").find("a TIFF image"),
              std::string::npos);
#if defined(__unix__)
    // Opening a pipe nobody writes to would wait for ever.
    ::mkfifo("pipe.png", 0600);
    EXPECT_EQ(load_image("pipe.png").error,
              "pipe.png is a pipe or a device, not an ordinary file.");
    EXPECT_EQ(load_image("/dev/zero").error, "zero is a pipe or a device, not an ordinary file.");
    std::filesystem::remove("pipe.png");
#endif
}

TEST(Image, UnreadableFile) {
    std::string error;
    ASSERT_TRUE(write_file_atomically("secret.png", bytes_of_picture("rgb.png"), error));
    std::filesystem::permissions("secret.png", std::filesystem::perms::none);
    const ImageResult result = load_image("secret.png");
    std::filesystem::permissions("secret.png", std::filesystem::perms::owner_all);
    std::filesystem::remove("secret.png");
    if (result.ok()) GTEST_SKIP() << "this user may read everything";
    EXPECT_EQ(result.error, "secret.png could not be read: permission denied.");
}

TEST(Image, HugeClaimsAreRefusedBeforeDecoding) {
    const auto png = [](uint32_t width, uint32_t height) {
        return kPngStart +
               png_part("IHDR",
                        big_endian(width) + big_endian(height) + std::string("\x08\2\0\0\0", 5)) +
               png_part("IDAT", "x") + png_part("IEND", "");
    };
    const std::string refused = " pixels; at most 64 million are read.";
    EXPECT_EQ(error_of(png(100000, 100000), "bomb.png"), "bomb.png claims 100000×100000" + refused);
    EXPECT_EQ(error_of(png(4294967295u, 4294967295u), "bomb.png"),
              "bomb.png claims 4294967295×4294967295" + refused);
    EXPECT_EQ(error_of(png(100000, 2), "long.png"),
              "long.png claims 100000×2 pixels; sides of at most 65535 are read.");
    EXPECT_EQ(error_of("P6 100000 100000 255\n", "bomb.ppm"),
              "bomb.ppm claims 100000×100000" + refused);
    EXPECT_EQ(error_of("P6 999999999 999999999 255\n", "a.ppm"),
              "a.ppm claims 999999999×999999999" + refused);
    EXPECT_EQ(error_of("P6 99999999999999999999 2 255\n", "a.ppm"),
              "a.ppm is damaged: its header is wrong.");
    EXPECT_EQ(error_of("#?RADIANCE\n\n-Y 100000 +X 100000\n", "bomb.hdr"),
              "bomb.hdr claims 100000×100000" + refused);
    const std::string bmp = std::string("BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0", 18) +
                            std::string("\xA0\x86\1\0", 4) + std::string("\xA0\x86\1\0", 4) +
                            std::string("\1\0\x18\0", 4) + std::string(64, '\0');
    EXPECT_EQ(error_of(bmp, "bomb.bmp"), "bomb.bmp claims 100000×100000" + refused);
    const std::string gif = "GIF89a\xFF\xFF\xFF\xFF" + std::string(32, '\0');
    EXPECT_EQ(error_of(gif, "bomb.gif"), "bomb.gif claims 65535×65535" + refused);
    const std::string jpeg =
        std::string("\xFF\xD8\xFF\xC0\0\x0B\x08\xFF\xFF\xFF\xFF\1\1\x11\0", 15);
    EXPECT_EQ(error_of(jpeg, "bomb.jpg"), "bomb.jpg claims 65535×65535" + refused);
    const std::string tga = std::string("\0\0\2\0\0\0\0\0\0\0\0\0\xFF\xFF\xFF\xFF\x18\0", 18);
    EXPECT_EQ(error_of(tga, "bomb.tga"), "bomb.tga claims 65535×65535" + refused);
    // A JPEG whose blocks cannot all be in its file would be decoded as grey, for a while.
    std::string sparse = bytes_of_picture("rgb.jpg");
    const size_t size_at = sparse.find(std::string("\0\x0D\0\x15", 4));
    ASSERT_NE(size_at, std::string::npos);
    sparse.replace(size_at, 4, "\x1F\x40\x1F\x40");
    EXPECT_EQ(error_of(sparse, "sparse.jpg"), "sparse.jpg is damaged: it ends early.");
    // Small claims that the file does not keep are refused without making room for them.
    EXPECT_EQ(error_of("P6 8000 8000 255\nabc", "short.ppm"),
              "short.ppm is damaged: it ends early.");
    EXPECT_EQ(error_of("P3 8000 8000 255\n1 2", "short.ppm"),
              "short.ppm is damaged: it ends early.");
}

TEST(Image, DamageIsNamed) {
    std::string png = bytes_of_picture("rgb.png");
    png[png.size() / 2] ^= 1;
    EXPECT_EQ(error_of(png, "a.png"), "a.png is damaged: the checksum of its IDAT part is wrong.");
    EXPECT_EQ(error_of(kPngStart + png_part("IEND", ""), "a.png"),
              "a.png is damaged: its header is wrong.");
    // A Huffman table of 272 values, which stb_image 2.27 would write behind its own.
    const std::string jpeg = bytes_of_picture("rgb.jpg");
    const std::string table =
        std::string("\xFF\xC4\1\x23\0", 5) + std::string(16, '\x11') + std::string(272, '\0');
    EXPECT_EQ(error_of(jpeg.substr(0, 2) + table + jpeg.substr(2), "a.jpg"),
              "a.jpg is damaged: its parts do not fit together.");
    // A scan costs a pass over the picture, however short it is.
    const size_t scan = jpeg.find("\xFF\xDA");
    std::string many = jpeg.substr(0, jpeg.size() - 2);
    for (int i = 0; i < 200; ++i) many += jpeg.substr(scan, 20);
    EXPECT_EQ(error_of(many + "\xFF\xD9", "a.jpg"),
              "a.jpg is damaged: it has more than 100 scans.");
    const std::string hdr =
        "#?RADIANCE\n\n-Y 1 +X 8\n" + std::string("\2\2\0\x08\0\0\0\0", 8) + std::string(99, '\0');
    EXPECT_EQ(error_of(hdr, "a.hdr"), "a.hdr is damaged: a run does not fit its row.");
    EXPECT_EQ(error_of("P5 2 1 15\n\x03\x10", "a.pgm"),
              "a.pgm is damaged: it holds 16, more than its maximum 15.");
    EXPECT_EQ(error_of("P5 2 1 0\n\1\1", "a.pgm"),
              "a.pgm is damaged: its maximum is 0; 1 to 65535 is possible.");
    EXPECT_EQ(error_of("P5 0 1 255\n", "a.pgm"), "a.pgm is damaged: it claims 0×1 pixels.");
}

TEST(Image, EveryTruncationIsNoticed) {
    for (const std::string& name : picture_files()) {
        const std::string whole = bytes_of_picture(name);
        // What follows the first frame of a GIF, and spaces at the end of text, may be missing.
        size_t end = name.ends_with(".gif") ? whole.size() / 4 : whole.size();
        if (name.ends_with(".tga")) end -= 26;  // a footer without pixels
        while (name.starts_with("text") &&
               std::string_view(" \n").find(whole[end - 1]) != std::string_view::npos)
            --end;
        for (size_t size = 0; size < end; ++size) {
            // Leaving digits off the last number of a text leaves a number.
            if (name.starts_with("text") && size > end - 3) continue;
            EXPECT_NE(error_of(std::string_view(whole).substr(0, size), name), "")
                << name << " cut to " << size;
        }
    }
}

TEST(Image, MutatedFilesNeverCrash) {
    std::vector<std::pair<std::string, std::string>> seeds;
    for (const std::string& name : picture_files())
        seeds.emplace_back(name, bytes_of_picture(name));
    std::mt19937 random(11);
    int refused = 0;
    for (int round = 0; round < 12000; ++round) {
        auto [name, bytes] = seeds[random() % seeds.size()];
        for (uint32_t change = 0; change <= random() % 5 && !bytes.empty(); ++change) {
            const size_t near_start = random() % std::min<size_t>(bytes.size(), 64);
            const size_t at = random() % 3 == 0 ? near_start : random() % bytes.size();
            switch (random() % 6) {
                case 0: bytes[at] = static_cast<char>(random()); break;
                case 1: bytes[at] = static_cast<char>(bytes[at] ^ 1 << random() % 8); break;
                case 2: bytes[at] = static_cast<char>(random() % 2 ? 0xFF : 0); break;
                case 3:
                    bytes.insert(at, bytes.substr(random() % bytes.size(), random() % 40));
                    break;
                case 4: bytes.erase(at, random() % 40); break;
                case 5: bytes[at] = static_cast<char>(random() % 5); break;
            }
        }
        const ImageResult result = load_image_bytes(bytes_of(bytes), name, {.max_side = 32});
        refused += result.ok() ? 0 : 1;
        if (result.ok()) {
            for (const float value : result.tensor.values()) ASSERT_TRUE(value >= 0 && value <= 1);
        } else {
            EXPECT_TRUE(result.error.starts_with(name) && result.error.ends_with("."))
                << result.error;
        }
    }
    EXPECT_GT(refused, 3000);
}

}  // namespace
}  // namespace convscope
