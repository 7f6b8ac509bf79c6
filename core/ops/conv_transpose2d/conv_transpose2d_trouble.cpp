// conv_transpose2d: which settings cannot be, in sentences with their numbers, and what would cure them.
#include <algorithm>

#include <fmt/format.h>

#include "core/ops/conv_transpose2d/conv_transpose2d.h"

namespace convscope {
namespace {

std::optional<Trouble> range_trouble_of(const ConvTranspose2d& p) {
    if (auto t = range_trouble("kernel_size", p.kernel_size, 1, kMaxSide)) return t;
    if (auto t = range_trouble("stride", p.stride, 1, kMaxSide)) return t;
    if (auto t = range_trouble("padding", p.padding, 0, kMaxSide)) return t;
    if (auto t = range_trouble("output_padding", p.output_padding, 0, kMaxSide)) return t;
    return range_trouble("dilation", p.dilation, 1, kMaxSide);
}

std::optional<Trouble> output_padding_trouble(const ConvTranspose2d& p) {
    const Pair limit{std::max(p.stride.h, p.dilation.h), std::max(p.stride.w, p.dilation.w)};
    const Pair now = p.output_padding;
    if (now.h < limit.h && now.w < limit.w) return {};
    const Pair fits =
        square_like(now, {std::min(now.h, limit.h - 1), std::min(now.w, limit.w - 1)}, true);
    const Pair wider = square_like(
        p.stride,
        {now.h < limit.h ? p.stride.h : now.h + 1, now.w < limit.w ? p.stride.w : now.w + 1},
        false);
    return Trouble{
        "output_padding",
        fmt::format("output_padding ({}) must be smaller than stride ({}) or dilation ({}).",
                    to_text(Value(now)), to_text(Value(p.stride)), to_text(Value(p.dilation))),
        {cure("output_padding", fits, fits == Pair{0, 0} ? "" : " or less"),
         cure("stride", wider, " or more")}};
}

/// Largest padding and smallest kernel with which something is left on one axis.
struct Fit {
    int64_t padding, kernel;
};

Fit fit(const WindowAxis& axis, int64_t output_padding) {
    const int64_t stamps = (axis.in - 1) * axis.stride + axis.span();
    const int64_t missing = std::max<int64_t>(0, 1 - axis.out);
    return {std::min(axis.pad_before, (stamps + output_padding - 1) / 2),
            axis.kernel + (missing + axis.dilation - 1) / axis.dilation};
}

std::optional<Trouble> crop_trouble(const ConvTranspose2d& p, const WindowAxis& rows,
                                    const WindowAxis& columns) {
    if (rows.out >= 1 && columns.out >= 1) return {};
    const Fit h = fit(rows, p.output_padding.h), w = fit(columns, p.output_padding.w);
    const Pair less = square_like(p.padding, {h.padding, w.padding}, true);
    const Pair larger = square_like(p.kernel_size, {h.kernel, w.kernel}, false);
    const int64_t stamped_rows = (rows.in - 1) * rows.stride + rows.span();
    const int64_t stamped_columns = (columns.in - 1) * columns.stride + columns.span();
    return Trouble{"padding",
                   fmt::format("padding {} crops away all {} cells that the stamps cover.",
                               to_text(Value(p.padding)), by(stamped_rows, stamped_columns)),
                   {cure("padding", less, less == Pair{0, 0} ? "" : " or less"),
                    cure("kernel_size", larger, " or more")}};
}

std::optional<Trouble> sizes_trouble(const ConvTranspose2d& p, Shape input, const WindowAxis& rows,
                                     const WindowAxis& columns) {
    if (auto t = terms_trouble(std::max(p.in_channels, p.out_channels) / p.groups, p.kernel_size))
        return t;
    const std::vector<Cure> fewer = halvings("out_channels", p.out_channels, 1);
    const Shape weight{p.in_channels, p.out_channels / p.groups, p.kernel_size.h, p.kernel_size.w};
    if (auto t = size_trouble("The weight would be", weight, "out_channels", fewer)) return t;
    std::vector<Cure> cures = halvings("stride", p.stride, 1);
    for (const char* key : {"dilation", "kernel_size"}) {
        const Pair value = std::string_view(key) == "dilation" ? p.dilation : p.kernel_size;
        const std::vector<Cure> more = halvings(key, value, 1);
        cures.insert(cures.end(), more.begin(), more.end());
    }
    cures.insert(cures.end(), fewer.begin(), fewer.end());
    const Shape stamped{input.n, p.out_channels, rows.stamped(), columns.stamped()};
    return size_trouble("The stamped sums would be", stamped, "stride", cures);
}

}  // namespace

bool ConvTranspose2d::has_sane_sizes(Shape input) const {
    return !range_trouble_of(*this) && input.h >= 1 && input.w >= 1 &&
           std::max(input.h, input.w) <= kMaxSide;
}

std::optional<Trouble> ConvTranspose2d::find_trouble(const ConvTranspose2d& p, Shape input) {
    if (auto t = input_trouble(input)) return t;
    if (auto t = channel_trouble(p.in_channels, p.out_channels, p.groups, input.c)) return t;
    if (auto t = range_trouble_of(p)) return t;
    if (auto t = output_padding_trouble(p)) return t;
    const WindowAxis rows = p.rows(input), columns = p.columns(input);
    if (auto t = crop_trouble(p, rows, columns)) return t;
    return sizes_trouble(p, input, rows, columns);
}

}  // namespace convscope
