// What is in a file, in a few words and a small picture, before it is opened: read aside, for the file dialog.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/scene/scene.h"
#include "core/newest_job.h"

namespace convscope {

struct FilePreview {
    std::string path;
    std::string title;               // of a document: its name
    std::vector<std::string> lines;  // "640×480 pixels, RGB"
    std::string error;               // one sentence: why it cannot be opened
    Tensor picture;                  // 1×C×H×W, at most kPreviewSide a side; empty: there is none
    bool is_image = false;           // else the picture shows numbers
};

inline constexpr int64_t kPreviewSide = 400;
/// Larger files are not read before they are opened.
inline constexpr int64_t kMostPreviewBytes = int64_t(64) << 20;

/// Nothing of what it makes is larger than an image's decoded samples (core/io/image.h) or the file's bytes.
FilePreview preview_file(const std::string& path);
/// The picture alone, as large as fits, in its middle.
Scene preview_scene(const FilePreview& preview, Point size_px);

/// The newest file asked for. Its end waits for what is being decoded, below a second.
class FilePreviewer {
public:
    /// `version` differs when the file does; an empty path: nothing is shown. `finished` is called from its thread.
    void ask(const std::string& path, int64_t version, const std::function<void()>& finished);
    /// Of the file asked for; null while it is read.
    const FilePreview* shown();
    bool busy() const { return waits_; }
    void wait();
    void cancel();

private:
    std::string asked_;
    int64_t version_ = 0;
    bool waits_ = false;
    std::optional<FilePreview> shown_;
    NewestJob<FilePreview> job_;
};

}  // namespace convscope
