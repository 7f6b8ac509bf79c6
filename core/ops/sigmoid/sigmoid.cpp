// sigmoid: its words. The function is in the header.
#include "core/ops/sigmoid/sigmoid.h"

#include <fmt/format.h>

#include "core/number_text.h"

namespace convscope {

std::string Sigmoid::value_text(const Sigmoid&, double x) {
    return fmt::format("1 / (1 + exp({}))", number_text(-x));
}

std::string Sigmoid::slope_text(const Sigmoid&, double x) {
    return fmt::format("σ({0}) · (1 − σ({0}))", number_text(x));
}

std::string Sigmoid::card(const Sigmoid&) { return "0 to 1"; }

}  // namespace convscope
