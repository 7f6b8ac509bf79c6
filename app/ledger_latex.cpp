#include "app/ledger_latex.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include <fmt/format.h>

#include "app/ledger_text.h"
#include "app/ledger_words.h"
#include "app/scene/numbers.h"
#include "core/number_text.h"

namespace convscope {
namespace {

constexpr size_t kLineWidth = 60;  // characters as they are read; a page of an article has about 75
constexpr size_t kShownOfMany = 8;  // terms at the start of a sum that is cut

constexpr std::string_view kBreak = " \\\\\n";

/// Negative numbers in brackets, behind a sign or a cross.
std::string in_brackets(const std::string& number) {
    return number.starts_with('-') ? "(" + number + ")" : number;
}

std::string number(double value, int decimals) { return latex_number(in_table(value, decimals)); }

/// "output (1, 3)" → "\text{output}_{1, 3}".
std::string latex_cell(const std::string& name) {
    const size_t bracket = name.rfind(" (");
    if (bracket == std::string::npos) return "\\text{" + latex_words(name) + "}";
    std::string place = name.substr(bracket + 2);
    if (place.ends_with(')')) place.pop_back();
    return fmt::format("\\text{{{}}}_{{{}}}", latex_words(name.substr(0, bracket)),
                       latex_number(place));
}

std::string product_text(const Term& term, int decimals) {
    const std::string a = number(term.a_value, decimals);
    if (!has_factor(term)) return in_brackets(a);
    return fmt::format("{} \\times {}", in_brackets(a),
                       in_brackets(number(term.b_value, decimals)));
}

/// How wide it is when it is read: a cross is one character.
size_t read_width(std::string_view latex) {
    size_t width = 0;
    for (size_t i = 0; i < latex.size(); ++i) {
        ++width;
        if (latex[i] == '\\')
            while (i + 1 < latex.size() && std::isalpha(static_cast<unsigned char>(latex[i + 1])))
                ++i;
    }
    return width;
}

/// "a + b + c", broken into lines behind an alignment mark; `sign` stands between the parts.
std::string joined(const std::vector<std::string>& parts, std::string_view sign = " + ") {
    std::string text;
    size_t line = 0;
    for (size_t i = 0; i < parts.size(); ++i) {
        const size_t width = read_width(parts[i]) + sign.size();
        const bool breaks = line > 0 && line + width > kLineWidth;
        if (i > 0 && breaks && sign == ", ") text += ",";
        if (breaks)
            text += std::string(kBreak) + "&\\quad" + (sign == ", " ? " " : std::string(sign));
        else if (i > 0)
            text += sign;
        text += parts[i];
        line = (breaks ? 0 : line) + width;
    }
    return text;
}

/// All of them, or of very many the first and the last.
std::vector<std::string> cut(std::vector<std::string> parts) {
    if (parts.size() <= kMostLatexTerms) return parts;
    std::string last = parts.back();
    parts.resize(kShownOfMany);
    parts.emplace_back("\\cdots");
    parts.push_back(std::move(last));
    return parts;
}

struct Channel {
    int64_t number = 0;
    std::vector<std::string> products;
    double subtotal = 0;
};

std::vector<Channel> channels_of(const Explanation& e, int decimals) {
    std::vector<Channel> channels;
    for (const Term& term : e.terms) {
        const int64_t c = channel_of(term);
        if (c < 0) continue;
        if (channels.empty() || channels.back().number != c) channels.push_back({c, {}, 0});
        channels.back().products.push_back(product_text(term, decimals));
        channels.back().subtotal += term.product;
    }
    return channels;
}

/// Lines of channels, then their sum with the bias.
std::string by_channels(const Explanation& e, const std::string& cell, int decimals) {
    const std::vector<Channel> channels = channels_of(e, decimals);
    std::string text;
    size_t products = 0;
    for (const Channel& channel : channels) products += channel.products.size();
    if (products <= kMostLatexProducts)
        for (const Channel& channel : channels)
            text +=
                fmt::format("\\text{{channel {}}} &= {} = {}{}", channel.number,
                            joined(channel.products), number(channel.subtotal, decimals), kBreak);
    std::vector<std::string> parts;
    for (const Channel& channel : channels)
        parts.push_back(in_brackets(number(channel.subtotal, decimals)));
    for (const Term& term : e.terms)
        if (channel_of(term) < 0)
            parts.push_back(fmt::format("\\underbrace{{{}}}_{{\\text{{bias}}}}",
                                        number(term.a_value, decimals)));
    return text + fmt::format("{} &= {}", cell, joined(parts));
}

std::string terms_text(const Explanation& e, const std::string& cell, int decimals) {
    std::vector<std::string> parts, products;
    for (const Term& term : e.terms) {
        parts.push_back(product_text(term, decimals));
        products.push_back(in_brackets(number(term.product, decimals)));
    }
    const bool factors = std::ranges::any_of(e.terms, has_factor);
    switch (e.combine) {
        case Combine::max:
            return fmt::format("{} &= \\max\\{{{}\\}}", cell,
                               joined(cut(std::move(products)), ", "));
        case Combine::formula: return fmt::format("{} &= {}", cell, latex_formula(e.formula));
        case Combine::mean: {
            double sum = 0;
            for (const Term& term : e.terms) sum += term.product;
            return fmt::format("{} &= \\frac{{1}}{{{}}}\\bigl({}\\bigr){}&= \\frac{{{}}}{{{}}}",
                               cell, latex_number(number_text(e.divisor)),
                               joined(cut(std::move(parts))), kBreak, number(sum, decimals),
                               latex_number(number_text(e.divisor)));
        }
        case Combine::sum: break;
    }
    std::string text = fmt::format("{} &= {}", cell, joined(cut(std::move(parts))));
    if (factors && e.terms.size() > 1)
        text += fmt::format("{}&= {}", kBreak, joined(cut(std::move(products))));
    return text;
}

std::string environment(const std::string& comment, const std::string& lines) {
    return fmt::format(
        "% {}\n% needs \\usepackage{{amsmath}}\n\\begin{{align*}}\n{}\n\\end{{align*}}\n", comment,
        lines);
}

std::string comment_line(std::string text) {
    std::ranges::replace(text, '\n', ' ');
    return text;
}

/// A formula piece by piece: numbers, words, roots, signs; anything else stands for itself.
class FormulaWriter {
  public:
    explicit FormulaWriter(std::string_view formula) : rest_(formula) {}
    std::string whole() {
        while (!rest_.empty())
            if (!number() && !word() && !root() && !sign()) bracket_or_other();
        return text_ + std::string(roots_.size(), '}');
    }

  private:
    static bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }
    static bool is_part(char c) {
        return std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '.';
    }
    template <class F>
    size_t while_holds(size_t from, F holds) const {
        while (from < rest_.size() && holds(rest_[from])) ++from;
        return from;
    }
    std::string_view take(size_t length) {
        const std::string_view taken = rest_.substr(0, length);
        rest_.remove_prefix(length);
        return taken;
    }
    /// "4.056", "1e−05".
    bool number() {
        size_t end = while_holds(0, is_part);
        if (end == 0) return false;
        if (end < rest_.size() && rest_[end] == 'e') {
            const size_t digits = while_holds(
                end + 1, [](char c) { return c == '+' || c == '-' || (c & 0x80) != 0; });
            if (digits < rest_.size() && is_part(rest_[digits])) end = while_holds(digits, is_part);
        }
        text_ += latex_number(take(end));
        return true;
    }
    /// A function, or words around the formula.
    bool word() {
        const size_t end = while_holds(0, is_letter);
        if (end == 0) return false;
        const std::string word(take(end));
        constexpr std::array<std::string_view, 4> kFunctions{"exp", "tanh", "max",
                                                             "min"};  // that LaTeX knows
        const bool known = std::ranges::find(kFunctions, word) != kFunctions.end();
        const bool called = rest_.starts_with("(");
        text_ += known && called ? "\\" + word
                 : called        ? "\\operatorname{" + word + "}"
                                 : "\\text{ " + word + " }";
        return true;
    }
    /// "√(2 + 3)" and "√2"; the bracket of the first ends with it.
    bool root() {
        constexpr std::string_view kRoot = "√";
        if (!rest_.starts_with(kRoot)) return false;
        take(kRoot.size());
        text_ += "\\sqrt{";
        if (rest_.starts_with("(")) {
            take(1);
            roots_.push_back(depth_++);
        } else {
            text_ += std::string(take(while_holds(0, is_part))) + "}";
        }
        return true;
    }
    bool sign() {
        constexpr std::array<std::pair<std::string_view, std::string_view>, 14> kSigns{{
            {"−", "-"},
            {"·", " \\cdot "},
            {"×", " \\times "},
            {"²", "^2"},
            {"³", "^3"},
            {"π", "\\pi "},
            {"∞", "\\infty "},
            {"≥", " \\ge "},
            {"≤", " \\le "},
            {"σ", "\\sigma "},
            {"Φ", "\\Phi "},
            {"φ", "\\varphi "},
            {"_", "\\_"},
            {"%", "\\%"},
        }};
        const auto* found =
            std::ranges::find_if(kSigns, [&](const auto& s) { return rest_.starts_with(s.first); });
        if (found == kSigns.end()) return false;
        text_ += found->second;
        take(found->first.size());
        return true;
    }
    void bracket_or_other() {
        const char c = take(1)[0];
        if (c == '(') ++depth_;
        if (c == ')' && depth_ > 0) --depth_;
        if (c == ')' && !roots_.empty() && roots_.back() == depth_) {
            text_ += '}';
            roots_.pop_back();
        } else if (std::string_view("{}\\&#$~^").find(c) != std::string_view::npos) {
            text_ += "\\text{" + latex_words(std::string_view(&c, 1)) + "}";
        } else {
            text_ += c;
        }
    }

    std::string_view rest_;
    std::string text_;
    std::vector<size_t> roots_;  // depth of the bracket that each open root ends with
    size_t depth_ = 0;
};

}  // namespace

std::string latex_words(std::string_view words) {
    std::string text;
    for (const char c : words) {
        switch (c) {
            case '\\': text += "\\textbackslash{}"; break;
            case '~': text += "\\textasciitilde{}"; break;
            case '^': text += "\\textasciicircum{}"; break;
            case '_':
            case '%':
            case '&':
            case '#':
            case '$':
            case '{':
            case '}': text += '\\'; [[fallthrough]];
            default: text += c;
        }
    }
    return text;
}

std::string latex_number(std::string_view shown) {
    std::string text(shown);
    const auto replace = [&](std::string_view what, std::string_view by) {
        for (size_t at = text.find(what); at != std::string::npos;
             at = text.find(what, at + by.size()))
            text.replace(at, what.size(), by);
    };
    replace("−", "-");
    replace("∞", "\\infty");
    replace("NaN", "\\text{NaN}");
    const size_t e = text.find('e');
    if (e == std::string::npos || e == 0 || !std::isdigit(static_cast<unsigned char>(text[e - 1])))
        return text;
    std::string_view exponent = std::string_view(text).substr(e + 1);
    const bool negative = exponent.starts_with('-');
    if (negative || exponent.starts_with('+')) exponent.remove_prefix(1);
    while (exponent.size() > 1 && exponent.starts_with('0')) exponent.remove_prefix(1);
    return fmt::format("{} \\times 10^{{{}{}}}", text.substr(0, e), negative ? "-" : "", exponent);
}

std::string latex_formula(std::string_view formula) { return FormulaWriter(formula).whole(); }

std::string ledger_latex(const Result& result, int layer, int stage, Index cell,
                         const Explanation& e) {
    const LedgerNames names{result, layer};
    const double own =
        static_cast<double>(names.computed().stages[static_cast<size_t>(stage)].at(cell));
    const int decimals = decimals_of(e, own);
    const std::string name = names.stage(stage, cell);
    const bool channels = has_subtotals(e, names.computed().input.shape());
    std::string lines;
    if (e.terms.empty())
        lines = latex_cell(name) + " ";
    else
        lines = channels ? by_channels(e, latex_cell(name), decimals)
                         : terms_text(e, latex_cell(name), decimals);
    // A formula's result has no table to fit into.
    const std::string result_text = e.combine == Combine::formula
                                        ? latex_number(number_text_short(own, 6))
                                        : number(own, decimals);
    lines += fmt::format("{}&= {}", e.terms.empty() ? "" : kBreak, result_text);
    const Layer& described = result.document.layers[static_cast<size_t>(layer)];
    return environment(comment_line(fmt::format("{} of {}", name, layer_line(described))), lines);
}

std::string uses_latex(const Result& result, int layer, const Ref& of, const Uses& uses) {
    const LedgerNames own{result, layer};
    const Layer& described = result.document.layers[static_cast<size_t>(layer)];
    const std::string comment =
        comment_line(fmt::format("where {} of {} goes", own.of(of), layer_line(described)));
    const int decimals = decimals_of(uses);
    if (uses.empty()) {
        const std::string where = uses.complete ? "nowhere" : grouped_text(uses.total) + " cells";
        return environment(comment,
                           fmt::format("{} &\\to \\text{{{}}}", latex_cell(own.of(of)), where));
    }
    std::string lines;
    const auto begin_line = [&] {
        if (!lines.empty()) lines += kBreak;
    };
    if (uses.terms.size() <= kMostLatexProducts) {
        for (size_t i = 0; i < uses.terms.size(); ++i) {
            const Term& term = uses.terms[i];
            const Use& use = uses.cells[i];
            begin_line();
            lines += latex_cell(LedgerNames{result, use.layer}.stage(use.stage, use.cell)) +
                     " &\\leftarrow " + product_text(term, decimals);
            if (has_factor(term)) lines += " = " + number(term.product, decimals);
            if (use.chosen) lines += " \\quad \\text{(the largest)}";
        }
    } else {
        for (size_t first = 0, end = 0; first < uses.terms.size(); first = end) {
            const Use& use = uses.cells[first];
            double sum = 0;
            for (end = first;
                 end < uses.terms.size() && uses.cells[end].cell.c == use.cell.c &&
                 uses.cells[end].cell.n == use.cell.n && uses.cells[end].stage == use.stage &&
                 uses.cells[end].layer == use.layer;
                 ++end)
                sum += uses.terms[end].product;
            begin_line();
            const std::string reader =
                LedgerNames{result, use.layer}.plan().stages[static_cast<size_t>(use.stage)].name;
            lines += fmt::format("\\text{{{}, channel {}}} &\\leftarrow \\text{{{} terms}}",
                                 latex_words(reader), use.cell.c,
                                 grouped_text(static_cast<int64_t>(end - first)));
            if (uses.adds) lines += ",\\quad \\text{in all } " + number(sum, decimals);
        }
    }
    if (uses.adds && uses.complete) {
        double sum = 0;
        for (const Term& term : uses.terms) sum += term.product;
        begin_line();
        lines += "\\text{in all} &\\leftarrow " + number(sum, decimals);
    }
    return environment(comment, lines);
}

}  // namespace convscope
