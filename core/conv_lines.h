// Rows of a grid copied so that the kernels of core/kernels can read them: padding written out, strides taken apart.
#pragma once

#include <hwy/aligned_allocator.h>

#include <optional>
#include <vector>

#include "core/conv_passes.h"
#include "core/kernels/row_sums.h"

namespace convscope {

inline constexpr int64_t kPartProducts =
    int64_t(1) << 23;  // a part of the work: about a tenth of a millisecond

/// Rows in a part of the work, `most` at the most. Short rows are worked through together, with what lies between them: of
/// these a part has more, but there are two parts at least.
int64_t rows_in_part(int64_t rows, int64_t row_products, int64_t most, bool are_short);

/// What a thread needs while it computes a part; kept for the next one, so that repeated passes allocate nothing.
struct ConvScratch {
    hwy::AlignedVector<float> lines, sums, windows;
    std::vector<Tap> taps, odd_taps;
    std::vector<std::vector<Tap>> phase_taps;
    std::vector<const float*> sources;
    std::vector<double> row_sums;
    PackedWeights numbers;  // the caller's, for all parts
};
ConvScratch& conv_scratch();

/// Wide columns (or rows) first, first + stride, … hear the same kernel columns, each through neighbouring narrow cells.
struct Phase {
    int64_t first = 0, count = 0;
    struct Column {
        int64_t column = 0, shift = 0;  // wide column first + j·stride hears narrow cell j + shift
        int64_t odd_column = 0;         // of the next wide column, where two phases are one
    };
    std::vector<Column> columns;
};
std::vector<Phase> phases_of(const WindowAxis& axis);

/// Zeros that phases need in front of the narrow cells and behind them.
struct Margins {
    int64_t before = 0, after = 0;
};
Margins margins_of(const std::vector<Phase>& phases, int64_t cells);

/// spread_stamps for few narrow cells of many channels; nothing where that is not so.
std::optional<bool> spread_few(const ConvGeometry&, const Tensor& narrow, const Tensor& weight,
                               const Tensor* bias, Tensor& wide, const Progress&);

/// So few windows, and so many products in each, that the passes are products of matrices.
bool has_few_cells(const ConvGeometry& g);
/// The wide cells under each window, in the order of a kernel's weights: [sample][group][window][channel][row][column]. In
/// this thread's scratch memory, until the next call, or where they lie in that order anyway.
struct WindowCells {
    const float* first = nullptr;
    int64_t step = 0;  // from a window to the next one
};
WindowCells cells_under_windows(const ConvGeometry& g, const Tensor& wide);

/// The wide cells under some rows of windows, of one plane, as *lines*: a line holds every stride-th place of a padded row, and
/// every stride-th row follows it. So neighbouring windows read neighbouring floats, and those of the next row of windows one
/// line further, whatever the strides.
class WideLines {
  public:
    /// For calls with about `rows` rows of windows.
    WideLines(const ConvGeometry& g, int64_t rows);
    /// Rows of `cells` windows of which the lines of a plane are `floats` floats or fewer; 1 where even that is more.
    static int64_t fitting_rows(const ConvGeometry& g, int64_t cells, int64_t floats);

    /// From the line under a row of windows to that under the next.
    int64_t line_floats(int64_t cells) const { return cells + across_.longest; }
    int64_t plane_floats(int64_t rows, int64_t cells) const {
        return std::ssize(down_.residues) * std::ssize(across_.residues) * block(rows, cells);
    }
    /// Of what kernel cell (r, s) meets under the first window.
    int64_t offset(int64_t r, int64_t s, int64_t rows, int64_t cells) const {
        const Axis::Place row = down_.places[static_cast<size_t>(r)];
        const Axis::Place column = across_.places[static_cast<size_t>(s)];
        return (row.residue * std::ssize(across_.residues) + column.residue) * block(rows, cells) +
               row.shift * line_floats(cells) + column.shift;
    }
    /// Writes the lines for the windows [h, h + rows) × [x, x + cells).
    void fill(float* to, const float* plane, int64_t h, int64_t rows, int64_t x,
              int64_t cells) const;

  private:
    /// Kernel cell k of window o meets the place residues[i] + (o + shift) · stride behind the corner of window 0.
    struct Axis {
        struct Place {
            int64_t residue = 0, shift = 0;
        };
        std::vector<Place> places;              // of the kernel cells
        std::vector<int64_t> residues, shifts;  // shifts: the longest one of each residue
        int64_t longest = 0;

        /// Kernel cells share a residue where they can, or (apart) each has its own.
        Axis(const WindowAxis& axis, bool is_apart);
        /// Places of `count` windows, as far as they are used.
        int64_t count(int64_t windows) const;
    };
    static Axis rows_axis(const ConvGeometry& g, int64_t rows);
    /// Floats of the lines of one residue each way.
    int64_t block(int64_t rows, int64_t cells) const {
        return (rows + down_.longest) * line_floats(cells);
    }

    const ConvGeometry& g_;
    Axis down_, across_;
};

}  // namespace convscope
