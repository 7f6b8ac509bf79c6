// The worker of the window: the newest document that was asked for.
#include <utility>

#include "core/evaluate.h"
#include "core/newest_job.h"
#include "core/workers.h"

namespace convscope {

struct Evaluator::Worker {
    explicit Worker(int threads) : workers(threads) {}

    std::atomic<double> fraction{0};
    Workers workers;
    NewestJob<Result> job;  // last: its thread uses the others
};

Evaluator::Evaluator(int threads) : worker_(std::make_unique<Worker>(threads)) {}
Evaluator::~Evaluator() = default;

void Evaluator::start(Document document, Want want, std::function<void()> finished) {
    Worker& worker = *worker_;
    worker.fraction = 0;
    const auto work = [&worker, document = std::move(document), want](const std::atomic<bool>& cancelled) {
        Progress progress;
        progress.report = [&](double f) { worker.fraction = f; };
        progress.cancelled = [&] { return cancelled.load(); };
        progress.workers = &worker.workers;
        worker.fraction = 0;
        std::optional<Result> result = evaluate(document, want, progress);
        worker.fraction = 1;
        return result;
    };
    worker.job.start(work, std::move(finished));
}

std::optional<Result> Evaluator::take() { return worker_->job.take(); }
void Evaluator::cancel() { worker_->job.cancel(); }
bool Evaluator::busy() const { return worker_->job.busy(); }
double Evaluator::fraction() const { return worker_->fraction; }
Workers& Evaluator::workers() { return worker_->workers; }
void Evaluator::wait() { worker_->job.wait(); }

}  // namespace convscope
