// Document → Result, whole or on a worker with progress and cancel; and the slow reference it is compared with.
#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "core/document.h"
#include "core/plane_levels.h"
#include "core/statistics.h"

namespace convscope {

/// The tensors of a Result may take so much where nothing else is said: 4 GiB.
inline constexpr int64_t kMostBytes = int64_t(4) << 30;

/// What to compute. What is left out has an empty tensor in the Result.
struct Want {
    bool optional_stages = true;   // stages like "stamped" that only some views show
    bool backward = false;
    int64_t batch = 0;             // which of the document's batches, from 1; 0: the last
    bool output_only = false;      // nothing but the last layer's output, without skips and backward pass: see following.h
    bool levels = false;           // smaller copies of large inputs and outputs, for painting them
    int64_t most_bytes = kMostBytes;   // what the tensors of the Result may take together
    bool operator==(const Want&) const = default;
};

struct LayerResult {
    Plan plan;
    Tensor input;
    std::vector<Tensor> stages;    // in the order of plan.stages; empty tensors where not wanted
    Tensor grad_output;            // what reached this layer, when the backward pass ran
    std::vector<PlaneStatistics> statistics;   // of the output's planes, n·C + c
    /// Buffers before each batch up to the computed one, and after it: [batch][buffer]. Eval mode has one entry.
    std::vector<std::vector<Tensor>> buffers;
    /// As this batch found them.
    std::span<const Tensor> buffers_before() const {
        return buffers.empty() ? std::span<const Tensor>() : buffers[buffers.size() - (buffers.size() > 1 ? 2 : 1)];
    }
    const Tensor& op_output() const { return stages[static_cast<size_t>(plan.output)]; }
    /// The stage that the next layer reads: the op's output, with a skip connection's input added where one ends here.
    int last_stage() const { return plan.skip.sum >= 0 ? plan.skip.sum : plan.output; }
    const Tensor& output() const { return stages[static_cast<size_t>(last_stage())]; }
};

/// What was computed, with the Document it came from. With a problem, `layers` ends before the layer that has it.
struct Result {
    Document document;
    std::vector<LayerResult> layers;
    std::optional<Problem> problem;
    int problem_layer = -1;
    int64_t batch = 1;                     // which one was computed
    std::optional<double> loss;            // where the backward start has one
    std::vector<TensorLevels> levels;      // where wanted: of the document's input and the layers' outputs, the large ones
};

/// Computes the document. Cancelled: none.
std::optional<Result> evaluate(const Document& document, Want want = {}, const Progress& progress = {});

/// Multiply-adds of the forward pass, 0 when the document has a problem: small documents are computed at once.
double work(const Document& document);

/// Bytes of all tensors that computing it would make, and the input's; 0 when the document has a problem.
int64_t needed_bytes(const Document& document, Want want = {});

/// Plans only: shapes after each layer, or the first problem.
Result plan_only(const Document& document);

/// The terms behind one cell of a Result, read from its float32 values.
Explanation explain(const Result& result, int layer, int stage, Index cell);

/// The definition itself: every stage of every layer as `explain` looped over its cells, in double.
struct Reference {
    std::vector<std::vector<DoubleTensor>> layers;   // [layer][stage]; optional stages too; backward ones when asked
};
/// The document must have no problem.
Reference evaluate_reference(const Document& document, bool backward);

/// One worker thread that computes the newest document given to it.
class Evaluator {
public:
    /// `threads`: how many compute, counting the worker; 0: as many as the machine runs at once.
    explicit Evaluator(int threads = 0);
    ~Evaluator();
    Evaluator(const Evaluator&) = delete;
    Evaluator& operator=(const Evaluator&) = delete;

    /// Starts on this document; a computation under way is cancelled first. `finished` is called on the worker.
    void start(Document document, Want want, std::function<void()> finished = {});
    /// The finished Result, once; none while working or after a cancel.
    std::optional<Result> take();
    void cancel();
    bool busy() const;
    double fraction() const;       // 0…1 of the work under way
    void wait();                   // until nothing runs
    /// Its threads, for what is computed at once; they help whoever comes first.
    Workers& workers();

private:
    struct Worker;
    std::unique_ptr<Worker> worker_;
};

}  // namespace convscope
