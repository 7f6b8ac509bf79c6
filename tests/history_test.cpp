// Undo and redo: entries, gestures, labels, and what the byte budget drops.
#include "app/history.h"

#include <gtest/gtest.h>

namespace convscope {
namespace {

Document named(const std::string& name) {
    Document document;
    document.name = name;
    return document;
}

Document with_values(const std::string& name, int64_t count) {
    Document document = named(name);
    document.input.tensor = Tensor({1, 1, 1, count}, 1.0f);
    return document;
}

std::vector<std::string> labels(const History& history) {
    std::vector<std::string> found;
    for (const auto& entry : history.entries()) found.push_back(entry.label);
    return found;
}

TEST(History, GoesBackAndForth) {
    History history(named("a"));
    EXPECT_FALSE(history.can_undo());
    EXPECT_EQ(history.undo_label(), "Undo");
    history.push(named("b"), "first", "");
    history.push(named("c"), "second", "");
    EXPECT_EQ(history.undo_label(), "Undo second");
    EXPECT_EQ(history.undo().name, "b");
    EXPECT_EQ(history.redo_label(), "Redo second");
    EXPECT_EQ(history.undo().name, "a");
    EXPECT_FALSE(history.can_undo());
    EXPECT_EQ(history.redo().name, "b");
    EXPECT_EQ(history.redo().name, "c");
    EXPECT_FALSE(history.can_redo());
}

TEST(History, AnEditAfterUndoKeepsTheOtherBranch) {
    History history(named("a"));
    history.push(named("b"), "first", "");
    history.push(named("c"), "second", "");
    history.undo();
    history.push(named("d"), "third", "");
    EXPECT_EQ(labels(history), (std::vector<std::string>{"start", "first", "second", "third"}));
    EXPECT_FALSE(history.can_redo());
    EXPECT_EQ(history.line(), (std::vector<bool>{true, true, false, true}));
    EXPECT_EQ(history.undo().name, "b");                         // not c: nobody was there last
    EXPECT_EQ(history.redo().name, "d");
    EXPECT_EQ(history.go(2).name, "c");
    EXPECT_EQ(history.line(), (std::vector<bool>{true, true, true, false}));
    EXPECT_EQ(history.undo().name, "b");
    EXPECT_EQ(history.redo_label(), "Redo second");              // the branch that was visited last
    EXPECT_EQ(history.undo().name, "a");
}

TEST(History, WhatIsDroppedLeavesAWholeTree) {
    History history(with_values("0", 100));
    history.set_budget(2500);                                    // 400 bytes each: six fit
    for (int i = 1; i <= 3; ++i) history.push(with_values(std::to_string(i), 100), std::to_string(i), "");
    history.undo();
    history.undo();
    for (int i = 4; i <= 8; ++i) history.push(with_values(std::to_string(i), 100), std::to_string(i), "");
    EXPECT_EQ(history.dropped(), 3u);
    EXPECT_EQ(labels(history), (std::vector<std::string>{"3", "4", "5", "6", "7", "8"}));
    // Its root is gone: 3 and 4 are roots now, and every way back ends there.
    EXPECT_EQ(history.line(), (std::vector<bool>{false, true, true, true, true, true}));
    for (int i = 7; i >= 4; --i) EXPECT_EQ(history.undo().name, std::to_string(i));
    EXPECT_FALSE(history.can_undo());
    EXPECT_EQ(history.go(0).name, "3");
    EXPECT_FALSE(history.can_undo());
    EXPECT_FALSE(history.can_redo());
}

/// Against a plain list of every state ever made: whatever is done, a state keeps its document and its way back.
TEST(History, AnyWalkFindsEveryState) {
    uint64_t seed = 20;
    const auto random = [&](size_t n) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        return static_cast<size_t>(seed >> 33) % n;
    };
    History history(named("0"));
    std::vector<std::string> before{""};
    size_t at = 0;
    for (int step = 0; step < 600; ++step) {
        const size_t what = random(4);
        if (what == 0 && history.can_undo()) {
            history.undo();
            at = std::stoul(before[at]);
        } else if (what == 1) {
            at = random(before.size());
            history.go(at);
        } else if (what == 2 && history.can_redo()) {
            const std::string name = history.redo().name;
            EXPECT_EQ(before[std::stoul(name)], std::to_string(at));
            at = std::stoul(name);
        } else {
            history.push(named(std::to_string(before.size())), "edit", "");
            before.push_back(std::to_string(at));
            at = before.size() - 1;
        }
        ASSERT_EQ(history.current(), at);
        ASSERT_EQ(history.entries()[at].document.name, std::to_string(at));
        ASSERT_EQ(history.can_undo(), !before[at].empty());
    }
    EXPECT_EQ(history.entries().size(), before.size());
}

TEST(History, OneGestureIsOneEntry) {
    History history(named("a"));
    history.push(named("b"), "1 cell", "drag 1");
    history.push(named("c"), "2 cells", "drag 1");
    EXPECT_EQ(labels(history), (std::vector<std::string>{"start", "2 cells"}));
    history.push(named("d"), "other", "drag 2");
    EXPECT_EQ(history.entries().size(), 3u);
    EXPECT_EQ(history.undo().name, "c");
    EXPECT_EQ(history.undo().name, "a");
}

TEST(History, AGestureEnds) {
    History history(named("a"));
    history.push(named("b"), "one", "drag");
    history.end_gesture();
    history.push(named("c"), "two", "drag");
    EXPECT_EQ(history.entries().size(), 3u);
    // Undo ends it too: what follows is a new entry.
    history.undo();
    history.push(named("d"), "three", "drag");
    EXPECT_EQ(labels(history), (std::vector<std::string>{"start", "one", "two", "three"}));
}

TEST(History, OldestGoWhenTensorsExceedTheBudget) {
    History history(with_values("a", 100));
    history.set_budget(1000);                                    // 400 bytes each: two fit
    history.push(with_values("b", 100), "first", "");
    EXPECT_EQ(history.dropped(), 0u);
    history.push(with_values("c", 100), "second", "");
    EXPECT_EQ(history.dropped(), 1u);
    EXPECT_EQ(history.entries().size(), 2u);
    EXPECT_EQ(history.undo().name, "b");
    EXPECT_FALSE(history.can_undo());
}

TEST(History, SharedTensorsCostOnce) {
    Document document = with_values("a", 100);
    History history(document);
    history.set_budget(900);
    for (int i = 0; i < 50; ++i) {
        document.name = std::to_string(i);
        history.push(document, "rename", "");
    }
    EXPECT_EQ(history.dropped(), 0u);
    EXPECT_EQ(history.entries().size(), 51u);
}

TEST(History, TheCurrentEntryStaysWhateverItsSize) {
    History history(with_values("a", 10));
    history.set_budget(1);
    history.push(with_values("b", 1000), "huge", "");
    ASSERT_EQ(history.entries().size(), 1u);
    EXPECT_EQ(history.entries()[history.current()].document.name, "b");
}

}  // namespace
}  // namespace convscope
