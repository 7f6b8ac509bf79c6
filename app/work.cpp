// Work as files: written beside and renamed, so that a kill at any moment leaves the last whole one.
#include "app/work.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <iterator>
#include <random>

#include <fmt/format.h>

#include "app/app_parts.h"
#include "core/document_json.h"
#include "core/io/files.h"
#include "core/json_read.h"
#include "core/platform.h"

namespace convscope {
namespace {

namespace fs = std::filesystem;

constexpr const char* kWorkFile = "work.json";
constexpr const char* kFlushedFolder = "flushed";   // the last work.json that is surely on the disk
constexpr const char* kLockFile = "lock";
/// Text of documents with many small tensors; what reading back allows.
constexpr int64_t kMostTextBytes = int64_t(64) << 20;
/// What takes long to read comes back after the first frame.
constexpr uintmax_t kLargeBytes = uintmax_t(1) << 20;
const char* const kUnits[] = {"term", "channel", "window", "row", "map", "layer"};

std::string in(const std::string& folder, const std::string& name) { return to_utf8(to_path(folder) / to_path(name)); }

Json stand_json(const Stand& stand) {
    Json json;
    json["view"] = stand.view;
    json["beside"] = stand.beside;
    json["layer"] = stand.layer;
    json["step"] = stand.step;
    json["unit"] = kUnits[static_cast<size_t>(stand.unit)];
    json["speed"] = number_json(stand.speed);
    json["sample"] = stand.shown.n;
    json["channel"] = stand.shown.out_channel;
    json["zoom"] = number_json(stand.camera.zoom);
    json["pan"] = {number_json(stand.camera.pan_px.x), number_json(stand.camera.pan_px.y)};
    return json;
}

/// Whatever is there and makes sense; the app checks places against the picture.
Stand read_stand(const Json& json) {
    Stand stand;
    if (const Json* view = find(json, "view")) stand.view = read_string(*view, "view");
    if (const Json* beside = find(json, "beside"); beside && beside->is_array())
        for (const Json& view : *beside)
            if (stand.beside.size() < 2) stand.beside.push_back(read_string(view, "beside"));
    const auto whole = [&](const char* key, int64_t standard) {
        const Json* found = find(json, key);
        return found ? std::max<int64_t>(0, read_whole(*found, key)) : standard;
    };
    stand.layer = static_cast<int>(std::min<int64_t>(whole("layer", 0), 1000));
    stand.step = whole("step", 0);
    stand.shown = {whole("sample", 0), whole("channel", 0)};
    if (const Json* unit = find(json, "unit"))
        for (size_t i = 0; i < std::size(kUnits); ++i)
            if (*unit == kUnits[i]) stand.unit = static_cast<Unit>(i);
    const auto number = [&](const Json* found, float low, float high, float standard) {
        const double value = found ? read_number(*found, "place") : standard;
        return value >= low && value <= high ? static_cast<float>(value) : standard;
    };
    stand.speed = number(find(json, "speed"), 0.25f, 16, 1);
    stand.camera.zoom = number(find(json, "zoom"), 0.01f, 1000, 1);
    if (const Json* pan = find(json, "pan"); pan && pan->is_array() && pan->size() == 2)
        stand.camera.pan_px = {number(&(*pan)[0], -1e6f, 1e6f, 0), number(&(*pan)[1], -1e6f, 1e6f, 0)};
    return stand;
}

/// Of the folder's work, or of the flushed one; throws BadJson, as reading it does.
Json work_json(const std::string& folder, bool flushed) {
    const FileResult file = read_file(in(flushed ? in(folder, kFlushedFolder) : folder, kWorkFile), kMostTextBytes);
    if (!file.ok()) throw BadJson{file.error};
    Json json = parse_json(file.bytes);
    const Json* format = find(json, "convscope_work");
    if (!format || !find(json, "document")) throw BadJson{"It is not what a window kept."};
    if (read_whole(*format, "convscope_work") > 1) throw BadJson{"It was kept by a newer Convscope."};
    return json;
}

/// A power cut may leave the last file empty or without its tensors: then the flushed one.
template <class Read>
auto newest_readable(const std::string& folder, Read read) {
    try {
        return read(work_json(folder, false));
    } catch (...) {
        try {
            return read(work_json(folder, true));
        } catch (...) {}
        throw;  // what is wrong with the first one
    }
}

bool read_flag(const Json& json, const char* key) {
    const Json* found = find(json, key);
    return found && read_bool(*found, key);
}

std::string read_text(const Json& json, const char* key) {
    const Json* found = find(json, key);
    return found ? read_string(*found, key) : "";
}

/// The document, or, when its photograph has gone, the layers with zeros in its place.
Document read_document(const Json& json, const std::string& folder, std::string& note) {
    Json document = *find(json, "document");
    DocumentResult read = from_json(document.dump(), folder, "The work");
    const Json* input = find(document, "input");
    if (read.ok() || !input || !find(*input, "image") || !find(json, "input_shape")) {
        if (!read.ok()) throw BadJson{read.error};
        return std::move(read.document);
    }
    note = fmt::format("{} could not be read: zeros stand in its place.",
                       display_name(read_string(*find(*input, "image"), "image")));
    const std::string why = read.error;
    document["input"] = {{"generator", "zeros"}, {"shape", *find(json, "input_shape")}};
    read = from_json(document.dump(), folder, "The work");
    if (!read.ok()) throw BadJson{why};
    return std::move(read.document);
}

KeptWork summary(const std::string& folder, const Json& json) {
    KeptWork kept;
    kept.folder = folder;
    const Json& document = *find(json, "document");
    kept.name = document.is_object() ? display_text(read_text(document, "name"), 80) : "";
    kept.changed = read_flag(json, "changed");
    kept.closed = read_flag(json, "closed");
    if (const Json* time = find(json, "kept_s")) kept.kept_s = read_whole(*time, "kept_s");
    std::error_code error;
    uintmax_t bytes = 0;
    for (const auto& entry : fs::directory_iterator(to_path(folder), error))
        if (entry.is_regular_file(error)) bytes += entry.file_size(error);
    const Json* input = document.is_object() ? find(document, "input") : nullptr;
    if (input && input->is_object() && find(*input, "image")) {
        const uintmax_t image = fs::file_size(to_path(read_text(*input, "image")), error);
        if (!error) bytes += 4 * image;
    }
    kept.is_large = bytes > kLargeBytes;
    return kept;
}

/// Parts of files that were being written, and tensors that neither of the two names.
void remove_unneeded(const std::string& folder, std::span<const TensorFile> files, std::span<const std::string> kept) {
    std::error_code error;
    std::vector<fs::path> unneeded;
    for (const auto& entry : fs::directory_iterator(to_path(folder), error)) {
        const std::string name = to_utf8(entry.path().filename());
        const bool is_tensor = name.starts_with("tensor-") && name.ends_with(".npy");
        const bool is_named = std::ranges::any_of(files, [&](const TensorFile& file) { return file.name == name; }) ||
                              std::ranges::find(kept, name) != kept.end();
        if (name.ends_with(".part") || (is_tensor && !is_named)) unneeded.push_back(entry.path());
    }
    for (const fs::path& path : unneeded) fs::remove(path, error);
}

}  // namespace

Work work_of(const State& state) {
    Work work{storable(state.document), {}, state.file, state.file_digest, is_changed(state), stand_of(state)};
    for (const Network& network : state.others)
        if (!network.resizes) work.others.push_back({.document = storable(network.document), .is_a = network.is_a});
    return work;
}

WorkFiles work_files(const Work& work, const std::string& folder, std::span<const TensorFile> known) {
    using std::chrono::duration_cast, std::chrono::seconds, std::chrono::system_clock;
    DocumentTree tree = document_tree(work.document, folder, known);
    const Shape input = work.document.input.tensor.shape();
    Json json;
    json["convscope_work"] = 1;
    json["kept_s"] = duration_cast<seconds>(system_clock::now().time_since_epoch()).count();
    json["closed"] = work.closed;
    json["changed"] = work.changed;
    if (!work.file.empty()) json["file"] = work.file;
    if (!work.file_digest.empty()) json["file_sha256"] = work.file_digest;
    json["input_shape"] = {input.n, input.c, input.h, input.w};
    json["stand"] = stand_json(work.stand);
    json["document"] = std::move(tree.json);
    for (const Network& network : work.others) {
        DocumentTree other = document_tree(network.document, folder, known);
        json["others"].push_back({{"is_a", network.is_a}, {"document", std::move(other.json)}});
        std::ranges::move(other.files, std::back_inserter(tree.files));
    }
    return {json_text(json), std::move(tree.files)};
}

bool write_work(const std::string& folder, const WorkFiles& files, std::string& error, std::span<const std::string> kept) {
    if (!write_tensor_files(folder, files.tensors, error, Flush::no)) return false;
    if (!write_file_atomically(in(folder, kWorkFile), files.text, error, Flush::no)) return false;
    remove_unneeded(folder, files.tensors, kept);
    return true;
}

bool flush_work(const std::string& folder, const WorkFiles& files) {
    const std::string flushed = in(folder, kFlushedFolder);
    std::string error;
    if (!make_directories(flushed, error)) return false;
    for (const TensorFile& file : files.tensors)
        if (!sync_to_disk(to_path(in(folder, file.name)))) return false;
    sync_to_disk(to_path(folder));
    sync_to_disk(to_path(folder).parent_path());  // the folder itself is new at first
    return write_file_atomically(in(flushed, kWorkFile), files.text, error, Flush::yes);
}

bool read_work(const std::string& folder, Work& work, std::string& error) {
    try {
        work = newest_readable(folder, [&](const Json& json) {
            Work read;
            read.file = read_text(json, "file");
            read.file_digest = read_text(json, "file_sha256");
            read.changed = read_flag(json, "changed");
            read.closed = read_flag(json, "closed");
            if (const Json* stand = find(json, "stand")) read.stand = read_stand(*stand);
            if (const Json* time = find(json, "kept_s")) read.kept_s = read_whole(*time, "kept_s");
            read.document = read_document(json, folder, read.note);
            if (const Json* others = find(json, "others"); others && others->is_array())
                for (const Json& other : *others) {
                    const Json* document = other.is_object() ? find(other, "document") : nullptr;
                    DocumentResult beside = from_json(document ? document->dump() : "", folder, "The document beside");
                    if (read.others.size() < kMostBeside && beside.ok())
                        read.others.push_back({.document = std::move(beside.document), .is_a = read_flag(other, "is_a")});
                }
            return read;
        });
        return true;
    } catch (...) { error = "The kept work could not be read: " + json_failure(); }
    return false;
}

std::vector<KeptWork> find_kept_work(const std::string& root) {
    std::vector<KeptWork> found;
    for (const DirectoryEntry& entry : list_directory(root, 1000).entries) {
        if (entry.kind != DirectoryEntry::Kind::directory) continue;
        const std::string folder = in(root, entry.name);
        auto lock = std::make_shared<const FileLock>(in(folder, kLockFile));
        if (!lock->held()) continue;  // of a window that runs
        KeptWork kept;
        try {
            kept = newest_readable(folder, [&](const Json& json) { return summary(folder, json); });
        } catch (...) {
            kept.folder = folder;
            // What a later version can perhaps read stays; without work.json there never was any work.
            std::error_code error;
            if (!fs::exists(to_path(in(folder, kWorkFile)), error)) remove_work(kept);
            continue;
        }
        kept.lock = std::move(lock);
        found.push_back(std::move(kept));
    }
    std::ranges::stable_sort(found, [](const KeptWork& a, const KeptWork& b) { return a.kept_s > b.kept_s; });
    for (; found.size() > kMostWorks; found.pop_back()) remove_work(found.back());
    return found;
}

KeptWork new_work_folder(const std::string& root, std::string& error) {
    std::random_device random;
    for (int attempt = 0; attempt < 3; ++attempt) {
        KeptWork made;
        made.folder = in(root, fmt::format("{:08x}{:08x}", random(), random()));
        if (!make_directories(made.folder, error)) return {};
        // Another window that starts now may have taken the empty folder away.
        auto lock = std::make_shared<const FileLock>(in(made.folder, kLockFile));
        if (!lock->held()) continue;
        made.lock = std::move(lock);
        return made;
    }
    error = fmt::format("Nothing can be kept in {}.", display_name(root));
    return {};
}

void remove_work(const KeptWork& kept) {
    std::error_code error;
    if (!kept.folder.empty()) fs::remove_all(to_path(kept.folder), error);
}

std::string work_root() {
    const fs::path folder = state_directory();
    return folder.empty() ? "" : to_utf8(folder / "windows");
}

std::string time_text(int64_t seconds_since_1970) {
    const auto local = [](std::time_t time) {
        std::tm parts{};
#if defined(_WIN32)
        localtime_s(&parts, &time);
#else
        localtime_r(&time, &parts);
#endif
        return parts;
    };
    const std::tm then = local(static_cast<std::time_t>(seconds_since_1970)), now = local(std::time(nullptr));
    char text[64];
    const bool is_today = then.tm_yday == now.tm_yday && then.tm_year == now.tm_year;
    const size_t length = std::strftime(text, sizeof text, is_today ? "%H:%M" : "%d %b %H:%M", &then);
    return {text, length};
}

}  // namespace convscope
