// Which cells of a chain's input each output cell depends on: its receptive field, row by row and column by column. Known
// from the plans alone; channels and values do not count.
#pragma once

#include <string>
#include <vector>

#include "core/evaluate.h"

namespace convscope {

/// First and last place; last < first: none.
struct Extent {
    int64_t first = 0, last = -1;
    bool empty() const { return last < first; }
    bool operator==(const Extent&) const = default;
};

/// Rows (or columns) that each output row (or column) depends on.
struct FieldAxis {
    /// As if the input went on beyond its borders: padding counts, as in the receptive field that papers state.
    std::vector<Extent> places;
    /// Cells of the input that exist and are really read; padding that copies cells reads those.
    std::vector<Extent> cells;
    /// Input cells from one output cell to the next, `step / per`: 4/1 after two strides of 2, 1/2 after a stride of 2
    /// on the way up.
    int64_t step = 1, per = 1;
    /// Output cells after which all repeats itself, that many steps further.
    int64_t period = 1;

    /// Places that an output cell sees: the most over all cells, for they differ where a layer goes up.
    int64_t size() const;
    bool operator==(const FieldAxis&) const = default;
};

struct ReceptiveField {
    FieldAxis h, w;
    bool all =
        false;  // every cell depends on all rows and columns (and the whole batch): batch norm in train mode
    bool operator==(const ReceptiveField&) const = default;
};

/// Rows and columns of all layers together that fields are kept for.
inline constexpr int64_t kMaxFieldCells = int64_t(1) << 22;

/// Of each planned layer's output (its skip's sum where one ends there), seen from the chain's input. Empty where the
/// layers have more rows and columns than kMaxFieldCells.
std::vector<ReceptiveField> receptive_fields(const Result& planned);

}  // namespace convscope
