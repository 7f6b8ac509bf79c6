// tanh: its words. The function is in the header.
#include "core/ops/tanh/tanh.h"

#include <fmt/format.h>

#include "core/number_text.h"

namespace convscope {

std::string Tanh::value_text(const Tanh&, double x) {
    return fmt::format("tanh({})", number_text(x));
}

std::string Tanh::slope_text(const Tanh&, double x) {
    return fmt::format("1 − tanh({})²", number_text(x));
}

std::string Tanh::card(const Tanh&) { return "−1 to 1"; }

}  // namespace convscope
