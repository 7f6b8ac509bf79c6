// Pasted lists as Python, PyTorch and NumPy write and print them. A reader of values, not of programs: names it does not
// know are refused, and nothing is run.
#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "core/io/paste_parts.h"

namespace convscope {
namespace {

constexpr int kMaxDepth = 4;
constexpr int kMaxCalls = 6;  // one inside the other: Parameter(tensor(array([float('nan')])))

constexpr std::string_view kCalls[] = {
    "tensor",
    "torch.tensor",
    "torch.Tensor",
    "torch.FloatTensor",
    "torch.as_tensor",
    "array",
    "np.array",
    "numpy.array",
    "np.asarray",
    "numpy.asarray",
    "torch.nn.Parameter",
    "nn.Parameter",
    "Parameter",
    "torch.asarray",
    "float",
    "int",
    "np.float32",
    "np.float64",
    "np.int64",
    "np.int32",
    "torch.DoubleTensor",
    "list",
    "tuple",
};
constexpr std::string_view kPrefixes[] = {"np.", "numpy.", "math.", "torch."};

struct Failure {
    size_t at = 0;
    std::string what;
};

class ListReader {
  public:
    explicit ListReader(std::string_view text) : text_(text) {}

    PasteResult read() {
        std::optional<Failure> failure = whole(false);
        if (!failure && more_lists_) {
            // "[1, 2],\n[3, 4]": the rows of a list without the brackets around it.
            *this = ListReader(text_);
            failure = whole(true);
        }
        if (too_many_) return too_many();
        if (failure && failure->at == std::string_view::npos) return {{}, failure->what};
        if (failure) return refused(text_, failure->at, failure->what);
        std::array<int64_t, 4> extents{1, 1, 1, 1};
        for (int level = 1; level <= leaf_level_; ++level)
            extents[static_cast<size_t>(4 - leaf_level_ + level - 1)] =
                extents_[static_cast<size_t>(level)];
        return {{{extents[0], extents[1], extents[2], extents[3]}, std::move(values_)}, ""};
    }

  private:
    using Result = std::optional<Failure>;

    // ---- Characters

    void skip() {
        while (at_ < text_.size())
            if (text_[at_] == '\n' || text_[at_] == '\r')
                ++at_;
            else if (!skip_space(text_, at_))
                return;
    }
    char next() {
        skip();
        return at_ < text_.size() ? text_[at_] : '\0';
    }
    bool at_end() {
        skip();
        return at_ >= text_.size();
    }
    bool take(char c) {
        const bool found = !at_end() && next() == c;
        if (found) ++at_;
        return found;
    }
    /// The longest run of characters that belong to one number or name.
    std::string_view token() {
        skip();
        const size_t start = at_;
        for (size_t space = at_; at_ < text_.size(); space = at_) {
            if (std::string_view("\r\n,;:[](){}/*='\"<>").find(text_[at_]) !=
                std::string_view::npos)
                break;
            if (skip_space(text_, space)) break;
            ++at_;
        }
        return text_.substr(start, at_ - start);
    }
    std::string found() {
        if (at_end()) return "the text ends";
        const size_t start = at_;
        std::string_view word = token();
        if (word.empty()) word = text_.substr(start, 1);
        at_ = start;
        return quoted(word) + " was found";
    }
    Result expected(const std::string& what) {
        const std::string instead = found();
        return Failure{std::min(at_, text_.size()),
                       fmt::format("{} was expected, but {}", what, instead)};
    }

    // ---- Grammar

    /// name = value / 9; with an implicit list around it, value, value, …
    Result whole(bool implicit_list) {
        skip();
        if (text_.substr(at_).starts_with("Parameter containing:")) at_ += 21;
        const size_t start = at_;
        token();
        if (!take('=')) at_ = start;
        Result failure;
        if (implicit_list) {
            failure = elements(1, '\0');
        } else {
            const bool bare_list = next() == '[' || next() == '(';
            failure = value(0);
            if (!failure && bare_list) {
                const size_t behind = at_;
                take(',');
                more_lists_ = next() == '[' || next() == '(';
                at_ = behind;
                if (more_lists_) return failure;
            }
        }
        if (!failure) failure = scale();
        if (failure) return failure;
        if (!take(';')) take(',');
        if (!at_end()) {
            failure = expected("the end of the text");
            if (next() == '.') failure->what += "; values are read, nothing is executed";
        }
        return failure;
    }

    /// A number, a list or a call, inside `depth` lists.
    Result value(int depth) {
        if (next() == '[' || next() == '(') return list(depth + 1);
        const size_t start = at_;
        const std::string_view word = token();
        if (next() == '(' && !word.empty()) return call(word, start, depth);
        return number(word, start, depth);
    }

    Result list(int level) {
        if (level > kMaxDepth)
            return Failure{at_, fmt::format("lists are {} deep here; at most {} levels are read",
                                            level, kMaxDepth)};
        const char close = text_[at_] == '[' ? ']' : ')';
        ++at_;
        return elements(level, close);
    }

    /// Values separated by commas or spaces, up to the closing bracket ('\0': up to the end).
    Result elements(int level, char close) {
        const size_t start = at_;
        int64_t count = 0;
        while (!(close == '\0' ? at_end() : take(close))) {
            if (at_end()) return expected(fmt::format("“{}”", close));
            if (Result failure = value(level)) return failure;
            ++count;
            if (level == 1 && leaf_level_ == 2) ++row_;
            take(',');
        }
        if (count == 0) return Failure{start, "the list is empty; numbers were expected"};
        return close_list(level, count, start);
    }

    /// Lists of one level must be equally long.
    Result close_list(int level, int64_t count, size_t start) {
        int64_t& extent = extents_[static_cast<size_t>(level)];
        if (extent == 0) extent = count;
        if (extent == count) return {};
        if (leaf_level_ == 2 && level == 2)
            return Failure{
                std::string_view::npos,
                fmt::format("Row {} has {}, row 1 has {}.", row_ + 1,
                            counted(static_cast<size_t>(count), "number", "numbers"), extent)};
        const bool numbers = level == leaf_level_;
        return Failure{start,
                       fmt::format("this list has {}, the first one has {}",
                                   counted(static_cast<size_t>(count), numbers ? "number" : "entry",
                                           numbers ? "numbers" : "entries"),
                                   extent)};
    }

    /// tensor(value, dtype=torch.float32, …)
    Result call(std::string_view name, size_t start, int depth) {
        if (std::find(std::begin(kCalls), std::end(kCalls), name) == std::end(kCalls))
            return Failure{
                start,
                fmt::format(
                    "{} is not read; lists, torch.tensor and numpy.array are, and nothing is "
                    "executed",
                    quoted(name))};
        if (++calls_ > kMaxCalls) return Failure{start, "too many calls inside each other"};
        take('(');
        const bool text_argument = next() == '\'' || next() == '"';
        if (Result failure = text_argument ? quoted_number(depth) : value(depth)) return failure;
        while (take(',')) {
            if (next() == ')') break;
            if (Result failure = option()) return failure;
        }
        --calls_;
        return take(')') ? Result() : expected("“)”");
    }

    /// float('nan')
    Result quoted_number(int depth) {
        const char quote = text_[at_++];
        const size_t start = at_;
        const std::string_view word = token();
        return take(quote) ? number(word, start, depth) : expected("the closing quotation mark");
    }

    /// dtype=torch.float32, device='cuda:0', grad_fn=<AddBackward0>: passed over.
    Result option() {
        const size_t start = at_;
        std::string_view word = token();
        if (take('=')) {
            const char opening = next();
            if (opening == '\'' || opening == '"' || opening == '<') {
                const size_t end = text_.find(opening == '<' ? '>' : opening, at_ + 1);
                if (end == std::string_view::npos) return expected("the end of this option");
                at_ = end + 1;
                return {};
            }
            word = token();
        }
        if (!word.empty()) return {};
        at_ = start;
        return expected("an option such as dtype=torch.float32");
    }

    /// One number, also as a fraction 1/9; `word` starts at `start`.
    Result number(std::string_view word, size_t start, int depth) {
        double value = 0;
        if (Result failure = plain_number(word, start, value)) return failure;
        if (depth > 0 && take('/')) {
            skip();
            const size_t below = at_;
            double divisor = 0;
            if (Result failure = plain_number(token(), below, divisor)) return failure;
            if (divisor == 0) return Failure{below, "this divides by zero"};
            value /= divisor;
        }
        if (leaf_level_ < 0) leaf_level_ = depth;
        if (leaf_level_ != depth) return Failure{start, "lists and numbers are mixed at one level"};
        const std::optional<float> narrow = as_float(value);
        if (!narrow)
            return Failure{start, quoted(word) + " is beyond float32, which ends at 3.4e38"};
        if (static_cast<int64_t>(values_.size()) >= kMaxPastedValues) {
            too_many_ = true;
            return Failure{start, ""};
        }
        values_.push_back(*narrow);
        return {};
    }

    Result plain_number(std::string_view word, size_t start, double& value) {
        std::string bare(word);  // without the "np." of "-np.inf"
        const size_t sign = bare.starts_with('-') || bare.starts_with('+') ? 1 : 0;
        for (const std::string_view prefix : kPrefixes)
            if (bare.compare(sign, prefix.size(), prefix) == 0) bare.erase(sign, prefix.size());
        if (word == "True" || word == "False") {
            value = word == "True" ? 1 : 0;
            return {};
        }
        if (word == "..." || word == "…")
            return Failure{start,
                           "the text was shortened to “...” when it was printed; print it in full"};
        if (const std::optional<double> number = read_number(bare)) {
            value = *number;
            return {};
        }
        at_ = start;
        return expected("a number");
    }

    /// "/ 16" or "* 0.5" behind the whole, as kernels are often written; in float32, as PyTorch computes it.
    Result scale() {
        const bool divide = next() == '/';
        if (!divide && next() != '*') return {};
        ++at_;
        skip();
        const size_t start = at_;
        double factor = 0;
        if (Result failure = plain_number(token(), start, factor)) return failure;
        const std::optional<float> narrow = as_float(factor);
        if (!narrow || (divide && *narrow == 0))
            return Failure{start, "this factor cannot be used"};
        for (float& value : values_) value = divide ? value / *narrow : value * *narrow;
        return {};
    }

    std::string_view text_;
    size_t at_ = 0;
    std::vector<float> values_;
    std::array<int64_t, kMaxDepth + 1> extents_{};  // by level, from 1; 0: not known yet
    int leaf_level_ = -1;                           // the level whose lists hold numbers
    int64_t row_ = 0;                               // rows read, in a list of rows
    int calls_ = 0;
    bool more_lists_ = false;
    bool too_many_ = false;
};

}  // namespace

PasteResult parse_lists(std::string_view text) { return ListReader(text).read(); }

}  // namespace convscope
