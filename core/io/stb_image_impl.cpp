// The one place that compiles stb_image and stb_image_write. What they allocate is zeroed (a damaged
// file must not show old memory) and bounded (a damaged file must not ask for all of it).
#include <cstddef>
#include <cstdlib>

namespace {

// The largest decoded picture, 64 million pixels of 4 × 16 bits with PNG's filter bytes, may double once while it grows.
constexpr size_t kMaxAllocation = size_t(1) << 30;

void* allocate(size_t size) { return size > kMaxAllocation ? nullptr : std::calloc(1, size); }
void* reallocate(void* old, size_t size) {
    return size > kMaxAllocation ? nullptr : std::realloc(old, size);
}

}  // namespace

#define STBI_MALLOC(size) allocate(size)
#define STBI_REALLOC(old, size) reallocate(old, size)
#define STBI_FREE(old) std::free(old)
#define STBIW_MALLOC(size) allocate(size)
#define STBIW_REALLOC(old, size) reallocate(old, size)
#define STBIW_FREE(old) std::free(old)
// A damaged file is no mistake of ours: it must not end the program.
#define STBI_ASSERT(condition) ((void)0)
#define STBI_NO_STDIO
#define STBI_WRITE_NO_STDIO
#define STBI_NO_PIC
#define STBI_NO_PNM
#define STBI_NO_HDR
#define STBI_NO_LINEAR

#define STB_IMAGE_IMPLEMENTATION
#include <stb_image.h>
#define STB_IMAGE_WRITE_IMPLEMENTATION
#include <stb_image_write.h>

#include <climits>

#include "core/io/deflate.h"

namespace convscope {

std::string deflated(std::string_view bytes) {
    if (bytes.size() > INT_MAX / 2) return "";
    std::string copy(bytes);
    int size = 0;
    unsigned char* made =
        stbi_zlib_compress(reinterpret_cast<unsigned char*>(copy.data()), static_cast<int>(copy.size()), &size, 8);
    if (!made) return "";
    std::string result(reinterpret_cast<char*>(made), static_cast<size_t>(size));
    STBIW_FREE(made);
    return result;
}

std::optional<std::string> inflated(std::string_view bytes, size_t most) {
    if (bytes.size() > INT_MAX || most > INT_MAX) return {};
    std::string result(most, '\0');
    const int size =
        stbi_zlib_decode_buffer(result.data(), static_cast<int>(most), bytes.data(), static_cast<int>(bytes.size()));
    if (size < 0) return {};
    result.resize(static_cast<size_t>(size));
    return result;
}

}  // namespace convscope
