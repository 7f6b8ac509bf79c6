// Document → JSON, and writing it with its tensor files.
#include "core/document_json.h"

#include <algorithm>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>

#include "core/document_files.h"
#include "core/evaluate.h"
#include "core/io/files.h"
#include "core/io/npy.h"
#include "core/json_text.h"
#include "core/sha256.h"

namespace convscope {
namespace {

struct Writer {
    std::string folder;  // of the document; paths of images in it are written relative to it
    bool has_folder = false, inlines = false;
    std::span<const TensorFile> known = {};
    std::vector<TensorFile> files = {};

    Json tensor(const Tensor& tensor) {
        if (inlines || tensor.shape().count() <= kMaxInlineValues) return tensor_json(tensor);
        const TensorFile file = file_of(tensor);
        const Shape shape = tensor.shape();
        Json json;
        json["shape"] = {shape.n, shape.c, shape.h, shape.w};
        json["file"] = file.name;
        json["sha256"] = file.digest;
        files.push_back(file);
        return json;
    }

    TensorFile file_of(const Tensor& tensor) const {
        for (const TensorFile& file : known)
            if (file.tensor.same_as(tensor)) return {tensor, file.name, file.digest, ""};
        TensorFile file{tensor, "", "", npy_bytes(tensor)};
        file.digest = sha256(file.bytes);
        file.name = "tensor-" + file.digest.substr(0, 16) + ".npy";
        return file;
    }

    std::string image_path(const std::string& path) const {
        if (!has_folder) return path;
        std::error_code error;
        const auto image = std::filesystem::absolute(to_path(path), error).lexically_normal();
        if (error) return path;
        const auto base = std::filesystem::absolute(to_path(folder.empty() ? "." : folder), error)
                              .lexically_normal();
        if (error) return path;
        const auto inside = image.lexically_relative(base);
        const bool below = !inside.empty() && *inside.begin() != "..";
        std::string text = to_utf8(below ? inside : image);
#ifdef _WIN32
        std::ranges::replace(text, '\\', '/');
#endif
        return text.empty() ? path : text;
    }
};

/// A person may have changed values since they were generated; then the values count.
bool is_still(const Generated& made, const Tensor& tensor) {
    if (std::ranges::find(generator_kinds(), made.kind) == generator_kinds().end()) return false;
    if (size_problem(tensor.shape(), "")) return false;
    const Tensor again = generate(made.kind, made.seed, tensor.shape());
    return std::memcmp(again.data(), tensor.data(), tensor.values().size_bytes()) == 0;
}

Json input_json(const Input& input, Writer& writer) {
    Json json;
    if (const auto* made = std::get_if<Generated>(&input.origin);
        made && is_still(*made, input.tensor)) {
        const Shape shape = input.tensor.shape();
        json["generator"] = made->kind;
        json["seed"] = made->seed;
        json["shape"] = {shape.n, shape.c, shape.h, shape.w};
        return json;
    }
    if (const auto* image = std::get_if<FromImage>(&input.origin); image && !writer.inlines) {
        json["image"] = writer.image_path(image->path);
        json["grey"] = image->grey;
        json["max_side"] = image->max_side;
        return json;
    }
    return writer.tensor(input.tensor);
}

Json value_json(const Value& value) {
    if (const auto* v = std::get_if<int64_t>(&value)) return *v;
    if (const auto* v = std::get_if<Pair>(&value)) return Json::array({v->h, v->w});
    if (const auto* v = std::get_if<bool>(&value)) return *v;
    if (const auto* v = std::get_if<double>(&value)) return number_json(*v);
    if (const auto* v = std::get_if<Choice>(&value)) return v->name;
    if (const auto* v = std::get_if<std::optional<int64_t>>(&value)) return *v ? Json(**v) : Json();
    if (const auto* v = std::get_if<std::optional<Pair>>(&value))
        return *v ? Json::array({(*v)->h, (*v)->w}) : Json();
    if (const auto* v = std::get_if<std::optional<double>>(&value))
        return *v ? number_json(**v) : Json();
    if (const auto* v = std::get_if<std::optional<Scale>>(&value))
        return *v ? Json::array({number_json((*v)->h), number_json((*v)->w)}) : Json();
    const Padding& padding = std::get<Padding>(value);
    if (padding.kind == Padding::Kind::same) return "same";
    if (padding.kind == Padding::Kind::valid) return "valid";
    return Json::array({padding.pair.h, padding.pair.w});
}

Json layer_json(const Layer& layer, const Plan* plan, Writer& writer) {
    Json json;
    json["op"] = layer.op->id;
    Json params = Json::object();
    for (size_t i = 0; i < layer.op->fields.size(); ++i)
        params[layer.op->fields[i].key] = value_json(layer.params[i]);
    json["params"] = std::move(params);
    if (!layer.weights.empty()) {
        Json weights = Json::array();
        for (size_t i = 0; i < layer.weights.size(); ++i) {
            Json weight = Json::object();
            if (plan && i < plan->weights.size()) weight["name"] = plan->weights[i].name;
            weight.update(writer.tensor(layer.weights[i]));
            weights.push_back(std::move(weight));
        }
        json["weights"] = std::move(weights);
    }
    if (!layer.buffers.empty()) {
        Json buffers = Json::array();
        for (size_t i = 0; i < layer.buffers.size(); ++i) {
            Json buffer = Json::object();
            if (plan && i < plan->buffers.size()) buffer["name"] = plan->buffers[i].name;
            buffer.update(writer.tensor(layer.buffers[i]));
            buffers.push_back(std::move(buffer));
        }
        json["buffers"] = std::move(buffers);
    }
    if (layer.skip != 0) json["skip"] = layer.skip;
    if (layer.turned) json["turned"] = true;
    if (!layer.channel_names.empty()) json["channel_names"] = layer.channel_names;
    return json;
}

Json tree_of(const Document& document, Writer& writer) {
    const Result planned = plan_only(document);
    Json json;
    json["convscope"] = 1;
    json["name"] = document.name;
    json["input"] = input_json(document.input, writer);
    Json layers = Json::array();
    for (size_t k = 0; k < document.layers.size(); ++k)
        layers.push_back(layer_json(document.layers[k],
                                    k < planned.layers.size() ? &planned.layers[k].plan : nullptr,
                                    writer));
    json["layers"] = std::move(layers);
    if (!document.training) json["training"] = false;
    if (document.batches != 1) json["batches"] = document.batches;
    json["start"]["kind"] = start_kind_name(document.start.kind);
    json["start"]["seed"] = document.start.seed;
    if (!document.start.tensor.empty()) json["start"]["tensor"] = writer.tensor(document.start.tensor);
    return json;
}

}  // namespace

std::string to_json(const Document& document) {
    Writer writer;
    return json_text(tree_of(document, writer));
}

DocumentTree document_tree(const Document& document, const std::string& folder, std::span<const TensorFile> known) {
    Writer writer{folder, true, false, known};
    Json json = tree_of(document, writer);
    return {std::move(json), std::move(writer.files)};
}

Json whole_document_tree(const Document& document) {
    Writer writer{"", false, true};
    return tree_of(document, writer);
}

bool write_tensor_files(const std::string& folder, std::span<const TensorFile> files, std::string& error, Flush flush) {
    for (const TensorFile& file : files) {
        if (file.bytes.empty()) continue;
        const std::string beside = to_utf8(to_path(folder) / to_path(file.name));
        const FileResult there = read_file(beside, static_cast<int64_t>(file.bytes.size()));
        if (there.ok() && there.bytes == file.bytes) continue;
        if (!write_file_atomically(beside, file.bytes, error, flush)) return false;
    }
    return true;
}

bool save_document(const std::string& path, const Document& document, std::string& error) {
    const std::string folder = to_utf8(to_path(path).parent_path());
    const DocumentTree tree = document_tree(document, folder);
    return write_tensor_files(folder, tree.files, error) && write_file_atomically(path, json_text(tree.json), error);
}

std::vector<const Tensor*> all_tensors(const Document& document) {
    std::vector<const Tensor*> tensors{&document.input.tensor};
    for (const Layer& layer : document.layers) {
        for (const Tensor& weight : layer.weights) tensors.push_back(&weight);
        for (const Tensor& buffer : layer.buffers) tensors.push_back(&buffer);
    }
    if (!document.start.tensor.empty()) tensors.push_back(&document.start.tensor);
    return tensors;
}

}  // namespace convscope
