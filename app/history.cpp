// Undo and redo: entries share their tensors, so a snapshot costs what it changed.
#include "app/history.h"

#include <algorithm>
#include <unordered_set>

#include "core/document_files.h"

namespace convscope {
namespace {

/// Entries whose documents are small would otherwise pile up for ever.
constexpr size_t kMostEntries = 1000;

/// Bytes of the tensors of `document` that are not in `seen` yet; they are put there.
size_t new_bytes(const Document& document, std::unordered_set<const float*>& seen) {
    size_t bytes = 0;
    for (const Tensor* tensor : all_tensors(document))
        if (!tensor->empty() && seen.insert(tensor->data()).second) bytes += tensor->values().size_bytes();
    return bytes;
}

}  // namespace

History::History(Document start) { entries_.push_back({std::move(start), "start", ""}); }

size_t History::append(Document document, std::string label, std::string gesture) {
    entries_.push_back({std::move(document), std::move(label), std::move(gesture), current_, {}, source()});
    return entries_.size() - 1;
}

void History::push(Document document, std::string label, std::string gesture) {
    if (is_running(gesture)) {
        entries_[current_].document = std::move(document);
        entries_[current_].label = std::move(label);
    } else {
        const size_t added = append(std::move(document), std::move(label), std::move(gesture));
        entries_[current_].next = added;
        current_ = added;
    }
    trim();
}

void History::add_aside(Document document, std::string label) {
    const size_t added = append(std::move(document), std::move(label), "");
    entries_[added].source = ++sources_;
    trim();
}

void History::start_source() { entries_[current_].source = ++sources_; }

bool History::is_running(std::string_view gesture) const {
    return !gesture.empty() && gesture == entries_[current_].gesture && can_undo();
}

const Document& History::before() const {
    CHECK_THAT(can_undo(), ==, true);
    return entries_[*entries_[current_].before].document;
}

void History::replace_input(const Tensor& from, const Input& to) {
    for (Entry& entry : entries_)
        if (entry.document.input.tensor.same_as(from)) entry.document.input = to;
    trim();
}

void History::end_gesture() { entries_[current_].gesture.clear(); }

const Document& History::undo() {
    CHECK_THAT(can_undo(), ==, true);
    return go(*entries_[current_].before);
}

const Document& History::redo() {
    CHECK_THAT(can_redo(), ==, true);
    return go(*entries_[current_].next);
}

const Document& History::go(size_t entry) {
    CHECK_THAT(entry, <, entries_.size());
    end_gesture();
    current_ = entry;
    end_gesture();
    // From every state before it, Redo leads here.
    for (size_t i = entry; entries_[i].before; i = *entries_[i].before) entries_[*entries_[i].before].next = i;
    return entries_[current_].document;
}

std::vector<bool> History::line() const {
    std::vector<bool> on(entries_.size(), false);
    for (std::optional<size_t> i = current_; i; i = entries_[*i].before) on[*i] = true;
    for (std::optional<size_t> i = current_; i; i = entries_[*i].next) on[*i] = true;
    return on;
}

std::string History::undo_label() const {
    return can_undo() ? "Undo " + entries_[current_].label : "Undo";
}

std::string History::redo_label() const {
    return can_redo() ? "Redo " + entries_[*entries_[current_].next].label : "Redo";
}

void History::set_budget(size_t bytes) {
    budget_ = bytes;
    trim();
}

void History::trim() {
    std::unordered_set<const float*> seen;
    std::vector<bool> keeps(entries_.size(), false);
    size_t bytes = 0, count = 0;
    // The current state and what was undone from it stay, whatever their size.
    for (std::optional<size_t> i = current_; i; i = entries_[*i].next) {
        bytes += new_bytes(entries_[*i].document, seen);
        keeps[*i] = true;
        ++count;
    }
    // From the newest back: what an older entry shares with a newer one costs nothing.
    for (size_t i = entries_.size(); i-- > 0;) {
        if (keeps[i]) continue;
        bytes += new_bytes(entries_[i].document, seen);
        if (bytes > budget_ || ++count > kMostEntries) break;
        keeps[i] = true;
    }
    if (std::ranges::find(keeps, false) == keeps.end()) return;

    // What was made from a dropped state hangs on the nearest one before it that stays.
    std::vector<size_t> places(entries_.size(), 0);
    std::vector<Entry> kept;
    for (size_t i = 0; i < entries_.size(); ++i) {
        if (!keeps[i]) continue;
        Entry& entry = entries_[i];
        while (entry.before && !keeps[*entry.before]) entry.before = entries_[*entry.before].before;
        if (entry.before) entry.before = places[*entry.before];
        places[i] = kept.size();
        kept.push_back(std::move(entry));
    }
    for (Entry& entry : kept)
        if (entry.next) entry.next = keeps[*entry.next] ? std::optional(places[*entry.next]) : std::nullopt;
    current_ = places[current_];
    dropped_ += entries_.size() - kept.size();
    entries_ = std::move(kept);
}

}  // namespace convscope
