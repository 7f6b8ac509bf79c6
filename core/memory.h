// The memory of tensors: aligned, not filled, and large blocks kept for the next tensor.
#pragma once

#include <cstddef>
#include <cstdint>

namespace convscope {

/// Every block starts at a multiple of this: a line of the caches, the widest vector.
inline constexpr size_t kMemoryAlignment = 64;
/// Blocks of this size and more are whole pages from the system, huge ones where it has them, and are kept when a tensor
/// gives them up: filling fresh pages costs more than most layers do.
inline constexpr size_t kLargeMemory = size_t(1) << 20;
/// What is kept for later is at most as much as tensors hold, so that a closed document's memory goes back to the system;
/// but kAlwaysKept may be kept in any case, and kMostKept is the most. What does not fit is given back, the oldest first.
inline constexpr size_t kAlwaysKept = size_t(64) << 20;
inline constexpr size_t kMostKept = size_t(512) << 20;

/// Owns `bytes` bytes of memory. Their content is whatever was there before: write every one before it is read.
class Memory {
  public:
    /// Throws std::bad_alloc.
    explicit Memory(size_t bytes);
    ~Memory();
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;

    void* data() const { return data_; }
    size_t bytes() const { return bytes_; }

  private:
    void* data_;
    size_t bytes_;
};

/// Gives all that is kept back to the system.
void trim_memory();

/// Of large blocks: bytes in tensors, bytes kept for later, and how often the system was asked for one.
struct MemoryCounts {
    size_t in_use = 0, kept = 0;
    int64_t fresh = 0;
};
MemoryCounts memory_counts();

/// For tests: from now on every new block is filled with NaN, so that a cell which nobody wrote is seen.
void poison_memory(bool on);

}  // namespace convscope
