// The thread pool: every part once, whoever does it; cancellation, exceptions, runs within runs.
#include "core/workers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

#include "core/progress.h"

namespace convscope {
namespace {

/// How often each of `count` parts was done.
std::vector<int> counts_of(Workers& workers, int64_t count) {
    std::vector<std::atomic<int>> counts(static_cast<size_t>(count));
    EXPECT_TRUE(workers.run(count, [&](int64_t i) { ++counts[static_cast<size_t>(i)]; }, {}));
    return {counts.begin(), counts.end()};
}

TEST(Workers, DoEveryPartOnce) {
    for (const int threads : {1, 2, 3, 8}) {
        Workers workers(threads);
        EXPECT_EQ(workers.threads(), threads);
        for (int64_t count : {0, 1, 2, 3, 7, 64, 1000})
            for (int repeat = 0; repeat < 50; ++repeat) {
                EXPECT_EQ(std::ranges::count(counts_of(workers, count), 1), count);
            }
    }
}

/// The end comes while workers go to sleep after the last run: one that misses it is waited for forever.
TEST(Workers, EndAtAnyMoment) {
    for (int i = 0; i < 500; ++i) {
        Workers workers(8);
        std::atomic<int> done{0};
        for (int repeat = 0; repeat < 10; ++repeat)
            EXPECT_TRUE(workers.run(1000, [&](int64_t) { ++done; }, {}));
        EXPECT_EQ(done, 10'000);
    }
}

TEST(Workers, AreOfUse) {
    // Two parts that wait for each other end only when two threads do them.
    Workers workers(2);
    std::atomic<int> met{0};
    EXPECT_TRUE(workers.run(2,
                            [&](int64_t) {
                                ++met;
                                while (met < 2) std::this_thread::yield();
                            },
                            {}));
}

TEST(Workers, LeaveOutWhatIsCancelled) {
    for (const int threads : {1, 4}) {
        Workers workers(threads);
        std::atomic<int64_t> done{0};
        EXPECT_FALSE(workers.run(
            1'000'000, [&](int64_t) { ++done; }, [](int64_t) { return false; }));
        EXPECT_LT(done, 1'000'000);
        EXPECT_EQ(std::ranges::count(counts_of(workers, 100), 1), 100);  // usable afterwards
    }
}

TEST(Workers, ThrowWhatAPartThrows) {
    for (const int threads : {1, 4}) {
        Workers workers(threads);
        for (int repeat = 0; repeat < 50; ++repeat) {
            const auto part = [](int64_t i) {
                if (i == 5) throw std::runtime_error("five");
            };
            EXPECT_THROW(workers.run(100, part, {}), std::runtime_error);
        }
        EXPECT_EQ(std::ranges::count(counts_of(workers, 100), 1), 100);
    }
}

TEST(Workers, RunWithinARun) {
    Workers workers(4);
    std::atomic<int64_t> sum{0};
    workers.run(10, [&](int64_t i) { workers.run(10, [&](int64_t k) { sum += 10 * i + k; }, {}); },
                {});
    EXPECT_EQ(sum, 99 * 100 / 2);
}

TEST(Workers, TwoCallersAtOnce) {
    Workers workers(3);
    const auto caller = [&] {
        for (int repeat = 0; repeat < 200; ++repeat)
            EXPECT_EQ(std::ranges::count(counts_of(workers, 64), 1), 64);
    };
    std::thread other(caller);
    caller();
    other.join();
}

TEST(RunParts, ReportsAndStops) {
    Workers workers(2);
    for (Workers* helpers : {static_cast<Workers*>(nullptr), &workers}) {
        std::vector<double> told;
        Progress progress{[&](double f) { told.push_back(f); }, {}, helpers};
        std::atomic<int> parts{0};
        EXPECT_TRUE(run_parts(progress, 100, [&](int64_t) { ++parts; }));
        EXPECT_EQ(parts, 100);
        EXPECT_TRUE(std::ranges::is_sorted(told));
        if (!helpers) { EXPECT_EQ(told.back(), 1.0); }
        progress.cancelled = [] { return true; };
        parts = 0;
        EXPECT_FALSE(run_parts(progress, 100'000, [&](int64_t) { ++parts; }));
        EXPECT_LT(parts, 100'000);
    }
}

}  // namespace
}  // namespace convscope
