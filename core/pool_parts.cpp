#include "core/pool_parts.h"

#include <fmt/format.h>

#include "core/conv_parts.h"
#include "core/kernels/stream.h"

// Letters: n batch, c channel; (h, w) a cell; (r, s) a kernel cell.

namespace convscope {
namespace {

WindowAxis axis(const Pooling& pool, int64_t in, int64_t kernel, int64_t stride, int64_t padding,
                int64_t dilation) {
    WindowAxis a{.in = in,
                 .kernel = kernel,
                 .stride = stride,
                 .dilation = dilation,
                 .pad_before = padding,
                 .pad_after = padding};
    const int64_t round_up = pool.ceil_mode ? stride - 1 : 0;
    a.out = floor_div(in + 2 * padding - a.span() + round_up, stride) + 1;
    // PyTorch: the last window must start inside the input or the padding before it.
    if (pool.ceil_mode && (a.out - 1) * stride >= in + padding) --a.out;
    return a;
}

/// The last window was left out because it would start in the padding after the input.
bool is_shortened(const WindowAxis& a) {
    const int64_t padded = a.in + a.pad_before + a.pad_after;
    return a.out < -floor_div(a.span() - padded, a.stride) + 1;
}

SizeFormula formula(const Pooling& pool, const WindowAxis& a, const char* letter) {
    SizeFormula f;
    const char* const span = pool.has_dilation ? "d([kk] − 1) − 1" : "[kk]";
    f.numerator = fmt::format("[i{}] + 2p − {}", letter, span);
    f.numerator_total = fmt::format("[i{}] + p − {}", letter, span);
    f.denominator = "s";
    f.rest = "+ 1";
    const std::string span_numbers =
        pool.has_dilation
            ? fmt::format("{}·([k{}]−1) − 1", bracketed(a.dilation), bracketed(a.kernel))
            : fmt::format("[k{}]", bracketed(a.kernel));
    f.numerator_numbers =
        fmt::format("[i{}] + 2·{} − {}", a.in, bracketed(a.pad_before), span_numbers);
    f.numerator_numbers_total =
        fmt::format("[i{}] + {} − {}", a.in, bracketed(2 * a.pad_before), span_numbers);
    f.denominator_numbers = to_text(Value(a.stride));
    if (pool.ceil_mode) {
        f.ceil = true;
        if (is_shortened(a)) f.rest = "+ 1 − 1";
    }
    f.result = fmt::format("[o{}]", to_text(Value(a.out)));
    f.out = a.out;
    f.leftover = a.out >= 1 ? a.leftover() : 0;
    return f;
}

}  // namespace

WindowAxis Pooling::rows(Shape input) const {
    return axis(*this, input.h, kernel_size.h, stride.h, padding.h, dilation.h);
}

WindowAxis Pooling::columns(Shape input) const {
    return axis(*this, input.w, kernel_size.w, stride.w, padding.w, dilation.w);
}

Window Pooling::window(Shape input, double padding_value) const {
    return {.h = rows(input),
            .w = columns(input),
            .mode = PaddingMode::zeros,
            .padding_value = padding_value,
            .groups = input.c};
}

StageSpec pool_output(const Window& window, Shape input) {
    return {.name = "output",
            .shape = {input.n, input.c, window.h.out, window.w.out},
            .role = Role::output,
            .per_cell = window.h.kernel * window.w.kernel};
}

StageSpec pool_grad_input(const Window& window, Shape input) {
    return {.name = "grad_input",
            .shape = input,
            .role = Role::gradient,
            .backward = true,
            .rows = window.h.reads_per_input(window.mode),
            .columns = window.w.reads_per_input(window.mode)};
}

Term pool_term(const Window& window, Index output, int64_t r, int64_t s, const Reader& read) {
    const Index place{output.n, output.c, *window.h.input_place(output.h, r),
                      *window.w.input_place(output.w, s)};
    Term term;
    if (place.h >= 0 && place.h < window.h.in && place.w >= 0 && place.w < window.w.in) {
        term.a = {Source::input, 0, place};
        term.a_value = read(term.a);
    } else {
        term.a_value = window.padding_value;
        term.padding = place;
    }
    return term;
}

std::vector<Reading> readings_of(int64_t cell, const WindowAxis& axis) {
    std::vector<Reading> readings;
    for (int64_t k = axis.kernel - 1; k >= 0; --k)
        if (const auto output = axis.output_place(cell, k)) readings.push_back({*output, k});
    return readings;
}

std::pair<Index, Index> pool_reach(const Window& window, Index cell) {
    const auto [top, bottom] = outputs_reading(cell.h, window.h, window.mode);
    const auto [left, right] = outputs_reading(cell.w, window.w, window.mode);
    return {{cell.n, cell.c, top, left}, {cell.n, cell.c, bottom, right}};
}

std::vector<SizeFormula> pool_formula(const Pooling& pool, const std::optional<Pair>& stride,
                                      Shape input) {
    if (pool_range_trouble(pool, stride) || input_trouble(input)) return {};
    const WindowAxis rows = pool.rows(input), columns = pool.columns(input);
    const SizeFormula height = formula(pool, rows, "H");
    return one_or_two(height, formula(pool, columns, "W"), height, rows, columns);
}

std::string pool_card(const Pooling& pool) {
    std::string text = fmt::format("{} s{}", by(pool.kernel_size.h, pool.kernel_size.w),
                                   to_text(Value(pool.stride)));
    if (pool.padding != Pair{0, 0}) text += " p" + to_text(Value(pool.padding));
    if (pool.dilation != Pair{1, 1}) text += " d" + to_text(Value(pool.dilation));
    if (pool.ceil_mode) text += " ceil";
    return text;
}

std::pair<int64_t, int64_t> outputs_inside(const WindowAxis& axis, int64_t k) {
    const int64_t place = k * axis.dilation - axis.pad_before;  // of output 0
    return {std::max<int64_t>(0, -floor_div(place, axis.stride)),
            std::min(axis.out - 1, floor_div(axis.in - 1 - place, axis.stride))};
}

void collect_rows(const WindowAxis& axis, int64_t output, std::vector<int64_t>& rows) {
    rows.clear();
    for (int64_t r = 0; r < axis.kernel; ++r)
        if (const int64_t h = output * axis.stride - axis.pad_before + r * axis.dilation;
            h >= 0 && h < axis.in)
            rows.push_back(h);
}

bool run_each_band(const Progress& progress, Shape output, int64_t cells, int64_t least,
                   const std::function<void(int64_t plane, int64_t first, int64_t last)>& band) {
    constexpr int64_t kCells = int64_t(1) << 16;  // of a part: some ten microseconds
    const int64_t planes = output.n * output.c;
    const int64_t bands = std::clamp<int64_t>(std::max(cells, output.plane()) / kCells, 1,
                                              std::max<int64_t>(1, output.h / least));
    const int64_t together =
        std::clamp<int64_t>(kCells / std::max(cells, output.plane()), 1, planes);
    const auto some = [&](int64_t part) {
        const int64_t first = part / bands * together, which = part % bands;
        for (int64_t plane = first; plane < std::min(planes, first + together); ++plane)
            band(plane, which * output.h / bands, (which + 1) * output.h / bands);
        finish_stream();
    };
    return run_parts(progress, (planes + together - 1) / together * bands, some);
}

}  // namespace convscope
