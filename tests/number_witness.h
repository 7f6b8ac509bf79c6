// Works the numbers of a picture out again from where they say they come from: by the definition of every layer, looped
// over its cells in double, and by walking the timeline. No code of a view is used.
#pragma once

#include <map>
#include <tuple>

#include "app/views/view.h"
#include "tests/layer_case.h"

namespace convscope {

/// A number as the reference has it, and how far float32 may be from it.
struct Known {
    double value = 0, error = 0;
};

/// The layers of a computed document by definition, each on the float32 input and gradient that reached it.
class KnownLayers {
  public:
    explicit KnownLayers(const Result& result);
    /// The number at `ref` of a layer. A constant is what the window's padding holds.
    Known at(const Ref& ref, int layer) const;
    /// Of a whole tensor of stage `stage`, in the other mode where `other`; none where it is not there.
    const DoubleTensor* stage(int layer, int stage, bool other = false) const;
    /// Every cell of a channel of an input or stage.
    std::vector<Known> channel(const Ref& ref, int layer, bool other) const;
    Explanation explained(int layer, int stage, Index cell) const;
    /// Terms of a cell as far as they are told: what a crop or a fold of the padding reads, not that step itself.
    std::vector<Term> terms(int layer, int stage, Index cell) const;
    const Result& result() const { return result_; }
    const LayerResult& layer(int layer) const { return result_.layers[static_cast<size_t>(layer)]; }

  private:
    Known in_truth(const Truth& truth, int stage, Index cell) const;
    Document alone(int layer, bool training, std::span<const Tensor> buffers) const;

    const Result& result_;
    std::vector<Document> documents_;
    std::vector<Truth> truths_;
    mutable std::map<int, Truth> others_;    // the layers in the other mode
};

/// All there is to know about the numbers of one scene.
class Witness {
  public:
    /// `networks`: the edited one, then those beside it.
    Witness(const ViewInput& in, std::vector<const KnownLayers*> networks);
    /// None, with a failure, for a name that nobody knows.
    std::optional<Known> work_out(const NumberSource& source) const;
    /// Terms of output cell `cell` done in steps (first, last], as they combine; only those of input channel `channel`
    /// when it is not negative.
    Known so_far(Index cell, int64_t first, int64_t last, int64_t channel = -1) const;
    const KnownLayers& layers() const { return *networks_.front(); }
    const ViewInput& in() const { return in_; }
    const LayerResult& layer() const { return layers().layer(in_.layer); }
    const Layer& described() const {
        return layers().result().document.layers[static_cast<size_t>(in_.layer)];
    }
    /// Root of the mean square of the gradient that reaches a block's output; blocks count from 1.
    Known signal(int network, int64_t block) const;

  private:
    Known statistic_of_channel(const std::string& name, const NumberSource& source) const;
    std::optional<Known> of_maps(const std::string& name, const NumberSource& source) const;
    std::optional<Known> of_blocks(const std::string& name, const NumberSource& source) const;
    std::optional<Known> of_coverage(const std::string& name, const NumberSource& source) const;
    std::optional<Known> of_measured(const std::string& name, const NumberSource& source) const;

    const ViewInput& in_;
    std::vector<const KnownLayers*> networks_;
    mutable std::map<std::tuple<int64_t, int64_t, int64_t>, std::map<Index, Known>> stamped_;   // of steps, channel
    mutable std::map<std::pair<std::string, int64_t>, std::map<Index, double>> counts_;
};

}  // namespace convscope
