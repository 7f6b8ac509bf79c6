// The test program's `new` (a file of its own: where it is seen, compilers take it for a mismatch).
#include "tests/counted_memory.h"

#include <cstdlib>
#include <new>

namespace {

thread_local bool counting = false;
thread_local size_t counted = 0;

}  // namespace

#if !defined(__SANITIZE_ADDRESS__)
void* operator new(size_t size) {
    if (counting) counted += size;
    if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
#endif

namespace convscope {

CountedMemory::CountedMemory() {
    counted = 0;
    counting = true;
}
CountedMemory::~CountedMemory() { counting = false; }
size_t CountedMemory::bytes() const { return counted; }

}  // namespace convscope
