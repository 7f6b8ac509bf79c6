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
