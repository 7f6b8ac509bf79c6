#include "core/eval_case.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/evaluate.h"
#include "core/gradient_flow.h"
#include "core/io/files.h"
#include "core/json_read.h"
#include "core/number_text.h"

namespace convscope {
namespace {

constexpr const char* kGradientFlow = "gradient_flow";
/// What a case may hold beside its numbers: golden files keep the answers in the same line.
const std::vector<std::string> kFlowKeys{"id",      "op",    "params",         "input",
                                         "weights", "loss",  "activation_rms", "grad_weight_norms",
                                         "error",   "reason"};

using Dims = std::vector<int64_t>;

/// Axes of PyTorch's tensor for one that is kept as N×C×H×W.
Dims dims_of(Shape shape, int rank) {
    if (rank == 0) return {};
    if (rank == 1) return {shape.c};
    if (rank == 2) return {shape.n, shape.c};
    return {shape.n, shape.c, shape.h, shape.w};
}

/// The other way: a vector is 1×C×1×1, a matrix N×C×1×1.
Shape shape_of(const Dims& dims) {
    if (dims.empty()) return {1, 1, 1, 1};
    if (dims.size() == 1) return {1, dims[0], 1, 1};
    if (dims.size() == 2) return {dims[0], dims[1], 1, 1};
    return {dims[0], dims[1], dims[2], dims[3]};
}

std::string text(const Dims& dims) { return fmt::format("[{}]", fmt::join(dims, ", ")); }

std::string missing(const Dims& dims) { return "is missing; its shape is " + text(dims); }

// ---- Reading

Dims read_dims(const Json* json, const std::string& key, size_t rank, std::string_view axes) {
    if (!json) fail(key, "is missing");
    if (!json->is_array() || json->size() != rank)
        fail(key, fmt::format("must be a list of {} ({}), not {}", rank, axes, quoted(*json)));
    Dims dims;
    for (const Json& extent : *json) dims.push_back(read_whole(extent, key));
    if (size_problem(shape_of(dims), ""))
        fail(key, fmt::format("is {}: every extent must be 1 or more, and their product at most {}",
                              quoted(*json), grouped_text(kMaxValues)));
    return dims;
}

std::vector<float> read_values(const Json* json, const std::string& key, int64_t count) {
    if (!json) fail(key, "is missing");
    if (!json->is_array()) fail(key, "must be a list of numbers, not " + quoted(*json));
    if (static_cast<int64_t>(json->size()) != count)
        fail(key,
             fmt::format("has {} values, its shape asks for {}",
                         grouped_text(static_cast<int64_t>(json->size())), grouped_text(count)));
    std::vector<float> values;
    values.reserve(json->size());
    for (const Json& value : *json)
        values.push_back(static_cast<float>(
            value.is_number() ? value.get<double>()
                              : read_number(value, fmt::format("{}[{}]", key, values.size()))));
    return values;
}

/// {"shape": […], "data": […]} with as many axes as `axes` has words.
Tensor read_tensor(const Json& json, const std::string& key, size_t rank, std::string_view axes) {
    expect_keys(json, key, {"shape", "data"}, "a tensor");
    const Dims dims = read_dims(find(json, "shape"), key + ".shape", rank, axes);
    const Shape shape = shape_of(dims);
    return {shape, read_values(find(json, "data"), key + ".data", shape.count())};
}

/// A tensor whose shape is known.
Tensor read_exactly(const Json& json, const std::string& key, Shape shape, int rank) {
    const Dims wanted = dims_of(shape, rank);
    expect_keys(json, key, {"shape", "data"}, "a tensor");
    const Json* dims = find(json, "shape");
    if (!dims) fail(key + ".shape", missing(wanted));
    bool is_equal = dims->is_array() && dims->size() == wanted.size();
    for (size_t i = 0; is_equal && i < wanted.size(); ++i)
        is_equal = read_whole((*dims)[i], key + ".shape") == wanted[i];
    if (!is_equal)
        fail(key + ".shape",
             fmt::format("is {}, the layer asks for {}", quoted(*dims), text(wanted)));
    return {shape, read_values(find(json, "data"), key + ".data", shape.count())};
}

Tensor read_input(const Json& json) {
    const Json* input = find(json, "input");
    if (!input) fail("input", "is missing");
    return read_tensor(*input, "input", 4, "batch, channels, rows, columns");
}

/// What the case leaves out has PyTorch's default; without one it is None or must be said.
Params read_params(const Op& op, const Json& json) {
    Params params = standard_params(op);
    for (size_t i = 0; i < params.size(); ++i) {
        const Field& field = op.fields[i];
        const std::string key = "params." + field.key;
        if (const Json* value = find(json, field.key)) {
            params[i] = read_value(*value, field, key);
        } else if (!field.has_default) {
            std::visit(
                [&]<class T>(T& held) {
                    if constexpr (requires { held.reset(); })
                        held.reset();
                    else
                        fail(key, "is missing");
                },
                params[i]);
        }
    }
    return params;
}

bool read_flag(const Json& params, const char* name, bool standard) {
    const Json* flag = find(params, name);
    return flag ? read_bool(*flag, std::string("params.") + name) : standard;
}

// ---- Writing

void append(std::string& out, float value) {
    const Json json = number_json(value);
    if (json.is_number_integer())
        out += fmt::format("{}", json.get<int64_t>());
    else
        out += json.dump();
}

struct Answer {
    std::string json;

    void key(std::string_view name) { json += fmt::format(", \"{}\": ", name); }

    void tensor(std::string_view name, const Tensor& tensor, int rank) {
        key(name);
        json += "{\"shape\": " + text(dims_of(tensor.shape(), rank)) + ", \"data\": [";
        bool first = true;
        for (const float value : tensor.values()) {
            if (!std::exchange(first, false)) json += ", ";
            append(json, value);
        }
        json += "]}";
    }

    void number(std::string_view name, double value) {
        key(name);
        json += number_json(value).dump();
    }

    void numbers(std::string_view name, const std::vector<double>& values) {
        key(name);
        Json list = Json::array();
        for (const double value : values) list.push_back(number_json(value));
        json += list.dump();
    }
};

// ---- Computing

void check_work(const Document& document, bool backward) {
    const double products = work(document) * (backward ? 3 : 1);
    if (products > kMaxCaseWork)
        throw BadJson{
            fmt::format("This case takes {:.1e} multiply-adds; eval computes {:.0e} at most.",
                        products, kMaxCaseWork)};
}

/// A tensor of the answer: `stage` of the layer, or a buffer where that is −1.
struct Part {
    std::string name;
    int stage = -1, buffer = -1;
    int rank = 4;
    Shape shape;
};

/// What the layer's op answers, by the names of its plan: output, gradients, buffers after the batch.
std::vector<Part> parts_of(const Plan& plan, bool backward, const std::vector<int>& buffers) {
    std::vector<Part> parts;
    const auto add = [&](const std::string& name, int stage, int rank) {
        if (stage >= 0)
            parts.push_back({name, stage, -1, rank, plan.stages[static_cast<size_t>(stage)].shape});
    };
    add("output", plan.output, 4);
    if (backward) {
        add("grad_input", plan.stage("grad_input"), 4);
        for (const WeightSpec& weight : plan.weights)
            add("grad_" + weight.name, plan.stage("grad_" + weight.name), weight.rank);
    }
    for (const int buffer : buffers) {
        const BufferSpec& spec = plan.buffers[static_cast<size_t>(buffer)];
        parts.push_back({spec.name + "_after", -1, buffer, spec.rank, spec.shape});
    }
    return parts;
}

void check_keys(const Json& json, const Op& op, const Plan& plan) {
    std::vector<std::string> keys{"id", "op", "params", "input"};
    for (const WeightSpec& weight : plan.weights) keys.push_back(weight.name);
    for (const BufferSpec& buffer : plan.buffers) keys.push_back(buffer.name);
    keys.push_back("grad_output");
    // Answers that stand in the same line are read past.
    keys.insert(keys.end(), {"output", "grad_input", "error", "reason"});
    for (const WeightSpec& weight : plan.weights) keys.push_back("grad_" + weight.name);
    for (const BufferSpec& buffer : plan.buffers) keys.push_back(buffer.name + "_after");
    expect_keys(json, "", keys, fmt::format("a case of this {}", op.id));
}

void answer_layer(const Op& op, const Json& json, const Json& params, const Progress& progress,
                  Answer& answer) {
    std::vector<std::string> keys;
    for (const Field& field : op.fields) keys.push_back(field.key);
    keys.push_back("training");
    expect_keys(params, "params", keys, op.id);

    Document document;
    document.training = read_flag(params, "training", true);
    document.input.tensor = read_input(json);
    document.layers.push_back({&op, read_params(op, params), {}, {}});
    Layer& layer = document.layers.back();
    const Plan plan = op.plan(layer.params, document.input.tensor.shape(), document.training);
    if (plan.problem) throw BadJson{plan.problem->whole()};
    check_keys(json, op, plan);

    for (const WeightSpec& spec : plan.weights) {
        const Json* weight = find(json, spec.name);
        if (!weight) fail(spec.name, missing(dims_of(spec.shape, spec.rank)));
        layer.weights.push_back(read_exactly(*weight, spec.name, spec.shape, spec.rank));
    }
    // Buffers that the case does not give are fresh, and answered only where it gives none at all.
    std::vector<int> given, all;
    for (size_t i = 0; i < plan.buffers.size(); ++i) {
        const BufferSpec& spec = plan.buffers[i];
        const Json* buffer = find(json, spec.name);
        all.push_back(static_cast<int>(i));
        if (buffer) given.push_back(static_cast<int>(i));
        layer.buffers.push_back(buffer ? read_exactly(*buffer, spec.name, spec.shape, spec.rank)
                                       : Tensor(spec.shape, spec.initial));
    }
    const Json* grad_output = find(json, "grad_output");
    if (grad_output) {
        document.start.kind = BackwardStart::Kind::given;
        document.start.tensor =
            read_exactly(*grad_output, "grad_output", plan.output_stage().shape, 4);
    }

    const std::vector<Part> parts =
        parts_of(plan, grad_output != nullptr, given.empty() ? all : given);
    int64_t values = 0;
    for (const Part& part : parts) values += part.shape.count();
    if (values > kMaxAnswerValues)
        throw BadJson{fmt::format("The answer would hold {} numbers; eval writes {} at most.",
                                  grouped_text(values), grouped_text(kMaxAnswerValues))};
    const bool backward = grad_output != nullptr;
    check_work(document, backward);
    const Result result =
        *evaluate(document, {.optional_stages = false, .backward = backward}, progress);
    if (result.problem) throw BadJson{result.problem->whole()};
    const LayerResult& computed = result.layers.front();
    for (const Part& part : parts)
        answer.tensor(part.name,
                      part.stage >= 0 ? computed.stages[static_cast<size_t>(part.stage)]
                                      : computed.buffers.back()[static_cast<size_t>(part.buffer)],
                      part.rank);
}

/// h ← act(bn?(h·Wᵀ)) layer by layer, loss = mean(h²)/2.
void answer_gradient_flow(const Json& json, const Json& params, const Progress& progress,
                          Answer& answer) {
    expect_keys(json, "", kFlowKeys, "a gradient_flow case");
    expect_keys(params, "params", {"depth", "width", "activation", "batch_norm"}, kGradientFlow);
    const Json *input = find(json, "input"), *list = find(json, "weights");
    if (!input) fail("input", "is missing");
    if (!list) fail("weights", "is missing");
    if (!list->is_array() || list->empty())
        fail("weights", "must be a list of tensors, not " + quoted(*list));
    Tensor in = read_tensor(*input, "input", 2, "batch, width");
    const int64_t width = in.shape().c;
    std::vector<Tensor> weights;
    for (const Json& weight : *list)
        weights.push_back(read_exactly(weight, fmt::format("weights[{}]", weights.size()),
                                       {width, width, 1, 1}, 2));
    const auto depth = static_cast<int64_t>(weights.size());
    for (const auto& [name, value] : {std::pair{"depth", depth}, std::pair{"width", width}})
        if (const Json* said = find(params, name);
            said && read_whole(*said, std::string("params.") + name) != value)
            fail(std::string("params.") + name,
                 fmt::format("is {}, the tensors have {}", quoted(*said), value));
    const Json* activation = find(params, "activation");
    const auto built = gradient_flow_document(
        std::move(weights), std::move(in),
        activation ? read_string(*activation, "params.activation") : "identity",
        read_flag(params, "batch_norm", false));
    if (const Problem* problem = std::get_if<Problem>(&built)) throw BadJson{problem->whole()};
    const Document& document = std::get<Document>(built);

    check_work(document, true);
    const auto answered = gradient_flow_answer(document, progress);
    if (const Problem* problem = std::get_if<Problem>(&answered)) throw BadJson{problem->whole()};
    const FlowAnswer& flow = std::get<FlowAnswer>(answered);
    answer.number("loss", flow.loss);
    answer.numbers("activation_rms", flow.activation_rms);
    answer.numbers("grad_weight_norms", flow.grad_weight_norms);
}

void answer_case(const Json& json, const Progress& progress, Answer& answer) {
    const Json* name = find(json, "op");
    const Json* params = find(json, "params");
    const Json none = Json::object();
    if (!name) {
        expect_keys(json, "", {"id", "op", "params", "input", "weight", "bias", "grad_output"},
                    "a case");
        fail("op", "is missing");
    }
    const std::string& id = read_string(*name, "op");
    if (params && !params->is_object()) fail("params", "must be an object, not " + quoted(*params));
    if (id == kGradientFlow) return answer_gradient_flow(json, params ? *params : none, progress, answer);
    const Op* op = find_op(id);
    if (op) return answer_layer(*op, json, params ? *params : none, progress, answer);
    std::vector<std::string> ids{kGradientFlow};
    for (const Op& known : all_ops()) ids.push_back(known.id);
    const std::string near = nearest_key(id, ids);
    fail("op",
         near.empty()
             ? fmt::format("must be one of {}, not {}", fmt::join(ids, ", "), quoted(*name))
             : fmt::format("is {}, which there is not; \"{}\" there is", quoted(*name), near));
}

std::string error_json(const std::string& id, const std::string& sentence) {
    return "{\"id\": " + id +
           ", \"error\": " + Json(sentence).dump(-1, ' ', false, Json::error_handler_t::replace) +
           "}";
}

}  // namespace

EvalAnswer eval_unreadable(std::string sentence) {
    EvalAnswer answer{error_json("null", sentence), std::move(sentence)};
    return answer;
}

EvalAnswer eval_line(std::string_view line, Workers* workers) {
    if (line.size() > kMaxCaseBytes)
        return eval_unreadable(fmt::format("The line is longer than {} MiB.", kMaxCaseBytes >> 20));
    Json json;
    try {
        json = parse_json(line);
        if (!json.is_object())
            throw BadJson{"A case must be a JSON object, not " + quoted(json) + "."};
    } catch (...) {
        std::string sentence = json_failure();
        // The case is one line, so its number in the parser's words would mislead.
        if (const size_t at = sentence.find("line 1, column "); at != std::string::npos)
            sentence.erase(at, 8);
        return eval_unreadable(std::move(sentence));
    }

    std::string id = "null";
    try {
        if (const Json* given = find(json, "id")) {
            if (given->is_structured())
                fail("id", "must be a text or a number, not " + quoted(*given));
            id = given->dump(-1, ' ', false, Json::error_handler_t::replace);
        }
        Answer answer{"{\"id\": " + id};
        answer_case(json, {.report = {}, .cancelled = {}, .workers = workers}, answer);
        return {answer.json + "}", ""};
    } catch (...) { return {error_json(id, json_failure()), ""}; }
}

}  // namespace convscope
