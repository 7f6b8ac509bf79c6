// Step number ⇄ (cell, term): which term of a layer is at step n, in the order of its outputs or of its inputs.
#pragma once

#include <string>
#include <vector>

#include "core/plan.h"

namespace convscope {

/// What is walked: the cells of a stage or of the input, or the layers of the chain backward, or batches.
enum class Order { by_output, by_input, by_layer, by_batch };
/// How far one step goes. `window` is one output cell, or one stamp when going by input; `channel` is one input channel
/// of a window, or one output channel of a stamp. `map` is one plane of what is walked. `layer` is the whole layer, or one
/// layer of the chain when going by layer. `pass` is all layers or all batches. Without a window a step is at least
/// one output cell: `term` and `window` are that, `channel` is one plane.
enum class Unit { term, channel, window, row, map, layer, batch, pass };

/// Where step n stands: n terms are done, the last of them is `term` of `cell`. At n = 0 nothing is done (`started` false).
struct Place {
    bool started = false;
    bool finishing = false;    // by input: the last step, which crops and adds the bias
    Index cell;                // output cell, or source cell when going by input (may lie in the padding)
    int64_t window = 0;        // how many cells came before
    int64_t term = 0;          // of this cell, from 0
    int64_t terms = 0;         // this cell has
    bool window_done() const { return finishing || term + 1 == terms; }
};

/// The steps of one stage of one layer. 64-bit everywhere; nothing is enumerated.
class Timeline {
public:
    Timeline() = default;
    /// By output: the stage's cells in row-major order, each with its terms. By input: the input's cells (padding included
    /// where the mode copies values into it), each with out_per_group·R·S products, and one finishing step when sums are
    /// cropped or a bias is added. A plan without a window goes by output.
    Timeline(const Plan& plan, Order order, int stage);
    /// `count` steps of one layer or one batch each (order by_layer or by_batch). Place::window counts them from 0.
    static Timeline counted(Order order, int64_t count);

    Order order() const { return order_; }
    bool has_windows() const { return has_windows_; }   // false: each output cell is told by itself, at once
    int64_t steps() const { return steps_; }
    int64_t windows() const { return cells_.count(); }
    Shape cells() const { return cells_; }          // grid that is walked
    Index first() const { return first_; }          // its first cell: (0, 0, 0, 0), or the padding's corner
    Place at(int64_t step) const;                   // any number: clamped to 0…steps()
    /// The step after which `term` of `cell` is done; places outside the grid and terms beyond the last are clamped.
    int64_t step_of(Index cell, int64_t term) const;

    /// The next (or previous) resting step in that unit; from the end it stays.
    int64_t forward(int64_t step, Unit unit) const;
    int64_t back(int64_t step, Unit unit) const;
    /// Units that differ from one another here, in order ("channel" only with several).
    std::vector<Unit> units() const;

private:
    int64_t terms_before(Index cell) const;         // all terms of the cells before it
    int64_t terms_in(Index cell) const;
    int64_t row_terms(int64_t rows) const;          // of the first `rows` rows of a plane
    Index cell_at(int64_t step) const;              // the cell that holds the step-th term, step from 1
    std::pair<int64_t, int64_t> unit_range(int64_t step, Unit unit) const;  // rests around the unit that holds it

    Order order_ = Order::by_output;
    Shape cells_{0, 0, 0, 0};
    Index first_;
    bool has_windows_ = false;
    int64_t per_cell_ = 0, extra_ = 0, channels_ = 1;
    std::vector<int64_t> row_sums_, column_sums_;   // prefix sums, one longer than the axis
    int64_t finish_ = 0, steps_ = 0;
};

/// Product number `term` of the stamp of source cell `cell`: kernel cell and the output cell it is added to.
struct StampTerm {
    Index weight;              // place in the weight tensor
    Index input;               // input cell whose value is used (a padding cell's copy is followed back)
    bool is_padding = false;
    Index output;              // output cell; may lie outside the output (cropped), see `lands`
    bool lands = false;        // it is added to an output cell
    bool exists = false;       // the place exists on the stamped canvas (false: the stride skips it, or outside)
};
StampTerm stamp_term(const Plan& plan, Index cell, int64_t term);

/// "term", "window" or "stamp" or "cell", "row", …: the word for a unit of that timeline.
std::string unit_name(Unit unit, const Timeline& timeline);

}  // namespace convscope
