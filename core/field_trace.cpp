#include "core/field_trace.h"

#include <algorithm>

namespace convscope {
namespace {

/// Cells that one output row or column of an op without a window may read before it counts as all of them.
constexpr size_t kMostCells = 4096;

using Marks = std::vector<char>;

void mark_all(Marks& marks) { std::ranges::fill(marks, char(1)); }

struct Zeros : Reader {
    double operator()(const Ref&) const override { return 0; }
};

/// Which input rows (or columns) output row (or column) `at` of the layer reads.
class Axis {
  public:
    Axis(const Layer& layer, const Plan& plan, Shape input, bool is_row)
        : layer_(layer), plan_(plan), input_(input), is_row_(is_row) {}

    int64_t in() const { return is_row_ ? input_.h : input_.w; }
    int64_t out() const {
        const Shape shape = plan_.output_stage().shape;
        return is_row_ ? shape.h : shape.w;
    }

    void read(int64_t at, Marks& into) const {
        if (plan_.window) {
            const WindowAxis& axis = is_row_ ? plan_.window->h : plan_.window->w;
            for (int64_t k = 0; k < axis.kernel; ++k)
                if (const auto place = axis.input_place(at, k))
                    if (const auto cell = padded_cell(*place, axis.in, plan_.window->mode))
                        into[static_cast<size_t>(*cell)] = 1;
            return;
        }
        // What explain reads, through the stages behind it.
        std::vector<std::pair<int, Index>> open{{plan_.output, is_row_ ? Index{0, 0, at, 0} : Index{0, 0, 0, at}}};
        for (size_t i = 0; i < open.size(); ++i) {
            const auto [stage, cell] = open[i];
            const int64_t terms = plan_.stages[static_cast<size_t>(stage)].terms(cell);
            if (open.size() > kMostCells || terms > static_cast<int64_t>(kMostCells)) return mark_all(into);
            for (const Term& term : layer_.op->explain(layer_.params, plan_, stage, cell, Zeros{}).terms)
                for (const Ref& ref : {term.a, term.b}) {
                    if (ref.source == Source::input) into[static_cast<size_t>(is_row_ ? ref.cell.h : ref.cell.w)] = 1;
                    if (ref.source == Source::stage) open.emplace_back(ref.which, ref.cell);
                }
        }
    }

  private:
    const Layer& layer_;
    const Plan& plan_;
    Shape input_;
    bool is_row_;
};

void join(Marks& into, const Marks& more) {
    for (size_t i = 0; i < into.size(); ++i) into[i] = static_cast<char>(into[i] | more[i]);
}

/// Marks of all grids along one axis.
std::vector<Marks> trace_axis(const Result& planned, int grid, int64_t at, bool is_row) {
    const size_t layers = planned.layers.size();
    std::vector<Axis> axes;
    std::vector<Marks> marks;
    Shape shape = planned.document.input.tensor.shape();
    marks.emplace_back(static_cast<size_t>(is_row ? shape.h : shape.w), char(0));
    for (size_t k = 0; k < layers; ++k) {
        axes.emplace_back(planned.document.layers[k], planned.layers[k].plan, shape, is_row);
        shape = planned.layers[k].plan.output_stage().shape;
        marks.emplace_back(static_cast<size_t>(is_row ? shape.h : shape.w), char(0));
    }
    const auto own = static_cast<size_t>(grid);
    marks[own][static_cast<size_t>(at)] = 1;
    for (size_t k = own; k-- > 0;) {  // layer k makes grid k + 1 of grid k
        for (int64_t o = 0; o < axes[k].out(); ++o)
            if (marks[k + 1][static_cast<size_t>(o)]) axes[k].read(o, marks[k]);
        if (const int from = planned.layers[k].plan.skip.from; from >= 0) join(marks[static_cast<size_t>(from)], marks[k + 1]);
    }
    for (size_t k = own; k < layers; ++k) {
        for (int64_t o = 0; o < axes[k].out(); ++o) {
            Marks reads(marks[k].size(), char(0));
            axes[k].read(o, reads);
            for (size_t i = 0; i < reads.size(); ++i)
                if (reads[i] && marks[k][i]) marks[k + 1][static_cast<size_t>(o)] = 1;
        }
        const int from = planned.layers[k].plan.skip.from;
        if (from >= grid) join(marks[k + 1], marks[static_cast<size_t>(from)]);
    }
    return marks;
}

}  // namespace

bool MarkedCells::any() const {
    return std::ranges::count(rows, char(1)) > 0 && std::ranges::count(columns, char(1)) > 0;
}

MarkedCells::Box MarkedCells::box() const {
    const auto ends = [](const Marks& marks) {
        const auto first = std::ranges::find(marks, char(1)) - marks.begin();
        const auto last = std::find(marks.rbegin(), marks.rend(), char(1)) - marks.rbegin();
        return std::pair<int64_t, int64_t>{first, static_cast<int64_t>(marks.size()) - 1 - last};
    };
    const auto [top, bottom] = ends(rows);
    const auto [left, right] = ends(columns);
    return {top, left, bottom, right};
}

std::vector<MarkedCells> trace_pixel(const Result& planned, int grid, int64_t row, int64_t column) {
    const auto rows = trace_axis(planned, grid, row, true);
    const auto columns = trace_axis(planned, grid, column, false);
    std::vector<MarkedCells> marked;
    for (size_t g = 0; g < rows.size(); ++g) marked.push_back({rows[g], columns[g]});
    return marked;
}

}  // namespace convscope
