// Parameters of a layer: values, and the table of fields that drives panel, tooltips, JSON, PyTorch text and tests.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace convscope {

/// (height, width), as PyTorch orders them.
struct Pair {
    int64_t h = 0, w = 0;
    bool operator==(const Pair&) const = default;
};

/// conv2d's `padding`: rows and columns added on each side, or PyTorch's words for "as many as keep the size" and "none".
struct Padding {
    enum class Kind { pair, same, valid };
    Kind kind = Kind::pair;
    Pair pair;
    bool operator==(const Padding&) const = default;
};

/// One of a field's `choices`, by its name ("zeros", "reflect", …).
struct Choice {
    std::string name;
    bool operator==(const Choice&) const = default;
};

/// (height, width) factors, upsample's `scale_factor`.
struct Scale {
    double h = 1, w = 1;
    bool operator==(const Scale&) const = default;
};

/// The value of one parameter. Which alternative a field holds never changes (it is that of `Field::standard`). An
/// optional without a value is PyTorch's None.
using Value = std::variant<int64_t, Pair, bool, double, Choice, Padding, std::optional<int64_t>, std::optional<Pair>,
                           std::optional<double>, std::optional<Scale>>;

/// The values of a layer's parameters, in the order of its op's fields.
using Params = std::vector<Value>;

/// How a parameter is written elsewhere. What stands in a document is always PyTorch's.
struct Notation {
    std::string keras = {};       // Keras' name; empty: it has no such parameter
    std::string keras_note = {};  // what differs there, or what stands for it
    bool only_words = false;      // Keras has 'valid' (0) and 'same' instead of numbers
    bool complement = false;      // Keras' number is 1 − this one
    bool per_side = false;        // counts cells on each of two sides: in total twice as many
};

/// One row of an op's parameter table.
struct Field {
    std::string key;                   // PyTorch's name: "kernel_size"
    Value standard;                    // value of a fresh layer; PyTorch's default where it has one
    bool has_default = false;          // `standard` is PyTorch's default, so its text leaves it out when equal; an
                                       // optional without one is None where the text leaves it out
    double low = 0, high = 0;          // what the panel's − and + reach; typed text may be any number
    std::vector<std::string> choices;  // for Choice
    std::string help;                  // one sentence: what it does
    Notation notation = {};
};

/// "3", "3×1" for a pair with two values, "same", "zeros", "on", "0.1", "none": for labels, captions and undo sentences.
std::string to_text(const Value& value);

/// The value in Python's spelling: 3, (3, 1), 'same', 'zeros', True, 0.1, None.
std::string to_python(const Value& value);

/// Reads what a person types into a field ("3", "3 1", "3x1", "(3, 1)", "same", "true", "1e-5", "none"), keeping `like`'s
/// alternative. None when it is no such value.
std::optional<Value> parse_value(std::string_view text, const Value& like, const std::vector<std::string>& choices);

}  // namespace convscope
