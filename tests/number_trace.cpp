#include "tests/number_trace.h"

#include <algorithm>
#include <regex>
#include <set>

namespace convscope {
namespace {

/// Input cells that an output cell of a layer depends on, by its definition, whatever its stages.
void add_read(const Witness& witness, int layer, int stage, Index cell, std::set<std::pair<int, Index>>& seen,
              std::set<std::pair<int64_t, int64_t>>& cells) {
    if (!seen.insert({stage, cell}).second) return;
    for (const Term& term : witness.layers().explained(layer, stage, cell).terms)
        for (const Ref& ref : {term.a, term.b}) {
            if (ref.source == Source::input) cells.insert({ref.cell.h, ref.cell.w});
            if (ref.source == Source::stage) add_read(witness, layer, ref.which, ref.cell, seen, cells);
        }
}

}  // namespace

std::vector<std::pair<int64_t, int64_t>> traced_sizes(const Scene& scene, const Witness& witness, int* pixel_grid) {
    static const std::regex kPixel("^Pixel \\((\\d+), (\\d+)\\) = \\S+ of (?:layer (\\d+)|the (input|output))");
    const std::string caption = scene.caption.text();
    std::smatch m;
    if (!std::regex_search(caption, m, kPixel)) return {};
    const auto& layers = witness.layers().result().layers;
    const size_t pixel = m[3].matched ? static_cast<size_t>(std::stoll(m[3])) : m[4] == "input" ? 0 : layers.size();
    if (pixel_grid) *pixel_grid = static_cast<int>(pixel);
    using Cells = std::set<std::pair<int64_t, int64_t>>;
    std::vector<Cells> grids(layers.size() + 1);
    grids[pixel] = {{std::stoll(m[1]), std::stoll(m[2])}};
    const auto read_by = [&](size_t layer, std::pair<int64_t, int64_t> at) {
        std::set<std::pair<int, Index>> seen;
        Cells cells;
        const int64_t n = std::min(witness.in().shown.n, layers[layer].op_output().shape().n - 1);
        add_read(witness, static_cast<int>(layer), layers[layer].plan.output, {n, 0, at.first, at.second}, seen, cells);
        return cells;
    };
    for (size_t g = pixel; g > 0; --g)   // grid g is the output of layer g − 1
        for (const auto& at : grids[g]) {
            grids[g - 1].merge(read_by(g - 1, at));
            if (layers[g - 1].plan.skip.sum >= 0) grids[static_cast<size_t>(layers[g - 1].plan.skip.from)].insert(at);
        }
    for (size_t g = pixel + 1; g < grids.size(); ++g) {
        const Shape shape = layers[g - 1].output().shape();
        const SkipPlan& skip = layers[g - 1].plan.skip;
        for (int64_t i = 0; i < shape.plane(); ++i) {
            const std::pair at{i / shape.w, i % shape.w};
            const Cells read = read_by(g - 1, at);
            const bool reaches = std::ranges::any_of(read, [&](const auto& cell) { return grids[g - 1].contains(cell); });
            const bool skips = skip.sum >= 0 && static_cast<size_t>(skip.from) >= pixel && grids[static_cast<size_t>(skip.from)].contains(at);
            if (reaches || skips) grids[g].insert(at);
        }
    }
    std::vector<std::pair<int64_t, int64_t>> sizes;
    for (const Cells& cells : grids) {
        std::set<int64_t> rows, columns;
        for (const auto& [row, column] : cells) rows.insert(row), columns.insert(column);
        if (cells.empty()) sizes.push_back({0, 0});
        else sizes.push_back({*rows.rbegin() - *rows.begin() + 1, *columns.rbegin() - *columns.begin() + 1});
    }
    return sizes;
}

}  // namespace convscope
