// Single tensors of a chain by name: out of a document or its result, and into one layer.
#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "core/io/files.h"
#include "core/number_text.h"
#include "core/state_dict.h"
#include "core/state_dict_slots.h"

namespace convscope {
namespace {

const Tensor& tensor_at(const Document& document, const Slot& slot) {
    const Layer& layer = document.layers[static_cast<size_t>(slot.layer)];
    return (slot.is_buffer ? layer.buffers : layer.weights)[static_cast<size_t>(slot.which)];
}

/// "2×3×1×5" → {2, 3, 5}: axes of one value do not count.
std::vector<int64_t> squeezed(Shape shape) {
    std::vector<int64_t> dims{shape.n, shape.c, shape.h, shape.w};
    std::erase(dims, 1);
    return dims;
}

/// PyTorch's rank of a stage: that of the weight whose gradient or the buffer whose next value it is, else 4.
int rank_of(const Plan& plan, int stage) {
    const std::string& name = plan.stages[static_cast<size_t>(stage)].name;
    for (const BufferSpec& buffer : plan.buffers)
        if (buffer.next == stage) return buffer.rank;
    for (const WeightSpec& weight : plan.weights)
        if (name == "grad_" + weight.name) return weight.rank;
    return 4;
}

NamedTensor whole(std::string name, const Tensor& tensor) {
    return {std::move(name), dims_of(tensor.shape(), 4), tensor};
}

/// "2.weight", "layers.2.weight" → 2 and "weight".
std::optional<std::pair<size_t, std::string_view>> split(std::string_view name) {
    if (name.starts_with("layers.")) name.remove_prefix(7);
    size_t layer = 0;
    const char* end = name.data() + name.size();
    const auto read = std::from_chars(name.data(), end, layer);
    if (read.ec != std::errc() || read.ptr == end || *read.ptr != '.') return {};
    return std::pair(layer, name.substr(static_cast<size_t>(read.ptr + 1 - name.data())));
}

std::vector<std::string> names_in(const Result& result, size_t layer) {
    std::vector<std::string> names{"input"};
    for (const Slot& slot : slots_of(result))
        if (slot.layer == static_cast<int>(layer)) names.push_back(slot.name);
    for (const StageSpec& stage : result.layers[layer].plan.stages) names.push_back(stage.name);
    names.push_back("grad_output");
    return names;
}

/// A layer's tensor, or an empty one.
NamedTensor tensor_in(const Result& result, size_t layer, std::string_view name) {
    const LayerResult& computed = result.layers[layer];
    const std::string full = fmt::format("{}.{}", layer, name);
    if (name == "input") return whole(full, computed.input);
    if (name == "grad_output") return whole(full, computed.grad_output);
    for (const Slot& slot : slots_of(result))
        if (slot.layer == static_cast<int>(layer) && slot.name == name)
            return {full, slot.dims, tensor_at(result.document, slot)};
    const int stage = computed.plan.stage(name);
    if (stage < 0 || static_cast<size_t>(stage) >= computed.stages.size()) return {};
    const Tensor& tensor = computed.stages[static_cast<size_t>(stage)];
    return {full, dims_of(tensor.shape(), rank_of(computed.plan, stage)), tensor};
}

}  // namespace

std::vector<int64_t> dims_of(Shape shape, int rank) {
    if (rank == 0) return {};
    if (rank == 1) return {shape.c};
    return {shape.n, shape.c, shape.h, shape.w};
}

std::vector<Slot> slots_of(const Result& planned) {
    std::vector<Slot> slots;
    for (size_t k = 0; k < planned.layers.size(); ++k) {
        const Plan& plan = planned.layers[k].plan;
        const auto add = [&](const auto& specs, bool is_buffer) {
            for (size_t i = 0; i < specs.size(); ++i)
                slots.push_back({static_cast<int>(k), is_buffer, static_cast<int>(i), specs[i].name,
                                 specs[i].shape, dims_of(specs[i].shape, specs[i].rank)});
        };
        add(plan.weights, false);
        add(plan.buffers, true);
    }
    return slots;
}

std::string full_name(const Slot& slot) { return fmt::format("{}.{}", slot.layer, slot.name); }

void put(Document& document, const Slot& slot, const Tensor& tensor) {
    const auto values = tensor.values();
    CHECK_THAT(static_cast<int64_t>(values.size()), ==, slot.shape.count());
    Tensor shaped =
        tensor.shape() == slot.shape ? tensor : Tensor(slot.shape, {values.begin(), values.end()});
    Layer& layer = document.layers[static_cast<size_t>(slot.layer)];
    if (slot.is_buffer)
        layer.buffers[static_cast<size_t>(slot.which)] = std::move(shaped);
    else if (slot.which == 0 && !layer.channel_names.empty())
        document = with_weight(std::move(document), slot.layer, 0,
                               std::move(shaped));  // channels are renamed
    else
        layer.weights[static_cast<size_t>(slot.which)] = std::move(shaped);
        if (slot.which == 0) layer.turned = false;  // the file's numbers are what the layer slides
}

std::vector<NamedTensor> named_tensors(const Document& document) {
    std::vector<NamedTensor> tensors;
    for (const Slot& slot : slots_of(plan_only(document)))
        tensors.push_back({full_name(slot), slot.dims, tensor_at(document, slot)});
    return tensors;
}

Document with_weight_tensor(Document document, int layer, std::string_view name,
                            const Tensor& tensor, std::string& error) {
    error.clear();
    std::vector<std::string> names;
    const Result planned = plan_only(document);
    for (const Slot& slot : slots_of(planned)) {
        if (slot.layer != layer) continue;
        names.push_back(slot.name);
        if (slot.name != name) continue;
        // A file has no place for the axes that a vector lacks: what counts is the order of the longer ones.
        if (tensor.empty() || squeezed(tensor.shape()) != squeezed(slot.shape)) {
            error = fmt::format("The tensor is {}, {} needs {}.", to_string(tensor.shape()),
                                full_name(slot), dims_text(slot.dims));
            return document;
        }
        put(document, slot, tensor);
        return document;
    }
    const std::string wish = fmt::format("{}.{}", layer, display_text(name, 40));
    if (layer < 0 || static_cast<size_t>(layer) >= document.layers.size())
        error = fmt::format("There is no layer {}; the chain has {}, counted from 0.",
                            number_text(layer), document.layers.size());
    else if (static_cast<size_t>(layer) >= planned.layers.size() && planned.problem)
        error = fmt::format("{} has no shape yet: {}", wish, planned.problem->whole());
    else if (names.empty())
        error = fmt::format("There is no {}; that layer has no weights.", wish);
    else
        error = fmt::format("There is no {}; that layer has {}.", wish, fmt::join(names, ", "));
    return document;
}

Document with_input_tensor(Document document, Tensor tensor, std::string& error) {
    error.clear();
    if (const auto problem = size_problem(tensor.shape(), "The input")) {
        error = problem->whole();
        return document;
    }
    return with_input(std::move(document), {std::move(tensor), {}});
}

NamedTensor find_tensor(const Result& result, std::string_view name, std::string& error) {
    error.clear();
    NamedTensor found;
    const bool is_whole = !result.problem && !result.layers.empty();
    std::vector<std::string> names;
    if (name == "input") {
        found = whole(
            "input", result.layers.empty() ? result.document.input.tensor : result.layers[0].input);
    } else if (name == "output" && is_whole) {
        found = whole("output", result.layers.back().output());
    } else if (const auto place = split(name)) {
        if (place->first >= result.document.layers.size()) {
            error = fmt::format("There is no layer {}; the chain has {}, counted from 0.",
                                place->first, result.document.layers.size());
            return {};
        }
        if (place->first < result.layers.size()) {
            found = tensor_in(result, place->first, place->second);
            names = names_in(result, place->first);
        }
    } else {
        names = {"input", "output", "0.weight", "0.output and so on"};
    }
    if (!found.tensor.empty()) return found;
    if (result.problem && (name == "output" || names.empty()))
        error = result.problem->whole();
    else if (std::ranges::find(
                 names, found.name.empty() ? "" : found.name.substr(found.name.find('.') + 1)) !=
             names.end())
        error = fmt::format("{} was not computed.", found.name);
    else
        error = fmt::format("There is no tensor {}; there {} {}.",
                            name.empty() ? "without a name" : display_text(name, 40),
                            names.size() == 1 ? "is" : "are", fmt::join(names, ", "));
    return {};
}

}  // namespace convscope
