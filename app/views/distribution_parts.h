// What the distribution view measures of every channel before and after, in one mode or both, and the table of it.
#pragma once

#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "app/views/easel.h"
#include "core/other_mode.h"

namespace convscope {

/// Mean and standard deviation (÷ n) of a channel over samples, rows and columns; non-finite values are left out.
struct Spread {
    double mean = 0, deviation = 0, low = 0, high = 0;
    int64_t count = 0;
};

/// `visit` with every finite value of a channel.
template <class Visit>
void each(const Tensor& tensor, int64_t channel, Visit visit) {
    const Shape shape = tensor.shape();
    for (int64_t n = 0; n < shape.n; ++n) {
        const float* plane = tensor.data() + shape.offset({n, channel, 0, 0});
        for (int64_t i = 0; i < shape.plane(); ++i)
            if (std::isfinite(plane[i])) visit(static_cast<double>(plane[i]));
    }
}

/// One of the columns: a tensor and the axis its histograms share.
struct Column {
    std::string name, note;
    const Tensor* tensor = nullptr;
    NumberSource source;                    // of its numbers: the tensor, the mode
    Role role = Role::output;
    std::vector<Spread> spreads;
    double low = 0, high = 1, tick = 1;
    NumberSource told(const char* what, int64_t channel) const {
        NumberSource of = source;
        of.name = what;
        of.ref.cell.c = channel;
        return of;
    }
};

struct Distribution {
    const ViewInput& in;
    const LayerResult& layer;
    const Layer& described;
    const Plan& plan;
    bool normalises;                        // batch norm: train and eval differ
    std::optional<OtherMode> other;         // the mode that the document is not in
    std::vector<Column> columns;
    int64_t channels, chosen;
    std::optional<int64_t> hovered;

    explicit Distribution(const ViewInput& view_input);

    /// Values of a channel: N×H×W.
    int64_t values() const { return layer.input.shape().n * layer.input.shape().plane(); }
    /// The layer's buffer of that name after this batch.
    double buffer(const std::string& name, int64_t channel) const;
    double weight(const std::string& name, int64_t channel) const;
    /// Share of a channel's (or, with −1, all) values for which `is` holds on the stage.
    template <class Is>
    double share(const Tensor& tensor, int64_t channel, Is is) const {
        if (tensor.empty()) return std::nan("");
        int64_t hits = 0, all = 0;
        for (int64_t c = 0; c < channels; ++c)
            if (channel < 0 || c == channel) each(tensor, c, [&](double v) { hits += is(v), ++all; });
        return all ? static_cast<double>(hits) / static_cast<double>(all) : 0;
    }
    const Tensor& slope() const;
    /// How many of the slopes hardly pass a gradient, how many outputs are 0.
    double flat(int64_t channel) const;
    double zeros(int64_t channel) const;
    NumberSource flat_source(int64_t channel) const;

private:
    /// One axis for columns first…last−1: equal in all outputs, so that they can be compared.
    void axis(size_t first, size_t last);
};

/// "12 %", "< 1 %", "–" of none.
std::string percent(double share);
/// What a click on a channel does, and what the pointer over it is known by.
std::string channel_action(int64_t channel);

/// Height of the table of that many channels, with the room above it, at scale 1.
float table_height(int64_t rows);
/// The table of channels first … first + rows − 1, from base pixel `y` down.
void add_table(Easel& easel, const Distribution& d, int64_t first, int64_t rows, float y, float width);

}  // namespace convscope
