// One store for the whole process, as malloc's is: a tensor that is made deep in an op has nobody to ask for another.
#include "core/memory.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>
#include <limits>
#include <mutex>
#include <new>
#include <vector>

#include "core/platform.h"

namespace convscope {
namespace {

struct Kept {
    void* data = nullptr;
    size_t bytes = 0;
};

/// Large blocks between two tensors, the oldest first.
class Store {
  public:
    void* take(size_t bytes) {
        {
            const std::lock_guard lock(mutex_);
            counts_.in_use += bytes;
            for (size_t i = kept_.size(); i-- > 0;)
                if (kept_[i].bytes == bytes) {
                    void* const data = kept_[i].data;
                    kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(i));
                    counts_.kept -= bytes;
                    return data;
                }
            ++counts_.fresh;
        }
        if (void* const data = map_pages(bytes)) return data;
        trim();
        if (void* const data = map_pages(bytes)) return data;
        const std::lock_guard lock(mutex_);
        counts_.in_use -= bytes;
        throw std::bad_alloc();
    }

    void give(void* data, size_t bytes) noexcept {
        const std::lock_guard lock(mutex_);
        counts_.in_use -= bytes;
        kept_.push_back({data, bytes});  // has room
        counts_.kept += bytes;
        const size_t bound = std::min(kMostKept, std::max(kAlwaysKept, counts_.in_use));
        size_t old = 0;
        for (; counts_.kept > bound || kept_.size() - old > kMost; ++old) {
            counts_.kept -= kept_[old].bytes;
            unmap_pages(kept_[old].data, kept_[old].bytes);
        }
        kept_.erase(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(old));
    }

    void trim() noexcept {
        const std::lock_guard lock(mutex_);
        for (const Kept& block : kept_) unmap_pages(block.data, block.bytes);
        kept_.clear();
        counts_.kept = 0;
    }

    MemoryCounts counts() {
        const std::lock_guard lock(mutex_);
        return counts_;
    }

    std::atomic<bool> poisons{false};

  private:
    static constexpr size_t kMost = 256;  // blocks
    std::mutex mutex_;
    std::vector<Kept> kept_ = [] {
        std::vector<Kept> room;
        room.reserve(kMost + 1);
        return room;
    }();
    MemoryCounts counts_;
};

/// Never destroyed: tensors may outlive everything else.
Store& store() {
    static Store& one = *new Store;
    return one;
}

/// Sizes of large blocks, at most an eighth larger than asked: a tensor of nearly the same size finds one.
size_t rounded(size_t bytes) {
    const size_t step = std::bit_floor(bytes) / 8;
    return (bytes + step - 1) / step * step;
}

constexpr size_t kMostBytes = std::numeric_limits<size_t>::max() / 4;

}  // namespace

Memory::Memory(size_t bytes) : bytes_(bytes) {
    if (bytes > kMostBytes) throw std::bad_alloc();
    data_ = bytes < kLargeMemory ? ::operator new(bytes, std::align_val_t(kMemoryAlignment))
                                 : store().take(rounded(bytes));
    if (store().poisons.load(std::memory_order_relaxed)) std::memset(data_, 0xFF, bytes);
}

Memory::~Memory() {
    if (bytes_ < kLargeMemory)
        ::operator delete(data_, std::align_val_t(kMemoryAlignment));
    else
        store().give(data_, rounded(bytes_));
}

void trim_memory() { store().trim(); }
MemoryCounts memory_counts() { return store().counts(); }
void poison_memory(bool on) { store().poisons = on; }

}  // namespace convscope
