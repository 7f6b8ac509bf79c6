// When the work is written: small documents within the frame, large tensors aside.
#include "app/work_keeper.h"

#include <algorithm>
#include <chrono>
#include <new>

#include <fmt/format.h>

#include "app/app_parts.h"
#include "app/app_work.h"

namespace convscope {
namespace {

constexpr double kGestureAtMost_s = 1;   // a gesture that nobody ended: this long after its last edit
constexpr double kStandEvery_s = 2, kFlushAfter_s = 2;
/// More than so many values, as text or new in files, are written aside.
constexpr int64_t kAsideValues = 1 << 18;

bool is_known(const Tensor& tensor, const std::vector<TensorFile>& known) {
    return std::ranges::any_of(known, [&](const TensorFile& file) { return file.tensor.same_as(tensor); });
}

std::vector<Document> others_of(const State& state) {
    std::vector<Document> documents;
    for (const Network& network : state.others)
        if (!network.resizes) documents.push_back(network.document);
    return documents;
}

}  // namespace

WorkKeeper::~WorkKeeper() { wait(); }

void WorkKeeper::begin(App& app, const std::string& root, bool starts_on_file) {
    if (root.empty()) return;
    root_ = root;
    std::vector<KeptWork> offered;
    bool is_newest = true;
    for (KeptWork& kept : find_kept_work(root)) {
        const bool comes_by_itself = is_newest && !starts_on_file && (kept.closed || !kept.changed);
        is_newest = false;
        if (comes_by_itself) comes_ = std::move(kept);
        else if (kept.changed) offered.push_back(std::move(kept));
        else remove_work(kept);  // its file has it all, or it was never touched
    }
    offer_work(app, std::move(offered));
    if (!comes_) open_new(app);
    else if (!comes_->is_large) bring_back(app);
}

void WorkKeeper::open_new(App& app) {
    std::string error;
    own_ = new_work_folder(root_, error);
    if (!own_.lock) say(app, "The work is not being kept: " + error, true);
}

/// The window goes on in the folder of the one that was closed.
void WorkKeeper::bring_back(App& app) {
    KeptWork kept = *std::exchange(comes_, std::nullopt);
    Work work;
    std::string error;
    if (read_work(kept.folder, work, error)) {
        come_back(app, std::move(work));
        own_ = std::move(kept);
        return;
    }
    say(app, fmt::format("{} Its files stay in {}.", error, kept.folder), true);
    open_new(app);
}

void WorkKeeper::wait() {
    if (writing_.valid()) writing_.wait();
    if (flushing_.valid()) flushing_.wait();
}

void WorkKeeper::keep(App& app, double now_s) {
    if (comes_) bring_back(app);
    if (!own_.lock) return;
    if (writing_.valid()) {
        if (writing_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return;
        take(app, writing_.get());
    }
    const State& state = app.state;
    if (state.document != seen_) {
        seen_ = state.document;
        changed_s_ = now_s;
    }
    const bool in_gesture = state.history.in_gesture() && state.history.can_undo() && now_s - changed_s_ < kGestureAtMost_s;
    // While a gesture runs, what was there before it: the gesture before may have had no end.
    const Kept now{in_gesture ? state.history.before() : state.document, others_of(state), state.file, is_changed(state)};
    // What was restored goes from its old place when this window has it; while the disk is full, not every frame is a try.
    const bool same = any_ && now == kept_ && (state.spent.empty() || now_s - written_s_ < kStandEvery_s);
    const bool moved = !in_gesture && now_s - written_s_ >= kStandEvery_s && stand_of(state) != kept_stand_;
    if (!same || moved) write(app, now, now_s, false);
    flush(now_s);
}

void WorkKeeper::flush(double now_s) {
    if (!unflushed_ || writing_.valid()) return;
    if (unflushed_s_ < 0) unflushed_s_ = now_s;
    if (now_s - unflushed_s_ < kFlushAfter_s) return;
    if (flushing_.valid() && flushing_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return;
    if (flushing_.valid() && flushing_.get()) flushed_names_ = std::move(flushing_names_);
    flushing_names_.clear();
    for (const TensorFile& file : unflushed_->tensors) flushing_names_.push_back(file.name);
    flushing_ = std::async(std::launch::async, [files = std::move(*unflushed_), folder = own_.folder] {
        return flush_work(folder, files);
    });
    unflushed_.reset();
}

void WorkKeeper::close(App& app) {
    if (!own_.lock) return;
    if (writing_.valid()) take(app, writing_.get());
    const State& state = app.state;
    write(app, {state.document, others_of(state), state.file, is_changed(state)}, 0, true);
    wait();
    if (unflushed_) flush_work(own_.folder, *unflushed_);
}

void WorkKeeper::write(App& app, Kept now, double now_s, bool closed) {
    Work work = work_of(app.state);
    work.document = storable(now.document);
    work.closed = closed;
    kept_ = std::move(now);
    kept_stand_ = work.stand;
    written_s_ = now_s;
    any_ = true;
    spent_ = std::move(app.state.spent);
    app.state.spent.clear();
    size_t bytes = 0;
    int64_t values = 0;
    const auto count = [&](const Document& document) {
        const bool is_image = std::holds_alternative<FromImage>(document.input.origin);
        for (const Tensor* tensor : all_tensors(document)) {
            if (is_image && tensor == &document.input.tensor) continue;
            bytes += tensor->values().size_bytes();
            if (!is_known(*tensor, known_)) values += tensor->shape().count();
        }
    };
    count(work.document);
    for (const Network& network : work.others) count(network.document);
    const bool fits = bytes <= kMostWorkBytes;
    std::vector<std::string> kept = flushed_names_;
    kept.insert(kept.end(), flushing_names_.begin(), flushing_names_.end());
    if (!fits && !std::exchange(told_, true))
        say(app, "The document is larger than 256 MB: it is not kept for the next start. Save it.");
    if (closed || values <= kAsideValues) {
        take(app, write_now(work, own_.folder, known_, kept, fits));
        return;
    }
    writing_ = std::async(std::launch::async, [work = std::move(work), folder = own_.folder, known = known_, kept = std::move(kept), fits] {
        return write_now(work, folder, known, kept, fits);
    });
}

WorkKeeper::Written WorkKeeper::write_now(const Work& work, const std::string& folder, std::vector<TensorFile> known,
                                          const std::vector<std::string>& kept, bool fits) {
    Written written;
    if (!fits) {
        written.error = "too large";
        return written;
    }
    try {
        WorkFiles files = work_files(work, folder, known);
        written.ok = write_work(folder, files, written.error, kept);
        written.text = std::move(files.text);
        written.known = std::move(files.tensors);
        for (TensorFile& file : written.known) file.bytes.clear();
    } catch (const std::bad_alloc&) { written.error = "there is not enough memory."; }
    return written;
}

void WorkKeeper::take(App& app, Written written) {
    if (!written.ok) {
        // What was restored stays where it was; the next edit tries again.
        app.state.spent.insert(app.state.spent.end(), spent_.begin(), spent_.end());
        spent_.clear();
        if (!std::exchange(told_, true)) say(app, "The work is not being kept: " + written.error, true);
        return;
    }
    known_ = std::move(written.known);
    if (!unflushed_) unflushed_s_ = -1;
    unflushed_ = WorkFiles{std::move(written.text), known_};
    for (const KeptWork& kept : spent_) remove_work(kept);
    spent_.clear();
}

}  // namespace convscope
