#include "core/progress.h"

#include "core/workers.h"

namespace convscope {

Progress part_of(const Progress& progress, double from, double share) {
    Progress part;
    part.cancelled = progress.cancelled;
    part.workers = progress.workers;
    if (progress.report)
        part.report = [&progress, from, share](double f) { progress.report(from + share * f); };
    return part;
}

bool run_each_part(const Progress& progress, int64_t count,
                   const std::function<void(int64_t)>& part) {
    const auto between = [&](int64_t done) {
        if (progress.report)
            progress.report(static_cast<double>(done) / static_cast<double>(count));
        return done == count || !progress.stop();
    };
    if (progress.workers) return progress.workers->run(count, part, between);
    for (int64_t i = 0; i < count; ++i) {
        part(i);
        if (!between(i + 1)) return false;
    }
    return true;
}

}  // namespace convscope
