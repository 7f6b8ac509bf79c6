// upsample: parameters, shapes, and the definition of every stage. What cannot be is in upsample_trouble.cpp.
#include "core/ops/upsample/upsample.h"

#include <algorithm>
#include <cmath>

#include "core/conv_parts.h"
#include "core/ops/cure.h"

namespace convscope {
namespace {

using Tap = ResizeAxis::Tap;

ResizeAxis axis(const Upsample& p, int64_t channels, int64_t in, int64_t size, double scale) {
    ResizeAxis a{.in = in, .out = size, .one_channel = channels == 1};
    if (!p.size) {
        a.out = static_cast<int64_t>(static_cast<double>(in) * scale);
        a.scale = scale;
    }
    if (p.mode.name == "bilinear")
        a.mode = p.align_corners ? ResizeAxis::Mode::bilinear_corners : ResizeAxis::Mode::bilinear;
    return a;
}

/// PyTorch looks for the nearest cell in float32, whatever the values are. Equal and doubled sizes of a single channel are
/// copied and doubled, even where the factor is not 1 or 2 (5 cells by 1.1 are 5 cells).
int64_t nearest_cell(const ResizeAxis& a, int64_t o) {
    if (a.one_channel && a.out == a.in) return o;
    if (a.one_channel && a.out == 2 * a.in) return o / 2;
    const float step = a.scale > 0 ? static_cast<float>(1 / a.scale)
                                   : static_cast<float>(a.in) / static_cast<float>(a.out);
    const float place = std::floor(static_cast<float>(o) * step);
    return place >= static_cast<float>(a.in) ? a.in - 1
                                             : std::min(static_cast<int64_t>(place), a.in - 1);
}

/// Where the middle of output cell `o` lies among the middles of the input cells.
double place_between(const ResizeAxis& a, int64_t o) {
    const auto in = static_cast<double>(a.in), out = static_cast<double>(a.out),
               at = static_cast<double>(o);
    if (a.mode == ResizeAxis::Mode::bilinear_corners)
        return a.out > 1 ? at * ((in - 1) / (out - 1)) : 0;
    const double step = a.scale > 0 ? 1 / a.scale : in / out;
    return std::max(0.0, step * (at + 0.5) - 0.5);
}

void explain_output(const ResizeAxis& rows, const ResizeAxis& columns, Index cell,
                    const Reader& read, Explanation& e) {
    const auto across = columns.taps_of(cell.w), down = rows.taps_of(cell.h);
    for (int64_t r = 0; r < rows.taps(); ++r)
        for (int64_t s = 0; s < columns.taps(); ++s) {
            const Tap &row = down[static_cast<size_t>(r)], &column = across[static_cast<size_t>(s)];
            Term term;
            term.a = {Source::input, 0, {cell.n, cell.c, row.cell, column.cell}};
            term.a_value = read(term.a);
            term.b_value = row.weight * column.weight;
            add_term(e, term);
        }
}

/// One tap of an output on a cell.
struct Use {
    int64_t output = 0;
    double weight = 1;
};

std::vector<Use> uses_of(int64_t cell, const ResizeAxis& axis) {
    std::vector<Use> uses;
    const auto [first, last] = axis.outputs_of(cell);
    for (int64_t o = first; o <= last; ++o) {
        const auto taps = axis.taps_of(o);
        for (int64_t t = 0; t < axis.taps(); ++t)
            if (const Tap& tap = taps[static_cast<size_t>(t)]; tap.cell == cell)
                uses.push_back({o, tap.weight});
    }
    return uses;
}

/// Every output that is made of the cell gives it its gradient, by the same weights.
void explain_grad_input(const ResizeAxis& rows, const ResizeAxis& columns, Index cell,
                        const Reader& read, Explanation& e) {
    const std::vector<Use> across = uses_of(cell.w, columns);
    for (const Use& row : uses_of(cell.h, rows))
        for (const Use& column : across) {
            Term term;
            term.a = {Source::grad_output, 0, {cell.n, cell.c, row.output, column.output}};
            term.a_value = read(term.a);
            term.b_value = row.weight * column.weight;
            add_term(e, term);
        }
}

SizeFormula formula(const ResizeAxis& a, const char* letter) {
    SizeFormula f;
    f.result = fmt::format("[o{}]", to_text(Value(a.out)));
    f.out = a.out;
    if (a.scale > 0) {
        f.numerator = fmt::format("[i{}]·scale", letter);
        f.numerator_numbers = fmt::format("[i{}]·{}", a.in, to_text(Value(a.scale)));
        if (a.scale != std::floor(a.scale)) f.rest = "rounded down";
    } else {
        f.numerator = "size";
        f.numerator_numbers = to_text(Value(a.out));
    }
    return f;
}

}  // namespace

std::array<Tap, 2> ResizeAxis::taps_of(int64_t o) const {
    if (mode == Mode::nearest) return {Tap{nearest_cell(*this, o), 1}, Tap{}};
    if (in == out) return {Tap{o, 1}, Tap{o, 0}};  // PyTorch copies, whatever the scale
    const double place = place_between(*this, o);
    const int64_t before =
        place >= static_cast<double>(in - 1) ? in - 1 : static_cast<int64_t>(place);
    const int64_t after = std::min(before + 1, in - 1);
    const double weight = std::clamp(place - static_cast<double>(before), 0.0, 1.0);
    return {Tap{before, 1 - weight}, Tap{after, weight}};
}

std::pair<int64_t, int64_t> ResizeAxis::outputs_of(int64_t cell) const {
    // Taps never go back from one output to the next, so both ends can be found by halving.
    const auto first_that = [&](auto holds) {
        int64_t low = 0, high = out;
        while (low < high) {
            const int64_t middle = low + (high - low) / 2;
            if (holds(taps_of(middle)))
                high = middle;
            else
                low = middle + 1;
        }
        return low;
    };
    const auto last_tap = static_cast<size_t>(taps() - 1);
    return {first_that([&](const auto& taps) { return taps[last_tap].cell >= cell; }),
            first_that([&](const auto& taps) { return taps[0].cell > cell; }) - 1};
}

std::vector<int64_t> ResizeAxis::taps_per_input() const {
    std::vector<int64_t> counts(static_cast<size_t>(in), 0);
    for (int64_t o = 0; o < out; ++o) {
        const auto all = taps_of(o);
        for (int64_t t = 0; t < taps(); ++t)
            ++counts[static_cast<size_t>(all[static_cast<size_t>(t)].cell)];
    }
    return counts;
}

const std::vector<TypedField<Upsample>>& Upsample::fields() {
    using P = Upsample;
    // key, standard (from the struct), PyTorch has a default, panel's range, choices, help
    // clang-format off
    static const std::vector<TypedField<P>> rows{
        {{"size",          {}, true,  1, 64, {}, "Rows and columns of the output; none where scale_factor tells them.", {"", "Not in Keras' UpSampling2D; Resizing has it."}}, &P::size},
        {{"scale_factor",  {}, false, 1, 8,  {}, "How many times as many rows and columns the output has; none where size tells them.", {"size"}}, &P::scale_factor},
        {{"mode",          {}, true,  0, 0,  {"nearest", "bilinear"}, "Repeats the nearest input cell, or blends the four nearest ones.", {"interpolation"}}, &P::mode},
        {{"align_corners", {}, true,  0, 1,  {}, "Puts the middles of the corner cells of input and output on one another; for bilinear only.", {"", "Not in Keras: corners are never aligned."}}, &P::align_corners},
    };
    // clang-format on
    return rows;
}

ResizeAxis Upsample::rows(Shape input) const {
    return axis(*this, input.c, input.h, size.value_or(Pair{}).h, scale_factor.value_or(Scale{}).h);
}

ResizeAxis Upsample::columns(Shape input) const {
    return axis(*this, input.c, input.w, size.value_or(Pair{}).w, scale_factor.value_or(Scale{}).w);
}

Plan Upsample::plan(const Upsample& p, Shape input) {
    Plan plan;
    plan.problem = find_problem(p, input);
    if (plan.problem) return plan;
    const ResizeAxis rows = p.rows(input), columns = p.columns(input);
    plan.stages.push_back({.name = "output",
                           .shape = {input.n, input.c, rows.out, columns.out},
                           .role = Role::output,
                           .rows = {rows.taps()},
                           .columns = {columns.taps()}});
    plan.stages.push_back({.name = "grad_input",
                           .shape = input,
                           .role = Role::gradient,
                           .backward = true,
                           .rows = rows.taps_per_input(),
                           .columns = columns.taps_per_input()});
    return plan;
}

Explanation Upsample::explain(const Upsample& p, const Plan& plan, int stage, Index cell,
                              const Reader& read) {
    const StageSpec& spec = plan.stages[static_cast<size_t>(stage)];
    const Shape input = plan.stages[static_cast<size_t>(plan.stage("grad_input"))].shape;
    const ResizeAxis rows = p.rows(input), columns = p.columns(input);
    Explanation e;
    e.terms.reserve(static_cast<size_t>(spec.terms(cell)));
    if (spec.backward)
        explain_grad_input(rows, columns, cell, read, e);
    else
        explain_output(rows, columns, cell, read, e);
    return e;
}

std::pair<Index, Index> Upsample::reach(const Upsample& p, const Plan& plan, int stage,
                                        Index cell) {
    if (plan.stages[static_cast<size_t>(stage)].backward) return {{0, 0, 0, 0}, {-1, -1, -1, -1}};
    const Shape input = plan.stages[static_cast<size_t>(plan.stage("grad_input"))].shape;
    const auto [top, bottom] = p.rows(input).outputs_of(cell.h);
    const auto [left, right] = p.columns(input).outputs_of(cell.w);
    return {{cell.n, cell.c, top, left}, {cell.n, cell.c, bottom, right}};
}

std::vector<SizeFormula> Upsample::size_formula(const Upsample& p, const Plan& plan, Shape input) {
    if (plan.problem) return {};
    const ResizeAxis rows = p.rows(input), columns = p.columns(input);
    SizeFormula height = formula(rows, "H"), width = formula(columns, "W");
    if (rows == columns) {
        height.axis = "height = width";
        return {std::move(height)};
    }
    height.axis = "height";
    width.axis = "width";
    return {std::move(height), std::move(width)};
}

std::string Upsample::card(const Upsample& p) {
    std::string text;
    if (p.size) text = fmt::format("to {} ", by(p.size->h, p.size->w));
    if (p.scale_factor) {
        const std::string height = to_text(Value(p.scale_factor->h)),
                          width = to_text(Value(p.scale_factor->w));
        text += height == width ? fmt::format("×{} ", height)
                                : fmt::format("×({}, {}) ", height, width);
    }
    text += p.mode.name;
    if (p.align_corners) text += ", corners aligned";
    return text;
}

}  // namespace convscope
