#include "core/signals.h"

#include <algorithm>
#include <cmath>

namespace convscope {
namespace {

struct Size {
    double mean = std::nan(""), rms = std::nan(""), norm = std::nan(""), largest = std::nan("");
};

Size size_of(const Tensor& tensor) {
    if (tensor.values().empty()) return {};
    double sum = 0, squares = 0, largest = 0;
    for (const float value : tensor.values()) {
        const auto v = static_cast<double>(value);
        sum += v;
        squares += v * v;
        largest = std::max(largest, std::abs(v));
    }
    if (std::isnan(squares)) largest = squares;
    const auto count = static_cast<double>(tensor.values().size());
    return {sum / count, std::sqrt(squares / count), std::sqrt(squares), largest};
}

bool is_same(const Layer& a, const Layer& b) {
    return a.op == b.op && a.skip == b.skip && a.params == b.params;
}

bool is_same(const std::vector<Layer>& layers, const Block& a, const Block& b) {
    if (a.last - a.first != b.last - b.first) return false;
    for (int k = 0; k <= a.last - a.first; ++k)
        if (!is_same(layers[static_cast<size_t>(a.first + k)],
                     layers[static_cast<size_t>(b.first + k)]))
            return false;
    return true;
}

}  // namespace

std::vector<LayerSignals> signals(const Result& result) {
    std::vector<LayerSignals> all;
    for (const LayerResult& layer : result.layers) {
        if (layer.stages.empty()) break;  // planned only
        LayerSignals signals;
        const Size output = size_of(layer.output()), gradient = size_of(layer.grad_output);
        signals.output_mean = output.mean;
        signals.output_rms = output.rms;
        signals.output_largest = output.largest;
        signals.signal_rms = gradient.rms;
        signals.signal_largest = gradient.largest;
        for (const WeightSpec& weight : layer.plan.weights) {
            const int stage = layer.plan.stage("grad_" + weight.name);
            if (stage < 0 || layer.stages[static_cast<size_t>(stage)].empty()) continue;
            const Size size = size_of(layer.stages[static_cast<size_t>(stage)]);
            signals.weights.push_back({weight.name, size.rms, size.norm, size.largest});
        }
        all.push_back(std::move(signals));
    }
    return all;
}

std::vector<Repeat> repeats_of(const Document& document) {
    const std::vector<Block> blocks = blocks_of(document);
    const int count = static_cast<int>(blocks.size());
    const auto repeats = [&](int block, int step) {
        return is_same(document.layers, blocks[static_cast<size_t>(block)],
                       blocks[static_cast<size_t>(block + step)]);
    };
    // equal[p − 1][i]: how many blocks from i on equal those p further on.
    const int most = std::min(kMostBlocksPerRepeat, count / 2);
    std::vector<std::vector<int>> equal(static_cast<size_t>(most));
    for (int step = 1; step <= most; ++step) {
        std::vector<int>& along = equal[static_cast<size_t>(step - 1)];
        along.assign(static_cast<size_t>(count) + 1, 0);
        for (int i = count - step - 1; i >= 0; --i)
            along[static_cast<size_t>(i)] =
                repeats(i, step) ? along[static_cast<size_t>(i + 1)] + 1 : 0;
    }
    std::vector<Repeat> found;
    for (int at = 0; at < count;) {
        Repeat best{at, 1, 1};
        for (int step = 1; step <= most; ++step) {
            const int times =
                1 + equal[static_cast<size_t>(step - 1)][static_cast<size_t>(at)] / step;
            if (times > 1 && step * times > best.blocks_per_repeat * best.times)
                best = {at, step, times};
        }
        found.push_back(best);
        at = best.last_block() + 1;
    }
    return found;
}

}  // namespace convscope
