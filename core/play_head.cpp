// Step arithmetic on prefix sums. In here: a plane is one (n, c), a step counts terms from 1.
#include "core/play_head.h"

#include <algorithm>

#include "core/check.h"

namespace convscope {
namespace {

/// Prefix sums over `extent` places; a vector of one value holds for all of them.
std::vector<int64_t> prefix_sums(const std::vector<int64_t>& counts, int64_t extent) {
    std::vector<int64_t> sums{0};
    sums.reserve(static_cast<size_t>(extent) + 1);
    for (int64_t i = 0; i < extent; ++i)
        sums.push_back(sums.back() + counts[counts.size() == 1 ? 0 : static_cast<size_t>(i)]);
    return sums;
}

bool crops(const WindowAxis& axis) {
    return axis.transposed && (axis.pad_before > 0 || axis.stamped() > axis.pad_before + axis.out);
}

}  // namespace

Timeline::Timeline(const Plan& plan, Order order, int stage)
    : order_(order), has_windows_(plan.window.has_value()) {
    const StageSpec& spec = plan.stages.at(static_cast<size_t>(stage));
    if (order == Order::by_output || !plan.window) {
        order_ = Order::by_output;
        cells_ = spec.shape;
        per_cell_ = spec.per_cell;
        extra_ = spec.extra;
        row_sums_ = prefix_sums(spec.rows, cells_.h);
        column_sums_ = prefix_sums(spec.columns, cells_.w);
        // Stages that a window sums up list their terms one input channel after the other.
        const int64_t per_group = plan.window ? plan.window->in_per_group : 1;
        if (!spec.backward && per_group > 0 && per_cell_ % per_group == 0) channels_ = per_group;
    } else {
        const Window& window = *plan.window;
        const bool copies = window.mode != PaddingMode::zeros;
        const auto walked = [&](const WindowAxis& axis) {
            return copies ? axis.pad_before + axis.in + axis.pad_after : axis.in;
        };
        cells_ = {spec.shape.n, window.groups * window.in_per_group, walked(window.h),
                  walked(window.w)};
        if (copies) first_ = {0, 0, -window.h.pad_before, -window.w.pad_before};
        per_cell_ = window.out_per_group * window.h.kernel * window.w.kernel;
        channels_ = window.out_per_group;
        row_sums_ = prefix_sums({1}, cells_.h);
        column_sums_ = prefix_sums({1}, cells_.w);
        finish_ = stage == plan.output && (spec.extra > 0 || crops(window.h) || crops(window.w));
    }
    steps_ = cells_.n * cells_.c * row_terms(cells_.h) + finish_;
}

Timeline Timeline::counted(Order order, int64_t count) {
    Timeline timeline;
    timeline.order_ = order;
    timeline.cells_ = {1, 1, 1, count};
    timeline.per_cell_ = 1;
    timeline.row_sums_ = prefix_sums({1}, 1);
    timeline.column_sums_ = prefix_sums({1}, count);
    timeline.steps_ = count;
    return timeline;
}

Place Timeline::at(int64_t step) const {
    step = std::clamp<int64_t>(step, 0, steps_);
    Place place;
    place.cell = first_;
    if (step == 0) return place;
    place.started = true;
    place.finishing = finish_ != 0 && step == steps_;
    const int64_t last_term = std::min(step, steps_ - finish_);
    if (last_term == 0) return place;  // nothing but the finishing step
    place.cell = cell_at(last_term);
    place.window = cells_.offset(
        {place.cell.n, place.cell.c, place.cell.h - first_.h, place.cell.w - first_.w});
    place.term = last_term - terms_before(place.cell) - 1;
    place.terms = terms_in(place.cell);
    return place;
}

int64_t Timeline::step_of(Index cell, int64_t term) const {
    if (cells_.count() == 0) return 0;
    cell.n = std::clamp<int64_t>(cell.n, 0, cells_.n - 1);
    cell.c = std::clamp<int64_t>(cell.c, 0, cells_.c - 1);
    cell.h = std::clamp<int64_t>(cell.h, first_.h, first_.h + cells_.h - 1);
    cell.w = std::clamp<int64_t>(cell.w, first_.w, first_.w + cells_.w - 1);
    const int64_t terms = terms_in(cell);
    const int64_t done = terms == 0 ? 0 : std::clamp<int64_t>(term, 0, terms - 1) + 1;
    return terms_before(cell) + done;
}

int64_t Timeline::forward(int64_t step, Unit unit) const {
    step = std::clamp<int64_t>(step, 0, steps_);
    return step == steps_ ? steps_ : unit_range(step + 1, unit).second;
}

int64_t Timeline::back(int64_t step, Unit unit) const {
    step = std::clamp<int64_t>(step, 0, steps_);
    return step == 0 ? 0 : unit_range(step, unit).first;
}

std::vector<Unit> Timeline::units() const {
    if (order_ == Order::by_layer) return {Unit::layer, Unit::pass};
    if (order_ == Order::by_batch) return {Unit::batch, Unit::pass};
    const auto most = [](const std::vector<int64_t>& sums) {
        int64_t largest = 0;
        for (size_t i = 1; i < sums.size(); ++i) largest = std::max(largest, sums[i] - sums[i - 1]);
        return largest;
    };
    const int64_t summed = per_cell_ * most(row_sums_) * most(column_sums_);
    std::vector<Unit> units;
    if (!has_windows_) {
        units = {Unit::term};
        if (cells_.w > 1) units.push_back(Unit::row);
        if (cells_.n * cells_.c > 1 && cells_.plane() > 1) units.push_back(Unit::channel);
        if (cells_.n * cells_.c > 1 && cells_.h > 1) units.push_back(Unit::map);
        if (cells_.n * cells_.c * cells_.h > 1) units.push_back(Unit::layer);
        return units;
    }
    units = {Unit::term};
    if (channels_ > 1 && summed > channels_) units.push_back(Unit::channel);
    if (summed + extra_ > 1) units.push_back(Unit::window);
    if (cells_.w > 1) units.push_back(Unit::row);
    if (cells_.n * cells_.c > 1 && cells_.h > 1) units.push_back(Unit::map);
    if (cells_.n * cells_.c * cells_.h > 1 || finish_ > 0) units.push_back(Unit::layer);
    return units;
}

int64_t Timeline::row_terms(int64_t rows) const {
    return per_cell_ * row_sums_[static_cast<size_t>(rows)] * column_sums_.back() +
           extra_ * cells_.w * rows;
}

int64_t Timeline::terms_before(Index cell) const {
    const int64_t h = cell.h - first_.h, w = cell.w - first_.w;
    const auto row = static_cast<size_t>(h);
    return (cell.n * cells_.c + cell.c) * row_terms(cells_.h) + row_terms(h) +
           per_cell_ * (row_sums_[row + 1] - row_sums_[row]) *
               column_sums_[static_cast<size_t>(w)] +
           extra_ * w;
}

int64_t Timeline::terms_in(Index cell) const {
    const auto h = static_cast<size_t>(cell.h - first_.h),
               w = static_cast<size_t>(cell.w - first_.w);
    return per_cell_ * (row_sums_[h + 1] - row_sums_[h]) * (column_sums_[w + 1] - column_sums_[w]) +
           extra_;
}

Index Timeline::cell_at(int64_t step) const {
    const int64_t plane_terms = row_terms(cells_.h);
    const int64_t plane = (step - 1) / plane_terms;
    Index cell{plane / cells_.c, plane % cells_.c, first_.h, first_.w};
    // Bisection: the last row, then the last column of it, before which fewer than `step` terms lie.
    const auto last_before = [&](int64_t& coordinate, int64_t first, int64_t extent) {
        int64_t low = first, high = first + extent;
        while (high - low > 1) {
            coordinate = low + (high - low) / 2;
            (terms_before(cell) < step ? low : high) = coordinate;
        }
        coordinate = low;
    };
    last_before(cell.h, first_.h, cells_.h);
    last_before(cell.w, first_.w, cells_.w);
    return cell;
}

std::pair<int64_t, int64_t> Timeline::unit_range(int64_t step, Unit unit) const {
    if (order_ == Order::by_layer || order_ == Order::by_batch)
        return unit == Unit::pass ? std::pair{int64_t(0), steps_} : std::pair{step - 1, step};
    if (unit == Unit::layer) return {0, steps_};
    if ((unit == Unit::term && has_windows_) || step > steps_ - finish_) return {step - 1, step};
    const Index cell = cell_at(step);
    const int64_t before = terms_before(cell), terms = terms_in(cell);
    if (unit == Unit::window || unit == Unit::term) return {before, before + terms};
    if (unit == Unit::map || (unit == Unit::channel && !has_windows_)) {
        const int64_t plane_terms = row_terms(cells_.h), plane = (step - 1) / plane_terms;
        return {plane * plane_terms, (plane + 1) * plane_terms};
    }
    if (unit == Unit::channel) {
        const int64_t summed = terms - extra_, term = step - 1 - before;
        if (term >= summed) return {before + summed, before + terms};  // the bias rests by itself
        const int64_t length = summed / channels_;
        return {before + term / length * length, before + (term / length + 1) * length};
    }
    const int64_t row = terms_before({cell.n, cell.c, cell.h, first_.w});
    const int64_t h = cell.h - first_.h;
    return {row, row + row_terms(h + 1) - row_terms(h)};
}

StampTerm stamp_term(const Plan& plan, Index cell, int64_t term) {
    CHECK_THAT(plan.window.has_value(), ==, true);
    const Window& window = *plan.window;
    const int64_t columns = window.w.kernel, plane = window.h.kernel * columns;
    const int64_t group = cell.c / window.in_per_group;
    const int64_t out = term / plane, r = term % plane / columns, s = term % columns;

    StampTerm stamp;
    // conv2d keeps its weight as (out, in, row, column), conv_transpose2d as (in, out, row, column).
    stamp.weight = window.transposed() ? Index{cell.c, out, r, s}
                                       : Index{group * window.out_per_group + out,
                                               cell.c % window.in_per_group, r, s};
    const auto h = padded_cell(cell.h, window.h.in, window.mode);
    const auto w = padded_cell(cell.w, window.w.in, window.mode);
    stamp.input = {cell.n, cell.c, h.value_or(cell.h), w.value_or(cell.w)};
    stamp.is_padding = stamp.input.h != cell.h || stamp.input.w != cell.w || !h || !w;
    const auto to_h = window.h.output_place(cell.h, r), to_w = window.w.output_place(cell.w, s);
    stamp.exists = to_h && to_w;
    stamp.output = {cell.n, group * window.out_per_group + out, to_h.value_or(-1),
                    to_w.value_or(-1)};
    const Shape landing{cell.n + 1, stamp.output.c + 1, window.h.out, window.w.out};
    stamp.lands = stamp.exists && landing.contains(stamp.output);
    return stamp;
}

std::string unit_name(Unit unit, const Timeline& timeline) {
    const bool single = timeline.order() == Order::by_output && !timeline.has_windows() && timeline.steps() > 0;
    switch (unit) {
        case Unit::term: return single ? "cell" : "term";
        case Unit::channel: return "channel";
        case Unit::window:
            return timeline.order() == Order::by_input ? "stamp" : single ? "cell" : "window";
        case Unit::row: return "row";
        case Unit::map: return "map";
        case Unit::layer: return "layer";
        case Unit::batch: return "batch";
        case Unit::pass: return "pass";
    }
    return "";
}

}  // namespace convscope
