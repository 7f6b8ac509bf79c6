// What conv2d and conv_transpose2d share: sums of terms, words for cards and formulas, channels and groups.
#pragma once

#include <string>
#include <vector>

#include "core/op.h"

namespace convscope {

/// Adds a·b to a sum.
void add_term(Explanation& sum, Term term);

/// grad_bias[c]: the bias is added to every output cell of its channel, so their gradients add up.
void explain_grad_bias(Shape output, Index cell, const Reader& read, Explanation& sum);

/// "3", or "(−3)" in a formula.
std::string bracketed(int64_t value);

/// One line where height and width agree in everything, else both. `both` is the height's line without the axis' words.
std::vector<SizeFormula> one_or_two(SizeFormula height, SizeFormula width, SizeFormula both,
                                    const WindowAxis& rows, const WindowAxis& columns);

/// "3×3 s2 p1"; "3→8, 7×7 p3" with channels, where stride 1 and padding 0 need no words.
class CardText {
  public:
    CardText(int64_t in_channels, int64_t out_channels, Pair kernel_size, Pair stride);
    void add_padding(Pair padding);
    void add_rest(Pair dilation, int64_t groups);
    void add(const std::string& word) { text_ += " " + word; }
    const std::string& text() const { return text_; }

  private:
    bool has_channels_;
    std::string text_;
};

/// in_channels becomes `channels`. A depthwise layer stays depthwise with as many kernels per channel; otherwise groups
/// becomes the largest number that still divides.
void fit_groups(int64_t& in_channels, int64_t& out_channels, int64_t& groups, int64_t channels);

}  // namespace convscope
