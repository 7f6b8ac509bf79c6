// What an op says about a layer before computing it: shapes of weights and stages, or why it cannot be.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/params.h"
#include "core/window.h"

namespace convscope {

/// What a grid's numbers are; decides its colour everywhere.
enum class Role { input, kernel, output, gradient, neutral };

/// A one-click remedy: set parameter `key` to `value`.
struct Remedy {
    std::string label;  // "Use padding 2"
    std::string key;
    Value value;
};

/// Why a layer cannot be.
struct Problem {
    std::string sentence;            // what is wrong, with its numbers
    std::string advice;              // what would work
    std::string key;                 // the parameter that caused it; empty: the input
    std::vector<Remedy> remedies;    // at most two
    std::string whole() const { return advice.empty() ? sentence : sentence + " " + advice; }
};

struct WeightSpec {
    std::string name;                // PyTorch's: "weight", "bias"
    Shape shape;
    int rank = 4;                    // PyTorch's rank: 4, or 1 for a vector kept as 1×C×1×1
    std::string axes;                // "out, in, row, column"
};

/// A tensor that the layer keeps from batch to batch.
struct BufferSpec {
    std::string name;                // PyTorch's: "running_mean"
    Shape shape;
    int rank = 1;                    // PyTorch's rank; 0: one number, kept as 1×1×1×1
    float initial = 0;               // of a fresh layer
    int next = -1;                   // the stage that is its value after this batch; −1: it stays as it is
};

/// One named tensor on the way through a layer. The number of terms that explain a cell is
/// `per_cell · rows[h] · columns[w] + extra` (a vector of one value holds for every row or column).
struct StageSpec {
    std::string name;                // "output", "stamped", "grad_input", …
    Shape shape;
    Role role = Role::output;
    bool optional = false;           // computed only when a Want names it
    bool backward = false;           // needs a gradient of the output
    int64_t per_cell = 1;
    std::vector<int64_t> rows{1}, columns{1};
    int64_t extra = 0;

    int64_t terms(Index cell) const {
        const auto pick = [](const std::vector<int64_t>& v, int64_t i) {
            return v[v.size() == 1 ? 0 : static_cast<size_t>(i)];
        };
        return per_cell * pick(rows, cell.h) * pick(columns, cell.w) + extra;
    }
};

/// Where skip connections end or start at a layer. The chain fills it in (core/skips.h), no op knows of it; its stages
/// stand behind those of the op.
struct SkipPlan {
    int sum = -1;                    // stage "skip_sum" = output + the input of layer `from`; −1: no skip ends here
    int from = -1;
    int grad_total = -1;             // stage "grad_total" = grad_input + grad_output of every layer in `ends`
    std::vector<int> ends;
};

struct Plan {
    std::optional<Problem> problem;  // when set, nothing else counts
    bool training = true;            // it was planned for train mode
    std::vector<WeightSpec> weights;
    std::vector<BufferSpec> buffers;
    std::vector<StageSpec> stages;   // forward stages in order of computation, then backward ones
    int output = 0;                  // the op's output; the next layer reads it, or the skip's sum
    SkipPlan skip;
    std::optional<Window> window;    // for ops that slide or stamp a window

    /// Index of the stage of that name, or −1.
    int stage(std::string_view name) const {
        for (size_t i = 0; i < stages.size(); ++i)
            if (stages[i].name == name) return static_cast<int>(i);
        return -1;
    }
    const StageSpec& output_stage() const { return stages[static_cast<size_t>(output)]; }
};

}  // namespace convscope
