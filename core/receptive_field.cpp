// Composed layer by layer: the field of an output cell is the smallest box around the fields of the cells it reads.
#include "core/receptive_field.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <set>
#include <tuple>

namespace convscope {
namespace {

/// Numbers beyond are cut off there: no such field can be told apart from "everything".
constexpr int64_t kFar = int64_t(1) << 60;
constexpr int64_t kMostStep = int64_t(1) << 36;
/// Steps of one layer along one axis; beyond, only the window's ends are looked at.
constexpr int64_t kMostWork = int64_t(1) << 24;
/// Terms of one cell of an op without a window: more are a whole channel.
constexpr int64_t kMostTerms = 1'000'000;

void include(Extent& box, Extent more) {
    if (more.empty()) return;
    if (box.empty()) {
        box = more;
        return;
    }
    box = {std::min(box.first, more.first), std::max(box.last, more.last)};
}

Extent moved(Extent extent, int64_t by) {
    if (extent.empty()) return extent;
    const int64_t shift = std::clamp(by, -kFar, kFar);
    return {std::clamp(extent.first + shift, -kFar, kFar),
            std::clamp(extent.last + shift, -kFar, kFar)};
}

FieldAxis field_of_input(int64_t extent) {
    FieldAxis axis;
    for (int64_t i = 0; i < extent; ++i) axis.places.push_back({i, i});
    axis.cells = axis.places;
    return axis;
}

/// The places that `at` sees, also where `at` lies outside: the grid goes on as it goes inside.
Extent seen_from(const FieldAxis& axis, int64_t at) {
    const auto extent = static_cast<int64_t>(axis.places.size());
    const auto inside = [&](int64_t i) { return axis.places[static_cast<size_t>(i)]; };
    if (at >= 0 && at < extent) return inside(at);
    const int64_t edge = at < 0 ? 0 : extent - 1;
    if (axis.period <= extent) {  // a cell of the same phase
        const int64_t periods = floor_div(at - edge, axis.period) + (at < 0 ? 0 : 1);
        const int64_t same = at - periods * axis.period;
        if (same >= 0 && same < extent)
            return moved(inside(same), periods * (axis.period / axis.per * axis.step));
    }
    return moved(inside(edge), floor_div((at - edge) * axis.step, axis.per));
}

/// `over` output cells of the layer are `times` of its input cells.
void set_step(FieldAxis& axis, const FieldAxis& before, int64_t times, int64_t over) {
    const int64_t common = std::gcd(times, over);
    times /= common;
    over /= common;
    axis.step = std::min(before.step * times, kMostStep);
    axis.per = std::min(before.per * over, kMostStep);
    const int64_t both = std::gcd(axis.step, axis.per);
    axis.step /= both;
    axis.per /= both;
    axis.period = std::min(over * (before.period / std::gcd(before.period, times)), kMostStep);
}

/// The place that kernel cell `k` of output cell `o` reads, as if the input went on beyond its borders.
std::optional<int64_t> place_of(const WindowAxis& axis, int64_t o, int64_t k) {
    if (!axis.transposed) return axis.input_place(o, k);
    const int64_t stretched = o + axis.pad_before - k * axis.dilation;
    const int64_t place = floor_div(stretched, axis.stride);
    if (place * axis.stride != stretched) return {};
    return place;
}

FieldAxis through_window(const FieldAxis& before, const WindowAxis& axis, PaddingMode mode) {
    FieldAxis after;
    after.places.resize(static_cast<size_t>(axis.out));
    after.cells.resize(static_cast<size_t>(axis.out));
    const bool is_small = axis.out <= kMostWork / axis.kernel;
    const int64_t skip = is_small || axis.kernel == 1 ? 1 : axis.kernel - 1;
    for (int64_t o = 0; o < axis.out; ++o)
        for (int64_t k = 0; k < axis.kernel; k += skip) {
            const auto place = place_of(axis, o, k);
            if (!place) continue;
            include(after.places[static_cast<size_t>(o)], seen_from(before, *place));
            if (axis.transposed && (*place < 0 || *place >= axis.in)) continue;
            if (const auto cell = padded_cell(*place, axis.in, mode))
                include(after.cells[static_cast<size_t>(o)],
                        before.cells[static_cast<size_t>(*cell)]);
        }
    set_step(after, before, axis.transposed ? 1 : axis.stride, axis.transposed ? axis.stride : 1);
    return after;
}

// ---- Ops without a window: what their explain reads

struct Zeros : Reader {
    double operator()(const Ref&) const override { return 0; }
};

/// Input cells behind one output cell, through all stages.
struct Reads {
    Extent h, w;
    bool other_samples = false, too_many = false;
};

class Walker {
  public:
    Walker(const Layer& layer, const Plan& plan) : layer_(layer), plan_(plan) {}

    Reads from_output(Index cell) {
        reads_ = {};
        visited_.clear();
        sample_ = cell.n;
        terms_ = 0;
        std::vector<std::pair<int, Index>> open{{plan_.output, cell}};
        while (!open.empty() && !reads_.too_many) {
            const auto [stage, at] = open.back();
            open.pop_back();
            if (!visited_.insert({stage, at}).second) continue;
            terms_ += plan_.stages[static_cast<size_t>(stage)].terms(at);
            reads_.too_many = terms_ > kMostTerms;
            if (reads_.too_many) break;
            for (const Term& term :
                 layer_.op->explain(layer_.params, plan_, stage, at, Zeros{}).terms) {
                if (term.b.source == Source::constant && term.b_value == 0) continue;
                for (const Ref& ref : {term.a, term.b}) {
                    if (ref.source == Source::stage) open.emplace_back(ref.which, ref.cell);
                    if (ref.source == Source::input) read(ref.cell);
                }
            }
        }
        return reads_;
    }

  private:
    void read(Index cell) {
        include(reads_.h, {cell.h, cell.h});
        include(reads_.w, {cell.w, cell.w});
        reads_.other_samples |= cell.n != sample_;
    }

    const Layer& layer_;
    const Plan& plan_;
    Reads reads_;
    std::set<std::pair<int, Index>> visited_;
    int64_t sample_ = 0, terms_ = 0;
};

/// Both corners read every row and column, so all cells between do.
bool reads_all(Walker& walker, Shape input, Shape output) {
    for (const Index corner : {Index{}, Index{0, 0, output.h - 1, output.w - 1}}) {
        const Reads reads = walker.from_output(corner);
        if (reads.too_many || reads.other_samples) return true;
        const bool whole = reads.h == Extent{0, input.h - 1} && reads.w == Extent{0, input.w - 1};
        if (!whole || input.plane() == 1) return false;
    }
    return true;
}

FieldAxis through_reads(const FieldAxis& before, const std::vector<Extent>& reads) {
    FieldAxis after;
    const auto in = static_cast<int64_t>(before.places.size()),
               out = static_cast<int64_t>(reads.size());
    for (const Extent& read : reads) {
        after.places.emplace_back();
        after.cells.emplace_back();
        for (int64_t i = read.first; i <= read.last; ++i) {
            include(after.places.back(), before.places[static_cast<size_t>(i)]);
            include(after.cells.back(), before.cells[static_cast<size_t>(i)]);
        }
    }
    set_step(after, before, in, out);
    return after;
}

ReceptiveField through_explain(const ReceptiveField& before, const Layer& layer, const Plan& plan,
                               Shape input) {
    const Shape output = plan.output_stage().shape;
    Walker walker(layer, plan);
    ReceptiveField after;
    after.all = reads_all(walker, input, output);
    std::vector<Extent> rows(static_cast<size_t>(output.h), {0, input.h - 1}),
        columns(static_cast<size_t>(output.w), {0, input.w - 1});
    for (int64_t h = 0; h < output.h && !after.all; ++h)
        rows[static_cast<size_t>(h)] = walker.from_output({0, 0, h, 0}).h;
    for (int64_t w = 0; w < output.w && !after.all; ++w)
        columns[static_cast<size_t>(w)] = walker.from_output({0, 0, 0, w}).w;
    after.h = through_reads(before.h, rows);
    after.w = through_reads(before.w, columns);
    return after;
}

void unite(FieldAxis& axis, const FieldAxis& other) {
    for (size_t i = 0; i < axis.places.size(); ++i) {
        include(axis.places[i], other.places[i]);
        include(axis.cells[i], other.cells[i]);
    }
}

}  // namespace

int64_t FieldAxis::size() const {
    int64_t most = 0;
    for (const Extent& extent : places) most = std::max(most, extent.last - extent.first + 1);
    return most;
}

std::vector<ReceptiveField> receptive_fields(const Result& planned) {
    Shape shape = planned.document.input.tensor.shape();
    int64_t kept = shape.h + shape.w;
    for (const LayerResult& layer : planned.layers)
        kept += layer.plan.output_stage().shape.h + layer.plan.output_stage().shape.w;
    if (kept > kMaxFieldCells) return {};
    std::vector<ReceptiveField> fields{{field_of_input(shape.h), field_of_input(shape.w), false}};
    for (size_t k = 0; k < planned.layers.size(); ++k) {
        const Plan& plan = planned.layers[k].plan;
        const ReceptiveField& before = fields.back();
        ReceptiveField after;
        if (const auto& window = plan.window) {
            after.h = through_window(before.h, window->h, window->mode);
            after.w = through_window(before.w, window->w, window->mode);
        } else {
            after = through_explain(before, planned.document.layers[k], plan, shape);
        }
        after.all |= before.all;
        if (plan.skip.from >= 0) {
            const ReceptiveField& skipped = fields[static_cast<size_t>(plan.skip.from)];
            unite(after.h, skipped.h);
            unite(after.w, skipped.w);
            after.all |= skipped.all;
        }
        fields.push_back(std::move(after));
        shape = plan.output_stage().shape;
    }
    fields.erase(fields.begin());
    return fields;
}

}  // namespace convscope
