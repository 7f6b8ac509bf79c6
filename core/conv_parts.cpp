#include "core/conv_parts.h"

#include <numeric>

#include <fmt/format.h>

namespace convscope {

void add_term(Explanation& sum, Term term) {
    term.product = term.a_value * term.b_value;
    sum.value += term.product;
    sum.terms.push_back(term);
}

void explain_grad_bias(Shape output, Index cell, const Reader& read, Explanation& sum) {
    for (int64_t n = 0; n < output.n; ++n)
        for (int64_t h = 0; h < output.h; ++h)
            for (int64_t w = 0; w < output.w; ++w) {
                Term term;
                term.a = {Source::grad_output, 0, {n, cell.c, h, w}};
                term.a_value = read(term.a);
                add_term(sum, term);
            }
}

std::string bracketed(int64_t value) {
    const std::string text = to_text(Value(value));
    return value < 0 ? "(" + text + ")" : text;
}

std::vector<SizeFormula> one_or_two(SizeFormula height, SizeFormula width, SizeFormula both,
                                    const WindowAxis& rows, const WindowAxis& columns) {
    if (rows == columns) {
        both.axis = "height = width";
        return {std::move(both)};
    }
    height.axis = "height";
    width.axis = "width";
    return {std::move(height), std::move(width)};
}

CardText::CardText(int64_t in_channels, int64_t out_channels, Pair kernel_size, Pair stride)
    : has_channels_(in_channels != 1 || out_channels != 1) {
    if (has_channels_)
        text_ = fmt::format("{}→{}, ", to_text(Value(in_channels)), to_text(Value(out_channels)));
    text_ += fmt::format("{}×{}", to_text(Value(kernel_size.h)), to_text(Value(kernel_size.w)));
    if (!has_channels_ || stride != Pair{1, 1}) add("s" + to_text(Value(stride)));
}

void CardText::add_padding(Pair padding) {
    if (!has_channels_ || padding != Pair{0, 0}) add("p" + to_text(Value(padding)));
}

void CardText::add_rest(Pair dilation, int64_t groups) {
    if (dilation != Pair{1, 1}) add("d" + to_text(Value(dilation)));
    if (groups != 1) add("g" + to_text(Value(groups)));
}

void fit_groups(int64_t& in_channels, int64_t& out_channels, int64_t& groups, int64_t channels) {
    const bool is_depthwise = groups == in_channels && groups > 1 && out_channels % groups == 0;
    in_channels = channels;
    if (groups < 1 || channels < 1) return;
    if (is_depthwise) {
        const int64_t kernels_per_channel = out_channels / groups;
        if (channels > INT64_MAX / std::max<int64_t>(1, kernels_per_channel)) return;
        groups = channels;
        out_channels = kernels_per_channel * channels;
    } else if (channels % groups != 0) {
        groups = std::gcd(groups, channels);
    }
}

}  // namespace convscope
