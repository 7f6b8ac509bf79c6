// What a pass works out from its geometry and its weights, kept for the next call with both: to pack the weights of a
// generator's layer takes longer than to compute it.
#pragma once

#include <memory>
#include <vector>

#include "core/conv_passes.h"

namespace convscope {

/// Made from (geometry, weight), `Ready` says in bytes() what it holds. Beside it the weight is kept: whoever writes to a
/// tensor that is shared writes to a copy, so what is kept is never out of date. At most kMostBytes, the newest; and when
/// something new comes, nothing of weights that nobody else has any more. One for each thread.
template <class Ready>
class KeptReady {
  public:
    std::shared_ptr<const Ready> of(const ConvGeometry& g, const Tensor& weight) {
        for (size_t i = kept_.size(); i-- > 0;)
            if (kept_[i].weight.same_as(weight) && kept_[i].ready->geometry() == g)
                return kept_[i].ready;
        std::erase_if(kept_, [](const Kept& kept) { return !kept.weight.is_shared(); });
        kept_.push_back({weight, std::make_shared<const Ready>(g, weight)});
        const std::shared_ptr<const Ready> ready = kept_.back().ready;
        size_t bytes = 0, first = kept_.size();
        while (first > 0 && kept_.size() - first < kMost &&
               (bytes += kept_[first - 1].ready->bytes()) <= kMostBytes)
            --first;
        kept_.erase(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(first));
        return ready;
    }

  private:
    static constexpr size_t kMost = 64, kMostBytes = size_t(16) << 20;
    struct Kept {
        Tensor weight;
        std::shared_ptr<const Ready> ready;
    };
    std::vector<Kept> kept_;
};

}  // namespace convscope
