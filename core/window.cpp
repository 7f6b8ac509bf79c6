// Geometry of windowed layers, one axis at a time.
#include "core/window.h"

namespace convscope {

std::optional<int64_t> padded_cell(int64_t place, int64_t in, PaddingMode mode) {
    if (place >= 0 && place < in) return place;
    switch (mode) {
        case PaddingMode::zeros: return {};
        case PaddingMode::reflect: return place < 0 ? -place : 2 * (in - 1) - place;
        case PaddingMode::replicate: return place < 0 ? 0 : in - 1;
        case PaddingMode::circular: return place < 0 ? place + in : place - in;
    }
    return {};
}

std::vector<int64_t> WindowAxis::terms_per_output() const {
    std::vector<int64_t> counts(static_cast<size_t>(out), kernel);
    if (!transposed) return counts;
    for (int64_t o = 0; o < out; ++o) {
        int64_t& count = counts[static_cast<size_t>(o)] = 0;
        for (int64_t k = 0; k < kernel; ++k) count += input_place(o, k).has_value();
    }
    return counts;
}

std::vector<int64_t> WindowAxis::reads_per_input(PaddingMode mode) const {
    std::vector<int64_t> counts(static_cast<size_t>(in), 0);
    for (int64_t o = 0; o < out; ++o)
        for (int64_t k = 0; k < kernel; ++k)
            if (auto place = input_place(o, k))
                if (auto cell = padded_cell(*place, in, mode)) ++counts[static_cast<size_t>(*cell)];
    return counts;
}

}  // namespace convscope
