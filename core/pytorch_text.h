// What the readers of PyTorch text share: words with their places, and values as a tree. Internal to core/pytorch_*.cpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/pytorch_read.h"

namespace convscope {

/// What is wrong, and at which byte of the text. Thrown inside the readers only; outside it is a sentence.
struct TextFailure {
    size_t at = 0;
    std::string what;  // without place and full stop
};

/// One word of the text.
struct Token {
    enum class Kind { end, line_end, name, number, string, sign };
    Kind kind = Kind::end;
    std::string_view text;  // a string's content, without its quotation marks
    size_t at = 0, end = 0;
    bool is(std::string_view sign) const { return kind == Kind::sign && text == sign; }
};

/// The words one after the other. Comments, prompts (>>>), continued lines, and line ends inside brackets are passed over.
class Lexer {
  public:
    explicit Lexer(std::string_view text) : text_(text) { token_ = lex(); }
    const Token& next() const { return token_; }
    Token take();
    /// Takes that sign if it comes next.
    bool take(std::string_view sign);
    void expect(std::string_view sign, std::string_view wanted);
    void skip_line_ends();
    /// Throws "{wanted} was expected, but “…” was found" for the word that comes next.
    [[noreturn]] void refuse(std::string_view wanted) const;
    std::string_view text() const { return text_; }
    /// The end of the word taken last.
    size_t taken_end() const { return taken_end_; }

  private:
    Token lex();
    void skip_spaces();

    std::string_view text_;
    size_t at_ = 0, taken_end_ = 0;
    int depth_ = 0;  // of brackets
    Token token_;
};

/// A value as written.
struct Node {
    enum class Kind { whole, real, text, truth, none, name, list, tuple, call, method, starred };
    Kind kind = Kind::none;
    size_t at = 0, end = 0;  // its place in the text
    std::string_view words;  // name, name called, or the text
    int64_t whole = 0;       // for whole; 0 or 1 for truth
    double real = 0;
    std::vector<Node> items;  // entries, arguments; of a method and a star, first what it stands at
    std::string_view keyword;  // "stride" of stride=2
    size_t keyword_at = 0;
    bool bracketed = false;  // "(0)"
    bool labelled = false;   // "(0): …", as print shows layers
};

/// Most values in one tree, and most brackets inside each other.
inline constexpr size_t kMaxNodes = 200'000;
inline constexpr int kMaxNesting = 100;
/// Most calls behind one value: "a.view(…).view(…)".
inline constexpr int kMaxMethods = 16;

/// Reads values into trees.
class ValueParser {
  public:
    explicit ValueParser(Lexer& lexer) : lexer_(lexer) {}
    /// One value with the calls behind it: "nn.Conv2d(1, 1, 3).eval()".
    Node value(int depth = 0);
    /// What stands between a call's brackets, with the closing one; the opening one is taken already.
    std::vector<Node> arguments(int depth);
    /// A value, "keyword=value" or "(label): value".
    Node argument(int depth);

  private:
    Node counted(Node node);
    Node primary(int depth);
    Node number(bool negative, size_t at);
    Node name();
    Node in_brackets(int depth);

    Lexer& lexer_;
    size_t nodes_ = 0;
};

/// A number, also inf, nan, float('inf') and True; none for anything else.
std::optional<double> number_of(const Node& node);
/// "inf", "torch.nan", "math.inf", …; none for any other name.
std::optional<double> named_number(std::string_view name);

/// The parameters that a call's arguments give, in the order of the op's fields; throws TextFailure. `text` is the text
/// that the node was read from.
Params params_of(const Op& op, const Node& call, std::string_view text);

/// Gives the layers of `result.document` their input, weights and buffers; or `result.error`.
void fill_in(PytorchResult& result, const PytorchOptions& options);

/// Line and column, both from 1, in characters.
struct TextPlace {
    int line = 0, column = 0;
};
TextPlace place_in(std::string_view text, size_t at);
/// "Line 1, column 14: {what}."
std::string sentence_of(TextPlace place, const std::string& what);

/// True for text that starts as a tensor's does, and not as a file's name.
bool is_tensor_text(std::string_view text);

/// What stands at the node, shortened, for a sentence.
std::string shown(const Node& node, std::string_view text);

/// "2×3×3"; "a single number" for no axes.
std::string extents_text(const std::vector<int64_t>& extents);

}  // namespace convscope
