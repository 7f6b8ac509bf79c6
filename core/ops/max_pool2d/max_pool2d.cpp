// max_pool2d: parameters, shapes, and the definition of every stage.
#include "core/ops/max_pool2d/max_pool2d.h"

#include <cmath>
#include <limits>

#include "core/ops/cure.h"

// Letters: n batch, c channel; (h, w) a cell; (r, s) a kernel cell.

namespace convscope {
namespace {

constexpr double kNothing = -std::numeric_limits<double>::infinity();
/// Beyond this, float32 has not every whole number: `indices` could not hold its places.
constexpr int64_t kMaxIndexed = int64_t(1) << 24;

/// Of several largest values the first in row-major order is chosen, and NaN before any number (of several NaN the last),
/// as PyTorch does. Padding is only chosen where the window holds nothing else.
void explain_output(const Window& window, Index cell, const Reader& read, Explanation& e) {
    e.combine = Combine::max;
    e.chosen = 0;
    for (int64_t r = 0; r < window.h.kernel; ++r)
        for (int64_t s = 0; s < window.w.kernel; ++s) {
            Term term = pool_term(window, cell, r, s, read);
            term.product = term.a_value;
            e.terms.push_back(term);
            const Term& best = e.terms[static_cast<size_t>(e.chosen)];
            const bool beats = std::isnan(term.a_value) || term.a_value > best.a_value ||
                               (best.padding && !term.padding);
            if (beats && !term.padding) e.chosen = static_cast<int64_t>(e.terms.size()) - 1;
        }
    e.value = e.terms[static_cast<size_t>(e.chosen)].product;
}

/// Place of the chosen cell in its plane, row · width + column; −1 where the window holds only padding.
void explain_index(const Window& window, Index cell, const Reader& read, Explanation& e) {
    Explanation output;
    explain_output(window, cell, read, output);
    Term term = output.terms[static_cast<size_t>(output.chosen)];
    e.combine = Combine::formula;
    if (term.padding) {
        term = {};
        term.a_value = term.product = e.value = -1;
        e.formula = "−1, for the window holds only padding";
    } else {
        e.value = static_cast<double>(term.a.cell.h * window.w.in + term.a.cell.w);
        e.formula = fmt::format("{}·{} + {}", term.a.cell.h, window.w.in, term.a.cell.w);
    }
    e.terms.push_back(term);
}

/// A window that holds both chooses the other cell, not mine.
bool is_beaten(double mine, double other, bool other_is_later) {
    if (std::isnan(mine)) return std::isnan(other) && other_is_later;
    return std::isnan(other) || other > mine || (other == mine && !other_is_later);
}

/// The cells around one, as far as windows that read it reach, on the grid that dilation leaves; and how many of those in
/// a window beat it.
class Rivals {
  public:
    Rivals(const Window& window, Index cell, const Reader& read)
        : rows_(2 * window.h.kernel - 1),
          columns_(2 * window.w.kernel - 1),
          above_left_(static_cast<size_t>((rows_ + 1) * (columns_ + 1)), 0) {
        const double mine = read({Source::input, 0, cell});
        for (int64_t r = 0; r < rows_; ++r)
            for (int64_t s = 0; s < columns_; ++s) {
                const int64_t h = cell.h + (r - window.h.kernel + 1) * window.h.dilation;
                const int64_t w = cell.w + (s - window.w.kernel + 1) * window.w.dilation;
                const bool is_input = h >= 0 && h < window.h.in && w >= 0 && w < window.w.in;
                const bool is_later = h > cell.h || (h == cell.h && w > cell.w);
                const bool is_other = h != cell.h || w != cell.w;
                const bool beats =
                    is_input && is_other &&
                    is_beaten(mine, read({Source::input, 0, {cell.n, cell.c, h, w}}), is_later);
                at(r + 1, s + 1) = at(r, s + 1) + at(r + 1, s) - at(r, s) + beats;
            }
    }

    /// Rivals in the window that reads the cell through its kernel cell (r, s).
    int64_t in_window(const Window& window, int64_t r, int64_t s) {
        const int64_t top = window.h.kernel - 1 - r, left = window.w.kernel - 1 - s;
        const int64_t bottom = top + window.h.kernel, right = left + window.w.kernel;
        return at(bottom, right) - at(top, right) - at(bottom, left) + at(top, left);
    }

  private:
    int64_t& at(int64_t r, int64_t s) {
        return above_left_[static_cast<size_t>(r * (columns_ + 1) + s)];
    }
    int64_t rows_, columns_;
    std::vector<int64_t> above_left_;  // rivals in the first r rows and s columns
};

/// Every window that reads the cell gives it its gradient times 1 when it chose the cell, times 0 when it did not.
void explain_grad_input(const Window& window, Index cell, const Reader& read, Explanation& e) {
    const std::vector<Reading> rows = readings_of(cell.h, window.h);
    const std::vector<Reading> columns = readings_of(cell.w, window.w);
    if (rows.empty() || columns.empty()) return;
    Rivals rivals(window, cell, read);
    for (const Reading& row : rows)
        for (const Reading& column : columns) {
            Term term;
            term.a = {Source::grad_output, 0, {cell.n, cell.c, row.output, column.output}};
            term.a_value = read(term.a);
            term.b_value = rivals.in_window(window, row.k, column.k) == 0 ? 1 : 0;
            term.product = term.b_value == 0 ? 0 : term.a_value;  // an infinite gradient too
            e.value += term.product;
            e.terms.push_back(term);
        }
}

}  // namespace

const std::vector<TypedField<MaxPool2d>>& MaxPool2d::fields() {
    using P = MaxPool2d;
    // key, standard (from the struct), PyTorch has a default, panel's range, choices, help
    // clang-format off
    static const std::vector<TypedField<P>> rows{
        {{"kernel_size", {}, false, 1, 31, {}, "Rows and columns of the window.", {"pool_size"}}, &P::kernel_size},
        {{"stride",      {}, true,  1, 16, {}, "Cells the window moves from one output to the next; none is as many as kernel_size.", {"strides"}}, &P::stride},
        {{"padding",     {}, true,  0, 15, {}, "Rows and columns of −∞ added on each side, at most half of kernel_size.", {.keras = "padding", .only_words = true, .per_side = true}}, &P::padding},
        {{"dilation",    {}, true,  1, 16, {}, "Distance between neighbouring cells of the window; above 1 it has holes.", {"", "Not in Keras: its windows have no holes."}}, &P::dilation},
        {{"ceil_mode",   {}, true,  0, 1,  {}, "Rounds the size up: a last window may hang over, if it starts inside the input or the padding before it.", {"", "Not in Keras: 'same' rounds up, 'valid' down."}}, &P::ceil_mode},
    };
    // clang-format on
    return rows;
}

std::optional<Trouble> MaxPool2d::find_trouble(const MaxPool2d& p, Shape input) {
    return pool_trouble(p.pooling(), p.stride, input);
}

Plan MaxPool2d::plan(const MaxPool2d& p, Shape input) {
    Plan plan;
    plan.problem = find_problem(p, input);
    if (plan.problem) return plan;
    plan.window = p.pooling().window(input, kNothing);
    const Window& window = *plan.window;
    plan.stages.push_back(pool_output(window, input));
    if (input.plane() <= kMaxIndexed) {
        StageSpec indices = pool_output(window, input);
        indices.name = "indices";
        indices.role = Role::neutral;
        indices.optional = true;
        indices.per_cell = 1;
        plan.stages.push_back(std::move(indices));
    }
    plan.stages.push_back(pool_grad_input(window, input));
    return plan;
}

Explanation MaxPool2d::explain(const MaxPool2d&, const Plan& plan, int stage, Index cell,
                               const Reader& read) {
    const StageSpec& spec = plan.stages[static_cast<size_t>(stage)];
    Explanation e;
    e.terms.reserve(static_cast<size_t>(spec.terms(cell)));
    if (spec.backward)
        explain_grad_input(*plan.window, cell, read, e);
    else if (stage == plan.output)
        explain_output(*plan.window, cell, read, e);
    else
        explain_index(*plan.window, cell, read, e);
    return e;
}

std::pair<Index, Index> MaxPool2d::reach(const MaxPool2d&, const Plan& plan, int stage,
                                         Index cell) {
    if (plan.stages[static_cast<size_t>(stage)].backward) return {{0, 0, 0, 0}, {-1, -1, -1, -1}};
    return pool_reach(*plan.window, cell);
}

std::vector<SizeFormula> MaxPool2d::size_formula(const MaxPool2d& p, const Plan&, Shape input) {
    return pool_formula(p.pooling(), p.stride, input);
}

}  // namespace convscope
