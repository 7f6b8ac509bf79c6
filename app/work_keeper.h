// WorkKeeper: keeps the window's work up to date in its folder, aside from the frame where that takes long.
#pragma once

#include <future>
#include <optional>
#include <string>
#include <vector>

#include "app/app.h"
#include "app/work.h"

namespace convscope {

class WorkKeeper {
public:
    /// Keeps nothing until it has a folder.
    WorkKeeper() = default;
    ~WorkKeeper();
    WorkKeeper(const WorkKeeper&) = delete;
    WorkKeeper& operator=(const WorkKeeper&) = delete;

    /// Takes what the windows before left in `root`: the one closed last comes back as it was, large things after the
    /// first frame; other unsaved work is offered. `starts_on_file`: the window was asked for something else, so nothing
    /// comes back by itself.
    void begin(App& app, const std::string& root, bool starts_on_file);
    /// Call it after every frame, and now and then without one: an edit is written when its gesture ends, the place of the
    /// play head a little later; nothing while a gesture runs.
    void keep(App& app, double now_s);
    /// The last state, as that of a window that was closed. Waits until it is written.
    void close(App& app);
    /// Nothing is being written.
    void wait();

private:
    /// What is kept, cheap to compare.
    struct Kept {
        Document document;
        std::vector<Document> others;
        std::string file;
        bool changed = false;
        bool operator==(const Kept&) const = default;
    };
    struct Written {
        bool ok = false;
        std::string error;
        std::vector<TensorFile> known;
        std::string text;                          // work.json
    };

    void bring_back(App& app);
    void open_new(App& app);
    void write(App& app, Kept now, double now_s, bool closed);
    void take(App& app, Written written);
    void flush(double now_s);
    static Written write_now(const Work& work, const std::string& folder, std::vector<TensorFile> known,
                             const std::vector<std::string>& kept, bool fits);

    KeptWork own_;                                 // without a lock nothing is kept
    std::string root_;
    std::optional<KeptWork> comes_;                // after the first frame
    Document seen_;
    Kept kept_;
    Stand kept_stand_;
    double changed_s_ = 0, written_s_ = -1e9;
    bool any_ = false, told_ = false;
    std::vector<TensorFile> known_;                // tensors whose files are there
    std::vector<KeptWork> spent_;                  // restored: gone when this window has kept them
    std::future<Written> writing_;
    // What a power cut would leave is behind by seconds: waiting for the disk takes too long for every edit.
    std::optional<WorkFiles> unflushed_;
    double unflushed_s_ = 0;                       // since when there is some; below 0: just now
    std::vector<std::string> flushed_names_, flushing_names_;  // their tensors, of the last time and of now
    std::future<bool> flushing_;
};

}  // namespace convscope
