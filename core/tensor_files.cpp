#include "core/tensor_files.h"

#include <fmt/format.h>

#include "core/io/files.h"
#include "core/io/npy.h"

namespace convscope {
namespace {

constexpr std::string_view kSafetensors = ".safetensors", kNpy = ".npy";

bool ends_like(std::string path, std::string_view ending) {
    for (char& c : path)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return path.ends_with(ending);
}

LoadedTensor of_npy(NpyResult read) {
    return {std::move(read.tensor), std::move(read.note), std::move(read.error)};
}

LoadedTensor failed(std::string sentence) { return {{}, "", std::move(sentence)}; }

LoadedTensor of_safetensors(const SafetensorsFile& file, std::string_view name) {
    if (!file.ok()) return failed(file.error);
    if (name.empty() && file.tensors.size() == 1) return load_tensor(file, 0);
    for (size_t i = 0; i < file.tensors.size(); ++i)
        if (file.tensors[i].name == name) return load_tensor(file, i);
    if (file.tensors.empty()) return failed(file.name + " has no tensors.");
    const std::string first = display_text(file.tensors[0].name, 60);
    if (name.empty())
        return failed(fmt::format("{} has {} tensors; name one behind a colon, as in {}:{}.",
                                  file.name, file.tensors.size(), file.name, first));
    return failed(fmt::format("{} has no tensor {}; the first of its {} is {}.", file.name,
                              display_text(name, 60), file.tensors.size(), first));
}

std::string named(const std::string& path, const std::string& sentence) {
    return sentence.empty() ? "" : display_name(path) + ": " + sentence;
}

}  // namespace

LoadedTensor read_tensor_file(const std::string& path) {
    // A colon behind the ending: on some systems paths begin with one behind a letter.
    const std::string mark = std::string(kSafetensors) + ":";
    if (const size_t at = path.rfind(mark); at != std::string::npos)
        return of_safetensors(read_safetensors(path.substr(0, at + kSafetensors.size())),
                              std::string_view(path).substr(at + mark.size()));
    if (ends_like(path, kSafetensors)) return of_safetensors(read_safetensors(path), "");
    return of_npy(read_npy(path));
}

Document with_weights_file(Document document, const std::string& path, std::string& told,
                           std::string& error) {
    told.clear();
    error.clear();
    if (ends_like(path, kSafetensors)) {
        SafetensorsFile file = read_safetensors(path);
        if (!file.ok()) {
            error = std::move(file.error);
            return document;
        }
        const StateDict tensors = state_dict_of(std::move(file));
        StateDictMatch match;
        document = with_state_dict(std::move(document), tensors, match);
        (match.ok() ? told : error) = describe(tensors, match);
        return document;
    }
    const LoadedTensor loaded = read_tensor_file(path);
    if (!loaded.ok()) {
        error = loaded.error;
        return document;
    }
    size_t layer = 0;
    while (layer + 1 < document.layers.size() && document.layers[layer].weights.empty()) ++layer;
    Document next =
        with_weight_tensor(document, static_cast<int>(layer), "weight", loaded.tensor, error);
    error = named(path, error);
    if (error.empty())
        told = fmt::format("{} is {}.weight now.{}", display_name(path), layer,
                           loaded.note.empty() ? "" : " The values were " + loaded.note + ".");
    return next;
}

bool write_tensor_file(const std::string& path, std::span<const NamedTensor> tensors,
                       std::string& error) {
    error.clear();
    if (tensors.empty()) {
        error = fmt::format("{} was not written: there are no tensors.", display_name(path));
    } else if (ends_like(path, kSafetensors)) {
        return write_file_atomically(path, safetensors_bytes(tensors), error);
    } else if (!ends_like(path, kNpy)) {
        error = fmt::format("{} was not written: tensors go into .safetensors or .npy files.",
                            display_name(path));
    } else if (tensors.size() > 1) {
        error = fmt::format(
            "{} was not written: a .npy file holds one tensor, these are {}; end the "
            "name in .safetensors.",
            display_name(path), tensors.size());
    } else {
        return write_file_atomically(path, npy_bytes(tensors[0].tensor, tensors[0].dims), error);
    }
    return false;
}

}  // namespace convscope
