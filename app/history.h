// History: undo and redo as snapshots of the Document, one entry a gesture, within a byte budget.
#pragma once

#include <string>
#include <vector>

#include "core/document.h"

namespace convscope {

class History {
public:
    struct Entry {
        Document document;
        std::string label;      // how it came about: "stride 1 → 2"; the first: "start"
        std::string gesture;    // edits of one drag share it; empty: a step of its own
    };

    explicit History(Document start = {});

    /// Adds a state; entries after the current one are dropped. Same non-empty gesture as the current entry: replaces it
    /// (and its label says the whole gesture). Oldest entries go when unshared tensors exceed the budget.
    void push(Document document, std::string label, std::string gesture);
    /// The same document with more of its photograph: in every entry that has the input `from`, it is `to` now.
    void replace_input(const Tensor& from, const Input& to);
    /// The gesture is over: a later edit starts a new entry even under the same name.
    void end_gesture();

    bool can_undo() const { return current_ > 0; }
    bool can_redo() const { return current_ + 1 < entries_.size(); }
    const Document& undo();                       // to the entry before; needs can_undo
    const Document& redo();
    const Document& go(size_t entry);

    std::string undo_label() const;               // "Undo stride 1 → 2"; "Undo" when there is nothing
    std::string redo_label() const;
    const std::vector<Entry>& entries() const { return entries_; }
    size_t current() const { return current_; }
    size_t dropped() const { return dropped_; }   // entries lost to the budget
    void set_budget(size_t bytes);                // of unshared tensors; 256 MB

private:
    void trim();
    std::vector<Entry> entries_;
    size_t current_ = 0, dropped_ = 0;
    size_t budget_ = size_t(256) << 20;
};

}  // namespace convscope
