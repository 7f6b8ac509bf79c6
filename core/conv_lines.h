// Rows of a grid copied so that the kernels of core/kernels can read them: padding written out, strides taken apart.
#pragma once

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
    std::vector<float> lines, sums, windows;
    std::vector<Tap> taps, odd_taps;
    std::vector<std::vector<Tap>> phase_taps;
    std::vector<const float*> sources;
    std::vector<int64_t> places;
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

bool all_finite(const Tensor& tensor);

/// spread_stamps for few narrow cells of many channels; nothing where that is not so.
std::optional<bool> spread_few(const ConvGeometry&, const Tensor& narrow, const Tensor& weight,
                               const Tensor* bias, Tensor& wide, const Progress&);

/// So few windows, and so many products in each, that the passes are products of matrices.
bool has_few_cells(const ConvGeometry& g);
/// The wide cells under each window, in the order of a kernel's weights: [sample][group][window][channel][row][column]. In
/// this thread's scratch memory, until the next call.
const float* cells_under_windows(const ConvGeometry& g, const Tensor& wide);

/// Wide rows as lines, each with every `stride`-th place of the padded row, so that neighbouring windows read neighbouring
/// floats whatever the stride.
class WideLines {
  public:
    explicit WideLines(const ConvGeometry& g);

    /// Floats that the lines of one row of `cells` windows take.
    int64_t row_floats(int64_t cells) const {
        return static_cast<int64_t>(residues_.size()) * line_floats(cells);
    }
    /// Offset of kernel column s in the lines of a row of `cells` windows.
    int64_t offset(int64_t s, int64_t cells) const {
        const Column column = columns_[static_cast<size_t>(s)];
        return column.line * line_floats(cells) + column.shift;
    }
    /// Writes the lines of one wide row (place `row` of a plane) for the windows [x, x + cells).
    void fill(float* to, const float* plane, int64_t row, int64_t x, int64_t cells) const;
    /// Writes those of the wide rows row…row+rows−1, one after the other.
    void fill_all(float* to, const float* plane, int64_t row, int64_t rows, int64_t x,
                  int64_t cells) const;

  private:
    struct Column {
        int64_t line = 0, shift = 0;
    };
    int64_t line_floats(int64_t cells) const { return cells + longest_shift_; }

    const ConvGeometry& g_;
    std::vector<Column> columns_;
    std::vector<int64_t> residues_;  // of the lines
    std::vector<int64_t> shifts_;    // longest one of each line
    int64_t longest_shift_ = 0;
};

}  // namespace convscope
