// A pixel through a chain: the cells before it that it depends on, and the cells after it that depend on it.
#pragma once

#include <vector>

#include "core/evaluate.h"

namespace convscope {

/// Rows and columns of one grid, marked; the cells are those in a marked row and a marked column.
struct MarkedCells {
    std::vector<char> rows, columns;
    bool any() const;
    bool holds(int64_t row, int64_t column) const {
        return rows[static_cast<size_t>(row)] && columns[static_cast<size_t>(column)];
    }
    /// Smallest box around them: first row, first column, last row, last column. Needs any().
    struct Box {
        int64_t row = 0, column = 0, last_row = 0, last_column = 0;
        int64_t height() const { return last_row - row + 1; }
        int64_t width() const { return last_column - column + 1; }
    };
    Box box() const;
};

/// grid 0 is the chain's input, grid k + 1 the output of layer k (its skip's sum where one ends there). Grids before the
/// pixel's own are marked where it depends on them (its receptive field), those after it where they depend on it (its
/// influence). Exact for one path of layers; where a skip connection joins two, the rows and columns of both. Padding
/// that copies cells reads the cells it copies.
std::vector<MarkedCells> trace_pixel(const Result& planned, int grid, int64_t row, int64_t column);

}  // namespace convscope
