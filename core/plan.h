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

struct Plan {
    std::optional<Problem> problem;  // when set, nothing else counts
    std::vector<WeightSpec> weights;
    std::vector<StageSpec> stages;   // forward stages in order of computation, then backward ones
    int output = 0;                  // which stage the next layer reads
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
