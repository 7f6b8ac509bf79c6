// Counts the bytes that a test's code asks for.
#pragma once

#include <cstddef>

namespace convscope {

/// While it lives, what this thread asks `new` for is added up; with the address sanitizer, which has its own `new`,
/// nothing is.
class CountedMemory {
public:
    CountedMemory();
    ~CountedMemory();
    CountedMemory(const CountedMemory&) = delete;
    CountedMemory& operator=(const CountedMemory&) = delete;
    size_t bytes() const;
};

}  // namespace convscope
