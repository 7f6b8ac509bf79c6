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

void show_sums_so_far(const Easel& easel, const ViewInput& in, Grid& grid) {
    const LayerResult& layer = in.result->layers[static_cast<size_t>(in.layer)];
    const Plan& plan = layer.plan;
    const Tensor& output = layer.op_output();
    const int stamped = plan.stage("stamped");
    const int64_t crop_top = stamped >= 0 ? plan.window->h.pad_before : 0;
    const int64_t crop_left = stamped >= 0 ? plan.window->w.pad_before : 0;
    const Index plane = grid.origin.cell;
    const int decimals = plane_decimals(output, plane.n, plane.c);
    const Place place = in.timeline->at(in.step);
    const bool all_done = place.finishing || (place.started && in.step == in.timeline->steps());
    const int64_t since = place.started ? done_before(in) : 0;
    for (int64_t row = grid.shown_row; row < grid.shown_row + grid.shown_rows; ++row)
        for (int64_t column = grid.shown_column; column < grid.shown_column + grid.shown_columns; ++column) {
            Index at = plane;
            at.h = grid.first_row + row;
            at.w = grid.first_column + column;
            Cell& cell = *grid.cell(at.h, at.w);
            const bool kept = output.shape().contains(at);
            cell.text.clear();
            cell.state = CellState::pending;
            if (!place.started) continue;
            if (all_done) {
                if (kept) {
                    set_number(cell, static_cast<double>(output.at(at)), decimals);
                    cell.state = CellState::normal;
                } else {
                    cell.state = CellState::leftover;
                }
                if (place.finishing) continue;
            }
            Index on_canvas = at;
            on_canvas.h += crop_top;
            on_canvas.w += crop_left;
            const RunningSum sum =
                running_sum(in, stamped >= 0 ? stamped : plan.output, on_canvas, since);
            if (sum.done == 0) continue;
            if (!all_done) {
                set_number(cell, sum.value, decimals);
                cell.state = kept ? CellState::normal : CellState::cropped;
            }
            if (sum.now == 0) continue;
            if (kept)
                cell.state =
                    in.unit == Unit::term ? CellState::running_sum : CellState::contributing;
            if (sum.done > sum.now && grid.cell_px >= 30 * easel.scale())
                cell.below = number_text(sum.before, decimals) + " + " +
                             in_sum(number_text(sum.value - sum.before, decimals));
        }
}

}  // namespace convscope
