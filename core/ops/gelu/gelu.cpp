// gelu: its parameter and its words. The functions are in the header.
#include "core/ops/gelu/gelu.h"

#include <fmt/format.h>

#include "core/number_text.h"

namespace convscope {

const std::vector<TypedField<Gelu>>& Gelu::fields() {
    // clang-format off
    static const std::vector<TypedField<Gelu>> rows{
        {{"approximate", {}, true, 0, 0, {"none", "tanh"}, "How Φ is computed: exactly, or by a tanh that is close to it.", {"approximate", "False is none, True is tanh."}}, &Gelu::approximate},
    };
    // clang-format on
    return rows;
}

std::string Gelu::value_text(const Gelu& p, double x) {
    const std::string number = number_text(x);
    if (!p.is_tanh()) return fmt::format("{0} · Φ({0})", number);
    return fmt::format("{0} / 2 · (1 + tanh(√(2/π) · ({0} + 0.044715 · {1}³)))", number,
                       factor_text(x));
}

std::string Gelu::slope_text(const Gelu& p, double x) {
    const std::string number = number_text(x), factor = factor_text(x);
    if (!p.is_tanh()) return fmt::format("Φ({0}) + {1} · φ({0})", number, factor);
    return fmt::format(
        "(1 + tanh({2})) / 2 + {0} / 2 · (1 − tanh({2})²) · √(2/π) · "
        "(1 + 0.134145 · {1}²)",
        factor, factor, number_text(inner(x)));
}

std::string Gelu::card(const Gelu& p) { return p.is_tanh() ? "x · Φ(x), tanh" : "x · Φ(x)"; }

}  // namespace convscope
