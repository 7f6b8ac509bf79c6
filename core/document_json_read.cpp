// JSON → Document. Inside this file a bad key is an exception (BadJson); outside it is a sentence.
#include <algorithm>

#include <fmt/format.h>

#include "core/chain_edits.h"
#include "core/document_json.h"
#include "core/document_outline.h"
#include "core/evaluate.h"
#include "core/io/files.h"
#include "core/io/image.h"
#include "core/io/npy.h"
#include "core/json_read.h"
#include "core/number_text.h"
#include "core/sha256.h"

namespace convscope {
namespace {

constexpr const char* kWhole = "a document";
constexpr int kMaxNameCharacters = 200;

uint64_t read_seed(const Json& json, std::string_view key) {
    if (!json.is_number_unsigned())
        fail(key, "must be a whole number of 0 or more, not " + quoted(json));
    return json.get<uint64_t>();
}

Shape read_shape(const Json* json, const std::string& key) {
    if (!json) fail(key, "is missing");
    if (!json->is_array() || json->size() != 4)
        fail(key, "must be four whole numbers, not " + quoted(*json));
    const Shape shape{read_whole((*json)[0], key), read_whole((*json)[1], key),
                      read_whole((*json)[2], key), read_whole((*json)[3], key)};
    if (const auto problem = size_problem(shape, "the shape"))
        fail(key, fmt::format("is {}: every extent must be 1 or more, and the product at most {}",
                              quoted(*json), grouped_text(kMaxValues)));
    return shape;
}

/// Reads one document's JSON; `base_dir` is where its files are.
struct DocumentReader {
    std::string base_dir;
    bool only_outline = false;  // checks everything but the numbers; tensors stay empty

    std::string beside(std::string_view file) const {
        return base_dir.empty() ? std::string(file) : to_utf8(to_path(base_dir) / to_path(file));
    }

    Tensor tensor(const Json& json, const std::string& key) const {
        expect_keys(json, key, {"name", "shape", "data", "file", "sha256"}, kWhole);
        const Shape shape = read_shape(find(json, "shape"), key + ".shape");
        const Json *data = find(json, "data"), *file = find(json, "file");
        if (file) return tensor_file(*file, find(json, "sha256"), shape, key);
        if (!data) fail(key, "has neither data nor a file");
        if (!data->is_array())
            fail(key + ".data", "must be a list of numbers, not " + quoted(*data));
        if (static_cast<int64_t>(data->size()) != shape.count())
            fail(key + ".data", fmt::format("has {} values, its shape {} asks for {}",
                                            grouped_text(static_cast<int64_t>(data->size())),
                                            to_string(shape), grouped_text(shape.count())));
        if (only_outline) return {};
        std::vector<float> values;
        values.reserve(data->size());
        for (const Json& value : *data)
            values.push_back(static_cast<float>(
                read_number(value, fmt::format("{}.data[{}]", key, values.size()))));
        return {shape, std::move(values)};
    }

    Tensor tensor_file(const Json& file, const Json* digest, Shape shape,
                       const std::string& key) const {
        const std::string& name = read_string(file, key + ".file");
        if (name.empty() || name.starts_with('.') ||
            name.find_first_of("/\\:") != std::string::npos)
            fail(key + ".file",
                 "must be the name of a file beside the document, not " + quoted(file));
        if (!digest) fail(key + ".sha256", "is missing");
        if (only_outline) return {};
        const FileResult read = read_file(beside(name), shape.count() * 4 + 4096);
        if (!read.ok()) throw BadJson{fmt::format("{}.file: {}", key, read.error)};
        if (sha256(read.bytes) != read_string(*digest, key + ".sha256"))
            fail(key + ".file",
                 fmt::format("names {}, which has changed since the document was saved",
                             display_name(name)));
        NpyResult npy = parse_npy(bytes_of(read.bytes), name);
        if (!npy.ok()) throw BadJson{fmt::format("{}.file: {}", key, npy.error)};
        if (npy.tensor.shape() != shape)
            fail(key + ".file", fmt::format("holds {}, the document says {}",
                                            to_string(npy.tensor.shape()), to_string(shape)));
        return std::move(npy.tensor);
    }

    Input input(const Json* json) const {
        if (!json) fail("input", "is missing");
        if (!json->is_object()) fail("input", "must be an object, not " + quoted(*json));
        if (const Json* kind = find(*json, "generator")) {
            expect_keys(*json, "input", {"generator", "seed", "shape"}, kWhole);
            const std::string& name = read_string(*kind, "input.generator");
            if (std::ranges::find(generator_kinds(), name) == generator_kinds().end())
                fail("input.generator",
                     fmt::format("must be one of {}, not {}", fmt::join(generator_kinds(), ", "),
                                 quoted(*kind)));
            const Json* seed_json = find(*json, "seed");
            const uint64_t seed = seed_json ? read_seed(*seed_json, "input.seed") : 0;
            const Shape shape = read_shape(find(*json, "shape"), "input.shape");
            if (only_outline) return {{}, Generated{name, seed}};
            return generated_input(name, seed, shape);
        }
        if (const Json* path = find(*json, "image")) {
            expect_keys(*json, "input", {"image", "grey", "max_side"}, kWhole);
            FromImage image;
            image.path = read_string(*path, "input.image");
            if (!to_path(image.path).is_absolute()) image.path = beside(image.path);
            if (const Json* grey = find(*json, "grey")) image.grey = read_bool(*grey, "input.grey");
            if (const Json* side = find(*json, "max_side"))
                image.max_side = read_whole(*side, "input.max_side");
            if (only_outline) return {{}, std::move(image)};
            ImageResult loaded = load_image(image.path, {image.grey, image.max_side});
            if (!loaded.ok()) throw BadJson{"input.image: " + loaded.error};
            image.note = loaded.note;
            return {std::move(loaded.tensor), std::move(image)};
        }
        return {tensor(*json, "input"), {}};
    }

    Layer layer(const Json& json, const std::string& key) const {
        expect_keys(json, key, {"op", "params", "weights", "buffers", "skip", "turned", "channel_names"},
                    kWhole);
        const Json* id = find(json, "op");
        if (!id) fail(key + ".op", "is missing");
        Layer layer;
        layer.op = find_op(read_string(*id, key + ".op"));
        if (!layer.op) {
            std::vector<std::string> ids;
            for (const Op& op : all_ops()) ids.push_back(op.id);
            fail(key + ".op",
                 fmt::format("must be one of {}, not {}", fmt::join(ids, ", "), quoted(*id)));
        }
        layer.params = standard_params(*layer.op);
        if (const Json* params = find(json, "params")) {
            std::vector<std::string> keys;
            for (const Field& field : layer.op->fields) keys.push_back(field.key);
            expect_keys(*params, key + ".params", keys, kWhole);
            for (size_t i = 0; i < keys.size(); ++i)
                if (const Json* value = find(*params, keys[i]))
                    layer.params[i] =
                        read_value(*value, layer.op->fields[i], key + ".params." + keys[i]);
        }
        const auto tensors = [&](const char* list, std::vector<Tensor>& into) {
            const Json* found = find(json, list);
            if (!found) return;
            const std::string name = key + "." + list;
            if (!found->is_array()) fail(name, "must be a list, not " + quoted(*found));
            for (size_t i = 0; i < found->size(); ++i)
                into.push_back(tensor((*found)[i], fmt::format("{}[{}]", name, i)));
        };
        tensors("weights", layer.weights);
        tensors("buffers", layer.buffers);
        if (const Json* skip = find(json, "skip")) layer.skip = read_whole(*skip, key + ".skip");
        if (const Json* turned = find(json, "turned")) layer.turned = read_bool(*turned, key + ".turned");
        if (const Json* names = find(json, "channel_names")) {
            if (!names->is_array())
                fail(key + ".channel_names", "must be a list, not " + quoted(*names));
            for (const Json& name : *names)
                layer.channel_names.push_back(
                    display_text(read_string(name, key + ".channel_names"), kMaxNameCharacters));
        }
        return layer;
    }

    Document document(const Json& json) const {
        if (!json.is_object() || !find(json, "convscope"))
            throw BadJson{
                "This is JSON, but not a Convscope document: the key \"convscope\" is missing."};
        const int64_t version = read_whole(*find(json, "convscope"), "convscope");
        if (version > 1)
            throw BadJson{fmt::format("It was written by a newer Convscope (format {}; this one reads format 1). "
                                      "Open it with that version.", version)};
        if (version != 1)
            fail("convscope", fmt::format("is {}; this program reads format 1", version));
        expect_keys(json, "",
                    {"convscope", "name", "input", "layers", "training", "batches", "start"},
                    kWhole);
        Document document;
        if (const Json* name = find(json, "name"))
            document.name = display_text(read_string(*name, "name"), kMaxNameCharacters);
        document.input = input(find(json, "input"));
        const Json* layers = find(json, "layers");
        if (!layers) fail("layers", "is missing");
        if (!layers->is_array() || layers->empty() || layers->size() > kMaxLayers)
            fail("layers", fmt::format("must be a list of 1 to {} layers, not {}", kMaxLayers,
                                       quoted(*layers)));
        for (size_t k = 0; k < layers->size(); ++k)
            document.layers.push_back(layer((*layers)[k], fmt::format("layers[{}]", k)));
        if (const Json* training = find(json, "training"))
            document.training = read_bool(*training, "training");
        if (const Json* batches = find(json, "batches")) {
            document.batches = read_whole(*batches, "batches");
            if (document.batches < 1 || document.batches > kMaxBatches)
                fail("batches", fmt::format("must be 1 to {}, not {}", grouped_text(kMaxBatches),
                                            document.batches));
        }
        if (only_outline) return document;
        if (const Json* start = find(json, "start")) document.start = backward_start(*start);
        check_shapes(document);
        return document;
    }

    BackwardStart backward_start(const Json& json) const {
        using Kind = BackwardStart::Kind;
        expect_keys(json, "start", {"kind", "seed", "tensor", "grad_output"}, kWhole);
        BackwardStart start;
        if (const Json* seed = find(json, "seed")) start.seed = read_seed(*seed, "start.seed");
        // Documents of the first program had no kind: a grad_output was given, or it was random.
        if (const Json* gradient = find(json, "grad_output")) {
            start.kind = Kind::given;
            start.tensor = tensor(*gradient, "start.grad_output");
        }
        if (const Json* kind = find(json, "kind")) {
            const std::string& name = read_string(*kind, "start.kind");
            const auto known = start_kind(name);
            if (!known)
                fail("start.kind", fmt::format("must be one of {}, not {}",
                                               fmt::join(start_kind_names(), ", "), quoted(*kind)));
            start.kind = *known;
        }
        if (const Json* given = find(json, "tensor")) start.tensor = tensor(*given, "start.tensor");
        const bool needed = start.kind == Kind::given || start.kind == Kind::squared_distance;
        if (needed && start.tensor.empty()) fail("start.tensor", "is missing");
        if (!needed) start.tensor = {};
        return start;
    }

    /// Weights must fit the parameters as far as those are possible; absent ones are seeded.
    static void check_shapes(Document& document) {
        Shape shape = document.input.tensor.shape();
        for (size_t k = 0; k < document.layers.size(); ++k) {
            Layer& layer = document.layers[k];
            const Plan plan = layer.op->plan(layer.params, shape, document.training);
            if (plan.problem) return fit_weights(document);  // those before it
            shape = plan.output_stage().shape;
            const std::string key = fmt::format("layers[{}]", k);
            if (!layer.weights.empty() && layer.weights.size() != plan.weights.size())
                fail(key + ".weights", fmt::format("has {} tensors, the parameters ask for {}",
                                                   layer.weights.size(), plan.weights.size()));
            for (size_t i = 0; i < layer.weights.size(); ++i)
                if (layer.weights[i].shape() != plan.weights[i].shape)
                    fail(fmt::format("{}.weights[{}]", key, i),
                         fmt::format("is {}, the parameters ask for {}",
                                     to_string(layer.weights[i].shape()),
                                     to_string(plan.weights[i].shape)));
            if (!layer.buffers.empty() && layer.buffers.size() != plan.buffers.size())
                fail(key + ".buffers", fmt::format("has {} tensors, the parameters ask for {}",
                                                   layer.buffers.size(), plan.buffers.size()));
            for (size_t i = 0; i < layer.buffers.size(); ++i)
                if (layer.buffers[i].shape() != plan.buffers[i].shape)
                    fail(fmt::format("{}.buffers[{}]", key, i),
                         fmt::format("is {}, the parameters ask for {}",
                                     to_string(layer.buffers[i].shape()),
                                     to_string(plan.buffers[i].shape)));
            if (!layer.channel_names.empty() &&
                static_cast<int64_t>(layer.channel_names.size()) != shape.c)
                fail(key + ".channel_names", fmt::format("has {} names, the output has {} channels",
                                                         layer.channel_names.size(), shape.c));
        }
        const Tensor& start = document.start.tensor;
        if (!start.empty() && start.shape() != shape)
            fail("start.tensor", fmt::format("is {}, the output is {}", to_string(start.shape()),
                                             to_string(shape)));
        fit_weights(document);
    }
};

Json parse_document(std::string_view text) {
    if (text.size() > static_cast<size_t>(kMaxDocumentBytes))
        throw BadJson{fmt::format("It is larger than {} MiB.", kMaxDocumentBytes >> 20)};
    return parse_json(text);
}

}  // namespace

DocumentResult from_json(std::string_view text, const std::string& base_dir,
                         std::string_view name) {
    DocumentResult result;
    try {
        result.document = DocumentReader{base_dir}.document(parse_document(text));
    } catch (...) { result.error = fmt::format("{}: {}", display_text(name, 80), json_failure()); }
    if (!result.ok()) result.document = {};
    return result;
}

DocumentOutline outline_json(std::string_view text, const std::string& base_dir,
                             std::string_view name) {
    DocumentOutline outline;
    try {
        const Json json = parse_document(text);
        outline.document = DocumentReader{base_dir, true}.document(json);
        if (!std::holds_alternative<FromImage>(outline.document.input.origin))
            outline.input = read_shape(find(*find(json, "input"), "shape"), "input.shape");
    } catch (...) { outline.error = fmt::format("{}: {}", display_text(name, 80), json_failure()); }
    return outline;
}

DocumentResult load_document(const std::string& path) {
    const FileResult read = read_file(path, kMaxDocumentBytes);
    if (!read.ok()) return {{}, read.error};
    return from_json(read.bytes, to_utf8(to_path(path).parent_path()), display_name(path));
}

}  // namespace convscope
