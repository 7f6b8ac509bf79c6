// What a peer offers to the side by side: ways to compute one shape, each a call that can be repeated and timed.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "bench/shapes.h"

namespace convscope {

struct BenchLayer;

/// The numbers of a layer for the peers: N×C×H×W, weights in PyTorch's layout. They read what Convscope reads; `output` is
/// theirs to write. Null where the layer has none.
struct PeerData {
    PeerData(const BenchShape& shape, BenchLayer& layer);

    BenchShape shape;
    int64_t out_height, out_width;
    float *input, *weight, *bias, *mean, *var, *output;
    int64_t plane() const { return out_height * out_width; }
    std::vector<float> result() const { return {output, output + shape.out_channels * plane()}; }
};

/// How a way counts. Only `plain` ways stand in the ratio; of the others the best one stands in brackets.
enum class Kind {
    plain,   // rows in and rows out, the kernel as it is, every term added up
    layout,  // the library's own layout on both sides, nobody re-orders
    trick,   // Winograd, or a kernel that the caller took apart
};

struct Runner {
    std::string peer, mode;
    Kind kind = Kind::plain;
    std::function<void()> run;
    std::function<std::vector<float>()> result;  // rows, of the last run
};

using Runners = std::vector<Runner>;
// Each adds its ways for that shape; none where the library is missing or cannot.
void add_convscope(BenchLayer& layer, Runners& to);
void add_onednn(const PeerData& data, int threads, Runners& to);
void add_torch(const PeerData& data, int threads, Runners& to);
void add_opencv(const PeerData& data, int threads, Runners& to);
void add_eigen(const PeerData& data, int threads, Runners& to);
void add_openblas(const PeerData& data, int threads, Runners& to);

/// The definition in double at a sample of cells, all borders among them.
struct Sample {
    size_t place;
    double value, magnitude;  // of the sum, and the sum of its terms' magnitudes
};
std::vector<Sample> reference(const PeerData& data);

/// Largest error over 2⁻²⁴ · Σ|terms|, and the most that summing float32 one by one may reach.
double scaled_error(const std::vector<Sample>& samples, const std::vector<float>& output);
double allowed_error(const BenchShape& shape);

}  // namespace convscope
