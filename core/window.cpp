// Geometry of windowed layers, one axis at a time.
#include "core/window.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace convscope {
namespace {

/// The number that times `a` leaves 1 when divided by `m`; a and m have no common divisor.
int64_t inverse(int64_t a, int64_t m) {
    int64_t rest = m, value = a % m, x = 0, y = 1;  // value = y·a, rest = x·a (mod m)
    while (value > 1) {
        const int64_t quotient = rest / value;
        rest = std::exchange(value, rest % value);
        x = std::exchange(y, x - quotient * y);
    }
    return m == 1 ? 0 : (y % m + m) % m;
}

/// How many inputs each output of a transposed window hears, without trying every kernel cell: the kernel cells k with
/// place − k·d divisible by s are one residue class.
std::vector<int64_t> transposed_terms(const WindowAxis& axis) {
    const int64_t common = std::gcd(axis.dilation, axis.stride);
    const int64_t period = axis.stride / common;
    const int64_t step = inverse(axis.dilation / common, period);
    std::vector<int64_t> counts(static_cast<size_t>(axis.out), 0);
    for (int64_t o = 0; o < axis.out; ++o) {
        const int64_t place = o + axis.pad_before;  // on the stamped canvas
        if (place % common != 0) continue;
        const int64_t residue = place / common % period * step % period;
        const int64_t first =
            std::max<int64_t>(0, -floor_div((axis.in - 1) * axis.stride - place, axis.dilation));
        const int64_t last = std::min(axis.kernel - 1, floor_div(place, axis.dilation));
        if (last < first) continue;
        counts[static_cast<size_t>(o)] =
            floor_div(last - residue, period) - floor_div(first - 1 - residue, period);
    }
    return counts;
}

}  // namespace

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

std::vector<int64_t> places_of(int64_t cell, const WindowAxis& axis, PaddingMode mode) {
    std::vector<int64_t> places;
    for (int64_t place = -axis.pad_before; place < 0; ++place)
        if (padded_cell(place, axis.in, mode) == cell) places.push_back(place);
    places.push_back(cell);
    for (int64_t place = axis.in; place < axis.in + axis.pad_after; ++place)
        if (padded_cell(place, axis.in, mode) == cell) places.push_back(place);
    return places;
}

std::vector<int64_t> places_per_input(const WindowAxis& axis, PaddingMode mode) {
    std::vector<int64_t> counts(static_cast<size_t>(axis.in), 0);
    for (int64_t place = -axis.pad_before; place < axis.in + axis.pad_after; ++place)
        if (auto cell = padded_cell(place, axis.in, mode)) ++counts[static_cast<size_t>(*cell)];
    return counts;
}

std::pair<int64_t, int64_t> outputs_reading(int64_t cell, const WindowAxis& axis,
                                            PaddingMode mode) {
    if (axis.transposed) {
        const int64_t corner = cell * axis.stride - axis.pad_before;
        return {std::max<int64_t>(0, corner), std::min(axis.out - 1, corner + axis.span() - 1)};
    }
    const std::vector<int64_t> places = places_of(cell, axis, mode);
    const int64_t first = places.front() + axis.pad_before, last = places.back() + axis.pad_before;
    return {std::max<int64_t>(0, -floor_div(axis.span() - 1 - first, axis.stride)),
            std::min(axis.out - 1, floor_div(last, axis.stride))};
}

WindowAxis padded_gradient_axis(const WindowAxis& axis) {
    return {.in = axis.out,
            .out = axis.in + axis.pad_before + axis.pad_after,
            .kernel = axis.kernel,
            .stride = axis.stride,
            .dilation = axis.dilation,
            .pad_before = 0,
            .pad_after = 0,
            .transposed = true};
}

std::vector<int64_t> WindowAxis::terms_per_output() const {
    if (transposed) return transposed_terms(*this);
    return std::vector<int64_t>(static_cast<size_t>(out), kernel);
}

std::vector<int64_t> WindowAxis::reads_per_input(PaddingMode mode) const {
    std::vector<int64_t> counts(static_cast<size_t>(in), 0);
    if (transposed) {  // the kernel cells whose output place is 0…out−1
        for (int64_t i = 0; i < in; ++i) {
            const int64_t corner = i * stride - pad_before;
            const int64_t first = std::max<int64_t>(0, -floor_div(corner, dilation));
            const int64_t last = std::min(kernel - 1, floor_div(out - 1 - corner, dilation));
            counts[static_cast<size_t>(i)] = std::max<int64_t>(0, last - first + 1);
        }
        return counts;
    }
    // Reading is stamping backwards: count on the padded input, then follow every padding cell to the cell it copies.
    const std::vector<int64_t> padded = transposed_terms(padded_gradient_axis(*this));
    for (int64_t place = -pad_before; place < in + pad_after; ++place)
        if (auto cell = padded_cell(place, in, mode))
            counts[static_cast<size_t>(*cell)] += padded[static_cast<size_t>(place + pad_before)];
    return counts;
}

}  // namespace convscope
