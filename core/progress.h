// What a long computation is given by whoever waits for it.
#pragma once

#include <cstdint>
#include <functional>

namespace convscope {

class Workers;

/// Progress and cancellation of a running computation, and who helps with it. Any may be null.
struct Progress {
    std::function<void(double fraction)> report;  // fraction of this layer done, 0…1
    std::function<bool()> cancelled;              // asked every few milliseconds
    Workers* workers = nullptr;
    bool stop() const { return cancelled && cancelled(); }
};

/// Progress of a part of the whole: its own 0…1 becomes from…from + share.
Progress part_of(const Progress& progress, double from, double share);

/// Calls part(i) once for every i in 0…count−1, on all threads there are, and reports. False when cancelled, with parts left
/// out. Part is only referred to: a function made of a copy of it would allocate.
bool run_each_part(const Progress& progress, int64_t count,
                   const std::function<void(int64_t)>& part);
template <class Part>
bool run_parts(const Progress& progress, int64_t count, const Part& part) {
    return run_each_part(progress, count, std::cref(part));
}

}  // namespace convscope
