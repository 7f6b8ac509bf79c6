#include "tests/formula_reader.h"

#include <charconv>
#include <cmath>
#include <numbers>
#include <stdexcept>

namespace convscope {
namespace {

class FormulaReader {
  public:
    explicit FormulaReader(std::string_view text) : text_(text) {}

    double whole() {
        const double value = choice();
        if (at_ != text_.size()) fail("the end");
        return value;
    }

  private:
    double choice() {
        const double yes = sum();
        if (!take("if")) return yes;
        const double a = sum();
        bool holds = false;
        if (take(">"))
            holds = a > sum();
        else if (take("≥"))
            holds = a >= sum();
        else if (take("<"))
            holds = a < sum();
        else if (take("≤"))
            holds = a <= sum();
        else
            fail("a comparison");
        need(",");
        need("else");
        const double no = choice();
        return holds ? yes : no;
    }

    double sum() {
        double value = product();
        while (true) {
            if (take("+"))
                value += product();
            else if (take("−"))
                value -= product();
            else
                return value;
        }
    }

    double product() {
        double value = power();
        while (true) {
            if (take("·") || take("×"))
                value *= power();
            else if (take("/"))
                value /= power();
            else
                return value;
        }
    }

    double power() {
        if (take("−")) return -power();
        double value = atom();
        if (take("²")) value = value * value;
        if (take("³")) value = value * value * value;
        return value;
    }

    double atom() {
        if (take("(")) return closed();
        if (take("√")) return std::sqrt(atom());
        if (take("π")) return std::numbers::pi;
        if (take("∞")) return INFINITY;
        if (take("NaN")) return NAN;
        if (take("exp(")) return std::exp(closed());
        if (take("tanh(")) return std::tanh(closed());
        if (take("erf(")) return std::erf(closed());
        if (take("σ(")) return 1 / (1 + std::exp(-closed()));
        if (take("Φ(")) return std::erfc(-closed() / std::numbers::sqrt2) / 2;
        if (take("φ(")) {
            const double x = closed();
            return std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi);
        }
        const bool is_max = take("max(");
        if (is_max || take("min(")) {
            const double a = choice();
            need(",");
            const double b = closed();
            if (std::isnan(a) || std::isnan(b)) return NAN;
            return is_max ? std::max(a, b) : std::min(a, b);
        }
        return number();
    }

    /// The rest of a bracket.
    double closed() {
        const double value = choice();
        need(")");
        return value;
    }

    double number() {
        take("");
        std::string digits;
        while (at_ < text_.size()) {
            const bool is_exponent = digits.ends_with('e');
            const std::string_view rest = text_.substr(at_);
            if (is_exponent && rest.starts_with("−")) {
                digits += '-';
                at_ += std::string_view("−").size();
            } else if ((rest[0] >= '0' && rest[0] <= '9') || rest[0] == '.' ||
                       (rest[0] == 'e' && !digits.empty() && !rest.starts_with("else"))) {
                digits += rest[0];
                ++at_;
            } else {
                break;
            }
        }
        double value = 0;
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (error != std::errc() || end != digits.data() + digits.size()) fail("a number");
        return value;
    }

    bool take(std::string_view word) {
        while (at_ < text_.size() && text_[at_] == ' ') ++at_;
        if (!text_.substr(at_).starts_with(word)) return false;
        at_ += word.size();
        return true;
    }

    void need(std::string_view word) {
        if (!take(word)) fail(word);
    }

    [[noreturn]] void fail(std::string_view expected) const {
        throw std::invalid_argument("expected " + std::string(expected) + " at \"" +
                                    std::string(text_.substr(at_)) + "\" of \"" +
                                    std::string(text_) + "\"");
    }

    std::string_view text_;
    size_t at_ = 0;
};

}  // namespace

double formula_value(std::string_view formula) { return FormulaReader(formula).whole(); }

}  // namespace convscope
