#include "core/trouble.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "core/document.h"
#include "core/number_text.h"

namespace convscope {
namespace {

constexpr int64_t kTooMany = kMaxComputed + 1;

std::string cells(int64_t count, std::string_view one, std::string_view many) {
    return fmt::format("{} {}", count, count == 1 ? one : many);
}

std::optional<Trouble> range(std::string key, const Value& value, const Value& clamped, int64_t low,
                             bool is_low) {
    if (value == clamped) return {};
    Trouble trouble{.key = key};
    if (is_low) {
        trouble.sentence = fmt::format("{} cannot be {}.", key, to_text(value));
        trouble.cures = {cure(key, clamped)};
        trouble.cures[0].words = fmt::format("{} {} or more", key, low);
    } else {
        trouble.sentence =
            fmt::format("{} {} is larger than Convscope can show.", key, to_text(value));
        trouble.cures = {cure(key, clamped, " or less")};
    }
    return trouble;
}

Pair clamp(Pair pair, int64_t low, int64_t high) {
    return {std::clamp(pair.h, low, high), std::clamp(pair.w, low, high)};
}

int64_t halved(int64_t value, int64_t low) { return std::max(low, value / 2); }

Value halved(const Value& value, int64_t low) {
    if (const auto* number = std::get_if<int64_t>(&value)) return halved(*number, low);
    if (const auto* pair = std::get_if<Pair>(&value))
        return Pair{halved(pair->h, low), halved(pair->w, low)};
    if (const auto* padding = std::get_if<Padding>(&value))
        return Padding{Padding::Kind::pair,
                       {halved(padding->pair.h, low), halved(padding->pair.w, low)}};
    return value;
}

/// Largest number up to `most` that divides both.
int64_t common_divisor(int64_t a, int64_t b, int64_t most) {
    const int64_t both = std::gcd(a, b);
    for (int64_t divisor = std::min(both, most); divisor > 1; --divisor)
        if (both % divisor == 0) return divisor;
    return 1;
}

}  // namespace

Cure cure(std::string key, Value value, std::string_view more) {
    const std::string text = to_text(value);
    const std::string name = key.ends_with("_size") ? key.substr(0, key.size() - 5) : key;
    std::string words = fmt::format("{} {}{}", key, text, more);
    return {Remedy{fmt::format("Use {} {}", name, text), std::move(key), std::move(value)},
            std::move(words)};
}

std::vector<Cure> halvings(std::string key, const Value& value, int64_t low) {
    std::vector<Cure> cures;
    for (Value next = halved(value, low), last = value; next != last; next = halved(next, low)) {
        cures.push_back(cure(key, next, " or less"));
        last = next;
    }
    return cures;
}

Pair square_like(Pair was, Pair wish, bool take_smaller) {
    if (was.h != was.w) return wish;
    const int64_t both = take_smaller ? std::min(wish.h, wish.w) : std::max(wish.h, wish.w);
    return {both, both};
}

std::string by(int64_t h, int64_t w) {
    return fmt::format("{}×{}", to_text(Value(h)), to_text(Value(w)));
}

int64_t bounded_count(Shape shape) {
    int64_t count = 1;
    for (int64_t extent : {shape.n, shape.c, shape.h, shape.w}) {
        if (extent != 0 && count > kMaxComputed / extent)
            count = kTooMany;
        else
            count *= extent;
        if (count == 0) return 0;
    }
    return count;
}

std::optional<Trouble> range_trouble(std::string key, int64_t value, int64_t low, int64_t high) {
    return range(std::move(key), value, std::clamp(value, low, high), low, value < low);
}

std::optional<Trouble> range_trouble(std::string key, Pair value, int64_t low, int64_t high) {
    const bool is_low = std::min(value.h, value.w) < low;
    return range(std::move(key), value, clamp(value, low, high), low, is_low);
}

std::optional<Trouble> range_trouble(std::string key, const Padding& value, int64_t low,
                                     int64_t high) {
    if (value.kind != Padding::Kind::pair) return {};
    const bool is_low = std::min(value.pair.h, value.pair.w) < low;
    return range(std::move(key), value, Padding{value.kind, clamp(value.pair, low, high)}, low,
                 is_low);
}

std::optional<Trouble> channel_trouble(int64_t in_channels, int64_t out_channels, int64_t groups,
                                       int64_t input_channels) {
    if (in_channels != input_channels)
        return Trouble{
            "in_channels",
            fmt::format("in_channels is {}, but the input has {}.", to_text(Value(in_channels)),
                        cells(input_channels, "channel", "channels")),
            {cure("in_channels", input_channels)}};
    if (auto t = range_trouble("out_channels", out_channels, 1, kMaxChannels)) return t;
    if (auto t = range_trouble("groups", groups, 1, kMaxChannels)) return t;
    const bool divides_in = in_channels % groups == 0, divides_out = out_channels % groups == 0;
    if (divides_in && divides_out) return {};
    Trouble trouble{.key = "groups"};
    trouble.sentence =
        divides_in ? fmt::format("groups {} does not divide out_channels {}.", groups, out_channels)
        : divides_out
            ? fmt::format("groups {} does not divide in_channels {}.", groups, in_channels)
            : fmt::format("groups {} divides neither in_channels {} nor out_channels {}.", groups,
                          in_channels, out_channels);
    trouble.cures = {cure("groups", common_divisor(in_channels, out_channels, groups))};
    if (divides_in)
        trouble.cures.push_back(cure("out_channels", (out_channels / groups + 1) * groups));
    return trouble;
}

std::optional<Trouble> input_trouble(Shape input) {
    const std::pair<int64_t, std::string_view> extents[] = {
        {input.n, "batches"}, {input.c, "channels"}, {input.h, "rows"}, {input.w, "columns"}};
    for (const auto& [extent, name] : extents)
        if (extent < 1)
            return Trouble{"",
                           fmt::format("The input has {} {}; it needs at least one.",
                                       to_text(Value(extent)), name),
                           {}};
    return size_trouble("The input is", input, "", {});
}

std::optional<Trouble> size_trouble(std::string_view what, Shape shape, std::string key,
                                    std::vector<Cure> cures) {
    Trouble trouble{std::move(key), "", std::move(cures)};
    const int64_t side = std::max(shape.h, shape.w);
    if (side > kMaxSide) {
        trouble.sentence = fmt::format("{} {} cells {}; Convscope shows {} at most.", what, side,
                                       shape.h > shape.w ? "high" : "wide", kMaxSide);
        return trouble;
    }
    if (bounded_count(shape) <= kMaxComputed) return {};
    trouble.sentence = fmt::format("{} {}; Convscope computes {} values at most.", what,
                                   to_string(shape), grouped_text(kMaxComputed));
    return trouble;
}

std::optional<Problem> computed_size_problem(Shape shape, std::string_view what) {
    if (std::min({shape.n, shape.c, shape.h, shape.w}) < 1) return size_problem(shape, what);
    if (bounded_count(shape) <= kMaxComputed) return {};
    return Problem{fmt::format("{} of {} is too large.", what, to_string(shape)),
                   fmt::format("One tensor may hold up to {} values.", grouped_text(kMaxComputed)),
                   "",
                   {}};
}

std::optional<Trouble> terms_trouble(int64_t channels, Pair kernel_size) {
    if (bounded_count({1, channels, kernel_size.h, kernel_size.w}) <= kMaxTerms) return {};
    return Trouble{"kernel_size",
                   fmt::format("One cell would sum {}×{} products; Convscope sums {} at most.",
                               channels, by(kernel_size.h, kernel_size.w), kMaxTerms),
                   halvings("kernel_size", kernel_size, 1)};
}

}  // namespace convscope
