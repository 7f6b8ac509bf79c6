// A call's arguments as an op's parameters: PyTorch's order and names, values of the fields' types, sentences for the rest.
#include <algorithm>

#include <fmt/format.h>

#include "core/document_json.h"
#include "core/io/files.h"
#include "core/pytorch_text.h"

namespace convscope {
namespace {

using Kind = Node::Kind;

template <class... Cases>
struct Overloaded : Cases... {
    using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;  // clang before 17 does not deduce it

/// Reads one argument of `op` as a value of `field`'s type.
struct ArgumentReader {
    const Op& op;
    const Field& field;
    const Node& node;
    std::string_view text;

    [[noreturn]] void refuse(std::string_view wanted) const {
        throw TextFailure{
            node.at, fmt::format("{} must be {}, not {}", field.key, wanted, shown(node, text))};
    }

    std::optional<int64_t> whole(const Node& from) const {
        return from.kind == Kind::whole ? std::optional(from.whole) : std::nullopt;
    }

    std::optional<Pair> pair() const {
        if (const auto both = whole(node)) return Pair{*both, *both};
        if ((node.kind != Kind::tuple && node.kind != Kind::list) || node.items.size() != 2)
            return {};
        const auto h = whole(node.items[0]), w = whole(node.items[1]);
        return h && w ? std::optional(Pair{*h, *w}) : std::nullopt;
    }

    std::optional<Scale> scale() const {
        if (node.kind == Kind::truth) return {};
        if (const auto both = number_of(node)) return Scale{*both, *both};
        if ((node.kind != Kind::tuple && node.kind != Kind::list) || node.items.size() != 2)
            return {};
        const auto h = number_of(node.items[0]), w = number_of(node.items[1]);
        return h && w ? std::optional(Scale{*h, *w}) : std::nullopt;
    }

    /// A text, in quotation marks or, as older PyTorch prints it, without.
    std::string_view word() const {
        return node.kind == Kind::text || node.kind == Kind::name ? node.words : std::string_view();
    }

    bool is_none() const { return node.kind == Kind::none; }

    Value truth() const {
        if (node.kind == Kind::truth || (node.kind == Kind::whole && (node.whole | 1) == 1))
            return node.whole == 1;
        if (is_none()) return false;  // as Python's "if bias:" takes it
        refuse("True or False");
    }

    Value choice() const {
        const std::string name(word());
        if (std::ranges::find(field.choices, name) != field.choices.end()) return Choice{name};
        const std::string near = nearest_key(name, field.choices);
        refuse(near.empty() ? fmt::format("one of '{}'", fmt::join(field.choices, "', '"))
                            : fmt::format("one of '{}' ('{}' is near)",
                                          fmt::join(field.choices, "', '"), near));
    }

    Value padding() const {
        if (word() == "same") return Padding{Padding::Kind::same, {}};
        if (word() == "valid") return Padding{Padding::Kind::valid, {}};
        if (const auto read = pair()) return Padding{Padding::Kind::pair, *read};
        refuse("a whole number, two of them, 'same' or 'valid'");
    }

    double number(std::string_view wanted) const {
        const auto read = node.kind == Kind::truth ? std::nullopt : number_of(node);
        if (!read) refuse(wanted);
        return *read;
    }

    Value value() const {
        return std::visit(Overloaded{
                              [&](int64_t) -> Value {
                                  const auto read = whole(node);
                                  if (!read) refuse("a whole number");
                                  return *read;
                              },
                              [&](const Pair&) -> Value {
                                  const auto read = pair();
                                  if (!read) refuse("a whole number or two of them");
                                  return *read;
                              },
                              [&](bool) -> Value { return truth(); },
                              [&](double) -> Value { return number("a number"); },
                              [&](const Choice&) -> Value { return choice(); },
                              [&](const Padding&) -> Value { return padding(); },
                              [&](const std::optional<int64_t>&) -> Value {
                                  const auto read = whole(node);
                                  if (!read && !is_none()) refuse("a whole number or None");
                                  return read;
                              },
                              [&](const std::optional<Pair>&) -> Value {
                                  const auto read = pair();
                                  if (!read && !is_none())
                                      refuse("a whole number, two of them or None");
                                  return read;
                              },
                              [&](const std::optional<double>&) -> Value {
                                  if (is_none()) return std::optional<double>();
                                  return std::optional(number("a number or None"));
                              },
                              [&](const std::optional<Scale>&) -> Value {
                                  const auto read = scale();
                                  if (!read && !is_none()) refuse("a number, two of them or None");
                                  return read;
                              },
                          },
                          field.standard);
    }
};

/// True for what may stand in an argument that changes no number: a value that needs no names.
bool is_literal(const Node& node) {
    if (node.kind == Kind::list || node.kind == Kind::tuple)
        return std::ranges::all_of(node.items, is_literal);
    return node.kind == Kind::whole || node.kind == Kind::real || node.kind == Kind::text ||
           node.kind == Kind::truth || node.kind == Kind::none;
}

bool is_optional(const Value& value) {
    return std::holds_alternative<std::optional<int64_t>>(value) ||
           std::holds_alternative<std::optional<Pair>>(value) ||
           std::holds_alternative<std::optional<double>>(value) ||
           std::holds_alternative<std::optional<Scale>>(value);
}

/// What a field is that the text leaves out; none when it must be given.
std::optional<Value> absent_value(const Field& field) {
    if (field.has_default) return field.standard;
    if (!is_optional(field.standard)) return {};
    return std::visit([]<class T>(const T&) -> Value { return T{}; }, field.standard);
}

/// The op's argument of that keyword; throws when there is none.
std::string keyword_of(const Op& op, const Node& node) {
    std::vector<std::string> valid = op.signature;
    for (const Field& field : op.fields)
        if (std::ranges::find(valid, field.key) == valid.end()) valid.push_back(field.key);
    std::string keyword(node.keyword);
    if (std::ranges::find(valid, keyword) != valid.end()) return keyword;
    const std::string shown_keyword = display_text(keyword, 40);
    if (keyword == "device" || keyword == "dtype")
        throw TextFailure{node.keyword_at,
                          fmt::format("{} is not read: all numbers here are float32 on the CPU; "
                                      "leave it out",
                                      keyword)};
    const std::string near = nearest_key(keyword, valid);
    if (!near.empty())
        throw TextFailure{node.keyword_at, fmt::format("{} is no argument of {}; {} is",
                                                       shown_keyword, op.torch_name, near)};
    throw TextFailure{node.keyword_at,
                      valid.empty()
                          ? fmt::format("{} takes no arguments", op.torch_name)
                          : fmt::format("{} is no argument of {}; it takes {}", shown_keyword,
                                        op.torch_name, fmt::join(valid, ", "))};
}

}  // namespace

Params params_of(const Op& op, const Node& call, std::string_view text) {
    std::vector<std::optional<Value>> given(op.fields.size());
    std::vector<std::string> seen;
    bool keywords = false;
    for (size_t i = 0; i < call.items.size(); ++i) {
        const Node& node = call.items[i];
        std::string key;
        if (!node.keyword.empty()) {
            keywords = true;
            key = keyword_of(op, node);
        } else if (node.labelled || node.kind == Kind::starred) {
            throw TextFailure{node.at, fmt::format("{} takes numbers, not layers or lists of them",
                                                   op.torch_name)};
        } else if (keywords) {
            throw TextFailure{node.at, fmt::format("{} stands behind an argument with a name; "
                                                   "give it its name too",
                                                   shown(node, text))};
        } else if (i >= op.signature.size()) {
            throw TextFailure{
                node.at, op.signature.empty()
                             ? fmt::format("{} takes no arguments", op.torch_name)
                             : fmt::format("{} takes {} arguments at most, and this is number {}",
                                           op.torch_name, op.signature.size(), i + 1)};
        } else {
            key = op.signature[i];
        }
        if (std::ranges::find(seen, key) != seen.end())
            throw TextFailure{node.keyword.empty() ? node.at : node.keyword_at,
                              fmt::format("{} is given twice", key)};
        seen.push_back(key);
        const int field = field_index(op, key);
        if (field >= 0) {
            const auto at = static_cast<size_t>(field);
            given[at] = ArgumentReader{op, op.fields[at], node, text}.value();
        } else if (!is_literal(node)) {
            throw TextFailure{node.at, fmt::format("{} must be True, False or another plain value, "
                                                   "not {}",
                                                   key, shown(node, text))};
        }
    }
    Params params;
    for (size_t i = 0; i < given.size(); ++i) {
        if (!given[i]) given[i] = absent_value(op.fields[i]);
        if (!given[i])
            throw TextFailure{call.at,
                              fmt::format("{} of {} is missing", op.fields[i].key, op.torch_name)};
        params.push_back(std::move(*given[i]));
    }
    return params;
}

}  // namespace convscope
