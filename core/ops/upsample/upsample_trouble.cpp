// upsample: which settings cannot be, in sentences with their numbers, and what would cure them.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/ops/upsample/upsample.h"

namespace convscope {
namespace {

Value size_value(Pair size) { return std::optional(size); }
Value scale_value(Scale scale) { return std::optional(scale); }

/// Cures that were written for a pair, for the parameter that may be None.
std::vector<Cure> of_size(std::vector<Cure> cures) {
    for (Cure& way : cures) way.remedy.value = size_value(std::get<Pair>(way.remedy.value));
    return cures;
}

/// Smaller outputs, by whichever parameter tells their size.
std::vector<Cure> smaller(const Upsample& p) {
    if (p.size) return of_size(halvings("size", *p.size, 1));
    std::vector<Cure> cures;
    const auto halved = [](double factor) { return std::max(1.0, std::floor(factor / 2)); };
    for (Scale last = *p.scale_factor; last.h > 1 || last.w > 1;) {
        last = {std::min(last.h, halved(last.h)), std::min(last.w, halved(last.w))};
        // More fits no input, and 1e300 is halved a thousand times.
        if (std::max(last.h, last.w) > static_cast<double>(kMaxSide)) continue;
        cures.push_back(cure("scale_factor", scale_value(last), " or less"));
    }
    return cures;
}

/// PyTorch wants exactly one of the two.
std::optional<Trouble> one_trouble(const Upsample& p, Shape input) {
    if (p.size.has_value() != p.scale_factor.has_value()) return {};
    if (p.size)
        return Trouble{
            "size",
            fmt::format("size ({}) and scale_factor ({}) are both given; one of them "
                        "tells the size.",
                        to_text(Value(p.size)), to_text(Value(p.scale_factor))),
            {cure("size", std::optional<Pair>()), cure("scale_factor", std::optional<Scale>())}};
    return Trouble{"scale_factor",
                   "Neither size nor scale_factor is given; one of them tells the size.",
                   {cure("scale_factor", scale_value({2, 2})),
                    cure("size", size_value({2 * input.h, 2 * input.w}))}};
}

std::optional<Trouble> scale_trouble(const Upsample& p, Shape input) {
    const Scale scale = *p.scale_factor;
    const double low = std::min(scale.h, scale.w);
    if (!(low > 0) || !std::isfinite(scale.h + scale.w)) {
        Cure one = cure("scale_factor", scale_value({1, 1}));
        one.words = "scale_factor above 0";
        return Trouble{"scale_factor",
                       fmt::format("scale_factor cannot be {}.", to_text(Value(p.scale_factor))),
                       {one}};
    }
    const auto height = static_cast<double>(input.h), width = static_cast<double>(input.w);
    if (height * scale.h < 1 || width * scale.w < 1) {
        // The smallest with three decimals that leaves a cell.
        const auto least = [](double was, double in) {
            return was * in < 1 ? std::ceil(1000 / in) / 1000 : was;
        };
        Scale fits{least(scale.h, height), least(scale.w, width)};
        if (scale.h == scale.w) fits.h = fits.w = std::max(fits.h, fits.w);
        return Trouble{"scale_factor",
                       fmt::format("scale_factor {} leaves less than one cell of the input ({}).",
                                   to_text(Value(p.scale_factor)), by(input.h, input.w)),
                       {cure("scale_factor", scale_value(fits), " or more")}};
    }
    constexpr auto kMost = static_cast<double>(kMaxSide);
    if (height * scale.h < kMost + 1 && width * scale.w < kMost + 1) return {};
    Scale fits{std::min(scale.h, std::floor(kMost / height)),
               std::min(scale.w, std::floor(kMost / width))};
    if (scale.h == scale.w) fits.h = fits.w = std::min(fits.h, fits.w);
    Trouble trouble{"scale_factor",
                    fmt::format("scale_factor {} makes more than the {} rows or columns that "
                                "Convscope shows.",
                                to_text(Value(p.scale_factor)), kMaxSide),
                    smaller(p)};
    trouble.cures.insert(trouble.cures.begin(),
                         cure("scale_factor", scale_value(fits), " or less"));
    return trouble;
}

std::optional<Trouble> mode_trouble(const Upsample& p) {
    for (const auto& row : Upsample::fields())
        if (row.field.key == "mode" && std::ranges::count(row.field.choices, p.mode.name) == 0) {
            Cure nearest = cure("mode", Choice{"nearest"});
            nearest.words = "nearest or bilinear";
            return Trouble{"mode", fmt::format("mode '{}' is unknown.", p.mode.name), {nearest}};
        }
    if (!p.align_corners || p.mode.name != "nearest") return {};
    return Trouble{"align_corners",
                   "align_corners needs mode bilinear, but mode is nearest.",
                   {cure("align_corners", false), cure("mode", Choice{"bilinear"})}};
}

std::optional<Trouble> sizes_trouble(const Upsample& p, Shape input) {
    const ResizeAxis rows = p.rows(input), columns = p.columns(input);
    const std::string key = p.size ? "size" : "scale_factor";
    if (auto t = size_trouble("The output would be", {input.n, input.c, rows.out, columns.out}, key,
                              smaller(p)))
        return t;
    // More than any cell has, and only where that is too many the true count.
    const auto roughly = [](const ResizeAxis& axis) {
        return axis.taps() * (axis.out / std::max<int64_t>(1, axis.in - 1) + 4);
    };
    if (bounded_count({1, 1, roughly(rows), roughly(columns)}) <= kMaxTerms) return {};
    const int64_t down = std::ranges::max(rows.taps_per_input());
    const int64_t across = std::ranges::max(columns.taps_per_input());
    if (bounded_count({1, 1, down, across}) <= kMaxTerms) return {};
    return Trouble{key,
                   fmt::format("One input cell would be read {} times; Convscope sums {} products "
                               "at most.",
                               by(down, across), kMaxTerms),
                   smaller(p)};
}

}  // namespace

std::optional<Trouble> Upsample::find_trouble(const Upsample& p, Shape input) {
    if (auto t = input_trouble(input)) return t;
    if (auto t = one_trouble(p, input)) return t;
    if (p.size) {
        if (auto t = range_trouble("size", *p.size, 1, kMaxSide)) {
            t->cures = of_size(std::move(t->cures));
            return t;
        }
    } else if (auto t = scale_trouble(p, input)) {
        return t;
    }
    if (auto t = mode_trouble(p)) return t;
    return sizes_trouble(p, input);
}

}  // namespace convscope
