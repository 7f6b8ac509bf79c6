// The text of a tensor, read number by number: nested lists, and the functions of PyTorch that make known numbers.
#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include <fmt/format.h>

#include "core/io/files.h"
#include "core/io/paste_parts.h"
#include "core/number_text.h"
#include "core/pytorch_read.h"
#include "core/pytorch_text.h"

namespace convscope {
namespace {

using Kind = Node::Kind;

constexpr int kMaxAxes = 4;
constexpr std::string_view kFromLists[] = {"tensor",  "Tensor", "FloatTensor", "as_tensor",
                                           "asarray", "array",  "Parameter"};
constexpr std::string_view kMakers[] = {"zeros", "ones", "full", "eye", "arange"};
constexpr std::string_view kFloatTypes[] = {"torch.float32", "torch.float", "np.float32",
                                            "numpy.float32", "float"};
constexpr std::string_view kRandom[] = {"rand", "randn", "randint", "empty", "randperm"};

template <class List>
bool holds(const List& list, std::string_view word) {
    return std::ranges::find(list, word) != std::end(list);
}

/// "zeros" of "torch.zeros", "np.zeros" or "zeros"; "" of another library's.
std::string_view function_of(std::string_view name) {
    for (const std::string_view prefix : {"torch.nn.", "torch.", "nn.", "np.", "numpy."})
        if (name.starts_with(prefix)) {
            name.remove_prefix(prefix.size());
            break;
        }
    return name.find('.') == std::string_view::npos ? name : "";
}

struct Values {
    std::vector<int64_t> extents;
    std::vector<float> values;
};

float narrow(double value, size_t at, std::string_view shown_value) {
    const auto read = as_float(value);
    if (!read)
        throw TextFailure{at,
                          fmt::format("{} is beyond float32, which ends at 3.4e38", shown_value)};
    return *read;
}

class TensorReader {
  public:
    explicit TensorReader(std::string_view text) : lexer_(text), parser_(lexer_) {}

    Values read() {
        lexer_.skip_line_ends();
        Values all = tensor(0);
        lexer_.skip_line_ends();
        if (lexer_.next().kind != Token::Kind::end) lexer_.refuse("the end of the text");
        return all;
    }

  private:
    Values tensor(int depth) {
        Values all = primary(depth);
        while (lexer_.take(".")) method(all);
        const bool divides = lexer_.next().is("/");
        if (divides || lexer_.next().is("*")) {
            lexer_.take();
            factor(all, divides);
        }
        return all;
    }

    Values primary(int depth) {
        if (depth > kMaxNesting)
            throw TextFailure{lexer_.next().at, "too many calls inside each other"};
        const Token token = lexer_.next();
        if (token.is("[") || token.is("(")) {
            levels_ = {};
            Values all;
            list(1, all);
            for (int level = 1; level <= leaf_level_; ++level)
                all.extents.push_back(levels_[static_cast<size_t>(level)]);
            leaf_level_ = -1;
            return all;
        }
        if (token.kind == Token::Kind::name) {
            const std::string_view text = lexer_.text();
            Token name = lexer_.take();
            while (lexer_.take(".")) {
                if (lexer_.next().kind != Token::Kind::name) lexer_.refuse("a name");
                name.end = lexer_.take().end;
            }
            name.text = text.substr(name.at, name.end - name.at);
            if (lexer_.take("(")) return call(name, depth);
            if (const auto value = named_number(name.text))
                return {{}, {static_cast<float>(*value)}};
            throw TextFailure{name.at, fmt::format("a number or a list was expected, but {} was "
                                                   "found",
                                                   quoted(name.text))};
        }
        return {{}, {number()}};
    }

    // ---- Lists

    /// Entries of one level, ragged ones refused; they are appended to `all`.
    void list(int level, Values& all) {
        const Token open = lexer_.take();
        if (level > kMaxAxes)
            throw TextFailure{open.at, fmt::format("lists are {} deep here; at most {} levels are "
                                                   "read",
                                                   level, kMaxAxes)};
        const std::string_view close = open.is("[") ? "]" : ")";
        int64_t count = 0;
        bool comma = true;
        while (!lexer_.next().is(close)) {
            if (!comma) lexer_.refuse(fmt::format("“,” or “{}”", close));
            const Token& next = lexer_.next();
            if (next.is("[") || next.is("(")) {
                if (leaf_level_ >= 0 && level >= leaf_level_) refuse_mixed(next.at);
                list(level + 1, all);
            } else {
                if (leaf_level_ < 0) leaf_level_ = level;
                if (leaf_level_ != level) refuse_mixed(next.at);
                if (static_cast<int64_t>(all.values.size()) >= kMaxLiteralValues)
                    throw TextFailure{next.at, fmt::format("more than {} numbers in one list",
                                                           grouped_text(kMaxLiteralValues))};
                all.values.push_back(number());
            }
            ++count;
            comma = lexer_.take(",");
        }
        lexer_.take();
        if (count == 0) throw TextFailure{open.at, "the list is empty; numbers were expected"};
        int64_t& extent = levels_[static_cast<size_t>(level)];
        if (extent == 0) extent = count;
        if (extent == count) return;
        const bool leaf = level == leaf_level_;
        throw TextFailure{open.at,
                          fmt::format("this list has {}, the first one has {}",
                                      counted(static_cast<size_t>(count), leaf ? "number" : "entry",
                                              leaf ? "numbers" : "entries"),
                                      extent)};
    }

    std::string written(const Node& node) const {
        return quoted(lexer_.text().substr(node.at, node.end - node.at));
    }

    [[noreturn]] static void refuse_mixed(size_t at) {
        throw TextFailure{at, "lists and numbers are mixed at one level"};
    }

    /// 3, -1_000, 1e-5, nan, -inf, float('nan'), True.
    float number() {
        const Token token = lexer_.next();
        const bool plain = token.kind == Token::Kind::number || token.kind == Token::Kind::name ||
                           token.is("-") || token.is("+");
        if (!plain) lexer_.refuse("a number");
        const bool negative = token.is("-");
        if (negative || token.is("+")) lexer_.take();
        // Not by way of the parser: a million numbers would be a large tree, and a whole number may be any size here.
        double value = 0;
        if (lexer_.next().kind == Token::Kind::number) {
            const Token digits = lexer_.take();
            const auto read = read_number(digits.text);
            if (!read) throw TextFailure{digits.at, quoted(digits.text) + " is no number"};
            value = *read;
        } else if (lexer_.next().kind == Token::Kind::name) {
            const Node node = parser_.value();
            const auto read = number_of(node);
            if (!read)
                throw TextFailure{
                    node.at, fmt::format("a number was expected, but {} was found", written(node))};
            value = *read;
        } else {
            lexer_.refuse("a number");
        }
        const size_t length = lexer_.taken_end() - token.at;
        return narrow(negative ? -value : value, token.at,
                      quoted(lexer_.text().substr(token.at, length)));
    }

    // ---- Functions

    Values call(const Token& name, int depth) {
        const std::string_view function = function_of(name.text);
        if (name.text == "float") {
            Node node;
            node.kind = Kind::call;
            node.words = name.text;
            node.items = parser_.arguments(1);
            const auto value = number_of(node);
            if (!value)
                throw TextFailure{name.at,
                                  "float('nan'), float('inf') or a number in it "
                                  "was expected"};
            return {{}, {narrow(*value, name.at, "this")}};
        }
        if (holds(kFromLists, function)) {
            Values all = tensor(depth + 1);
            while (lexer_.take(",") && !lexer_.next().is(")")) option(parser_.argument(depth));
            lexer_.expect(")", "“)”");
            return all;
        }
        if (holds(kRandom, function))
            throw TextFailure{name.at, fmt::format("{} gives other numbers every time; write them "
                                                   "out, or give a shape such as 3x32x32",
                                                   quoted(name.text))};
        if (!holds(kMakers, function))
            throw TextFailure{name.at,
                              fmt::format("{} is not read; lists, torch.tensor, zeros, ones, full, "
                                          "eye and arange are, and nothing is executed",
                                          quoted(name.text))};
        std::vector<Node> given;
        for (Node& node : parser_.arguments(depth + 1)) {
            const bool named_value = node.keyword == "size" || node.keyword == "fill_value";
            if (!node.keyword.empty() && !named_value)
                option(node);
            else
                given.push_back(std::move(node));
        }
        return made(function, given, name.at);
    }

    /// dtype=torch.float32, requires_grad=True: read past, because they change no number.
    void option(const Node& node) {
        if (node.keyword == "requires_grad" && node.kind == Kind::truth) return;
        const bool is_type = node.keyword == "dtype";
        if (is_type && node.kind == Kind::name && holds(kFloatTypes, node.words)) return;
        if (is_type)
            throw TextFailure{node.at, fmt::format("dtype={} is not read: all numbers here are "
                                                   "float32",
                                                   shown(node, lexer_.text()))};
        if (node.keyword.empty())
            throw TextFailure{node.at, fmt::format("“)” or an option such as dtype=torch.float32 "
                                                   "was expected, but {} was found",
                                                   written(node))};
        throw TextFailure{node.keyword_at,
                          fmt::format("{} is not read; leave it out", quoted(node.keyword))};
    }

    static double finite(const Node& node, std::string_view what) {
        const auto value = number_of(node);
        if (!value || !std::isfinite(*value))
            throw TextFailure{node.at, fmt::format("{} must be a number", what)};
        return *value;
    }

    /// Extents from "2, 3" or "(2, 3)"; −1 only where `allow_rest`.
    static std::vector<int64_t> extents(std::span<const Node> nodes, size_t at, bool allow_rest) {
        if (nodes.size() == 1 && (nodes[0].kind == Kind::tuple || nodes[0].kind == Kind::list))
            nodes = nodes[0].items;
        std::vector<int64_t> list;
        for (const Node& node : nodes) {
            const bool rest = allow_rest && node.kind == Kind::whole && node.whole == -1;
            if (node.kind != Kind::whole || (node.whole < 1 && !rest))
                throw TextFailure{node.at, "an extent must be a whole number of 1 or more"};
            list.push_back(node.whole);
        }
        if (list.empty() || list.size() > kMaxAxes)
            throw TextFailure{
                at, fmt::format("{} extents are given; 1 to {} are read", list.size(), kMaxAxes)};
        return list;
    }

    static int64_t checked_count(const std::vector<int64_t>& list, size_t at) {
        std::array<int64_t, kMaxAxes> four{1, 1, 1, 1};
        std::ranges::copy(list, four.begin());
        if (const auto problem = size_problem({four[0], four[1], four[2], four[3]}, "a tensor"))
            throw TextFailure{at,
                              fmt::format("{} is too large; one tensor may hold up to {} values",
                                          extents_text(list), grouped_text(kMaxValues))};
        return four[0] * four[1] * four[2] * four[3];
    }

    Values made(std::string_view function, std::span<const Node> given, size_t at) {
        const auto filled = [&](std::vector<int64_t> list, float value) {
            const auto count = static_cast<size_t>(checked_count(list, at));
            return Values{std::move(list), std::vector<float>(count, value)};
        };
        if (function == "zeros" || function == "ones")
            return filled(extents(given, at, false), function == "ones" ? 1.0f : 0.0f);
        if (function == "full") {
            if (given.size() != 2)
                throw TextFailure{at,
                                  "torch.full takes a shape and a number: torch.full((3, 3), 1.)"};
            const auto value = number_of(given[1]);
            if (!value) throw TextFailure{given[1].at, "the value must be a number"};
            return filled(extents(given.first(1), at, false),
                          narrow(*value, given[1].at, shown(given[1], lexer_.text())));
        }
        if (function == "eye") {
            std::vector<int64_t> list = extents(given, at, false);
            if (list.size() > 2) throw TextFailure{at, "torch.eye takes one or two numbers"};
            if (list.size() == 1) list.push_back(list[0]);
            Values all = filled(list, 0);
            for (int64_t i = 0; i < std::min(list[0], list[1]); ++i)
                all.values[static_cast<size_t>(i * list[1] + i)] = 1;
            return all;
        }
        return arange(given, at);
    }

    static Values arange(std::span<const Node> given, size_t at) {
        if (given.empty() || given.size() > 3)
            throw TextFailure{at, "torch.arange takes one to three numbers: torch.arange(9)"};
        const double start = given.size() > 1 ? finite(given[0], "the start") : 0;
        const double end = finite(given[given.size() > 1 ? 1 : 0], "the end");
        const double step = given.size() > 2 ? finite(given[2], "the step") : 1;
        const double count = step == 0 ? 0 : std::ceil((end - start) / step);
        if (!(count >= 1))
            throw TextFailure{at,
                              fmt::format("torch.arange from {} to {} in steps of {} holds no "
                                          "values",
                                          number_text(start), number_text(end), number_text(step))};
        if (count > static_cast<double>(kMaxValues))
            throw TextFailure{at, fmt::format("torch.arange would hold more than {} values",
                                              grouped_text(kMaxValues))};
        Values all{{static_cast<int64_t>(count)}, {}};
        all.values.reserve(static_cast<size_t>(count));
        for (int64_t i = 0; i < all.extents[0]; ++i)
            all.values.push_back(narrow(start + step * static_cast<double>(i), at, "a value"));
        return all;
    }

    // ---- What may stand behind a tensor

    void method(Values& all) {
        if (lexer_.next().kind != Token::Kind::name) lexer_.refuse("a method's name");
        const Token name = lexer_.take();
        lexer_.expect("(", "“(”");
        if (name.text == "float") {
            lexer_.expect(")", "“)”");
            return;
        }
        if (name.text != "reshape" && name.text != "view")
            throw TextFailure{name.at, fmt::format("{} is not read; reshape, view and float are",
                                                   quoted(name.text))};
        const std::vector<Node> given = parser_.arguments(1);
        for (const Node& node : given)
            if (!node.keyword.empty())
                throw TextFailure{node.keyword_at,
                                  fmt::format("{} is not read here", quoted(node.keyword))};
        std::vector<int64_t> list = extents(given, name.at, true);
        const auto count = static_cast<int64_t>(all.values.size());
        const std::string wanted = extents_text(list);
        if (std::ranges::count(list, -1) > 1)
            throw TextFailure{name.at, "only one extent can be −1"};
        const auto rest = std::ranges::find(list, -1);
        if (rest != list.end()) {
            *rest = 1;
            const int64_t others = checked_count(list, name.at);
            *rest = count % others == 0 ? count / others : 1;
        }
        if (checked_count(list, name.at) != count)
            throw TextFailure{name.at,
                              fmt::format("{} cannot be put into {}",
                                          counted(all.values.size(), "value", "values"), wanted)};
        all.extents = std::move(list);
    }

    /// "/ 9", as averaging kernels are written; in float32, as PyTorch computes it.
    void factor(Values& all, bool divides) {
        const size_t at = lexer_.next().at;
        const float value = number();
        if (divides && value == 0) throw TextFailure{at, "this divides by zero"};
        for (float& v : all.values) v = divides ? v / value : v * value;
    }

    Lexer lexer_;
    ValueParser parser_;
    std::array<int64_t, kMaxAxes + 1> levels_{};  // extents by level, from 1; 0: not known yet
    int leaf_level_ = -1;                         // the level whose lists hold numbers
};

}  // namespace

bool is_tensor_text(std::string_view text) {
    size_t at = 0;
    while (at < text.size() && (text[at] == '\n' || text[at] == '\r' || skip_space(text, at)))
        if (text[at] == '\n' || text[at] == '\r') ++at;
    text.remove_prefix(at);
    if (text.starts_with('[') || text.starts_with('(')) return true;
    const size_t open = text.find('(');
    if (open != std::string_view::npos) {
        const std::string_view name = text.substr(0, open), function = function_of(name);
        return name == "float" || holds(kFromLists, function) || holds(kMakers, function) ||
               holds(kRandom, function);
    }
    while (!text.empty() && (text.back() == ' ' || text.back() == '\n' || text.back() == '\r'))
        text.remove_suffix(1);
    return read_number(text).has_value();
}

std::string extents_text(const std::vector<int64_t>& extents) {
    if (extents.empty()) return "a single number";
    std::string text;
    for (const int64_t extent : extents)
        text += (text.empty() ? "" : "×") + (extent < 0 ? "−" + fmt::format("{}", extent).substr(1)
                                                        : fmt::format("{}", extent));
    return text;
}

std::optional<std::vector<int64_t>> read_extents(std::string_view text) {
    std::vector<int64_t> extents;
    size_t at = 0;
    while (skip_space(text, at)) {}
    while (true) {
        const size_t start = at;
        int64_t extent = 0;
        for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at)
            extent = at - start < 18 ? extent * 10 + (text[at] - '0') : INT64_MAX;
        if (at == start) return {};
        extents.push_back(extent);
        const std::string_view rest = text.substr(at);
        if (rest.starts_with('x') || rest.starts_with('X'))
            ++at;
        else if (rest.starts_with("×"))
            at += std::string_view("×").size();
        else
            break;
    }
    while (at < text.size() && (text[at] == '\n' || text[at] == '\r' || skip_space(text, at)))
        if (at < text.size() && (text[at] == '\n' || text[at] == '\r')) ++at;
    if (at != text.size() || extents.size() > kMaxAxes) return {};
    return extents;
}

TensorText read_tensor_text(std::string_view text) {
    TensorText result;
    try {
        if (text.size() > kMaxTensorTextBytes)
            throw TextFailure{0, fmt::format("the text has {} MB; at most {} are read",
                                             text.size() >> 20, kMaxTensorTextBytes >> 20)};
        Values all = TensorReader(text).read();
        result.rank = static_cast<int>(all.extents.size());
        std::array<int64_t, kMaxAxes> four{1, 1, 1, 1};
        std::ranges::copy(all.extents, four.end() - result.rank);
        result.tensor = Tensor({four[0], four[1], four[2], four[3]}, std::move(all.values));
    } catch (const TextFailure& failure) {
        const TextPlace place = place_in(text, failure.at);
        result.error = sentence_of(place, failure.what);
        result.line = place.line;
        result.column = place.column;
    } catch (const std::bad_alloc&) { result.error = "There is not enough memory for the tensor."; }
    return result;
}

}  // namespace convscope
