// The ledger as LaTeX: its arithmetic read back and worked out, its braces counted, its words escaped; and where there is a
// pdflatex, compiled.
#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <fmt/format.h>

#include "app/ledger_latex.h"
#include "app/ledger_words.h"
#include "core/presets.h"
#include "core/pytorch_read.h"
#include "tests/formula_reader.h"
#include "tests/layer_case.h"

namespace convscope {
namespace {

// ---- A reader of the LaTeX that stands there

class LatexReader {
  public:
    explicit LatexReader(std::string_view text) : text_(text) {}
    double whole() {
        const double value = sum();
        skip();
        if (at_ != text_.size()) fail();
        return value;
    }

  private:
    double sum() {
        double value = product();
        while (take("+")) value += product();
        return value;
    }
    double product() {
        double value = factor();
        while (take("\\times") || take("\\bigl")) value *= factor();
        return value;
    }
    double factor() {
        if (take("\\frac")) {
            const double above = braced(), below = braced();
            const double quotient = above / below;
            return take("\\bigl") ? quotient * factor() : quotient;
        }
        if (take("\\underbrace")) {
            const double value = braced();
            need("_{\\text{");
            at_ = text_.find("}}", at_) + 2;
            return value;
        }
        if (take("\\max\\{")) {
            double largest = sum();
            while (take(",")) largest = std::max(largest, sum());
            need("\\}");
            return largest;
        }
        if (take("-\\infty")) return -HUGE_VAL;
        if (take("10^")) return std::pow(10.0, braced());
        if (take("(")) {
            const double value = sum();
            take("\\bigr");
            need(")");
            return value;
        }
        skip();
        double value = 0;
        const auto [end, error] =
            std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
        if (error != std::errc()) fail();
        at_ = static_cast<size_t>(end - text_.data());
        if (text_.substr(at_).starts_with("^")) {  // 10^{-3}, read as 10 first
            ++at_;
            return std::pow(value, braced());
        }
        return value;
    }
    double braced() {
        need("{");
        const double value = sum();
        need("}");
        return value;
    }
    void skip() {
        for (;;) {
            while (at_ < text_.size() &&
                   (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '&'))
                ++at_;
            if (text_.substr(at_).starts_with("\\\\"))
                at_ += 2;
            else if (text_.substr(at_).starts_with("\\quad"))
                at_ += 5;
            else
                return;
        }
    }
    bool take(std::string_view word) {
        skip();
        if (!text_.substr(at_).starts_with(word)) return false;
        at_ += word.size();
        return true;
    }
    void need(std::string_view word) {
        if (!take(word)) fail();
    }
    void fail() const {
        throw std::invalid_argument(fmt::format("“{}” cannot be read at “{}”", text_,
                                                text_.substr(std::min(at_, text_.size()))));
    }
    std::string_view text_;
    size_t at_ = 0;
};

/// Between \begin{align*} and \end{align*}.
std::string body_of(const std::string& latex) {
    const std::string begin = "\\begin{align*}\n", end = "\n\\end{align*}";
    const size_t a = latex.find(begin), b = latex.find(end);
    if (a == std::string::npos || b == std::string::npos) return "";
    return latex.substr(a + begin.size(), b - a - begin.size());
}

/// What stands behind "name &= … = … = …": every side of the equations in turn. A line that begins with a name begins a
/// new equation.
std::vector<std::vector<double>> equations(const std::string& latex) {
    std::vector<std::vector<double>> all;
    std::string text = body_of(latex);
    for (size_t at = 0; at < text.size();) {
        const size_t name = text.find("\\text{", at), equals = text.find("&=", at);
        if (equals == std::string::npos) break;
        if (name < equals) all.emplace_back();
        size_t end = std::min(text.find("&=", equals + 2), text.find("\\\\\n\\text{", equals + 2));
        if (end == std::string::npos) end = text.size();
        std::string sides = text.substr(equals + 2, end - equals - 2);
        while (sides.ends_with('\\') || sides.ends_with('\n') || sides.ends_with(' '))
            sides.pop_back();
        for (size_t from = 0; from <= sides.size();) {
            const size_t sign = std::min(sides.find(" = ", from), sides.size());
            all.back().push_back(
                LatexReader(std::string_view(sides).substr(from, sign - from)).whole());
            from = sign + 3;
        }
        at = end;
    }
    return all;
}

void expect_well_formed(const std::string& latex) {
    int depth = 0;
    for (size_t i = 0; i < latex.size(); ++i) {
        if (latex[i] == '\\' && i + 1 < latex.size() &&
            (latex[i + 1] == '{' || latex[i + 1] == '}')) {
            ++i;
            continue;
        }
        if (latex[i] == '{') ++depth;
        if (latex[i] != '}') continue;
        ASSERT_GE(--depth, 0) << latex;
    }
    EXPECT_EQ(depth, 0) << latex;
    const std::string body = body_of(latex);
    ASSERT_FALSE(body.empty()) << latex;
    EXPECT_FALSE(body.ends_with("\\\\")) << latex;
    for (const char c : body) EXPECT_GE(static_cast<signed char>(c), 0) << "not ASCII\n" << latex;
    // One alignment mark a line; nothing that LaTeX takes for its own.
    for (size_t at = 0; at <= body.size();) {
        const size_t end = std::min(body.find('\n', at), body.size());
        const std::string line = body.substr(at, end - at);
        EXPECT_EQ(std::ranges::count(line, '&'), 1) << line;
        EXPECT_EQ(line.find_first_of("%#$~"), std::string::npos) << line;
        at = end + 1;
    }
    EXPECT_EQ(latex.find('%', latex.find("\\begin")), std::string::npos) << latex;
}

std::string latex_of(const Result& result, int stage, Index cell) {
    return ledger_latex(result, 0, stage, cell, explain_gathered(result, 0, stage, cell));
}

Document written(const std::string& torch, const std::string& input,
                 const std::string& weight = "") {
    PytorchOptions options;
    options.input = input;
    options.weight = weight;
    PytorchResult read = read_pytorch(torch, options);
    CHECK_THAT(read.error, ==, std::string());
    return read.document;
}

// ---- Words and numbers

TEST(LedgerLatex, words_are_escaped) {
    EXPECT_EQ(latex_words("grad_weight"), "grad\\_weight");
    EXPECT_EQ(
        latex_words("50 % & #1 {$x$} ~^\\"),
        "50 \\% \\& \\#1 \\{\\$x\\$\\} \\textasciitilde{}\\textasciicircum{}\\textbackslash{}");
}

TEST(LedgerLatex, numbers_stand_as_they_are_shown) {
    EXPECT_EQ(latex_number("−2.50"), "-2.50");
    EXPECT_EQ(latex_number("1.3e−12"), "1.3 \\times 10^{-12}");
    EXPECT_EQ(latex_number("−1.2e+05"), "-1.2 \\times 10^{5}");
    EXPECT_EQ(latex_number("−∞"), "-\\infty");
    EXPECT_EQ(latex_number("NaN"), "\\text{NaN}");
}

TEST(LedgerLatex, formulas) {
    EXPECT_EQ(latex_formula("1 / (1 + exp(−2))"), "1 / (1 + \\exp(-2))");
    EXPECT_EQ(latex_formula("(3 − 1.5) / √(2 + 1e−05)"),
              "(3 - 1.5) / \\sqrt{2 + 1 \\times 10^{-5}}");
    EXPECT_EQ(latex_formula("0.5 · (1 + erf(2 / √2))"),
              "0.5  \\cdot  (1 + \\operatorname{erf}(2 / \\sqrt{2}))");
}

// ---- Whole ledgers

TEST(LedgerLatex, a_sum_worked_by_hand) {
    const auto result = evaluate(written("nn.Conv2d(1, 1, 2)", "[[1,2],[3,4]]", "[[-1,0],[2,5]]"));
    const std::string latex = latex_of(*result, result->layers[0].plan.output, {});
    // −1 + 0 + 6 + 20, and a bias of 0.
    EXPECT_EQ(
        body_of(latex),
        "\\text{output} &= 1 \\times (-1) + 2 \\times 0 + 3 \\times 2 + 4 \\times 5 + 0 \\\\\n"
        "&= (-1) + 0 + 6 + 20 + 0 \\\\\n"
        "&= 25");
    expect_well_formed(latex);
}

TEST(LedgerLatex, channels_and_the_bias) {
    Document document =
        written("nn.Conv2d(2, 1, (1, 2))", "[[[1,2]],[[3,4]]]", "[[[[10,20]],[[-30,40]]]]");
    document.layers[0].weights[1].set({}, 7);
    const auto result = evaluate(document);
    const std::string latex = latex_of(*result, result->layers[0].plan.output, {});
    EXPECT_EQ(body_of(latex),
              "\\text{channel 0} &= 1 \\times 10 + 2 \\times 20 = 50 \\\\\n"
              "\\text{channel 1} &= 3 \\times (-30) + 4 \\times 40 = 70 \\\\\n"
              "\\text{output} &= 50 + 70 + \\underbrace{7}_{\\text{bias}} \\\\\n"
              "&= 127");
    expect_well_formed(latex);
}

TEST(LedgerLatex, many_channels_are_folded_to_their_subtotals) {
    const auto result = evaluate(written("nn.Conv2d(16, 1, 3, bias=False)", "16x3x3"));
    const std::string latex = latex_of(*result, result->layers[0].plan.output, {});
    EXPECT_EQ(latex.find("channel"), std::string::npos) << latex;
    EXPECT_EQ(latex.find("\\times"), std::string::npos) << latex;
    EXPECT_EQ(std::ranges::count(body_of(latex), '+'), 15);
    const auto sides = equations(latex);
    ASSERT_EQ(sides.size(), 1u);
    EXPECT_EQ(sides[0][0], static_cast<double>(result->layers[0].output().at({})));
    expect_well_formed(latex);
}

TEST(LedgerLatex, a_very_long_sum_is_cut) {
    const auto result = evaluate(written("nn.Conv2d(1, 1, 31, bias=False)", "31x31"));
    const std::string latex = latex_of(*result, result->layers[0].plan.output, {});
    EXPECT_NE(latex.find("\\cdots"), std::string::npos);
    EXPECT_LT(latex.size(), 2000u);
    expect_well_formed(latex);
}

/// Every op, every stage: what can be read back is one number, the cell's own.
TEST(LedgerLatex, every_side_of_every_equation_is_the_cells_number) {
    std::mt19937_64 random(test_seed(31));
    int64_t equal = 0;
    for (const Op& op : all_ops())
        for (int i = 0; i < 12; ++i) {
            const Document document = random_layer(op, random, true);
            SCOPED_TRACE(describe(document));
            const auto result = evaluate(document, {.backward = true});
            const LayerResult& layer = result->layers[0];
            for (size_t s = 0; s < layer.plan.stages.size(); ++s) {
                const StageSpec& spec = layer.plan.stages[s];
                if (layer.stages[s].empty()) continue;
                const Index cell = spec.shape.index(
                    static_cast<int64_t>(random() % static_cast<uint64_t>(spec.shape.count())));
                const Explanation e = explain_gathered(*result, 0, static_cast<int>(s), cell);
                const std::string latex = ledger_latex(*result, 0, static_cast<int>(s), cell, e);
                expect_well_formed(latex);
                if (e.combine == Combine::formula || e.terms.empty() ||
                    latex.find("\\cdots") != std::string::npos)
                    continue;
                const double own = static_cast<double>(layer.stages[s].at(cell));
                if (!std::isfinite(own)) continue;
                // Each number is rounded to its decimals (an exponent's to two digits); a product carries the other
                // factor's share.
                const double unit = 0.51 * std::pow(10.0, -decimals_of(e, own));
                double slack = 2 * unit;
                for (const Term& term : e.terms) {
                    slack += unit * (1 + unit + std::abs(term.a_value) + std::abs(term.b_value));
                    for (const double v : {term.a_value, term.b_value, term.product})
                        if (std::abs(v) < 0.001 || std::abs(v) > 99'999)
                            slack += 0.06 * std::abs(term.product);
                }
                const auto all = equations(latex);
                ASSERT_FALSE(all.empty()) << latex;
                for (const double side : all.back()) {
                    if (std::all_of(e.terms.begin(), e.terms.end(),
                                    [](const Term& t) {
                                        return t.product == std::round(t.product) &&
                                               t.b_value == std::round(t.b_value);
                                    }) &&
                        e.combine != Combine::mean)
                        EXPECT_EQ(side, own) << latex;
                    else
                        EXPECT_NEAR(side, own, slack) << latex;
                    ++equal;
                }
                for (size_t channel = 0; channel + 1 < all.size(); ++channel) {
                    ASSERT_EQ(all[channel].size(), 2u) << latex;
                    EXPECT_NEAR(all[channel][0], all[channel][1], slack) << latex;
                }
            }
        }
    EXPECT_GT(equal, 500);
}

TEST(LedgerLatex, where_a_number_goes) {
    const auto result = evaluate(
        written("nn.ConvTranspose2d(1, 1, 2, stride=2)", "[[1,0],[2,3]]", "[[2,3],[4,5]]"));
    const Ref ref{Source::input, 0, {0, 0, 1, 1}};
    const std::string latex = uses_latex(*result, 0, ref, uses_of(*result, 0, ref));
    EXPECT_EQ(body_of(latex),
              "\\text{output}_{2, 2} &\\leftarrow 3 \\times 2 = 6 \\\\\n"
              "\\text{output}_{2, 3} &\\leftarrow 3 \\times 3 = 9 \\\\\n"
              "\\text{output}_{3, 2} &\\leftarrow 3 \\times 4 = 12 \\\\\n"
              "\\text{output}_{3, 3} &\\leftarrow 3 \\times 5 = 15 \\\\\n"
              "\\text{in all} &\\leftarrow 42");
    expect_well_formed(latex);
    const auto wide = evaluate(written("nn.Conv2d(1, 16, 3, padding=1)", "9x9"));
    const Ref middle{Source::input, 0, {0, 0, 4, 4}};
    const std::string folded = uses_latex(*wide, 0, middle, uses_of(*wide, 0, middle));
    EXPECT_NE(folded.find("\\text{output, channel 15} &\\leftarrow \\text{9 terms}"),
              std::string::npos)
        << folded;
    expect_well_formed(folded);
}

// ---- Compiled

TEST(LedgerLatex, pdflatex_takes_it) {
    if (std::system("pdflatex --version > /dev/null 2>&1") != 0)
        GTEST_SKIP() << "there is no pdflatex here";
    std::mt19937_64 random(test_seed(32));
    const std::filesystem::path folder = std::filesystem::current_path() / "ledger_latex";
    std::filesystem::create_directories(folder);
    std::ofstream file(folder / "all.tex");
    file << "\\documentclass{article}\n\\usepackage{amsmath}\n\\begin{document}\n";
    for (const Op& op : all_ops())
        for (int i = 0; i < 6; ++i) {
            const auto result = evaluate(random_layer(op, random, i % 2 == 0), {.backward = true});
            const LayerResult& layer = result->layers[0];
            for (size_t s = 0; s < layer.plan.stages.size(); ++s) {
                if (layer.stages[s].empty()) continue;
                const Shape shape = layer.plan.stages[s].shape;
                file << latex_of(*result, static_cast<int>(s),
                                 shape.index(static_cast<int64_t>(
                                     random() % static_cast<uint64_t>(shape.count()))));
            }
            std::vector<Ref> refs{{Source::input, 0, {}}};
            for (size_t w = 0; w < layer.plan.weights.size(); ++w)
                refs.push_back({Source::weight, static_cast<int>(w), {}});
            for (const Ref& ref : refs)
                file << uses_latex(*result, 0, ref, uses_of(*result, 0, ref));
        }
    file << "\\end{document}\n";
    file.close();
    const std::string command =
        "cd '" + folder.string() +
        "' && pdflatex -halt-on-error -interaction=nonstopmode all.tex > log.txt 2>&1";
    EXPECT_EQ(std::system(command.c_str()), 0) << "see " << (folder / "log.txt");
}

}  // namespace
}  // namespace convscope
