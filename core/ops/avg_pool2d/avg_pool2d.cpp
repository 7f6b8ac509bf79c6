// avg_pool2d: parameters, shapes, and the definition of every stage.
#include "core/ops/avg_pool2d/avg_pool2d.h"

#include "core/conv_parts.h"
#include "core/ops/cure.h"

// Letters: n batch, c channel; (h, w) a cell; (r, s) a kernel cell.

namespace convscope {
namespace {

/// Cells of the window of output `o` on one axis that count: those in the input, with padding also those in the padding.
/// What hangs over the padded input never counts.
int64_t counted_cells(const WindowAxis& axis, int64_t o, bool with_padding) {
    const int64_t start = o * axis.stride - axis.pad_before, end = start + axis.kernel;
    const int64_t low = with_padding ? -axis.pad_before : 0;
    const int64_t high = axis.in + (with_padding ? axis.pad_after : 0);
    return std::min(end, high) - std::max(start, low);
}

void explain_output(const AvgPool2d& p, const Window& window, Index cell, const Reader& read,
                    Explanation& e) {
    e.combine = Combine::mean;
    e.divisor = p.divisor(window, cell.h, cell.w);
    for (int64_t r = 0; r < window.h.kernel; ++r)
        for (int64_t s = 0; s < window.w.kernel; ++s)
            add_term(e, pool_term(window, cell, r, s, read));
    e.value /= e.divisor;
}

/// Every window that reads the cell gives it its share of its gradient.
void explain_grad_input(const AvgPool2d& p, const Window& window, Index cell, const Reader& read,
                        Explanation& e) {
    const std::vector<Reading> columns = readings_of(cell.w, window.w);
    for (const Reading& row : readings_of(cell.h, window.h))
        for (const Reading& column : columns) {
            Term term;
            term.a = {Source::grad_output, 0, {cell.n, cell.c, row.output, column.output}};
            term.a_value = read(term.a);
            term.b_value = 1 / p.divisor(window, row.output, column.output);
            add_term(e, term);
        }
}

}  // namespace

const std::vector<TypedField<AvgPool2d>>& AvgPool2d::fields() {
    using P = AvgPool2d;
    // key, standard (from the struct), PyTorch has a default, panel's range, choices, help
    // clang-format off
    static const std::vector<TypedField<P>> rows{
        {{"kernel_size",       {}, false, 1, 31,  {}, "Rows and columns of the window.", {"pool_size"}}, &P::kernel_size},
        {{"stride",            {}, true,  1, 16,  {}, "Cells the window moves from one output to the next; none is as many as kernel_size.", {"strides"}}, &P::stride},
        {{"padding",           {}, true,  0, 15,  {}, "Rows and columns of zeros added on each side, at most half of kernel_size.", {.keras = "padding", .only_words = true, .per_side = true}}, &P::padding},
        {{"ceil_mode",         {}, true,  0, 1,   {}, "Rounds the size up: a last window may hang over, if it starts inside the input or the padding before it.", {"", "Not in Keras: 'same' rounds up, 'valid' down."}}, &P::ceil_mode},
        {{"count_include_pad", {}, true,  0, 1,   {}, "Counts the zeros of the padding as values of the mean.", {"", "Not in Keras: padding never counts there."}}, &P::count_include_pad},
        {{"divisor_override",  {}, true,  1, 961, {}, "Divides every sum by this number; none divides by the count of values.", {"", "Not in Keras."}}, &P::divisor_override},
    };
    // clang-format on
    return rows;
}

double AvgPool2d::divisor(const Window& window, int64_t h, int64_t w) const {
    if (divisor_override) return static_cast<double>(*divisor_override);
    return static_cast<double>(counted_cells(window.h, h, count_include_pad) *
                               counted_cells(window.w, w, count_include_pad));
}

std::optional<Trouble> AvgPool2d::find_trouble(const AvgPool2d& p, Shape input) {
    if (auto t = pool_trouble(p.pooling(), p.stride, input)) return t;
    if (p.divisor_override != 0) return {};
    Cure none = cure("divisor_override", std::optional<int64_t>());
    none.words = "divisor_override none, or any number but 0";
    return Trouble{"divisor_override", "divisor_override cannot be 0.", {none}};
}

Plan AvgPool2d::plan(const AvgPool2d& p, Shape input) {
    Plan plan;
    plan.problem = find_problem(p, input);
    if (plan.problem) return plan;
    plan.window = p.pooling().window(input, 0);
    plan.stages = {pool_output(*plan.window, input), pool_grad_input(*plan.window, input)};
    return plan;
}

Explanation AvgPool2d::explain(const AvgPool2d& p, const Plan& plan, int stage, Index cell,
                               const Reader& read) {
    const StageSpec& spec = plan.stages[static_cast<size_t>(stage)];
    Explanation e;
    e.terms.reserve(static_cast<size_t>(spec.terms(cell)));
    if (spec.backward)
        explain_grad_input(p, *plan.window, cell, read, e);
    else
        explain_output(p, *plan.window, cell, read, e);
    return e;
}

std::pair<Index, Index> AvgPool2d::reach(const AvgPool2d&, const Plan& plan, int stage,
                                         Index cell) {
    if (plan.stages[static_cast<size_t>(stage)].backward) return {{0, 0, 0, 0}, {-1, -1, -1, -1}};
    return pool_reach(*plan.window, cell);
}

std::vector<SizeFormula> AvgPool2d::size_formula(const AvgPool2d& p, const Plan&, Shape input) {
    return pool_formula(p.pooling(), p.stride, input);
}

std::string AvgPool2d::card(const AvgPool2d& p) {
    std::string text = pool_card(p.pooling());
    if (p.divisor_override) text += " ÷" + to_text(Value(*p.divisor_override));
    return text;
}

}  // namespace convscope
