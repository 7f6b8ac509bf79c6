// silu: its words. The function is in the header.
#include "core/ops/silu/silu.h"

#include <fmt/format.h>

#include "core/number_text.h"

namespace convscope {

std::string Silu::value_text(const Silu&, double x) {
    return fmt::format("{0} · σ({0})", number_text(x));
}

std::string Silu::slope_text(const Silu&, double x) {
    return fmt::format("σ({0}) · (1 + {1} · (1 − σ({0})))", number_text(x), factor_text(x));
}

std::string Silu::card(const Silu&) { return "x · σ(x)"; }

}  // namespace convscope
