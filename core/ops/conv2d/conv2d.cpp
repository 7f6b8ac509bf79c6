// conv2d: parameters, shapes, and the definition of every stage. What cannot be is in conv2d_trouble.cpp.
#include "core/ops/conv2d/conv2d.h"

#include "core/conv_parts.h"
#include "core/ops/cure.h"

// Letters: n batch, c input channel, o output channel; (h, w) a cell; (r, s) a kernel cell.

namespace convscope {
namespace {

constexpr int kWeight = 0, kBias = 1;

int64_t size(Pair pair) { return pair.h * pair.w; }

/// The input cell at a place of the padded input, or what padding puts there.
Term padded_input(const Window& window, Index place, const Reader& read) {
    Term term;
    const auto h = padded_cell(place.h, window.h.in, window.mode);
    const auto w = padded_cell(place.w, window.w.in, window.mode);
    if (h != place.h || w != place.w) term.padding = place;
    if (h && w) {
        term.a = {Source::input, 0, {place.n, place.c, *h, *w}};
        term.a_value = read(term.a);
    }
    return term;
}

void explain_output(const Window& window, Index cell, bool has_bias, const Reader& read,
                    Explanation& e) {
    const int64_t first_channel = cell.c / window.out_per_group * window.in_per_group;
    for (int64_t c = 0; c < window.in_per_group; ++c)
        for (int64_t r = 0; r < window.h.kernel; ++r)
            for (int64_t s = 0; s < window.w.kernel; ++s) {
                Term term =
                    padded_input(window,
                                 {cell.n, first_channel + c, *window.h.input_place(cell.h, r),
                                  *window.w.input_place(cell.w, s)},
                                 read);
                term.b = {Source::weight, kWeight, {cell.c, c, r, s}};
                term.b_value = read(term.b);
                add_term(e, term);
            }
    if (has_bias) {
        Term term;
        term.a = {Source::weight, kBias, {0, cell.c, 0, 0}};
        term.a_value = read(term.a);
        add_term(e, term);
    }
}

/// Gradient of the padded input (cell counted from the padding's corner): every output that read the cell sends its
/// gradient back through the weight it used. A transposed convolution of grad_output with the same weights.
void explain_grad_padded(const Window& window, Index cell, const Reader& read, Explanation& e) {
    const WindowAxis rows = padded_gradient_axis(window.h),
                     columns = padded_gradient_axis(window.w);
    const int64_t group = cell.c / window.in_per_group;
    for (int64_t o = group * window.out_per_group; o < (group + 1) * window.out_per_group; ++o)
        for (int64_t r = window.h.kernel - 1; r >= 0; --r) {
            const auto h = rows.input_place(cell.h, r);
            if (!h) continue;
            for (int64_t s = window.w.kernel - 1; s >= 0; --s) {
                const auto w = columns.input_place(cell.w, s);
                if (!w) continue;
                Term term;
                term.a = {Source::grad_output, 0, {cell.n, o, *h, *w}};
                term.a_value = read(term.a);
                term.b = {Source::weight, kWeight, {o, cell.c % window.in_per_group, r, s}};
                term.b_value = read(term.b);
                add_term(e, term);
            }
        }
}

/// The padding of zeros is cropped off; copies in the padding give their gradient to the cell they copy.
void explain_folded(const Window& window, int padded_stage, Index cell, const Reader& read,
                    Explanation& e) {
    for (int64_t h : places_of(cell.h, window.h, window.mode))
        for (int64_t w : places_of(cell.w, window.w, window.mode)) {
            Term term;
            term.a = {Source::stage,
                      padded_stage,
                      {cell.n, cell.c, h + window.h.pad_before, w + window.w.pad_before}};
            term.a_value = read(term.a);
            add_term(e, term);
        }
}

void explain_grad_weight(const Window& window, int64_t batches, Index cell, const Reader& read,
                         Explanation& e) {
    const int64_t channel = cell.n / window.out_per_group * window.in_per_group + cell.c;
    for (int64_t n = 0; n < batches; ++n)
        for (int64_t h = 0; h < window.h.out; ++h)
            for (int64_t w = 0; w < window.w.out; ++w) {
                Term term = padded_input(window,
                                         {n, channel, *window.h.input_place(h, cell.h),
                                          *window.w.input_place(w, cell.w)},
                                         read);
                term.b = {Source::grad_output, 0, {n, cell.n, h, w}};
                term.b_value = read(term.b);
                add_term(e, term);
            }
}

/// Card and formula call "same" and "valid" by their names.
bool is_pair(const Padding& padding) { return padding.kind == Padding::Kind::pair; }

SizeFormula formula(const WindowAxis& axis, bool is_same, const char* letter, const char* before,
                    const char* after) {
    SizeFormula f;
    const std::string padding = is_same ? fmt::format("{} + {}", before, after) : std::string("2p");
    const std::string padding_numbers =
        is_same ? fmt::format("{} + {}", axis.pad_before, axis.pad_after)
                : fmt::format("2·{}", bracketed(axis.pad_before));
    f.numerator = fmt::format("[i{}] + {} − d([kk] − 1) − 1", letter, padding);
    f.numerator_total = fmt::format("[i{}] + {} − d([kk] − 1) − 1", letter, is_same ? padding : "p");
    f.denominator = "s";
    f.rest = "+ 1";
    f.numerator_numbers = fmt::format("[i{}] + {} − {}·([k{}]−1) − 1", axis.in, padding_numbers,
                                      bracketed(axis.dilation), bracketed(axis.kernel));
    f.numerator_numbers_total =
        fmt::format("[i{}] + {} − {}·([k{}]−1) − 1", axis.in,
                    is_same ? padding_numbers : bracketed(axis.pad_before + axis.pad_after),
                    bracketed(axis.dilation), bracketed(axis.kernel));
    f.denominator_numbers = to_text(Value(axis.stride));
    f.result = fmt::format("[o{}]", to_text(Value(axis.out)));
    f.out = axis.out;
    f.leftover = axis.out >= 1 ? axis.leftover() : 0;
    return f;
}

}  // namespace

const std::vector<TypedField<Conv2d>>& Conv2d::fields() {
    using P = Conv2d;
    // key, standard (from the struct), PyTorch has a default, panel's range, choices, help
    // clang-format off
    static const std::vector<TypedField<P>> rows{
        {{"in_channels",  {}, false, 1, 512, {}, "Channels of the input; every kernel has as many planes.", {"", "Not in Keras: it sees the channels of its input."}}, &P::in_channels},
        {{"out_channels", {}, false, 1, 512, {}, "Kernels, and so channels of the output.", {"filters"}}, &P::out_channels},
        {{"kernel_size",  {}, false, 1, 31,  {}, "Rows and columns of the kernel.", {"kernel_size"}}, &P::kernel_size},
        {{"stride",       {}, true,  1, 16,  {}, "Cells the window moves from one output to the next.", {"strides"}}, &P::stride},
        {{"padding",      {}, true,  0, 31,  {}, "Rows and columns added on each side; 'same' keeps the size, 'valid' adds none.", {.keras = "padding", .only_words = true, .per_side = true}}, &P::padding},
        {{"dilation",     {}, true,  1, 16,  {}, "Distance between neighbouring kernel cells; above 1 the kernel has holes.", {"dilation_rate"}}, &P::dilation},
        {{"groups",       {}, true,  1, 512, {}, "Splits the channels into groups that do not see one another; as many as channels is depthwise.", {"groups"}}, &P::groups},
        {{"padding_mode", {}, true,  0, 0,   {"zeros", "reflect", "replicate", "circular"}, "What stands in the padding: zeros, a mirror image, the edge repeated, or the opposite side.", {"", "Not in Keras: its Conv2D pads with zeros."}}, &P::padding_mode},
        {{"bias",         {}, true,  0, 1,   {}, "Adds one number for each output channel.", {"use_bias"}}, &P::bias},
    };
    // clang-format on
    return rows;
}

PaddingMode Conv2d::mode() const {
    if (padding_mode.name == "reflect") return PaddingMode::reflect;
    if (padding_mode.name == "replicate") return PaddingMode::replicate;
    if (padding_mode.name == "circular") return PaddingMode::circular;
    return PaddingMode::zeros;
}

WindowAxis Conv2d::axis(int64_t in, int64_t kernel, int64_t step, int64_t spread,
                        int64_t pad) const {
    WindowAxis a{.in = in, .kernel = kernel, .stride = step, .dilation = spread};
    if (padding.kind == Padding::Kind::pair) a.pad_before = a.pad_after = pad;
    if (padding.kind == Padding::Kind::same) {
        a.pad_before = (a.span() - 1) / 2;
        a.pad_after = a.span() - 1 - a.pad_before;
    }
    a.out = floor_div(in + a.pad_before + a.pad_after - a.span(), step) + 1;
    return a;
}

WindowAxis Conv2d::rows(Shape input) const {
    return axis(input.h, kernel_size.h, stride.h, dilation.h, padding.pair.h);
}

WindowAxis Conv2d::columns(Shape input) const {
    return axis(input.w, kernel_size.w, stride.w, dilation.w, padding.pair.w);
}

Plan Conv2d::plan(const Conv2d& p, Shape input) {
    Plan plan;
    plan.problem = find_problem(p, input);
    if (plan.problem) return plan;

    plan.window = Window{.h = p.rows(input),
                         .w = p.columns(input),
                         .mode = p.mode(),
                         .groups = p.groups,
                         .in_per_group = p.in_channels / p.groups,
                         .out_per_group = p.out_channels / p.groups};
    const Window& window = *plan.window;
    const Shape weight{p.out_channels, window.in_per_group, p.kernel_size.h, p.kernel_size.w};
    const Shape bias{1, p.out_channels, 1, 1};
    plan.weights.push_back({"weight", weight, 4, "out, in, row, column"});
    if (p.bias) plan.weights.push_back({"bias", bias, 1, "out"});

    const Shape output{input.n, p.out_channels, window.h.out, window.w.out};
    plan.stages.push_back({.name = "output",
                           .shape = output,
                           .role = Role::output,
                           .per_cell = window.in_per_group * size(p.kernel_size),
                           .extra = p.bias});

    StageSpec grad_input{
        .name = "grad_input", .shape = input, .role = Role::gradient, .backward = true};
    const WindowAxis rows = padded_gradient_axis(window.h),
                     columns = padded_gradient_axis(window.w);
    StageSpec grad_padded = grad_input;
    grad_padded.shape = {input.n, input.c, rows.out, columns.out};
    grad_padded.per_cell = window.out_per_group;
    grad_padded.rows = rows.terms_per_output();
    grad_padded.columns = columns.terms_per_output();
    if (grad_padded.shape == input) {  // no padding: nothing to fold
        plan.stages.push_back(grad_padded);
    } else {
        grad_padded.name = "grad_padded_input";
        plan.stages.push_back(std::move(grad_padded));
        grad_input.rows = places_per_input(window.h, window.mode);
        grad_input.columns = places_per_input(window.w, window.mode);
        plan.stages.push_back(std::move(grad_input));
    }
    const int64_t outputs = input.n * window.h.out * window.w.out;
    plan.stages.push_back({.name = "grad_weight",
                           .shape = weight,
                           .role = Role::gradient,
                           .backward = true,
                           .per_cell = outputs});
    if (p.bias)
        plan.stages.push_back({.name = "grad_bias",
                               .shape = bias,
                               .role = Role::gradient,
                               .backward = true,
                               .per_cell = outputs});
    return plan;
}

Explanation Conv2d::explain(const Conv2d& p, const Plan& plan, int stage, Index cell,
                            const Reader& read) {
    const Window& window = *plan.window;
    const Shape output = plan.output_stage().shape;
    const StageSpec& spec = plan.stages[static_cast<size_t>(stage)];
    const int padded_stage = plan.stage("grad_padded_input");
    Explanation e;
    e.terms.reserve(static_cast<size_t>(spec.terms(cell)));
    if (spec.name == "output")
        explain_output(window, cell, p.bias, read, e);
    else if (spec.name == "grad_weight")
        explain_grad_weight(window, output.n, cell, read, e);
    else if (spec.name == "grad_bias")
        explain_grad_bias(output, cell, read, e);
    else if (spec.name == "grad_input" && padded_stage >= 0)
        explain_folded(window, padded_stage, cell, read, e);
    else
        explain_grad_padded(window, cell, read, e);
    return e;
}

std::pair<Index, Index> Conv2d::reach(const Conv2d&, const Plan& plan, int stage, Index cell) {
    const Window& window = *plan.window;
    const std::string& name = plan.stages[static_cast<size_t>(stage)].name;
    const int64_t group = cell.c / window.in_per_group;
    const int64_t first = group * window.out_per_group, last = first + window.out_per_group - 1;
    if (name == "output") {
        const auto [top, bottom] = outputs_reading(cell.h, window.h, window.mode);
        const auto [left, right] = outputs_reading(cell.w, window.w, window.mode);
        return {{cell.n, first, top, left}, {cell.n, last, bottom, right}};
    }
    if (name == "grad_weight") {
        const int64_t c = cell.c % window.in_per_group;
        return {{first, c, 0, 0}, {last, c, window.h.kernel - 1, window.w.kernel - 1}};
    }
    return {{0, 0, 0, 0}, {-1, -1, -1, -1}};
}

std::vector<SizeFormula> Conv2d::size_formula(const Conv2d& p, const Plan&, Shape input) {
    if (!p.has_sane_sizes(input)) return {};
    const WindowAxis rows = p.rows(input), columns = p.columns(input);
    const bool is_same = p.padding.kind == Padding::Kind::same;
    return one_or_two(formula(rows, is_same, "H", "top", "bottom"),
                      formula(columns, is_same, "W", "left", "right"),
                      formula(rows, is_same, "H", "before", "after"), rows, columns);
}

/// The transposed convolution that stamps where this layer reads. It crops both sides alike, so where 'same' pads one more
/// cell behind it crops as many as stand before.
WayBack Conv2d::way_back(const Conv2d& p) {
    const Shape any{1, p.in_channels, 1, 1};
    const Pair crop{p.rows(any).pad_before, p.columns(any).pad_before};
    return {"conv_transpose2d",
            {{"in_channels", p.out_channels},
             {"out_channels", p.in_channels},
             {"kernel_size", p.kernel_size},
             {"stride", p.stride},
             {"padding", crop},
             {"output_padding", Pair{0, 0}},
             {"dilation", p.dilation},
             {"groups", p.groups},
             {"bias", p.bias}},
            "output_padding"};
}

std::string Conv2d::card(const Conv2d& p) {
    CardText text(p.in_channels, p.out_channels, p.kernel_size, p.stride);
    if (is_pair(p.padding))
        text.add_padding(p.padding.pair);
    else
        text.add(to_text(Value(p.padding)));
    text.add_rest(p.dilation, p.groups);
    if (p.padding_mode.name != "zeros") text.add(p.padding_mode.name);
    return text.text();
}

Conv2d Conv2d::fit_channels(Conv2d p, int64_t channels) {
    fit_groups(p.in_channels, p.out_channels, p.groups, channels);
    return p;
}

}  // namespace convscope
