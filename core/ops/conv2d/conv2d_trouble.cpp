// conv2d: which settings cannot be, in sentences with their numbers, and what would cure them.
#include <algorithm>

#include <fmt/format.h>

#include "core/ops/conv2d/conv2d.h"

namespace convscope {
namespace {

Padding pair_padding(Pair pair) { return {Padding::Kind::pair, pair}; }

int64_t padded(const WindowAxis& axis) { return axis.in + axis.pad_before + axis.pad_after; }

/// Sizes of the window, each for itself.
std::optional<Trouble> range_trouble_of(const Conv2d& p) {
    if (auto t = range_trouble("kernel_size", p.kernel_size, 1, kMaxSide)) return t;
    if (auto t = range_trouble("stride", p.stride, 1, kMaxSide)) return t;
    if (auto t = range_trouble("padding", p.padding, 0, kMaxSide)) return t;
    return range_trouble("dilation", p.dilation, 1, kMaxSide);
}

std::optional<Trouble> mode_name_trouble(const Conv2d& p) {
    for (const auto& row : Conv2d::fields())
        if (row.field.key == "padding_mode" &&
            std::ranges::count(row.field.choices, p.padding_mode.name) == 0) {
            Cure zeros = cure("padding_mode", Choice{"zeros"});
            zeros.words = "zeros, reflect, replicate or circular";
            return Trouble{"padding_mode",
                           fmt::format("padding_mode '{}' is unknown.", p.padding_mode.name),
                           {zeros}};
        }
    return {};
}

/// 'same' is only defined for windows that move one cell.
std::optional<Trouble> same_trouble(const Conv2d& p) {
    if (p.padding.kind != Padding::Kind::same || p.stride == Pair{1, 1}) return {};
    const Pair half{p.dilation.h * (p.kernel_size.h - 1) / 2,
                    p.dilation.w * (p.kernel_size.w - 1) / 2};
    return Trouble{
        "stride",
        fmt::format("padding 'same' needs stride 1, but stride is {}.", to_text(Value(p.stride))),
        {cure("stride", Pair{1, 1}), cure("padding", pair_padding(half))}};
}

/// A mirror or the opposite side has only so many cells to copy.
std::optional<Trouble> copies_trouble(const Conv2d& p, const WindowAxis& rows,
                                      const WindowAxis& columns) {
    const bool is_reflect = p.mode() == PaddingMode::reflect;
    if (!is_reflect && p.mode() != PaddingMode::circular) return {};
    const Pair most{rows.in - is_reflect, columns.in - is_reflect};
    const Pair now{std::max(rows.pad_before, rows.pad_after),
                   std::max(columns.pad_before, columns.pad_after)};
    if (now.h <= most.h && now.w <= most.w) return {};
    Trouble trouble{.key = "padding"};
    trouble.sentence = fmt::format("{} padding ({}) {} the input ({}).",
                                   is_reflect ? "Reflect" : "Circular", to_text(Value(now)),
                                   is_reflect ? "must be smaller than" : "must not be larger than",
                                   by(rows.in, columns.in));
    if (p.padding.kind == Padding::Kind::pair) {
        const Pair wish{std::min(now.h, most.h), std::min(now.w, most.w)};
        const Pair fits = square_like(p.padding.pair, wish, true);
        trouble.cures.push_back(
            cure("padding", pair_padding(fits), fits == Pair{0, 0} ? "" : " or less"));
    }
    trouble.cures.push_back(cure("padding_mode", Choice{"zeros"}));
    trouble.cures.back().remedy.label = "Use zeros";
    return trouble;
}

/// Largest kernel, smallest padding and largest dilation with which the kernel fits on one axis; 0: none does.
struct Fit {
    int64_t kernel, padding, dilation;
};

Fit fit(const WindowAxis& axis) {
    const int64_t room = padded(axis) - 1;
    return {std::min(axis.kernel, room / axis.dilation + 1),
            std::max(axis.pad_before, (axis.span() - axis.in + 1) / 2),
            axis.kernel == 1 ? axis.dilation : std::min(axis.dilation, room / (axis.kernel - 1))};
}

std::optional<Trouble> kernel_trouble(const Conv2d& p, const WindowAxis& rows,
                                      const WindowAxis& columns) {
    if (rows.out >= 1 && columns.out >= 1) return {};
    const bool is_padded = padded(rows) != rows.in || padded(columns) != columns.in;
    const bool is_dilated = p.dilation != Pair{1, 1};
    std::string kernel = by(p.kernel_size.h, p.kernel_size.w);
    if (is_dilated)
        kernel += fmt::format(", {} with dilation {}", by(rows.span(), columns.span()),
                              to_text(Value(p.dilation)));
    Trouble trouble{.key = "kernel_size"};
    trouble.sentence = fmt::format("The kernel ({}) is larger than the {}input ({}).", kernel,
                                   is_padded ? "padded " : "", by(padded(rows), padded(columns)));
    const Fit h = fit(rows), w = fit(columns);
    const Cure smaller_kernel =
        cure("kernel_size", square_like(p.kernel_size, {h.kernel, w.kernel}, true), " or less");
    const Cure more_padding =
        cure("padding", pair_padding(square_like(p.padding.pair, {h.padding, w.padding}, false)),
             " or more");
    if (!is_dilated) {
        trouble.cures = {smaller_kernel, more_padding};
    } else {
        if (h.dilation >= 1 && w.dilation >= 1) {
            const Pair closer = square_like(p.dilation, {h.dilation, w.dilation}, true);
            trouble.cures.push_back(
                cure("dilation", closer, closer == Pair{1, 1} ? "" : " or less"));
        }
        trouble.cures.insert(trouble.cures.end(), {more_padding, smaller_kernel});
    }
    return trouble;
}

std::optional<Trouble> sizes_trouble(const Conv2d& p, Shape input, const WindowAxis& rows,
                                     const WindowAxis& columns) {
    const Shape padded_input{input.n, input.c, padded(rows), padded(columns)};
    if (auto t = size_trouble("The padded input would be", padded_input, "padding",
                              halvings("padding", p.padding, 0)))
        return t;
    const int64_t in_per_group = p.in_channels / p.groups;
    if (auto t = terms_trouble(std::max(p.in_channels, p.out_channels) / p.groups, p.kernel_size))
        return t;
    const std::vector<Cure> fewer = halvings("out_channels", p.out_channels, 1);
    const Shape weight{p.out_channels, in_per_group, p.kernel_size.h, p.kernel_size.w};
    if (auto t = size_trouble("The weight would be", weight, "out_channels", fewer)) return t;
    const Shape output{input.n, p.out_channels, rows.out, columns.out};
    return size_trouble("The output would be", output, "out_channels", fewer);
}

}  // namespace

bool Conv2d::has_sane_sizes(Shape input) const {
    return !range_trouble_of(*this) && input.h >= 1 && input.w >= 1 &&
           std::max(input.h, input.w) <= kMaxSide;
}

std::optional<Trouble> Conv2d::find_trouble(const Conv2d& p, Shape input) {
    if (auto t = input_trouble(input)) return t;
    if (auto t = channel_trouble(p.in_channels, p.out_channels, p.groups, input.c)) return t;
    if (auto t = range_trouble_of(p)) return t;
    if (auto t = mode_name_trouble(p)) return t;
    if (auto t = same_trouble(p)) return t;
    const WindowAxis rows = p.rows(input), columns = p.columns(input);
    if (auto t = copies_trouble(p, rows, columns)) return t;
    if (auto t = kernel_trouble(p, rows, columns)) return t;
    return sizes_trouble(p, input, rows, columns);
}

}  // namespace convscope
