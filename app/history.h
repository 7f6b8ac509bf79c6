// History: undo and redo as snapshots of the Document, one entry a gesture, within a byte budget. An edit after undo starts
// another branch; the one that was left stays and can be gone back to.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/document.h"

namespace convscope {

class History {
public:
    struct Entry {
        Document document;
        std::string label;      // how it came about: "stride 1 → 2"; the first: "start"
        std::string gesture;    // edits of one drag share it; empty: a step of its own
        std::optional<size_t> before = {};  // the entry it was made from; none: the first, or that one is dropped
        std::optional<size_t> next = {};    // where Redo goes: the entry after it that was visited last
        int source = 0;         // entries of one opened document share it
    };

    explicit History(Document start = {});

    /// Adds a state after the current one. Same non-empty gesture as the current entry: replaces it (and its label says
    /// the whole gesture). Oldest entries go when unshared tensors exceed the budget.
    void push(Document document, std::string label, std::string gesture);
    /// The same document with more of its photograph: in every entry that has the input `from`, it is `to` now.
    void replace_input(const Tensor& from, const Input& to);
    /// The gesture is over: a later edit starts a new entry even under the same name.
    void end_gesture();

    /// A state that nobody went to yet: a branch of one entry beside the current state.
    void add_aside(Document document, std::string label);
    /// The current entry is the first of a document that was opened.
    void start_source();
    int source() const { return entries_[current_].source; }

    bool can_undo() const { return entries_[current_].before.has_value(); }
    bool can_redo() const { return entries_[current_].next.has_value(); }
    /// The current entry is of that gesture, which is still under way.
    bool is_running(std::string_view gesture) const;
    bool in_gesture() const { return !entries_[current_].gesture.empty(); }
    /// That of the entry before; needs can_undo.
    const Document& before() const;
    const Document& undo();                       // to the entry before; needs can_undo
    const Document& redo();
    const Document& go(size_t entry);

    std::string undo_label() const;               // "Undo stride 1 → 2"; "Undo" when there is nothing
    std::string redo_label() const;
    const std::vector<Entry>& entries() const { return entries_; }   // oldest first, of all branches
    /// For each entry: Undo or Redo lead to it from here.
    std::vector<bool> line() const;
    size_t current() const { return current_; }
    size_t dropped() const { return dropped_; }   // entries lost to the budget
    void set_budget(size_t bytes);                // of unshared tensors; 256 MB

private:
    size_t append(Document document, std::string label, std::string gesture);
    void trim();
    std::vector<Entry> entries_;
    size_t current_ = 0, dropped_ = 0;
    int sources_ = 0;
    size_t budget_ = size_t(256) << 20;
};

}  // namespace convscope
