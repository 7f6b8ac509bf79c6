// Geometry of windowed layers (convolution, transposed convolution, pooling): which input cell, which kernel cell, which
// output cell belong together. The ops' explain, the views and the step counts all ask here.
#pragma once

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "core/tensor.h"

namespace convscope {

/// How cells outside the input get their value.
enum class PaddingMode { zeros, reflect, replicate, circular };

/// One axis of a window. A place is counted in input cells, so padding before has negative places, padding after
/// places ≥ in.
struct WindowAxis {
    int64_t in = 0, out = 0;               // cells
    int64_t kernel = 1, stride = 1, dilation = 1;
    int64_t pad_before = 0, pad_after = 0; // for a transposed window: cells cropped off the stamped sums
    bool transposed = false;
    bool operator==(const WindowAxis&) const = default;

    /// Cells a kernel spans, holes included: d(k−1)+1.
    int64_t span() const { return dilation * (kernel - 1) + 1; }

    /// Input place that kernel cell `k` of output cell `o` reads. A plain window: always a place, maybe in the padding.
    /// A transposed one: none where the stretched input has an inserted zero or nothing.
    std::optional<int64_t> input_place(int64_t o, int64_t k) const {
        if (!transposed) return o * stride - pad_before + k * dilation;
        const int64_t stretched = o + pad_before - k * dilation;
        if (stretched < 0 || stretched % stride != 0 || stretched / stride >= in) return {};
        return stretched / stride;
    }

    /// Output cell that input place `i` reaches through kernel cell `k`; may lie outside 0…out−1 (cropped) for a
    /// transposed window. None where the stride skips it, or (plain window) where no output cell stands.
    std::optional<int64_t> output_place(int64_t i, int64_t k) const {
        if (transposed) return i * stride - pad_before + k * dilation;
        const int64_t anchor = i + pad_before - k * dilation;
        if (anchor < 0 || anchor % stride != 0 || anchor / stride >= out) return {};
        return anchor / stride;
    }

    /// How many kernel cells contribute to each output cell (a plain window: always `kernel`).
    std::vector<int64_t> terms_per_output() const;

    /// How often each input cell is read by the windows; padding cells of other modes count for the cell they copy.
    std::vector<int64_t> reads_per_input(PaddingMode mode) const;

    /// Trailing padded cells that no window reaches because the stride does not divide (plain window).
    int64_t leftover() const {
        return transposed ? 0 : in + pad_before + pad_after - ((out - 1) * stride + span());
    }

    /// Length of the sums before the crop (transposed): every stamp, and what output_padding uncovers beyond them.
    int64_t stamped() const {
        const int64_t stamps = (in - 1) * stride + span();
        return transposed ? std::max(stamps, pad_before + out) : out;
    }
};

/// A window over height and width, with the channels one output cell reads.
struct Window {
    WindowAxis h, w;
    PaddingMode mode = PaddingMode::zeros;
    double padding_value = 0;                     // what mode zeros puts there; max pooling: −∞
    int64_t groups = 1;                           // pools: as many as channels
    int64_t in_per_group = 1, out_per_group = 1;  // channels
    bool transposed() const { return h.transposed; }
};

/// The input cell whose value stands at `place` on an axis of `in` cells; none where the mode fills in a zero.
std::optional<int64_t> padded_cell(int64_t place, int64_t in, PaddingMode mode);

/// Places of a plain window's padded axis that hold the value of input cell `cell`, ascending: itself and its copies.
std::vector<int64_t> places_of(int64_t cell, const WindowAxis& axis, PaddingMode mode);

/// How many such places each input cell has.
std::vector<int64_t> places_per_input(const WindowAxis& axis, PaddingMode mode);

/// First and last output that may read input cell `cell`; last < first: none.
std::pair<int64_t, int64_t> outputs_reading(int64_t cell, const WindowAxis& axis, PaddingMode mode);

/// The way back: the transposed window whose outputs are the padded input of the plain window `axis`.
WindowAxis padded_gradient_axis(const WindowAxis& axis);

}  // namespace convscope
