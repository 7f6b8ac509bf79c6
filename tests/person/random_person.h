// A person who does anything: draws script lines (docs/scripting.md) for a window that is open, the same ones for the same seed.
#pragma once

#include <cstdint>
#include <deque>
#include <random>
#include <string>
#include <vector>

#include "app/cli/frame.h"

namespace convscope {

class RandomPerson {
public:
    /// `files` lie in `folder`; the person saves nothing outside of it.
    RandomPerson(uint64_t seed, std::string folder, std::vector<std::string> files);

    /// What is done next, as a line of a script. Looks at what is in sight.
    std::string next(Frame& frame);

private:
    std::string draw(Frame& frame);
    std::string widget(Frame& frame);          // "\"Parameters/stride\"", or its place on the window
    std::string cell(Frame& frame);            // "input 2,3"; a place of the canvas when there is no grid
    std::string place(Frame& frame);           // "window 40,60"
    std::string anything(Frame& frame);        // one of these
    std::string chord();
    std::string setting(Frame& frame);         // "stride=2"
    std::string views();

    bool chance(double share) { return std::uniform_real_distribution<>(0, 1)(random_) < share; }
    int64_t number(int64_t low, int64_t high) { return std::uniform_int_distribution<int64_t>(low, high)(random_); }
    template <class List>
    const auto& any_of(const List& list) { return list[static_cast<size_t>(number(0, std::ssize(list) - 1))]; }

    std::mt19937_64 random_;
    std::string folder_;
    std::vector<std::string> files_;
    std::deque<std::string> planned_;                // lines of a gesture that has begun
    bool holds_ = false, hurries_ = false;
};

}  // namespace convscope
