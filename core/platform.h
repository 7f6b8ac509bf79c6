// What differs between operating systems, for the core. Every function has a portable fallback.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

namespace convscope {

/// The person's home folder; empty where there is none.
std::filesystem::path home_directory();
/// Convscope's own folders: settings, what can be made again, what should survive (autosave, recent
/// files). XDG on Linux. They may not exist yet; empty where there is no home.
std::filesystem::path config_directory();
std::filesystem::path cache_directory();
std::filesystem::path state_directory();

/// Bytes of main memory that this process may use; 0 where that is not known.
int64_t machine_memory();

/// Asks the system to put a file's or folder's content on the disk now. Does nothing where that is
/// not known.
bool sync_to_disk(const std::filesystem::path& path);

/// Memory of whole pages, huge ones where the system has them; null when there is none. It starts at a multiple of 64 bytes
/// at least.
void* map_pages(size_t bytes);
void unmap_pages(void* pages, size_t bytes) noexcept;

}  // namespace convscope
