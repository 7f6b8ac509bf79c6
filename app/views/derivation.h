// Derivation: how one output cell of a layer without a window comes about, stage by stage, with the numbers filled in.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/views/view.h"

namespace convscope {

/// One stage's cell: its name, what it is made of, and its value.
struct DerivationLine {
    int stage = 0;
    std::string name;                  // "mean"
    std::vector<Run> made_of;          // "(3 − 2.5) / √(1.25 + 0.00001)"
    Index cell;
    double value = 0;
};

/// The weight of an input cell in the output: "0.25" of a blend.
struct ReadCell {
    Index cell;
    double factor = 1;
};

struct Derivation {
    Explanation told;                  // of the output cell
    std::vector<DerivationLine> lines; // in the order of computation; the last is the output's
    std::vector<ReadCell> read;        // input cells that stand in the lines, each once
    std::vector<std::string> statistics;      // stages on the way that are made of many numbers: "mean", "var"
    std::vector<std::string> kept;     // or that are a number which the layer keeps: "running_mean"
    int64_t group = 0;                 // how many numbers of the channel, over samples, rows and columns, these are made of
};

Derivation derive(const ViewInput& in, Index cell);

/// The formula of a stage's cell, with the numbers of input and weights in their colours and each with its source.
std::vector<Run> formula_runs(const ViewInput& in, const Explanation& e, int stage, Index cell);

}  // namespace convscope
