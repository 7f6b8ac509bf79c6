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

TEST(History, AnEditAfterUndoDropsWhatWasUndone) {
    History history(named("a"));
    history.push(named("b"), "first", "");
    history.push(named("c"), "second", "");
    history.undo();
    history.push(named("d"), "third", "");
    EXPECT_EQ(labels(history), (std::vector<std::string>{"start", "first", "third"}));
    EXPECT_FALSE(history.can_redo());
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
    EXPECT_EQ(labels(history), (std::vector<std::string>{"start", "one", "three"}));
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
