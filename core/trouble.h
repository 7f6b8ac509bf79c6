// What is wrong with a layer's parameters and what would cure it: the checks and sentences that the windowed ops share.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/plan.h"

namespace convscope {

// Bounds that keep every size computation far inside 64 bits, and every loop and list finite. kMaxValues (document.h)
// bounds each tensor that a person gives.
inline constexpr int64_t kMaxSide = int64_t(1)
                                    << 20;  // rows, columns, kernel, stride, padding, dilation
inline constexpr int64_t kMaxChannels = int64_t(1) << 20;  // out_channels, groups
inline constexpr int64_t kMaxTerms = int64_t(1) << 20;     // products in one output cell
/// Values of a tensor that is computed: 64 maps of 3840×2160 are half of it. A Want's memory budget comes on top.
inline constexpr int64_t kMaxComputed = int64_t(1) << 30;

/// A change that may help. Only those that do help are offered as buttons (core/ops/cure.h).
struct Cure {
    Remedy remedy;
    std::string words;  // "kernel_size 6 or less"
};

/// A problem before its advice is written.
struct Trouble {
    std::string key = {};  // the parameter that caused it; empty: the input
    std::string sentence = {};
    std::vector<Cure> cures = {};
};

/// "Use kernel 6", with the words "kernel_size 6" and `more` (" or less").
Cure cure(std::string key, Value value, std::string_view more = "");
/// Cures with half of `value`, a quarter, … down to `low`: for something that is far too large.
std::vector<Cure> halvings(std::string key, const Value& value, int64_t low);

/// `wish`, made square when `was` is: the smaller or the larger of both for both.
Pair square_like(Pair was, Pair wish, bool take_smaller);
/// "7×5".
std::string by(int64_t h, int64_t w);
/// n·c·h·w of extents ≥ 0; stops at some number above kMaxComputed instead of overflowing.
int64_t bounded_count(Shape shape);

/// A value below `low` or above `high`.
std::optional<Trouble> range_trouble(std::string key, int64_t value, int64_t low, int64_t high);
std::optional<Trouble> range_trouble(std::string key, Pair value, int64_t low, int64_t high);
std::optional<Trouble> range_trouble(std::string key, const Padding& value, int64_t low,
                                     int64_t high);
/// An input that has no cells or too many.
std::optional<Trouble> input_trouble(Shape input);
/// Channels and groups that fit neither the input nor one another. Parameters of conv2d and conv_transpose2d alike.
std::optional<Trouble> channel_trouble(int64_t in_channels, int64_t out_channels, int64_t groups,
                                       int64_t input_channels);
/// A tensor with a side beyond kMaxSide or more than kMaxComputed values. `what` is "The output would be".
std::optional<Trouble> size_trouble(std::string_view what, Shape shape, std::string key,
                                    std::vector<Cure> cures);
/// As size_problem (document.h) for a tensor that is computed: up to kMaxComputed values.
std::optional<Problem> computed_size_problem(Shape shape, std::string_view what);
/// More than kMaxTerms products in one cell of the output or of a gradient: `channels` is the larger side of a group.
std::optional<Trouble> terms_trouble(int64_t channels, Pair kernel_size);

}  // namespace convscope
