#include "tests/layer_case.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>

#include <fmt/format.h>

namespace convscope {
namespace {

template <class... Cases>
struct Overloaded : Cases... {
    using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;  // clang 14 does not guess it

int64_t draw(std::mt19937_64& random, int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
}

Pair draw_pair(std::mt19937_64& random, int64_t low, int64_t high) {
    const int64_t h = draw(random, low, high);
    return {h, draw(random, 0, 1) == 0 ? h : draw(random, low, high)};
}

/// A value of the field; small numbers are likelier than the panel's limits.
Value draw_value(const Field& field, std::mt19937_64& random) {
    const auto low = static_cast<int64_t>(field.low);
    const auto high = std::min(static_cast<int64_t>(field.high), low + draw(random, 0, 4));
    return std::visit(
        Overloaded{
            [&](int64_t) -> Value { return draw(random, low, high); },
            [&](const Pair&) -> Value { return draw_pair(random, low, high); },
            [&](bool) -> Value { return draw(random, 0, 1) == 1; },
            [&](double) -> Value {
                return std::uniform_real_distribution<double>(field.low, field.high)(random);
            },
            [&](const Choice& standard) -> Value {
                if (draw(random, 0, 1) == 0) return standard;
                const auto last = static_cast<int64_t>(field.choices.size()) - 1;
                return Choice{field.choices[static_cast<size_t>(draw(random, 0, last))]};
            },
            [&](const std::optional<int64_t>&) -> Value {
                if (draw(random, 0, 1) == 0) return std::optional<int64_t>();
                return std::optional(draw(random, low, high));
            },
            [&](const std::optional<Pair>&) -> Value {
                if (draw(random, 0, 1) == 0) return std::optional<Pair>();
                return std::optional(draw_pair(random, low, high));
            },
            [&](const std::optional<double>& standard) -> Value {
                if (draw(random, 0, 3) == 0) return std::optional<double>();
                if (draw(random, 0, 3) == 0) return standard;
                return std::optional(
                    std::uniform_real_distribution<double>(field.low, field.high)(random));
            },
            [&](const std::optional<Scale>&) -> Value {
                if (draw(random, 0, 3) == 0) return std::optional<Scale>();
                const Pair halves = draw_pair(random, 1, 7);
                return std::optional(Scale{static_cast<double>(halves.h) / 2,
                                           static_cast<double>(halves.w) / 2});
            },
            [&](const Padding&) -> Value {
                const int64_t kind = draw(random, 0, 5);
                if (kind == 0) return Padding{Padding::Kind::same, {}};
                if (kind == 1) return Padding{Padding::Kind::valid, {}};
                return Padding{Padding::Kind::pair, draw_pair(random, low, high)};
            },
        },
        field.standard);
}

/// Takes remedies until the plan is possible; false when they lead nowhere.
bool repair(const Op& op, Params& params, Shape input, bool training, std::mt19937_64& random) {
    for (int attempt = 0; attempt < 12; ++attempt) {
        const Plan plan = op.plan(params, input, training);
        if (!plan.problem) return true;
        const auto& remedies = plan.problem->remedies;
        if (!remedies.empty()) {
            const auto last = static_cast<int64_t>(remedies.size()) - 1;
            const Remedy& remedy = remedies[static_cast<size_t>(draw(random, 0, last))];
            params[static_cast<size_t>(field_index(op, remedy.key))] = remedy.value;
        } else {
            const int field = field_index(op, plan.problem->key);
            if (field < 0) return false;
            params[static_cast<size_t>(field)] = op.fields[static_cast<size_t>(field)].standard;
        }
    }
    return false;
}

/// Values a buffer may have: one that starts above 0 (a variance) stays there, one number is a count.
Tensor random_buffer(const BufferSpec& spec, std::mt19937_64& random, bool whole_numbers) {
    if (spec.rank == 0) return Tensor(spec.shape, static_cast<float>(draw(random, 0, 5)));
    Tensor buffer = random_tensor(spec.shape, random, whole_numbers);
    for (float& value : buffer.mutate())
        if (spec.initial > 0) value = std::abs(value) + 1;
    return buffer;
}

/// Reads through another reader, with one number changed.
struct NudgedReader : Reader {
    const Reader& base;
    Ref place;
    double nudge;
    NudgedReader(const Reader& b, const Ref& p, double n) : base(b), place(p), nudge(n) {}
    double operator()(const Ref& ref) const override {
        return base(ref) + (ref == place ? nudge : 0);
    }
};

}  // namespace

Document one_layer(const Op& op, Params params, Tensor input, std::vector<Tensor> weights,
                   Tensor grad_output) {
    Document document;
    document.input.tensor = std::move(input);
    document.layers.push_back({&op, std::move(params), std::move(weights), {}});
    document.start.kind = BackwardStart::Kind::given;
    document.start.tensor = std::move(grad_output);
    return document;
}

Params params_from(const Op& op, const nlohmann::json& values) {
    Params params = standard_params(op);
    for (const auto& item : values.items()) {
        const nlohmann::json& value = item.value();
        const int field = field_index(op, item.key());
        if (field < 0) {
            ADD_FAILURE() << op.id << " has no parameter " << item.key();
            continue;
        }
        const auto pair = [&] {
            return Pair{value.at(0).get<int64_t>(), value.at(1).get<int64_t>()};
        };
        Value& param = params[static_cast<size_t>(field)];
        std::visit(Overloaded{
                       [&](int64_t& v) { v = value.get<int64_t>(); },
                       [&](Pair& v) { v = pair(); },
                       [&](bool& v) { v = value.get<bool>(); },
                       [&](double& v) { v = value.get<double>(); },
                       [&](std::optional<int64_t>& v) {
                           v.reset();
                           if (!value.is_null()) v = value.get<int64_t>();
                       },
                       [&](std::optional<Pair>& v) {
                           v.reset();
                           if (!value.is_null()) v = pair();
                       },
                       [&](std::optional<double>& v) {
                           v.reset();
                           if (!value.is_null()) v = value.get<double>();
                       },
                       [&](std::optional<Scale>& v) {
                           v.reset();
                           if (!value.is_null())
                               v = Scale{value.at(0).get<double>(), value.at(1).get<double>()};
                       },
                       [&](Choice& v) { v.name = value.get<std::string>(); },
                       [&](Padding& v) {
                           if (value == "same")
                               v.kind = Padding::Kind::same;
                           else if (value == "valid")
                               v.kind = Padding::Kind::valid;
                           else
                               v = {Padding::Kind::pair, pair()};
                       },
                   },
                   param);
    }
    return params;
}

Tensor tensor_from(const nlohmann::json& tensor, Shape shape) {
    std::vector<float> values;
    for (double value : tensor.at("data").get<std::vector<double>>())
        values.push_back(static_cast<float>(value));
    return {shape, std::move(values)};
}

std::vector<nlohmann::json> golden_lines(const std::string& name) {
    std::ifstream file(std::string(CONVSCOPE_SOURCE_DIR "/tests/golden/") + name);
    EXPECT_TRUE(file.good()) << "tests/golden/" << name << " cannot be read";
    std::vector<nlohmann::json> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(nlohmann::json::parse(line));
    return lines;
}

Tensor random_tensor(Shape shape, std::mt19937_64& random, bool whole_numbers) {
    Tensor tensor(shape);
    std::normal_distribution<double> normal;
    for (float& value : tensor.mutate())
        value = whole_numbers ? static_cast<float>(draw(random, -4, 9))
                              : static_cast<float>(normal(random));
    return tensor;
}

Document random_layer(const Op& op, std::mt19937_64& random, bool whole_numbers) {
    while (true) {
        Shape input{draw(random, 1, 2), draw(random, 1, 4), draw(random, 1, 11),
                    draw(random, 1, 11)};
        // Now and then so wide that rows are longer than any vector.
        if (draw(random, 0, 9) == 0)
            input = {1, draw(random, 1, 4), draw(random, 1, 4), draw(random, 90, 300)};
        Params params;
        for (const Field& field : op.fields) params.push_back(draw_value(field, random));
        const bool training = draw(random, 0, 2) != 0;
        if (!repair(op, params, input, training, random)) continue;
        const Plan plan = op.plan(params, input, training);
        std::vector<Tensor> weights;
        for (const WeightSpec& spec : plan.weights)
            weights.push_back(random_tensor(spec.shape, random, whole_numbers));
        Document document =
            one_layer(op, params, random_tensor(input, random, whole_numbers), weights,
                      random_tensor(plan.output_stage().shape, random, whole_numbers));
        document.training = training;
        for (const BufferSpec& spec : plan.buffers)
            document.layers[0].buffers.push_back(random_buffer(spec, random, whole_numbers));
        return document;
    }
}

std::string describe(const Document& document) {
    const Layer& layer = document.layers[0];
    std::string text = layer.op->id;
    for (size_t i = 0; i < layer.params.size(); ++i)
        text += " " + layer.op->fields[i].key + "=" + to_text(layer.params[i]);
    return text + (document.training ? ", train" : ", eval") + ", input " +
           to_string(document.input.tensor.shape());
}

uint64_t test_seed(uint64_t standard) {
    const char* set = std::getenv("CONVSCOPE_SEED");
    const uint64_t seed = set ? std::strtoull(set, nullptr, 10) : standard;
    fmt::print("seed {} (CONVSCOPE_SEED chooses another)\n", seed);
    return seed;
}

CaseReader::CaseReader(const Document& document)
    : input(to_double(document.input.tensor)), grad_output(to_double(document.start.tensor)) {
    for (const Tensor& weight : document.layers[0].weights) weights.push_back(to_double(weight));
    for (const Tensor& buffer : document.layers[0].buffers) buffers.push_back(to_double(buffer));
}

DoubleTensor& CaseReader::tensor(const Ref& ref) {
    const auto which = static_cast<size_t>(ref.which);
    switch (ref.source) {
        case Source::input: return input;
        case Source::weight: return weights.at(which);
        case Source::buffer: return buffers.at(which);
        case Source::stage: return stages.at(which);
        case Source::grad_output: return grad_output;
        default: throw std::logic_error("constants and other layers are not read");
    }
}

double CaseReader::operator()(const Ref& ref) const {
    return const_cast<CaseReader*>(this)->tensor(ref).at(ref.cell);
}

Truth explain_all(const Document& document) {
    const Layer& layer = document.layers[0];
    Truth truth;
    truth.plan =
        layer.op->plan(layer.params, document.input.tensor.shape(), document.training);
    CaseReader read(document);
    read.stages.resize(truth.plan.stages.size());
    truth.sizes.resize(truth.plan.stages.size());
    truth.counts.resize(truth.plan.stages.size());
    truth.exact.assign(truth.plan.stages.size(), true);
    // Size and count of a number itself: a stage's, or that of an exact value.
    const auto size_of = [&](const Ref& ref, double value) {
        if (ref.source != Source::stage) return std::abs(value);
        return truth.sizes[static_cast<size_t>(ref.which)].at(ref.cell);
    };
    const auto count_of = [&](const Ref& ref) {
        if (ref.source != Source::stage) return 0.0;
        return truth.counts[static_cast<size_t>(ref.which)].at(ref.cell);
    };
    const auto is_whole = [&](const Ref& ref, double value) {
        return value == std::floor(value) && (ref.source != Source::stage ||
                                              truth.exact[static_cast<size_t>(ref.which)]);
    };
    for (size_t s = 0; s < truth.plan.stages.size(); ++s) {
        const Shape shape = truth.plan.stages[s].shape;
        DoubleTensor values(shape), sizes(shape), counts(shape);
        for (int64_t i = 0; i < shape.count(); ++i) {
            const auto explained = [&](const Reader& through) {
                return layer.op->explain(layer.params, truth.plan, static_cast<int>(s),
                                         shape.index(i), through);
            };
            const Explanation e = explained(read);
            double size = 0, count = 0;
            bool exact = e.combine == Combine::sum || e.combine == Combine::max;
            for (const Term& term : e.terms) {
                exact = exact && is_whole(term.a, term.a_value) && is_whole(term.b, term.b_value);
                count += std::max(1.0, count_of(term.a) + count_of(term.b));
                const double from_a = size_of(term.a, term.a_value),
                             from_b = size_of(term.b, term.b_value);
                if (e.combine == Combine::max) {
                    size = std::abs(e.value);
                } else if (e.combine == Combine::formula) {
                    // How far an error of the number moves the result.
                    const double nudge = 1e-6 * std::max(1e-3, std::abs(term.a_value));
                    const double moved = explained(NudgedReader(read, term.a, nudge)).value;
                    size += std::abs(moved - e.value) / nudge * from_a;
                } else if (term.b.source == Source::stage) {
                    size += from_a * std::abs(term.b_value) + std::abs(term.a_value) * from_b;
                } else {
                    size += from_a * std::abs(term.b_value);
                }
            }
            if (e.combine == Combine::mean) size /= std::abs(e.divisor);
            if (e.combine == Combine::formula) size += std::abs(e.value);
            const auto at = static_cast<size_t>(i);
            values.mutate()[at] = e.value;
            sizes.mutate()[at] = size;
            counts.mutate()[at] = count;
            if (!exact) truth.exact[s] = false;
        }
        read.stages[s] = std::move(values);
        truth.sizes[s] = std::move(sizes);
        truth.counts[s] = std::move(counts);
    }
    truth.values = read.stages;
    return truth;
}

}  // namespace convscope
