// One 64-bit word holds the number of the job and how many of its parts nobody has begun. Whoever takes one off owns that
// part, and the job cannot end before the part has: so nothing of an old job is ever touched.
#include "core/workers.h"

#if defined(__linux__)
#include <pthread.h>
#include <sched.h>
#endif

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "core/check.h"

namespace convscope {
namespace {

constexpr int64_t kMostParts = (int64_t(1) << 32) - 1;
constexpr int kMostThreads = 256;
constexpr int kSpins = 4000;  // a few tens of microseconds: the next layer of a chain comes sooner

void pause() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

bool run_alone(int64_t count, const std::function<void(int64_t)>& part,
               const std::function<bool(int64_t)>& between) {
    for (int64_t i = 0; i < count; ++i) {
        part(i);
        if (between && !between(i + 1)) return false;
    }
    return true;
}

}  // namespace

struct Workers::Pool {
    std::mutex running;  // held by the one caller whose parts are shared
    const std::function<void(int64_t)>* part = nullptr;
    int64_t count = 0;
    std::exception_ptr thrown;  // the first one; guarded by `throwing`
    std::mutex throwing;
    std::atomic<uint64_t> left{0};   // job number · 2³² + parts not yet begun
    std::atomic<int64_t> done{0};    // parts that returned, or were left out
    std::atomic<uint32_t> calls{0};  // changes when there is something to do, and at the end
    std::atomic<int> sleepers{0};
    std::atomic<bool> ending{false};
    uint64_t job = 0;
    std::vector<std::thread> threads;
#if defined(__linux__)
    cpu_set_t allowed{};
    int avoided = -1;  // the processor that the workers keep off
#endif

    Pool() {
#if defined(__linux__)
        if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) CPU_ZERO(&allowed);
#endif
    }

    /// Keeps the workers off the caller's processor. A thread is often woken on the processor of whoever wakes it, and there
    /// it would wait for a time slice until the caller has done everything alone.
    void make_way() {
#if defined(__linux__)
        const int here = sched_getcpu();
        if (here < 0 || here == avoided || CPU_COUNT(&allowed) < 2) return;
        cpu_set_t others = allowed;
        CPU_CLR(static_cast<size_t>(here), &others);
        for (std::thread& thread : threads)
            pthread_setaffinity_np(thread.native_handle(), sizeof others, &others);
        avoided = here;
#endif
    }

    /// Does one part; false when none is left.
    bool do_one() {
        uint64_t word = left.load(std::memory_order_acquire);
        do {
            if ((word & kMostParts) == 0) return false;
        } while (!left.compare_exchange_weak(word, word - 1, std::memory_order_acq_rel));
        try {
            (*part)(count - static_cast<int64_t>(word & kMostParts));
        } catch (...) {
            const std::lock_guard lock(throwing);
            if (!thrown) thrown = std::current_exception();
            done.fetch_add(leave_out(), std::memory_order_release);
        }
        done.fetch_add(1, std::memory_order_release);
        return true;
    }

    /// Takes all parts that nobody has begun and returns how many they were. Only while a part of the job is under way, or
    /// by the caller.
    int64_t leave_out() {
        uint64_t word = left.load(std::memory_order_acquire);
        while (!left.compare_exchange_weak(word, word & ~static_cast<uint64_t>(kMostParts),
                                           std::memory_order_acq_rel)) {}
        return static_cast<int64_t>(word & kMostParts);
    }

    void work() {
        for (;;) {
            // First the calls, then whether it ends: the end is a call too, and one seen here would not wake anybody.
            const uint32_t seen = calls.load(std::memory_order_acquire);
            if (ending) return;
            if (do_one()) continue;
            int spins = 0;
            while (spins < kSpins && calls.load(std::memory_order_relaxed) == seen) {
                pause();
                ++spins;
            }
            if (spins < kSpins) continue;
            sleepers.fetch_add(1);
            calls.wait(seen);
            sleepers.fetch_sub(1);
        }
    }

    void call() {
        calls.fetch_add(1);
        if (sleepers.load() > 0) calls.notify_all();
    }
};

Workers::Workers(int threads) : pool_(std::make_unique<Pool>()) {
    if (threads < 1) threads = static_cast<int>(std::thread::hardware_concurrency());
    threads = std::clamp(threads, 1, kMostThreads);
    for (int i = 1; i < threads; ++i)
        pool_->threads.emplace_back([pool = pool_.get()] { pool->work(); });
}

Workers::~Workers() {
    pool_->ending = true;
    pool_->calls.fetch_add(1);
    pool_->calls.notify_all();
    for (std::thread& thread : pool_->threads) thread.join();
}

int Workers::threads() const { return static_cast<int>(pool_->threads.size()) + 1; }

bool Workers::run(int64_t count, const std::function<void(int64_t)>& part,
                  const std::function<bool(int64_t)>& between) {
    CHECK_THAT(count, <=, kMostParts);
    if (pool_->threads.empty() || count < 2) return run_alone(count, part, between);
    std::unique_lock lock(pool_->running, std::try_to_lock);
    if (!lock) return run_alone(count, part, between);
    Pool& pool = *pool_;
    pool.part = &part;
    pool.count = count;
    pool.thrown = nullptr;
    pool.done.store(0, std::memory_order_relaxed);
    pool.left.store((++pool.job << 32) | static_cast<uint64_t>(count), std::memory_order_release);
    pool.make_way();
    pool.call();
    bool goes_on = true;
    while (pool.do_one())
        if (goes_on && between && !between(pool.done.load(std::memory_order_relaxed))) {
            goes_on = false;
            pool.done.fetch_add(pool.leave_out(), std::memory_order_release);
        }
    while (pool.done.load(std::memory_order_acquire) < count) pause();
    if (pool.thrown) std::rethrow_exception(pool.thrown);
    return goes_on;
}

}  // namespace convscope
