// JSON → Document. Inside this file a bad key is an exception; outside it is a sentence.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/chain_edits.h"
#include "core/document_json.h"
#include "core/evaluate.h"
#include "core/io/files.h"
#include "core/io/image.h"
#include "core/io/npy.h"
#include "core/json_text.h"
#include "core/number_text.h"
#include "core/sha256.h"

namespace convscope {
namespace {

constexpr int kMaxDepth = 32;  // of brackets; a document needs 7
constexpr int kMaxNameCharacters = 200;

/// What is wrong, without the file's name: "layers[0].params.stride must be …".
struct Bad {
    std::string reason;
};

[[noreturn]] void fail(std::string_view key, std::string_view reason) {
    throw Bad{fmt::format("{} {}.", key, reason)};
}

/// A value as a sentence quotes it.
std::string quoted(const Json& json) {
    if (json.is_object()) return "an object";
    if (json.is_array() && json.size() > 8)
        return fmt::format("a list of {}", grouped_text(static_cast<int64_t>(json.size())));
    return display_text(json.dump(-1, ' ', false, Json::error_handler_t::replace), 40);
}

void expect_object(const Json& json, std::string_view key, const std::vector<std::string>& valid) {
    if (!json.is_object()) fail(key, "must be an object, not " + quoted(json));
    for (const auto& [name, value] : json.items()) {
        if (std::ranges::find(valid, name) != valid.end()) continue;
        const std::string near = nearest_key(name, valid);
        const std::string whole = key == "the document"
                                      ? display_text(name, 40)
                                      : fmt::format("{}.{}", key, display_text(name, 40));
        fail(whole, near.empty() ? "is no key of a document"
                                 : fmt::format("is no key of a document; \"{}\" is", near));
    }
}

/// The member, or null where it is absent.
const Json* find(const Json& object, std::string_view name) {
    const auto it = object.find(name);
    return it == object.end() ? nullptr : &*it;
}

int64_t read_whole(const Json& json, std::string_view key) {
    if (json.is_number_unsigned() && json.get<uint64_t>() <= static_cast<uint64_t>(INT64_MAX))
        return static_cast<int64_t>(json.get<uint64_t>());
    if (json.is_number_integer() && !json.is_number_unsigned()) return json.get<int64_t>();
    fail(key, "must be a whole number, not " + quoted(json));
}

uint64_t read_seed(const Json& json, std::string_view key) {
    if (!json.is_number_unsigned())
        fail(key, "must be a whole number of 0 or more, not " + quoted(json));
    return json.get<uint64_t>();
}

bool read_bool(const Json& json, std::string_view key) {
    if (!json.is_boolean()) fail(key, "must be true or false, not " + quoted(json));
    return json.get<bool>();
}

const std::string& read_string(const Json& json, std::string_view key) {
    if (!json.is_string()) fail(key, "must be a text, not " + quoted(json));
    return json.get_ref<const std::string&>();
}

double read_number(const Json& json, std::string_view key) {
    if (json.is_number()) return json.get<double>();
    if (json == "NaN") return std::nan("");
    if (json == "Infinity") return HUGE_VAL;
    if (json == "-Infinity") return -HUGE_VAL;
    fail(key, "must be a number, \"NaN\", \"Infinity\" or \"-Infinity\", not " + quoted(json));
}

Pair read_pair(const Json& json, std::string_view key, std::string_view words) {
    if (json.is_number_integer()) {
        const int64_t both = read_whole(json, key);
        return {both, both};
    }
    if (!json.is_array() || json.size() != 2 || !json[0].is_number_integer() ||
        !json[1].is_number_integer())
        fail(key, fmt::format("must be {}, not {}", words, quoted(json)));
    return {read_whole(json[0], key), read_whole(json[1], key)};
}

Value read_value(const Json& json, const Field& field, const std::string& key) {
    const Value& like = field.standard;
    if (std::holds_alternative<int64_t>(like)) return read_whole(json, key);
    if (std::holds_alternative<Pair>(like))
        return read_pair(json, key, "a whole number or two of them");
    if (std::holds_alternative<bool>(like)) return read_bool(json, key);
    if (std::holds_alternative<double>(like)) return read_number(json, key);
    if (std::holds_alternative<Padding>(like)) {
        if (json == "same") return Padding{Padding::Kind::same, {}};
        if (json == "valid") return Padding{Padding::Kind::valid, {}};
        return Padding{Padding::Kind::pair,
                       read_pair(json, key, "a whole number, two of them, \"same\" or \"valid\"")};
    }
    if (std::holds_alternative<std::optional<int64_t>>(like))
        return json.is_null() ? Value(std::optional<int64_t>())
                              : Value(std::optional(read_whole(json, key)));
    if (std::holds_alternative<std::optional<Pair>>(like))
        return json.is_null()
                   ? Value(std::optional<Pair>())
                   : Value(std::optional(read_pair(json, key, "a whole number, two of them or null")));
    if (std::holds_alternative<std::optional<double>>(like))
        return json.is_null() ? Value(std::optional<double>())
                              : Value(std::optional(read_number(json, key)));
    if (std::holds_alternative<std::optional<Scale>>(like)) {
        if (json.is_null()) return Value(std::optional<Scale>());
        if (!json.is_array()) {
            const double both = read_number(json, key);
            return Value(std::optional(Scale{both, both}));
        }
        if (json.size() != 2) fail(key, "must be a number, two of them or null, not " + quoted(json));
        return Value(std::optional(Scale{read_number(json[0], key), read_number(json[1], key)}));
    }
    const std::string& name = read_string(json, key);
    if (std::ranges::find(field.choices, name) == field.choices.end())
        fail(key, fmt::format("must be one of {}, not {}", fmt::join(field.choices, ", "),
                              quoted(json)));
    return Choice{name};
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

    std::string beside(std::string_view file) const {
        return base_dir.empty() ? std::string(file) : to_utf8(to_path(base_dir) / to_path(file));
    }

    Tensor tensor(const Json& json, const std::string& key) const {
        expect_object(json, key, {"name", "shape", "data", "file", "sha256"});
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
        const FileResult read = read_file(beside(name), shape.count() * 4 + 4096);
        if (!read.ok()) throw Bad{fmt::format("{}.file: {}", key, read.error)};
        if (sha256(read.bytes) != read_string(*digest, key + ".sha256"))
            fail(key + ".file",
                 fmt::format("names {}, which has changed since the document was saved",
                             display_name(name)));
        NpyResult npy = parse_npy(bytes_of(read.bytes), name);
        if (!npy.ok()) throw Bad{fmt::format("{}.file: {}", key, npy.error)};
        if (npy.tensor.shape() != shape)
            fail(key + ".file", fmt::format("holds {}, the document says {}",
                                            to_string(npy.tensor.shape()), to_string(shape)));
        return std::move(npy.tensor);
    }

    Input input(const Json* json) const {
        if (!json) fail("input", "is missing");
        if (!json->is_object()) fail("input", "must be an object, not " + quoted(*json));
        if (const Json* kind = find(*json, "generator")) {
            expect_object(*json, "input", {"generator", "seed", "shape"});
            const std::string& name = read_string(*kind, "input.generator");
            if (std::ranges::find(generator_kinds(), name) == generator_kinds().end())
                fail("input.generator",
                     fmt::format("must be one of {}, not {}", fmt::join(generator_kinds(), ", "),
                                 quoted(*kind)));
            const Json* seed = find(*json, "seed");
            return generated_input(name, seed ? read_seed(*seed, "input.seed") : 0,
                                   read_shape(find(*json, "shape"), "input.shape"));
        }
        if (const Json* path = find(*json, "image")) {
            expect_object(*json, "input", {"image", "grey", "max_side"});
            FromImage image;
            image.path = read_string(*path, "input.image");
            if (!to_path(image.path).is_absolute()) image.path = beside(image.path);
            if (const Json* grey = find(*json, "grey")) image.grey = read_bool(*grey, "input.grey");
            if (const Json* side = find(*json, "max_side"))
                image.max_side = read_whole(*side, "input.max_side");
            ImageResult loaded = load_image(image.path, {image.grey, image.max_side});
            if (!loaded.ok()) throw Bad{"input.image: " + loaded.error};
            image.note = loaded.note;
            return {std::move(loaded.tensor), std::move(image)};
        }
        return {tensor(*json, "input"), {}};
    }

    Layer layer(const Json& json, const std::string& key) const {
        expect_object(json, key, {"op", "params", "weights", "buffers", "skip", "channel_names"});
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
            expect_object(*params, key + ".params", keys);
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
            throw Bad{
                "This is JSON, but not a Convscope document: the key \"convscope\" is missing."};
        const int64_t version = read_whole(*find(json, "convscope"), "convscope");
        if (version != 1)
            fail("convscope", fmt::format("is {}; this program reads format 1", version));
        expect_object(json, "the document",
                      {"convscope", "name", "input", "layers", "training", "batches", "start"});
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
        if (const Json* start = find(json, "start")) document.start = backward_start(*start);
        check_shapes(document);
        return document;
    }

    BackwardStart backward_start(const Json& json) const {
        using Kind = BackwardStart::Kind;
        expect_object(json, "start", {"kind", "seed", "tensor", "grad_output"});
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
            if (plan.problem) return;
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
            fail("start.tensor", fmt::format("is {}, the output is {}",
                                                  to_string(start.shape()), to_string(shape)));
        fit_weights(document);
    }
};

/// Depth of the deepest bracket, strings aside: cheap, and before any parser allocates.
int bracket_depth(std::string_view text) {
    int depth = 0, deepest = 0;
    bool in_string = false;
    for (size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string && c == '\\')
            ++i;
        else if (c == '"')
            in_string = !in_string;
        else if (in_string)
            continue;
        else if (c == '[' || c == '{')
            deepest = std::max(deepest, ++depth);
        else if (c == ']' || c == '}')
            --depth;
    }
    return deepest;
}

/// "line 3, column 5: unexpected end of input" from nlohmann's message, which starts with its own error number.
std::string parse_reason(const std::string& message) {
    size_t from = message.find("parse error at ");
    if (from == std::string::npos) return display_text(message, 160);
    from += std::string_view("parse error at ").size();
    return display_text(message.substr(from), 160);
}

}  // namespace

std::string nearest_key(std::string_view key, const std::vector<std::string>& valid) {
    std::string nearest;
    size_t fewest = std::max<size_t>(2, key.size() / 3) + 1;  // further away it is another word
    if (key.size() > 64) return "";
    for (const std::string& candidate : valid) {
        // Levenshtein distance, one row at a time.
        std::vector<size_t> row(candidate.size() + 1);
        for (size_t j = 0; j < row.size(); ++j) row[j] = j;
        for (size_t i = 0; i < key.size(); ++i) {
            size_t diagonal = std::exchange(row[0], i + 1);
            for (size_t j = 0; j < candidate.size(); ++j) {
                const size_t replaced = diagonal + (key[i] != candidate[j]);
                diagonal = row[j + 1];
                row[j + 1] = std::min({replaced, diagonal + 1, row[j] + 1});
            }
        }
        if (row.back() < fewest) {
            fewest = row.back();
            nearest = candidate;
        }
    }
    return nearest;
}

DocumentResult from_json(std::string_view text, const std::string& base_dir,
                         std::string_view name) {
    const std::string shown = display_text(name, 80);
    DocumentResult result;
    try {
        if (text.size() > static_cast<size_t>(kMaxDocumentBytes))
            throw Bad{fmt::format("It is larger than {} MiB.", kMaxDocumentBytes >> 20)};
        if (bracket_depth(text) > kMaxDepth)
            throw Bad{"Its brackets are nested too deeply for a document."};
        const Json json = Json::parse(text);
        result.document = DocumentReader{base_dir}.document(json);
    } catch (const Bad& bad) {
        result.error = fmt::format("{}: {}", shown, bad.reason);
    } catch (const Json::parse_error& error) {
        result.error = fmt::format("{}: This is not JSON: {}.", shown, parse_reason(error.what()));
    } catch (const Json::out_of_range& error) {
        // The only one of parsing: "… number overflow parsing '1e999'".
        const std::string what = error.what();
        const size_t quote = what.find('\'');
        const std::string number = quote == std::string::npos ? "" : what.substr(quote);
        result.error = fmt::format("{}: A number in it is larger than a computer's numbers go: {}.",
                                   shown, display_text(number, 60));
    } catch (const std::bad_alloc&) {
        result.error = fmt::format("{}: There is not enough memory to read it.", shown);
    } catch (const std::exception& error) {
        result.error =
            fmt::format("{}: It cannot be read: {}.", shown, display_text(error.what(), 160));
    }
    if (!result.ok()) result.document = {};
    return result;
}

DocumentResult load_document(const std::string& path) {
    const FileResult read = read_file(path, kMaxDocumentBytes);
    if (!read.ok()) return {{}, read.error};
    return from_json(read.bytes, to_utf8(to_path(path).parent_path()), display_name(path));
}

}  // namespace convscope
