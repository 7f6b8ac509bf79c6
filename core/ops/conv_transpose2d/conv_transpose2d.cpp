// conv_transpose2d: parameters, shapes, and the definition of every stage. What cannot be is in
// conv_transpose2d_trouble.cpp.
#include "core/ops/conv_transpose2d/conv_transpose2d.h"

#include <fmt/format.h>

#include "core/conv_parts.h"
#include "core/ops/cure.h"

// Letters: n batch, c input channel, o output channel; (h, w) a cell; (r, s) a kernel cell.

namespace convscope {
namespace {

constexpr int kWeight = 0, kBias = 1;

WindowAxis axis(int64_t in, int64_t kernel, int64_t stride, int64_t padding, int64_t output_padding,
                int64_t dilation) {
    WindowAxis a{.in = in,
                 .kernel = kernel,
                 .stride = stride,
                 .dilation = dilation,
                 .pad_before = padding,
                 .transposed = true};
    a.out = (in - 1) * stride + a.span() - 2 * padding + output_padding;
    a.pad_after = a.stamped() - padding - a.out;
    return a;
}

/// The stamped canvas: the same window before anything is cropped.
WindowAxis canvas(WindowAxis a) {
    a.out = a.stamped();
    a.pad_before = a.pad_after = 0;
    return a;
}

/// All products that land on an output cell: by input channel, input row, input column.
void explain_sum(const WindowAxis& rows, const WindowAxis& columns, const Window& window,
                 Index cell, const Reader& read, Explanation& e) {
    const int64_t group = cell.c / window.out_per_group;
    for (int64_t c = group * window.in_per_group; c < (group + 1) * window.in_per_group; ++c)
        for (int64_t r = window.h.kernel - 1; r >= 0; --r) {
            const auto h = rows.input_place(cell.h, r);
            if (!h) continue;
            for (int64_t s = window.w.kernel - 1; s >= 0; --s) {
                const auto w = columns.input_place(cell.w, s);
                if (!w) continue;
                Term term;
                term.a = {Source::input, 0, {cell.n, c, *h, *w}};
                term.a_value = read(term.a);
                term.b = {Source::weight, kWeight, {c, cell.c % window.out_per_group, r, s}};
                term.b_value = read(term.b);
                add_term(e, term);
            }
        }
}

void explain_output(const Window& window, Index cell, bool has_bias, const Reader& read,
                    Explanation& e) {
    explain_sum(window.h, window.w, window, cell, read, e);
    if (has_bias) {
        Term term;
        term.a = {Source::weight, kBias, {0, cell.c, 0, 0}};
        term.a_value = read(term.a);
        add_term(e, term);
    }
}

/// grad_output where a stamp's product landed. Products that were cropped off got no gradient: a zero of the padding
/// around grad_output.
Term landed(const Window& window, Index place, const Reader& read) {
    Term term;
    if (place.h < 0 || place.h >= window.h.out || place.w < 0 || place.w >= window.w.out) {
        term.padding = place;
    } else {
        term.a = {Source::grad_output, 0, place};
        term.a_value = read(term.a);
    }
    return term;
}

/// An ordinary convolution of grad_output, with the same weights, stride and padding.
void explain_grad_input(const Window& window, Index cell, const Reader& read, Explanation& e) {
    const int64_t first_channel = cell.c / window.in_per_group * window.out_per_group;
    for (int64_t o = 0; o < window.out_per_group; ++o)
        for (int64_t r = 0; r < window.h.kernel; ++r)
            for (int64_t s = 0; s < window.w.kernel; ++s) {
                Term term = landed(window,
                                   {cell.n, first_channel + o, *window.h.output_place(cell.h, r),
                                    *window.w.output_place(cell.w, s)},
                                   read);
                term.b = {Source::weight, kWeight, {cell.c, o, r, s}};
                term.b_value = read(term.b);
                add_term(e, term);
            }
}

void explain_grad_weight(const Window& window, int64_t batches, Index cell, const Reader& read,
                         Explanation& e) {
    const int64_t channel = cell.n / window.in_per_group * window.out_per_group + cell.c;
    for (int64_t n = 0; n < batches; ++n)
        for (int64_t h = 0; h < window.h.in; ++h)
            for (int64_t w = 0; w < window.w.in; ++w) {
                Term term = landed(window,
                                   {n, channel, *window.h.output_place(h, cell.h),
                                    *window.w.output_place(w, cell.w)},
                                   read);
                term.b = {Source::input, 0, {n, cell.n, h, w}};
                term.b_value = read(term.b);
                add_term(e, term);
            }
}

SizeFormula formula(const WindowAxis& a, int64_t output_padding, const char* letter) {
    SizeFormula f;
    f.numerator = fmt::format("([i{}] − 1)s − 2p + d([kk] − 1) + op + 1", letter);
    f.numerator_numbers = fmt::format("([i{}]−1)·{} − 2·{} + {}·([k{}]−1) + {} + 1", a.in, a.stride,
                                      a.pad_before, a.dilation, a.kernel, output_padding);
    f.numerator_total = fmt::format("([i{}] − 1)s − p + d([kk] − 1) + op + 1", letter);
    f.numerator_numbers_total =
        fmt::format("([i{}]−1)·{} − {} + {}·([k{}]−1) + {} + 1", a.in, a.stride, 2 * a.pad_before,
                    a.dilation, a.kernel, output_padding);
    f.result = fmt::format("[o{}]", to_text(Value(a.out)));
    f.out = a.out;
    return f;
}

}  // namespace

const std::vector<TypedField<ConvTranspose2d>>& ConvTranspose2d::fields() {
    using P = ConvTranspose2d;
    // key, standard (from the struct), PyTorch has a default, panel's range, choices, help
    // clang-format off
    static const std::vector<TypedField<P>> rows{
        {{"in_channels",    {}, false, 1, 512, {}, "Channels of the input; each has its own kernels.", {"", "Not in Keras: it sees the channels of its input."}}, &P::in_channels},
        {{"out_channels",   {}, false, 1, 512, {}, "Channels of the output.", {"filters"}}, &P::out_channels},
        {{"kernel_size",    {}, false, 1, 31,  {}, "Rows and columns of the kernel, and so of every stamp.", {"kernel_size"}}, &P::kernel_size},
        {{"stride",         {}, true,  1, 16,  {}, "Cells from one stamp to the next.", {"strides"}}, &P::stride},
        {{"padding",        {}, true,  0, 31,  {}, "Rows and columns cropped off each side of the stamped sums.", {.keras = "padding", .only_words = true, .per_side = true}}, &P::padding},
        {{"output_padding", {}, true,  0, 15,  {}, "Moves the far edge of the crop outward, to choose among the sizes that one stride can come from.", {"output_padding", "Not in every version of Keras."}}, &P::output_padding},
        {{"dilation",       {}, true,  1, 16,  {}, "Distance between neighbouring cells of a stamp; above 1 it has holes.", {"dilation_rate"}}, &P::dilation},
        {{"groups",         {}, true,  1, 512, {}, "Splits the channels into groups that do not see one another; as many as channels is depthwise.", {"", "Not in Keras: its Conv2DTranspose has one group."}}, &P::groups},
        {{"bias",           {}, true,  0, 1,   {}, "Adds one number for each output channel.", {"use_bias"}}, &P::bias},
    };
    // clang-format on
    return rows;
}

WindowAxis ConvTranspose2d::rows(Shape input) const {
    return axis(input.h, kernel_size.h, stride.h, padding.h, output_padding.h, dilation.h);
}

WindowAxis ConvTranspose2d::columns(Shape input) const {
    return axis(input.w, kernel_size.w, stride.w, padding.w, output_padding.w, dilation.w);
}

Plan ConvTranspose2d::plan(const ConvTranspose2d& p, Shape input) {
    Plan plan;
    plan.problem = find_problem(p, input);
    if (plan.problem) return plan;

    plan.window = Window{.h = p.rows(input),
                         .w = p.columns(input),
                         .mode = PaddingMode::zeros,
                         .groups = p.groups,
                         .in_per_group = p.in_channels / p.groups,
                         .out_per_group = p.out_channels / p.groups};
    const Window& window = *plan.window;
    const Shape weight{p.in_channels, window.out_per_group, p.kernel_size.h, p.kernel_size.w};
    const Shape bias{1, p.out_channels, 1, 1};
    plan.weights.push_back({"weight", weight, 4, "in, out, row, column"});
    if (p.bias) plan.weights.push_back({"bias", bias, 1, "out"});

    const WindowAxis rows = canvas(window.h), columns = canvas(window.w);
    plan.stages.push_back({.name = "stamped",
                           .shape = {input.n, p.out_channels, rows.out, columns.out},
                           .role = Role::output,
                           .optional = true,
                           .per_cell = window.in_per_group,
                           .rows = rows.terms_per_output(),
                           .columns = columns.terms_per_output()});
    const Shape output{input.n, p.out_channels, window.h.out, window.w.out};
    plan.output = 1;
    plan.stages.push_back({.name = "output",
                           .shape = output,
                           .role = Role::output,
                           .per_cell = window.in_per_group,
                           .rows = window.h.terms_per_output(),
                           .columns = window.w.terms_per_output(),
                           .extra = p.bias});

    plan.stages.push_back({.name = "grad_input",
                           .shape = input,
                           .role = Role::gradient,
                           .backward = true,
                           .per_cell = window.out_per_group * p.kernel_size.h * p.kernel_size.w});
    plan.stages.push_back({.name = "grad_weight",
                           .shape = weight,
                           .role = Role::gradient,
                           .backward = true,
                           .per_cell = input.n * input.plane()});
    if (p.bias)
        plan.stages.push_back({.name = "grad_bias",
                               .shape = bias,
                               .role = Role::gradient,
                               .backward = true,
                               .per_cell = output.n * output.plane()});
    return plan;
}

Explanation ConvTranspose2d::explain(const ConvTranspose2d& p, const Plan& plan, int stage,
                                     Index cell, const Reader& read) {
    const Window& window = *plan.window;
    const Shape output = plan.output_stage().shape;
    const StageSpec& spec = plan.stages[static_cast<size_t>(stage)];
    Explanation e;
    e.terms.reserve(static_cast<size_t>(spec.terms(cell)));
    if (spec.name == "stamped")
        explain_sum(canvas(window.h), canvas(window.w), window, cell, read, e);
    else if (spec.name == "output")
        explain_output(window, cell, p.bias, read, e);
    else if (spec.name == "grad_input")
        explain_grad_input(window, cell, read, e);
    else if (spec.name == "grad_weight")
        explain_grad_weight(window, output.n, cell, read, e);
    else
        explain_grad_bias(output, cell, read, e);
    return e;
}

std::pair<Index, Index> ConvTranspose2d::reach(const ConvTranspose2d&, const Plan& plan, int stage,
                                               Index cell) {
    const Window& window = *plan.window;
    const std::string& name = plan.stages[static_cast<size_t>(stage)].name;
    const int64_t first = cell.c / window.in_per_group * window.out_per_group;
    const int64_t last = first + window.out_per_group - 1;
    if (name == "output" || name == "stamped") {
        const bool is_cropped = name == "output";
        const auto [top, bottom] =
            outputs_reading(cell.h, is_cropped ? window.h : canvas(window.h), window.mode);
        const auto [left, right] =
            outputs_reading(cell.w, is_cropped ? window.w : canvas(window.w), window.mode);
        return {{cell.n, first, top, left}, {cell.n, last, bottom, right}};
    }
    if (name == "grad_weight")
        return {{cell.c, 0, 0, 0},
                {cell.c, window.out_per_group - 1, window.h.kernel - 1, window.w.kernel - 1}};
    return {{0, 0, 0, 0}, {-1, -1, -1, -1}};
}

std::vector<SizeFormula> ConvTranspose2d::size_formula(const ConvTranspose2d& p, const Plan&,
                                                       Shape input) {
    if (!p.has_sane_sizes(input)) return {};
    const WindowAxis rows = p.rows(input), columns = p.columns(input);
    const SizeFormula height = formula(rows, p.output_padding.h, "H");
    return one_or_two(height, formula(columns, p.output_padding.w, "W"), height, rows, columns);
}

/// The convolution that reads where this layer stamps.
WayBack ConvTranspose2d::way_back(const ConvTranspose2d& p) {
    return {"conv2d",
            {{"in_channels", p.out_channels},
             {"out_channels", p.in_channels},
             {"kernel_size", p.kernel_size},
             {"stride", p.stride},
             {"padding", Padding{Padding::Kind::pair, p.padding}},
             {"dilation", p.dilation},
             {"groups", p.groups},
             {"bias", p.bias}},
            ""};
}

std::string ConvTranspose2d::card(const ConvTranspose2d& p) {
    CardText text(p.in_channels, p.out_channels, p.kernel_size, p.stride);
    text.add_padding(p.padding);
    if (p.output_padding != Pair{0, 0}) text.add("op" + to_text(Value(p.output_padding)));
    text.add_rest(p.dilation, p.groups);
    return text.text();
}

ConvTranspose2d ConvTranspose2d::fit_channels(ConvTranspose2d p, int64_t channels) {
    fit_groups(p.in_channels, p.out_channels, p.groups, channels);
    return p;
}

}  // namespace convscope
