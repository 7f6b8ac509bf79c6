#include "app/ledger_latex.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include <fmt/format.h>

#include "app/ledger_text.h"
#include "app/ledger_words.h"
#include "core/number_text.h"

namespace convscope {
namespace {

constexpr size_t kInALine = 6;      // products
constexpr size_t kNumbersInALine = 12;
constexpr size_t kShownOfMany = 8;  // terms at the start of a sum that is cut

constexpr std::string_view kBreak = " \\\\\n";

/// Negative numbers in brackets, behind a sign or a cross.
std::string in_brackets(const std::string& number) { return number.starts_with('-') ? "(" + number + ")" : number; }

std::string number(double value, int decimals) { return latex_number(in_table(value, decimals)); }

/// "output (1, 3)" → "\text{output}_{1, 3}".
std::string latex_cell(const std::string& name) {
    const size_t bracket = name.rfind(" (");
    if (bracket == std::string::npos) return "\\text{" + latex_words(name) + "}";
    std::string place = name.substr(bracket + 2);
    if (place.ends_with(')')) place.pop_back();
    return fmt::format("\\text{{{}}}_{{{}}}", latex_words(name.substr(0, bracket)), latex_number(place));
}

std::string product_text(const Term& term, int decimals) {
    const std::string a = number(term.a_value, decimals);
    if (!has_factor(term)) return in_brackets(a);
    return fmt::format("{} \\times {}", in_brackets(a), in_brackets(number(term.b_value, decimals)));
}

/// "a + b + c", broken into lines behind an alignment mark.
std::string sum_text(const std::vector<std::string>& parts, size_t in_a_line) {
    std::string text;
    for (size_t i = 0; i < parts.size(); ++i) {
        if (i > 0) text += i % in_a_line == 0 ? std::string(kBreak) + "&\\quad + " : " + ";
        text += parts[i];
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
            text += fmt::format("\\text{{channel {}}} &= {} = {}{}", channel.number,
                                sum_text(channel.products, kInALine), number(channel.subtotal, decimals), kBreak);
    std::vector<std::string> parts;
    for (const Channel& channel : channels) parts.push_back(in_brackets(number(channel.subtotal, decimals)));
    for (const Term& term : e.terms)
        if (channel_of(term) < 0)
            parts.push_back(fmt::format("\\underbrace{{{}}}_{{\\text{{bias}}}}", number(term.a_value, decimals)));
    return text + fmt::format("{} &= {}", cell, sum_text(parts, kNumbersInALine));
}

std::string terms_text(const Explanation& e, const std::string& cell, int decimals) {
    std::vector<std::string> parts, products;
    for (const Term& term : e.terms) {
        parts.push_back(product_text(term, decimals));
        products.push_back(in_brackets(number(term.product, decimals)));
    }
    const bool factors = std::ranges::any_of(e.terms, has_factor);
    switch (e.combine) {
        case Combine::max: {
            std::string list;
            const auto shown = cut(std::move(products));
            for (size_t i = 0; i < shown.size(); ++i)
                list += (i == 0 ? "" : i % kNumbersInALine == 0 ? "," + std::string(kBreak) + "&\\quad " : ", ") + shown[i];
            return fmt::format("{} &= \\max\\{{{}\\}}", cell, list);
        }
        case Combine::formula: return fmt::format("{} &= {}", cell, latex_formula(e.formula));
        case Combine::mean: {
            double sum = 0;
            for (const Term& term : e.terms) sum += term.product;
            return fmt::format("{} &= \\frac{{1}}{{{}}}\\bigl({}\\bigr){}&= \\frac{{{}}}{{{}}}", cell,
                               latex_number(number_text(e.divisor)), sum_text(cut(std::move(parts)), kInALine), kBreak,
                               number(sum, decimals), latex_number(number_text(e.divisor)));
        }
        case Combine::sum: break;
    }
    std::string text = fmt::format("{} &= {}", cell, sum_text(cut(std::move(parts)), factors ? kInALine : kNumbersInALine));
    if (factors && e.terms.size() > 1)
        text += fmt::format("{}&= {}", kBreak, sum_text(cut(std::move(products)), kNumbersInALine));
    return text;
}

std::string environment(const std::string& comment, const std::string& lines) {
    return fmt::format("% {}\n% needs \\usepackage{{amsmath}}\n\\begin{{align*}}\n{}\n\\end{{align*}}\n", comment, lines);
}

std::string comment_line(std::string text) {
    std::ranges::replace(text, '\n', ' ');
    return text;
}

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
            case '}': text += '\\';
            [[fallthrough]];
            default: text += c;
        }
    }
    return text;
}

std::string latex_number(std::string_view shown) {
    std::string text(shown);
    const auto replace = [&](std::string_view what, std::string_view by) {
        for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
            text.replace(at, what.size(), by);
    };
    replace("−", "-");
    replace("∞", "\\infty");
    replace("NaN", "\\text{NaN}");
    const size_t e = text.find('e');
    if (e == std::string::npos || e == 0 || !std::isdigit(static_cast<unsigned char>(text[e - 1]))) return text;
    std::string_view exponent = std::string_view(text).substr(e + 1);
    const bool negative = exponent.starts_with('-');
    if (negative || exponent.starts_with('+')) exponent.remove_prefix(1);
    while (exponent.size() > 1 && exponent.starts_with('0')) exponent.remove_prefix(1);
    return fmt::format("{} \\times 10^{{{}{}}}", text.substr(0, e), negative ? "-" : "", exponent);
}

std::string latex_formula(std::string_view formula) {
    // Signs and functions one by one; words that are no function are text.
    constexpr std::array<std::pair<std::string_view, std::string_view>, 17> kSigns{{
        {"−", "-"}, {"·", " \\cdot "}, {"×", " \\times "}, {"²", "^2"}, {"³", "^3"}, {"π", "\\pi "}, {"∞", "\\infty "},
        {"≥", " \\ge "}, {"≤", " \\le "}, {"σ", "\\sigma "}, {"Φ", "\\Phi "}, {"φ", "\\varphi "}, {"ε", "\\varepsilon "},
        {"√(", "\\sqrt{("}, {"_", "\\_"}, {"%", "\\%"}, {"~", "\\sim "},
    }};
    const auto is_letter = [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; };
    const auto is_part = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '.'; };
    std::string text;
    std::vector<size_t> roots;  // depth of the bracket that each open root ends with
    size_t depth = 0;
    for (size_t at = 0; at < formula.size();) {
        const std::string_view rest = formula.substr(at);
        if (is_part(rest[0])) {  // a number, with its exponent
            size_t end = 1;
            while (end < rest.size() && is_part(rest[end])) ++end;
            if (end < rest.size() && rest[end] == 'e') {
                ++end;
                while (end < rest.size() && !is_part(rest[end]) && !is_letter(rest[end]) && rest[end] != ' ') ++end;
                while (end < rest.size() && is_part(rest[end])) ++end;
            }
            text += latex_number(rest.substr(0, end));
            at += end;
            continue;
        }
        if (is_letter(rest[0])) {
            size_t end = 1;
            while (end < rest.size() && is_letter(rest[end])) ++end;
            const std::string word(rest.substr(0, end));
            const bool known = word == "exp" || word == "tanh" || word == "max" || word == "min" || word == "log";
            const bool called = end < rest.size() && rest[end] == '(';
            text += known && called ? "\\" + word : called ? "\\operatorname{" + word + "}" : "\\text{ " + word + " }";
            at += end;
            continue;
        }
        const auto* sign = std::ranges::find_if(kSigns, [&](const auto& s) { return rest.starts_with(s.first); });
        if (sign != kSigns.end()) {
            text += sign->second;
            at += sign->first.size();
            if (sign->first == "√(") roots.push_back(depth++);
            continue;
        }
        if (rest.starts_with("√")) {  // of one number
            at += std::string_view("√").size();
            size_t end = at;
            while (end < formula.size() && (is_part(formula[end]))) ++end;
            text += "\\sqrt{" + std::string(formula.substr(at, end - at)) + "}";
            at = end;
            continue;
        }
        text += rest[0] == '{' || rest[0] == '}' || rest[0] == '\\' || rest[0] == '&' || rest[0] == '#' || rest[0] == '$'
                    ? "\\text{" + latex_words(rest.substr(0, 1)) + "}"
                    : std::string(rest.substr(0, 1));
        if (rest[0] == '(') ++depth;
        if (rest[0] == ')' && depth > 0) --depth;
        if (rest[0] == ')' && !roots.empty() && roots.back() == depth) {
            text += '}';
            roots.pop_back();
        }
        ++at;
    }
    text.append(roots.size(), '}');
    return text;
}

std::string ledger_latex(const Result& result, int layer, int stage, Index cell, const Explanation& e) {
    const LedgerNames names{result, layer};
    const double own = static_cast<double>(names.computed().stages[static_cast<size_t>(stage)].at(cell));
    const int decimals = decimals_of(e, own);
    const std::string name = names.stage(stage, cell);
    const bool channels = has_subtotals(e, names.computed().input.shape());
    std::string lines;
    if (e.terms.empty())
        lines = latex_cell(name) + " ";
    else
        lines = channels ? by_channels(e, latex_cell(name), decimals) : terms_text(e, latex_cell(name), decimals);
    lines += fmt::format("{}&= {}", e.terms.empty() ? "" : kBreak, number(own, decimals));
    const Layer& described = result.document.layers[static_cast<size_t>(layer)];
    return environment(comment_line(fmt::format("{} of {}", name, layer_line(described))), lines);
}

std::string uses_latex(const Result& result, int layer, const Ref& of, const Uses& uses) {
    const LedgerNames own{result, layer};
    const Layer& described = result.document.layers[static_cast<size_t>(layer)];
    const std::string comment = comment_line(fmt::format("where {} of {} goes", own.of(of), layer_line(described)));
    const int decimals = decimals_of(uses);
    if (uses.empty()) {
        const std::string where = uses.complete ? "nowhere" : grouped_text(uses.total) + " cells";
        return environment(comment, fmt::format("{} &\\to \\text{{{}}}", latex_cell(own.of(of)), where));
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
            lines += latex_cell(LedgerNames{result, use.layer}.stage(use.stage, use.cell)) + " &\\leftarrow " +
                     product_text(term, decimals);
            if (has_factor(term)) lines += " = " + number(term.product, decimals);
            if (use.chosen) lines += " \\quad \\text{(the largest)}";
        }
    } else {
        for (size_t first = 0, end = 0; first < uses.terms.size(); first = end) {
            const Use& use = uses.cells[first];
            double sum = 0;
            for (end = first; end < uses.terms.size() && uses.cells[end].cell.c == use.cell.c &&
                              uses.cells[end].cell.n == use.cell.n && uses.cells[end].stage == use.stage &&
                              uses.cells[end].layer == use.layer;
                 ++end)
                sum += uses.terms[end].product;
            begin_line();
            const std::string reader = LedgerNames{result, use.layer}.plan().stages[static_cast<size_t>(use.stage)].name;
            lines += fmt::format("\\text{{{}, channel {}}} &\\leftarrow \\text{{{} terms}}", latex_words(reader), use.cell.c,
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
