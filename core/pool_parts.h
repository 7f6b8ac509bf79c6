// What max_pool2d and avg_pool2d share: the window, what cannot be, cards and formulas, and rows kept between windows.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/op.h"
#include "core/trouble.h"

namespace convscope {

/// The sizes of a pool's window, with the stride resolved: every channel has windows of its own.
struct Pooling {
    Pair kernel_size, stride, padding, dilation{1, 1};
    bool ceil_mode = false;
    bool has_dilation = false;  // the op has such a parameter

    /// `out` may be below 1. With ceil_mode the last window may hang over the padded input (leftover < 0).
    WindowAxis rows(Shape input) const;
    WindowAxis columns(Shape input) const;
    Window window(Shape input, double padding_value) const;
};

/// A parameter that cannot be by itself. `stride` is the parameter, which may be None.
std::optional<Trouble> pool_range_trouble(const Pooling&, const std::optional<Pair>& stride);
/// What cannot be about a pool on that input, the same for every op that has these parameters.
std::optional<Trouble> pool_trouble(const Pooling&, const std::optional<Pair>& stride, Shape input);

/// "output" and "grad_input": a window's cells, and the windows that read a cell.
StageSpec pool_output(const Window&, Shape input);
StageSpec pool_grad_input(const Window&, Shape input);

/// What an output cell reads at kernel cell (r, s): an input cell, or the window's padding value.
Term pool_term(const Window&, Index output, int64_t r, int64_t s, const Reader& read);

/// One window that reads a cell: its output cell and the kernel cell through which it reads.
struct Reading {
    int64_t output = 0, k = 0;
};
/// All of one axis, by output.
std::vector<Reading> readings_of(int64_t cell, const WindowAxis& axis);

std::pair<Index, Index> pool_reach(const Window&, Index cell);
/// Nothing where the sizes are such that none can be computed.
std::vector<SizeFormula> pool_formula(const Pooling&, const std::optional<Pair>& stride,
                                      Shape input);
/// "2×2 s2 p1 d2 ceil", without what is 0, 1 or off.
std::string pool_card(const Pooling&);

/// First and last output whose kernel cell `k` lies in the input; last < first: none.
std::pair<int64_t, int64_t> outputs_inside(const WindowAxis& axis, int64_t k);

/// Input rows under the windows of output row `output`, top to bottom, without the padding.
void collect_rows(const WindowAxis& axis, int64_t output, std::vector<int64_t>& rows);

/// Calls band(plane, first, last) for all rows of all planes of `output`, bands of `least` rows and more in parallel; a
/// plane's bands read `cells` cells together. False when cancelled.
bool run_each_band(const Progress& progress, Shape output, int64_t cells, int64_t least,
                   const std::function<void(int64_t plane, int64_t first, int64_t last)>& band);
template <class Band>
bool run_bands(const Progress& progress, Shape output, int64_t cells, int64_t least,
               const Band& band) {
    return run_each_band(progress, output, cells, least, std::cref(band));
}

/// Results of rows, kept while they are still needed: at most `slots` neighbouring ones are at a time, and they advance. Its
/// memory serves one band after the other.
template <class Cell>
class RowCache {
  public:
    /// Another plane or band comes, of rows that have `width` results.
    void start(int64_t slots, int64_t width) {
        slots_ = slots;
        width_ = width;
        cells_.resize(static_cast<size_t>(slots * width));
        held_.assign(static_cast<size_t>(slots), -1);
    }

    /// The results of row `h`; `fill(h, Cell*)` computes them where they are not there.
    template <class Fill>
    const Cell* row(int64_t h, Fill fill) {
        const int64_t slot = h % slots_;
        Cell* const cells = cells_.data() + slot * width_;
        if (held_[static_cast<size_t>(slot)] != h) fill(h, cells);
        held_[static_cast<size_t>(slot)] = h;
        return cells;
    }

  private:
    int64_t slots_ = 0, width_ = 0;
    std::vector<Cell> cells_;
    std::vector<int64_t> held_;  // the row in each slot
};

}  // namespace convscope
