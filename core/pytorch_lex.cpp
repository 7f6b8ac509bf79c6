// Python text as words with their places.
#include <fmt/format.h>

#include "core/io/files.h"
#include "core/io/paste_parts.h"
#include "core/io/utf8.h"
#include "core/pytorch_read.h"
#include "core/pytorch_text.h"

namespace convscope {
namespace {

constexpr std::string_view kMinus = "\u2212";
constexpr size_t kMaxCaretColumns = 100;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_name_part(char c) { return is_name_start(c) || is_digit(c); }
bool is_line_end(char c) { return c == '\n' || c == '\r'; }

}  // namespace

Token Lexer::take() {
    const Token taken = token_;
    taken_end_ = taken.end;
    token_ = lex();
    return taken;
}

bool Lexer::take(std::string_view sign) {
    if (!token_.is(sign)) return false;
    take();
    return true;
}

void Lexer::expect(std::string_view sign, std::string_view wanted) {
    if (!take(sign)) refuse(wanted);
}

void Lexer::skip_line_ends() {
    while (token_.kind == Token::Kind::line_end) take();
}

void Lexer::refuse(std::string_view wanted) const {
    std::string found = quoted(text_.substr(token_.at, token_.end - token_.at)) + " was found";
    if (token_.kind == Token::Kind::end) found = "the text ends";
    if (token_.kind == Token::Kind::line_end) found = "the line ends";
    throw TextFailure{token_.at, fmt::format("{} was expected, but {}", wanted, found)};
}

/// Up to the next word: spaces, comments, continued lines; prompts at the start of a line.
void Lexer::skip_spaces() {
    while (at_ < text_.size()) {
        const std::string_view rest = text_.substr(at_);
        const bool line_starts = at_ == 0 || is_line_end(text_[at_ - 1]);
        if (line_starts && (rest.starts_with(">>> ") || rest.starts_with("... ")))
            at_ += 4;
        else if (rest[0] == '#')
            while (at_ < text_.size() && !is_line_end(text_[at_])) ++at_;
        else if (rest[0] == '\\' && rest.size() > 1 && is_line_end(rest[1]))
            at_ += rest.starts_with("\\\r\n") ? 3 : 2;
        else if (is_line_end(rest[0]) && depth_ > 0)
            ++at_;
        else if (!skip_space(text_, at_))
            return;
    }
}

Token Lexer::lex() {
    skip_spaces();
    Token token;
    token.at = token.end = at_;
    if (at_ >= text_.size()) return token;
    const char c = text_[at_];
    const auto finish = [&](Token::Kind kind) {
        token.kind = kind;
        token.end = at_;
        token.text = text_.substr(token.at, at_ - token.at);
        return token;
    };

    if (is_line_end(c)) {
        at_ += text_.substr(at_).starts_with("\r\n") ? 2 : 1;
        return finish(Token::Kind::line_end);
    }
    if (is_name_start(c)) {
        while (at_ < text_.size() && is_name_part(text_[at_])) ++at_;
        return finish(Token::Kind::name);
    }
    if (is_digit(c) || (c == '.' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1]))) {
        for (; at_ < text_.size(); ++at_) {
            const bool sign = (text_[at_] == '+' || text_[at_] == '-') &&
                              (text_[at_ - 1] == 'e' || text_[at_ - 1] == 'E');
            if (!is_name_part(text_[at_]) && text_[at_] != '.' && !sign) break;
        }
        return finish(Token::Kind::number);
    }
    if (c == '\'' || c == '"') {
        for (++at_; at_ < text_.size() && text_[at_] != c; ++at_)
            if (is_line_end(text_[at_])) break;
        if (at_ >= text_.size() || text_[at_] != c)
            throw TextFailure{token.at, "this text has no closing quotation mark"};
        ++at_;
        finish(Token::Kind::string);
        token.text = text_.substr(token.at + 1, at_ - token.at - 2);
        return token;
    }
    next_character(text_, at_);  // a sign may be longer than a byte
    finish(Token::Kind::sign);
    if (token.text == kMinus) token.text = "-";
    if (c == '(' || c == '[' || c == '{') ++depth_;
    if ((c == ')' || c == ']' || c == '}') && depth_ > 0) --depth_;
    return token;
}

TextPlace place_in(std::string_view text, size_t at) {
    TextPlace place{1, 1};
    for (size_t i = 0; i < std::min(at, text.size());) {
        const bool line_end =
            text[i] == '\n' || (text[i] == '\r' && !text.substr(i + 1).starts_with('\n'));
        next_character(text, i);
        place.column = line_end ? 1 : place.column + 1;
        place.line += line_end ? 1 : 0;
    }
    return place;
}

std::string sentence_of(TextPlace place, const std::string& what) {
    return fmt::format("Line {}, column {}: {}.", place.line, place.column, what);
}

std::string caret_lines(std::string_view text, int line, int column) {
    if (line < 1 || column < 1) return "";
    size_t at = 0;
    for (int passed = 1; at < text.size() && passed < line; ++passed) {
        while (at < text.size() && !is_line_end(text[at])) ++at;
        if (at < text.size()) at += text.substr(at).starts_with("\r\n") ? 2 : 1;
    }
    // A long line is shown from a little before the column on.
    const auto wanted = static_cast<size_t>(column) - 1;
    const size_t first = wanted < kMaxCaretColumns * 2 / 3 ? 0 : wanted - kMaxCaretColumns / 2;
    std::string shown_line;
    for (size_t i = 0; at < text.size() && !is_line_end(text[at]) && i < first + kMaxCaretColumns;
         ++i) {
        const size_t start = at;
        next_character(text, at);
        if (i < first) continue;
        const std::string_view character = text.substr(start, at - start);
        shown_line += character == "\t" ? " " : display_text(character, 1);
    }
    return shown_line + "\n" + std::string(wanted - first, ' ') + "^\n";
}

}  // namespace convscope
