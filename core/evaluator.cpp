// The worker: one thread, one document waiting at most, the newest wins.
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "core/evaluate.h"
#include "core/workers.h"

namespace convscope {

struct Evaluator::Worker {
    struct Job {
        Document document;
        Want want;
        std::function<void()> finished;
    };

    mutable std::mutex mutex;
    std::condition_variable woken;   // a job came, or the end
    std::condition_variable rested;  // nothing runs or waits any more
    std::optional<Job> waiting;      // guarded by mutex, as the next four
    std::optional<Result> result;
    bool running = false;
    bool telling = false;  // `finished` is being called; the result can be taken already
    bool ending = false;
    std::atomic<bool> cancelled{false};  // of the running job
    std::atomic<double> fraction{0};
    Workers workers;
    std::thread thread{[this] { loop(); }};  // last: everything it uses stands

    explicit Worker(int threads) : workers(threads) {}
    ~Worker() {
        {
            const std::lock_guard lock(mutex);
            ending = true;
            waiting.reset();
            cancelled = true;
        }
        woken.notify_one();
        thread.join();
    }

    void loop() {
        std::unique_lock lock(mutex);
        for (;;) {
            woken.wait(lock, [&] { return ending || waiting; });
            if (ending) return;
            Job job = std::move(*waiting);
            waiting.reset();
            running = true;
            cancelled = false;
            fraction = 0;
            lock.unlock();

            Progress progress;
            progress.report = [this](double f) { fraction = f; };
            progress.cancelled = [this] { return cancelled.load(); };
            progress.workers = &workers;
            std::optional<Result> computed = evaluate(job.document, job.want, progress);

            lock.lock();
            // `cancelled` may have come after the last time evaluate asked: a cancelled job never has a result.
            const bool valid = computed && !cancelled;
            if (valid) result = std::move(computed);
            running = false;
            fraction = 1;
            if (valid && job.finished) {
                telling = true;
                lock.unlock();
                job.finished();
                lock.lock();
                telling = false;
            }
            if (!waiting) rested.notify_all();
            lock.unlock();
            job = {};  // tensors of an old document are freed outside the lock
            computed.reset();
            lock.lock();
        }
    }
};

Evaluator::Evaluator(int threads) : worker_(std::make_unique<Worker>(threads)) {}
Evaluator::~Evaluator() = default;

void Evaluator::start(Document document, Want want, std::function<void()> finished) {
    std::optional<Worker::Job> job = Worker::Job{std::move(document), want, std::move(finished)};
    std::optional<Result> unused;
    {
        const std::lock_guard lock(worker_->mutex);
        worker_->waiting.swap(job);
        worker_->result.swap(unused);
        worker_->cancelled = true;
        worker_->fraction = 0;
    }
    worker_->woken.notify_one();
}

std::optional<Result> Evaluator::take() {
    const std::lock_guard lock(worker_->mutex);
    if (worker_->running || worker_->waiting) return {};
    return std::exchange(worker_->result, std::nullopt);
}

void Evaluator::cancel() {
    std::optional<Worker::Job> dropped;
    std::optional<Result> unused;
    {
        const std::lock_guard lock(worker_->mutex);
        worker_->waiting.swap(dropped);
        worker_->result.swap(unused);
        worker_->cancelled = true;
    }
}

bool Evaluator::busy() const {
    const std::lock_guard lock(worker_->mutex);
    return worker_->running || worker_->waiting;
}

double Evaluator::fraction() const { return worker_->fraction; }

Workers& Evaluator::workers() { return worker_->workers; }

void Evaluator::wait() {
    std::unique_lock lock(worker_->mutex);
    worker_->rested.wait(
        lock, [&] { return !worker_->running && !worker_->telling && !worker_->waiting; });
}

}  // namespace convscope
