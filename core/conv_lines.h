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
    std::vector<float> lines, sums;
    std::vector<Tap> taps;
    std::vector<std::vector<Tap>> phase_taps;
    std::vector<const float*> sources;
    std::vector<int64_t> places;
    std::vector<double> row_sums;
    PackedWeights numbers;  // the caller's, for all parts
    std::vector<PackedWeights> values;  // the caller's, for all parts
};
ConvScratch& conv_scratch();

/// So few windows, and so many products in each, that the passes are products of matrices.
bool has_few_cells(const ConvGeometry& g);
/// The same for spread_few: its stamps are made and then added up.
bool has_few_stamps(const ConvGeometry& g);
bool spread_few(const ConvGeometry&, const Tensor& narrow, const Tensor& weight, const Tensor* bias,
                Tensor& wide, const Progress&);
/// The wide cells under each window, in the order of a kernel's weights: [sample][group][window][channel][row][column].
std::vector<float> cells_under_windows(const ConvGeometry& g, const Tensor& wide);

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
