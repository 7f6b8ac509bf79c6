// How near PyTorch's numbers must be to those of a Result: equal, or as near as float32 rounding lets this document be.
#pragma once

#include <optional>
#include <vector>

#include "core/evaluate.h"

namespace convscope {

/// True when all numbers on the way are whole and so small that every order of adding is exact in float32.
bool is_exact(const Result& result);

/// The largest distances that rounding errors may make. They are measured: the document is computed twice with everything
/// shaken by a few roundings, and a few times the difference is allowed.
class ScriptTolerance {
  public:
    explicit ScriptTolerance(const Result& result);
    double of_output() const;
    /// Of a buffer after the batch.
    double of_buffer(size_t layer, size_t buffer) const;

  private:
    /// What a shaken evaluation gave.
    struct Shaken {
        Tensor output;
        std::vector<std::vector<Tensor>> buffers;  // [layer]: after the batch
    };
    static std::optional<Shaken> shake(const Result& result, uint64_t seed);

    const Result& result_;
    std::optional<Shaken> one_, other_;
};

}  // namespace convscope
