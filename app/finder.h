// Finder: everything that can be done or gone to, by a few letters of its name: the rows of the command palette.
#pragma once

#include "app/app.h"

namespace convscope {

struct Found {
    std::string group;           // "Commands", "Parameters", "Examples/Chains"
    std::string label;           // "Set stride to 2"
    std::string hint;            // where it lives, or what is there now: "Conv2d, now 1"
    std::string key = {};        // as in the command table
    bool enabled = true;
    std::function<void(App&)> run;
    std::string field = {};      // instead of `run`: the parameter whose field gets the keyboard
    std::vector<std::pair<size_t, size_t>> matches = {};   // of the label: byte, length
};

/// What fits the typed words, best groups first; everything for an empty text. Besides names it understands a parameter with
/// a value ("stride 2", "padding same"), a cell ("output 1,3", "kernel 0 1"), "step 12", "layer 3", "channel 2" and PyTorch
/// text.
std::vector<Found> find_everything(const App& app, const std::string& typed);

}  // namespace convscope
