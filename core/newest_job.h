// One thread and one job waiting at most: the newest wins, and what it made can be taken once.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace convscope {

template <class Result>
class NewestJob {
public:
    /// Gives up early when it is cancelled; what it returns then is dropped.
    using Work = std::function<std::optional<Result>(const std::atomic<bool>& cancelled)>;

    NewestJob() = default;
    ~NewestJob() {
        {
            const std::lock_guard lock(mutex_);
            ending_ = true;
            waiting_.reset();
            cancelled_ = true;
        }
        woken_.notify_one();
        thread_.join();
    }
    NewestJob(const NewestJob&) = delete;
    NewestJob& operator=(const NewestJob&) = delete;

    /// Cancels what is under way. `finished` is called on the thread when the result can be taken.
    void start(Work work, std::function<void()> finished) {
        std::optional<Job> job = Job{std::move(work), std::move(finished)};
        std::optional<Result> unused;
        {
            const std::lock_guard lock(mutex_);
            waiting_.swap(job);
            result_.swap(unused);
            cancelled_ = true;
        }
        woken_.notify_one();
    }

    /// The finished result, once; none while something runs or waits, or after a cancel.
    std::optional<Result> take() {
        const std::lock_guard lock(mutex_);
        if (running_ || waiting_) return {};
        return std::exchange(result_, std::nullopt);
    }

    void cancel() {
        std::optional<Job> dropped;  // freed after the lock, as is the next
        std::optional<Result> unused;
        const std::lock_guard lock(mutex_);
        waiting_.swap(dropped);
        result_.swap(unused);
        cancelled_ = true;
    }

    bool busy() const {
        const std::lock_guard lock(mutex_);
        return running_ || waiting_;
    }

    /// Until nothing runs or waits, and nobody is being told.
    void wait() {
        std::unique_lock lock(mutex_);
        rested_.wait(lock, [&] { return !running_ && !telling_ && !waiting_; });
    }

private:
    struct Job {
        Work work;
        std::function<void()> finished;
    };

    void loop() {
        std::unique_lock lock(mutex_);
        for (;;) {
            woken_.wait(lock, [&] { return ending_ || waiting_; });
            if (ending_) return;
            Job job = std::move(*waiting_);
            waiting_.reset();
            running_ = true;
            cancelled_ = false;
            lock.unlock();
            std::optional<Result> made = job.work(cancelled_);
            lock.lock();
            // It may have been cancelled after the last time it asked: a cancelled job never has a result.
            const bool valid = made && !cancelled_;
            if (valid) result_ = std::move(made);
            running_ = false;
            if (valid && job.finished) {
                telling_ = true;
                lock.unlock();
                job.finished();
                lock.lock();
                telling_ = false;
            }
            if (!waiting_) rested_.notify_all();
            lock.unlock();
            job = {};  // what an old job held is freed outside the lock
            made.reset();
            lock.lock();
        }
    }

    mutable std::mutex mutex_;
    std::condition_variable woken_;    // a job came, or the end
    std::condition_variable rested_;   // nothing runs or waits any more
    std::optional<Job> waiting_;       // guarded by mutex_, as the next four
    std::optional<Result> result_;
    bool running_ = false;
    bool telling_ = false;             // `finished` is being called; the result can be taken already
    bool ending_ = false;
    std::atomic<bool> cancelled_{false};     // of the running job
    std::thread thread_{[this] { loop(); }};  // last: everything it uses stands
};

}  // namespace convscope
