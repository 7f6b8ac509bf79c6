#include "app/views/so_far.h"

#include <algorithm>

#include "app/scene/numbers.h"

namespace convscope {
namespace {

/// Terms done up to here were there before the move: the last term, or the last window or stamp.
int64_t done_before(const ViewInput& in) {
    if (in.unit == Unit::term) return in.step - 1;
    const Place place = in.timeline->at(in.step);
    return in.timeline->step_of(place.cell, 0) - 1;
}

}  // namespace

SumsSoFar::SumsSoFar(const ViewInput& in, Index plane)
    : in_(in), layer_(in.result->layers[static_cast<size_t>(in.layer)]), place_(in.timeline->at(in.step)) {
    const Plan& plan = layer_.plan;
    const int stamped = plan.stage("stamped");
    stage_ = stamped >= 0 ? stamped : plan.output;
    crop_top_ = stamped >= 0 ? plan.window->h.pad_before : 0;
    crop_left_ = stamped >= 0 ? plan.window->w.pad_before : 0;
    decimals_ = plane_decimals(layer_.op_output(), plane.n, plane.c);
    all_done_ = place_.finishing || (place_.started && in.step == in.timeline->steps());
    since_ = place_.started ? done_before(in) : 0;
}

void SumsSoFar::show(Cell& cell, Index at, bool wide) const {
    const Tensor& output = layer_.op_output();
    const bool kept = output.shape().contains(at);
    cell.text.clear();
    cell.state = CellState::pending;
    if (!place_.started) return;
    // By output a cell that came before is finished, though it may have had no term at all.
    const bool passed = in_.timeline->order() == Order::by_output && kept && at < place_.cell;
    if ((all_done_ || passed) && kept) {
        set_number(cell, static_cast<double>(output.at(at)), decimals_);
        cell.from = {value_at({Source::stage, layer_.plan.output, at})};
        cell.state = CellState::normal;
    } else if (all_done_) {
        cell.state = CellState::leftover;
    }
    if (place_.finishing || passed) return;
    const Index place = at;
    at.h += crop_top_;
    at.w += crop_left_;
    const RunningSum sum = running_sum(in_, stage_, at, since_);
    if (sum.done == 0) return;
    if (!all_done_) {
        set_number(cell, sum.value, decimals_);
        cell.from = {so_far(layer_.plan, place, 0, in_.step)};
        cell.state = kept ? CellState::normal : CellState::cropped;
    }
    if (sum.now == 0) return;
    if (kept) cell.state = in_.unit == Unit::term ? CellState::running_sum : CellState::contributing;
    if (sum.done == sum.now || !wide) return;
    cell.below = number_text(sum.before, decimals_) + " + " +
                 in_sum(number_text(sum.now_value, decimals_));
    cell.from.push_back(so_far(layer_.plan, place, 0, since_));
    cell.from.push_back(so_far(layer_.plan, place, since_, in_.step));
}

void show_sums_so_far(const Easel& easel, const ViewInput& in, Grid& grid) {
    const Index plane = grid.origin.cell;
    const SumsSoFar sums(in, plane);
    for (int64_t row = grid.shown_row; row < grid.shown_row + grid.shown_rows; ++row)
        for (int64_t column = grid.shown_column; column < grid.shown_column + grid.shown_columns; ++column) {
            const Index at{plane.n, plane.c, grid.first_row + row, grid.first_column + column};
            sums.show(*grid.cell(at.h, at.w), at, grid.cell_px >= 30 * easel.scale());
        }
}

}  // namespace convscope
