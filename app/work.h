// Work: what a window keeps in the state folder, so that it comes back after a close or a kill. One folder a window, held by
// a lock while it runs: work.json, and beside it the large tensors, each written once.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/platform.h"
#include "app/state.h"
#include "core/document_files.h"

namespace convscope {

/// The document with its place, as it was.
struct Work {
    Document document;
    std::vector<Network> others;   // documents beside it; what follows the document by itself is left out
    std::string file;              // it was opened from or saved to; empty: none
    std::string file_digest;       // of that file then
    bool changed = false;          // it has something that the file has not
    Stand stand;
    bool closed = false;           // the window was closed; else it was killed
    int64_t kept_s = 0;            // when, in seconds since 1970
    std::string note;              // what could not be brought back; usually empty
};

Work work_of(const State& state);

/// More than that is not kept: bytes of tensors in files.
inline constexpr size_t kMostWorkBytes = size_t(256) << 20;

/// Makes the files' bytes, without writing: tensors that are the same as `known` ones are not looked at. On any thread.
struct WorkFiles {
    std::string text;
    std::vector<TensorFile> tensors;
};
WorkFiles work_files(const Work& work, const std::string& folder, std::span<const TensorFile> known);
/// Tensors first, then work.json in one step; then what is not needed any more is removed, but for tensors in `kept`. It
/// survives the end of the process, not a power cut. False with a sentence.
[[nodiscard]] bool write_work(const std::string& folder, const WorkFiles& files, std::string& error,
                              std::span<const std::string> kept = {});
/// Puts those files, written before, on the disk, and a second work.json for when the first is broken. Takes long; on any
/// thread.
bool flush_work(const std::string& folder, const WorkFiles& files);
/// False with a sentence in `error` when there is none that can be read.
[[nodiscard]] bool read_work(const std::string& folder, Work& work, std::string& error);

inline constexpr size_t kMostWorks = 20;
/// In `root`, newest first, each locked from now on. Folders without work are removed; of more than kMostWorks the oldest.
std::vector<KeptWork> find_kept_work(const std::string& root);
/// A new folder in `root`, locked. Its lock is null, with a sentence in `error`, when it could not be made.
KeptWork new_work_folder(const std::string& root, std::string& error);
void remove_work(const KeptWork& kept);

/// Where windows keep their work; "" without a home folder.
std::string work_root();
/// "14:05", "20 Nov 14:05" on another day: local time.
std::string time_text(int64_t seconds_since_1970);

}  // namespace convscope
