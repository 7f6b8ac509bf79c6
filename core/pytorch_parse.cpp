// Values as Python writes them, and layers as PyTorch prints them, read into trees.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "core/io/files.h"
#include "core/io/paste_parts.h"
#include "core/pytorch_text.h"

namespace convscope {
namespace {

using Kind = Node::Kind;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

void check_depth(int depth, size_t at) {
    if (depth > kMaxNesting)
        throw TextFailure{at, fmt::format("more than {} brackets inside each other", kMaxNesting)};
}

Node leaf(Kind kind, const Token& token) {
    Node node;
    node.kind = kind;
    node.at = token.at;
    node.end = token.end;
    node.words = token.text;
    return node;
}

}  // namespace

std::optional<double> named_number(std::string_view name) {
    for (const std::string_view prefix : {"torch.", "math.", "np.", "numpy."})
        if (name.starts_with(prefix)) {
            name.remove_prefix(prefix.size());
            break;
        }
    if (name == "nan") return kNan;
    if (name == "inf") return kInfinity;
    return {};
}

std::optional<double> number_of(const Node& node) {
    switch (node.kind) {
        case Kind::whole:
        case Kind::truth: return static_cast<double>(node.whole);
        case Kind::real: return node.real;
        case Kind::name: return named_number(node.words);
        case Kind::call: {
            if (node.words != "float" || node.items.size() != 1 || !node.items[0].keyword.empty())
                return {};
            const Node& inner = node.items[0];
            return inner.kind == Kind::text ? read_number(inner.words) : number_of(inner);
        }
        default: return {};
    }
}

std::string shown(const Node& node, std::string_view text) {
    return display_text(text.substr(node.at, node.end - node.at), 40);
}

Node ValueParser::counted(Node node) {
    if (++nodes_ > kMaxNodes)
        throw TextFailure{node.at, fmt::format("more than {} values in one text", kMaxNodes)};
    return node;
}

Node ValueParser::value(int depth) {
    Node node = primary(depth);
    for (int methods = 1; lexer_.next().is("."); ++methods) {
        if (methods > kMaxMethods)
            throw TextFailure{lexer_.next().at,
                              fmt::format("more than {} calls behind one value", kMaxMethods)};
        lexer_.take();
        if (lexer_.next().kind != Token::Kind::name) lexer_.refuse("a method's name");
        const Token name = lexer_.take();
        Node method = leaf(Kind::method, name);
        lexer_.expect("(", "“(”");
        method.items = arguments(depth + 1);
        method.items.insert(method.items.begin(), std::move(node));
        method.end = lexer_.taken_end();
        node = counted(std::move(method));
    }
    return node;
}

Node ValueParser::primary(int depth) {
    const Token token = lexer_.next();
    check_depth(depth, token.at);
    if (token.kind == Token::Kind::number) return number(false, token.at);
    if (token.kind == Token::Kind::string) return counted(leaf(Kind::text, lexer_.take()));
    if (token.is("(") || token.is("[")) return in_brackets(depth);
    if (token.is("-") || token.is("+")) {
        lexer_.take();
        if (lexer_.next().kind == Token::Kind::number) return number(token.is("-"), token.at);
        Node operand = primary(depth + 1);
        const auto value = number_of(operand);
        if (!value || operand.kind == Kind::whole || operand.kind == Kind::real)
            throw TextFailure{operand.at, "a number was expected behind the sign"};
        operand.kind = Kind::real;
        operand.real = token.is("-") ? -*value : *value;
        operand.at = token.at;
        operand.items.clear();
        return operand;
    }
    if (token.is("*")) {
        Node star = leaf(Kind::starred, lexer_.take());
        star.items.push_back(value(depth + 1));
        star.end = star.items[0].end;
        return counted(std::move(star));
    }
    if (token.kind != Token::Kind::name) lexer_.refuse("a value");
    Node node = name();
    if (!lexer_.next().is("(") || node.kind != Kind::name) return node;
    lexer_.take();
    node.kind = Kind::call;
    node.items = arguments(depth + 1);
    node.end = lexer_.taken_end();
    return node;
}

Node ValueParser::number(bool negative, size_t at) {
    const Token token = lexer_.take();
    Node node = leaf(Kind::whole, token);
    node.at = at;
    std::string digits = negative ? "-" : "";
    const auto value = read_number(token.text);  // refuses misplaced underscores too
    if (!value) throw TextFailure{token.at, quoted(token.text) + " is no number"};
    if (token.text.find_first_not_of("0123456789_") != std::string_view::npos) {
        node.kind = Kind::real;
        node.real = negative ? -*value : *value;
        return counted(std::move(node));
    }
    std::ranges::copy_if(token.text, std::back_inserter(digits), [](char c) { return c != '_'; });
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), node.whole);
    if (error != std::errc())
        throw TextFailure{at, quoted(token.text) + " is too large for a whole number"};
    return counted(std::move(node));
}

/// A name with its points, or True, False, None.
Node ValueParser::name() {
    Node node = leaf(Kind::name, lexer_.take());
    if (node.words == "True" || node.words == "False") {
        node.kind = Kind::truth;
        node.whole = node.words == "True" ? 1 : 0;
        return counted(std::move(node));
    }
    if (node.words == "None") {
        node.kind = Kind::none;
        return counted(std::move(node));
    }
    while (lexer_.next().is(".")) {
        lexer_.take();
        if (lexer_.next().kind != Token::Kind::name) lexer_.refuse("a name");
        node.end = lexer_.take().end;
    }
    node.words = lexer_.text().substr(node.at, node.end - node.at);
    return counted(std::move(node));
}

/// "[a, b]", "(a, b)", "(a,)", "()", or one value in brackets.
Node ValueParser::in_brackets(int depth) {
    const Token open = lexer_.take();
    const std::string_view close = open.is("[") ? "]" : ")";
    Node node = leaf(open.is("[") ? Kind::list : Kind::tuple, open);
    bool comma = false;
    while (!lexer_.next().is(close)) {
        if (!node.items.empty() && !comma) lexer_.refuse(fmt::format("“,” or “{}”", close));
        node.items.push_back(value(depth + 1));
        comma = lexer_.take(",");
    }
    node.end = lexer_.take().end;
    if (node.kind == Kind::tuple && node.items.size() == 1 && !comma) {
        Node inner = std::move(node.items[0]);
        inner.at = node.at;
        inner.end = node.end;
        inner.bracketed = true;
        return inner;
    }
    return counted(std::move(node));
}

std::vector<Node> ValueParser::arguments(int depth) {
    std::vector<Node> list;
    bool separated = true;
    while (!lexer_.take(")")) {
        // Printed layers stand on lines of their own, without commas.
        const bool printed = !list.empty() && list.back().labelled && lexer_.next().is("(");
        if (!separated && !printed) lexer_.refuse("“,” or “)”");
        list.push_back(argument(depth));
        separated = lexer_.take(",");
    }
    return list;
}

Node ValueParser::argument(int depth) {
    Node node = value(depth);
    if (node.bracketed && (node.kind == Kind::whole || node.kind == Kind::name) &&
        lexer_.take(":")) {
        node = value(depth);
        node.labelled = true;
    } else if (node.kind == Kind::name && !node.bracketed && lexer_.take("=")) {
        Node held = value(depth);
        held.keyword = node.words;
        held.keyword_at = node.at;
        return held;
    }
    return node;
}

}  // namespace convscope
