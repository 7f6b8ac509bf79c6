// relu: its words. The function is in the header.
#include "core/ops/relu/relu.h"

#include <fmt/format.h>

#include "core/number_text.h"

namespace convscope {

std::string Relu::value_text(const Relu&, double x) {
    return fmt::format("max(0, {})", number_text(x));
}

std::string Relu::slope_text(const Relu&, double x) {
    return fmt::format("0 if {} ≤ 0, else 1", number_text(x));
}

std::string Relu::card(const Relu&) { return "max(0, x)"; }

}  // namespace convscope
