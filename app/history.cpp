// Undo and redo: entries share their tensors, so a snapshot costs what it changed.
#include "app/history.h"

#include <algorithm>
#include <unordered_set>

namespace convscope {
namespace {

/// Entries whose documents are small would otherwise pile up for ever.
constexpr size_t kMostEntries = 1000;

/// Bytes of the tensors of `document` that are not in `seen` yet; they are put there.
size_t new_bytes(const Document& document, std::unordered_set<const float*>& seen) {
    size_t bytes = 0;
    const auto count = [&](const Tensor& tensor) {
        if (!tensor.empty() && seen.insert(tensor.data()).second)
            bytes += tensor.values().size_bytes();
    };
    count(document.input.tensor);
    count(document.start.tensor);
    for (const Layer& layer : document.layers) {
        for (const Tensor& weight : layer.weights) count(weight);
        for (const Tensor& buffer : layer.buffers) count(buffer);
    }
    return bytes;
}

}  // namespace

History::History(Document start) { entries_.push_back({std::move(start), "start", ""}); }

void History::push(Document document, std::string label, std::string gesture) {
    entries_.resize(current_ + 1);
    Entry& last = entries_.back();
    const bool same_gesture = !gesture.empty() && gesture == last.gesture && current_ > 0;
    if (same_gesture) {
        last.document = std::move(document);
        last.label = std::move(label);
    } else {
        entries_.push_back({std::move(document), std::move(label), std::move(gesture)});
        ++current_;
    }
    trim();
}

void History::replace_input(const Tensor& from, const Input& to) {
    for (Entry& entry : entries_)
        if (entry.document.input.tensor.same_as(from)) entry.document.input = to;
    trim();
}

void History::end_gesture() { entries_[current_].gesture.clear(); }

const Document& History::undo() { return go(current_ - 1); }
const Document& History::redo() { return go(current_ + 1); }

const Document& History::go(size_t entry) {
    CHECK_THAT(entry, <, entries_.size());
    end_gesture();
    current_ = entry;
    end_gesture();
    return entries_[current_].document;
}

std::string History::undo_label() const {
    return can_undo() ? "Undo " + entries_[current_].label : "Undo";
}

std::string History::redo_label() const {
    return can_redo() ? "Redo " + entries_[current_ + 1].label : "Redo";
}

void History::set_budget(size_t bytes) {
    budget_ = bytes;
    trim();
}

void History::trim() {
    // From the newest back: what an older entry shares with a newer one costs nothing.
    std::unordered_set<const float*> seen;
    size_t bytes = 0, keep = entries_.size();
    while (keep > 0) {
        bytes += new_bytes(entries_[keep - 1].document, seen);
        const bool needed = keep - 1 >= current_;
        const bool fits = bytes <= budget_ && entries_.size() - keep < kMostEntries;
        if (!needed && !fits) break;
        --keep;
    }
    entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(keep));
    current_ -= keep;
    dropped_ += keep;
}

}  // namespace convscope
