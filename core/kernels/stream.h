// When results go past the caches.
#pragma once

#include <cstdint>

namespace convscope {

/// A result of that many bytes is written past the caches: it would push out everything else, and a plain store reads what
/// it overwrites. Below that, what is read next had better be in a cache.
constexpr bool should_stream(int64_t bytes) { return bytes >= int64_t(6) << 20; }

/// What this thread streamed is there for the other threads. It waits until all of that is written: once a part, not a row.
void finish_stream();

}  // namespace convscope
