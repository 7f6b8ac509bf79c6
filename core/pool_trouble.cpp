// Pools: which settings cannot be, in sentences with their numbers, and what would cure them.
#include <algorithm>

#include <fmt/format.h>

#include "core/pool_parts.h"

namespace convscope {
namespace {

int64_t padded(const WindowAxis& axis) { return axis.in + axis.pad_before + axis.pad_after; }

/// PyTorch's bound: a window in the padding alone would have nothing to pool.
std::optional<Trouble> half_trouble(const Pooling& pool) {
    const Pair half{pool.kernel_size.h / 2, pool.kernel_size.w / 2};
    if (pool.padding.h <= half.h && pool.padding.w <= half.w) return {};
    const Pair less{std::min(pool.padding.h, half.h), std::min(pool.padding.w, half.w)};
    const Pair more{std::max(pool.kernel_size.h, 2 * pool.padding.h),
                    std::max(pool.kernel_size.w, 2 * pool.padding.w)};
    const Pair fits = square_like(pool.padding, less, true);
    return Trouble{
        "padding",
        fmt::format("padding ({}) is more than half the kernel ({}).", to_text(Value(pool.padding)),
                    by(pool.kernel_size.h, pool.kernel_size.w)),
        {cure("padding", fits, fits == Pair{0, 0} ? "" : " or less"),
         cure("kernel_size", square_like(pool.kernel_size, more, false), " or more")}};
}

/// Largest kernel, smallest padding and largest dilation with which a window fits on one axis; 0: none does. A window may
/// hang over by `slack`.
struct Fit {
    int64_t kernel, padding, dilation;
};

Fit fit(const WindowAxis& axis, int64_t slack) {
    const int64_t room = padded(axis) + slack - 1;
    return {std::min(axis.kernel, room / axis.dilation + 1),
            std::max(axis.pad_before, (axis.span() - slack - axis.in + 1) / 2),
            axis.kernel == 1 ? axis.dilation : std::min(axis.dilation, room / (axis.kernel - 1))};
}

std::optional<Trouble> kernel_trouble(const Pooling& pool, const std::optional<Pair>& stride,
                                      const WindowAxis& rows, const WindowAxis& columns) {
    if (rows.out >= 1 && columns.out >= 1) return {};
    const bool is_padded = pool.padding != Pair{0, 0}, is_dilated = pool.dilation != Pair{1, 1};
    std::string kernel = by(pool.kernel_size.h, pool.kernel_size.w);
    if (is_dilated)
        kernel += fmt::format(", {} with dilation {}", by(rows.span(), columns.span()),
                              to_text(Value(pool.dilation)));
    Trouble trouble{.key = "kernel_size"};
    trouble.sentence = fmt::format(
        "The kernel ({}) is larger than the {}input ({}){}.", kernel, is_padded ? "padded " : "",
        by(padded(rows), padded(columns)),
        pool.ceil_mode ? fmt::format(" by stride {} or more", to_text(Value(pool.stride))) : "");
    // A stride of None changes with the kernel: then nothing is counted on it.
    const bool has_slack = pool.ceil_mode && stride;
    const Fit h = fit(rows, has_slack ? rows.stride - 1 : 0),
              w = fit(columns, has_slack ? columns.stride - 1 : 0);
    if (is_dilated && h.dilation >= 1 && w.dilation >= 1) {
        const Pair closer = square_like(pool.dilation, {h.dilation, w.dilation}, true);
        trouble.cures.push_back(cure("dilation", closer, closer == Pair{1, 1} ? "" : " or less"));
    }
    trouble.cures.push_back(
        cure("kernel_size", square_like(pool.kernel_size, {h.kernel, w.kernel}, true), " or less"));
    trouble.cures.push_back(
        cure("padding", square_like(pool.padding, {h.padding, w.padding}, false), " or more"));
    if (!pool.ceil_mode) trouble.cures.push_back(cure("ceil_mode", true));
    return trouble;
}

std::optional<Trouble> sizes_trouble(const Pooling& pool, Shape input, const WindowAxis& rows,
                                     const WindowAxis& columns) {
    if (bounded_count({1, 1, rows.kernel, columns.kernel}) > kMaxTerms)
        return Trouble{"kernel_size",
                       fmt::format("One window would hold {} cells; Convscope shows {} at most.",
                                   by(rows.kernel, columns.kernel), kMaxTerms),
                       halvings("kernel_size", pool.kernel_size, 1)};
    const Shape padded_input{input.n, input.c, padded(rows), padded(columns)};
    return size_trouble("The padded input would be", padded_input, "padding",
                        halvings("padding", pool.padding, 0));
}

}  // namespace

std::optional<Trouble> pool_range_trouble(const Pooling& pool, const std::optional<Pair>& stride) {
    if (auto t = range_trouble("kernel_size", pool.kernel_size, 1, kMaxSide)) return t;
    if (stride)
        if (auto t = range_trouble("stride", *stride, 1, kMaxSide)) {
            for (Cure& way : t->cures)  // the parameter's own alternative
                way.remedy.value = std::optional(std::get<Pair>(way.remedy.value));
            return t;
        }
    if (auto t = range_trouble("padding", pool.padding, 0, kMaxSide)) return t;
    return range_trouble("dilation", pool.dilation, 1, kMaxSide);
}

std::optional<Trouble> pool_trouble(const Pooling& pool, const std::optional<Pair>& stride,
                                    Shape input) {
    if (auto t = input_trouble(input)) return t;
    if (auto t = pool_range_trouble(pool, stride)) return t;
    if (auto t = half_trouble(pool)) return t;
    const WindowAxis rows = pool.rows(input), columns = pool.columns(input);
    if (auto t = kernel_trouble(pool, stride, rows, columns)) return t;
    return sizes_trouble(pool, input, rows, columns);
}

}  // namespace convscope
