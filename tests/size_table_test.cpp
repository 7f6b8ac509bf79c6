// Output sizes against a table of PyTorch's answers (tests/golden/make_size_table.py): the plan's shape, the size formula's
// result, and that we refuse what PyTorch refuses and nothing else.
#include <gtest/gtest.h>

#include <cctype>
#include <cstring>
#include <fstream>
#include <sstream>

#include "tests/layer_case.h"

namespace convscope {
namespace {

std::vector<std::string> split(const std::string& line) {
    std::vector<std::string> cells;
    std::istringstream stream(line);
    for (std::string cell; std::getline(stream, cell, ',');) cells.push_back(cell);
    return cells;
}

Pair pair_from(const std::string& text) {
    std::istringstream stream(text);
    Pair pair;
    stream >> pair.h >> pair.w;
    EXPECT_FALSE(stream.fail()) << text;
    return pair;
}

/// Value of a formula's numbers, "[i7] + 2·1 − 1·([k3]−1) − 1": + and − of products of numbers and brackets.
class Arithmetic {
  public:
    explicit Arithmetic(std::string text) {
        for (const auto& [from, to] : {std::pair("−", "-"),
                                       {"·", "*"},
                                       {" ", ""},
                                       {"[i", ""},
                                       {"[k", ""},
                                       {"[o", ""},
                                       {"]", ""}})
            for (size_t at; (at = text.find(from)) != std::string::npos;)
                text.replace(at, strlen(from), to);
        text_ = text;
    }
    int64_t value() {
        const int64_t sum = read_sum();
        EXPECT_EQ(at_, text_.size()) << text_;
        return sum;
    }

  private:
    bool take(char c) { return at_ < text_.size() && text_[at_] == c && ++at_; }
    int64_t read_sum() {
        int64_t sum = take('-') ? -read_product() : read_product();
        while (true) {
            if (take('+'))
                sum += read_product();
            else if (take('-'))
                sum -= read_product();
            else
                return sum;
        }
    }
    int64_t read_product() {
        int64_t product = read_factor();
        while (take('*')) product *= read_factor();
        return product;
    }
    int64_t read_factor() {
        if (take('(')) {
            const int64_t sum = read_sum();
            EXPECT_TRUE(take(')')) << text_;
            return sum;
        }
        int64_t number = 0;
        EXPECT_TRUE(at_ < text_.size() && std::isdigit(text_[at_])) << text_;
        while (at_ < text_.size() && std::isdigit(text_[at_]))
            number = number * 10 + (text_[at_++] - '0');
        return number;
    }

    std::string text_;
    size_t at_ = 0;
};

int64_t computed(const SizeFormula& line) {
    int64_t value = Arithmetic(line.numerator_numbers).value();
    if (!line.denominator_numbers.empty()) {
        const int64_t divisor = Arithmetic(line.denominator_numbers).value();
        value = line.ceil ? -floor_div(-value, divisor) : floor_div(value, divisor);
    }
    if (!line.rest.empty()) value += Arithmetic(line.rest.substr(1)).value();
    return value;
}

/// The number behind an axis' formula.
std::string result_of(const std::vector<SizeFormula>& lines, const std::string& axis) {
    for (const SizeFormula& line : lines)
        if (line.axis == axis || line.axis == "height = width") return line.result;
    return "none";
}

TEST(SizeTable, every_setting_gives_pytorch_s_size_or_refusal) {
    std::ifstream file(CONVSCOPE_SOURCE_DIR "/tests/golden/output_sizes.csv");
    int settings = 0, refused = 0;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("#")) continue;
        SCOPED_TRACE(line);
        ++settings;
        const std::vector<std::string> cells = split(line);
        ASSERT_EQ(cells.size(), 8u);
        const Op* op = find_op(cells[0]);
        ASSERT_NE(op, nullptr);
        Params params = standard_params(*op);
        const auto param = [&](const char* key) -> Value& {
            return params.at(static_cast<size_t>(field_index(*op, key)));
        };
        param("kernel_size") = pair_from(cells[2]);
        if (cells[3] != "none") {
            if (param("stride").index() == Value(Pair{}).index())
                param("stride") = pair_from(cells[3]);
            else
                param("stride") = std::optional(pair_from(cells[3]));
        }
        if (field_index(*op, "dilation") >= 0) param("dilation") = pair_from(cells[5]);
        if (Padding* padding = std::get_if<Padding>(&param("padding"))) {
            padding->kind = cells[4] == "same"    ? Padding::Kind::same
                            : cells[4] == "valid" ? Padding::Kind::valid
                                                  : Padding::Kind::pair;
            if (padding->kind == Padding::Kind::pair) padding->pair = pair_from(cells[4]);
            param("padding_mode") = Choice{cells[6]};
        } else {
            param("padding") = pair_from(cells[4]);
            if (field_index(*op, "ceil_mode") >= 0)
                param("ceil_mode") = cells[6] == "on";
            else
                param("output_padding") = pair_from(cells[6]);
        }
        const Pair in = pair_from(cells[1]);
        const Shape input{1, 1, in.h, in.w};
        const Plan plan = op->plan(params, input, true);
        if (cells[7] == "refused") {
            ++refused;
            ASSERT_TRUE(plan.problem.has_value());
            ASSERT_GE(field_index(*op, plan.problem->key), 0);
            continue;
        }
        ASSERT_FALSE(plan.problem) << plan.problem->whole();
        const Pair out = pair_from(cells[7]);
        ASSERT_EQ(plan.output_stage().shape, (Shape{1, 1, out.h, out.w}));
        const std::vector<SizeFormula> lines = op->size_formula(params, plan, input);
        ASSERT_EQ(result_of(lines, "height"), "[o" + std::to_string(out.h) + "]");
        ASSERT_EQ(result_of(lines, "width"), "[o" + std::to_string(out.w) + "]");
        ASSERT_TRUE(lines.size() == 2 || out.h == out.w);
        for (const SizeFormula& formula : lines)
            ASSERT_EQ(computed(formula), formula.axis == "width" ? out.w : out.h)
                << formula.numerator_numbers;
    }
    EXPECT_GE(settings, 8000);
    EXPECT_GE(refused, 900);
}

}  // namespace
}  // namespace convscope
