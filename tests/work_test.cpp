// Kept work: what a window that was closed or killed leaves comes back, two windows never meet, and no broken file stops a start.
#include "app/work.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <set>

#include "app/app_work.h"
#include "app/commands.h"
#include "app/work_keeper.h"
#include "core/document_json.h"
#include "core/presets.h"
#include "tests/own_folder.h"

namespace convscope {
namespace {

namespace fs = std::filesystem;

struct Folder : OwnFolder {
    Folder() : OwnFolder("work_test_files") {}
    std::string root() const { return file("windows"); }
    /// Windows that left something.
    std::vector<fs::path> windows() const {
        std::vector<fs::path> found;
        for (const auto& entry : fs::directory_iterator(root())) found.push_back(entry.path());
        return found;
    }
    std::set<std::string> files_of_window() const {
        std::set<std::string> names;
        for (const auto& entry : fs::directory_iterator(windows().at(0))) names.insert(entry.path().filename().string());
        return names;
    }
};

/// A window that may be killed: then nothing of it runs any more.
struct Window {
    App app{standard_document()};
    std::unique_ptr<WorkKeeper> keeper = std::make_unique<WorkKeeper>();
    double now_s = 0;

    explicit Window(const Folder& folder, bool starts_on_file = false) { keeper->begin(app, folder.root(), starts_on_file); }
    void frame() {
        now_s += 1.0 / 60;
        keeper->keep(app, now_s);
        keeper->wait();
    }
    void type(float value) {
        set_value(app, {Source::input, 0, {0, 0, 0, 0}}, value, "");
        frame();
    }
    float typed() const { return app.state.document.input.tensor.at({0, 0, 0, 0}); }
    void kill() { keeper.reset(); }
    void close() {
        keeper->close(app);
        keeper.reset();
    }
    std::string said() const { return app.state.messages.empty() ? "" : app.state.messages.back().text; }
};

TEST(Work, AClosedWindowComesBackAsItWas) {
    const Folder folder;
    Stand stand;
    std::string document;
    {
        Window window(folder);
        for (const DocumentPreset& preset : document_presets())
            if (preset.name == "Transposed 2×2, overlapping stamps") show_document(window.app, preset.make(), "example");
        choose_view(window.app, "scatter");
        toggle_beside(window.app, "stretch");
        window.type(41);
        window.app.state.others.push_back({.document = standard_document(), .is_a = true});
        go_to_step(window.app, 7);
        window.app.state.camera = {2, {30, -12}};
        stand = stand_of(window.app.state);
        document = to_json(window.app.state.document);
        window.close();
    }
    Window next(folder);
    EXPECT_EQ(to_json(next.app.state.document), document);
    EXPECT_EQ(stand_of(next.app.state), stand);
    EXPECT_EQ(next.app.state.view, "scatter");
    ASSERT_EQ(next.app.state.others.size(), 1u);
    EXPECT_TRUE(next.app.state.others[0].is_a);
    EXPECT_EQ(to_json(next.app.state.others[0].document), to_json(standard_document()));
    EXPECT_TRUE(is_changed(next.app.state));
    EXPECT_TRUE(next.app.state.messages.empty()) << next.said();
    EXPECT_FALSE(next.app.state.history.can_undo());
    EXPECT_EQ(folder.windows().size(), 1u);
}

TEST(Work, OfAKilledWindowIsOfferedAndUndoLeadsBack) {
    const Folder folder;
    {
        Window window(folder);
        window.type(7);
        window.type(8);
        window.kill();
    }
    Window next(folder);
    EXPECT_EQ(next.typed(), 3);                                  // the standard document: what killed it may be in its work
    ASSERT_TRUE(is_work_offered(next.app));
    EXPECT_EQ(next.app.state.messages.back().offers, (std::vector<std::string>{"Restore work", "Discard work"}));
    update(next.app, 100);
    EXPECT_EQ(next.app.state.messages.size(), 1u);               // it waits for an answer
    next.type(5);                                                // and work goes on meanwhile
    restore_work(next.app);
    EXPECT_EQ(next.typed(), 8);
    EXPECT_TRUE(is_changed(next.app.state));
    EXPECT_FALSE(is_work_offered(next.app));
    EXPECT_EQ(folder.windows().size(), 2u);                      // until this window has kept it
    next.frame();
    EXPECT_EQ(folder.windows().size(), 1u);
    undo(next.app);
    EXPECT_EQ(next.typed(), 5);
    redo(next.app);
    next.frame();
    next.kill();
    Window third(folder);
    restore_work(third.app);
    EXPECT_EQ(third.typed(), 8);
}

TEST(Work, ThatIsDiscardedStaysInTheHistory) {
    const Folder folder;
    {
        Window window(folder);
        window.type(7);
        window.kill();
    }
    Window next(folder);
    next.frame();
    discard_work(next.app);
    EXPECT_EQ(next.typed(), 3);
    EXPECT_FALSE(next.app.state.history.can_redo());
    ASSERT_EQ(next.app.state.history.entries().size(), 2u);
    go_to_entry(next.app, 1);
    EXPECT_EQ(next.typed(), 7);
    EXPECT_EQ(folder.windows().size(), 1u);
    go_to_entry(next.app, 0);
    next.close();
    EXPECT_FALSE(is_work_offered(Window(folder).app));
}

TEST(Work, NobodyAnsweringLosesNothing) {
    const Folder folder;
    {
        Window window(folder);
        window.type(7);
        window.kill();
    }
    for (int start = 0; start < 3; ++start) {
        Window next(folder);
        EXPECT_TRUE(is_work_offered(next.app)) << start;
        next.close();
    }
}

TEST(Work, OfTwoWindowsIsKeptApart) {
    const Folder folder;
    Window a(folder), b(folder);
    a.type(1);
    b.type(2);
    EXPECT_EQ(folder.windows().size(), 2u);
    {
        Window c(folder);                                        // while both run, neither is offered
        EXPECT_FALSE(is_work_offered(c.app));
        EXPECT_EQ(c.typed(), 3);
        c.close();
    }
    a.kill();
    b.kill();
    Window next(folder);
    std::multiset<float> found;
    while (is_work_offered(next.app)) {
        restore_work(next.app);
        found.insert(next.typed());
    }
    EXPECT_EQ(found, (std::multiset<float>{1, 2}));
}

TEST(Work, WaitsForTheEndOfAGesture) {
    const Folder folder;
    Window window(folder);
    window.frame();
    const auto kept = [&] {
        Work work;
        std::string error;
        EXPECT_TRUE(read_work(folder.windows().at(0).string(), work, error)) << error;
        return work.document.input.tensor.at({0, 0, 0, 0});
    };
    set_value(window.app, {Source::input, 0, {}}, 4, "drag 1");
    window.frame();
    EXPECT_EQ(kept(), 3);
    set_value(window.app, {Source::input, 0, {}}, 5, "drag 1");
    window.frame();
    EXPECT_EQ(kept(), 3);
    end_gesture(window.app);
    window.frame();
    EXPECT_EQ(kept(), 5);
    // One that nobody ends is kept a second after its last edit.
    set_value(window.app, {Source::input, 0, {}}, 6, "wheel 1");
    window.frame();
    window.now_s += 0.9;
    window.frame();
    EXPECT_EQ(kept(), 5);
    window.now_s += 0.2;
    window.frame();
    EXPECT_EQ(kept(), 6);
}

TEST(Work, WritesALargeTensorOnceAndDropsItAfterwards) {
    const Folder folder;
    Window window(folder);
    show_image(window.app, {Tensor({1, 1, 100, 100}, 0.5f), {}}, "grey");
    wait_until_settled(window.app);
    window.frame();
    const std::set<std::string> names = folder.files_of_window();
    ASSERT_EQ(names.size(), 3u);                                 // lock, work.json, the tensor
    const fs::path tensor = folder.windows().at(0) / *std::next(names.begin());
    ASSERT_EQ(tensor.extension(), ".npy");
    const auto written = fs::last_write_time(tensor);
    fs::last_write_time(tensor, written - std::chrono::hours(1));
    edit(window.app, with_param(window.app.state.document, 0, "padding", Padding{Padding::Kind::pair, {2, 2}}));
    window.frame();
    EXPECT_EQ(fs::last_write_time(tensor), written - std::chrono::hours(1));
    show_document(window.app, standard_document(), "new document");
    window.frame();
    EXPECT_FALSE(fs::exists(tensor));
}

TEST(Work, ItsFileIsKnownAgain) {
    const Folder folder;
    {
        Window window(folder);
        window.type(6);
        ASSERT_TRUE(save_file(window.app, folder.file("a.json")));
        window.close();
    }
    {
        Window next(folder);
        EXPECT_EQ(next.app.state.file, folder.file("a.json"));
        EXPECT_FALSE(is_changed(next.app.state));
        EXPECT_EQ(next.typed(), 6);
        next.type(9);
        next.kill();
    }
    Window next(folder, true);                                   // asked for another file: it is offered, not forced
    EXPECT_EQ(next.typed(), 3);
    restore_work(next.app);
    EXPECT_EQ(next.app.state.file, folder.file("a.json"));
    EXPECT_TRUE(is_changed(next.app.state));
    EXPECT_TRUE(save_file(next.app, next.app.state.file)) << next.said();
}

TEST(Work, AFileThatIsNewerByNowIsShownAsItIs) {
    const Folder folder;
    const std::string path = folder.file("a.json");
    {
        Window window(folder);
        window.type(6);
        ASSERT_TRUE(save_file(window.app, path));
        window.close();
    }
    Document other = load_document(path).document;
    other.input.tensor.set({}, 60);
    std::string error;
    ASSERT_TRUE(save_document(path, other, error));
    {
        Window next(folder);
        EXPECT_EQ(next.typed(), 60);
        EXPECT_FALSE(is_changed(next.app.state));
        EXPECT_NE(next.said().find("changed since"), std::string::npos) << next.said();
        EXPECT_TRUE(save_file(next.app, path));
        next.close();
    }
    fs::remove(path);
    Window next(folder);
    EXPECT_EQ(next.typed(), 60);
    EXPECT_TRUE(is_changed(next.app.state));                     // it is nowhere else
    EXPECT_NE(next.said().find("does not exist"), std::string::npos) << next.said();
}

TEST(Work, APhotographThatIsGoneIsZeros) {
    const Folder folder;
    const std::string photo = folder.file("photo.png");
    fs::copy_file(fs::path(CONVSCOPE_SOURCE_DIR) / "tests/scripts/grey.png", photo);
    Shape shape;
    {
        Window window(folder);
        window.type(1);                                          // the layers are the person's own now
        ASSERT_TRUE(open_file(window.app, photo)) << window.said();
        shape = window.app.state.document.input.tensor.shape();
        edit(window.app, with_param(window.app.state.document, 0, "padding", Padding{Padding::Kind::pair, {3, 3}}));
        window.frame();
        window.kill();
    }
    fs::remove(photo);
    Window next(folder);
    restore_work(next.app);
    EXPECT_EQ(next.app.state.document.input.tensor.shape(), shape);
    EXPECT_EQ(std::get<Padding>(next.app.state.document.layers[0].params[static_cast<size_t>(
                  field_index(*next.app.state.document.layers[0].op, "padding"))]).pair.h, 3);
    bool told = false;
    for (const Message& message : next.app.state.messages) told |= message.text.find("photo.png") != std::string::npos;
    EXPECT_TRUE(told);
}

TEST(Work, NoBrokenFileStopsAStart) {
    const Folder folder;
    {
        Window window(folder);
        window.type(7);
        window.kill();
    }
    const fs::path work = folder.windows().at(0) / "work.json";
    std::string text;
    { std::ifstream in(work); text.assign(std::istreambuf_iterator<char>(in), {}); }
    uint32_t seed = 5;
    for (int i = 0; i < 300; ++i) {
        std::string broken = text;
        seed = seed * 1664525u + 1013904223u;
        const size_t at = seed % broken.size();
        if (i % 3 == 0) broken.resize(at);
        else broken[at] = static_cast<char>(seed >> 16);
        std::ofstream(work, std::ios::trunc) << broken;
        Window next(folder);
        if (is_work_offered(next.app)) restore_work(next.app);   // either it is back, or a sentence says why not
        EXPECT_TRUE(next.app.state.result || next.app.state.problem);
        next.app.state.spent.clear();
        next.keeper.reset();
        for (const fs::path& other : folder.windows())
            if (other != work.parent_path()) fs::remove_all(other);
        fs::create_directories(work.parent_path());
    }
    for (const char* odd : {"", "{}", "[]", R"({"convscope_work": 9, "document": 3})", R"({"convscope_work": 1, "document": []})"}) {
        std::ofstream(work, std::ios::trunc) << odd;
        Window next(folder);
        EXPECT_FALSE(is_work_offered(next.app)) << odd;
        EXPECT_EQ(next.typed(), 3);
    }
}

TEST(Work, SaysOnceThatItCannotBeKept) {
    const Folder folder;
    std::ofstream(folder.root()) << "a file where the folder should be";
    Window window(folder);
    EXPECT_NE(window.said().find("not being kept"), std::string::npos) << window.said();
    window.type(4);
    window.close();
}

TEST(Work, CommandsRestoreAndDiscardWhatIsOffered) {
    for (const bool restores : {true, false}) {
        const Folder folder;
        {
            Window killed(folder);
            killed.type(61);
            killed.kill();
        }
        Window window(folder);
        const Command *restore = find_command("Restore work"), *discard = find_command("Discard work");
        ASSERT_TRUE(is_enabled(*restore, window.app) && is_enabled(*discard, window.app));
        EXPECT_TRUE(run(restores ? *restore : *discard, window.app));
        EXPECT_EQ(window.typed() == 61, restores);
        EXPECT_FALSE(is_enabled(*restore, window.app) || is_enabled(*discard, window.app));
        window.now_s += 5;
        window.frame();
        EXPECT_EQ(folder.windows().size(), 1u) << "only this window's own";
    }
}

/// After a power cut the newest files may be empty, cut or not there: what was surely on the disk comes back.
TEST(Work, APowerCutLeavesWhatWasFlushed) {
    const auto cut = [](const fs::path& file) { fs::resize_file(file, fs::file_size(file) / 2); };
    const std::vector<std::pair<std::string, std::function<void(const fs::path&)>>> kCuts = {
        {"empty", [](const fs::path& window) { fs::resize_file(window / "work.json", 0); }},
        {"cut", [&](const fs::path& window) { cut(window / "work.json"); }},
        {"gone", [](const fs::path& window) { fs::remove(window / "work.json"); }},
        {"zeros", [](const fs::path& window) { std::ofstream(window / "work.json") << std::string(4096, '\0'); }},
        {"a large tensor cut", [&](const fs::path& window) {
             std::set<fs::path> tensors;
             for (const auto& entry : fs::directory_iterator(window))
                 if (entry.path().extension() == ".npy") tensors.insert(entry.path());
             const std::string flushed = read_file((window / "flushed" / "work.json").string(), 1 << 20).bytes;
             int cuts = 0;
             for (const fs::path& tensor : tensors)
                 if (flushed.find(tensor.filename().string()) == std::string::npos) {
                     cut(tensor);
                     ++cuts;
                 }
             ASSERT_EQ(cuts, 1);
         }}};
    for (const auto& [name, damage] : kCuts) {
        const Folder folder;
        {
            Window window(folder);
            edit(window.app, with_input_shape(window.app.state.document, {1, 1, 80, 80}));
            window.type(1);
            window.now_s += 5;
            window.type(2);          // flushed, with all before it
            window.type(3);          // this one is not
            window.kill();
        }
        damage(folder.windows().at(0));
        Window window(folder);
        ASSERT_EQ(window.app.state.offered.size(), 1u) << name << window.said();
        restore_work(window.app);
        EXPECT_EQ(window.typed(), 2) << name;
        EXPECT_EQ(window.app.state.document.input.tensor.shape(), (Shape{1, 1, 80, 80})) << name;
    }
    // A closed window's work is flushed as a whole.
    const Folder folder;
    {
        Window window(folder);
        window.type(8);
        window.close();
    }
    fs::remove(folder.windows().at(0) / "work.json");
    EXPECT_EQ(Window(folder).typed(), 8);
}

TEST(Work, AFileThatSomebodyElseChangedIsNotOverwritten) {
    const Folder folder;
    App a(standard_document()), b(standard_document());
    const std::string path = folder.file("lecture.json");
    ASSERT_TRUE(save_file(a, path));
    ASSERT_TRUE(open_file(b, path));
    set_value(b, {Source::input, 0, {}}, 77, "");
    ASSERT_TRUE(save_file(b, path));
    set_value(a, {Source::input, 0, {}}, 55, "");
    EXPECT_FALSE(save_file(a, path));
    EXPECT_EQ(a.state.messages.back().offers, (std::vector<std::string>{"Overwrite the file", "Save as…"}));
    EXPECT_EQ(load_document(path).document.input.tensor.at({}), 77);
    EXPECT_TRUE(is_changed(a.state));
    ASSERT_TRUE(can_overwrite(a));
    EXPECT_TRUE(run(*find_command("Overwrite the file"), a));
    EXPECT_EQ(load_document(path).document.input.tensor.at({}), 55);
    EXPECT_FALSE(can_overwrite(a));
    EXPECT_TRUE(save_file(a, path));
    // The same content written again by somebody is no change.
    { std::ofstream(path, std::ios::app) << ""; }
    EXPECT_TRUE(save_file(a, path));
    fs::remove(path);
    EXPECT_TRUE(save_file(a, path));                             // gone: it is simply written
}

TEST(Work, GoingBackBeyondAnOpenedFileLeavesThatFileAlone) {
    const Folder folder;
    App app(standard_document());
    set_value(app, {Source::input, 0, {}}, 11, "");
    ASSERT_TRUE(save_file(app, folder.file("a.json")));
    ASSERT_TRUE(save_file(app, folder.file("b.json")));
    ASSERT_TRUE(open_file(app, folder.file("a.json")));
    set_value(app, {Source::input, 0, {}}, 22, "");
    EXPECT_EQ(app.state.file, folder.file("a.json"));
    undo(app);
    EXPECT_EQ(app.state.file, folder.file("a.json"));
    undo(app);                                                   // before a.json was opened it was b.json
    EXPECT_EQ(app.state.file, folder.file("b.json"));
    EXPECT_FALSE(is_changed(app.state));
    redo(app);
    redo(app);
    EXPECT_EQ(app.state.file, folder.file("a.json"));
    EXPECT_TRUE(is_changed(app.state));
    show_document(app, standard_document(), "new document");
    EXPECT_EQ(app.state.file, "");
    undo(app);
    EXPECT_EQ(app.state.file, folder.file("a.json"));
    EXPECT_TRUE(is_changed(app.state));
}

}  // namespace
}  // namespace convscope
